/*
 * The budget of a run, shared by its workers. Each turn takes out of it what it is expected to
 * cost before it is sent, and gives back the difference when it has ended, so that a stop comes
 * before the limit and the turns in flight can exceed it only by what they cost more than expected.
 * One exchange of an atomic for each limit and turn: a turn is no frequent event.
 */
#ifndef RUSHHOUR_ENGINE_PURSE_H
#define RUSHHOUR_ENGINE_PURSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct purse {
    int64_t nano_usd_limit, token_limit; /* 0: no limit */
    atomic_llong nano_usd, tokens;       /* spent, and reserved by turns in flight */
    atomic_bool empty;                   /* something did not fit in: nothing more is sent */
};

struct purse_part {
    int64_t nano_usd, tokens;
};

/* Limits in US dollars and tokens, 0 for none. */
void purse_init(struct purse *purse, double usd, uint64_t tokens);

/* US dollars and tokens as a part; what is more than the largest number is that. */
struct purse_part purse_part_of(double usd, uint64_t tokens);

/* Takes out a part if it fits within both limits; else the purse is empty from now on. */
bool purse_reserve(struct purse *purse, struct purse_part part);

/* A turn that had reserved one part took another. */
void purse_settle(struct purse *purse, struct purse_part reserved, struct purse_part used);

bool purse_is_empty(const struct purse *purse);

#endif
