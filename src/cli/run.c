#include "cli/run.h"
#include "cli/command.h"

#include "base/files.h"
#include "base/random.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    "  5 stopped by the budget            99 a threshold failed, or abort_on_fail stopped the run\n"
    "  130 interrupted, all so far is kept\n";

static void on_simulator_lost(void *user)
{
    struct run *run = user;
    if (run->engine == NULL) return;
    engine_stop(run->engine, RUN_FAILED, "the simulator ended");
    engine_stop(run->engine, RUN_FAILED, "the simulator ended");
}

/* The simulators of two shards must not draw the same faults for different sessions. */
static uint64_t simulator_seed(const struct run *run)
{
    if (run->shard.index == 0) return run->seed;
    struct random random;
    random_seed(&random, run->seed, run->shard.index);
    return random_u64(&random) >> 11;
}

static enum err_code start_simulator(struct run *run, struct error *err)
{
    struct text ledger = {0};
    text_printf(&ledger, "%s/ledger.jsonl", text_str(&run->folder));
    run->simulated = (struct simulated){
        .loop = &run->loop,
        .profile = run->profile,
        .seed = simulator_seed(run),
        .ledger = ledger.data,
        .interrupts = &run->interrupts,
        .on_lost = on_simulator_lost,
        .user = run,
    };
    enum err_code code = ledger.failed ? error_set(err, ERR_NOMEM, "no memory")
                                       : simulated_start(&run->simulated, err);
    run->simulated.ledger = NULL;
    text_free(&ledger);
    return code;
}

/* The simulator, the load, and the end of both. */
static enum err_code drive(struct run *run, struct error *err)
{
    enum err_code code = run->flags.simulate ? start_simulator(run, err) : ERR_OK;
    if (code == ERR_OK) code = run_drive(run, err);
    struct error ending = {0};
    enum err_code end = simulated_stop(&run->simulated, &ending);
    if (code != ERR_OK || end == ERR_OK) return code;
    *err = ending;
    return end;
}

/* Whatever happens, what was begun is ended, and a folder that holds no run is removed. */
static enum err_code make_run(struct run *run, int *status, struct error *err)
{
    enum err_code code = run_signals_open(run, err);
    if (code == ERR_OK) code = run_metrics_open(run, err);
    if (code == ERR_OK)
        code = run_writer_open(text_str(&run->folder), run->profile, run->clock.wall_origin_ns,
                               &run->writer, err);
    if (code != ERR_OK) return code;
    code = drive(run, err);
    struct error ending = {0};
    if (run->driven) {
        enum err_code end = run_finish(run, status, code == ERR_OK ? err : &ending);
        run_metrics_finish(run);
        return code != ERR_OK ? code : end;
    }
    (void)!run_writer_close(run->writer, &ending); /* the folder goes anyway */
    folder_remove(text_str(&run->folder));
    if (run->interrupts == 0) return code;
    (void)fprintf(stderr, "rushhour: interrupted before the load began; nothing was kept\n");
    *status = 130;
    return ERR_OK;
}

static void release(struct run *run)
{
    run_metrics_close(run); /* it reads the engine's figures */
    engine_free(run->engine);
    run_signals_close(run);
    (void)uv_run(&run->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&run->loop);
    run_metrics_free(run);
    for (size_t i = 0; i < run->connect_override_count; i++)
        connect_override_free(&run->connect_overrides[i]);
    simulated_free(&run->simulated);
    text_free(&run->folder);
    profile_free(run->profile);
}

/* The one place for a key from which it leaks without anybody's fault. */
static void warn_of_query_keys(const struct profile *profile)
{
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct region *region = &profile->regions[i];
        if (!region->auth.in_query) continue;
        (void)fprintf(stderr,
                      "rushhour: region %s: its API key goes into the query, where proxies and "
                      "gateways may log it: a "
                      "header is safer\n",
                      region->name);
    }
}

static enum err_code prepare(struct run *run, const char *file, struct error *err)
{
    enum err_code code = profile_load(file, &run->profile, err);
    if (code == ERR_OK) code = run_plan(run, err);
    if (code == ERR_OK) code = run_metrics_plan(run, err);
    if (code == ERR_OK && !run->flags.simulate && !run->flags.dry_run)
        code = profile_secrets_load(run->profile, err);
    if (code == ERR_OK && !run->flags.dry_run) warn_of_query_keys(run->profile);
    return code;
}

static int print_plan(const struct run *run)
{
    struct text out = {0};
    run_plan_report(run, run->flags.json, &out);
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static int run_profile(struct run *run, const char *file)
{
    struct error err = {0};
    int status = 0;
    if (uv_loop_init(&run->loop) != 0) {
        (void)error_set(&err, ERR_NET, "cannot make an event loop");
        return cli_complain(&err);
    }
    enum err_code code = prepare(run, file, &err);
    if (code == ERR_OK && run->flags.dry_run) {
        status = print_plan(run);
    } else if (code == ERR_OK) {
        code = make_run(run, &status, &err);
    }
    if (code != ERR_OK) status = cli_complain(&err);
    release(run);
    return status;
}

int command_run(int argc, char **argv)
{
    struct run run = {0};
    struct run_flags *flags = &run.flags;
    const struct option_row rows[] = {
        {"simulate", 0, OPTION_FLAG, NULL,
         "drive the built-in simulator instead of the real service: no account, no cost",
         &flags->simulate},
        {"connect-to", 0, OPTION_LIST, "HOST:PORT=ADDR:PORT",
         "reach a host at another (numeric) address; may be repeated", &flags->connect_to},
        {"output", 'o', OPTION_TEXT, "DIR",
         "the run folder to make (default results/<time>-<profile>)", &flags->output},
        {"region", 0, OPTION_LIST, "NAME", "only this region of the profile; may be repeated",
         &flags->regions},
        {"duration", 0, OPTION_TEXT, "D",
         "end the load after D (30s, 5m, 2h), or hold the last stage until then", &flags->duration},
        {"sessions", 0, OPTION_TEXT, "N",
         "closed load: keep N sessions busy in each region from the start", &flags->sessions},
        {"rate", 0, OPTION_TEXT, "R",
         "open load: R session arrivals (5/s, 300/m) in each region from the start", &flags->rate},
        {"seed", 0, OPTION_TEXT, "N",
         "repeat a plan: arrivals, prompts, jitter, simulated faults (default: drawn, and kept\nin "
         "run.json)",
         &flags->seed},
        {"workers", 0, OPTION_TEXT, "N",
         "threads that drive sessions (default: cores, one less when there are more than two)",
         &flags->workers},
        {"evidence-limit", 0, OPTION_TEXT, "N",
         "write so many evidence records in full, per failure code and region; further ones in "
         "brief\n"
         "(default: the profile's record.evidence_limit, 0: all in full)",
         &flags->evidence_limit},
        {"metrics", 0, OPTION_TEXT, "ADDR:PORT",
         "serve the figures so far at http://ADDR:PORT/metrics for Prometheus (without ADDR: "
         "127.0.0.1;\n"
         "port 0: any free one)",
         &flags->metrics},
        {"shard", 0, OPTION_TEXT, "I/N",
         "drive only the I-th of N parts of the plan, and the others elsewhere with the same "
         "profile and\n"
         "seed, then: rushhour merge; splits arrivals or slots, max_sessions, connect_rate, budget",
         &flags->shard},
        {"start-at", 0, OPTION_TEXT, "TIME",
         "begin the load exactly then (RFC 3339, at most 24 h ahead), so that shards start "
         "together",
         &flags->start_at},
        {"inconclusive", 0, OPTION_TEXT, "pass|fail",
         "exit 0 or 99 instead of 3 when samples are too few", &flags->inconclusive},
        {"dry-run", 0, OPTION_FLAG, NULL,
         "print what would be done and what it may cost, and do nothing", &flags->dry_run},
        {"yes", 0, OPTION_FLAG, NULL,
         "spend money without asking (a real service and no budget in the profile)", &flags->yes},
        {"json", 0, OPTION_FLAG, NULL, "print run.json on standard output instead of the table",
         &flags->json},
        {"quiet", 'q', OPTION_FLAG, NULL, "no live view and no table", &flags->quiet},
        {"no-color", 0, OPTION_FLAG, NULL, "no colour (also: NO_COLOR in the environment)",
         &flags->no_color},
    };
    struct command_line line = {
        .command = "run",
        .usage = "PROFILE [options]",
        .purpose =
            "drive the load of a profile, show it live, write a run folder, judge thresholds",
        .options = rows,
        .option_count = sizeof rows / sizeof *rows,
        .positional_min = 1,
        .positional_max = 1,
        .positional_names = "PROFILE",
        .examples = EXAMPLES,
        .exit_codes = EXIT_CODES,
    };
    int status;
    if (!cli_begin(&line, argc, argv, &status)) return status;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
    return run_profile(&run, line.positional[0]);
}
