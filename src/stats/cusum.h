/* Watches a failure rate for the whole length of a run: a cumulative sum that restarts as often as
 * needed. */
#ifndef RUSHHOUR_STATS_CUSUM_H
#define RUSHHOUR_STATS_CUSUM_H

#include <stdbool.h>
#include <stdint.h>

#define CUSUM_BLOCK_S 60 /* the evidence of each such block is capped */
#define CUSUM_BLOCKS 8   /* minimum number of blocks needed to reach the limit */

/*
 * Page's cumulative sum (1954) of the log likelihood ratio of a rate that must stop the run against
 * an acceptable one. It falls back to 0 and restarts when the trials favour the acceptable rate; at
 * the limit the rate is too high.
 *
 * What the limit guarantees: trials that fail independently at the acceptable rate reach it once in
 * `mean_trials` on average, or less often. Trials of a poisoned session or of one chain of retries
 * are not independent: feed at most one failure of each (engine/trials.h). Faults that strike all
 * sessions at once are handled by the cap: one minute contributes at most an eighth of the limit (a
 * censored likelihood ratio, Huber 1965). Bursts of up to 5 minutes that, together with the rest,
 * do not exceed the acceptable rate therefore keep the guarantee too (bench/bench_stats_cusum.c). A
 * lasting failure stops the run after 6 to 8 minutes; an incident of that length is what the rule
 * is for.
 */
struct cusum {
    double acceptable, too_high; /* the two rates */
    double mean_trials;          /* trials between false alarms, as requested */
    double if_failed, if_passed; /* score of one trial; if_passed is negative */
    double unit;                 /* both scores are integer multiples of this; 0 if there is no
                                    such unit */
    double limit;                /* an alarm at this sum */
    double before, block;        /* the sum before this block, and what this block has added so
                                    far */
    int64_t block_number;
    double peak;             /* the highest sum so far */
    uint64_t trials, failed; /* all trials added */
    uint64_t restarts;       /* how often the sum fell back to 0 */
    bool alarm;              /* the limit was reached; stays set until cusum_restart() */
};

/*
 * Starts a watch. 0 < acceptable < too_high < 1; mean_trials from 10 to 1e9. Scores are rounded to
 * a lattice (Reynolds and Stoumbos 1999), on which the mean is exact: cusum_mean_trials(). If the
 * rates are too close together for one, the limit is ln(mean_trials), which is always on the safe
 * side (Lorden 1971). False for anything else.
 */
bool cusum_start(struct cusum *watch, double acceptable, double too_high, double mean_trials);

/*
 * Adds trials that began at `now_s` (seconds of any clock that never goes back), `failed` of them
 * failed; trials that are reported late count in the block in which they are reported. True at an
 * alarm.
 */
bool cusum_add(struct cusum *watch, double now_s, uint64_t trials, uint64_t failed);

/* The current sum: 0 to the limit, or slightly above it. */
double cusum_sum(const struct cusum *watch);

/* After an alarm: starts again from 0. The counts continue. */
void cusum_restart(struct cusum *watch);

/*
 * Mean number of trials from 0 to the limit if they fail independently at this rate and no cap
 * applies: at the acceptable rate the distance between false alarms, at the other one the delay.
 * Exact on the lattice; without one, Siegmund's approximation (1985, 2.5). NaN for an invalid rate,
 * infinity for 0.
 */
double cusum_mean_trials(const struct cusum *watch, double rate);

/*
 * Mean time in seconds, from the moment at which trials begin to fail at this rate, until the
 * limit is reached; with the cap, which cusum_mean_trials() ignores. The mean of simulated watches,
 * always the same ones (standard error 4%; 10% above 100,000 trials); above a million trials,
 * without the cap. Infinity for a rate of 0, and if trials are so far apart that the capped score
 * of a failure is less than what the successes take away; NaN for an invalid rate.
 */
double cusum_mean_delay(const struct cusum *watch, double rate, double trials_per_hour);

/*
 * The mean between false alarms for which a run of this many trials has this chance of one: false
 * alarms come almost at random (Aldous 1989). 0 < chance < 1, trials > 0; clamped to what
 * cusum_start accepts.
 */
double cusum_mean_for(double chance, double trials);

#endif
