/* A worker's side of recording: the handover it writes into, swapped for an empty one at each tick
 * and at the end of each interval. */
#ifndef RUSHHOUR_ENGINE_RECORDER_H
#define RUSHHOUR_ENGINE_RECORDER_H

#include "base/clock.h"
#include "engine/interval_grid.h"
#include "engine/mailbox.h"
#include "engine/purse.h"
#include "engine/region_state.h"

#include <stdint.h>

struct recorder {
    struct mailbox *mailbox;
    struct run_clock clock;
    struct interval_grid grid;
    unsigned worker;
    struct handover *handover;   /* never NULL after recorder_init */
    uint64_t starts_ns, ends_ns; /* monotonic bounds of the current interval */
    uint64_t cpu_mark_ns, wall_mark_ns;
    struct purse *purse;          /* what open sessions cost by time is spent from */
    struct region_state *regions; /* the worker's; what is held goes into each handover */
    int64_t told_ns; /* of the run's own clock, since its origin: changes are posted up to here */
    uint64_t load_over_ns; /* since when nothing is driven any more; 0: it is */
    bool failed;           /* a handover could not be allocated: figures were lost */
};

MUST_USE enum err_code recorder_init(struct recorder *recorder, struct mailbox *mailbox,
                                     const struct run_clock *clock, int64_t interval_ns,
                                     unsigned worker, struct error *err);

/* Moves the start of the run to a monotonic time, before anything is recorded. */
void recorder_set_origin(struct recorder *recorder, uint64_t mono_origin_ns);

/*
 * Advances the recorder to a moment: if its interval is over, posts the handover and begins the
 * next interval. Returns the moment, moved into the current interval if the bytes were read just
 * before its start and are recorded just after, so that a row's time and the interval that counts
 * it always agree.
 */
uint64_t recorder_at(struct recorder *recorder, uint64_t now_ns);

/* The run's time of day (ns since 1970 UTC) for a moment returned by recorder_at: always inside the
 * current interval. */
int64_t recorder_wall(const struct recorder *recorder, uint64_t at_ns);

/* The cell of a region in the current handover. */
struct cell *recorder_cell(struct recorder *recorder, size_t region);

/* A hold of a region has ended: into the list of them. */
void recorder_hold(struct recorder *recorder, size_t region, const struct hold *hold,
                   uint64_t now_ns);

/* An arrival that was due is kept back by its region's hold, and never started. */
void recorder_held_arrival(struct recorder *recorder, size_t region);

/*
 * Changes how many sessions or responses of a region there are, by 1 or -1, at a moment that
 * recorder_at returned. The time for which sessions were open until then, and its price, count in
 * the current interval.
 */
void recorder_change(struct recorder *recorder, size_t region, enum level level, int by,
                     uint64_t at_ns);

/* Posts what there is, so that the collector sees it; the interval continues in an empty
 * handover. */
void recorder_flush(struct recorder *recorder, uint64_t now_ns);

/* Posts the last handover. The recorder is then finished. */
void recorder_finish(struct recorder *recorder, uint64_t now_ns);

/* Returns the handover of a recorder that was never started (or finished). */
void recorder_discard(struct recorder *recorder);

#endif
