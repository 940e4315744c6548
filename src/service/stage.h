/* The stages of a conversation's way from the dial to its first turn, as a table that each
 * transport brings along; and the limits of what is awaited. */
#ifndef RUSHHOUR_SERVICE_STAGE_H
#define RUSHHOUR_SERVICE_STAGE_H

#include "base/metric.h"
#include "profile/profile.h"
#include "realtime/event.h"
#include "realtime/failure.h"

/* What a stage means beside its time. */
enum stage_flag {
    STAGE_CONNECTS = 1,  /* with its end the connection stands: the dial is over, its age begins */
    STAGE_OPENS = 2,     /* with its end the session is open */
    STAGE_CONFIGURES = 4 /* the session's settings are sent when it begins */
};

/* No latency of its own. */
#define STAGE_UNTIMED METRIC_COUNT

struct transport_stage {
    const char *name;   /* "upgrade" */
    enum phase phase;   /* in which it fails */
    enum metric metric; /* its length */
    enum deadline deadline;
    enum event_kind until; /* the event that ends it; EVENT_INVALID: the transport tells its end */
    unsigned flags;
};

#define STAGES_MOST 8

struct transport_stages {
    const struct transport_stage *rows; /* in order; after the last one turns may begin */
    unsigned count;                     /* STAGES_MOST at most */
};

/* The limit of a deadline, ns; 0 for DEADLINE_NONE. */
int64_t deadline_limit_ns(enum deadline deadline, const struct timeouts *timeouts);

/* The key of a profile that sets it: "timeouts.upgrade"; "" for DEADLINE_NONE. */
const char *deadline_key(enum deadline deadline);

#endif
