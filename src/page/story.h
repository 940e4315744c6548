/* The one sentence at the top of the page: what this run found, and how certain it is. */
#ifndef RUSHHOUR_PAGE_STORY_H
#define RUSHHOUR_PAGE_STORY_H

#include "figures/patterns.h"
#include "stats/dependence.h"

enum story_kind {
    STORY_NOTHING, /* nothing was recorded */
    STORY_FEW,     /* too few attempts to conclude anything */
    STORY_FLAWLESS,
    STORY_LEVEL,   /* failures, but no window or region stands out */
    STORY_WINDOW,  /* one region in its worst window of a width */
    STORY_NAMED,   /* one region in a named time of day, its worst */
    STORY_REGION,  /* one region against the others */
    STORY_INCIDENT /* an incident in any regions; it takes precedence over all others */
};

struct story {
    enum story_kind kind;
    size_t region;
    const struct grouping *grouping;     /* for STORY_WINDOW and STORY_NAMED */
    const struct slice *slice;           /* for STORY_WINDOW; for STORY_NAMED the first one */
    const struct run_incident *incident; /* for STORY_INCIDENT; `there` then has no interval */
    struct estimate there, rest;         /* failed attempts; of the whole run when nothing stands
                                          out */
    double p;                            /* of no difference at such hours, or within this run where
                                          it cannot tell (and for STORY_WINDOW); times all
                                          comparisons made; used to pick the finding */
    double looked;                       /* how many comparisons that were */
    struct service_difference service;   /* there minus rest at such hours, at a confidence that
                                          accounts for the picking; this is what the sentence
                                          claims */
    char why[240];                       /* why there is no answer, as a clause */
};

/* Finds what stands out most (the least p, with Bonferroni over all candidates): what holds at such
 * hours before what only happened in this run. A difference that the run can judge, and that
 * failures which come together in time explain, does not stand out. */
struct story story_find(const struct results *results);

/* story_incident.c: finds the gravest incident, if any, and words for it. */
bool story_find_incident(const struct results *results, struct story *story);
void story_incident(const struct results *results, const struct story *story, struct text *out);

/* Whether it concerns times when the load generator was healthy, even if it was not always so. */
bool story_rests_on_valid(const struct story *story);

/* When a region picked on its own is at its worst; STORY_LEVEL when no time stands out. */
struct story story_worst(const struct results *results, size_t region);

/* story_plain.c: appends the finding in one sentence that needs no statistics, and what users lost;
 * nothing where the run bears none. Ratios are of the rates in this run; "In this run" stands
 * before what it cannot claim of other such hours. */
void story_plain(const struct results *results, const struct story *story, struct text *out);

/* Appends when a region that stands out is at its worst; nothing for the other kinds. */
void story_when(const struct results *results, const struct story *story, struct text *out);

/* Appends the sentence and a few words on its certainty, as plain text. */
void story_sentence(const struct results *results, const struct story *story, struct text *out);
void story_certainty(const struct results *results, const struct story *story, struct text *out);

#endif
