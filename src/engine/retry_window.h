/*
 * First attempts and retries of the last while, for a retry budget that no quiet time can save up
 * for: what is kept is forgotten as the window slides. In slots, of which retries count until their
 * slot has left the window as a whole and first attempts only while it has not begun to, so that a
 * slot's length never lets one more retry through.
 *
 * All workers share one, without a lock: each slot is one atomic, and a retry takes its place
 * before it looks whether there was one, so that two of them never take the last.
 */
#ifndef RUSHHOUR_ENGINE_RETRY_WINDOW_H
#define RUSHHOUR_ENGINE_RETRY_WINDOW_H

#include "profile/profile.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RETRY_WINDOW_SLOTS 32

/* This many retries are allowed regardless of the budget, in the run and in every window; otherwise
 * a small load could never retry. */
#define RETRY_ALLOWANCE 3.0

/* What a window holds. */
struct retry_share {
    uint64_t first_attempts, retries;
};

/* Zero-initialise, then set the length. */
struct retry_window {
    int64_t length_ns;
    atomic_ullong slots[RETRY_WINDOW_SLOTS + 1]; /* which slot of the clock it is, and its counts */
};

/*
 * What a retry budget goes by: of the run, and lately. Decided: first attempts and retries when
 * they are decided on, so that waits do not pile up. Dialled and sent: first attempts when they are
 * sent (or their dial has failed), retries when a session is dialled for them, and when they are
 * sent.
 */
struct retry_ledger {
    atomic_ullong retries, first_attempts;
    struct retry_window decided, dialled, sent;
};

/* One that is all zero: the length of its windows. */
void retry_ledger_init(struct retry_ledger *ledger, int64_t window_ns);

/*
 * Whether the retry budget lets one more retry go by what went out in the last window: never more
 * than its share of the first attempts, though three even then, or a small load could not retry.
 */
bool retry_within_window(const struct retry *retry, const struct retry_share *lately);

/* An attempt goes out now. */
void retry_window_add(struct retry_window *window, bool retry, uint64_t now_ns);

/* First attempts of no more than the window that ends now, and retries of no less. */
struct retry_share retry_window_at(const struct retry_window *window, uint64_t now_ns);

/* A retry wants to go out now: adds it if the budget allows it. */
bool retry_window_take(struct retry_window *window, const struct retry *retry, uint64_t now_ns);

/* A retry that was added at that time does not go out. */
void retry_window_drop(struct retry_window *window, uint64_t at_ns);

#endif
