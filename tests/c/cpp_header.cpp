// The header as C++ sees it: it compiles without a warning, and a sensor lives through one round.
#include "millpond.h"

#include <cstdio>
#include <vector>

int main()
{
    static_assert(MP_OK == 0, "C++ reads the same numbers");
    mp_config config{};
    config.size = sizeof config;
    config.abi = MP_ABI;
    config.links = 1;
    config.zones = 1;

    size_t bytes = 0;
    if (mp_sensor_size(&config, &bytes) != MP_OK)
        return 1;
    std::vector<uint64_t> memory(bytes / sizeof(uint64_t) + 1);
    mp_sensor *sensor = nullptr;
    if (mp_sensor_init(memory.data(), memory.size() * sizeof(uint64_t), &config, &sensor) != MP_OK)
        return 1;
    mp_message message{};
    message.size = sizeof message;
    unsigned messages = 0;
    while (mp_sensor_poll(sensor, 1000000, &message) == MP_OK)
        messages++;
    std::printf("%u messages\n", messages);
    return mp_sensor_fini(sensor) == MP_OK && messages > 0 ? 0 : 1;
}
