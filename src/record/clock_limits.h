/*
 * Time limits that a replay cannot keep. Scaled with its clock, they would be shorter than a step
 * may take on this machine, whose own slowness would then be blamed on the service. So they last
 * longer than the profile says, and run.json and every report say so.
 */
#ifndef RUSHHOUR_RECORD_CLOCK_LIMITS_H
#define RUSHHOUR_RECORD_CLOCK_LIMITS_H

#include "base/text.h"

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_LIMITS_MOST 16

struct clock_limit {
    char key[32];     /* of the profile: "timeouts.response" */
    int64_t asked_ns; /* what the profile says, of the run's clock */
    int64_t lasts_ns; /* of the run's clock */
};

struct clock_limits {
    struct clock_limit list[CLOCK_LIMITS_MOST];
    size_t count; /* 0: every limit is kept */
};

/*
 * The resolution of a replay: latencies below it cannot be told from 0. It is the replay's speed
 * times the lateness of the generator's own timers. Every latency contains several such waits, here
 * and in the simulator: the value that nine of ten stay below bounds a median, the P99 of one
 * bounds the tail. Microseconds of the run's clock; 0 in real time, or for a run that did not end.
 */
struct clock_resolution {
    int64_t median_us, tail_us;
};

/* The least that a latency measured as us can have been. */
int64_t clock_resolved_low(int64_t us, int64_t least_us);

/* As run.json holds it, {"median", "tail"} in ms; NULL without memory. */
cJSON *clock_resolution_json(const struct clock_resolution *resolution);

/* Reads that; 0 and 0 when it is not of the form. */
struct clock_resolution clock_resolution_read(const cJSON *json);

/* Appends "At clock.speed 480 timeouts.response 20s lasts 48m: ..." with its reason; nothing
 * without limits. */
void clock_limits_words(const struct clock_limits *limits, double speed, struct text *out);

/* As run.json holds them, [{"key", "profile_s", "lasts_s"}]; NULL without memory. */
cJSON *clock_limits_json(const struct clock_limits *limits);

/* Reads that; what is not of the form is left out. */
void clock_limits_read(const cJSON *json, struct clock_limits *out);

#endif
