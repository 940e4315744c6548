/* One region as served by the simulator, and what all regions of one simulator share. */
#ifndef RUSHHOUR_SIMULATOR_SITE_H
#define RUSHHOUR_SIMULATOR_SITE_H

#include "net/server.h"
#include "net/timers.h"
#include "profile/profile.h"
#include "simulator/below.h"
#include "simulator/detector.h"
#include "simulator/identifier.h"
#include "simulator/ledger.h"
#include "simulator/quota.h"
#include "simulator/request.h"
#include "simulator/script.h"

/* Shared by every region. All of it belongs to the loop's thread. */
struct service {
    const struct simulator_plan *plan;
    struct run_clock clock;
    struct timers *timers;
    struct identifiers ids;
    struct ledger *ledger;
    struct text draft;          /* the event being composed */
    char *audio[AUDIO_CODINGS]; /* base64 of one audio delta: silence; NULL: of no bytes */
    uint64_t audio_ms;          /* its duration, at 24 kHz */
    struct visit *visits;       /* every open connection */
    bool by_user;               /* request ids name users (simulator_options) */
    uint64_t shard;
};

/* Those whose lots go by the order in which they come. */
enum comer { COMER_CONNECTION, COMER_CONNECT, COMER_VISIT, COMER_COUNT };

struct site {
    struct service *service;
    const struct region *region;
    struct request_site gate; /* its key and secrets are those below */
    struct issued_secrets secrets;
    char key[85];
    struct script script;
    uint64_t came[COMER_COUNT]; /* so far */
    struct quota quota;
    bool limits_told;              /* a 101 has sent them */
    struct tls_identity *identity; /* NULL: plain HTTP, like the region's endpoint */
    struct ws_server *server;
    struct below below;
};

/* The run's time of day, in ns since 1970 UTC, at a monotonic time. */
int64_t service_wall(const struct service *service, uint64_t mono_ns);

/* A stretch of the run's clock on this machine, and the other way round (PHASE_UNSEEN stays). */
uint64_t service_real(const struct service *service, int64_t run_ns);
uint64_t service_run(const struct service *service, uint64_t real_ns);

/* The name of the model behind a region, as its sessions tell it. */
const char *site_model(const struct site *site);

/* The lot of the next one to come. */
struct lot site_next(struct site *site, enum comer comer);

/* Draws the delay of a step at a site now, in this machine's time; `draw` is its number in the
 * lot. */
uint64_t site_delay(struct site *site, enum step step, struct lot lot, uint64_t draw,
                    uint64_t mono_ns);

/* Appends rate_limits.updated: what is left of the quota (preview includes requests). */
void site_rate_limits(struct site *site, bool preview, uint64_t mono_ns, struct text *out);

/* Appends the headers that the service adds to a 101 or a refusal: date; request ids and region
 * (Azure only). */
void site_headers(struct site *site, const char *client_request_id, struct text *out);

/* Azure's display name of a region whose short name is known ("eastus2": "East US 2"); else the
 * name itself. */
const char *site_region_display(const char *name);

#endif
