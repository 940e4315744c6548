/*
 * Services with known truth, minute by minute, on which bench_stats_dependence and its unit test
 * measure the calibration of stats/dependence.h. About 2,700 attempts per hour from 15 concurrent
 * sessions, each of which makes an attempt every 20 s.
 */
#ifndef RUSHHOUR_BENCH_SERVICE_SCENARIO_H
#define RUSHHOUR_BENCH_SERVICE_SCENARIO_H

#include "base/random.h"
#include "stats/blocks.h"
#include "stats/rate.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SCENARIO_SLOTS 15
#define SCENARIO_PACE 20.0 /* seconds from one attempt of a slot to its next interaction */
#define SCENARIO_BASE 10.0 /* seconds of a base block */
#define SCENARIO_RETRIES 3

/* How a service fails. */
struct scenario {
    const char *name;
    double rate;             /* failure rate when nothing else strikes */
    double poison;           /* probability that a failure makes all later attempts of its
                                session fail */
    double retry;            /* probability that a failed attempt, retried in a fresh session,
                                fails again */
    bool chains;             /* the clusters know which retries belong to which session */
    double incidents;        /* per hour, at random (Poisson) ... */
    bool regular;            /* ... or exactly that many in each hour, at random times */
    double incident_seconds; /* their length */
    double incident_share;   /* share of attempts that fail during one */
    double drift;            /* standard deviation of the logarithm of the rate, which drifts */
    double drift_seconds;    /* with this correlation time (Ornstein and Uhlenbeck) */
    double session_attempts; /* per session, 10 by default */
    double session_spread;   /* standard deviation of the logarithm of a session's own rate */
};

/* Fails twice as often, in the same way: twice the incidents, if it has any. */
static inline struct scenario scenario_doubled(const struct scenario *s)
{
    struct scenario twice = *s;
    if (s->incidents > 0) {
        twice.incidents *= 2;
    } else {
        twice.rate *= 2;
    }
    return twice;
}

/* How long a run observes: `stretches` of this many hours, a day apart. */
struct scenario_span {
    const char *name;
    int stretches;
    double hours;
};

/* One run; reusable; freed with scenario_free. */
struct scenario_run {
    struct time_block *blocks;
    size_t count;
    struct cluster_sums chains;
    struct scenario_latency {
        double ms;
        size_t block;
    } * latencies; /* of every attempt; NULL: not needed */
    size_t attempts;
};

/* The probability that an attempt fails, for each second of one stretch. */
struct scenario_weather {
    double *struck; /* because of incidents */
    double *drift;  /* multiplier of the rate */
    size_t seconds;
};

static inline size_t scenario_seconds(const struct scenario_span *span)
{
    return (size_t)(span->hours * 3600);
}

static inline void *scenario_memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) abort();
    return memory;
}

static inline struct scenario_weather scenario_weather_new(const struct scenario_span *span)
{
    size_t seconds = scenario_seconds(span);
    return (struct scenario_weather){.struck = scenario_memory(seconds, sizeof(double)),
                                     .drift = scenario_memory(seconds, sizeof(double)),
                                     .seconds = seconds};
}

static inline void scenario_weather_free(struct scenario_weather *weather)
{
    free(weather->struck);
    free(weather->drift);
}

/* An incident from `start` on, which may be before the stretch. */
static inline void scenario_strike(struct scenario_weather *weather, double start,
                                   const struct scenario *s)
{
    double end = start + s->incident_seconds;
    for (double t = fmax(0, ceil(start)); t < end && t < (double)weather->seconds; t += 1)
        weather->struck[(size_t)t] = s->incident_share;
}

/* Calls back for each incident of a stretch. */
static inline size_t scenario_incidents(const struct scenario *s, struct random *random,
                                        size_t seconds, double *starts, size_t room)
{
    size_t count = 0;
    if (s->incidents <= 0) return 0;
    if (s->regular) {
        double each = 3600 / s->incidents;
        for (double from = 0; from + 1 < (double)seconds && count < room; from += each)
            starts[count++] = from + random_unit(random) * (each - s->incident_seconds);
        return count;
    }
    double at = -s->incident_seconds;
    for (;;) {
        at += random_exponential(random) * 3600 / s->incidents;
        if (at >= (double)seconds || count == room) return count;
        starts[count++] = at;
    }
}

static inline void scenario_clear(struct scenario_weather *weather)
{
    for (size_t i = 0; i < weather->seconds; i++) {
        weather->struck[i] = 0;
        weather->drift[i] = 1;
    }
}

static inline void scenario_drift(struct scenario_weather *weather, const struct scenario *s,
                                  struct random *random)
{
    if (s->drift <= 0) return;
    double keep = exp(-1 / s->drift_seconds);
    double fresh = sqrt(1 - keep * keep);
    double x = random_normal(random);
    for (size_t i = 0; i < weather->seconds; i++) {
        weather->drift[i] = exp(s->drift * x - s->drift * s->drift / 2);
        x = keep * x + fresh * random_normal(random);
    }
}

#define SCENARIO_INCIDENTS 1024

/* The weather of one stretch. */
static inline void scenario_weather_draw(struct scenario_weather *weather, const struct scenario *s,
                                         struct random *random)
{
    double starts[SCENARIO_INCIDENTS];
    scenario_clear(weather);
    scenario_drift(weather, s, random);
    size_t count = scenario_incidents(s, random, weather->seconds, starts, SCENARIO_INCIDENTS);
    for (size_t i = 0; i < count; i++) scenario_strike(weather, starts[i], s);
}

/* The weather of two regions: the drift is shared; half of the incidents strike both, the rest
 * one of them at random. Each region has as many as it would by itself; `twice`: b has as many
 * again of its own. */
static inline void scenario_weather_pair(struct scenario_weather *a, struct scenario_weather *b,
                                         const struct scenario *s, bool twice,
                                         struct random *random)
{
    double starts[SCENARIO_INCIDENTS];
    struct scenario more = *s;
    more.incidents *= 4.0 / 3; /* a region is struck by three of four incidents */
    scenario_clear(a);
    scenario_clear(b);
    scenario_drift(a, s, random);
    memcpy(b->drift, a->drift, a->seconds * sizeof *a->drift);
    size_t count = scenario_incidents(&more, random, a->seconds, starts, SCENARIO_INCIDENTS);
    for (size_t i = 0; i < count; i++) {
        uint64_t who = random_below(random, 4); /* 0, 1: both */
        if (who != 2) scenario_strike(a, starts[i], s);
        if (who != 3) scenario_strike(b, starts[i], s);
    }
    count = twice ? scenario_incidents(s, random, b->seconds, starts, SCENARIO_INCIDENTS) : 0;
    for (size_t i = 0; i < count; i++) scenario_strike(b, starts[i], s);
}

/* A simulated session: its cluster, and where its attempts are counted. */
struct scenario_session {
    const struct scenario *scenario;
    const struct scenario_weather *weather;
    struct scenario_run *run;
    size_t first; /* base block of the stretch */
    double own;   /* multiplier of its rate and its latency */
    bool poisoned;
    uint64_t attempts, failed, first_failure; /* within the stretch */
};

/* Whether an attempt at t fails; counted if it lies within the stretch. */
static inline bool scenario_attempt(struct scenario_session *session, double t, double at_least,
                                    struct random *random)
{
    const struct scenario_weather *w = session->weather;
    bool seen = t >= 0 && t < (double)w->seconds;
    size_t second = seen ? (size_t)t : 0;
    double p = fmin(1, session->scenario->rate * session->own * w->drift[second]);
    if (seen) p = 1 - (1 - p) * (1 - w->struck[second]);
    if (session->poisoned) p = 1;
    bool fails = random_unit(random) < fmax(p, at_least);
    if (fails && random_unit(random) < session->scenario->poison) session->poisoned = true;
    if (!seen) return fails;
    size_t number = session->first + (size_t)(t / SCENARIO_BASE);
    struct time_block *block = &session->run->blocks[number];
    block->attempts += 1;
    block->failures += fails;
    if (session->run->latencies != NULL) {
        double ms = 350 * session->own * w->drift[second] * exp(0.4 * random_normal(random));
        session->run->latencies[session->run->attempts++] =
            (struct scenario_latency){.ms = ms, .block = number};
    }
    session->attempts++;
    if (fails && session->failed++ == 0) session->first_failure = session->attempts;
    return fails;
}

static inline void scenario_close(struct scenario_session *session)
{
    cluster_add(&session->run->chains, session->attempts, session->failed, session->first_failure);
}

/* Retries in fresh sessions, each 2 s after a failure. */
static inline void scenario_retry(struct scenario_session *session, double t, struct random *random)
{
    const struct scenario *s = session->scenario;
    for (int i = 0; s->retry > 0 && i < SCENARIO_RETRIES; i++) {
        struct scenario_session fresh = *session;
        fresh.attempts = fresh.failed = fresh.first_failure = 0;
        t += 2;
        bool fails = scenario_attempt(s->chains ? session : &fresh, t, s->retry, random);
        if (!s->chains) scenario_close(&fresh);
        if (!fails) return;
    }
}

/* One session from t on; returns when the next one begins. */
static inline double scenario_session(struct scenario_session session, double t,
                                      struct random *random)
{
    const struct scenario *s = session.scenario;
    double spread = s->session_spread;
    session.own = spread > 0 ? exp(spread * random_normal(random) - spread * spread / 2) : 1;
    double attempts = s->session_attempts > 0 ? s->session_attempts : 10;
    for (double i = 0; i < attempts && t < (double)session.weather->seconds; i++) {
        if (scenario_attempt(&session, t, 0, random)) scenario_retry(&session, t, random);
        t += SCENARIO_PACE;
    }
    scenario_close(&session);
    return t;
}

/* Adds a stretch, day `day`, with this weather. Blocks must have room. */
static inline void scenario_stretch(struct scenario_run *run, const struct scenario *s,
                                    const struct scenario_weather *weather, int day,
                                    struct random *random)
{
    size_t first = run->count;
    size_t blocks = (size_t)((double)weather->seconds / SCENARIO_BASE);
    for (size_t i = 0; i < blocks; i++) {
        double start = day * 86400.0 + (double)i * SCENARIO_BASE;
        run->blocks[run->count++] = (struct time_block){.start = start, .seconds = SCENARIO_BASE};
    }
    double attempts = s->session_attempts > 0 ? s->session_attempts : 10;
    for (int slot = 0; slot < SCENARIO_SLOTS; slot++) {
        double t = -random_unit(random) * attempts * SCENARIO_PACE;
        const struct scenario_session session = {
            .scenario = s, .weather = weather, .run = run, .first = first};
        while (t < (double)weather->seconds) t = scenario_session(session, t, random);
    }
}

static inline struct scenario_run scenario_run_new(const struct scenario_span *span)
{
    size_t blocks = (size_t)span->stretches * (scenario_seconds(span) / (size_t)SCENARIO_BASE);
    return (struct scenario_run){.blocks = scenario_memory(blocks, sizeof(struct time_block))};
}

/* Also keeps the latencies; for services without retries. */
static inline void scenario_keep_latencies(struct scenario_run *run,
                                           const struct scenario_span *span)
{
    double most = span->stretches * SCENARIO_SLOTS * (span->hours * 3600 / SCENARIO_PACE + 2);
    run->latencies = scenario_memory((size_t)most, sizeof *run->latencies);
}

static inline void scenario_free(struct scenario_run *run)
{
    free(run->blocks);
    free(run->latencies);
}

static inline void scenario_restart(struct scenario_run *run)
{
    run->count = 0;
    run->attempts = 0;
    run->chains = (struct cluster_sums){0};
}

/* A whole run. */
static inline void scenario_draw(struct scenario_run *run, const struct scenario *s,
                                 const struct scenario_span *span, struct scenario_weather *weather,
                                 struct random *random)
{
    scenario_restart(run);
    for (int day = 0; day < span->stretches; day++) {
        scenario_weather_draw(weather, s, random);
        scenario_stretch(run, s, weather, day, random);
    }
}

/* Two regions in the same minutes. */
static inline void scenario_draw_pair(struct scenario_run *a, struct scenario_run *b,
                                      const struct scenario *s, const struct scenario *other,
                                      const struct scenario_span *span, struct scenario_weather *wa,
                                      struct scenario_weather *wb, bool twice,
                                      struct random *random)
{
    scenario_restart(a);
    scenario_restart(b);
    for (int day = 0; day < span->stretches; day++) {
        scenario_weather_pair(wa, wb, s, twice, random);
        scenario_stretch(a, s, wa, day, random);
        scenario_stretch(b, other, wb, day, random);
    }
}

/* The true rate of the service, over `hours` of simulation. */
static inline double scenario_truth(const struct scenario *s, int hours, uint64_t seed)
{
    const struct scenario_span span = {.stretches = 1, .hours = 1};
    struct random random;
    random_seed(&random, seed, 0);
    struct scenario_weather weather = scenario_weather_new(&span);
    struct scenario_run run = scenario_run_new(&span);
    double attempts = 0;
    double failures = 0;
    for (int i = 0; i < hours; i++) {
        scenario_draw(&run, s, &span, &weather, &random);
        attempts += run.chains.m;
        failures += run.chains.x;
    }
    scenario_weather_free(&weather);
    scenario_free(&run);
    return failures / attempts;
}

#endif
