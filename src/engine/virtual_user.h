/* One simulated user: the script of interactions with think time, retries and rotation, over one
 * session after another. */
#ifndef RUSHHOUR_ENGINE_VIRTUAL_USER_H
#define RUSHHOUR_ENGINE_VIRTUAL_USER_H

#include "engine/policy.h"
#include "engine/worker.h"

/* Whether the credential was what an attempt failed by. */
enum refusal { REFUSAL_NONE, REFUSAL_RENEWS, REFUSAL_STAYS };

/* What the plan of the load says of a virtual user. */
struct virtual_user_plan {
    uint64_t number; /* of the arrival, or of the slot, in the whole plan */
    size_t slot;     /* closed model: which of the worker's */
    uint64_t round;  /* closed model: how many were in the slot before */
    uint64_t due_ns; /* of the first try; may have passed */
};

struct virtual_user {
    struct worker *worker;
    struct virtual_user *next, *previous; /* in worker.virtual_users */
    struct virtual_user *queued_next;     /* in the queue of dials */
    bool queued;
    size_t demand; /* of the worker's: that it belongs to */
    size_t region; /* that takes the attempt under way, or took the last one */
    struct virtual_user_plan plan;
    struct random random;        /* of its jitter: the plan's, whoever drives it */
    struct driver *driver;       /* its session, or NULL */
    struct chain *chain;         /* of the interaction under way, once it was tried; or NULL */
    struct timer timer;          /* the next try */
    uint64_t try_due_ns;         /* when the try under way, or the next one, is due */
    uint64_t interaction;        /* number of the interaction under way, from 1 */
    uint64_t attempt;            /* number of the attempt under way in it, from 1; 0: none yet */
    uint64_t interaction_due_ns; /* when its first attempt was due */
    int64_t said_ns;             /* since then, by the profile: waits, and limits that were hit */
    int64_t overrun_ns;          /* since then, by which those limits lasted longer */
    uint64_t rotation_turns;     /* attempts on the present session */
    bool begun;                  /* the try that is due next has its number already */
    bool dialled;                /* it has had a session, or the try of one */
    bool held;                   /* its next try waits behind the hold of its region */
    bool goes_first;             /* its try shows whether a hold is over */
    bool probe;                  /* the try under way, or the next one, probes its session */
    bool renewed;                /* the interaction under way was retried for a fresh credential,
                                       once */
    bool awaits_credential;      /* its next try waits for that */
    bool again;                  /* it repeats a try that the end of its session's life has
                                       cut */
    enum refusal refusal;        /* of the attempt that is about to be told as failed */
    unsigned cuts;               /* how often that happened to the interaction under way */
};

/* Starts a virtual user of one of the worker's demands; its first attempt goes to `region`. False
 * without memory. */
bool virtual_user_start(struct worker *worker, size_t demand, size_t region,
                        const struct virtual_user_plan *plan, uint64_t now_ns);

/* The interaction under way is tried in its session: whatever session retries it is of one chain
 * with that. */
void virtual_user_keep_chain(struct virtual_user *user);

/*
 * Whether its region's hold lets it send its try. If not, the user waits and is due when the hold
 * is over. Instead, an arrival that has not been dialled is dropped and counted (and freed), and a
 * retry that would come past its deadline is given up: its interaction has failed.
 */
bool virtual_user_admit(struct virtual_user *user, uint64_t now_ns);

/* Wakes users waiting behind a region's hold, as far as it lets them go. */
void virtual_user_wake(struct worker *worker, size_t region, uint64_t now_ns);

/* Its place in the pace of dials has come. */
void virtual_user_dial(struct virtual_user *user, uint64_t now_ns);

/* Leaves after what is in flight; between tries at once. */
void virtual_user_leave(struct virtual_user *user, uint64_t now_ns);

/* Stops at once: an attempt in flight is cancelled. */
void virtual_user_abandon(struct virtual_user *user, uint64_t now_ns);

/* ---- what its session tells it (driver.c) ---- */
void virtual_user_on_ready(struct virtual_user *user, uint64_t now_ns);
void virtual_user_on_attempt_ok(struct virtual_user *user, uint64_t now_ns);
void virtual_user_on_attempt_cancelled(struct virtual_user *user, uint64_t now_ns);

/*
 * The session's life ended in the middle of an attempt: the same attempt is due again at once in a
 * new session, without a retry being used up (DECIDE_RENEW_SESSION). When it happened too often for
 * that, the interaction is given up (DECIDE_GIVE_UP), neither ok nor failed.
 */
enum decision virtual_user_on_attempt_cut(struct virtual_user *user, uint64_t now_ns);

/*
 * The service refused the credential: call before virtual_user_on_attempt_failed. A credential that
 * can be renewed is worth one retry in an interaction, at once when a fresh one is here already,
 * else when it comes; any other stays refused.
 */
void virtual_user_on_credential_refused(struct virtual_user *user, bool renews, bool fresh);

/* Its region has a new credential. */
void virtual_user_on_credential(struct virtual_user *user, uint64_t now_ns);

/* The attempt that is about to be told as failed ran into a limit, which lasts exact_ns by the
 * profile and lasted kept_ns, both in this machine's time; 0 and 0: it did not. */
void virtual_user_on_limit(struct virtual_user *user, int64_t exact_ns, int64_t kept_ns);

/* Decides what follows a failed attempt and arranges it (nothing is sent before the caller has
 * written its evidence). */
enum decision virtual_user_on_attempt_failed(struct virtual_user *user,
                                             const struct failure_class *failure, int64_t hint_ns,
                                             bool session_usable, uint64_t now_ns);

/* The session ended between turns; the next try will open another. */
void virtual_user_on_session_lost(struct virtual_user *user);

#endif
