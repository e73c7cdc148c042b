/*
 * Random calls with random arguments in random order. Every pointer points at exactly as much as its length says, so a
 * sanitizer sees a read too far; everything else is drawn. No call may end in MP_ERR_INTERNAL or MP_ERR_POISONED.
 *
 *   random SEED CALLS
 *
 * The same seed makes the same calls. Exit code 0 if the library stayed sound.
 */
#include "millpond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef MP_CORE_ARCHIVE
void mp_on_panic(void)
{
    abort();
}
#endif

#define SENSORS 3
#define RESULTS 20

static uint64_t state;
static unsigned long counts[RESULTS];

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014. */
static uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
    return (unsigned)(draw() % n);
}

/* Mostly a sensible value, sometimes any. */
static uint64_t often(uint64_t sensible)
{
    return below(16) ? sensible : draw();
}

static void fill(void *bytes, size_t n)
{
    unsigned char *b = bytes;
    size_t i;
    for (i = 0; i < n; i++)
        b[i] = (unsigned char)draw();
}

static void heed(const char *what, mp_result r)
{
    if (r == MP_ERR_INTERNAL || r == MP_ERR_POISONED || r > MP_OFF || r < MP_ERR_INTERNAL) {
        printf("random: %s gave %d\n", what, (int)r);
        exit(1);
    }
    counts[r - MP_ERR_INTERNAL]++;
}

/* A function cannot be drawn: this one, or none. */
static void on_event(void *user, uint32_t code, uint32_t number)
{
    /* A struct that ends before `log_user` leaves it NULL. */
    if ((user != (void *)counts && user != NULL) || code == 0 || code > 255 || number > 65535) {
        printf("random: event %u %u\n", (unsigned)code, (unsigned)number);
        exit(1);
    }
}

static void begin(mp_sensor **sensor, void **memory)
{
    mp_config c;
    uint8_t *zones;
    size_t bytes = 0, i;
    mp_result r;

    fill(&c, sizeof c);
    c.size = (uint32_t)(below(8) ? sizeof c : below(sizeof c + 1));
    c.abi = (uint32_t)often(MP_ABI);
    c.links = (uint16_t)often(1 + below(4));
    c.zones = (uint8_t)often(1 + below(3));
    c.presence = (uint8_t)often(below(2));
    c.max_tones = (uint16_t)often(below(300));
    c.max_chains = (uint16_t)often(below(6));
    c.false_alarms_per_1000_days = (uint32_t)often(below(1000));
    c.hold_ms = (uint32_t)often(below(2000));
    c.present_s = (uint32_t)often(180 + below(2000));
    zones = malloc(c.links ? c.links : 1);
    for (i = 0; i < c.links; i++)
        zones[i] = (uint8_t)(1 + below(c.zones ? c.zones : 1));
    c.link_zones = below(3) ? zones : NULL;
    c.log = below(2) ? on_event : NULL;
    c.log_user = counts;

    heed("size", r = mp_sensor_size(&c, &bytes));
    if (r == MP_OK) {
        bytes -= below(8) == 0;
        *memory = malloc(bytes);
        fill(*memory, bytes < 64 ? bytes : 64);
        heed("init", r = mp_sensor_init(*memory, bytes, &c, sensor));
        if (r != MP_OK) {
            free(*memory);
            *memory = NULL;
        }
    }
    free(zones);
}

static void push(mp_sensor *sensor, uint64_t *now)
{
    static const uint16_t widths[] = {0, 20, 40, 80, 160, 320};
    static const uint16_t standard[] = {52, 56, 64, 114, 128, 242, 256};
    mp_frame f;
    int16_t *tones;
    void *samples;
    size_t bytes, i;

    fill(&f, sizeof f);
    f.size = (uint32_t)(below(16) ? sizeof f : below(sizeof f + 1));
    f.link = (uint16_t)often(below(4));
    f.format = (uint8_t)often(1 + below(3));
    f.t_us = often(*now += below(100000));
    f.n_tones = below(2) ? standard[below(7)] : (uint16_t)below(300);
    f.n_rx = (uint8_t)often(1 + below(3));
    f.n_sts = (uint8_t)often(1 + below(2));
    f.width_mhz = (uint16_t)often(widths[below(6)]);
    f.ppdu = (uint8_t)often(below(6));
    bytes = (size_t)f.n_tones * f.n_rx * f.n_sts * (f.format == MP_FORMAT_I8 ? 2 : f.format == MP_FORMAT_I16 ? 4 : 8);
    if (below(16) == 0)
        bytes = below(1000);
    samples = malloc(bytes ? bytes : 1);
    fill(samples, bytes);
    tones = malloc(f.n_tones ? 2 * (size_t)f.n_tones : 1);
    for (i = 0; i < f.n_tones; i++)
        tones[i] = (int16_t)often((uint64_t)((int64_t)i * (below(200) ? 1 : -1) - 20));
    f.samples = below(32) ? samples : NULL;
    f.samples_bytes = (uint32_t)bytes;
    f.tones = below(2) ? tones : NULL;
    heed("push", mp_sensor_push(sensor, below(64) ? &f : NULL));
    free(samples);
    free(tones);
}

static void push_rssi(mp_sensor *sensor, uint64_t *now)
{
    mp_rssi r;
    fill(&r, sizeof r);
    r.size = (uint32_t)(below(16) ? sizeof r : below(sizeof r + 1));
    r.link = (uint16_t)often(below(4));
    r.t_us = often(*now += below(50000));
    heed("push_rssi", mp_sensor_push_rssi(sensor, &r));
}

static void push_survey(mp_sensor *sensor)
{
    static const uint8_t bands[] = {MP_BAND_2, MP_BAND_5, MP_BAND_6};
    mp_survey v;
    fill(&v, sizeof v);
    v.size = (uint32_t)(below(16) ? sizeof v : below(sizeof v + 1));
    v.node = (uint8_t)often(1 + below(8));
    v.band = (uint8_t)often(bands[below(3)]);
    v.channel = (uint8_t)often(36);
    v.radar = (uint8_t)often(below(2));
    v.width_mhz = (uint16_t)often(80);
    heed("push_survey", mp_sensor_push_survey(sensor, below(64) ? &v : NULL));
}

static void poll(mp_sensor *sensor, uint64_t *now)
{
    mp_message m;
    size_t n = 0, length = below(MP_MESSAGE_BYTES + 1);
    uint8_t *bytes = malloc(length ? length : 1);
    fill(&m, sizeof m);
    m.size = (uint32_t)(below(16) ? sizeof m : below(sizeof m + 1));
    heed("poll", mp_sensor_poll(sensor, below(64) ? *now += below(500000) : draw(), &m));
    heed("encode", mp_message_encode(sensor, bytes, length, &n));
    free(bytes);
}

static void step(mp_sensor **sensor, void **memory, uint64_t *now)
{
    switch (below(40)) {
    case 0:
        heed("fini", mp_sensor_fini(*sensor));
        free(*memory);
        *memory = NULL;
        *sensor = NULL;
        *now = 0;
        break;
    case 1:
        heed("reset", mp_sensor_reset(*sensor));
        break;
    case 2:
        heed("zone", mp_sensor_set_zone(*sensor, often(*now), (uint8_t)often(1 + below(3)), (uint8_t)below(3)));
        break;
    case 3:
        heed("clock", mp_sensor_set_clock(*sensor, often(*now), (uint32_t)often(below(86400))));
        break;
    case 4:
        heed("pause", mp_sensor_set_sensing(*sensor, often(*now), (uint8_t)below(4), (uint32_t)often(15)));
        break;
    case 5:
    case 6:
        heed("on", mp_sensor_set_sensing(*sensor, often(*now), MP_SENSING_ON, 0));
        break;
    case 7:
        push_survey(*sensor);
        break;
    case 8:
        heed("erase", mp_sensor_erase(*sensor, often(*now), (uint8_t)often(below(4))));
        break;
    case 9:
    case 10:
    case 11:
        push_rssi(*sensor, now);
        break;
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
    case 18:
        poll(*sensor, now);
        break;
    default:
        push(*sensor, now);
    }
}

int main(int argc, char **argv)
{
    mp_sensor *sensors[SENSORS] = {NULL, NULL, NULL};
    void *memories[SENSORS] = {NULL, NULL, NULL};
    uint64_t now[SENSORS] = {0, 0, 0};
    unsigned long calls, i;

    if (argc != 3)
        return 2;
    state = strtoul(argv[1], NULL, 10);
    calls = strtoul(argv[2], NULL, 10);
    for (i = 0; i < calls; i++) {
        const unsigned s = below(SENSORS);
        if (sensors[s] == NULL && below(8))
            begin(&sensors[s], &memories[s]);
        else
            step(&sensors[s], &memories[s], &now[s]);
    }
    for (i = 0; i < SENSORS; i++) {
        heed("fini", mp_sensor_fini(sensors[i]));
        free(memories[i]);
    }
    for (i = 0; i < RESULTS; i++)
        printf("%4d %8lu %s\n", (int)i + MP_ERR_INTERNAL, counts[i], mp_strerror((int32_t)i + MP_ERR_INTERNAL));
    return 0;
}
