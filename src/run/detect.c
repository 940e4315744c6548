#include "run/detect.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/units.h"
#include "base/window.h"
#include "engine/abort_rule.h"
#include "stats/sample_size.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define MINUTES_A_DAY 1440

/* ---- reading the question ---- */

/* "2% vs 5%" */
enum err_code detect_read_rates(const char *words, struct detect_question *question,
                                struct error *err)
{
    const char *vs = strstr(words, "vs");
    struct text first = {0};
    struct text second = {0};
    enum err_code code = ERR_USAGE;
    if (vs != NULL) {
        const char *end = vs;
        while (end > words && isspace((unsigned char)end[-1])) end--;
        text_append(&first, words, (size_t)(end - words));
        const char *start = vs + 2;
        while (isspace((unsigned char)*start)) start++;
        text_puts(&second, start);
        code = parse_fraction(text_str(&first), &question->low, err);
        if (code == ERR_OK) code = parse_fraction(text_str(&second), &question->high, err);
    }
    text_free(&first);
    text_free(&second);
    const double low = fmin(question->low, question->high);
    const double high = fmax(question->low, question->high);
    if (code != ERR_OK || low == high || !(low > 0 && high < 1))
        return error_set(err, ERR_USAGE,
                         "--detect '%s': write two different rates such as '2%% vs 5%%'", words);
    question->low = low;
    question->high = high;
    return ERR_OK;
}

/* The part up to the next colon, or to the end; *words is behind it then. */
static void take_part(const char **words, struct text *part)
{
    const char *colon = strchr(*words, ':');
    const char *end = colon != NULL ? colon : *words + strlen(*words);
    text_append(part, *words, (size_t)(end - *words));
    *words = colon != NULL ? colon + 1 : end;
}

static bool read_bursts(const char *words, struct detect_bursts *bursts)
{
    struct text parts[3] = {{0}};
    int64_t length_ns = 0;
    for (size_t i = 0; i < 3; i++) take_part(&words, &parts[i]);
    bool fit = *words == '\0' &&
               parse_rate(text_str(&parts[0]), &bursts->per_hour, NULL) == ERR_OK &&
               parse_duration(text_str(&parts[1]), &length_ns, NULL) == ERR_OK &&
               parse_fraction(text_str(&parts[2]), &bursts->share, NULL) == ERR_OK;
    for (size_t i = 0; i < 3; i++) text_free(&parts[i]);
    bursts->per_hour *= 3600;
    bursts->seconds = (double)length_ns / (double)NS_PER_S;
    return fit && bursts->per_hour > 0 && bursts->seconds > 0 && bursts->share > 0 &&
           bursts->per_hour * bursts->seconds < 3600;
}

static double rate_of_bursts(const struct detect_bursts *bursts)
{
    return burstiness_rate(0, bursts->per_hour, bursts->seconds, bursts->share);
}

enum err_code detect_read_bursts(const char *words, struct detect_question *question,
                                 struct error *err)
{
    struct detect_bursts bursts = {0};
    if (!read_bursts(words, &bursts))
        return error_set(err, ERR_USAGE,
                         "--bursts '%s': write how many come, how long they are and what share "
                         "fails in them, such as 1/h:2m:60%%",
                         words);
    double alone = rate_of_bursts(&bursts);
    if (alone > question->low)
        return error_set(err, ERR_USAGE,
                         "--bursts '%s': such bursts alone make %s%% of attempts fail, more than "
                         "the lower rate of %.3g%%; state fewer, shorter or weaker ones",
                         words, digits_apart(100 * alone, 100 * question->low, 0).text,
                         100 * question->low);
    question->basis = DETECT_BURSTS;
    question->bursts = bursts;
    return ERR_OK;
}

/* ---- what is known of dependence ---- */

/* Why a run does not show how failures come together; NULL: it does. */
static const char *nothing_known(const struct earlier_region *like)
{
    if (like == NULL) return "it has no region";
    if (like->attempts <= 0 && like->unhealthy_hours > 0)
        return "its load generator was not healthy";
    if (like->attempts <= 0) return "nothing was tried in it";
    if (like->failures <= 0) return "nothing failed in it";
    if (like->failures >= like->attempts) return "everything failed in it";
    const enum dependence_why why = like->dependence.why;
    if (why == DEPENDENCE_BRIEF || why == DEPENDENCE_SHORT) return dependence_phrase(why);
    return NULL;
}

static struct detect_knowledge from_run(const struct detect_question *question, const char *name,
                                        double attempts_per_hour)
{
    struct detect_knowledge k = {.like = earlier_run_region(&question->like, name)};
    k.why = nothing_known(k.like);
    k.usable = k.why == NULL;
    k.burstiness = k.like != NULL ? burstiness_at(&k.like->burstiness, attempts_per_hour)
                                  : (struct burstiness){.design_effect = 1};
    k.burstiness.attempts_per_hour = attempts_per_hour;
    if (k.usable && k.like->dependence.why != DEPENDENCE_KNOWN)
        k.why = dependence_phrase(k.like->dependence.why);
    return k;
}

static struct detect_knowledge knowledge_of(const struct detect_question *question,
                                            const char *region, double attempts_per_hour)
{
    const struct detect_bursts *b = &question->bursts;
    struct detect_knowledge k = {.burstiness = {.attempts_per_hour = attempts_per_hour,
                                                .design_effect = question->design_effect}};
    switch (question->basis) {
    case DETECT_INDEPENDENT:
        return k;
    case DETECT_EFFECT:
        k.usable = true;
        return k;
    case DETECT_BURSTS:
        k.usable = true;
        k.burstiness = burstiness_stated(question->low - rate_of_bursts(b), b->per_hour, b->seconds,
                                         b->share, attempts_per_hour);
        return k;
    case DETECT_RUN:
        break;
    }
    return from_run(question, region, attempts_per_hour);
}

/* ---- answers ---- */

static struct duration duration_of(const struct detect_question *question,
                                   const struct burstiness *burstiness, double hours_a_day)
{
    return duration_to_tell(question->low, question->high, question->confidence, question->power,
                            burstiness, hours_a_day);
}

struct detect_answer detect_region(const struct detect_question *question,
                                   const struct profile *profile, size_t region)
{
    struct detect_answer a = {.forecast = forecast_region(profile, region, 0)};
    a.knowledge =
        knowledge_of(question, profile->regions[region].name, 60 * a.forecast.attempts_per_minute);
    a.duration = duration_of(question, &a.knowledge.burstiness, question->hours_a_day);
    double share = INFINITY;
    if (a.duration.known && a.forecast.attempts > 0)
        share = a.duration.attempts / a.forecast.attempts;
    a.minutes = a.duration.known ? 60 * a.duration.hours : INFINITY;
    a.tokens = share * a.forecast.tokens;
    a.usd = share * a.forecast.usd[COST_LIKELY];
    return a;
}

double detect_window_minutes(const struct window *window)
{
    if (window->width_ns > 0) return (double)window->width_ns / (60 * (double)NS_PER_S);
    int minutes = window->end_minute - window->start_minute;
    return minutes > 0 ? minutes : minutes + MINUTES_A_DAY;
}

struct duration detect_in_window(const struct detect_question *question,
                                 const struct detect_answer *answer, const struct window *window)
{
    return duration_of(question, &answer->knowledge.burstiness, detect_window_minutes(window) / 60);
}

struct detect_stop detect_stop(const struct detect_question *question,
                               const struct profile *profile, const struct forecast *forecast)
{
    struct detect_stop stop = {0};
    struct cusum watch;
    const struct abort_plan plan = {
        .acceptable = {.set = true, .value = question->low},
        .too_high = {.set = true, .value = question->high},
        .errors = profile->abort_on_fail.errors,
    };
    if (!(forecast->attempts_per_minute > 0) ||
        !abort_rule_watch(&plan, profile->region_count, &(struct shard){0}, forecast->attempts,
                          &watch))
        return stop;
    stop.known = true;
    stop.limit = watch.limit;
    stop.between_trials = cusum_mean_trials(&watch, question->low);
    stop.between_minutes = stop.between_trials / forecast->attempts_per_minute;
    stop.delay_minutes =
        cusum_mean_delay(&watch, question->high, 60 * forecast->attempts_per_minute) / 60;
    stop.delay_trials = stop.delay_minutes * forecast->attempts_per_minute;
    return stop;
}
