/* The simulator as a child process of a command with --simulate, and the resulting changes to the
 * profile. */
#ifndef RUSHHOUR_RUN_SIMULATED_H
#define RUSHHOUR_RUN_SIMULATED_H

#include "base/clock.h"
#include "base/error.h"
#include "net/connect_override.h"
#include "net/loop_gauge.h"
#include "profile/profile.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define CONNECT_OVERRIDES_MOST 64

struct simulated {
    /* filled in by the command */
    uv_loop_t *loop;
    struct profile *profile;
    uint64_t seed; /* of its latencies and faults */
    bool by_user;  /* simulator_options */
    unsigned shard;
    char *ledger;                /* its ledger file; NULL if none */
    const unsigned *interrupts;  /* more than 0: stop waiting for it */
    void (*on_lost)(void *user); /* called if it ended unexpectedly; may be NULL */
    void *user;
    /* filled in by simulated_start */
    /* its address for each region */
    struct connect_override connect_overrides[CONNECT_OVERRIDES_MOST];
    size_t connect_override_count;
    char *ca_file; /* of its certificate authority; NULL: it did not start */
    struct simulator_process *process;
};

/*
 * Starts the simulator and waits until it is ready: fills in the connect_overrides and the CA, and
 * gives the profile's regions its key and, if they have a proxy, its own proxy. Call simulated_stop
 * and simulated_free whatever it returns.
 */
MUST_USE enum err_code simulated_start(struct simulated *simulated, struct error *err);

/* Sends it the clock of the command. */
void simulated_clock(struct simulated *simulated, const struct run_clock *clock);

/* For engine_options.peer_turns: how its loop has kept up so far, as it said last; `simulated` is a
 * struct simulated. */
void simulated_turns(void *simulated, struct loop_turns *out);

/* Ends it and waits until its ledger is complete. ERR_IO if it had failed. Does nothing if there is
 * none. */
MUST_USE enum err_code simulated_stop(struct simulated *simulated, struct error *err);

/* Frees what simulated_start filled in. */
void simulated_free(struct simulated *simulated);

#endif
