/* Evidence about a mean that may be looked at after every value: is it below a limit, or above? */
#ifndef RUSHHOUR_STATS_EPROCESS_H
#define RUSHHOUR_STATS_EPROCESS_H

#include <stdbool.h>
#include <stdint.h>

#define EPROCESS_BETS 7

/*
 * Two wagers on values from 0 to 1, such as the share of a session's attempts that failed
 * (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting"): one
 * wins while values stay below the limit, the product of 1 - l (x - limit), the other while they
 * are above, the product of 1 + l (x - limit), each mixed evenly over several l.
 *
 * If the mean of each value, given those before it, is at or above the limit, the first reaches
 * 1/a with a chance of at most a, however long it is watched (Ville 1939); likewise the second if
 * those means are at or below it. Nothing is assumed of what happens within a value: attempts of a
 * poisoned session fail together, and are one value.
 */
struct eprocess {
    double limit;
    double bet_below[EPROCESS_BETS], bet_above[EPROCESS_BETS]; /* l of each wager */
    double log_below[EPROCESS_BETS], log_above[EPROCESS_BETS]; /* their logarithms so far */
    uint64_t count;                                            /* values */
    double sum;                                                /* of the values */
};

/* Starts without evidence. False unless 0 < limit < 1. */
bool eprocess_start(struct eprocess *evidence, double limit);

/* Adds a value; one outside 0..1 counts as the nearest of the two. */
void eprocess_add(struct eprocess *evidence, double value);

/* The logarithm of the evidence that the mean is below the limit, or above it: at ln(1/a) it is
 * shown with an error of at most a. */
double eprocess_below(const struct eprocess *evidence);
double eprocess_above(const struct eprocess *evidence);

/* How many values, all 0, show a mean below the limit with an error of `error` (0..1): the least
 * that such a proof can take. 0 if either is out of range. */
uint64_t eprocess_fewest(double limit, double error);

#endif
