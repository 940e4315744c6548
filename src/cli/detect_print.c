#include "cli/detect_print.h"

#include "base/clock.h"
#include "base/units.h"
#include "stats/sample_size.h"

#include <math.h>

/* For independent failures, or for the design effect that was stated. */
static double attempts_alone(const struct detect_question *q)
{
    return sample_size_to_tell(q->low, q->high, q->confidence, q->power, q->design_effect);
}

/* ---- JSON ---- */

static void add_number(cJSON *object, const char *key, double value)
{
    if (isfinite(value)) {
        (void)cJSON_AddNumberToObject(object, key, value);
    } else {
        (void)cJSON_AddNullToObject(object, key);
    }
}

static void add_string(cJSON *object, const char *key, const char *value)
{
    if (value != NULL) {
        (void)cJSON_AddStringToObject(object, key, value);
    } else {
        (void)cJSON_AddNullToObject(object, key);
    }
}

static const char *basis_name(enum detect_basis basis)
{
    static const char *const names[] = {[DETECT_INDEPENDENT] = "independent",
                                        [DETECT_EFFECT] = "design_effect",
                                        [DETECT_BURSTS] = "bursts",
                                        [DETECT_RUN] = "run"};
    return names[basis];
}

static void dependence_json(const struct detect_knowledge *knowledge, cJSON *object)
{
    const struct burstiness *b = &knowledge->burstiness;
    cJSON *item = cJSON_AddObjectToObject(object, "dependence");
    (void)cJSON_AddBoolToObject(item, "known", knowledge->usable);
    add_string(item, "region", knowledge->like != NULL ? knowledge->like->name : NULL);
    add_string(item, "why", knowledge->why);
    add_number(item, "design_effect", b->design_effect);
    add_number(item, "memory_seconds", b->memory_seconds);
    const double stretches = b->stretches_per_hour > 0 ? b->stretches_per_hour : NAN;
    add_number(item, "stretches_per_hour", stretches);
    const struct earlier_region *like = knowledge->like;
    const bool known = like != NULL && like->searched && like->incidents_per_hour.valid;
    add_number(item, "incidents", known ? (double)like->incidents : NAN);
    add_number(item, "incidents_per_hour",
               known          ? like->incidents_per_hour.value
               : like == NULL ? stretches
                              : NAN);
    add_number(item, "unseen_incidents_per_hour",
               like != NULL ? like->dependence.unseen_per_hour : NAN);
    add_number(item, "unhealthy_hours", like != NULL ? like->unhealthy_hours : NAN);
}

static void windows_json(const struct detect_print *print, const struct detect_answer *answer,
                         cJSON *object)
{
    const struct window_plan *plan = &print->profile->windows;
    cJSON *windows = cJSON_AddArrayToObject(object, "windows");
    for (size_t i = 0; i < plan->report_count; i++) {
        const struct window *window = &plan->report[i];
        const double minutes = detect_window_minutes(window);
        const struct duration d = detect_in_window(print->question, answer, window);
        const bool width = window->width_ns > 0;
        cJSON *item = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(item, "name", window->name);
        add_number(item, "attempts", answer->forecast.attempts_per_minute * minutes);
        add_number(item, "occurrences",
                   width ? ceil(answer->minutes / minutes) : (d.known ? d.days : NAN));
        add_number(item, "hours_each", width || !d.known ? NAN : d.hours_each);
        (void)cJSON_AddItemToArray(windows, item);
    }
}

static void stop_json(const struct detect_stop *stop, cJSON *object)
{
    if (!stop->known) {
        (void)cJSON_AddNullToObject(object, "abort_on_fail");
        return;
    }
    cJSON *item = cJSON_AddObjectToObject(object, "abort_on_fail");
    add_number(item, "limit", stop->limit);
    add_number(item, "mean_attempts_between_false_alarms", stop->between_trials);
    add_number(item, "mean_minutes_between_false_alarms", stop->between_minutes);
    add_number(item, "mean_attempts_to_stop", stop->delay_trials);
    add_number(item, "mean_minutes_to_stop", stop->delay_minutes);
}

static cJSON *region_json(const struct detect_print *print, size_t index)
{
    const struct region *region = &print->profile->regions[index];
    const struct detect_answer a = detect_region(print->question, print->profile, index);
    const struct detect_stop stop = detect_stop(print->question, print->profile, &a.forecast);
    const struct duration *d = &a.duration;
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "name", region->name);
    add_number(object, "attempts", d->known ? d->attempts : INFINITY);
    add_number(object, "minutes", a.minutes);
    add_number(object, "hours", a.minutes / 60);
    add_number(object, "days", d->known ? d->days : INFINITY);
    add_number(object, "hours_each", d->known ? d->hours_each : INFINITY);
    (void)cJSON_AddBoolToObject(object, "by_incidents", d->by_incidents);
    add_number(object, "tokens", a.tokens);
    add_number(object, "cost_usd", a.forecast.unpriced ? NAN : a.usd);
    dependence_json(&a.knowledge, object);
    windows_json(print, &a, object);
    stop_json(&stop, object);
    return object;
}

void detect_print_json(const struct detect_print *print, cJSON *root)
{
    const struct detect_question *q = print->question;
    cJSON *object = cJSON_AddObjectToObject(root, "detect");
    (void)cJSON_AddNumberToObject(object, "low", q->low);
    (void)cJSON_AddNumberToObject(object, "high", q->high);
    (void)cJSON_AddNumberToObject(object, "confidence", q->confidence);
    (void)cJSON_AddNumberToObject(object, "power", q->power);
    (void)cJSON_AddStringToObject(object, "basis", basis_name(q->basis));
    (void)cJSON_AddNumberToObject(object, "design_effect", q->design_effect);
    (void)cJSON_AddNumberToObject(object, "attempts", attempts_alone(q));
    (void)cJSON_AddNumberToObject(object, "hours_a_day", q->hours_a_day);
    cJSON *regions = cJSON_AddArrayToObject(object, "regions");
    for (size_t i = 0; i < print->profile->region_count; i++)
        (void)cJSON_AddItemToArray(regions, region_json(print, i));
}

/* ---- text ---- */

static void put_hours(struct text *out, double hours)
{
    text_needed_time(out, 60 * hours);
}

static void cost_text(const struct detect_answer *a, struct text *out)
{
    text_printf(out, ", %.0f tokens, ", a->tokens);
    if (a->forecast.unpriced) {
        text_puts(out, "cost unknown");
    } else {
        text_printf(out, a->forecast.listed ? "$%.2f at list price" : "$%.2f", a->usd);
    }
}

static bool is_bursty(const struct detect_answer *a)
{
    return a->knowledge.burstiness.memory_seconds > 0;
}

/* What its report says of it, for whoever wonders where the figures are from. */
static void found_text(const struct earlier_region *like, struct text *out)
{
    if (like->searched && like->incidents_per_hour.valid)
        text_printf(out, "  %-18s  incidents found in it: %zu, %.2g an hour\n", "", like->incidents,
                    like->incidents_per_hour.value);
    if (!(like->unhealthy_hours > 0)) return;
    text_printf(out, "  %-18s  left out of it, since its load generator was not healthy: ", "");
    put_hours(out, like->unhealthy_hours);
    text_puts(out, "\n");
}

static void burstiness_text(const struct detect_knowledge *k, struct text *out)
{
    const struct burstiness *b = &k->burstiness;
    if (!k->usable) {
        text_printf(out, "%s, so this holds only for failures that come independently\n", k->why);
        return;
    }
    text_printf(out, "design effect %.3g", b->design_effect);
    if (b->memory_seconds > 0) {
        text_puts(out, ", failures come together over ");
        put_hours(out, b->memory_seconds / 3600);
    } else {
        text_puts(out, ", no more together in time than by chance");
    }
    if (k->why != NULL) text_printf(out, "; a guess: %s", k->why);
    text_puts(out, "\n");
}

static void dependence_text(const struct detect_print *print, const struct detect_knowledge *k,
                            struct text *out)
{
    if (print->question->basis != DETECT_BURSTS && print->question->basis != DETECT_RUN) return;
    text_printf(out, "  %-18s  ", "");
    if (k->like != NULL) text_printf(out, "as region %s of that run: ", k->like->name);
    burstiness_text(k, out);
    if (k->like != NULL) found_text(k->like, out);
}

static void days_text(const struct duration *d, struct text *out)
{
    text_printf(out, d->days > 1 ? "%.0f days, " : "%.0f day, ", d->days);
    put_hours(out, d->hours_each);
    text_puts(out, d->days > 1 ? " each\n" : "\n");
}

/* How to spread the hours. */
static void spread_text(const struct detect_print *print, const struct detect_answer *a,
                        struct text *out)
{
    const struct duration *d = &a->duration;
    const bool daily = print->question->hours_a_day < 24;
    if (daily || (is_bursty(a) && d->days > 1)) {
        text_printf(out, "  %-18s  %s: ", "", daily ? "in daily peaks" : "at any time of day");
        days_text(d, out);
    }
    if (d->by_incidents)
        text_printf(out,
                    "  %-18s  fewer hours would hold too few incidents (%.0f are the least) or "
                    "stretches to compare\n",
                    "", DURATION_INCIDENTS);
}

static void width_text(const struct detect_answer *a, const struct window *window, double attempts,
                       struct text *out)
{
    const double needed = ceil(a->minutes / detect_window_minutes(window));
    text_printf(out,
                attempts < 10 ? "  %-18s  window %s (%.2g attempts): "
                              : "  %-18s  window %s (%.0f attempts): ",
                "", window->name, attempts);
    if (!(attempts > 0)) {
        text_puts(out, "none is enough\n");
    } else if (needed <= 1) {
        text_puts(out, "one is enough\n");
    } else {
        text_printf(out, "%.0f of them\n", needed);
    }
}

/* Widths only where failures are independent: otherwise a number of attempts means little. */
static void windows_text(const struct detect_print *print, const struct detect_answer *a,
                         struct text *out)
{
    const struct window_plan *windows = &print->profile->windows;
    for (size_t i = 0; i < windows->report_count; i++) {
        const struct window *window = &windows->report[i];
        const double attempts = a->forecast.attempts_per_minute * detect_window_minutes(window);
        if (window->width_ns == 0) {
            const struct duration d = detect_in_window(print->question, a, window);
            text_printf(out, "  %-18s  window %s (%.0f attempts a day): ", "", window->name,
                        attempts);
            days_text(&d, out);
        } else if (!is_bursty(a)) {
            width_text(a, window, attempts, out);
        }
    }
}

static void region_text(const struct detect_print *print, size_t index, struct text *out)
{
    const struct region *region = &print->profile->regions[index];
    const struct detect_answer a = detect_region(print->question, print->profile, index);
    text_printf(out, "  %-18s  ", region->name);
    if (!a.duration.known) {
        text_puts(out, "never: this load makes no attempts\n");
        return;
    }
    put_hours(out, a.duration.hours);
    text_printf(out, " of this load, %.0f attempts", a.duration.attempts);
    cost_text(&a, out);
    text_puts(out, "\n");
    dependence_text(print, &a.knowledge, out);
    spread_text(print, &a, out);
    windows_text(print, &a, out);
}

static void basis_text(const struct detect_print *print, struct text *out)
{
    const struct detect_question *q = print->question;
    switch (q->basis) {
    case DETECT_INDEPENDENT:
        text_puts(
            out, "\n  This holds only for failures that come independently. An incident strikes "
                 "all sessions at\n  once, and a failure may poison the rest of its session: then "
                 "it takes many times as much.\n  Take the dependence from an earlier run (--like "
                 "RUN), or state it (--bursts 1/h:2m:60%: one\n  an hour, 2 minutes long, 60% fail "
                 "in it).\n");
        break;
    case DETECT_EFFECT:
        text_puts(out, "\n  This holds for failures that come together in sessions alone, not in "
                       "time: incidents take\n  --like RUN or --bursts.\n");
        break;
    case DETECT_BURSTS:
    case DETECT_RUN:
        text_puts(out, "\n  Sides at different times, of which the hours in between are as those "
                       "that were seen. Regions\n  that are driven in the same minutes need no "
                       "more: what strikes both cancels out.\n");
        break;
    }
}

static void stop_text(const struct detect_print *print, struct text *out)
{
    const struct detect_question *q = print->question;
    const struct profile *profile = print->profile;
    const double load_minutes = (double)load_duration_ns(&profile->load) / (60 * (double)NS_PER_S);
    text_printf(out,
                "\nabort_on_fail between these rates (a chance of %.3g%% of a false alarm in this "
                "load):\n\n",
                100 * profile->abort_on_fail.errors);
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct forecast forecast = forecast_region(profile, i, 0);
        const struct detect_stop stop = detect_stop(q, profile, &forecast);
        text_printf(out, "  %-18s  ", profile->regions[i].name);
        if (!stop.known) {
            text_puts(out, "cannot tell them apart in this load\n");
            continue;
        }
        if (isfinite(stop.delay_minutes)) {
            text_printf(out, "at %.3g%% stops after ", 100 * q->high);
            text_needed_time(out, stop.delay_minutes);
            text_printf(out, " (%.0f attempts) on average%s;\n", stop.delay_trials,
                        stop.delay_minutes > load_minutes ? ", longer than the load" : "");
        } else {
            text_printf(out, "does not stop at %.3g%%: too few attempts a minute;\n",
                        100 * q->high);
        }
        text_printf(out, "  %-18s  at %.3g%% a false alarm in ", "", 100 * q->low);
        text_needed_time(out, stop.between_minutes);
        text_printf(out, " (%.0f attempts at risk) or more seldom\n", stop.between_trials);
    }
}

void detect_print_text(const struct detect_print *print, struct text *out)
{
    const struct detect_question *q = print->question;
    text_printf(out,
                "\nTo tell a failure rate of %.3g%% from one of %.3g%% with %.3g%% confidence and "
                "%.3g%% power, on each\nside (two regions, or two times)",
                100 * q->low, 100 * q->high, 100 * q->confidence, 100 * q->power);
    switch (q->basis) {
    case DETECT_INDEPENDENT:
        text_printf(out, ", %.0f attempts", attempts_alone(q));
        break;
    case DETECT_EFFECT:
        text_printf(out, ", %.0f attempts at a design effect of %.3g", attempts_alone(q),
                    q->design_effect);
        break;
    case DETECT_BURSTS:
        text_puts(out, ", with incidents of ");
        put_hours(out, q->bursts.seconds / 3600);
        text_printf(out, " in which %.3g%% fail, %.3g an hour", 100 * q->bursts.share,
                    q->bursts.per_hour);
        break;
    case DETECT_RUN:
        text_printf(out, ", failures coming together as in %s", print->like);
        break;
    }
    text_puts(out, ":\n\n");
    for (size_t i = 0; i < print->profile->region_count; i++) region_text(print, i, out);
    basis_text(print, out);
    stop_text(print, out);
}
