/*
 * How a load is divided by number: among the shards of a run, and within a shard among its workers.
 * Number n of the plan belongs to shard n mod the number of shards, and a shard divides its numbers
 * among its workers in the same way. So the shards of a plan, whatever their numbers of workers,
 * cover it completely and without overlap.
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

/* The shard's part of an integer: the first shards get one more each to cover the remainder. */
uint64_t shard_part(const struct shard *shard, uint64_t whole);

/* The shard's part of an amount in US dollars: divided in cents; fractions of a cent go to the
 * first shard. */
double shard_usd(const struct shard *shard, double usd);

/* Whether every shard gets a part of everything that is divided (sessions, budget). ERR_USAGE names
 * the profile key that cannot be divided so often, and the fix. */
MUST_USE enum err_code shard_check(const struct shard *shard, const struct profile *profile,
                                   struct error *err);

/* The position of one worker among the workers of all shards. */
struct lane {
    struct shard shard, worker; /* of the run, and of the shard */
};

/* The distance from one of the lane's numbers to its next. */
uint64_t lane_stride(const struct lane *lane);

/* The lane's first number; the others follow at the stride. */
uint64_t lane_first(const struct lane *lane);

/* Whether a number of the plan belongs to the lane. */
bool lane_owns(const struct lane *lane, uint64_t number);

/* The lane's part of an integer: how many of the numbers below it belong to the lane. */
uint64_t lane_part(const struct lane *lane, uint64_t whole);

#endif
