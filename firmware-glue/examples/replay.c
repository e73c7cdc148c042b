/*
 * A recording to events: plays a file of frames into a sensor and prints a line whenever a zone changes its state.
 *
 *   millpond-lab simulate walk-across --out walk.mpc
 *   millpond-lab convert walk.mpc --to csv
 *   replay walk.csv
 *
 * The file has a head line, then a line for each frame: t_s,label,link,rssi,rx,tx, then re and im of each value by
 * subcarrier, rx, tx. In a product the driver stands in the place of the file. Exit code 0 if every frame was taken.
 */
#include "millpond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKS 8
#define TONES 256
#define CHAINS 16
#define SECOND 1000000u

static char line[64 * TONES * CHAINS];
static float samples[2 * TONES * CHAINS];

static const char *const states[] = {"off", "unknown", "still", "moving"};

static int fail(const char *what, mp_result result)
{
    fprintf(stderr, "replay: %s: %s\n", what, mp_strerror((int32_t)result));
    return 1;
}

/* What the sensor does by itself, as codes; the header lists them. */
static void on_event(void *user, uint32_t code, uint32_t number)
{
    (void)user;
    fprintf(stderr, "event %u, number %u\n", (unsigned)code, (unsigned)number);
}

/* Reads one frame. 1 if there is one, 0 at the end of the file, -1 for a line that is no frame. */
static int next(FILE *in, mp_frame *f)
{
    size_t rx, tx, chains, tones, n = 0, c, k;
    static float values[2 * TONES * CHAINS];
    char *at, *end;

    if (fgets(line, sizeof line, in) == NULL)
        return 0;
    f->t_us = (uint64_t)(strtod(line, &end) * 1e6 + 0.5);
    if (*end != ',' || (at = strchr(end + 1, ',')) == NULL)
        return -1;
    f->link = (uint16_t)strtoul(at + 1, &end, 10);
    if (*end != ',' || (at = strchr(end + 1, ',')) == NULL)
        return -1;
    f->flags = at > end + 1 ? MP_FRAME_RSSI : 0;
    f->rssi_cdbm = (int16_t)(strtod(end + 1, NULL) * 100);
    rx = strtoul(at + 1, &end, 10);
    if (*end != ',')
        return -1;
    tx = strtoul(end + 1, &end, 10);
    chains = rx * tx;
    while (*end == ',' && n < sizeof values / sizeof *values)
        values[n++] = strtof(end + 1, &end);
    if (chains == 0 || chains > CHAINS || n == 0 || n % (2 * chains) != 0)
        return -1;
    tones = n / 2 / chains;
    if (tones > TONES)
        return -1;
    /* The file goes by subcarrier, the library by chain. */
    for (k = 0; k < tones; k++)
        for (c = 0; c < chains; c++) {
            samples[2 * (c * tones + k)] = values[2 * (k * chains + c)];
            samples[2 * (c * tones + k) + 1] = values[2 * (k * chains + c) + 1];
        }
    f->n_rx = (uint8_t)rx;
    f->n_sts = (uint8_t)tx;
    f->n_tones = (uint16_t)tones;
    f->samples_bytes = (uint32_t)(n * sizeof *samples);
    return 1;
}

/* Takes what is due and prints what has changed, in seconds since the first frame. */
static int take(mp_sensor *sensor, uint64_t first, uint64_t now, uint8_t *before)
{
    mp_message m;
    mp_result r;

    memset(&m, 0, sizeof m);
    m.size = sizeof m;
    while ((r = mp_sensor_poll(sensor, now, &m)) == MP_OK)
        if (m.kind == MP_MESSAGE_ZONE && m.of.zone.state != *before) {
            *before = m.of.zone.state;
            printf("%7.1f s zone %u %s\n", (double)(now - first) / 1e6, m.of.zone.zone, states[*before]);
        }
    return r == MP_NONE ? 0 : fail("poll", r);
}

int main(int argc, char **argv)
{
    mp_config config;
    mp_frame frame;
    mp_sensor *sensor = NULL;
    size_t bytes = 0;
    void *memory;
    uint64_t first = 0, due = 0;
    uint8_t before = MP_ZONE_OFF;
    int got, failed = 0;
    FILE *in;
    mp_result r;

    if (argc != 2 || (in = fopen(argv[1], "r")) == NULL || fgets(line, sizeof line, in) == NULL) {
        fprintf(stderr, "usage: replay FILE.csv, as millpond-lab convert --to csv writes it\n");
        return 2;
    }
    if (mp_abi() != MP_ABI) {
        fprintf(stderr, "replay: compiled for ABI %u, library has %u\n", (unsigned)MP_ABI, (unsigned)mp_abi());
        return 1;
    }
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.abi = MP_ABI;
    config.links = LINKS;
    config.zones = 1;
    config.max_tones = TONES;
    config.max_chains = CHAINS;
    config.log = on_event;
    if ((r = mp_sensor_size(&config, &bytes)) != MP_OK)
        return fail("size", r);
    if ((memory = malloc(bytes)) == NULL)
        return 1;
    if ((r = mp_sensor_init(memory, bytes, &config, &sensor)) != MP_OK)
        return fail("init", r);
    /* In a product this is the household's switch. */
    if ((r = mp_sensor_set_sensing(sensor, 0, MP_SENSING_ON, 0)) != MP_OK)
        return fail("sensing on", r);

    memset(&frame, 0, sizeof frame);
    frame.size = sizeof frame;
    frame.format = MP_FORMAT_F32;
    frame.samples = samples;
    frame.ppdu = MP_PPDU_HT;
    while (!failed && (got = next(in, &frame)) > 0) {
        if (due == 0)
            first = due = frame.t_us;
        for (; !failed && due <= frame.t_us; due += SECOND)
            failed = take(sensor, first, due, &before);
        r = mp_sensor_push(sensor, &frame);
        if (r != MP_OK && r != MP_ERR_TIME)
            failed = fail("push", r);
    }
    if (!failed && got < 0)
        failed = fail("a line of the file", MP_ERR_SHAPE);
    mp_sensor_fini(sensor);
    free(memory);
    fclose(in);
    return failed;
}
