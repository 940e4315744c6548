#include "cli/run.h"
#include "cli/command.h"
#include "cli/run_flags.h"
#include "cli/signals.h"

#include "base/terminal.h"
#include "report/report.h"
#include "report/table.h"
#include "run/notify.h"
#include "run/recent.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

static const char EXAMPLES[] =
    "  rushhour run profiles/demo.json --simulate\n"
    "  rushhour run profiles/two-regions.json --region eastus2 --duration 2m --yes\n"
    "  rushhour run my.json --simulate --metrics :9464\n"
    "  rushhour run my.json --simulate --rate 20/s --seed 7 --json > run.json\n"
    "  rushhour run my.json --yes --seed 7 --shard 2/3 --start-at 2026-11-20T14:00:00Z\n";

static const char EXIT_CODES[] =
    "  0 done, every threshold passed     1 could not do its work      2 wrong command line or "
    "profile\n"
    "  3 inconclusive: too few samples    4 invalid: the generator was saturated or the load not "
    "reached\n"
    "  5 stopped by the budget            99 a threshold failed, abort_on_fail stopped the run, "
    "or\n"
    "                                     a region did not answer once\n"
    "  130 interrupted, all so far is kept\n";

int verdict_status(enum verdict verdict, bool valid, int inconclusive)
{
    switch (verdict) {
    case VERDICT_NONE: /* nothing was judged, but invalid figures are not a success */
        return valid ? 0 : 4;
    case VERDICT_PASS:
        return 0;
    case VERDICT_FAIL:
        return 99;
    case VERDICT_INVALID:
        return 4;
    case VERDICT_INCONCLUSIVE:
        return inconclusive;
    }
    return 1;
}

int run_exit_status(const struct run_outcome *outcome, int inconclusive)
{
    if (outcome->interrupted) return 130;
    switch (outcome->end) {
    case RUN_INTERRUPTED:
        return 130;
    case RUN_STOPPED_BUDGET:
        return 5;
    case RUN_STOPPED_RULE:
        return 99;
    case RUN_FAILED:
        return 1;
    case RUN_COMPLETE:
        break;
    }
    if (outcome->fruitless) return outcome->valid ? 99 : 4;
    return verdict_status(outcome->verdict, outcome->valid, inconclusive);
}

static int print_plan(const struct run_plan *plan, bool json)
{
    struct text out = {0};
    run_plan_report(plan, json, &out);
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static int print_result(const struct run_flags *flags, const char *folder,
                        const struct run_outcome *outcome)
{
    if (flags->json) return print_out(text_str(&outcome->json));
    if (flags->quiet) return 0;
    const bool colour = terminal_takes_colour(STDOUT_FILENO, flags->no_color);
    size_t width;
    size_t rows;
    struct text out = {0};
    if (!terminal_size(STDOUT_FILENO, &width, &rows) || width > TERMINAL_WIDTH)
        width = TERMINAL_WIDTH;
    if (flags->full) {
        results_text(outcome->results, colour, &out);
    } else {
        results_brief(outcome->results, colour, width, &out);
    }
    text_printf(&out, "\npage        %s/report.html\n", folder);
    if (!flags->full) text_printf(&out, "all tables  %s report %s\n", cli_program(), folder);
    results_warning(outcome->results, colour, width, &out);
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static void on_signal(void *user, const char *reason, bool kill_follows)
{
    if (kill_follows) {
        run_stop_within(user, reason);
    } else {
        run_stop(user, reason);
    }
}

/* The verdict before is that of the run before, of the same profile and beside it. A run that was
 * cut short by hand has none to tell. Whatever becomes of the notice, the run is what it is. */
static void notify(const struct run *run, const struct run_request *request,
                   const struct run_outcome *outcome)
{
    struct error err = {0};
    struct text earlier = {0};
    char before[16] = "";
    const char *folder = text_str(&run_planned(run)->folder);
    if (request->receiver.host == NULL || !outcome->kept || outcome->end == RUN_INTERRUPTED) return;
    enum err_code code = recent_judged(folder, &earlier, before, sizeof before, &err);
    const struct notice notice = {.results = outcome->results,
                                  .run = run_planned(run)->id,
                                  .before = earlier.length > 0 ? before : NULL,
                                  .runs = 1};
    if (code == ERR_OK && notify_is_news(&notice))
        code = notify_send(&request->receiver, &notice, &err);
    text_free(&earlier);
    if (code != ERR_OK) (void)cli_complain(&err);
}

static int perform(struct run *run, const struct run_flags *flags,
                   const struct run_request *request)
{
    struct error err = {0};
    struct run_outcome outcome;
    enum err_code code = run_perform(run, &outcome, &err);
    const char *folder = text_str(&run_planned(run)->folder); /* it may have moved */
    int status = code == ERR_OK ? run_exit_status(&outcome, request->inconclusive) : 1;
    if (outcome.kept && print_result(flags, folder, &outcome) != 0) status = 1;
    if (code == ERR_OK) notify(run, request, &outcome);
    if (outcome.interrupted)
        (void)fprintf(stderr, "rushhour: interrupted before the load began; nothing was kept\n");
    run_linger(run);
    if (code != ERR_OK) status = cli_complain(&err);
    run_outcome_free(&outcome);
    return status;
}

/* From here to the end, Ctrl-C and SIGTERM end the run in an orderly way. */
static int perform_with_signals(struct run *run, uv_loop_t *loop, const struct run_flags *flags,
                                const struct run_request *request)
{
    struct error err = {0};
    struct signals signals = {0};
    int status = signals_open(&signals, loop, on_signal, run, &err) == ERR_OK
                     ? perform(run, flags, request)
                     : cli_complain(&err);
    signals_close(&signals);
    return status;
}

static int run_profile(uv_loop_t *loop, struct profile *profile, const struct run_flags *flags,
                       const struct run_request *request)
{
    struct error err = {0};
    struct run *run = NULL;
    int status;
    if (run_new(loop, profile, &request->options, &run, &err) != ERR_OK) {
        status = cli_complain(&err);
    } else if (flags->dry_run) {
        status = print_plan(run_planned(run), flags->json);
    } else {
        status = perform_with_signals(run, loop, flags, request);
    }
    run_free(run);
    return status;
}

static int run_file(const char *file, const struct run_flags *flags)
{
    struct error err = {0};
    struct run_request request;
    struct profile *profile = NULL;
    uv_loop_t loop;
    int status;
    enum err_code code = run_request_read(flags, &request, &err);
    if (code == ERR_OK) code = profile_load(file, &profile, &err);
    if (code == ERR_OK) code = cli_open_loop(&loop, &err);
    if (code == ERR_OK) {
        request.options.screen =
            (struct run_screen){.out = stderr,
                                .colour = terminal_takes_colour(STDERR_FILENO, flags->no_color),
                                .quiet = flags->quiet};
        status = run_profile(&loop, profile, flags, &request);
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
     offsetof(struct run_flags, simulate)},
    OPTION_CONNECT_TO(struct run_flags, connect_to),
    {"output", 'o', OPTION_TEXT, "DIR", "the run folder to make (default results/<time>-<profile>)",
     offsetof(struct run_flags, output)},
    OPTION_REGION(struct run_flags, regions),
    {"duration", 0, OPTION_TEXT, "D",
     "end the load after D (30s, 5m, 2h), or hold the last stage until then",
     offsetof(struct run_flags, duration)},
    {"sessions", 0, OPTION_TEXT, "N",
     "closed load: keep N sessions busy in each region from the start",
     offsetof(struct run_flags, sessions)},
    {"rate", 0, OPTION_TEXT, "R",
     "open load: R session arrivals (5/s, 300/m) in each region from the start",
     offsetof(struct run_flags, rate)},
    {"seed", 0, OPTION_TEXT, "N",
     "repeat a plan: arrivals, prompts, jitter, simulated faults (default: drawn, and kept\nin "
     "run.json)",
     offsetof(struct run_flags, seed)},
    {"workers", 0, OPTION_TEXT, "N",
     "threads that drive sessions (default: one for each core that this process may use, by "
     "its\nCPU "
     "set and its container's quota)",
     offsetof(struct run_flags, workers)},
    {"evidence-limit", 0, OPTION_TEXT, "N",
     "write this many evidence records in full, per failure code and region; further ones in "
     "brief\n"
     "(default: the profile's record.evidence_limit, 0: all in full)",
     offsetof(struct run_flags, evidence_limit)},
    {"metrics", 0, OPTION_TEXT, "ADDR:PORT",
     "serve the figures so far at http://ADDR:PORT/metrics for Prometheus (without ADDR: "
     "127.0.0.1;\n"
     "port 0: any free one)",
     offsetof(struct run_flags, metrics)},
    {"shard", 0, OPTION_TEXT, "I/N",
     "drive only the I-th of N parts of the plan, and the others elsewhere with the same "
     "profile and\n"
     "seed, then: rushhour merge; splits arrivals or slots, max_sessions, connect_rate, budget",
     offsetof(struct run_flags, shard)},
    {"start-at", 0, OPTION_TEXT, "TIME",
     "begin the load exactly then (RFC 3339, at most 24 h ahead), so that shards start "
     "together",
     offsetof(struct run_flags, start_at)},
    {"grace", 0, OPTION_TEXT, "D",
     "after SIGTERM or the loss of the terminal, how long the run may take to end (default: the "
     "profile's\n"
     "load.drain, 20s; `docker stop` kills after 10 s; Ctrl-C has no limit)",
     offsetof(struct run_flags, grace)},
    {"spill", 0, OPTION_TEXT, "DIR",
     "when the run folder cannot be written (full, lost, failing), go on in a folder of the same "
     "name\n"
     "below DIR, with all that was recorded so far",
     offsetof(struct run_flags, spill)},
    {"hold", 0, OPTION_TEXT, "SIZE",
     "how much to keep in memory while nothing can be written, before the run stops (default "
     "64MiB)",
     offsetof(struct run_flags, hold)},
    {"share", 0, OPTION_FLAG, NULL,
     "let others read the run folder (modes 0755 and 0644; else 0700 and 0600)",
     offsetof(struct run_flags, share)},
    {"inconclusive", 0, OPTION_TEXT, "pass|fail",
     "exit 0 or 99 instead of 3 when samples are too few",
     offsetof(struct run_flags, inconclusive)},
    {"notify", 0, OPTION_TEXT, "URL",
     "at the end, POST the verdict there as JSON if it is not that of the run before: figures "
     "and\nnames of regions, no hosts, keys or content. \"${NAME}\" is read from the environment",
     offsetof(struct run_flags, notify)},
    {"dry-run", 0, OPTION_FLAG, NULL,
     "print what would be done and what it may cost, and do nothing",
     offsetof(struct run_flags, dry_run)},
    {"yes", 0, OPTION_FLAG, NULL,
     "spend money without asking (a real service and no budget in the profile)",
     offsetof(struct run_flags, yes)},
    {"full", 0, OPTION_FLAG, NULL, "print every table of the report at the end, not the summary",
     offsetof(struct run_flags, full)},
    {"json", 0, OPTION_FLAG, NULL, "print run.json on standard output instead of the summary",
     offsetof(struct run_flags, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "no live view and no summary",
     offsetof(struct run_flags, quiet)},
    OPTION_NO_COLOR(struct run_flags, no_color),
};

const struct command run_command = {
    .name = "run",
    .usage = "PROFILE [options]",
    .purpose = "drive the load of a profile, show it live, write a run folder, judge thresholds",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = 1,
    .positional_names = "PROFILE",
    .examples = EXAMPLES,
    .exit_codes = EXIT_CODES,
};

int command_run(int argc, char **argv)
{
    struct run_flags flags = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&run_command, &flags, &line, argc, argv, &status)) return status;
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, like a full disk */
    return run_file(line.positional[0], &flags);
}
