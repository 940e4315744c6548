/*
 * A substitute for the service: one listener per region of a profile, all on one loop, with
 * scripted latency and faults and a ledger of the truth. See profile/profile.h, struct
 * simulator_plan, for what can be scripted.
 */
#ifndef RUSHHOUR_SIMULATOR_SIMULATOR_H
#define RUSHHOUR_SIMULATOR_SIMULATOR_H

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "net/loop_gauge.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct simulator;

struct simulator_options {
    const struct profile *profile; /* borrowed until simulator_free */
    const char *listen;            /* numeric address; NULL: 127.0.0.1 */
    const char *ledger_file;       /* NULL: no ledger */
    const char *ca_file; /* where to write the root certificate; NULL: a fresh file in $TMPDIR,
                            removed at the end */
    uint64_t seed;
    bool by_user;   /* request ids are those of a run: each user meets what the seed has for it,
                       in whatever order they come. Otherwise their order decides */
    uint64_t shard; /* of the run: keeps what goes by the order of arrival apart */
    struct run_clock clock; /* the time of day for the rules; simulator_set_clock may replace it */
};

/*
 * Starts listening on the loop. A clock of speed 0 means the wall clock. On failure everything is
 * undone except handles that the loop still has to close: run it once before uv_loop_close; err
 * names the region.
 */
MUST_USE enum err_code simulator_start(uv_loop_t *loop, const struct simulator_options *options,
                                       struct simulator **out, struct error *err);

/* Appends the ready line of the contract with its newline: ca_file, the proxy that leads to every
 * region and, per region, host, address, deployment, api_key. An address is numeric except for a
 * region whose name must not resolve. */
void simulator_ready(const struct simulator *simulator, struct text *out);

/* Replaces the clock, from whose origin on the loop's turns are counted; only before the first
 * session. */
void simulator_set_clock(struct simulator *simulator, const struct run_clock *clock);

/* How often the loop looked at its timers, every 10 ms where it is in time, and how often it was so
 * late that a run would call its own loop late (record/health.h): what the client then measures is
 * this machine, not the scripted service. */
void simulator_turns(const struct simulator *simulator, struct loop_turns *out);

/* Ends every connection and listener, and writes and closes the ledger; err reports a ledger that
 * could not be written. Run the loop afterwards until it is empty, then call simulator_free. */
MUST_USE enum err_code simulator_stop(struct simulator *simulator, struct error *err);
void simulator_free(struct simulator *simulator);

#endif
