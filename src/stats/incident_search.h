/* State of the search for incidents, shared by its steps (incident.h). */
#ifndef RUSHHOUR_STATS_INCIDENT_SEARCH_H
#define RUSHHOUR_STATS_INCIDENT_SEARCH_H

#include "stats/incident.h"

/* A stretch of one region, or of all together if region is region_count. */
struct incident_piece {
    size_t region, start, end;
    double log_p;
};

struct incident_search {
    const struct incident_series *series;
    size_t region_count, count, minute;
    double *seen, *expected, *extent; /* of the current series */
    size_t *piece;                    /* which unbroken piece of the run a block lies in */
    double tests;
    struct incident_piece *pieces;
    size_t piece_count, piece_capacity;
    size_t *owner; /* [region * count + block]: 1 + the incident that struck it there; 0: none */
    struct incidents *out;
};

/* What a region did in the blocks start..end. */
struct incident_block incident_sum(const struct incident_series *series, size_t start, size_t end);

/* Fills in what each incident of `out` did to which regions, and what they did outside, from the
 * owners. Incidents that struck no region are dropped. False when out of memory. */
bool incident_effects(struct incident_search *search);

#endif
