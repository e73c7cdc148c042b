/*
 * Every way to call the library wrongly that it promises to notice: each is a result, and nothing else happens.
 *
 *   misuse
 *
 * Prints one line a case; exit code 0 if every result is the promised one.
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

static int failures = 0;

static void expect(const char *what, mp_result got, mp_result wanted)
{
    const int ok = got == wanted;
    printf("%s %s: %s\n", ok ? "ok  " : "FAIL", what, mp_strerror((int32_t)got));
    if (!ok) {
        printf("     wanted %d, got %d\n", (int)wanted, (int)got);
        failures++;
    }
}

static mp_config good_config(void)
{
    mp_config c;
    memset(&c, 0, sizeof c);
    c.size = sizeof c;
    c.abi = MP_ABI;
    c.links = 2;
    c.zones = 1;
    return c;
}

static int8_t samples[2 * 64];

static mp_frame good_frame(uint64_t t_us)
{
    mp_frame f;
    size_t i;
    for (i = 0; i < sizeof samples; i++)
        samples[i] = (int8_t)(20 + (int)(i * 7 + t_us / 1000) % 60);
    memset(&f, 0, sizeof f);
    f.size = sizeof f;
    f.format = MP_FORMAT_I8;
    f.flags = MP_FRAME_IMAG_FIRST;
    f.t_us = t_us;
    f.samples = samples;
    f.samples_bytes = sizeof samples;
    f.n_tones = 64;
    f.n_rx = 1;
    f.n_sts = 1;
    f.ppdu = MP_PPDU_HT;
    return f;
}

static mp_message empty_message(void)
{
    mp_message m;
    memset(&m, 0, sizeof m);
    m.size = sizeof m;
    return m;
}

/* Memory as a careful firmware would give it: the exact length, from malloc. */
static void *exact(size_t *bytes)
{
    mp_config c = good_config();
    if (mp_sensor_size(&c, bytes) != MP_OK)
        exit(1);
    return malloc(*bytes);
}

static mp_sensor *made(void **memory)
{
    mp_config c = good_config();
    mp_sensor *s = NULL;
    size_t bytes;
    *memory = exact(&bytes);
    if (mp_sensor_init(*memory, bytes, &c, &s) != MP_OK)
        exit(1);
    return s;
}

static void configuration(void)
{
    mp_config c = good_config();
    mp_sensor *s = NULL;
    uint8_t zones[2] = {1, 2};
    size_t bytes = 0;
    char *memory;

    expect("size, no config", mp_sensor_size(NULL, &bytes), MP_ERR_NULL);
    expect("size, no output", mp_sensor_size(&c, NULL), MP_ERR_NULL);
    c.size = 8;
    expect("size, struct too small", mp_sensor_size(&c, &bytes), MP_ERR_SIZE);
    c.size = 0xdeadbeef;
    expect("size, struct absurd", mp_sensor_size(&c, &bytes), MP_ERR_SIZE);
    c = good_config();
    c.abi = MP_ABI + 1;
    expect("another ABI", mp_sensor_size(&c, &bytes), MP_ERR_ABI);
    c = good_config();
    c.links = 0;
    expect("no links", mp_sensor_size(&c, &bytes), MP_ERR_ARGUMENT);
    c.links = MP_LINKS_MAX + 1;
    expect("too many links", mp_sensor_size(&c, &bytes), MP_ERR_ARGUMENT);
    c = good_config();
    c.zones = MP_ZONES_MAX + 1;
    expect("too many zones", mp_sensor_size(&c, &bytes), MP_ERR_ARGUMENT);
    c = good_config();
    c.presence = 2;
    expect("presence that is neither asked for nor not", mp_sensor_size(&c, &bytes), MP_ERR_ARGUMENT);
    c = good_config();
    c.link_zones = zones;
    expect("a zone that is not there", mp_sensor_size(&c, &bytes), MP_ERR_ARGUMENT);
    c = good_config();
    c.hold_ms = 600001;
    expect("hold out of range", mp_sensor_size(&c, &bytes), MP_ERR_ARGUMENT);

    c = good_config();
    c.size = offsetof(mp_config, link_zones); /* an older program: the rest is not there */
    expect("the oldest struct", mp_sensor_size(&c, &bytes), MP_OK);
    c.size++;
    expect("a struct that ends within a pointer", mp_sensor_size(&c, &bytes), MP_ERR_SIZE);
    memory = exact(&bytes);
    c = good_config();
    expect("init, no memory", mp_sensor_init(NULL, bytes, &c, &s), MP_ERR_NULL);
    expect("init, no output", mp_sensor_init(memory, bytes, &c, NULL), MP_ERR_NULL);
    expect("init, memory too short", mp_sensor_init(memory, bytes - 1, &c, &s), MP_ERR_MEMORY);
    expect("init, memory misaligned", mp_sensor_init(memory + 1, bytes - 1, &c, &s), MP_ERR_ALIGN);
    if (s != NULL) {
        printf("FAIL an output was written by a call that failed\n");
        failures++;
    }
    free(memory);
}

static void handles(void)
{
    void *memory;
    mp_sensor *s = made(&memory);
    mp_frame f = good_frame(1000);
    mp_message m = empty_message();
    static uint64_t foreign[64];

    expect("push, no sensor", mp_sensor_push(NULL, &f), MP_ERR_NULL);
    expect("poll, no sensor", mp_sensor_poll(NULL, 0, &m), MP_ERR_NULL);
    expect("push, not a sensor", mp_sensor_push((mp_sensor *)(void *)foreign, &f), MP_ERR_HANDLE);
    expect("push, a handle off by one", mp_sensor_push((mp_sensor *)(void *)((char *)s + 1), &f), MP_ERR_HANDLE);
    expect("fini", mp_sensor_fini(s), MP_OK);
    expect("push after fini", mp_sensor_push(s, &f), MP_ERR_HANDLE);
    expect("poll after fini", mp_sensor_poll(s, 0, &m), MP_ERR_HANDLE);
    expect("erase after fini", mp_sensor_erase(s, 0, 0), MP_ERR_HANDLE);
    expect("fini after fini", mp_sensor_fini(s), MP_ERR_HANDLE);
    expect("fini, no sensor", mp_sensor_fini(NULL), MP_OK);
    free(memory);
}

static void frames(void)
{
    void *memory;
    mp_sensor *s = made(&memory);
    mp_frame f = good_frame(1000);
    mp_rssi r;
    mp_survey v;
    int16_t tones[64];
    size_t i;

    expect("push while sensing is off", mp_sensor_push(s, &f), MP_OFF);
    expect("a switch that is not there", mp_sensor_set_sensing(s, 0, 7, 0), MP_ERR_ARGUMENT);
    expect("a pause that is not there", mp_sensor_set_sensing(s, 0, MP_SENSING_PAUSED, 7), MP_ERR_ARGUMENT);
    expect("sensing on", mp_sensor_set_sensing(s, 0, MP_SENSING_ON, 0), MP_OK);
    expect("push", mp_sensor_push(s, &f), MP_OK);
    expect("push, no frame", mp_sensor_push(s, NULL), MP_ERR_NULL);
    f.t_us = 999;
    expect("a frame from the past", mp_sensor_push(s, &f), MP_ERR_TIME);
    f = good_frame(2000);
    f.size = 4;
    expect("frame, struct too small", mp_sensor_push(s, &f), MP_ERR_SIZE);
    f = good_frame(2000);
    f.link = 2;
    expect("a link that is not there", mp_sensor_push(s, &f), MP_ERR_LINK);
    f = good_frame(2000);
    f.format = 9;
    expect("a format that is not there", mp_sensor_push(s, &f), MP_ERR_FORMAT);
    f = good_frame(2000);
    f.width_mhz = 30;
    expect("a width that is not there", mp_sensor_push(s, &f), MP_ERR_FORMAT);
    f = good_frame(2000);
    f.ppdu = 200;
    expect("a PPDU format that is not there", mp_sensor_push(s, &f), MP_ERR_FORMAT);
    f = good_frame(2000);
    f.samples = NULL;
    expect("no samples", mp_sensor_push(s, &f), MP_ERR_NULL);
    f = good_frame(2000);
    f.samples_bytes--;
    expect("samples cut short", mp_sensor_push(s, &f), MP_ERR_SHAPE);
    f = good_frame(2000);
    f.n_rx = 0;
    expect("no antenna", mp_sensor_push(s, &f), MP_ERR_SHAPE);
    f = good_frame(2000);
    f.n_rx = f.n_sts = 255;
    expect("far more than was given", mp_sensor_push(s, &f), MP_ERR_SHAPE);
    f = good_frame(2000);
    f.n_tones = 60;
    f.samples_bytes = 120;
    expect("no standard map of 60 tones", mp_sensor_push(s, &f), MP_ERR_TONES);
    f = good_frame(2000);
    for (i = 0; i < 64; i++)
        tones[i] = (int16_t)(31 - (int)i);
    f.tones = tones;
    expect("tones in falling order", mp_sensor_push(s, &f), MP_OK);
    tones[5] = tones[6];
    f.t_us = 3000;
    expect("a tone twice", mp_sensor_push(s, &f), MP_ERR_TONES);
    tones[5] = 3000;
    expect("a tone that does not exist", mp_sensor_push(s, &f), MP_ERR_TONES);
    f = good_frame(4000);
    f.n_tones = 8;
    f.n_rx = 8;
    f.tones = tones + 16;
    expect("more chains than configured", mp_sensor_push(s, &f), MP_ERR_CAPACITY);
    f = good_frame(4000);
    f.format = MP_FORMAT_I16;
    f.n_tones = 16;
    f.samples = (char *)samples + 1;
    f.samples_bytes = 64;
    f.tones = tones + 16;
    expect("samples misaligned", mp_sensor_push(s, &f), MP_ERR_ALIGN);

    memset(&r, 0, sizeof r);
    r.size = sizeof r;
    r.t_us = 5000;
    r.level_cdbm = -6150;
    expect("RSSI", mp_sensor_push_rssi(s, &r), MP_OK);
    expect("RSSI, no reading", mp_sensor_push_rssi(s, NULL), MP_ERR_NULL);
    r.size = 3;
    expect("RSSI, struct too small", mp_sensor_push_rssi(s, &r), MP_ERR_SIZE);
    r.size = sizeof r;
    r.link = 77;
    expect("RSSI, a link that is not there", mp_sensor_push_rssi(s, &r), MP_ERR_LINK);
    memset(&v, 0, sizeof v);
    v.size = sizeof v;
    v.node = 1;
    v.band = MP_BAND_5;
    v.channel = 36;
    expect("survey", mp_sensor_push_survey(s, &v), MP_OK);
    expect("survey, none", mp_sensor_push_survey(s, NULL), MP_ERR_NULL);
    v.size = 12;
    expect("survey, struct too small", mp_sensor_push_survey(s, &v), MP_ERR_SIZE);
    v.size = sizeof v;
    v.node = 9;
    expect("survey, a node that is not there", mp_sensor_push_survey(s, &v), MP_ERR_ARGUMENT);
    v.node = 1;
    v.band = 4;
    expect("survey, a band that is not there", mp_sensor_push_survey(s, &v), MP_ERR_ARGUMENT);
    expect("sensing off", mp_sensor_set_sensing(s, 0, MP_SENSING_OFF, 0), MP_OK);
    r.link = 0;
    expect("RSSI while sensing is off", mp_sensor_push_rssi(s, &r), MP_OFF);
    expect("fini", mp_sensor_fini(s), MP_OK);
    free(memory);
}

struct caller {
    mp_sensor *sensor;
    mp_result nested[5];
};

/* Calls back on the sensor that calls it. */
static void calls_back(void *user, uint32_t code, uint32_t number)
{
    struct caller *c = user;
    mp_message m = empty_message();
    mp_frame f = good_frame(1);
    (void)code;
    (void)number;
    c->nested[0] = mp_sensor_push(c->sensor, &f);
    c->nested[1] = mp_sensor_poll(c->sensor, 0, &m);
    c->nested[2] = mp_sensor_reset(c->sensor);
    c->nested[3] = mp_sensor_set_sensing(c->sensor, 0, MP_SENSING_OFF, 0);
    c->nested[4] = mp_sensor_fini(c->sensor);
}

static void reentry(void)
{
    struct caller who = {NULL, {MP_OK, MP_OK, MP_OK, MP_OK, MP_OK}};
    mp_config c = good_config();
    size_t bytes, i;
    void *memory;

    c.log = calls_back;
    c.log_user = &who;
    if (mp_sensor_size(&c, &bytes) != MP_OK || (memory = malloc(bytes)) == NULL ||
        mp_sensor_init(memory, bytes, &c, &who.sensor) != MP_OK)
        exit(1);
    expect("a call whose log calls back", mp_sensor_set_sensing(who.sensor, 0, MP_SENSING_ON, 0), MP_OK);
    for (i = 0; i < 5; i++)
        expect("from within the log", who.nested[i], MP_ERR_BUSY);
    expect("the sensor lives on", mp_sensor_reset(who.sensor), MP_OK);
    expect("fini", mp_sensor_fini(who.sensor), MP_OK);
    free(memory);
}

static void messages(void)
{
    void *memory;
    mp_sensor *s = made(&memory);
    mp_message m = empty_message();
    uint8_t bytes[MP_MESSAGE_BYTES];
    size_t n = 99;
    int zones_off = 0;
    mp_result r;

    expect("encode before any message", mp_message_encode(s, bytes, sizeof bytes, &n), MP_NONE);
    expect("poll, no message", mp_sensor_poll(s, 0, NULL), MP_ERR_NULL);
    m.size = 8;
    expect("poll, struct too small", mp_sensor_poll(s, 0, &m), MP_ERR_SIZE);
    m = empty_message();
    while ((r = mp_sensor_poll(s, 0, &m)) == MP_OK)
        ;
    expect("poll to the end of a round", r, MP_NONE);
    while ((r = mp_sensor_poll(s, 1000000, &m)) == MP_OK) {
        if (m.kind == MP_MESSAGE_ZONE && m.of.zone.state == MP_ZONE_OFF)
            zones_off++;
        if (mp_message_encode(s, bytes, 1, &n) != MP_ERR_BUFFER || n <= 1 || n > sizeof bytes)
            expect("encode, buffer too short", MP_OK, MP_ERR_BUFFER);
        if (mp_message_encode(s, NULL, 64, &n) != MP_ERR_NULL)
            expect("encode, no buffer", MP_OK, MP_ERR_NULL);
        if (mp_message_encode(s, bytes, sizeof bytes, &n) != MP_OK || bytes[0] != m.kind)
            expect("encode", MP_ERR_INTERNAL, MP_OK);
    }
    expect("poll to the end of the next", r, MP_NONE);
    expect("the zone says off, not still", zones_off == 1 ? MP_OK : MP_ERR_INTERNAL, MP_OK);
    expect("poll into the past", mp_sensor_poll(s, 999999, &m), MP_ERR_TIME);
    expect("a zone that is not there", mp_sensor_set_zone(s, 1000000, 2, 0), MP_ERR_ARGUMENT);
    expect("a second that is not there", mp_sensor_set_clock(s, 1000000, 86400), MP_ERR_ARGUMENT);
    expect("erase, a zone that is not there", mp_sensor_erase(s, 1000000, 2), MP_ERR_ARGUMENT);
    expect("erase a zone", mp_sensor_erase(s, 1000000, 1), MP_OK);
    expect("encode after erasing", mp_message_encode(s, bytes, sizeof bytes, &n), MP_NONE);
    expect("erase all", mp_sensor_erase(s, 1000000, 0), MP_OK);
    expect("reset", mp_sensor_reset(s), MP_OK);
    expect("fini", mp_sensor_fini(s), MP_OK);
    free(memory);
}

int main(void)
{
    configuration();
    handles();
    frames();
    reentry();
    messages();
    printf("%d wrong\n", failures);
    return failures != 0;
}
