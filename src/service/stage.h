/* The stages of a conversation from the dial to its first turn, as a table provided by each
 * transport; and the limits of what is waited for. */
#ifndef RUSHHOUR_SERVICE_STAGE_H
#define RUSHHOUR_SERVICE_STAGE_H

#include "base/metric.h"
#include "profile/profile.h"
#include "realtime/event.h"
#include "realtime/failure.h"

/* What a stage means apart from its duration. */
enum stage_flag {
    STAGE_CONNECTS = 1,  /* at its end the connection is established: the dial is over, its age
                            begins */
    STAGE_OPENS = 2,     /* at its end the session is open */
    STAGE_CONFIGURES = 4 /* the session's settings are sent at its start */
};

/* Has no latency metric of its own. */
#define STAGE_UNTIMED METRIC_COUNT

struct transport_stage {
    const char *name;   /* "upgrade" */
    enum phase phase;   /* the phase of a failure in it */
    enum metric metric; /* the metric of its duration */
    enum deadline deadline;
    enum event_kind until; /* the event that ends it; EVENT_INVALID: the transport reports its
                              end */
    unsigned flags;
};

#define STAGES_MOST 8

struct transport_stages {
    const struct transport_stage *rows; /* in order; turns may begin after the last */
    unsigned count;                     /* at most STAGES_MOST */
};

/* The limit of a deadline, ns; 0 for DEADLINE_NONE. */
int64_t deadline_limit_ns(enum deadline deadline, const struct timeouts *timeouts);

/* The profile key that sets it: "timeouts.upgrade"; "" for DEADLINE_NONE. */
const char *deadline_key(enum deadline deadline);

#endif
