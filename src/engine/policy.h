/* What to do after a failure. Pure: facts in, decision out. */
#ifndef RUSHHOUR_ENGINE_POLICY_H
#define RUSHHOUR_ENGINE_POLICY_H

#include "base/random.h"
#include "engine/retry_window.h"
#include "profile/profile.h"
#include "realtime/failure.h"

#include <stdbool.h>
#include <stdint.h>

enum decision {
    /* There was nothing to decide. */
    DECIDE_NONE,
    DECIDE_GIVE_UP,
    DECIDE_RETRY_SAME_SESSION,
    DECIDE_RETRY_NEW_SESSION,
    /* A new session is needed, but first try whether the old one recovers. */
    DECIDE_PROBE_SAME_SESSION,
    /* In a new session of the region that takes load by then. */
    DECIDE_RETRY_OTHER_REGION,
    /* The end of a session's life cut the attempt short: it is due again in a new session, without
     * using up a retry. */
    DECIDE_RENEW_SESSION,
    /* The interaction's other attempt, in another region, is still under way (load.hedge_after). */
    DECIDE_AWAIT_OTHER_REGION
};

/* Its name in evidence records. */
const char *decision_name(enum decision decision);

/* What is known when an attempt has failed. */
struct retry_facts {
    const struct failure_class *failure;
    uint64_t attempt;        /* number of the failed attempt, from 1 */
    int64_t since_due_ns;    /* since the interaction's first due time, as measured */
    int64_t hint_ns;         /* Retry-After of the service, 0 if none: never retry earlier */
    bool session_usable;     /* it is still open */
    uint64_t retries_so_far; /* of this demand, all workers together */
    uint64_t first_attempts; /* likewise */
    bool probe;              /* the failed attempt was itself a probe of its session */
    int64_t held_ns;         /* how long its region is held back from now on; 0: it is not */
    int64_t said_ns;  /* of since_due_ns, what the profile says: waits, and limits that were hit */
    int64_t grace_ns; /* by which what was measured may exceed the deadline */
    struct retry_share lately; /* of the demand, in the last retry.budget_window */
    bool elsewhere; /* the routing would send it to another region, of which held_ns then is */
};

/* What is known of an interaction whose attempt has had no output for hedge_after. */
struct hedge_facts {
    uint64_t attempt;     /* number of that attempt, from 1 */
    int64_t since_due_ns; /* as in retry_facts, and so the others: */
    int64_t grace_ns;
    uint64_t retries_so_far, first_attempts;
    struct retry_share lately;
    bool elsewhere; /* another region takes load */
};

/*
 * Whether a second attempt begins in another region, while the first one goes on. It is more load,
 * as a retry is, and is bounded like one: by the number of attempts, the deadline and the retry
 * budget. (Dean and Barroso, "The Tail at Scale", 2013; the bounds are those of gRPC's A6.)
 */
bool hedge_decide(const struct retry *retry, const struct hedge_facts *facts);

/* Whether a failure or what the profile says of retries makes the session be left, as decided. */
bool retry_leaves_session(const struct retry *retry, const struct failure_class *failure,
                          enum decision decision, bool session_usable);

/*
 * Decides by the profile's retry block. For a retry, *delay_ns is the wait: full jitter draws
 * uniformly from 0 to min(max, initial * 2^(attempt-1)), equal jitter from the upper half of that
 * (Brooker, "Exponential Backoff and Jitter", 2015); no retry starts past the deadline, nor earlier
 * than hinted, and of a limit that lasts none does without a hint. What is said is held against the
 * deadline to the letter, what is measured with the grace that a replay gives the machine. A hint
 * and a limit concern the region that gave them, and no retry in another one. With probe_poisoned,
 * a session that should be replaced and is still open gets one more try first; a probe that fails
 * is followed by the new session.
 */
enum decision retry_decide(const struct retry *retry, const struct retry_facts *facts,
                           struct random *random, int64_t *delay_ns);

#endif
