/* A run under way, as its parts share it: its state and words (look.c), the wait for the start
 * (wait.c), the drive (drive.c), its metrics endpoint (metrics.c), and its end (finish.c). */
#ifndef RUSHHOUR_RUN_RUN_PRIVATE_H
#define RUSHHOUR_RUN_RUN_PRIVATE_H

#include "record/run_writer.h"
#include "run/run.h"
#include "run/simulated.h"
#include "run/snapshot.h"

struct run {
    uv_loop_t *loop;
    const struct run_options *options;
    struct run_plan plan;
    struct simulated simulated;
    struct run_writer *writer;
    struct engine *engine;
    struct live_view *view;  /* while the load is driven */
    struct metrics *metrics; /* of the metrics endpoint, or NULL */
    struct snapshot_store seen;
    int64_t created_ns;     /* when its counters started: real time, since 1970 UTC */
    uint64_t ended_mono_ns; /* when the load ended; 0: not yet */
    unsigned stops;         /* how often it was asked to end */
    uv_timer_t grace;       /* of run_stop_within; its loop is NULL until then */
    int64_t grace_ns;       /* that turns in flight have since then */
    uint64_t gone_ns;       /* when the process must be gone, monotonic; 0: whenever it is done */
    struct text fault;      /* what run.json must say of its folder: what is missing in it */
    bool driving;           /* the engine is running and takes the stop */
    bool driven;            /* the engine has run: the folder holds a run */
};

/* look.c: the run at this moment; valid until the next call. */
void run_look(struct run *run, struct run_snapshot *out);

/* look.c: a line for people, above the live view while there is one. Kept from a quiet screen. */
void run_note(const struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);

/* wait.c: sets the monotonic start of the load to the requested moment and waits until just before
 * it, running the loop. ERR_USAGE if it has already passed. */
MUST_USE enum err_code run_wait(struct run *run, struct error *err);

/* metrics.c: the metrics endpoint; each does nothing if none was requested. `open` listens; a port
 * in use is ERR_NET. After `close` the loop must run once more; `free` comes last. */
MUST_USE enum err_code metrics_open(struct run *run, struct error *err);
void metrics_close(struct run *run);
void metrics_free(struct run *run);

/* drive.c: drives the load to its end, with the live view. */
MUST_USE enum err_code run_drive(struct run *run, struct error *err);

/* finish.c: run.json as it would be now; NULL without memory. The caller owns it. */
cJSON *run_manifest(struct run *run);

/* finish.c: writes the current manifest. */
MUST_USE enum err_code run_write_manifest(struct run *run, struct error *err);

/* finish.c: when a process that is to end within so long must be gone, and how much of that its
 * turns in flight have. */
uint64_t run_end_within(int64_t drain_ns, int64_t *turns_ns);

/* finish.c: reads the folder back, completes run.json and writes the pages. */
MUST_USE enum err_code run_finish(struct run *run, struct run_outcome *out, struct error *err);

#endif
