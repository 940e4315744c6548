/*
 * First attempts and retries of the last while, for a retry budget that no quiet time can save up
 * for: what is kept is forgotten as the window slides. In slots, of which retries count until their
 * slot has left the window as a whole and first attempts only while it has not begun to, so that a
 * slot's length never lets one retry more through. Pure.
 */
#ifndef RUSHHOUR_ENGINE_RETRY_WINDOW_H
#define RUSHHOUR_ENGINE_RETRY_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define RETRY_WINDOW_SLOTS 32

/* What a window holds. */
struct retry_share {
    uint64_t first_attempts, retries;
};

/* Zero-initialise, then set the length. */
struct retry_window {
    int64_t length_ns;
    uint64_t newest; /* number of the newest slot, since the clock's origin */
    struct retry_share slots[RETRY_WINDOW_SLOTS + 1];
};

/* What a retry budget goes by: of the run, and lately, with retries as decided on and as sent. */
struct retry_ledger {
    uint64_t retries, first_attempts;
    struct retry_window decided, sent;
};

/* An attempt begins now; times must not go back by more than a slot. */
void retry_window_add(struct retry_window *window, bool retry, uint64_t now_ns);

/* First attempts of no more than the window that ends now, and retries of no less. */
struct retry_share retry_window_at(struct retry_window *window, uint64_t now_ns);

#endif
