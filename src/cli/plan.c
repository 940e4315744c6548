/* `rushhour plan`: what a load does and costs, and what a decision between two failure rates
 * needs. */
#include "run/plan.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_flags.h"
#include "run/forecast.h"

#include "base/clock.h"
#include "base/units.h"
#include "stats/sample_size.h"
#include "stats/sequential.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 0.05 /* of both errors of the sequential test */

/* The question: two rates to tell apart, and how surely. */
struct detect {
    bool asked;
    double low, high, confidence, power, design_effect;
    double attempts; /* on each side */
};

/* The answer for one region. */
struct detect_cost {
    double minutes, tokens, usd;
    bool unpriced;
};

struct plan {
    struct run_flags flags;
    struct run_plan run;
    const char *detect, *power, *design_effect;
    struct detect question;
};

/* "2% vs 5%" */
static enum err_code read_rates(const char *words, struct detect *detect, struct error *err)
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
        code = parse_fraction(text_str(&first), &detect->low, err);
        if (code == ERR_OK) code = parse_fraction(text_str(&second), &detect->high, err);
    }
    text_free(&first);
    text_free(&second);
    bool fit = code == ERR_OK && detect->low != detect->high &&
               fmin(detect->low, detect->high) > 0 && fmax(detect->low, detect->high) < 1;
    if (!fit)
        return error_set(err, ERR_USAGE,
                         "--detect '%s': write two different rates such as '2%% vs 5%%'", words);
    if (detect->low > detect->high) {
        double swap = detect->low;
        detect->low = detect->high;
        detect->high = swap;
    }
    return ERR_OK;
}

static enum err_code read_question(struct plan *plan, struct error *err)
{
    struct detect *detect = &plan->question;
    *detect = (struct detect){
        .asked = plan->detect != NULL, .confidence = 0.95, .power = 0.8, .design_effect = 1};
    if (!detect->asked && (plan->power != NULL || plan->design_effect != NULL))
        return error_set(err, ERR_USAGE, "--%s says nothing without --detect 'RATE vs RATE'",
                         plan->power != NULL ? "power" : "design-effect");
    if (!detect->asked) return ERR_OK;
    enum err_code code = read_rates(plan->detect, detect, err);
    if (code == ERR_OK && plan->power != NULL) {
        code = parse_fraction(plan->power, &detect->power, err);
        if (code != ERR_OK || !(detect->power >= 0.5 && detect->power < 1))
            return error_set(err, ERR_USAGE, "--power %s: write 50%% to 99.9%%", plan->power);
    }
    if (code == ERR_OK && plan->design_effect != NULL) {
        char *end;
        detect->design_effect = strtod(plan->design_effect, &end);
        if (*end != '\0' || !(detect->design_effect >= 1 && detect->design_effect <= 1e6))
            return error_set(err, ERR_USAGE,
                             "--design-effect %s: a number from 1 (attempts fail independently)",
                             plan->design_effect);
    }
    detect->attempts = sample_size_to_tell(detect->low, detect->high, detect->confidence,
                                           detect->power, detect->design_effect);
    return code;
}

/* ---- answers ---- */

static struct detect_cost cost_of(const struct detect *detect, const struct forecast *forecast)
{
    double share = forecast->attempts > 0 ? detect->attempts / forecast->attempts : INFINITY;
    return (struct detect_cost){
        .minutes = forecast->rpm > 0 ? detect->attempts / forecast->rpm : INFINITY,
        .tokens = share * forecast->tokens,
        .usd = share * forecast->likely_usd,
        .unpriced = forecast->unpriced,
    };
}

/* Minutes of a report window: of a width itself, of a time of day one occurrence. */
static double window_minutes(const struct window *window)
{
    if (window->width_ns > 0) return (double)window->width_ns / (60 * (double)NS_PER_S);
    int minutes = window->end_minute - window->start_minute;
    return minutes > 0 ? minutes : minutes + 1440;
}

static double expected(const struct detect *detect, double rate)
{
    struct sequential test;
    if (!sequential_start(&test, detect->low, detect->high, LEVEL, LEVEL)) return NAN;
    return ceil(sequential_expected_trials(&test, rate) * detect->design_effect);
}

static void add_number(cJSON *object, const char *key, double value)
{
    if (isfinite(value)) {
        (void)cJSON_AddNumberToObject(object, key, value);
    } else {
        (void)cJSON_AddNullToObject(object, key);
    }
}

static void region_json(const struct plan *plan, const struct region *region, cJSON *regions)
{
    const struct profile *profile = plan->run.profile;
    struct forecast forecast = forecast_region(profile, region);
    struct detect_cost cost = cost_of(&plan->question, &forecast);
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "name", region->name);
    add_number(object, "minutes", cost.minutes);
    add_number(object, "tokens", cost.tokens);
    add_number(object, "cost_usd", cost.unpriced ? NAN : cost.usd);
    cJSON *windows = cJSON_AddArrayToObject(object, "windows");
    for (size_t i = 0; i < profile->windows.report_count; i++) {
        const struct window *window = &profile->windows.report[i];
        double attempts = forecast.rpm * window_minutes(window);
        cJSON *item = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(item, "name", window->name);
        add_number(item, "attempts", attempts);
        add_number(item, "occurrences",
                   attempts > 0 ? ceil(plan->question.attempts / attempts) : NAN);
        (void)cJSON_AddItemToArray(windows, item);
    }
    (void)cJSON_AddItemToArray(regions, object);
}

static void plan_json(const struct plan *plan, struct text *out)
{
    const struct detect *detect = &plan->question;
    cJSON *root = forecast_profile_json(plan->run.profile);
    if (detect->asked) {
        cJSON *object = cJSON_AddObjectToObject(root, "detect");
        (void)cJSON_AddNumberToObject(object, "low", detect->low);
        (void)cJSON_AddNumberToObject(object, "high", detect->high);
        (void)cJSON_AddNumberToObject(object, "confidence", detect->confidence);
        (void)cJSON_AddNumberToObject(object, "power", detect->power);
        (void)cJSON_AddNumberToObject(object, "design_effect", detect->design_effect);
        (void)cJSON_AddNumberToObject(object, "attempts", detect->attempts);
        add_number(object, "sequential_attempts_at_low", expected(detect, detect->low));
        add_number(object, "sequential_attempts_at_high", expected(detect, detect->high));
        cJSON *regions = cJSON_AddArrayToObject(object, "regions");
        for (size_t i = 0; i < plan->run.profile->region_count; i++)
            region_json(plan, &plan->run.profile->regions[i], regions);
    }
    char *json = cJSON_Print(root);
    if (json != NULL) text_printf(out, "%s\n", json);
    cJSON_free(json);
    cJSON_Delete(root);
}

static void windows_text(const struct plan *plan, const struct forecast *forecast, struct text *out)
{
    const struct window_plan *windows = &plan->run.profile->windows;
    for (size_t i = 0; i < windows->report_count; i++) {
        const struct window *window = &windows->report[i];
        double attempts = forecast->rpm * window_minutes(window);
        text_printf(out,
                    attempts < 10 ? "  %-18s  window %s has %.2g attempts: "
                                  : "  %-18s  window %s has %.0f attempts: ",
                    "", window->name, attempts);
        if (!(attempts > 0)) {
            text_puts(out, "none is enough\n");
        } else if (attempts >= plan->question.attempts) {
            text_puts(out, "one is enough\n");
        } else {
            text_printf(out, "%.0f of them\n", ceil(plan->question.attempts / attempts));
        }
    }
}

static void detect_text(const struct plan *plan, struct text *out)
{
    const struct detect *detect = &plan->question;
    const struct profile *profile = plan->run.profile;
    text_printf(out,
                "\nTo tell a failure rate of %.3g%% from one of %.3g%% with %.3g%% confidence and "
                "%.3g%% power:\n"
                "  %.0f attempts on each side (two regions, or two times)",
                100 * detect->low, 100 * detect->high, 100 * detect->confidence,
                100 * detect->power, detect->attempts);
    if (detect->design_effect > 1)
        text_printf(out, ", at a design effect of %.3g", detect->design_effect);
    text_puts(out, "\n\n");
    for (size_t i = 0; i < profile->region_count; i++) {
        struct forecast forecast = forecast_region(profile, &profile->regions[i]);
        struct detect_cost cost = cost_of(detect, &forecast);
        text_printf(out, "  %-18s  ", profile->regions[i].name);
        text_needed_time(out, cost.minutes);
        text_printf(out, " of this load, %.0f tokens, ", cost.tokens);
        if (cost.unpriced) {
            text_puts(out, "cost unknown\n");
        } else {
            text_printf(out, "$%.2f\n", cost.usd);
        }
        windows_text(plan, &forecast, out);
    }
    text_printf(out,
                "\n  A sequential test of one region takes about %.0f attempts "
                "when the rate is "
                "%.3g%%,\n  and %.0f when it is %.3g%%.\n",
                expected(detect, detect->low), 100 * detect->low, expected(detect, detect->high),
                100 * detect->high);
    if (detect->design_effect <= 1 && profile->session.interactions > 1)
        text_puts(
            out,
            "  Attempts of one session fail together when a failure poisons it: take the design "
            "effect "
            "of an\n  earlier run (run.json: failure_rate.design_effect) for --design-effect.\n");
}

static int print_plan(const struct plan *plan)
{
    struct text out = {0};
    if (plan->flags.json) {
        plan_json(plan, &out);
    } else {
        struct text length = {0};
        text_duration(&length, load_duration_ns(&plan->run.profile->load));
        text_printf(&out, "%s: %s of load, nothing is sent\n\n", plan->run.profile->name,
                    text_str(&length));
        text_free(&length);
        forecast_table(plan->run.profile, &out);
        if (plan->question.asked) detect_text(plan, &out);
    }
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static int plan_file(struct plan *plan, const char *file)
{
    struct error err = {0};
    struct run_request request;
    struct profile *profile = NULL;
    enum err_code code = run_request_read(&plan->flags, &request, &err);
    if (code == ERR_OK) code = read_question(plan, &err);
    if (code == ERR_OK) code = profile_load(file, &profile, &err);
    if (code == ERR_OK) code = run_plan_make(&plan->run, profile, &request.options, &err);
    int status = code == ERR_OK ? print_plan(plan) : cli_complain(&err);
    run_plan_free(&plan->run);
    run_request_free(&request);
    return status;
}

static const struct option_row options[] = {
    {"detect", 0, OPTION_TEXT, "'RATE vs RATE'",
     "what it takes to tell two failure rates apart: attempts, minutes, tokens, dollars",
     offsetof(struct plan, detect)},
    {"power", 0, OPTION_TEXT, "PERCENT",
     "chance to see the difference when it is there (default: 80%)", offsetof(struct plan, power)},
    {"design-effect", 0, OPTION_TEXT, "N",
     "by how much failures within sessions inflate the sample (default: 1, none)",
     offsetof(struct plan, design_effect)},
    {"region", 0, OPTION_LIST, "NAME", "only this region of the profile; may be repeated",
     offsetof(struct plan, flags.regions)},
    {"duration", 0, OPTION_TEXT, "D",
     "as in run: end the load after D, or hold its last stage until then",
     offsetof(struct plan, flags.duration)},
    {"sessions", 0, OPTION_TEXT, "N", "as in run: closed load of N sessions",
     offsetof(struct plan, flags.sessions)},
    {"rate", 0, OPTION_TEXT, "R", "as in run: open load of R session arrivals (5/s, 300/m)",
     offsetof(struct plan, flags.rate)},
    {"json", 0, OPTION_FLAG, NULL, "print JSON", offsetof(struct plan, flags.json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "nothing but the plan (as always)",
     offsetof(struct plan, flags.quiet)},
    {"no-color", 0, OPTION_FLAG, NULL, "no colour (as always)",
     offsetof(struct plan, flags.no_color)},
};

const struct command plan_command = {
    .name = "plan",
    .usage = "PROFILE [options]",
    .purpose =
        "what a load will do and cost, and how long it takes until it can decide something.\n"
        "Nothing is sent",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = 1,
    .positional_names = "PROFILE",
    .examples = "  rushhour plan profiles/two-regions.json\n"
                "  rushhour plan profiles/two-regions.json --detect '2% vs 5%' --rate 60/m\n",
    .exit_codes = "  0 planned   1 could not do its work   2 wrong command line or profile\n",
};

int command_plan(int argc, char **argv)
{
    /* Nothing is sent, so a profile that may only be simulated can be planned as well. */
    struct plan plan = {.flags = {.simulate = true, .dry_run = true}};
    struct command_line line;
    int status;
    if (!cli_begin(&plan_command, &plan, &line, argc, argv, &status)) return status;
    return plan_file(&plan, line.positional[0]);
}
