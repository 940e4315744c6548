/*
 * The search for the highest load that meets objectives: what to drive next, and what has been
 * shown. Pure: levels out, sessions in. The driver is in run/.
 *
 * It doubles the level until one looks bad, halves the gap on the logarithmic scale until it is one
 * step, proves the last good level with fresh evidence, and tests the next one for bad. If that is
 * good, it climbs again. Screening is weak and claims nothing; only the proofs are claims. The i-th
 * of them may be wrong with a chance of (errors/2) 6/(pi^2 i^2) for each of its two answers, so all
 * together with `errors` at most, whenever the search ends.
 */
#ifndef RUSHHOUR_CAPACITY_SEARCH_H
#define RUSHHOUR_CAPACITY_SEARCH_H

#include "stats/eprocess.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEARCH_OBJECTIVES_MOST 8

struct search_plan {
    double start, least, most;             /* levels: where to begin, and the range; any unit */
    double step;                           /* the width of the bracket aimed at: 0.05 is 5% */
    bool whole;                            /* levels are whole numbers: sessions */
    double errors;                         /* the chance of any wrong claim: 1 - confidence */
    double limits[SEARCH_OBJECTIVES_MOST]; /* of the mean share of a session that is bad */
    size_t objective_count;
    double sustain_s;       /* a level is only proven good after so long */
    uint64_t sessions_most; /* per proof; 0: SEARCH_SESSIONS_MOST over the lowest limit. A screening
                               takes a quarter */
};

/* A share of half the limit is shown below it in most cases. */
#define SEARCH_SESSIONS_MOST 200.0

enum search_phase { SEARCH_GALLOP, SEARCH_BISECT, SEARCH_PROVE, SEARCH_TEST, SEARCH_DONE };

enum search_end {
    SEARCH_UNFINISHED, /* not done, or stopped from outside */
    SEARCH_BRACKETED,  /* a level is proven good, a higher one proven bad */
    SEARCH_AT_MOST,    /* the highest level allowed is proven good */
    SEARCH_BLOCKED,    /* the next level cannot be driven from here */
    SEARCH_UNDECIDED,  /* levels above the proven one lie too near the limit to tell */
    SEARCH_ALL_BAD,    /* not even the lowest level is good */
    SEARCH_UNSTABLE    /* proofs contradict each other: the service changed meanwhile */
};

struct search {
    struct search_plan plan;
    enum search_phase phase;
    enum search_end end;
    double level;      /* to drive now */
    double good, bad;  /* by screening: the highest good and the lowest bad one; 0, infinite */
    double factor;     /* of the climb */
    double proven;     /* good; 0: none */
    double refuted;    /* proven bad; infinite: none */
    unsigned proofs;   /* begun */
    unsigned skipped;  /* tests that could not decide, since the last that did */
    double blocked;    /* the lowest level that could not be driven; infinite: none */
    bool retried;      /* that one has been tried again */
    uint64_t sessions; /* at this level, in this phase */
    double seconds;
    struct eprocess evidence[SEARCH_OBJECTIVES_MOST];
};

/* What one level came to. */
enum search_verdict { SEARCH_OPEN, SEARCH_GOOD, SEARCH_BAD, SEARCH_UNCLEAR };

/* False if the plan makes no sense (a limit outside 0..1, no objective, an empty range, a step not
 * above 0, errors outside 0..1). */
bool search_start(struct search *search, const struct search_plan *plan);

/* Adds a session of the current level, in the order in which they began: for each objective the
 * share of it that was bad, NaN if it has nothing to say about it. True if the level is decided:
 * call search_next; further sessions of it no longer count. */
bool search_add(struct search *search, const double *bad);

/* Adds time that was driven and observed at the current level. True as search_add. */
bool search_time(struct search *search, double seconds);

/* What the current level has come to so far. */
enum search_verdict search_verdict(const struct search *search);

/* Goes on to the next level, or to the end (phase SEARCH_DONE), once the current one is decided;
 * does nothing before. */
void search_next(struct search *search);

/* The current level cannot be driven from this machine: nothing is known of it. */
void search_block(struct search *search);

/* The sessions, all of them good, that the next proof takes at least, or this screening. */
uint64_t search_fewest(const struct search *search);

/* The next level above one, a step away. */
double search_above(const struct search_plan *plan, double level);

#endif
