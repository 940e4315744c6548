/*
 * Has a service recovered from an incident? What it does since a time against what it did before
 * the incident, in blocks of time, so that failures which come together are not taken for many.
 * docs/incidents.md says the rule, docs/statistics.md how often it is wrong.
 */
#ifndef RUSHHOUR_STATS_RECOVERY_H
#define RUSHHOUR_STATS_RECOVERY_H

#include "stats/dependence.h"

#include <stdbool.h>
#include <stddef.h>

/* Shorter quiet between two incidents is no end of the first. */
#define RECOVERY_QUIET_SECONDS 600.0
/* An incident that lasts as long is a relapse, if it is grave; a shorter one only if the first one
 * was not twice as long. */
#define RECOVERY_LASTING_SECONDS 300.0
/* The share of the incident's excess over the baseline that no margin may exceed. */
#define RECOVERY_MOST_OF_EXCESS 0.5

/* The blocks of one region, by start, on one clock in seconds; those that do not count (the load
 * generator was not healthy) left out. Borrowed. */
struct recovery_series {
    const struct time_block *blocks;
    const struct cluster_sums *chains; /* that ended in each block; NULL: unknown */
    size_t count;
};

struct recovery_asked {
    struct recovery_series run;      /* before, during and after the incident */
    struct recovery_series baseline; /* from elsewhere; count 0: the run before the incident */
    double since;                    /* when it should be over, seconds */
    double began;                    /* when the incident began; NaN: to be found */
    double margin; /* so much more than the baseline counts as the same: 0.005 is half a point */
    double confidence; /* of the intervals, and 1 - the level of the decision: 0.95 */
    size_t tests;      /* regions that are judged together, at least 1: for Bonferroni */
};

enum recovery_verdict {
    RECOVERY_RECOVERED, /* not worse than the baseline by more than the margin, no incident */
    RECOVERY_NOT_YET,   /* the incident goes on, or more fails than before it */
    RECOVERY_RELAPSED,  /* it was over, and has begun again */
    RECOVERY_TOO_EARLY  /* nothing of these can be said yet */
};
const char *recovery_verdict_name(enum recovery_verdict verdict);

/* What decided. */
enum recovery_why {
    RECOVERY_WELL,       /* recovered */
    RECOVERY_UNDER_WAY,  /* not yet: it went on, and nothing since shows its end */
    RECOVERY_WORSE,      /* not yet: surely more than the baseline */
    RECOVERY_AGAIN,      /* relapsed */
    RECOVERY_NOTHING,    /* too early: nothing was tried since */
    RECOVERY_BRIEF,      /* too early: it takes DEPENDENCE_LEAST_SIDE_SECONDS */
    RECOVERY_BASELINE,   /* too early: the baseline is too short to say anything */
    RECOVERY_INCIDENTS,  /* too early: incidents since, oftener than before, or just now */
    RECOVERY_DEPENDENCE, /* too early: `difference.dependence` says why time cannot tell yet */
    RECOVERY_UNSURE      /* too early: the interval reaches beyond the margin */
};

/* One of the three parts: what happened in it. */
struct recovery_part {
    double start, end; /* of its first and last block; 0 without one */
    double seconds;    /* of all its blocks */
    double attempts, failures;
    struct estimate rate; /* of attempts failed, with the clusters of sessions and chains */
    size_t incidents;     /* that began in it */
    /* outside of them */
    double outside_seconds, outside_attempts, outside_failures;
    struct estimate outside;
};

/* A stretch that a scan found (stats/incident.h). */
struct recovery_stretch {
    double start, end, attempts, failures;
};

struct recovery {
    enum recovery_verdict verdict;
    enum recovery_why why;
    bool struck; /* an incident before `since` was found or named, and it is above the baseline */
    struct recovery_part baseline, incident, since; /* since: from the incident's end on */
    struct recovery_stretch last; /* incident since; all 0: none. A relapse: the first */
    double margin;                /* that was used */
    /* since less baseline at such hours, outside of incidents, with 90% for a level of 5% on one
     * side; if RECOVERY_WORSE decides, of all that failed, with 95% over the regions */
    struct service_difference difference;
    double needed_seconds; /* of further measuring, if it goes on like this; NaN: no length of it
                              settles this, or none is needed */
};

/*
 * Judges one region.
 *
 * The incident: that with the most failures among those which a scan finds before `since`
 * (incidents_find), with its neighbours: right beside it, or lasting and less than
 * RECOVERY_QUIET_SECONDS away; or from
 * `began`, or with a baseline from elsewhere all that was driven before `since`. If it reaches
 * beyond `since`, the part since begins at its end. Other stretches count as incidents if they are
 * a quarter as grave; less is left to the difference.
 *
 * Recovered: the difference of the rates outside of incidents lies below the margin
 * (service_within_margin: one-sided, which takes half an hour and more on both sides), incidents
 * come no oftener than in the baseline, all that failed is no more than the margin above it, and
 * there is none within the last half hour. Relapsed: an incident
 * at least half as grave, which lasts (RECOVERY_LASTING_SECONDS), and the like of which the
 * baseline has not. Not yet: the incident went on beyond `since`, and what came after is not surely
 * less than halfway back to it; or the difference of all that failed is surely above 0.
 *
 * False without memory.
 */
MUST_USE bool recovery_judge(const struct recovery_asked *given, struct recovery *out);

#endif
