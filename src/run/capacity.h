/* The highest load of each region that meets objectives, as a call: levels are driven one after the
 * other, each as a run with a folder of its own, as capacity/search.h asks for them. */
#ifndef RUSHHOUR_RUN_CAPACITY_H
#define RUSHHOUR_RUN_CAPACITY_H

#include "base/error.h"
#include "base/text.h"
#include "capacity/limiter.h"
#include "capacity/search.h"
#include "profile/profile.h"
#include "profile/threshold.h"
#include "run/options.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <uv.h>

/* What a level must meet: a share of the attempts of each session. */
struct capacity_objective {
    char *expression;
    struct threshold threshold;
    double limit; /* of the share that is bad */
};

/* All zero but the confidence and the step: what the profile says. */
struct capacity_options {
    struct run_options run;        /* for each level; `folder` is of the search, `load` its start */
    const char *const *objectives; /* count 0: the profile's thresholds that can be asked, else
                                      failure_rate < 1% */
    size_t objective_count;
    double confidence;         /* of all claims together */
    double step;               /* width of the bracket */
    double most;               /* the highest level to drive, in the unit of the load; 0: any */
    int64_t settle_ns;         /* left out at both ends of each level; 0: as long as a session */
    int64_t sustain_ns;        /* a level must be good for so long */
    int64_t drain_ns;          /* pause after a level that was refused for quota */
    struct steady_load target; /* whose quota is to be asked for; not `asked`: none */
    const char *resume;        /* the folder of a search to go on with; NULL: a new one */
};

#define CAPACITY_STEP 0.05
#define CAPACITY_SUSTAIN_NS (INT64_C(120) * NS_PER_S)
#define CAPACITY_DRAIN_NS (INT64_C(60) * NS_PER_S)

/* How a search ended, as far as all regions are concerned. */
enum capacity_end {
    CAPACITY_COMPLETE,
    CAPACITY_BUDGET,     /* the budget is used up */
    CAPACITY_INTERRUPTED /* asked to end: --resume goes on */
};

/* What is known of one region. */
struct capacity_region {
    const char *name;
    double stay_s; /* of a session, as expected */
    struct search search;
    enum limiter limiter;
    struct limiter_facts facts;       /* at the lowest level that was too much */
    double worst_level;               /* that one; infinite: none */
    struct limiter_facts level_facts; /* at the level under way */
    unsigned strikes;                 /* how often this machine did not keep up with it */
    char why[640];                    /* what this machine was short of, where it could not drive */
    uint64_t attempts;
    double minutes, cost_usd; /* of load, by the run's clock */
    bool unpriced;
};

struct capacity {
    uv_loop_t *loop;
    const struct capacity_options *options;
    struct profile *profile; /* owned */
    enum load_model model;
    struct capacity_objective objectives[SEARCH_OBJECTIVES_MOST];
    size_t objective_count;
    struct capacity_region *regions;
    size_t region_count;
    struct text folder;
    uint64_t seed;
    cJSON *steps;   /* what has been driven */
    int steps_read; /* of those, by this process */
    double spent_usd, spent_tokens;
    enum capacity_end end;
    bool stopped;
    bool told;       /* what a run says of the profile has been said */
    struct run *run; /* the level under way */
};

/*
 * Plans a search; nothing is sent. Takes ownership of the profile whatever it returns. `options` is
 * borrowed until capacity_free, which must be called in any case. ERR_USAGE or ERR_PROFILE names
 * what cannot be asked.
 */
MUST_USE enum err_code capacity_open(struct capacity *capacity, uv_loop_t *loop,
                                     struct profile *profile,
                                     const struct capacity_options *options, struct error *err);
void capacity_free(struct capacity *capacity);

/* Drives the search to its end, or until it is asked to stop, running the loop. Its folder has
 * capacity.json and a run folder for each level. */
MUST_USE enum err_code capacity_perform(struct capacity *capacity, struct error *err);

/* Asks it to end, on the loop's thread: the level under way as run_stop, or run_stop_within. */
void capacity_stop(struct capacity *capacity, const char *reason, bool kill_follows);

/* capacity_show.c: appends what a search would do at least, and what has been found. */
void capacity_plan_text(const struct capacity *capacity, struct text *out);
void capacity_text(const struct capacity *capacity, bool colour, struct text *out);
void capacity_json(const struct capacity *capacity, struct text *out);

/* Appends a level in words: "40 sessions", "120/m". */
void capacity_level(enum load_model model, double level, struct text *out);

#endif
