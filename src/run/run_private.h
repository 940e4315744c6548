/* `rushhour run`, in parts: the plan (run_plan.c), the simulator beside it (simulated.c), the wait
 * for the start (run_wait.c), the drive (run_drive.c), its metrics endpoint (run_metrics.c) and
 * what is left of it (run_finish.c). run.c reads the command line and goes through them. */
#ifndef RUSHHOUR_CLI_RUN_H
#define RUSHHOUR_CLI_RUN_H

#include "base/clock.h"
#include "base/text.h"
#include "cli/options.h"
#include "engine/engine.h"
#include "profile/profile.h"
#include "record/run_writer.h"
#include "run/simulated.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* The command line of run, as given. */
struct run_flags {
    const char *output, *duration, *sessions, *rate, *seed, *workers, *inconclusive, *shard,
        *start_at, *evidence_limit, *metrics;
    struct option_list regions, connect_to;
    bool simulate, dry_run, yes, json, quiet, no_color;
};

struct run {
    struct run_flags flags;
    struct profile *profile;
    uint64_t seed;
    unsigned workers;
    struct shard shard;  /* of the plan */
    int64_t start_at_ns; /* real time, since 1970 UTC; 0: as soon as everything is ready */
    struct text folder;  /* of the run */
    char id[128];
    struct connect_override connect_overrides[DETOUR_MAX]; /* of --connect-to */
    size_t connect_override_count;
    struct simulated simulated;
    uv_loop_t loop;
    struct run_writer *writer;
    struct engine *engine;
    struct live_view *view;      /* while the load is driven */
    struct run_metrics *metrics; /* of --metrics, or NULL */
    struct run_clock clock;
    uint64_t ended_mono_ns;
    uv_signal_t interrupt, terminate, hangup;
    unsigned interrupts; /* how often Ctrl-C or SIGTERM came */
    bool driving;        /* the engine runs: an interrupt is for it */
    bool driven;         /* the engine has run: the folder holds a run */
};

/* run_plan.c: applies the flags that override keys and checks what only a run can know; nothing is
 * touched yet. */
MUST_USE enum err_code run_plan(struct run *run, struct error *err);

/* Appends what the run would do and cost: the contract's dry-run JSON, or a table. */
void run_plan_report(const struct run *run, bool json, struct text *out);

/* run_plan.c: "1/3", as run.json has it. */
void run_shard_name(const struct run *run, char out[24]);

/* run_signals.c: from here to the end Ctrl-C and SIGTERM end the run in order: while the engine
 * runs, the first one drains it and the second one stops it; before, the run is called off; after,
 * what is being written is written whole. */
MUST_USE enum err_code run_signals_open(struct run *run, struct error *err);
void run_signals_close(struct run *run);

/* run_wait.c: sets the monotonic start of the load to the moment of --start-at and waits until just
 * before it, running the loop. ERR_USAGE when it has passed already. */
MUST_USE enum err_code run_wait(struct run *run, struct error *err);

/* run_metrics.c: the endpoint of --metrics; each does nothing without it. `plan` reads the flag;
 * `open` listens, and a port that is taken is ERR_NET. `finish` tells that the figures are final
 * and waits until a scraper that was there has them, a minute at most. After `close` the loop must
 * run once more, and `free` is the last. */
MUST_USE enum err_code run_metrics_plan(struct run *run, struct error *err);
MUST_USE enum err_code run_metrics_open(struct run *run, struct error *err);
void run_metrics_finish(struct run *run);
void run_metrics_close(struct run *run);
void run_metrics_free(struct run *run);

/* run_drive.c: drives the load to its end, with the live view. */
MUST_USE enum err_code run_drive(struct run *run, struct error *err);

/* run_finish.c: writes the manifest of the start, or of the state that the engine is in now. */
MUST_USE enum err_code run_write_manifest(struct run *run, bool ended, struct error *err);

/* Reads the folder back, completes run.json, writes the reports, prints the result; *status is the
 * exit status. */
MUST_USE enum err_code run_finish(struct run *run, int *status, struct error *err);

#endif
