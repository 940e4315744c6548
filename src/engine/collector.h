/* Merges what the workers post, interval by interval, and appends each finished interval to the run
 * folder. Main thread only. */
#ifndef RUSHHOUR_ENGINE_COLLECTOR_H
#define RUSHHOUR_ENGINE_COLLECTOR_H

#include "base/clock.h"
#include "engine/mailbox.h"
#include "net/loop_gauge.h"
#include "record/cell.h"
#include "record/health.h"
#include "record/run_writer.h"

struct collector;

MUST_USE enum err_code collector_new(struct mailbox *mailbox, struct run_writer *writer,
                                     const struct run_clock *clock, int64_t interval_ns,
                                     unsigned workers, struct collector **out, struct error *err);
void collector_free(struct collector *collector);

/* Receives everything that was posted; rows go to the folder at once. Later calls return the first
 * failure again. */
MUST_USE enum err_code collector_take(struct collector *collector, struct error *err);

/* Tells what another loop of this machine, which serves what is measured, has done so far; its
 * turns count like the workers' in the intervals that are written from then on. */
void collector_peer_turns(struct collector *collector, const struct loop_turns *turns);

/* How many workers have posted their final handover. */
unsigned collector_finished(const struct collector *collector);

/* What the workers reported about the region's trials since the last call. */
struct trial_sums collector_take_trials(struct collector *collector, size_t region);

/* The totals of the run so far, one cell per region, and the live numbers summed over the
 * workers. */
const struct cell *collector_totals(const struct collector *collector);
const uint64_t *collector_sessions_open(const struct collector *collector);
const uint64_t *collector_in_flight(const struct collector *collector);

/* How each region is held now, by any of the workers, and the holds that are over. */
const struct hold_view *collector_holding(const struct collector *collector);
const struct holds *collector_holds(const struct collector *collector);
const struct health *collector_health(const struct collector *collector);

/* The health of the last finished interval; NULL before the first. */
const struct health *collector_latest(const struct collector *collector);

/* How late the loops' timers came, a percentile of the run so far, ns; 0 before any. */
int64_t collector_loop_delay_ns(const struct collector *collector, double percentile);

#endif
