/*
 * The budget of a run, shared by its workers. Before a turn is sent it takes out what it can cost
 * at most, and gives back the rest when it has ended, so that a run exceeds its budget only by what
 * turns in flight take beyond that.
 *
 * A turn that does not fit waits for those in flight to give back, in the order of asking, and none
 * that asks later goes before it: otherwise short turns would get the end of the budget, and long
 * ones would be missing there. The purse is over when a turn cannot fit whatever comes back.
 *
 * While everything fits, a turn costs some exchanges of atomics; the lock is for those who wait.
 */
#ifndef RUSHHOUR_ENGINE_PURSE_H
#define RUSHHOUR_ENGINE_PURSE_H

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct purse_part {
    int64_t nano_usd, tokens;
};

/* What a turn can take. If nobody can know that yet, `most` is a guess on the safe side; where that
 * does not fit, one turn at a time may go if `least` does. Otherwise the two are equal. */
struct purse_wish {
    struct purse_part most, least;
};

struct purse_listener;

/* A place in the queue; its owner keeps it where it is until purse_leave. Zero-initialise. */
struct purse_claim {
    struct purse_claim *next, *previous;
    struct purse_listener *listener;
    struct purse_wish wish;
    enum { CLAIM_NONE, CLAIM_WAITS, CLAIM_GRANTED } state; /* under the purse's lock */
};

struct purse_queue {
    struct purse_claim *first, *last;
};

/* Whoever asks: one per worker. */
struct purse_listener {
    struct purse_listener *next;
    void (*wake)(
        struct purse_listener *listener); /* from any thread, at any time; must not block */
    struct purse_queue granted;           /* claims to be taken up, under the lock */
};

/* Why a purse is over. */
struct purse_end {
    bool of_tokens;           /* the limit that was met: tokens; else US dollars */
    struct purse_part wanted; /* by the turn that could not fit; 0: time alone used it up */
};

struct purse {
    int64_t nano_usd_limit, token_limit; /* 0: no limit */
    atomic_llong nano_usd, tokens;       /* spent, and reserved by turns in flight */
    atomic_llong spent_nano_usd, spent_tokens;
    atomic_int out;     /* turns that have reserved something */
    atomic_int waiting; /* those in the queue, and one that is about to join it */
    atomic_bool over;   /* nothing more is sent */
    pthread_mutex_t lock;
    struct purse_queue queue;
    struct purse_listener *listeners;
    struct purse_end end;
};

/* Limits in US dollars and tokens, 0 for none. */
MUST_USE enum err_code purse_init(struct purse *purse, double usd, uint64_t tokens,
                                  struct error *err);

/* Allowed for one that is all zero. */
void purse_free(struct purse *purse);

/* Before any thread asks. The listener is borrowed. */
void purse_join(struct purse *purse, struct purse_listener *listener);

/* US dollars and tokens as a part; what is more than the largest number is that. */
struct purse_part purse_part_of(double usd, uint64_t tokens);

enum purse_answer {
    PURSE_TAKEN, /* wish.most is reserved */
    PURSE_WAIT,  /* not now */
    PURSE_OVER   /* never again */
};

/*
 * Asks for what a turn can take. With a claim (of state CLAIM_NONE) that has to wait, it joins the
 * queue: its listener is woken when it is granted, and purse_next tells. NULL: it does not wait.
 */
enum purse_answer purse_ask(struct purse *purse, const struct purse_wish *wish,
                            struct purse_listener *listener, struct purse_claim *claim);

/* The next claim of a listener that has been granted, which is then out of the queue: its wish.most
 * is reserved. NULL: none. */
struct purse_claim *purse_next(struct purse *purse, struct purse_listener *listener);

/* A claim no longer waits; what it was granted meanwhile goes back. */
void purse_leave(struct purse *purse, struct purse_claim *claim);

/* A turn that had reserved one part has taken another; wakes those who fit in then. */
void purse_settle(struct purse *purse, struct purse_part reserved, struct purse_part used);

/* Spends, or with negative amounts takes back, what no turn has asked for: the time of open
 * sessions. */
void purse_charge(struct purse *purse, struct purse_part part);

/* Declares the purse over if its limit has been spent. */
void purse_look(struct purse *purse);

bool purse_is_over(const struct purse *purse);

/* Why, once it is over. */
struct purse_end purse_end(struct purse *purse);

#endif
