/*
 * Plays recorded frames into a sensor and prints what every zone does, once a second of their time.
 *
 *   walk FILE
 *
 * FILE, all numbers little-endian:
 *
 *   8 bytes    "mpwalk 1"
 *   u16        links, 1 to 64
 *   u16        tones of a chain
 *   u8  u8     receive antennas, streams
 *   u16        width in MHz
 *   i16 [tones]  index of each tone, in any order
 *   then for every frame
 *     u64      time in microseconds
 *     u16      link
 *     i16      RSSI in hundredths of a dBm
 *     i16 [antennas][streams][tones][2]  samples, real part first
 *
 * Exit code 0 if every call did what it should, else 1.
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

#define MAX_TONES 512
#define MAX_CHAINS 16
#define SECOND 1000000u

static unsigned char record[12 + 4 * MAX_TONES * MAX_CHAINS];

static uint64_t little(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

static int16_t little16(const unsigned char *p)
{
    return (int16_t)(uint16_t)little(p, 2);
}

static int fail(const char *what, mp_result result)
{
    fprintf(stderr, "walk: %s: %s (%d)\n", what, mp_strerror((int32_t)result), (int)result);
    return 1;
}

static void print(uint64_t now, const mp_message *m, size_t n, const uint8_t *bytes)
{
    static const char *const states[] = {"off", "unknown", "still", "moving"};
    static const char *const presence[] = {"off", "unknown", "no", "yes"};
    size_t i;

    if (m->kind != MP_MESSAGE_ZONE)
        return;
    /* No float: where the archive is soft-float and the C library is not, printf may not get one. */
    printf("%3lu.%02lu zone %u %s present %s level %u calibration %u bytes ", (unsigned long)(now / 1000000),
           (unsigned long)(now / 10000 % 100), m->of.zone.zone, states[m->of.zone.state], presence[m->of.zone.present],
           m->of.zone.level, m->of.zone.calibration);
    for (i = 0; i < n; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

/* Takes every message that is due. */
static int take(mp_sensor *sensor, uint64_t now)
{
    mp_message m;
    uint8_t bytes[MP_MESSAGE_BYTES];
    size_t n = 0;
    mp_result r;

    memset(&m, 0, sizeof m);
    m.size = sizeof m;
    while ((r = mp_sensor_poll(sensor, now, &m)) == MP_OK) {
        mp_result e = mp_message_encode(sensor, bytes, sizeof bytes, &n);
        if (e != MP_OK)
            return fail("encode", e);
        print(now, &m, n, bytes);
    }
    return r == MP_NONE ? 0 : fail("poll", r);
}

static int play(mp_sensor *sensor, FILE *in, mp_frame *frame, size_t samples)
{
    /* The library asks for samples that are aligned for their format, and so for a copy in the host's byte order. */
    static int16_t pairs[2 * MAX_TONES * MAX_CHAINS];
    const size_t length = 12 + 4 * samples;
    uint64_t next = 0;
    unsigned long used = 0, other = 0;
    size_t i;

    frame->samples = pairs;
    frame->samples_bytes = (uint32_t)(4 * samples);
    while (fread(record, 1, length, in) == length) {
        mp_result r;
        frame->t_us = little(record, 8);
        frame->link = (uint16_t)little(record + 8, 2);
        frame->rssi_cdbm = little16(record + 10);
        for (i = 0; i < 2 * samples; i++)
            pairs[i] = little16(record + 12 + 2 * i);
        if (next == 0)
            next = frame->t_us + SECOND;
        for (; next <= frame->t_us; next += SECOND)
            if (take(sensor, next))
                return 1;
        r = mp_sensor_push(sensor, frame);
        if (r == MP_OK)
            used++;
        else if (r == MP_ERR_TIME)
            other++;
        else
            return fail("push", r);
    }
    printf("frames %lu used, %lu out of order\n", used, other);
    return used == 0;
}

int main(int argc, char **argv)
{
    static int16_t tones[MAX_TONES];
    unsigned char head[16];
    mp_config config;
    mp_frame frame;
    mp_sensor *sensor = NULL;
    size_t bytes = 0, i;
    void *memory;
    FILE *in;
    mp_result r;
    int failed;

    if (argc != 2 || (in = fopen(argv[1], "rb")) == NULL || fread(head, 1, sizeof head, in) != sizeof head ||
        memcmp(head, "mpwalk 1", 8) != 0) {
        fprintf(stderr, "walk: give one file of frames\n");
        return 1;
    }
    if (mp_abi() != MP_ABI) {
        fprintf(stderr, "walk: header ABI %u, library ABI %u\n", (unsigned)MP_ABI, (unsigned)mp_abi());
        return 1;
    }

    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.abi = MP_ABI;
    config.links = (uint16_t)little(head + 8, 2);
    config.zones = 1;
    config.max_tones = (uint16_t)little(head + 10, 2);
    config.max_chains = (uint16_t)(head[12] * head[13]);

    memset(&frame, 0, sizeof frame);
    frame.size = sizeof frame;
    frame.format = MP_FORMAT_I16;
    frame.flags = MP_FRAME_RSSI;
    frame.tones = tones;
    frame.n_tones = config.max_tones;
    frame.n_rx = head[12];
    frame.n_sts = head[13];
    frame.width_mhz = (uint16_t)little(head + 14, 2);
    if (frame.n_tones > MAX_TONES || config.max_chains > MAX_CHAINS)
        return fail("too many tones or chains for this program", MP_ERR_CAPACITY);
    for (i = 0; i < frame.n_tones; i++) {
        unsigned char two[2];
        if (fread(two, 1, 2, in) != 2)
            return 1;
        tones[i] = little16(two);
    }

    if ((r = mp_sensor_size(&config, &bytes)) != MP_OK)
        return fail("size", r);
    if ((memory = malloc(bytes)) == NULL)
        return 1;
    printf("library %s, sensor of %u links takes %lu bytes\n", mp_version(), config.links, (unsigned long)bytes);
    if ((r = mp_sensor_init(memory, bytes, &config, &sensor)) != MP_OK)
        return fail("init", r);
    if ((r = mp_sensor_set_sensing(sensor, 0, MP_SENSING_ON, 0)) != MP_OK)
        return fail("sensing on", r);

    failed = play(sensor, in, &frame, (size_t)config.max_chains * frame.n_tones);

    if ((r = mp_sensor_fini(sensor)) != MP_OK)
        failed = fail("fini", r);
    for (i = 0; i < bytes; i++)
        if (((unsigned char *)memory)[i] != 0)
            failed = 1;
    free(memory);
    fclose(in);
    return failed;
}
