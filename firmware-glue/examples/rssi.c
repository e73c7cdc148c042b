/*
 * The smallest firmware: one link, its signal level ten times a second, memory from the linker. No malloc, no file.
 *
 * The level here is made up: quiet for twenty seconds, then a person walks for twenty, then quiet again. The detector on levels alone
 * looks for order in them; of so few readings it needs several seconds to be sure.
 */
#include "millpond.h"

#include <stdio.h>
#include <string.h>

/* As much as one link takes, rounded up. mp_sensor_init checks it. */
static uint64_t memory[1024];

/* Stands for the driver: hundredths of a dBm. */
static int16_t level(unsigned tenth)
{
    static const int16_t walk[] = {0, 300, 500, 600, 400, 100, -200, -500, -700, -600, -300, 0, 200, 300, 100};
    static unsigned state = 1;
    int16_t noise;

    state = state * 1103515245u + 12345u;
    noise = (int16_t)((state >> 16) % 100) - 50;
    return (int16_t)(-6000 + noise + (tenth >= 200 && tenth < 400 ? walk[tenth % 15] : 0));
}

int main(void)
{
    static const char *const states[] = {"off", "unknown", "still", "moving"};
    mp_config config;
    mp_rssi rssi;
    mp_message message;
    mp_sensor *sensor = NULL;
    mp_result r;
    unsigned tenth;

    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.abi = MP_ABI;
    config.links = 1;
    config.zones = 1;
    if ((r = mp_sensor_init(memory, sizeof memory, &config, &sensor)) != MP_OK) {
        fprintf(stderr, "init: %s\n", mp_strerror((int32_t)r));
        return 1;
    }
    /* In a product this is the household's switch. */
    if (mp_sensor_set_sensing(sensor, 0, MP_SENSING_ON, 0) != MP_OK)
        return 1;

    memset(&rssi, 0, sizeof rssi);
    rssi.size = sizeof rssi;
    memset(&message, 0, sizeof message);
    message.size = sizeof message;
    for (tenth = 1; tenth <= 600; tenth++) {
        rssi.t_us = 100000ull * tenth;
        rssi.level_cdbm = level(tenth);
        if (mp_sensor_push_rssi(sensor, &rssi) != MP_OK)
            return 1;
        if (tenth % 10 != 0)
            continue;
        while (mp_sensor_poll(sensor, rssi.t_us, &message) == MP_OK)
            if (message.kind == MP_MESSAGE_ZONE)
                printf("%2u s: %s\n", tenth / 10, states[message.of.zone.state]);
    }
    return mp_sensor_fini(sensor) == MP_OK ? 0 : 1;
}
