/*
 * Services for the benches of incidents, of windows that stand out and of regions that fail
 * together: what can be said of one, and the words for the rows of their tables. Each bench draws
 * its runs in its own way, and reads only the members that it needs.
 */
#ifndef RUSHHOUR_BENCH_BURSTING_SERVICE_H
#define RUSHHOUR_BENCH_BURSTING_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#define BLOCK_S 10
#define MINUTE 6 /* blocks */
#define BLOCKS_MOST (7 * 24 * 360)
#define REGIONS_MOST 6

struct service {
    const char *name;
    double hours, window_minutes;
    size_t regions;
    double per_minute; /* attempts of each region, at the top of a ramp */
    double rate;       /* first failures per attempt */
    bool ramp;         /* the load rises from almost nothing */
    bool short_first, one_never_fails;
    double drift;   /* the rate goes up or down to this multiple of itself, in each region
                       independently */
    double step;    /* the rate in the last stage, relative to the others */
    double poison;  /* probability that a failure spoils the rest of its session */
    double spell;   /* number of attempts that fail after a failure, in a row: a poisoned session */
    double retries; /* probability that a failure fails again at once, in a fresh session */
    double burst_s, bursts_per_hour, in_burst;
    bool shared; /* bursts strike all regions */
    double there,
        bursts_there; /* rate, and bursts per hour, in the second window, relative to the rest */
};

/* Hours, regions, attempts per minute of each, and their failure rate. */
#define LOAD(length, count, attempts, failing)                                                     \
    .hours = (length), .regions = (count), .per_minute = (attempts), .rate = (failing)
/* How long a burst is, how many come per hour, and the share of attempts that fail in one. */
#define BURSTS(seconds, per_hour, failing)                                                         \
    .burst_s = (seconds), .bursts_per_hour = (per_hour), .in_burst = (failing)
/* The reference incident: two minutes at 60%. */
#define TWO_MINUTES(per_hour) BURSTS(120, per_hour, 0.6)

#endif
