/*
 * How a load is dealt out by number: to the shards of a run, and within a shard to its workers.
 * Number n of the plan is of shard n mod the number of shards; what one shard gets is dealt to its
 * workers in the same way. So the shards of a plan, whatever their numbers of workers, have all of
 * it between them and nothing twice.
 */
#ifndef RUSHHOUR_ENGINE_SHARD_H
#define RUSHHOUR_ENGINE_SHARD_H

#include "base/error.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stdint.h>

#define SHARDS_MOST 1000

/* One of `count` equal parts, `index` from 0. All zero: the whole. */
struct shard {
    unsigned index, count;
};

/* Reads "2/3". ERR_USAGE says what to write instead. */
MUST_USE enum err_code shard_parse(const char *string, struct shard *out, struct error *err);

/* The shard's part of a whole number: the remainder goes to the first ones, one each. */
uint64_t shard_part(const struct shard *shard, uint64_t whole);

/* The shard's part of an amount in US dollars: dealt in cents, what is below a cent goes to the
 * first shard. */
double shard_usd(const struct shard *shard, double usd);

/* Whether every shard gets something of all that is split (sessions, budget). ERR_USAGE names the
 * profile's key that cannot be split so often, and the fix. */
MUST_USE enum err_code shard_check(const struct shard *shard, const struct profile *profile,
                                   struct error *err);

/* The place of one worker among the workers of all shards. */
struct lane {
    struct shard shard, worker; /* of the run, and of the shard */
};

/* How many numbers there are from one of the lane's to its next. */
uint64_t lane_stride(const struct lane *lane);

/* The lane's first number: its others follow at the stride. */
uint64_t lane_first(const struct lane *lane);

/* Whether a number of the plan is dealt to the lane. */
bool lane_owns(const struct lane *lane, uint64_t number);

/* The lane's part of a whole number: how many of the numbers below it are the lane's. */
uint64_t lane_part(const struct lane *lane, uint64_t whole);

#endif
