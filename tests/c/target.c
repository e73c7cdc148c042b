/*
 * What the library says and costs on this machine: plays the simulated walk, which is built into the program.
 *
 *   WALK     the file of frames, as for walk.c, in quotes
 *   FRAMES   play so many frames only, twice as fast (100 a second), and print nothing: for counting instructions. Two
 *            programs that differ in this number differ by the cost of the frames between
 *   PRESENCE 1 to look for breathing as well
 *
 * Needs no C library where bare.h knows the machine. Prints in how many messages somebody is present, the digest of
 * every message as encoded, the state of a sensor, and the deepest stack of each call.
 */
#include "millpond.h"

#include "bare.h"

/* The archive must not need this: with it left out, a way to panic is an error of the linker. */
#ifdef MP_MAY_PANIC
void mp_on_panic(void)
{
    for (;;)
        ;
}
#endif

#ifndef PRESENCE
#define PRESENCE 0
#endif

#ifndef FRAMES
#define FRAMES 0
#endif

__asm__(".section .data\n.globl walk_begin, walk_end\n.balign 8\nwalk_begin: .incbin \"" WALK "\"\nwalk_end: .byte 0\n.previous");
extern unsigned char walk_begin[], walk_end[];

#define SECOND 1000000u
#define DEEPEST (32 * 1024)

static uint64_t memory[4096];
static mp_sensor *sensor;
static mp_config config;
static mp_frame frame;
static uint64_t now, digest = 0xcbf29ce484222325u;
static uint32_t events, present, spent, failed;

static uint64_t little(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

/* The library asks for numbers in the host's byte order; the file is little-endian. */
static void in_host_order(unsigned char *p, size_t numbers)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (; numbers > 0; numbers--, p += 2) {
        const unsigned char first = p[0];
        p[0] = p[1];
        p[1] = first;
    }
#else
    (void)p, (void)numbers;
#endif
}

static void say_number(const char *name, uint32_t value)
{
    char digits[12];
    size_t at = sizeof digits;
    digits[--at] = 0;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    say(name);
    say(digits + at);
}

static void say_digest(void)
{
    char digits[17];
    size_t i;
    for (i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[digest >> (60 - 4 * i) & 15];
    digits[16] = 0;
    say(digits);
}

static void check(mp_result r)
{
    if (r != MP_OK && failed++ == 0) {
        say(mp_strerror((int32_t)r));
        say("\n");
    }
}

static void nothing(void)
{
}

static void init(void)
{
    check(mp_sensor_init(memory, sizeof memory, &config, &sensor));
}

static void on(void)
{
    check(mp_sensor_set_sensing(sensor, 0, MP_SENSING_ON, 0));
}

static void off(void)
{
    check(mp_sensor_set_sensing(sensor, now, MP_SENSING_OFF, 0));
}

static void push(void)
{
    mp_result r = mp_sensor_push(sensor, &frame);
    if (r != MP_ERR_TIME)
        check(r);
}

static void poll(void)
{
    mp_message m = {.size = sizeof m};
    mp_result r;
    while ((r = mp_sensor_poll(sensor, now, &m)) == MP_OK) {
        uint8_t bytes[MP_MESSAGE_BYTES];
        size_t i, n = 0;
        if (FRAMES > 0)
            continue;
        check(mp_message_encode(sensor, bytes, sizeof bytes, &n));
        /* FNV-1a, 64 bits */
        for (i = 0; i < n; i++)
            digest = (digest ^ bytes[i]) * 0x100000001b3u;
        events++;
        present += m.kind == MP_MESSAGE_ZONE && m.of.zone.present == MP_ZONE_YES;
    }
    if (r != MP_NONE)
        check(r);
}

/* Bytes of stack that a call touches, by painting what lies below. Includes the frame of this function. */
static uint32_t depth(void (*call)(void))
{
    volatile unsigned char *const top = __builtin_frame_address(0);
    volatile unsigned char *p;
    for (p = top - DEEPEST; p < top - 128; p++)
        *p = 0xa5;
    call();
    for (p = top - DEEPEST; p < top - 128 && *p == 0xa5; p++)
        ;
    return (uint32_t)(top - p);
}

static uint32_t deepest(void (*call)(void))
{
    const uint32_t least = depth(nothing), most = depth(call);
    return most > least ? most - least : 0;
}

/*
 * Plays every `each`th frame of the walk, at most `most` of them; returns how many. The deepest stack of every seventh
 * call goes into `pushed`.
 */
static uint32_t play(uint32_t most, size_t each, uint32_t *pushed)
{
    const size_t tones = config.max_tones, length = 12 + 4 * tones * config.max_chains;
    unsigned char *at = walk_begin + 16 + 2 * tones;
    uint64_t next = 0;
    uint32_t n = 0;
    for (; at + each * length <= walk_end && n < most; at += each * length, n++) {
        uint32_t before;
        frame.t_us = little(at, 8) / (FRAMES > 0 ? 2 : 1);
        frame.link = (uint16_t)little(at + 8, 2);
        frame.rssi_cdbm = (int16_t)(uint16_t)little(at + 10, 2);
        frame.samples = at + 12;
        if (next == 0)
            next = frame.t_us + SECOND;
        for (; next <= frame.t_us; next += SECOND) {
            now = next;
            before = instructions();
            poll();
            spent += instructions() - before;
        }
        if (pushed != NULL && n % 7 == 0) {
            const uint32_t d = deepest(push);
            *pushed = d > *pushed ? d : *pushed;
        } else {
            before = instructions();
            push();
            spent += instructions() - before;
        }
    }
    return n;
}

static uint32_t state(uint16_t links)
{
    size_t bytes = 0;
    mp_config c = config;
    c.links = links;
    check(mp_sensor_size(&c, &bytes));
    return (uint32_t)bytes;
}

int main(void)
{
    const unsigned char *head = walk_begin;
    unsigned char *at;
    uint32_t n, pushed = 0;

    config.size = sizeof config;
    config.abi = MP_ABI;
    config.links = (uint16_t)little(head + 8, 2);
    config.zones = 1;
    config.presence = PRESENCE;
    config.max_tones = (uint16_t)little(head + 10, 2);
    config.max_chains = (uint16_t)(head[12] * head[13]);
    frame.size = sizeof frame;
    frame.format = MP_FORMAT_I16;
    frame.flags = MP_FRAME_RSSI;
    frame.n_tones = config.max_tones;
    frame.n_rx = head[12];
    frame.n_sts = head[13];
    frame.width_mhz = (uint16_t)little(head + 14, 2);
    frame.samples_bytes = (uint32_t)(4 * config.max_chains * config.max_tones);
    frame.tones = (const int16_t *)(const void *)(walk_begin + 16);
    in_host_order(walk_begin + 16, frame.n_tones);
    for (at = walk_begin + 16 + 2 * frame.n_tones; at + 12 + frame.samples_bytes <= walk_end; at += 12 + frame.samples_bytes)
        in_host_order(at + 12, frame.samples_bytes / 2);

    init();
    on();
    if (FRAMES > 0) {
        n = play(FRAMES, 1, NULL);
        if (spent > 0) {
            say_number("instructions ", spent);
            say("\n");
        }
        return n == FRAMES && failed == 0 ? 0 : 1;
    }
    n = play(UINT32_MAX, 1, NULL);
    say_number("frames ", n);
    say_number(" messages ", events);
    say_number(" present ", present);
    say(" digest ");
    say_digest();
    say_number("\nstate, bytes: one link ", state(1));
    say_number(", each further link ", state(2) - state(1));
    /* Again, for the stack alone: nothing of the first run is left. Half of the frames need the most of it. */
    say_number("\nstack, bytes: init ", deepest(init));
    say_number(", on ", deepest(on));
    play(1000, 2, &pushed);
    say_number(", push ", pushed);
    now += SECOND;
    say_number(", poll ", deepest(poll));
    say_number(", off ", deepest(off));
    say("\n");
    check(mp_sensor_fini(sensor));
    return failed == 0 ? 0 : 1;
}
