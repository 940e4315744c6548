/* Deciding while a run is in progress, without the bias of peeking: Wald's sequential probability
 * ratio test of a failure rate. */
#ifndef RUSHHOUR_STATS_SEQUENTIAL_H
#define RUSHHOUR_STATS_SEQUENTIAL_H

#include <stdbool.h>

enum sequential_verdict { SEQUENTIAL_OPEN, SEQUENTIAL_ACCEPTABLE, SEQUENTIAL_TOO_HIGH };

/*
 * Decides between an acceptable rate and one that calls for action. Its trials must be independent:
 * first failures per attempt at risk, or sessions; never all attempts of sessions that a failure
 * may poison (statistics page, 5).
 */
struct sequential {
    double acceptable, too_high; /* the two rates */
    double if_failed, if_passed; /* what one trial adds to the log likelihood ratio */
    double lower, upper;         /* the decision bounds */
    double sum;                  /* the current log likelihood ratio */
    enum sequential_verdict verdict;
};

/*
 * Starts a test (Wald 1945, "Sequential tests of statistical hypotheses"). false_alarm: the chance
 * of TOO_HIGH at the acceptable rate; miss: that of ACCEPTABLE at the other; both strictly between
 * 0 and 1, with a sum below 1. 0 < acceptable < too_high < 1. False for anything else.
 */
bool sequential_start(struct sequential *test, double acceptable, double too_high,
                      double false_alarm, double miss);

/* Adds trials, `failed` of them failed; a verdict, once reached, is kept. */
enum sequential_verdict sequential_add(struct sequential *test, double trials, double failed);

/* The mean number of trials if this is the true rate (Wald's approximation, 1947, 3:57). */
double sequential_expected_trials(const struct sequential *test, double true_rate);

#endif
