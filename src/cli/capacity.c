/* `rushhour capacity`: the highest load of each region that meets objectives. */
#include "run/capacity.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_flags.h"
#include "cli/signals.h"

#include "base/terminal.h"
#include "base/units.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

struct capacity_flags {
    struct run_flags run;
    struct option_list objectives;
    const char *confidence, *step, *from, *up_to, *target, *settle, *sustain, *drain, *resume;
};

/* ---- reading ---- */

/* "120/m" is a rate of arrivals, "40" or "40 sessions" a number of sessions. */
static enum err_code read_level(const char *option, const char *value, struct steady_load *out,
                                struct error *err)
{
    uint64_t sessions = 0;
    enum err_code code;
    if (value == NULL) return ERR_OK;
    char number[32];
    const size_t length = strcspn(value, " ");
    const bool named = strcmp(value + length, " sessions") == 0 && length < sizeof number;
    if (named) {
        (void)snprintf(number, sizeof number, "%.*s", (int)length, value);
        value = number;
    }
    const bool rate = strchr(value, '/') != NULL;
    out->asked = true;
    out->model = rate ? LOAD_ARRIVALS : LOAD_SESSIONS;
    code = rate ? parse_rate(value, &out->target, err) : parse_count(value, &sessions, err);
    if (code == ERR_OK && !rate) out->target = (double)sessions;
    if (code == ERR_OK && !(out->target > 0))
        code = error_set(err, ERR_USAGE, "%s is no load: write 40 for sessions, 120/m for arrivals",
                         value);
    return code == ERR_OK ? code : error_prefix(err, "--%s", option);
}

static enum err_code read_levels(const struct capacity_flags *flags,
                                 struct capacity_options *options, struct error *err)
{
    struct steady_load most = {0};
    struct steady_load *from = &options->run.load;
    enum err_code code = read_level("from", flags->from, from, err);
    if (code == ERR_OK) code = read_level("target", flags->target, &options->target, err);
    if (code == ERR_OK && from->asked && options->target.asked &&
        from->model != options->target.model)
        return error_set(err, ERR_USAGE,
                         "--from %s --target '%s': both of sessions, or both of arrivals",
                         flags->from, flags->target);
    if (code == ERR_OK) code = read_level("up-to", flags->up_to, &most, err);
    if (code != ERR_OK || !most.asked) return code;
    if (!from->asked)
        return error_set(err, ERR_USAGE,
                         "--up-to %s: needs --from, the level to begin at, in the same unit",
                         flags->up_to);
    if (from->model != most.model || from->target > most.target)
        return error_set(err, ERR_USAGE,
                         "--from %s --up-to %s: both of sessions or both of arrivals, the lower "
                         "first",
                         flags->from, flags->up_to);
    options->most = most.target;
    return ERR_OK;
}

static enum err_code read_share(const char *option, const char *value, double least, double most,
                                double *out, struct error *err)
{
    double share = 0;
    if (value == NULL) return ERR_OK;
    enum err_code code = parse_fraction(value, &share, err);
    if (code != ERR_OK) return error_prefix(err, "--%s", option);
    if (share < least || share > most)
        return error_set(err, ERR_USAGE, "--%s %s: write %.4g%% to %.4g%%", option, value,
                         100 * least, 100 * most);
    *out = share;
    return ERR_OK;
}

static enum err_code read_time(const char *option, const char *value, int64_t *out,
                               struct error *err)
{
    if (value == NULL) return ERR_OK;
    enum err_code code = parse_duration(value, out, err);
    return code == ERR_OK ? code : error_prefix(err, "--%s", option);
}

static enum err_code read_flags(const struct capacity_flags *flags, struct run_request *request,
                                struct capacity_options *options, struct error *err)
{
    enum err_code code = run_request_read(&flags->run, request, err);
    *options = (struct capacity_options){.run = request->options,
                                         .objectives = flags->objectives.items,
                                         .objective_count = flags->objectives.count,
                                         .confidence = 0.95,
                                         .step = CAPACITY_STEP,
                                         .sustain_ns = CAPACITY_SUSTAIN_NS,
                                         .drain_ns = CAPACITY_DRAIN_NS,
                                         .resume = flags->resume};
    if (code == ERR_OK) code = read_levels(flags, options, err);
    if (code == ERR_OK)
        code = read_share("confidence", flags->confidence, 0.5, 0.999, &options->confidence, err);
    if (code == ERR_OK) code = read_share("step", flags->step, 0.005, 0.5, &options->step, err);
    if (code == ERR_OK) code = read_time("settle", flags->settle, &options->settle_ns, err);
    if (code == ERR_OK) code = read_time("sustain", flags->sustain, &options->sustain_ns, err);
    if (code == ERR_OK) code = read_time("drain", flags->drain, &options->drain_ns, err);
    if (code == ERR_OK && flags->resume != NULL && flags->run.output != NULL)
        code = error_set(err, ERR_USAGE,
                         "--resume and -o exclude each other: it goes on in the folder it names");
    return code;
}

/* ---- the search ---- */

static int exit_status(const struct capacity *capacity)
{
    int status = 0;
    if (capacity->end == CAPACITY_INTERRUPTED) return 130;
    if (capacity->end == CAPACITY_BUDGET) return 5;
    for (size_t i = 0; i < capacity->region_count; i++) {
        switch (capacity->regions[i].search.end) {
        case SEARCH_BRACKETED:
        case SEARCH_AT_MOST:
            break;
        case SEARCH_ALL_BAD:
            return 99;
        case SEARCH_BLOCKED:
            status = 4;
            break;
        case SEARCH_UNDECIDED:
        case SEARCH_UNFINISHED:
        case SEARCH_UNSTABLE:
            if (status == 0) status = 3;
            break;
        }
    }
    return status;
}

static void on_signal(void *user, const char *reason, bool kill_follows)
{
    capacity_stop(user, reason, kill_follows);
}

static int print_result(const struct capacity *capacity, const struct run_flags *flags)
{
    struct text out = {0};
    if (flags->json) {
        capacity_json(capacity, &out);
    } else if (flags->dry_run) {
        capacity_plan_text(capacity, &out);
    } else if (!flags->quiet) {
        capacity_text(capacity, terminal_takes_colour(STDOUT_FILENO, flags->no_color), &out);
    }
    const int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static int perform(struct capacity *capacity, const struct run_flags *flags)
{
    struct error err = {0};
    struct signals signals = {0};
    enum err_code code = signals_open(&signals, capacity->loop, on_signal, capacity, &err);
    if (code == ERR_OK) code = capacity_perform(capacity, &err);
    signals_close(&signals);
    int status = code == ERR_OK ? exit_status(capacity) : cli_complain(&err);
    if (code == ERR_OK && print_result(capacity, flags) != 0) status = 1;
    return status;
}

static int capacity_file(const char *file, const struct capacity_flags *flags)
{
    struct error err = {0};
    struct run_request request;
    struct capacity_options options;
    struct capacity capacity = {0};
    struct profile *profile = NULL;
    uv_loop_t loop;
    enum err_code code = read_flags(flags, &request, &options, &err);
    if (code == ERR_OK) code = profile_load(file, &profile, &err);
    if (code == ERR_OK) code = cli_open_loop(&loop, &err);
    int status;
    if (code == ERR_OK) {
        options.run.screen = (struct run_screen){.out = stderr, .quiet = flags->run.quiet};
        code = capacity_open(&capacity, &loop, profile, &options, &err);
        status = code != ERR_OK       ? cli_complain(&err)
                 : flags->run.dry_run ? print_result(&capacity, &flags->run)
                                      : perform(&capacity, &flags->run);
        capacity_free(&capacity);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&loop);
    } else {
        status = cli_complain(&err);
        profile_free(profile);
    }
    run_request_free(&request);
    return status;
}

static const struct option_row options[] = {
    {"simulate", 0, OPTION_FLAG, NULL,
     "drive the built-in simulator instead of the real service: no account, no cost",
     offsetof(struct capacity_flags, run.simulate)},
    OPTION_CONNECT_TO(struct capacity_flags, run.connect_to),
    {"objective", 0, OPTION_LIST, "EXPR",
     "what a level must meet: 'failure_rate < 1%', 'share(ttft > 1s) < 5%', 'ttft.p95 < 1.5s'; may "
     "be repeated\n"
     "(default: the profile's thresholds of this kind, else failure_rate < 1%)",
     offsetof(struct capacity_flags, objectives)},
    {"from", 0, OPTION_TEXT, "LEVEL",
     "begin there: 40 (sessions kept busy) or 120/m (arrivals); in each region\n"
     "(default: a quarter of the quota that is known, in the unit of the profile's load)",
     offsetof(struct capacity_flags, from)},
    {"up-to", 0, OPTION_TEXT, "LEVEL", "never drive more than this in a region",
     offsetof(struct capacity_flags, up_to)},
    {"target", 0, OPTION_TEXT, "LEVEL",
     "say what a quota request has to ask for to carry so much in each region: '500 sessions' or "
     "600/m,\nbeside what was measured (with --dry-run: without a measurement)",
     offsetof(struct capacity_flags, target)},
    {"confidence", 0, OPTION_TEXT, "PERCENT", "of all brackets together, both ends (default: 95%)",
     offsetof(struct capacity_flags, confidence)},
    {"step", 0, OPTION_TEXT, "PERCENT", "how wide a bracket may be (default: 5%)",
     offsetof(struct capacity_flags, step)},
    {"settle", 0, OPTION_TEXT, "D",
     "leave out so much at both ends of each level (default: the expected length of a session,\nat "
     "least 10s)",
     offsetof(struct capacity_flags, settle)},
    {"sustain", 0, OPTION_TEXT, "D",
     "a level must be good for so long before it counts (default: 2m); at least twice the time in "
     "which the\nservice counts its limits",
     offsetof(struct capacity_flags, sustain)},
    {"drain", 0, OPTION_TEXT, "D",
     "pause after a level that was refused for quota (default: 60s; simulated: none)",
     offsetof(struct capacity_flags, drain)},
    {"output", 'o', OPTION_TEXT, "DIR",
     "the folder of the search (default results/<time>-<profile>-capacity)",
     offsetof(struct capacity_flags, run.output)},
    {"resume", 0, OPTION_TEXT, "DIR",
     "go on with the search in this folder, which was interrupted or ran out of budget: a name "
     "below\n"
     "results/ too, or `latest`, the newest of the profile",
     offsetof(struct capacity_flags, resume)},
    OPTION_REGION(struct capacity_flags, run.regions),
    {"seed", 0, OPTION_TEXT, "N", "of arrivals, prompts and simulated faults",
     offsetof(struct capacity_flags, run.seed)},
    {"workers", 0, OPTION_TEXT, "N",
     "threads that drive sessions (default: cores, one less when there are more than two)",
     offsetof(struct capacity_flags, run.workers)},
    {"dry-run", 0, OPTION_FLAG, NULL, "print what the search takes at least, and do nothing",
     offsetof(struct capacity_flags, run.dry_run)},
    {"yes", 0, OPTION_FLAG, NULL,
     "spend money without asking (a real service and no budget in the profile)",
     offsetof(struct capacity_flags, run.yes)},
    {"json", 0, OPTION_FLAG, NULL, "print JSON instead of the table",
     offsetof(struct capacity_flags, run.json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "no line per level and no table",
     offsetof(struct capacity_flags, run.quiet)},
    OPTION_NO_COLOR(struct capacity_flags, run.no_color),
};

const struct command capacity_command = {
    .name = "capacity",
    .usage = "PROFILE [options]",
    .purpose =
        "the highest load per region that meets objectives, as a bracket with a confidence.\n"
        "Drives level after level, each with a run folder of its own, without retries; the "
        "profile's\nbudget limits all of them together",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = 1,
    .positional_names = "PROFILE",
    .examples =
        "  rushhour capacity profiles/two-regions.json --simulate --from 30/m\n"
        "  rushhour capacity my.json --objective 'failure_rate < 2%' --objective 'ttft.p95 < "
        "1.5s'\n"
        "  rushhour capacity my.json --from 20 --up-to 500 --region eastus2 --json\n",
    .exit_codes =
        "  0 each region has its bracket, or holds at --up-to   1 could not do its work\n"
        "  2 wrong command line or profile    3 inconclusive: too near the limit to tell\n"
        "  4 invalid: this machine cannot drive the load        5 stopped by the budget\n"
        "  99 not even the lowest level meets the objectives    130 interrupted: --resume goes "
        "on\n",
};

int command_capacity(int argc, char **argv)
{
    struct capacity_flags flags = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&capacity_command, &flags, &line, argc, argv, &status)) return status;
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, like a full disk */
    return capacity_file(line.positional[0], &flags);
}
