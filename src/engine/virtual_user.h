/* One simulated user: the script of interactions with think time, retries and rotation, over
 * successive sessions. */
#ifndef RUSHHOUR_ENGINE_VIRTUAL_USER_H
#define RUSHHOUR_ENGINE_VIRTUAL_USER_H

#include "engine/policy.h"
#include "engine/purse.h"
#include "engine/turn_bound.h"
#include "engine/worker.h"

/* Whether an attempt failed because of its credential. */
enum refusal { REFUSAL_NONE, REFUSAL_RENEWS, REFUSAL_STAYS };

/* What the plan of the load says about a virtual user. */
struct virtual_user_plan {
    uint64_t number; /* of the arrival, or of the slot, in the whole plan */
    size_t slot;     /* closed model: the worker's slot */
    uint64_t round;  /* closed model: how many used the slot before */
    uint64_t due_ns; /* of the first try; may be in the past */
};

/* Where an attempt was made. */
struct virtual_user_try {
    size_t region;
    uint64_t session; /* number of the session in the run */
};

struct virtual_user {
    struct worker *worker;
    struct virtual_user *next, *previous; /* in worker.virtual_users */
    struct virtual_user *queued_next;     /* in the queue of dials */
    bool queued;
    uint64_t asked_ns;   /* when it was put there */
    uint64_t planned_ns; /* when its dial would go had nothing failed; 0: it would not be */
    bool displaced;      /* counted as an arrival that failures make late */
    bool replaces;       /* its next dial replaces a session that failed */
    size_t demand;       /* the worker's demand that it belongs to */
    size_t region;       /* of the current or last attempt */
    struct virtual_user_plan plan;
    uint64_t id;                 /* of its requests (request_id.h) */
    struct random random;        /* for its jitter: from the plan, regardless of the worker */
    struct driver *driver;       /* its session, or NULL */
    struct driver *second;       /* of its second attempt, which is under way as well, or NULL */
    struct timer hedge;          /* when that begins */
    struct chain *chain;         /* of the current interaction, once tried; or NULL */
    struct timer timer;          /* the next try */
    uint64_t try_due_ns;         /* when the current or next try is due */
    uint64_t interaction;        /* number of the current interaction, from 1 */
    uint64_t dials, turns;       /* that were begun for it, repeated tries included */
    uint64_t attempt;            /* number of its current attempt, from 1; 0: none yet */
    uint64_t decided_ns;         /* when it was decided on, if it is a retry */
    uint64_t failures;           /* how many of them the service failed */
    uint64_t interaction_due_ns; /* when its first attempt was due */
    int64_t said_ns;             /* since then, by the profile: waits, and limits that were hit */
    int64_t overrun_ns;          /* since then, by which those limits lasted longer, and that tries
                                    took which our own side failed */
    uint64_t paced_ns;           /* that time */
    struct purse_claim claim;    /* while it waits for the budget */
    struct turn_bound bound;     /* the most that its turn can take */
    struct purse_part reserved;  /* the same, as a part of the budget */
    uint64_t rotation_turns;     /* attempts on the current session */
    struct virtual_user_try failed_first; /* where the service first failed the interaction */
    size_t failed_in;                     /* region of its last failed attempt */
    bool keeps;                           /* its next try stays in its session */
    bool avoids;            /* its next try leaves failed_in, if another region takes load */
    bool begun;             /* the try that is due next has its number already */
    uint64_t dialled_ns;    /* when it first dialled; 0: not yet */
    bool met_failure;       /* a failure of the service cost it an attempt or a session */
    bool held;              /* its next try waits behind the hold of its region */
    bool told_held;         /* it has been counted as one that waited */
    bool waits_for_budget;  /* and that for others' turns to give back */
    bool paced;             /* its time by the quota's pace is given, and not yet used */
    bool paid;              /* its turn is taken out of the budget, and not yet its session's */
    bool goes_first;        /* its try shows whether a hold is over */
    bool probe;             /* the current or next try probes its session */
    bool renewed;           /* the current interaction was retried, once, for a fresh
                                    credential */
    bool awaits_credential; /* its next try waits for the credential */
    bool again;             /* it repeats a try that was cut short by the end of its
                                    session's life */
    enum refusal refusal;   /* of the attempt about to be reported as failed */
    unsigned cuts;          /* how often the current interaction was cut short */
};

/* Starts a virtual user of one of the worker's demands; its first attempt goes to `region`. False
 * when out of memory. */
bool virtual_user_start(struct worker *worker, size_t demand, size_t region,
                        const struct virtual_user_plan *plan, uint64_t now_ns);

/* The current interaction has been tried in its session: any session that retries it belongs to the
 * same chain. */
void virtual_user_keep_chain(struct virtual_user *user);

/* The region of the first attempt of a virtual user who arrives now. */
size_t virtual_user_first_region(const struct worker *worker, size_t demand,
                                 const struct virtual_user_plan *plan, uint64_t now_ns);

/* Its next try is about to go: moves it to the region that takes it by now, and closes a session of
 * another one. */
void virtual_user_place(struct virtual_user *user, uint64_t now_ns);

/*
 * Whether its region's hold allows it to send its try. If not, the user waits until the hold is
 * over. Two exceptions: an arrival that has not been dialled is dropped, counted and freed, and a
 * retry that would come past its deadline is given up, so that its interaction has failed.
 */
bool virtual_user_admit(struct virtual_user *user, uint64_t now_ns);

/*
 * Takes what its turn can cost out of the budget, before it is dialled or sent. False: there is no
 * room for it now. The user waits then; an arrival that has not been dialled is dropped and
 * counted, and if there will never be room, the user leaves.
 */
bool virtual_user_afford(struct virtual_user *user, uint64_t now_ns);

/*
 * Whether its dial, or its turn, may go by the pace to its region's quota; true if there is none.
 * If not yet, the user waits for its time; an arrival that would wait for long is dropped and
 * counted.
 */
bool virtual_user_in_pace(struct virtual_user *user, bool dials, uint64_t now_ns);

/* Whether its attempt, if it is a retry, may be dialled or sent now by the budget's window; if not,
 * its interaction has failed, and it has left the queue. */
bool virtual_user_may_retry(struct virtual_user *user, bool dials, uint64_t now_ns);

/* The budget has granted turns to users of the worker who waited: they are due. */
void virtual_user_take_grants(struct worker *worker, uint64_t now_ns);

/* A hold of the region has begun or ended: while one is on, what is held back is its doing, and not
 * the budget's. */
void virtual_user_hold_changed(struct worker *worker, size_t region, uint64_t now_ns);

/* Whether the service has failed an attempt of its current interaction. */
bool virtual_user_has_failed(const struct virtual_user *user);

/* Wakes users waiting behind a region's hold, as far as it lets them go. */
void virtual_user_wake(struct worker *worker, size_t region, uint64_t now_ns);

/* Its turn to dial has come. */
void virtual_user_dial(struct virtual_user *user, uint64_t now_ns);

/* Leaves once nothing is in flight; between tries at once. */
void virtual_user_leave(struct virtual_user *user, uint64_t now_ns);

/* Stops at once; an attempt in flight is cancelled. */
void virtual_user_abandon(struct virtual_user *user, uint64_t now_ns);

/* ---- virtual_user_hedge.c: a second attempt in another region (load.hedge_after) ---- */

/* Whether two attempts of its interaction are under way. */
bool virtual_user_is_hedged(const struct virtual_user *user);

/* Output has come from one of its sessions: if another attempt is under way, that is cancelled, and
 * the user goes on with this one. */
void virtual_user_on_output(struct virtual_user *user, struct driver *driver, uint64_t now_ns);

/* One of its two attempts failed: what that says of its region. */
void virtual_user_on_one_failed(struct virtual_user *user, const struct driver *driver,
                                const struct failure_class *failure, int64_t hint_ns,
                                uint64_t now_ns);

/* Goes on with the other one of its two attempts alone. */
void virtual_user_goes_on_without(struct virtual_user *user, struct driver *driver);

/* ---- callbacks of its session (driver.c) ---- */
void virtual_user_on_ready(struct virtual_user *user, struct driver *driver, uint64_t now_ns);
void virtual_user_on_attempt_ok(struct virtual_user *user, uint64_t now_ns);
void virtual_user_on_attempt_cancelled(struct virtual_user *user, uint64_t now_ns);

/* It interrupted the answer, and goes on at once. */
void virtual_user_on_interrupted(struct virtual_user *user, uint64_t now_ns);

/* It interrupts an answer that has come, to which it would have listened on: its next try is
 * due. */
void virtual_user_stop_listening(struct virtual_user *user, uint64_t now_ns);

/*
 * The session's life ended in the middle of an attempt: the same attempt is due again at once in a
 * new session, without using up a retry (DECIDE_RENEW_SESSION). If that has happened too often, the
 * interaction is given up (DECIDE_GIVE_UP), neither ok nor failed.
 */
enum decision virtual_user_on_attempt_cut(struct virtual_user *user, uint64_t now_ns);

/*
 * The service refused the credential: call before virtual_user_on_attempt_failed. If the credential
 * can be renewed, the interaction gets one retry, at once if a fresh one is already here, else when
 * it comes; otherwise it stays refused.
 */
void virtual_user_on_credential_refused(struct virtual_user *user, bool renews, bool fresh);

/* Its region has a new credential. */
void virtual_user_on_credential(struct virtual_user *user, uint64_t now_ns);

/* Before an attempt is reported as failed: it ran into a limit that the profile sets to exact_ns
 * and that lasted kept_ns, both in this machine's time; 0 and 0 if it did not. */
void virtual_user_on_limit(struct virtual_user *user, int64_t exact_ns, int64_t kept_ns);

/* Decides what follows a failed attempt and schedules it (nothing is sent before the caller has
 * written its evidence). */
enum decision virtual_user_on_attempt_failed(struct virtual_user *user,
                                             const struct failure_class *failure, int64_t hint_ns,
                                             bool session_usable, uint64_t now_ns);

/* The session ended between turns; the next try opens another. failed: it was the service's
 * failure. */
void virtual_user_on_session_lost(struct virtual_user *user, bool failed);

#endif
