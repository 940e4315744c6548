/*
 * The figures of a run under way as OpenMetrics text, for the metrics endpoint. Pure: cells in,
 * text out. Every counter and histogram is cumulative since the run began and comes from the same
 * cells as run.json, so that the last exposition of a run equals it. Format: OpenMetrics 1.0.0
 * (github.com/OpenObservability/OpenMetrics, specification/OpenMetrics.md); the older one is
 * Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 */
#ifndef RUSHHOUR_WATCH_OPENMETRICS_H
#define RUSHHOUR_WATCH_OPENMETRICS_H

#include "base/text.h"
#include "profile/profile.h"
#include "record/cell.h"
#include "record/health.h"

#include <stddef.h>
#include <stdint.h>

enum exposition { EXPOSITION_OPENMETRICS, EXPOSITION_PLAIN };

struct openmetrics_region {
    const struct region *region;
    const struct cell *totals; /* NULL: nothing has begun */
    uint64_t sessions_open, in_flight;
};

/* A moment of a run; everything borrowed. */
struct openmetrics_state {
    const char *run_id, *profile;
    uint64_t seed;
    unsigned workers;
    bool simulated;
    double clock_speed;
    const char *state;                    /* one of openmetrics_states */
    int64_t created_ns;                   /* real time at which counting began, since 1970 UTC */
    int64_t elapsed_ns;                   /* of the run's own clock, as the next one */
    int64_t load_ns;                      /* how long the load lasts */
    enum load_model model;                /* what `requested` counts */
    double requested;                     /* per region, now: sessions to keep busy, or arrivals per
                                             second */
    double budget_spent;                  /* share of the limit that is nearest; negative: there is
                                             none */
    const struct health *health, *latest; /* of the run so far, of its last whole interval; NULL:
                                             none yet */
    const struct openmetrics_region *regions;
    size_t region_count;
};

/* The values of `state`, ended by NULL: "starting", "running", "draining", "finished". */
extern const char *const openmetrics_states[];

/* Appends the whole exposition. */
void openmetrics_write(const struct openmetrics_state *state, enum exposition exposition,
                       struct text *out);

/* The Content-Type that belongs to an exposition. */
const char *openmetrics_content_type(enum exposition exposition);

/* What a client wants by its Accept header (RFC 9110, 12.5.1); NULL: it sent none. OpenMetrics,
 * unless plain text is liked better. */
enum exposition openmetrics_negotiate(const char *accept);

#endif
