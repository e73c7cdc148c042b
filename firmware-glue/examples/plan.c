/*
 * A home in arrays to a plan: three pods, four stations, and a neighbour who fills the channel in use. Prints each
 * decision with its reasons. It is the home of optimizer/examples/three-pods.json; the library has the feature `plan`.
 */
#include "millpond_plan.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))
#define ROOM 16

enum { HALL = 1, KITCHEN, BEDROOM };
enum { RADIO_2G, RADIO_5G };
enum { TV, LAPTOP, PHONE, DOORBELL };

static const mp_site_node nodes[] = {
    {.size = sizeof(mp_site_node), .gateway = 1},
    {.size = sizeof(mp_site_node), .parent = HALL, .parent_radio = RADIO_5G, .radio = RADIO_5G},
    {.size = sizeof(mp_site_node), .parent = KITCHEN, .parent_radio = RADIO_5G, .radio = RADIO_5G},
};

#define ON_2G(pod)                                                                                                    \
    {.size = sizeof(mp_site_radio), .node = pod, .radio = RADIO_2G, .band = MP_BAND_2, .widths = MP_WIDTH_20,         \
     .max_eirp_dbm = 23, .channel = 6, .width_mhz = 20, .eirp_dbm = 23}
#define ON_5G(pod)                                                                                                    \
    {.size = sizeof(mp_site_radio), .node = pod, .radio = RADIO_5G, .band = MP_BAND_5,                                \
     .widths = MP_WIDTH_20 | MP_WIDTH_40 | MP_WIDTH_80, .max_eirp_dbm = 27, .channel = 36, .width_mhz = 80,            \
     .eirp_dbm = 27}
static const mp_site_radio radios[] = {
    ON_2G(HALL), ON_5G(HALL), ON_2G(KITCHEN), ON_5G(KITCHEN), ON_2G(BEDROOM), ON_5G(BEDROOM),
};

#define LOSS(x, y, in, db) {.size = sizeof(mp_site_loss), .a = x, .b = y, .band = in, .loss_db = db}
static const mp_site_loss losses[] = {
    LOSS(HALL, KITCHEN, MP_BAND_2, 62),    LOSS(HALL, KITCHEN, MP_BAND_5, 69),    LOSS(HALL, BEDROOM, MP_BAND_2, 70),
    LOSS(HALL, BEDROOM, MP_BAND_5, 77),    LOSS(KITCHEN, BEDROOM, MP_BAND_2, 66), LOSS(KITCHEN, BEDROOM, MP_BAND_5, 73),
};

static const mp_site_client clients[] = {
    {.size = sizeof(mp_site_client), .demand_kbps = 180000, .node = HALL, .radio = RADIO_5G, .stays = 1},
    {.size = sizeof(mp_site_client), .demand_kbps = 150000, .node = HALL, .radio = RADIO_2G},
    {.size = sizeof(mp_site_client), .demand_kbps = 120000, .node = BEDROOM, .radio = RADIO_5G, .refusals = 2},
    {.size = sizeof(mp_site_client), .demand_kbps = 2000, .streams = 1, .max_width_mhz = 20, .ppdu = MP_PPDU_HT,
     .node = HALL, .radio = RADIO_2G, .stays = 1},
};

#define HEARD(who, pod, in, db) {.size = sizeof(mp_site_client_loss), .client = who, .node = pod, .band = in, .loss_db = db}
static const mp_site_client_loss client_losses[] = {
    HEARD(TV, HALL, MP_BAND_5, 58),        HEARD(TV, HALL, MP_BAND_2, 51),        HEARD(LAPTOP, HALL, MP_BAND_5, 82),
    HEARD(LAPTOP, HALL, MP_BAND_2, 75),    HEARD(LAPTOP, KITCHEN, MP_BAND_5, 60), HEARD(LAPTOP, KITCHEN, MP_BAND_2, 53),
    HEARD(PHONE, BEDROOM, MP_BAND_5, 57),  HEARD(PHONE, BEDROOM, MP_BAND_2, 50),  HEARD(PHONE, KITCHEN, MP_BAND_5, 74),
    HEARD(DOORBELL, HALL, MP_BAND_2, 68),
};

#define BUSY(in, on, permille, noise)                                                                                 \
    {.size = sizeof(mp_survey), .node = HALL, .band = in, .channel = on, .busy_ms = permille, .active_ms = 1000,      \
     .noise_dbm = noise}
static const mp_survey surveys[] = {
    BUSY(MP_BAND_2, 6, 420, -93), BUSY(MP_BAND_5, 36, 680, -95), BUSY(MP_BAND_5, 149, 40, -95),
};

#define FOREIGN(pod, in, on, wide, level, duty)                                                                       \
    {.size = sizeof(mp_site_neighbour), .node = pod, .band = in, .channel = on, .width_mhz = wide, .level_dbm = level, \
     .duty_permille = duty}
static const mp_site_neighbour neighbours[] = {
    FOREIGN(HALL, MP_BAND_2, 6, 20, -58, 350),     FOREIGN(HALL, MP_BAND_2, 1, 20, -74, 120),
    FOREIGN(HALL, MP_BAND_5, 44, 80, -66, 650),    FOREIGN(KITCHEN, MP_BAND_5, 44, 80, -61, 650),
    FOREIGN(BEDROOM, MP_BAND_5, 149, 80, -80, 60),
};

static const mp_site_dfs dfs[] = {
    {.size = sizeof(mp_site_dfs), .channel = 100, .events_30d = 3},
    {.size = sizeof(mp_site_dfs), .channel = 120, .events_30d = 1, .blocked = 1},
};

static void print(const mp_decision *d)
{
    static const char *const kinds[] = {"keep", "channel", "width", "power", "steer"};
    static const char *const codes[] = {"busy",  "overlap", "noise",  "capacity", "backhaul",  "load",       "dfs",
                                        "radar", "churn",   "window", "pin",      "objection", "capability", "regulatory",
                                        "refusal", "limit"};
    unsigned i;

    printf("%s node %u band %u: %u/%u MHz %u dBm -> node %u band %u: %u/%u MHz %u dBm, because", kinds[d->kind], d->from.node,
           d->from.band, d->from.channel, d->from.width_mhz, d->from.eirp_dbm, d->to.node, d->to.band, d->to.channel,
           d->to.width_mhz, d->to.eirp_dbm);
    for (i = 0; i < d->n_reasons; i++)
        printf(" %s %+d", codes[d->reasons[i].code], (int)d->reasons[i].weight_milli);
    printf("\n");
}

int main(void)
{
    static mp_decision decisions[ROOM];
    char fault[256];
    size_t count = 0, i;
    mp_site site;
    mp_result r;

    memset(&site, 0, sizeof site);
    site.size = sizeof site;
    site.abi = MP_ABI;
    memcpy(site.country, "US", 2);
    site.nodes = nodes;
    site.n_nodes = COUNT(nodes);
    site.radios = radios;
    site.n_radios = COUNT(radios);
    site.losses = losses;
    site.n_losses = COUNT(losses);
    site.clients = clients;
    site.n_clients = COUNT(clients);
    site.client_losses = client_losses;
    site.n_client_losses = COUNT(client_losses);
    site.surveys = surveys;
    site.n_surveys = COUNT(surveys);
    site.neighbours = neighbours;
    site.n_neighbours = COUNT(neighbours);
    site.dfs = dfs;
    site.n_dfs = COUNT(dfs);

    for (i = 0; i < ROOM; i++)
        decisions[i].size = sizeof decisions[i];
    r = mp_plan(&site, decisions, ROOM, &count, fault, sizeof fault);
    if (r != MP_OK) {
        fprintf(stderr, "plan: %s%s%s\n", mp_strerror((int32_t)r), r == MP_ERR_SITE ? ": " : "", r == MP_ERR_SITE ? fault : "");
        return 1;
    }
    for (i = 0; i < count; i++)
        print(&decisions[i]);
    return 0;
}
