/*
 * The metric families of a run in progress: what is exported under which names, in one table for
 * all formats. Every counter and histogram is cumulative since the run began and comes from the
 * same cells as run.json, so the final figures of a run equal it.
 */
#ifndef RUSHHOUR_WATCH_FAMILIES_H
#define RUSHHOUR_WATCH_FAMILIES_H

#include "record/run_snapshot.h"
#include "watch/buckets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The types of OpenMetrics 1.0.0. */
enum family_type {
    FAMILY_COUNTER,
    FAMILY_GAUGE,
    FAMILY_HISTOGRAM,
    FAMILY_INFO,
    FAMILY_STATESET,
    FAMILY_TYPE_COUNT
};

struct family {
    const char *name; /* including the unit, without suffixes such as _total */
    enum family_type type;
    const char *unit; /* NULL if none */
    const char *help;
};

struct label {
    const char *name, *value;
};

/* One value of a family. */
struct sample {
    const struct label *labels;
    size_t label_count;
    bool whole; /* the value is in `count`, otherwise in `value` */
    uint64_t count;
    double value;
    /* of a histogram: microseconds, NULL if nothing has been measured; and the upper bounds of its
     * BUCKETS_MOST buckets, seconds, ascending */
    const struct histogram *latency;
    const double *bounds_s;
};

/* Receives families, each followed by its samples; everything is valid only during the call. */
struct family_sink {
    void (*on_family)(void *user, const struct family *family);
    void (*on_sample)(void *user, const struct sample *sample);
    void *user;
};

/* Reports every family that the run has, with its samples. */
void families_each(const struct run_snapshot *snapshot, const struct family_sink *sink);

#endif
