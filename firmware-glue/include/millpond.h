/*
 * Millpond: motion from Wi-Fi channel measurements. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Made from the Rust source by cbindgen; do not edit. README.md of the crate says how to link and what to expect.
 *
 * Memory is the caller's: ask mp_sensor_size, give that much to mp_sensor_init. Every call returns an mp_result.
 * Structs begin with their size; zero the rest. Nothing is printed, no thread is started, no clock is read.
 */

#ifndef MILLPOND_H
#define MILLPOND_H

#include <stddef.h>
#include <stdint.h>

// The ABI of this header. It grows when a struct or a call changes so that old programs would misread it; members
// added at the end of a struct do not count.
#define MP_ABI 1

// Alignment of sensor memory in bytes. What `malloc` returns has it.
#define MP_SENSOR_ALIGN 8

// Samples are pairs of signed 8-bit integers.
#define MP_FORMAT_I8 1

// Samples are pairs of signed 16-bit integers in the host's byte order.
#define MP_FORMAT_I16 2

// Samples are pairs of IEEE 754 single precision numbers. A value that is not finite counts as missing.
#define MP_FORMAT_F32 3

// The PPDU format is not known; tones are counted as HT's.
#define MP_PPDU_UNKNOWN 0

// 802.11a/g, "non-HT".
#define MP_PPDU_LEGACY 1

// 802.11n.
#define MP_PPDU_HT 2

// 802.11ac.
#define MP_PPDU_VHT 3

// 802.11ax.
#define MP_PPDU_HE 4

// 802.11be.
#define MP_PPDU_EHT 5

// The imaginary part of each pair comes first (ESP32). Without it the real part does.
#define MP_FRAME_IMAG_FIRST 1

// A standard map of all transform bins begins with the lowest frequency. Without it, with zero frequency.
#define MP_FRAME_CENTERED 2

// `rssi_cdbm` is given.
#define MP_FRAME_RSSI 4

// `noise_cdbm` is given.
#define MP_FRAME_NOISE 8

// `gain_cdb` is given.
#define MP_FRAME_GAIN 16

// `seq` is given.
#define MP_FRAME_SEQ 32

// `noise_cdbm` of an `mp_rssi` is given.
#define MP_RSSI_NOISE 8

// The 2.4 GHz band.
#define MP_BAND_2 2

// The 5 GHz band.
#define MP_BAND_5 5

// The 6 GHz band.
#define MP_BAND_6 6

// `status` of a message is filled in.
#define MP_MESSAGE_STATUS 1

// `zone` of a message is filled in.
#define MP_MESSAGE_ZONE 2

// `radio` of a message is filled in.
#define MP_MESSAGE_RADIO 5

// `link` of a message is filled in.
#define MP_MESSAGE_LINK 6

// `event` of a message is filled in.
#define MP_MESSAGE_EVENT 8

// Sensing is switched off. What is off is not still.
#define MP_SENSING_OFF 0

// Sensing is switched on.
#define MP_SENSING_ON 1

// Sensing is off for a while.
#define MP_SENSING_PAUSED 2

// `state` and `present` of a zone: sensing is off or paused.
#define MP_ZONE_OFF 0

// `state` and `present` of a zone: too little to go on.
#define MP_ZONE_UNKNOWN 1

// `state` of a zone: nothing moves.
#define MP_ZONE_STILL 2

// `state` of a zone: something moves.
#define MP_ZONE_MOVING 3

// `present` of a zone: nobody was noticed for long enough.
#define MP_ZONE_NO 2

// `present` of a zone: motion or a sign of life.
#define MP_ZONE_YES 3

// `code` of an event: sensing was switched on.
#define MP_EVENT_SENSING_ON 5

// `code` of an event: sensing was switched off.
#define MP_EVENT_SENSING_OFF 6

// `code` of an event: sensing was paused; `number` is in minutes, 0 until switched on.
#define MP_EVENT_PAUSED 7

// `code` of an event: a pause was lifted.
#define MP_EVENT_RESUMED 8

// `code` of an event: a zone was switched on; `number` is the zone.
#define MP_EVENT_ZONE_ON 9

// `code` of an event: a zone was switched off; `number` is the zone.
#define MP_EVENT_ZONE_OFF 10

// `code` of an event: samples come.
#define MP_EVENT_SOURCE_OPEN 11

// `code` of an event: samples are no longer taken, sensing is off or paused.
#define MP_EVENT_SOURCE_CLOSED 12

// `code` of an event: sensing is on, and nothing came for ten seconds.
#define MP_EVENT_SOURCE_FAULT 13

// `code` of an event: what was known was erased.
#define MP_EVENT_ERASED 20

// `code` of an event: events were lost, since nobody asked for them; `number` is how many.
#define MP_EVENT_OVERLOAD 41

// Bytes of the longest encoded message that a sensor gives.
#define MP_MESSAGE_BYTES 64

// Most links of one sensor.
#define MP_LINKS_MAX 64

// Most zones of one sensor.
#define MP_ZONES_MAX 16

// The result of a call. Zero is done, positive is done with nothing to show, negative is refused.
//
// A refused call has changed nothing, but for `MP_ERR_INTERNAL`. Retired numbers stay reserved.
enum mp_result
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Done.
  MP_OK = 0,
  // Nothing more waits until a later time.
  MP_NONE = 1,
  // Sensing is off or paused: the sample was not looked at.
  MP_OFF = 2,
  // A pointer that must not be NULL is NULL.
  MP_ERR_NULL = -1,
  // The `size` member of a struct is less than its fixed part, absurd, or no size of a struct. Set it to `sizeof`.
  MP_ERR_SIZE = -2,
  // The program was compiled against another ABI: `MP_ABI` of its header differs from `mp_abi()`.
  MP_ERR_ABI = -3,
  // A member is out of its range.
  MP_ERR_ARGUMENT = -4,
  // The memory is shorter than `mp_sensor_size` asks for.
  MP_ERR_MEMORY = -5,
  // A pointer is not aligned for what it points at; sensor memory needs `MP_SENSOR_ALIGN`.
  MP_ERR_ALIGN = -6,
  // This is no sensor, or no longer one.
  MP_ERR_HANDLE = -7,
  // Another call on this sensor has not returned.
  MP_ERR_BUSY = -8,
  // An earlier call ended with `MP_ERR_INTERNAL`. Only `mp_sensor_fini` is left to do.
  MP_ERR_POISONED = -9,
  // The link number is not below the configured number of links.
  MP_ERR_LINK = -10,
  // The sample format, the PPDU format or the width is none of those in this header.
  MP_ERR_FORMAT = -11,
  // The number of sample bytes is not what chains, tones and format ask for.
  MP_ERR_SHAPE = -12,
  // A tone index repeats or does not exist, or no standard map has that many tones.
  MP_ERR_TONES = -13,
  // More tones or chains than the sensor was configured for.
  MP_ERR_CAPACITY = -14,
  // The time is not later than that of an earlier sample or call: the sample was dropped.
  MP_ERR_TIME = -15,
  // The output buffer is too short; the length that is needed was written.
  MP_ERR_BUFFER = -16,
  // The library is at fault. The sensor gives nothing more; `mp_sensor_fini` still wipes it.
  MP_ERR_INTERNAL = -17,
  // The home cannot be planned; `mp_plan` wrote why. Only with the planner.
  MP_ERR_SITE = -18,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum mp_result mp_result;
#else
typedef int32_t mp_result;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A sensor. Its memory is the caller's, its inside is not.
typedef struct mp_sensor mp_sensor;

// Told what a sensor does or notices, as a code and a number, `MP_EVENT_*`: the same closed list that `mp_event` has,
// never a text, a sample or a name. It runs within the call that caused it, on that call's thread. A call on the same
// sensor from within it is `MP_ERR_BUSY`. It must return: no exception and no `longjmp` out of it.
typedef void (*mp_log)(void *user, uint32_t code, uint32_t number);

// What a sensor is made for. Zero the struct, set `size`, `abi`, `links` and `zones`; zero elsewhere means the
// default. The library reads it during the call only.
typedef struct mp_config {
  // `sizeof(mp_config)`.
  uint32_t size;
  // `MP_ABI`.
  uint32_t abi;
  // Number of links, 1 to `MP_LINKS_MAX`.
  uint16_t links;
  // Number of zones, 1 to `MP_ZONES_MAX`.
  uint8_t zones;
  // 1 to look for people who hold still, by their breath: 2 KB more for each link. 0: motion alone tells `present`. 1 is
  // `MP_ERR_ARGUMENT` where the library was built without the feature `presence`.
  uint8_t presence;
  // Tones of one chain at most, up to 4096; unpopulated ones of a standard map do not count. Default 64.
  uint16_t max_tones;
  // Chains (antennas times streams) of one frame at most, up to 64. Default 4.
  uint16_t max_chains;
  // The zone of each link, 1 to `zones`, `links` of them; or NULL: all links are in zone 1.
  const uint8_t *link_zones;
  // Tolerated false alarms on one link in 1000 days. Default 100, one in ten days.
  uint32_t false_alarms_per_1000_days;
  // How long a link stays moving after its score fell, in milliseconds, up to 600000. Default 500.
  uint32_t hold_ms;
  // How long after motion somebody counts as present, in seconds, 180 to 86400. Default 1200.
  uint32_t present_s;
  // Zero.
  uint32_t reserved2;
  // Numbers that nobody can guess, for the handles of `mp_link`. Without them there are no messages about links.
  uint32_t seed[8];
  // Called for what the sensor does or notices, or NULL.
  mp_log log;
  // Handed to `log` as it is.
  void *log_user;
} mp_config;

// One channel measurement. Zero the struct, set `size`, then what is known. The library reads it during the call
// only and keeps no pointer.
//
// Samples are complex pairs `[n_rx][n_sts][n_tones]`, tone fastest. There is no address in here: which transmitter
// is which link stays with the host.
typedef struct mp_frame {
  // `sizeof(mp_frame)`.
  uint32_t size;
  // The link's number, from 0, as the host chose it. A link is one transmitter in one shape: frames of another PPDU
  // format, width or number of chains need a number of their own, or each change begins the link afresh.
  uint16_t link;
  // `MP_FORMAT_*`.
  uint8_t format;
  // Sum of `MP_FRAME_*`.
  uint8_t flags;
  // Receive time in microseconds on the host's monotonic clock.
  uint64_t t_us;
  // The samples, aligned for their format.
  const void *samples;
  // Signed tone index of each sample of a chain, in any order, each once; or NULL for the standard map of `ppdu`,
  // `width_mhz` and `n_tones`: as many as exist, ascending, or all bins of the transform (see `MP_FRAME_CENTERED`).
  const int16_t *tones;
  // Length of `samples` in bytes.
  uint32_t samples_bytes;
  // Samples a chain.
  uint16_t n_tones;
  // Receive antennas.
  uint8_t n_rx;
  // Space-time streams.
  uint8_t n_sts;
  // Width of the PPDU in MHz: 20, 40, 80, 160, 320. 0 means 20.
  uint16_t width_mhz;
  // `MP_PPDU_*`.
  uint8_t ppdu;
  // Zero.
  uint8_t reserved;
  // Level of the packet in hundredths of a dBm, with `MP_FRAME_RSSI`.
  int16_t rssi_cdbm;
  // Noise floor in hundredths of a dBm, with `MP_FRAME_NOISE`.
  int16_t noise_cdbm;
  // Receiver gain that is inside the samples, in hundredths of a dB, with `MP_FRAME_GAIN`.
  int16_t gain_cdb;
  // Sequence number, with `MP_FRAME_SEQ`.
  uint16_t seq;
  // Zero.
  uint32_t reserved2;
} mp_frame;

// One RSSI reading: what every driver gives. Zero the struct, set `size`, then the rest.
typedef struct mp_rssi {
  // `sizeof(mp_rssi)`.
  uint32_t size;
  // The link's number, from 0, as the host chose it.
  uint16_t link;
  // 0 or `MP_RSSI_NOISE`.
  uint8_t flags;
  // Zero.
  uint8_t reserved;
  // Receive time in microseconds on the host's monotonic clock.
  uint64_t t_us;
  // Level in hundredths of a dBm.
  int16_t level_cdbm;
  // Noise floor in hundredths of a dBm, with `MP_RSSI_NOISE`.
  int16_t noise_cdbm;
  // Zero.
  uint32_t reserved2;
} mp_rssi;

// What one radio measured on its channel. Zero the struct, set `size`, then the rest. It may be told while sensing is
// off: it says nothing of who moves or who is there.
typedef struct mp_survey {
  // `sizeof(mp_survey)`.
  uint32_t size;
  // The node's number, 1 to 8, as the host chose it.
  uint8_t node;
  // `MP_BAND_*`.
  uint8_t band;
  // Primary 20 MHz channel, 1 to 233.
  uint8_t channel;
  // 1 if radar blocks the channel, else 0.
  uint8_t radar;
  // Width in use in MHz: 20, 40, 80, 160, 320. 0 means 20.
  uint16_t width_mhz;
  // Noise floor in dBm.
  int16_t noise_dbm;
  // Foreign networks heard.
  uint32_t neighbours;
  // Time that the channel was busy within `active_ms`.
  uint64_t busy_ms;
  // Time that was measured.
  uint64_t active_ms;
  // Stations served.
  uint32_t stations;
  // Zero.
  uint32_t reserved;
} mp_survey;

// What the node is doing.
typedef struct mp_status {
  // Version of the message vocabulary.
  uint8_t schema;
  // Level of exposure in force, 0 to 3.
  uint8_t level;
  // `MP_SENSING_*`.
  uint8_t sensing;
  // Sample source: 0 closed, 1 open, 2 fault.
  uint8_t source;
  // Time since start: 0 under an hour, 1 under a day, 2 under a week, 3 more.
  uint8_t uptime;
  // Frames decoded since sensing was switched off: 0.
  uint8_t frames_since_off;
  // History: 0 in memory, 1 on disk, 2 quarantined.
  uint8_t kept;
  // 0 the owner, 1 an operator.
  uint8_t managed_by;
  // What is left of the weekly budget, percent.
  uint8_t budget_left;
} mp_status;

// Motion and presence in one zone.
typedef struct mp_zone {
  // The zone's number, from 1.
  uint8_t zone;
  // `MP_ZONE_OFF`, `_UNKNOWN`, `_STILL` or `_MOVING`.
  uint8_t state;
  // `MP_ZONE_OFF`, `_UNKNOWN`, `_NO` or `_YES`.
  uint8_t present;
  // Motion level 0 to 9, 0 where nothing is known; from 5 on above the threshold.
  uint8_t level;
  // Slot (5 minutes of the day, 0 to 287) in which the state began, by `mp_sensor_set_clock`.
  uint16_t since;
  // How far the detectors have settled, 9 is fully.
  uint8_t calibration;
  // Zero.
  uint8_t reserved;
} mp_zone;

// One radio and its air, in classes.
typedef struct mp_radio {
  // The node's number, 1 to 8.
  uint8_t node;
  // `MP_BAND_*`.
  uint8_t band;
  // Primary 20 MHz channel.
  uint8_t channel;
  // Share of time that the channel is busy, in steps of 5 %, 0 to 20.
  uint8_t busy;
  // Width in MHz.
  uint16_t width_mhz;
  // Noise floor in steps of 3 dB: 0 below -95 dBm, 7 at or above -77 dBm.
  uint8_t noise;
  // Foreign networks heard: 0 none, 1 up to 3, 2 up to 7, 3 up to 15, 4 more.
  uint8_t neighbours;
  // Stations served, in the same classes.
  uint8_t stations;
  // 1 if radar blocks the channel.
  uint8_t radar;
} mp_radio;

// One link.
typedef struct mp_link {
  // Its handle of this epoch, which is not the host's link number. Drawn anew each 24 hours and by `mp_sensor_reset`.
  uint8_t handle;
  // 0 between two nodes, 1 heard for sensing.
  uint8_t kind;
  // How good it is, 9 is best.
  uint8_t quality;
} mp_link;

// Something that the library did or noticed.
typedef struct mp_event {
  // Slot (5 minutes of the day, 0 to 287) in which it happened, by `mp_sensor_set_clock`.
  uint16_t slot;
  // How many, or which.
  uint16_t number;
  // What: `MP_EVENT_*`. Skip a code that you do not know.
  uint8_t code;
  // Zero.
  uint8_t reserved;
} mp_event;

// The message itself. Look at the member that `kind` names.
typedef union mp_message_body {
  // With `MP_MESSAGE_STATUS`.
  struct mp_status status;
  // With `MP_MESSAGE_ZONE`.
  struct mp_zone zone;
  // With `MP_MESSAGE_RADIO`.
  struct mp_radio radio;
  // With `MP_MESSAGE_LINK`.
  struct mp_link link;
  // With `MP_MESSAGE_EVENT`.
  struct mp_event event;
  // Room for what later versions say.
  uint32_t reserved[6];
} mp_message_body;

// One message. Set `size` before the call.
typedef struct mp_message {
  // `sizeof(mp_message)`.
  uint32_t size;
  // `MP_MESSAGE_*`. Skip a kind that you do not know.
  uint8_t kind;
  // Zero.
  uint8_t reserved[3];
  // The message.
  union mp_message_body of;
} mp_message;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library as text, for a log. Never NULL; valid as long as the library is loaded.
const char *mp_version(void);

// The ABI that the library was built with. A program compares it with `MP_ABI` before anything else.
uint32_t mp_abi(void);

// One line of English for a result, for a log. Never NULL; valid as long as the library is loaded.
//
// Takes a plain number, so that any value is allowed.
const char *mp_strerror(int32_t result);

// Tells how many bytes `mp_sensor_init` needs for a configuration.
//
// # Safety
// Each pointer is NULL or points at what its type says; `config->size` bytes are there, and `config->link_zones`
// is NULL or has `config->links` entries.
mp_result mp_sensor_size(const struct mp_config *config,
                         size_t *bytes);

// Makes a sensor in the caller's memory. Sensing is off until `mp_sensor_set_sensing`.
//
// `memory` needs the alignment `MP_SENSOR_ALIGN` and the length that `mp_sensor_size` tells; it belongs to the sensor
// until `mp_sensor_fini` and must not be moved. No other memory is taken, now or later.
//
// # Safety
// As for `mp_sensor_size`; `memory` is NULL or points at `len` writable bytes that hold no live sensor, and `sensor`
// is NULL or writable.
mp_result mp_sensor_init(void *memory,
                         size_t len,
                         const struct mp_config *config,
                         struct mp_sensor **sensor);

// Feeds one channel measurement. `MP_OFF` if sensing is not on: then nothing of it is read but its link and time.
//
// # Safety
// `sensor` is NULL or came from `mp_sensor_init` and its memory is still there. `frame` is NULL or points at
// `frame->size` readable bytes; its `samples` at `samples_bytes` bytes, its `tones` at `n_tones` numbers, or NULL.
mp_result mp_sensor_push(struct mp_sensor *sensor,
                         const struct mp_frame *frame);

// Feeds one RSSI reading. `MP_OFF` if sensing is not on.
//
// # Safety
// `sensor` as for `mp_sensor_push`; `rssi` is NULL or points at `rssi->size` readable bytes.
mp_result mp_sensor_push_rssi(struct mp_sensor *sensor, const struct mp_rssi *rssi);

// Feeds what one radio measured of its channel, for its `mp_radio` message; the newest of each node and band counts.
//
// # Safety
// `sensor` as for `mp_sensor_push`; `survey` is NULL or points at `survey->size` readable bytes.
mp_result mp_sensor_push_survey(struct mp_sensor *sensor,
                                const struct mp_survey *survey);

// Lets time pass and takes the next message. Call it, with the same time, until it returns `MP_NONE`.
//
// Once a second a round of messages falls due: the status, each zone, each link, each radio, and what happened since. A caller who
// comes late gets the newest round only.
//
// # Safety
// `sensor` as for `mp_sensor_push`; `message` is NULL or points at `message->size` writable bytes.
mp_result mp_sensor_poll(struct mp_sensor *sensor,
                         uint64_t now_us,
                         struct mp_message *message);

// Writes the canonical bytes of the message that the last `mp_sensor_poll` gave: the same on every platform, at most
// `MP_MESSAGE_BYTES`. `MP_NONE` if there was none.
//
// # Safety
// `sensor` as for `mp_sensor_push`; `bytes` is NULL or points at `len` writable bytes, `written` is NULL or writable.
mp_result mp_message_encode(struct mp_sensor *sensor,
                            uint8_t *bytes,
                            size_t len,
                            size_t *written);

// Switches sensing: `MP_SENSING_ON` (which ends a pause too), `MP_SENSING_OFF`, or `MP_SENSING_PAUSED` for
// `pause_minutes`: 15, 60, or 0 until switched on. Whoever calls this with `MP_SENSING_ON` answers for the household's
// consent. Off and paused take effect at once and forget what the detectors held. A pause ends by the time of
// `mp_sensor_poll`, not by that of a frame.
//
// # Safety
// `sensor` as for `mp_sensor_push`.
mp_result mp_sensor_set_sensing(struct mp_sensor *sensor,
                                uint64_t now_us,
                                uint8_t sensing,
                                uint32_t pause_minutes);

// Switches one zone off (`on` 0) or on again (1) while sensing as a whole is on.
//
// # Safety
// `sensor` as for `mp_sensor_push`.
mp_result mp_sensor_set_zone(struct mp_sensor *sensor, uint64_t now_us, uint8_t zone, uint8_t on);

// Tells the time of day at `now_us`, 0 to 86399 s, for the slots in messages. Until then the day begins at time 0.
//
// # Safety
// `sensor` as for `mp_sensor_push`.
mp_result mp_sensor_set_clock(struct mp_sensor *sensor,
                              uint64_t now_us,
                              uint32_t second_of_day);

// Erases what is known of one zone, or of all with 0: at once, for anybody who asks the host for it. What is erased is
// unknown, not still. With 0 the radios and the events go too, and links get new handles. An event says that it happened.
//
// # Safety
// `sensor` as for `mp_sensor_push`.
mp_result mp_sensor_erase(struct mp_sensor *sensor,
                          uint64_t now_us,
                          uint8_t zone);

// Starts the sensor anew, with time from 0: forgets all that was learnt, counted and queued. Configuration, time of day
// and switches stay.
//
// # Safety
// `sensor` as for `mp_sensor_push`.
mp_result mp_sensor_reset(struct mp_sensor *sensor);

// Ends a sensor and wipes its memory, which is the caller's again. NULL is fine.
//
// # Safety
// `sensor` as for `mp_sensor_push`; it is not used again.
mp_result mp_sensor_fini(struct mp_sensor *sensor);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MILLPOND_H */

#ifdef MP_CORE_ARCHIVE
/*
 * libmillpond-core.a has nothing to catch a panic with. The host supplies this function: stop the device or the task.
 * It must not return.
 */
#ifdef __cplusplus
extern "C"
#endif
void mp_on_panic(void);
#endif
