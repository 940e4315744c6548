/*
 * The pace at which a region is asked so that its quota is not exceeded (load.pace_to_quota), as
 * the service counts: requests, and each response's tokens when it is asked for. No window of one
 * second (requests alone), ten seconds or a minute, wherever it begins, gets more than its share of
 * the limit, but always room for one: the service's slices may begin anywhere.
 *
 * Whoever asks is given a time to send at, in the order of asking, and no time is given twice: a
 * queue without a queue, shared by all workers. Times are this machine's, monotonic, in ns.
 */
#ifndef RUSHHOUR_ENGINE_QUOTA_PACE_H
#define RUSHHOUR_ENGINE_QUOTA_PACE_H

#include "base/error.h"
#include "profile/profile.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was sent at one time. */
struct paced {
    uint64_t at_ns;
    double amount;
};

#define PACE_WINDOWS 3

struct pace_window {
    uint64_t length_ns;
    double most;  /* of the amounts in it */
    double sum;   /* of those since `first` */
    size_t first; /* index in the log of the earliest that is still in it */
};

/* One limit. */
struct pace_log {
    struct paced *sent; /* in the order of time */
    size_t count, capacity;
    struct pace_window windows[PACE_WINDOWS];
    size_t window_count; /* 0: no limit */
};

struct quota_pace {
    pthread_mutex_t lock;
    bool on;
    struct pace_log requests, tokens;
    uint64_t last_ns; /* the latest time given */
};

/* The limits of a region a minute as its quota, or its model's tier, says; 0: not known. */
struct pace_limits {
    uint64_t rpm, tpm;
};
struct pace_limits pace_limits_of(const struct region *region);

/* share: of the limits, 0 for no pace at all; parts: among how many shards they are divided; speed:
 * of the run's clock, by which the service's minute goes. */
MUST_USE enum err_code quota_pace_init(struct quota_pace *pace, const struct pace_limits *limits,
                                       double share, unsigned parts, double speed,
                                       struct error *err);

/* Allowed for one that is all zero. */
void quota_pace_free(struct quota_pace *pace);

struct pace_wish {
    double requests, tokens; /* 0: none of them */
};

/* When this can be sent, now or later; that time is then taken. Sets *failed when out of memory. */
uint64_t quota_pace_take(struct quota_pace *pace, const struct pace_wish *wish, uint64_t now_ns,
                         bool *failed);

/* The same without taking it. */
uint64_t quota_pace_look(struct quota_pace *pace, const struct pace_wish *wish, uint64_t now_ns);

#endif
