/* What a worker passes to the collector: cells and rows from part of one interval. One writer at a
 * time: first the worker, then the collector. */
#ifndef RUSHHOUR_ENGINE_MAILBOX_H
#define RUSHHOUR_ENGINE_MAILBOX_H

#include "base/text.h"
#include "engine/levels.h"
#include "engine/trials.h"
#include "record/cell.h"
#include "record/health.h"
#include "record/holds.h"
#include "stats/histogram.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Of a loop's delay, 1 us to 100 s in 2 digits: enough to see whether it was late. */
#define LOOP_DELAY_HIGHEST_US INT64_C(100000000)

struct handover {
    struct handover *next;
    unsigned worker;
    uint64_t interval;  /* which interval of the run it belongs to */
    bool closes;        /* the worker's last handover for that interval */
    bool final;         /* the worker's last handover of all */
    int64_t ended_ns;   /* with `final`: when that was, ns since 1970 UTC by the run's clock */
    struct cell *cells; /* one per region */
    size_t region_count;
    struct level_changes changes; /* of what is open and in flight */
    struct hold_view *holding;    /* per region, at the time of the handover */
    struct holds holds;           /* that have ended */
    struct trial_sums *trials;    /* per region, for the abort rule: reported with this handover */
    struct histogram *loop_delay; /* microseconds */
    uint64_t cpu_ns, wall_ns;     /* of the worker, during the handover */
    uint64_t requested, achieved, achieved_late, held, displaced; /* as in struct health */
    uint64_t dials, dials_off;                                    /* likewise */
    uint64_t pauses, paused_ns;          /* of this machine: how many ended, and their length */
    uint64_t stamps_kernel, stamps_loop; /* as in struct health */
    bool failed;                         /* memory ran out: figures are missing */
    struct text attempts, failures;      /* rows for attempts.csv, lines for failures.jsonl */
};

/* Adds the counts that it has in common with struct health. */
void handover_count(const struct handover *handover, struct health *into);

/* A queue from the workers to the collector, and a stack of emptied handovers on the way back. */
struct mailbox {
    pthread_mutex_t lock;
    struct handover *first, *last, *shelf;
    uv_async_t *wake; /* of the collector's loop */
    size_t region_count;
};

MUST_USE enum err_code mailbox_init(struct mailbox *mailbox, uv_async_t *wake, size_t region_count,
                                    struct error *err);
void mailbox_free(struct mailbox *mailbox);

/* An empty handover, reused or new; NULL when out of memory. */
struct handover *mailbox_blank(struct mailbox *mailbox);

/* Passes a handover to the collector, which then owns it, and wakes the collector. */
void mailbox_post(struct mailbox *mailbox, struct handover *handover);

/* Everything posted, oldest first, linked by `next`; NULL if nothing was. */
struct handover *mailbox_take(struct mailbox *mailbox);

/* Empties a handover and keeps it for reuse. */
void mailbox_return(struct mailbox *mailbox, struct handover *handover);

#endif
