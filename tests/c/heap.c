/*
 * That sensing takes no heap: every call of the interface in order, with malloc and its kin counted by the linker's --wrap.
 *
 * Exit code 0 if nobody asked for memory.
 */
#include "millpond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long asked;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t a, size_t n);
int __real_posix_memalign(void **p, size_t a, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t a, size_t n);
int __wrap_posix_memalign(void **p, size_t a, size_t n);

void *__wrap_malloc(size_t n)
{
    asked++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t m)
{
    asked++;
    return __real_calloc(n, m);
}

void *__wrap_realloc(void *p, size_t n)
{
    asked++;
    return __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t a, size_t n)
{
    asked++;
    return __real_aligned_alloc(a, n);
}

int __wrap_posix_memalign(void **p, size_t a, size_t n)
{
    asked++;
    return __real_posix_memalign(p, a, n);
}

static uint64_t memory[8192];
static int16_t samples[2 * 56];
static int16_t tones[56];

static void silent(void *user, uint32_t code, uint32_t number)
{
    (void)user;
    (void)code;
    (void)number;
}

int main(void)
{
    static const uint8_t zones[] = {1, 2};
    mp_config c;
    mp_frame f;
    mp_rssi r;
    mp_survey v;
    mp_message m;
    mp_sensor *s = NULL;
    uint8_t bytes[MP_MESSAGE_BYTES];
    size_t n = 0, i;
    unsigned long at, taken = 0;
    void *volatile probe;

    /* The count works at all. */
    probe = malloc(1);
    free(probe);
    if (asked != 1) {
        printf("the wrapper is not in place\n");
        return 2;
    }
    asked = 0;
    memset(&c, 0, sizeof c);
    c.size = sizeof c;
    c.abi = MP_ABI;
    c.links = 2;
    c.zones = 2;
    c.link_zones = zones;
    c.seed[0] = 7;
    c.log = silent;
    if (mp_sensor_size(&c, &n) != MP_OK || n > sizeof memory || mp_sensor_init(memory, n, &c, &s) != MP_OK)
        return 2;
    mp_sensor_set_clock(s, 0, 3600);
    mp_sensor_set_sensing(s, 0, MP_SENSING_ON, 0);
    memset(&f, 0, sizeof f);
    f.size = sizeof f;
    f.format = MP_FORMAT_I16;
    f.samples = samples;
    f.samples_bytes = sizeof samples;
    f.n_tones = 56;
    f.n_rx = f.n_sts = 1;
    f.tones = tones;
    for (i = 0; i < 56; i++)
        tones[i] = (int16_t)(28 - (int)i);
    memset(&r, 0, sizeof r);
    r.size = sizeof r;
    memset(&v, 0, sizeof v);
    v.size = sizeof v;
    v.node = 1;
    v.band = MP_BAND_5;
    v.channel = 36;
    v.active_ms = 10;
    memset(&m, 0, sizeof m);
    m.size = sizeof m;
    for (at = 1; at <= 3000; at++) {
        for (i = 0; i < 2 * 56; i++)
            samples[i] = (int16_t)(500 + (int)((at * 31 + i * 17) % 300));
        f.t_us = r.t_us = 20000ull * at;
        f.link = r.link = (uint16_t)(at & 1);
        r.level_cdbm = (int16_t)(-6000 + (int)(at % 500));
        if (mp_sensor_push(s, &f) == MP_OK && mp_sensor_push_rssi(s, &r) == MP_OK)
            taken++;
        if (at % 50 == 0) {
            mp_sensor_push_survey(s, &v);
            while (mp_sensor_poll(s, f.t_us, &m) == MP_OK)
                mp_message_encode(s, bytes, sizeof bytes, &n);
        }
        if (at % 700 == 0) {
            mp_sensor_set_zone(s, f.t_us, 2, (uint8_t)(at / 700 % 2));
            mp_sensor_erase(s, f.t_us, (uint8_t)(at / 700 % 3));
        }
        /* A refusal takes none either. */
        mp_sensor_push(s, NULL);
        mp_strerror((int32_t)at - 20);
    }
    mp_sensor_set_sensing(s, f.t_us, MP_SENSING_PAUSED, 15);
    mp_sensor_reset(s);
    mp_sensor_fini(s);
    printf("%lu frames taken, %lu requests for memory\n", taken, asked);
    return taken < 1000 || asked != 0;
}
