/*
 * The incidents of a run (stats/incident.h): when which regions failed far oftener than in the rest
 * of it, and what they do outside of incidents. Failures by a quota, by the configuration or
 * credentials, and those of our own side are not the service's: they are left out everywhere here,
 * as is all that happened while the load generator was not healthy (timeline.h).
 */
#ifndef RUSHHOUR_FIGURES_INCIDENTS_H
#define RUSHHOUR_FIGURES_INCIDENTS_H

#include "figures/timeline.h"
#include "stats/incident.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an incident did to one region that it struck. */
struct incident_region {
    size_t region;
    double attempts, failed;
    double interactions_failed; /* after all retries, whatever their cause */
};

struct incident_code {
    const char *code;
    uint64_t count;
};

struct run_incident {
    int64_t start_ns, end_ns;
    int64_t seen_ns; /* of it, in which regions that it struck had attempts that count */
    struct incident_region *regions; /* at least one; more than one: struck together */
    size_t region_count;
    double attempts, failed, interactions_failed; /* of the regions struck */
    double share_of_failures;                     /* of all failures that count */
    int64_t worst_start_ns, worst_end_ns;         /* a minute, or a block where it is longer */
    double worst_attempts, worst_failed;
    struct incident_code *codes; /* the most frequent first */
    size_t code_count;
    double chance; /* that a run without an incident shows one as striking, at most */
};

/* Incidents of one region, or of all, in a part of the run. */
struct incident_rates {
    size_t incidents;         /* that began in it */
    double hours;             /* in which anything counts */
    double unhealthy_hours;   /* of the whole run, that do not count; 0 for a part */
    struct estimate per_hour; /* Garwood's interval for a Poisson count */
    double failed;
    double outside_attempts, outside_failed;
    struct estimate outside; /* of attempts failed: timeline_rate() */
    double left_out;         /* failures that are not the service's */
};

struct run_incidents {
    bool searched;             /* there are blocks enough, with attempts */
    struct run_incident *list; /* by start */
    size_t count;
    uint32_t *owner; /* [region * blocks + block]: 1 + the incident that struck it there; 0: none */
    struct incident_rates *regions; /* one per region, then all together */
    size_t region_count;
    bool by_onsets;    /* every region's failures could be told apart by their chains */
    char (*codes)[64]; /* what the incidents' codes point into */
};

/* Which blocks of a timeline count; NULL: all. */
typedef bool incidents_part(const void *context, int64_t start_ns);

/* Finds them. False without memory. */
bool run_incidents_find(const struct timeline *timeline, struct run_incidents *out);
void run_incidents_free(struct run_incidents *incidents);

/* The rates of one region (region_count: all together) in the blocks that count. */
struct incident_rates run_incidents_rates(const struct run_incidents *incidents,
                                          const struct timeline *timeline, size_t region,
                                          incidents_part *part, const void *context);

/* Whether an incident struck a region. */
bool run_incident_struck(const struct run_incident *incident, size_t region);

/* The incident with the most failures, of any region or of one (region_count: any); NULL: none. */
const struct run_incident *run_incidents_gravest(const struct run_incidents *incidents,
                                                 size_t region);

#endif
