/* The one sentence at the top of the page: what this run has found, and how certain that is. */
#ifndef RUSHHOUR_PAGE_STORY_H
#define RUSHHOUR_PAGE_STORY_H

#include "figures/patterns.h"
#include "stats/dependence.h"

enum story_kind {
    STORY_NOTHING, /* nothing was recorded */
    STORY_FEW,     /* too few attempts to say anything */
    STORY_FLAWLESS,
    STORY_LEVEL,   /* failures, and no window or region that stands out */
    STORY_WINDOW,  /* one region, worst in one window of a width */
    STORY_NAMED,   /* one region, worst in a named time of day */
    STORY_REGION,  /* one region against the others */
    STORY_INCIDENT /* an incident, whichever regions it struck: it goes before all others */
};

struct story {
    enum story_kind kind;
    size_t region;
    const struct grouping *grouping;     /* of STORY_WINDOW and STORY_NAMED */
    const struct slice *slice;           /* of STORY_WINDOW; of STORY_NAMED the first one */
    const struct run_incident *incident; /* of STORY_INCIDENT; `there` has no interval then */
    struct estimate there, rest;       /* of attempts failed; of the whole run where nothing stands
                                        out */
    double p;                          /* of no difference within the run, times all the comparisons
                                        that were looked at: what is picked by */
    double looked;                     /* so many */
    struct service_difference service; /* there less rest at such hours, at a confidence that pays
                                          for having been picked: what is claimed */
    char why[240];                     /* of no answer, in a clause */
};

/* Finds what stands out most in the run (the least p, Bonferroni over all that it was picked from),
 * and what of it holds at such hours. */
struct story story_find(const struct results *results);

/* story_incident.c: the gravest incident, if there is one; and what to say of it. */
bool story_find_incident(const struct results *results, struct story *story);
void story_incident(const struct results *results, const struct story *story, struct text *out);

/* Whether it is about times at which the load generator was healthy, even if it was not always. */
bool story_rests_on_valid(const struct story *story);

/* Appends when a region that stands out among others is at its worst; nothing for the other
 * kinds. */
void story_when(const struct results *results, const struct story *story, struct text *out);

/* Appends the sentence, and a few words on its certainty. Plain text. */
void story_sentence(const struct results *results, const struct story *story, struct text *out);
void story_certainty(const struct results *results, const struct story *story, struct text *out);

#endif
