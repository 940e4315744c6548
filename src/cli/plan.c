/* `rushhour plan`: what a load does and costs, and what it takes to decide between two failure
 * rates. */
#include "run/plan.h"
#include "cli/command.h"
#include "cli/detect_print.h"
#include "cli/options.h"
#include "cli/run_flags.h"
#include "run/detect.h"
#include "run/forecast.h"

#include "base/clock.h"
#include "base/units.h"
#include "record/run_reader.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct plan {
    struct run_flags flags;
    struct run_plan run;
    const char *detect, *power, *design_effect, *bursts, *like, *daily;
    struct detect_question question;
};

static enum err_code read_effect(struct plan *plan, struct error *err)
{
    struct detect_question *question = &plan->question;
    char *end;
    question->design_effect = strtod(plan->design_effect, &end);
    question->basis = DETECT_EFFECT;
    if (*end != '\0' || !(question->design_effect >= 1 && question->design_effect <= 1e6))
        return error_set(err, ERR_USAGE,
                         "--design-effect %s: a number from 1 (attempts fail independently)",
                         plan->design_effect);
    return ERR_OK;
}

static enum err_code read_run(struct plan *plan, struct error *err)
{
    struct text folder = {0};
    plan->question.basis = DETECT_RUN;
    enum err_code code = run_find(plan->like, &folder, err);
    if (code == ERR_OK) code = earlier_run_read(text_str(&folder), &plan->question.like, err);
    text_free(&folder);
    return code == ERR_OK ? code : error_prefix(err, "--like");
}

static enum err_code read_dependence(struct plan *plan, struct error *err)
{
    int ways = (plan->design_effect != NULL) + (plan->bursts != NULL) + (plan->like != NULL);
    if (ways > 1)
        return error_set(err, ERR_USAGE,
                         "--like, --bursts and --design-effect each say how failures come "
                         "together: give one of them");
    if (plan->design_effect != NULL) return read_effect(plan, err);
    if (plan->bursts != NULL) return detect_read_bursts(plan->bursts, &plan->question, err);
    return plan->like != NULL ? read_run(plan, err) : ERR_OK;
}

static enum err_code read_daily(struct plan *plan, struct error *err)
{
    int64_t daily_ns;
    if (plan->daily == NULL) return ERR_OK;
    enum err_code code = parse_duration(plan->daily, &daily_ns, err);
    if (code != ERR_OK) return error_prefix(err, "--daily");
    plan->question.hours_a_day = (double)daily_ns / (3600 * (double)NS_PER_S);
    if (daily_ns > 0 && plan->question.hours_a_day <= 24) return ERR_OK;
    return error_set(err, ERR_USAGE, "--daily %s: a part of a day, such as 1h or 90m", plan->daily);
}

/* Options of --detect have no effect without it. */
static enum err_code check_alone(const struct plan *plan, struct error *err)
{
    const struct {
        const char *name, *value;
    } parts[] = {{"power", plan->power},
                 {"design-effect", plan->design_effect},
                 {"bursts", plan->bursts},
                 {"like", plan->like},
                 {"daily", plan->daily}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].value == NULL) continue;
        return error_set(err, ERR_USAGE, "--%s says nothing without --detect 'RATE vs RATE'",
                         parts[i].name);
    }
    return ERR_OK;
}

static enum err_code read_question(struct plan *plan, struct error *err)
{
    struct detect_question *question = &plan->question;
    *question = (struct detect_question){
        .confidence = 0.95, .power = 0.8, .design_effect = 1, .hours_a_day = 24};
    if (plan->detect == NULL) return check_alone(plan, err);
    enum err_code code = detect_read_rates(plan->detect, question, err);
    if (code == ERR_OK && plan->power != NULL) {
        code = parse_fraction(plan->power, &question->power, err);
        if (code != ERR_OK || !(question->power >= 0.5 && question->power < 1))
            return error_set(err, ERR_USAGE, "--power %s: write 50%% to 99.9%%", plan->power);
    }
    if (code == ERR_OK) code = read_daily(plan, err);
    return code == ERR_OK ? read_dependence(plan, err) : code;
}

/* ---- answers ---- */

static void plan_json(const struct plan *plan, const struct detect_print *print, struct text *out)
{
    cJSON *root = forecast_profile_json(plan->run.profile, plan->run.profile->seed);
    if (plan->detect != NULL) detect_print_json(print, root);
    char *json = cJSON_Print(root);
    if (json != NULL) text_printf(out, "%s\n", json);
    cJSON_free(json);
    cJSON_Delete(root);
}

static int print_plan(const struct plan *plan)
{
    struct text out = {0};
    const struct detect_print print = {.question = &plan->question,
                                       .like = plan->like != NULL ? plan->like : "",
                                       .profile = plan->run.profile};
    if (plan->flags.json) {
        plan_json(plan, &print, &out);
    } else {
        struct text length = {0};
        text_duration(&length, load_duration_ns(&plan->run.profile->load));
        text_printf(&out, "%s: %s of load, nothing is sent\n\n", plan->run.profile->name,
                    text_str(&length));
        text_free(&length);
        forecast_table(plan->run.profile, plan->run.profile->seed, &out);
        if (plan->detect != NULL) detect_print_text(&print, &out);
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
    earlier_run_free(&plan->question.like);
    run_plan_free(&plan->run);
    run_request_free(&request);
    return status;
}

static const struct option_row options[] = {
    {"detect", 0, OPTION_TEXT, "'RATE vs RATE'",
     "what it takes to tell two failure rates apart: hours and days, attempts, tokens, dollars",
     offsetof(struct plan, detect)},
    {"power", 0, OPTION_TEXT, "PERCENT",
     "chance to see the difference when it is there (default: 80%)", offsetof(struct plan, power)},
    {"like", 0, OPTION_TEXT, "RUN",
     "with --detect: failures come together as in this earlier run (a folder, or latest)",
     offsetof(struct plan, like)},
    {"bursts", 0, OPTION_TEXT, "RATE:LENGTH:SHARE",
     "with --detect: failures come in bursts, such as 1/h:2m:60%: one an hour, 2 minutes long, "
     "60% fail in it (default: they come independently)",
     offsetof(struct plan, bursts)},
    {"design-effect", 0, OPTION_TEXT, "N",
     "with --detect: by how much failures within sessions alone inflate the sample (default: 1)",
     offsetof(struct plan, design_effect)},
    {"daily", 0, OPTION_TEXT, "D",
     "with --detect: measure so long a day, such as 1h of peak; counts the days (default: at any "
     "time, and in each named window of the profile)",
     offsetof(struct plan, daily)},
    OPTION_REGION(struct plan, flags.regions),
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
                "  rushhour plan profiles/two-regions.json --detect '2% vs 5%' --rate 60/m\n"
                "  rushhour plan profiles/two-regions.json --detect '2% vs 5%' --like latest "
                "--daily 1h\n",
    .exit_codes = "  0 planned   1 could not do its work   2 wrong command line or profile\n",
};

int command_plan(int argc, char **argv)
{
    /* Nothing is sent, so a profile that may only be simulated can be planned too. */
    struct plan plan = {.flags = {.simulate = true, .dry_run = true}};
    struct command_line line;
    int status;
    if (!cli_begin(&plan_command, &plan, &line, argc, argv, &status)) return status;
    return plan_file(&plan, line.positional[0]);
}
