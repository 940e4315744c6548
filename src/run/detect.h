/* What it takes to tell two failure rates apart under a load: attempts, hours, daily peaks, tokens
 * and dollars, by what is known of how failures come together. */
#ifndef RUSHHOUR_RUN_DETECT_H
#define RUSHHOUR_RUN_DETECT_H

#include "base/error.h"
#include "figures/earlier.h"
#include "profile/profile.h"
#include "run/forecast.h"
#include "stats/duration.h"

#include <stdbool.h>

/* Where the dependence is from. */
enum detect_basis {
    DETECT_INDEPENDENT, /* nowhere: nothing was said */
    DETECT_EFFECT,      /* a design effect was stated: sessions, no bursts */
    DETECT_BURSTS,      /* bursts were stated */
    DETECT_RUN,         /* an earlier run */
};

/* Incidents at random times: per_hour of them, each lasting `seconds`, in which `share` of the
 * attempts fail. */
struct detect_bursts {
    double per_hour, seconds, share;
};

struct detect_question {
    double low, high; /* the two rates */
    double confidence, power;
    enum detect_basis basis;
    double design_effect;        /* of DETECT_EFFECT, else 1 */
    struct detect_bursts bursts; /* of DETECT_BURSTS */
    struct earlier_run like;     /* of DETECT_RUN */
    double hours_a_day;          /* of a daily peak; 24: not stated */
};

/* Reads "2% vs 5%" into low and high, the lower first. ERR_USAGE. */
MUST_USE enum err_code detect_read_rates(const char *words, struct detect_question *question,
                                         struct error *err);

/* Reads "1/h:2m:60%": how many bursts an hour, how long, and the share that fails in them.
 * ERR_USAGE, also when bursts alone make more failures than the lower rate. */
MUST_USE enum err_code detect_read_bursts(const char *words, struct detect_question *question,
                                          struct error *err);

/* What is known of how a region's failures come together, and why no more is. */
struct detect_knowledge {
    const struct earlier_region *like; /* the region of the earlier run; NULL: none */
    bool usable;                       /* the run says something of it */
    const char *why; /* why it gives no answer, or only a guess; NULL: it gives one */
    struct burstiness burstiness;
};

/* The answer for one region. */
struct detect_answer {
    struct forecast forecast; /* of its load */
    struct detect_knowledge knowledge;
    struct duration duration; /* spread over days of hours_a_day */
    double minutes;           /* of this load; infinite: it has none */
    double tokens, usd;
};
struct detect_answer detect_region(const struct detect_question *question,
                                   const struct profile *profile, size_t region);

/* The same hours in daily peaks of this window (a named time of day). */
struct duration detect_in_window(const struct detect_question *question,
                                 const struct detect_answer *answer, const struct window *window);

/* Minutes of a window: of a width itself, of a time of day one occurrence. */
double detect_window_minutes(const struct window *window);

/* abort_on_fail with these two rates, in one region of the plan. */
struct detect_stop {
    bool known;                             /* false: it cannot tell them apart */
    double limit;                           /* of the cumulative sum */
    double between_trials, between_minutes; /* false alarms at the lower rate, or more seldom */
    double delay_trials, delay_minutes;     /* until it stops at the higher one */
};
struct detect_stop detect_stop(const struct detect_question *question,
                               const struct profile *profile, const struct forecast *forecast);

#endif
