/* A failure rate watched for as long as a run lasts: a cumulative sum that starts again and again,
 * and never retires. */
#ifndef RUSHHOUR_STATS_CUSUM_H
#define RUSHHOUR_STATS_CUSUM_H

#include <stdbool.h>
#include <stdint.h>

#define CUSUM_BLOCK_S 60 /* evidence is capped in each of these stretches of time */
#define CUSUM_BLOCKS 8   /* the least number of them that it takes to reach the limit */

/*
 * The sum of Page (1954) on the log likelihood ratio of a rate that must stop the run against one
 * that is acceptable. It falls back to 0 when the trials speak for the acceptable rate, and starts
 * again; at the limit the rate is too high.
 *
 * What the limit promises: trials that fail independently at the acceptable rate reach it once in
 * `mean_trials` on average, or more seldom. Trials of a poisoned session or of one chain of retries
 * are not independent: feed at most one failure of each (engine/trials.h). What strikes all
 * sessions at once is met by the cap: the evidence of one minute counts for an eighth of the limit
 * at most (a censored likelihood ratio, Huber 1965). So bursts of up to 5 minutes that make no more
 * than the acceptable rate together with the rest keep the promise too (bench/bench_stats_cusum.c);
 * a failure that lasts stops the run after 6 to 8 minutes, an incident of that length being what
 * the rule is there for.
 */
struct cusum {
    double acceptable, too_high; /* the two rates */
    double mean_trials;          /* trials between false alarms, as asked for */
    double if_failed, if_passed; /* what a trial adds; if_passed is negative */
    double unit;                 /* both are whole numbers of this; 0 where none fits */
    double limit;                /* at which it is an alarm */
    double before, block;        /* the sum before this block, and what the block brings so far */
    int64_t block_number;
    double peak;             /* the highest sum so far */
    uint64_t trials, failed; /* all that were added */
    uint64_t restarts;       /* how often the sum fell back to 0 */
    bool alarm;              /* it has reached the limit; stays until cusum_restart() */
};

/*
 * Starts a watch. 0 < acceptable < too_high < 1; mean_trials from 10 to 1e9. Scores are rounded to
 * a lattice (Reynolds and Stoumbos 1999), on which the mean is exact: cusum_mean_trials(). Where
 * the rates are too close together for one, the limit is ln(mean_trials), which is on the safe side
 * for any (Lorden 1971). False for anything else.
 */
bool cusum_start(struct cusum *watch, double acceptable, double too_high, double mean_trials);

/*
 * Adds trials that began at `now_s` (seconds of any clock that goes forward), `failed` of them
 * failed; trials that are told late count to the block in which they are told. True at an alarm.
 */
bool cusum_add(struct cusum *watch, double now_s, uint64_t trials, uint64_t failed);

/* The sum now: 0..limit and a little more. */
double cusum_sum(const struct cusum *watch);

/* After an alarm: from 0 again. The counts go on. */
void cusum_restart(struct cusum *watch);

/*
 * Trials until the limit, from 0, on average, when they fail independently at this rate and no cap
 * holds: at the acceptable rate those between false alarms, at the other its delay. Exact on the
 * lattice; without one the approximation of Siegmund (1985, 2.5). NaN for what is no rate, infinity
 * for 0.
 */
double cusum_mean_trials(const struct cusum *watch, double rate);

/*
 * The mean between false alarms that gives a chance of one in a run of so many trials: they come as
 * good as at random (Aldous 1989). 0 < chance < 1, trials > 0; kept within what cusum_start takes.
 */
double cusum_mean_for(double chance, double trials);

#endif
