// The headers as C++ sees them: they compile without a warning, and a sensor lives, moves and ends.
#include "millpond.hpp"

#include <cstdio>

static_assert(MP_OK == 0, "C++ reads the same numbers");

int main()
{
    auto config = millpond::configuration(1, 1);
    millpond::sensor first(config);
    if (first.result() != MP_OK || first.set_sensing(0, MP_SENSING_ON) != MP_OK)
        return 1;

    millpond::sensor second(std::move(first));
    unsigned messages = 0;
    unsigned zones = 0;
    const auto count = [&](const mp_message &m) {
        messages++;
        zones += m.kind == MP_MESSAGE_ZONE && m.of.zone.state == MP_ZONE_UNKNOWN;
    };
    if (second.poll(1000000, count) != MP_NONE || messages < 2 || zones != 1)
        return 1;
    // What was moved from is no sensor, and says so.
    if (first.poll(1000000, count) != MP_ERR_NULL || first.handle() != nullptr)
        return 1;

    auto rssi = millpond::blank<mp_rssi>();
    rssi.t_us = 1500000;
    rssi.level_cdbm = -6000;
    if (second.push(rssi) != MP_OK || second.push(mp_frame{}) != MP_ERR_SIZE)
        return 1;
    second = millpond::sensor(config);
    if (second.result() != MP_OK || second.push(rssi) != MP_OFF)
        return 1;

    config.links = 0;
    if (millpond::sensor(config).result() != MP_ERR_ARGUMENT)
        return 1;
    std::printf("%u messages\n", messages);
    return 0;
}
