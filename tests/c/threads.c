/*
 * The thread rules: sensors are independent, and a thread more changes nothing. Two sensors on two threads say what each
 * says alone. Run under a race detector as well, which must stay silent.
 *
 * Exit code 0 if so.
 */
#include "millpond.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SENSORS 2
#define WORDS 2048

struct job {
    uint64_t memory[WORDS];
    int16_t samples[2 * 56];
    unsigned seed;
    unsigned long hash;
    int failed;
};

static struct job jobs[SENSORS];

static void *work(void *of)
{
    struct job *j = of;
    mp_config c;
    mp_frame f;
    mp_message m;
    mp_sensor *s = NULL;
    uint8_t bytes[MP_MESSAGE_BYTES];
    unsigned state = j->seed;
    size_t n = 0, i;
    unsigned at;

    j->hash = 5381;
    memset(&c, 0, sizeof c);
    c.size = sizeof c;
    c.abi = MP_ABI;
    c.links = c.zones = 1;
    c.seed[0] = j->seed;
    if (mp_sensor_size(&c, &n) != MP_OK || mp_sensor_init(j->memory, sizeof j->memory, &c, &s) != MP_OK) {
        j->failed = 1;
        return NULL;
    }
    mp_sensor_set_sensing(s, 0, MP_SENSING_ON, 0);
    memset(&f, 0, sizeof f);
    f.size = sizeof f;
    f.format = MP_FORMAT_I16;
    f.samples = j->samples;
    f.samples_bytes = sizeof j->samples;
    f.n_tones = 56;
    f.n_rx = f.n_sts = 1;
    memset(&m, 0, sizeof m);
    m.size = sizeof m;
    for (at = 1; at <= 1500; at++) {
        for (i = 0; i < 2 * 56; i++) {
            state = state * 1103515245u + 12345u;
            j->samples[i] = (int16_t)(900 + (state >> 16) % (at > 700 && at < 1000 ? 900 : 40));
        }
        f.t_us = 20000ull * at;
        if (mp_sensor_push(s, &f) != MP_OK)
            j->failed = 1;
        while (at % 50 == 0 && mp_sensor_poll(s, f.t_us, &m) == MP_OK) {
            mp_message_encode(s, bytes, sizeof bytes, &n);
            for (i = 0; i < n; i++)
                j->hash = j->hash * 33 + bytes[i];
        }
    }
    if (mp_sensor_fini(s) != MP_OK)
        j->failed = 1;
    return NULL;
}

int main(void)
{
    pthread_t threads[SENSORS];
    unsigned long alone[SENSORS];
    unsigned i;
    int failed = 0;

    for (i = 0; i < SENSORS; i++) {
        jobs[i].seed = i + 1;
        work(&jobs[i]);
        alone[i] = jobs[i].hash;
        jobs[i].hash = 0;
    }
    for (i = 0; i < SENSORS; i++)
        if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0)
            return 2;
    for (i = 0; i < SENSORS; i++) {
        pthread_join(threads[i], NULL);
        printf("sensor %u: %s\n", i, jobs[i].hash == alone[i] ? "the same alone and beside another" : "DIFFERS");
        failed |= jobs[i].failed || jobs[i].hash != alone[i];
    }
    return failed || alone[0] == alone[1];
}
