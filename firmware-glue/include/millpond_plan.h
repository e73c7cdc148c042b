
/*
 * Millpond's planner: channels, widths, powers and client moves, with reasons. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Made from the Rust source by cbindgen; do not edit. Only in a library that was built with the feature `plan`.
 */

#ifndef MILLPOND_PLAN_H
#define MILLPOND_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include "millpond.h"

// Most entries of one array of an `mp_site`.
#define MP_SITE_ENTRIES_MAX 4096

// Most reasons of one decision: one of each code, so that none is left out.
#define MP_REASONS_MAX 16

// Most losers of one decision.
#define MP_LOSERS_MAX 8

// Bytes of an encoded decision.
#define MP_DECISION_BYTES 158

// Each radio has a channel of its own. Without it, the radios of a band share one.
#define MP_SITE_PER_RADIO 1

// Clients stay where they are.
#define MP_SITE_NO_STEERING 2

// Uplinks stay as they are.
#define MP_SITE_NO_UPLINKS 4

// The radio can use 20 MHz.
#define MP_WIDTH_20 1

// The radio can use 40 MHz.
#define MP_WIDTH_40 2

// The radio can use 80 MHz.
#define MP_WIDTH_80 4

// The radio can use 160 MHz.
#define MP_WIDTH_160 8

// The radio can use 320 MHz.
#define MP_WIDTH_320 16

// The radio cannot detect radar, so DFS channels are out.
#define MP_RADIO_NO_DFS 1

// The radio has transmit power control.
#define MP_RADIO_TPC 2

// The household fixed this.
#define MP_RULE_PIN 1

// The household ruled this out.
#define MP_RULE_OBJECTION 2

// A rule on radios: `band`, and where given `node`, `channel` and `width_mhz`.
#define MP_RULE_RADIO 1

// A rule on the uplink of `node`: where given `parent` and `band`.
#define MP_RULE_UPLINK 2

// A rule on `client`: where given `node` and `band`.
#define MP_RULE_CLIENT 3

// Nothing changes.
#define MP_DECISION_KEEP 0

// Another channel.
#define MP_DECISION_CHANNEL 1

// Another width.
#define MP_DECISION_WIDTH 2

// Another power.
#define MP_DECISION_POWER 3

// A client moves.
#define MP_DECISION_STEER 4

// `code` of a reason: foreign traffic keeps the channel busy.
#define MP_REASON_BUSY 0

// `code` of a reason: it overlaps with a radio of the same home or block.
#define MP_REASON_OVERLAP 1

// `code` of a reason: noise.
#define MP_REASON_NOISE 2

// `code` of a reason: what the clients could get.
#define MP_REASON_CAPACITY 3

// `code` of a reason: what the backhaul could get.
#define MP_REASON_BACKHAUL 4

// `code` of a reason: demand.
#define MP_REASON_LOAD 5

// `code` of a reason: radar rules: listening time, past events.
#define MP_REASON_DFS 6

// `code` of a reason: radar was seen.
#define MP_REASON_RADAR 7

// `code` of a reason: the disturbance of a switch.
#define MP_REASON_CHURN 8

// `code` of a reason: outside the household's window.
#define MP_REASON_WINDOW 9

// `code` of a reason: pinned by the household.
#define MP_REASON_PIN 10

// `code` of a reason: objected to by the household.
#define MP_REASON_OBJECTION 11

// `code` of a reason: the radio or its clients cannot.
#define MP_REASON_CAPABILITY 12

// `code` of a reason: the regulatory table forbids it.
#define MP_REASON_REGULATORY 13

// `code` of a reason: clients refused before.
#define MP_REASON_REFUSAL 14

// `code` of a reason: the switch budget is spent.
#define MP_REASON_LIMIT 15

// One access point.
typedef struct mp_site_node {
  // `sizeof(mp_site_node)`.
  uint32_t size;
  // Number of the home that it serves, 0 where there is one.
  uint8_t home;
  // 1 for the node of the home that has the internet line.
  uint8_t gateway;
  // Node that its wireless uplink goes to, 0 where there is none.
  uint8_t parent;
  // Radio of the parent.
  uint8_t parent_radio;
  // Its own radio.
  uint8_t radio;
  // Zero.
  uint8_t reserved[3];
} mp_site_node;

// One radio of a node.
typedef struct mp_site_radio {
  // `sizeof(mp_site_radio)`.
  uint32_t size;
  // Its node, from 1.
  uint8_t node;
  // Its number in the node.
  uint8_t radio;
  // `MP_BAND_*`.
  uint8_t band;
  // Spatial streams. 0 means 2.
  uint8_t streams;
  // Widths that it can use, sum of `MP_WIDTH_*`.
  uint16_t widths;
  // Highest EIRP of the hardware in dBm.
  int16_t max_eirp_dbm;
  // Sum of `MP_RADIO_*`.
  uint8_t flags;
  // Primary channel in use, 0 where none is.
  uint8_t channel;
  // Centre channel where primary and width leave a choice, else 0.
  uint8_t center;
  // EIRP in use, dBm.
  int8_t eirp_dbm;
  // Width in use, MHz.
  uint16_t width_mhz;
  // Zero.
  uint16_t reserved;
} mp_site_radio;

// What lies between two nodes.
typedef struct mp_site_loss {
  // `sizeof(mp_site_loss)`.
  uint32_t size;
  // One node.
  uint8_t a;
  // The other.
  uint8_t b;
  // `MP_BAND_*`, or 0 for a cable.
  uint8_t band;
  // Zero.
  uint8_t reserved;
  // EIRP less received level, dB.
  int32_t loss_db;
} mp_site_loss;

// One station.
typedef struct mp_site_client {
  // `sizeof(mp_site_client)`.
  uint32_t size;
  // What it wants in the busy hour, kb/s.
  uint32_t demand_kbps;
  // Its weight in thousandths. 0 means 1000.
  uint32_t weight_milli;
  // Requests to move that it refused in the last 30 days.
  uint32_t refusals;
  // Spatial streams. 0 means 2.
  uint8_t streams;
  // Newest PPDU format, `MP_PPDU_HT` to `MP_PPDU_EHT`. 0 means `MP_PPDU_HE`.
  uint8_t ppdu;
  // Widest channel that it can use, MHz. 0 means 80.
  uint16_t max_width_mhz;
  // Node that serves it, 0 where that is not known.
  uint8_t node;
  // Radio of that node.
  uint8_t radio;
  // 1 if it ignores requests to move.
  uint8_t stays;
  // Zero.
  uint8_t reserved;
} mp_site_client;

// Path loss between a node and a station.
typedef struct mp_site_client_loss {
  // `sizeof(mp_site_client_loss)`.
  uint32_t size;
  // The client, from 0.
  uint32_t client;
  // The node, from 1.
  uint8_t node;
  // `MP_BAND_*`.
  uint8_t band;
  // EIRP less received level, dB.
  int16_t loss_db;
} mp_site_client_loss;

// A network that a node hears.
typedef struct mp_site_neighbour {
  // `sizeof(mp_site_neighbour)`.
  uint32_t size;
  // The node that hears it.
  uint8_t node;
  // `MP_BAND_*`.
  uint8_t band;
  // Its primary channel.
  uint8_t channel;
  // Its centre channel where primary and width leave a choice, else 0.
  uint8_t center;
  // Its width, MHz. 0 means 20.
  uint16_t width_mhz;
  // Level at the node, dBm.
  int16_t level_dbm;
  // Share of time that it sends, in thousandths. 0 means that it is not known.
  uint16_t duty_permille;
  // Zero.
  uint16_t reserved;
} mp_site_neighbour;

// Radar history of one 20 MHz channel at 5 GHz.
typedef struct mp_site_dfs {
  // `sizeof(mp_site_dfs)`.
  uint32_t size;
  // Detections in the last 30 days.
  uint32_t events_30d;
  // The channel.
  uint8_t channel;
  // 1 while it may not be used.
  uint8_t blocked;
  // Zero.
  uint8_t reserved[2];
} mp_site_dfs;

// A pin or an objection. Members that are 0 match anything.
typedef struct mp_site_rule {
  // `sizeof(mp_site_rule)`.
  uint32_t size;
  // `MP_RULE_PIN` or `MP_RULE_OBJECTION`.
  uint8_t rule;
  // `MP_RULE_RADIO`, `MP_RULE_UPLINK` or `MP_RULE_CLIENT`.
  uint8_t what;
  // The node, from 1.
  uint8_t node;
  // `MP_BAND_*`.
  uint8_t band;
  // The primary channel.
  uint8_t channel;
  // The parent, from 1.
  uint8_t parent;
  // The width, MHz.
  uint16_t width_mhz;
  // The client, from 0; for `MP_RULE_CLIENT`.
  uint32_t client;
} mp_site_rule;

// A home as the planner takes it. Zero the struct, set `size` and `abi`, then what is known. Nodes, radios and
// clients have numbers and no names; there is no address in here. Every array may be NULL where its length is 0.
// `optimizer/docs/site.md` explains each quantity.
typedef struct mp_site {
  // `sizeof(mp_site)`.
  uint32_t size;
  // `MP_ABI`.
  uint32_t abi;
  // ISO 3166 country code in capitals.
  char country[2];
  // Sum of `MP_SITE_*`.
  uint8_t flags;
  // Zero.
  uint8_t reserved;
  // What one change costs in thousandths of the objective. 0 means 20.
  uint32_t switch_cost_milli;
  // Where the search starts. The same site and seed give the same plan.
  uint32_t seed;
  // Slot of the day (5 minutes, 0 to 287) that the decisions bear.
  uint16_t slot;
  // Number of the first decision.
  uint16_t first_number;
  // Rounds of search. 0 means 8.
  uint32_t rounds;
  // Length of `nodes`, 1 to 8.
  uint32_t n_nodes;
  // Length of `radios`.
  uint32_t n_radios;
  // Length of `losses`.
  uint32_t n_losses;
  // Length of `clients`.
  uint32_t n_clients;
  // Length of `client_losses`.
  uint32_t n_client_losses;
  // Length of `surveys`.
  uint32_t n_surveys;
  // Length of `neighbours`.
  uint32_t n_neighbours;
  // Length of `dfs`.
  uint32_t n_dfs;
  // Length of `rules`.
  uint32_t n_rules;
  // The access points: the first is node 1.
  const struct mp_site_node *nodes;
  // Their radios.
  const struct mp_site_radio *radios;
  // Path losses and cables between nodes.
  const struct mp_site_loss *losses;
  // The stations that want airtime: the first is client 0.
  const struct mp_site_client *clients;
  // Path losses between nodes and clients.
  const struct mp_site_client_loss *client_losses;
  // What nodes measured of channels. With `radar` set, the channel may not be used now.
  const mp_survey *surveys;
  // Networks that we hear and do not control.
  const struct mp_site_neighbour *neighbours;
  // Radar seen before.
  const struct mp_site_dfs *dfs;
  // Pins and objections of the household.
  const struct mp_site_rule *rules;
} mp_site;

// One setting of one radio.
typedef struct mp_setting {
  // The node, from 1.
  uint8_t node;
  // `MP_BAND_*`.
  uint8_t band;
  // Primary channel.
  uint8_t channel;
  // EIRP, dBm.
  uint8_t eirp_dbm;
  // Width, MHz.
  uint16_t width_mhz;
  // Zero.
  uint16_t reserved;
} mp_setting;

// One term of a decision's gain.
typedef struct mp_reason {
  // What it says for the setting taken, in thousandths; negative against it.
  int32_t weight_milli;
  // `MP_REASON_*`.
  uint8_t code;
  // Zero.
  uint8_t reserved[3];
} mp_reason;

// A setting that was not taken.
typedef struct mp_loser {
  // The setting.
  struct mp_setting option;
  // What spoke against it most, `MP_REASON_*`.
  uint8_t code;
  // Zero.
  uint8_t reserved[3];
} mp_loser;

// One decision with its reasons. Set `size` of each entry of the array before the call.
typedef struct mp_decision {
  // `sizeof(mp_decision)`.
  uint32_t size;
  // Running number.
  uint16_t number;
  // Slot of the day in which it was made.
  uint16_t slot;
  // `MP_DECISION_*`.
  uint8_t kind;
  // Length of `reasons`.
  uint8_t n_reasons;
  // Length of `losers`.
  uint8_t n_losers;
  // 1 if `flip` is given.
  uint8_t has_flip;
  // Setting before.
  struct mp_setting from;
  // Setting after.
  struct mp_setting to;
  // The terms of the gain, weightiest first.
  struct mp_reason reasons[MP_REASONS_MAX];
  // The settings that were not taken, best first.
  struct mp_loser losers[MP_LOSERS_MAX];
  // The input whose smallest change would change the decision, and the value that it would need.
  struct mp_reason flip;
  // Gain that is expected of the whole plan, tenths of a percent.
  int16_t expected_tenths;
  // Length of `bytes`.
  uint16_t n_bytes;
  // The decision's canonical bytes, the same on every platform.
  uint8_t bytes[MP_DECISION_BYTES];
  // Zero.
  uint16_t reserved;
} mp_decision;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Plans a home: which radio shall use which channel, width and power, which client shall move, and why. Nothing of it
// is kept, and nothing is applied: that is the host's.
//
// Writes the decisions, `*count` of them, into an array that has room for `room`; each entry's `size` is set before the
// call. Their number is at most that of radios and clients. `MP_ERR_BUFFER` if there is less room: then only `*count` is
// written. `MP_ERR_SITE` if the home cannot be planned: then `fault`, unless it is NULL, holds as much as fits of a text
// that says where and what to do, and ends in a NUL.
//
// It needs no sensor, takes memory from the heap while it works and gives it back, and starts no thread. A home of five
// nodes takes some milliseconds on a desktop machine.
//
// # Safety
// `site` is NULL or points at `site->size` readable bytes; each of its arrays has as many entries as its length says, each
// as large as its first one's `size` says. `decisions` is NULL or has room for `room` entries, `count` is NULL or
// writable, `fault` is NULL or points at `fault_len` writable bytes.
mp_result mp_plan(const struct mp_site *site,
                  struct mp_decision *decisions,
                  size_t room,
                  size_t *count,
                  char *fault,
                  size_t fault_len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MILLPOND_PLAN_H */
