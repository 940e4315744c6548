#include "check/check.h"

#include "base/secret.h"
#include "base/terminal.h"
#include "cli/check_print.h"
#include "cli/command.h"
#include "cli/run_flags.h"
#include "cli/signals.h"
#include "net/client.h"
#include "profile/adjust.h"
#include "run/simulated.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char EXAMPLES[] =
    "  rushhour check my.json\n"
    "  rushhour check profiles/two-regions.json --simulate\n"
    "  rushhour check my.json --region eastus2 --json | jq '.regions[].steps[] | "
    "select(.status == \"failed\")'\n";

struct preflight {
    struct option_list regions, connect_to;
    bool simulate, json, quiet, no_color;
    struct profile *profile;
    uv_loop_t loop;
    struct signals signals;
    unsigned interrupts;
    struct connect_override connect_overrides[CONNECT_TO_MOST];
    size_t connect_override_count;
    struct simulated simulated;
    struct check *check;
    struct check_progress progress;
};

static void on_signal(void *user, const char *reason, bool kill_follows)
{
    struct preflight *preflight = user;
    (void)reason;
    (void)kill_follows;
    preflight->interrupts++;
    uv_stop(&preflight->loop);
}

/* ---- what is checked ---- */

static enum err_code take_connect_overrides(struct preflight *preflight, struct error *err)
{
    const struct option_list *list = &preflight->connect_to;
    if (list->count > 0 && preflight->simulate)
        return error_set(err, ERR_USAGE, "--connect-to and --simulate exclude each other");
    for (size_t i = 0; i < list->count; i++) {
        enum err_code code = connect_override_parse(
            list->items[i], &preflight->connect_overrides[preflight->connect_override_count], err);
        if (code != ERR_OK) return code;
        preflight->connect_override_count++;
    }
    return ERR_OK;
}

static enum err_code load(struct preflight *preflight, const char *file, struct error *err)
{
    enum err_code code = take_connect_overrides(preflight, err);
    if (code == ERR_OK) code = profile_load(file, &preflight->profile, err);
    if (code == ERR_OK && preflight->regions.count > 0)
        code = profile_keep_regions(preflight->profile, preflight->regions.items,
                                    preflight->regions.count, err);
    if (code != ERR_OK || preflight->simulate || !profile_simulate_only(preflight->profile))
        return code;
    return error_set(err, ERR_PROFILE,
                     "%s: simulator.clock: a profile with a clock of its own can only be "
                     "simulated; add --simulate",
                     preflight->profile->file);
}

static enum err_code start_simulator(struct preflight *preflight, struct error *err)
{
    uint64_t seed = preflight->profile->seed;
    preflight->simulated = (struct simulated){
        .loop = &preflight->loop,
        .profile = preflight->profile,
        .seed = seed != 0 ? seed : (uint64_t)clock_wall_ns() & RUN_SEED_MOST,
        .interrupts = &preflight->interrupts,
    };
    const enum err_code code = simulated_start(&preflight->simulated, err);
    if (code != ERR_OK) return code;
    /* A check is no replay: its times are those of one session, in real time. */
    const int64_t start_ns = preflight->profile->simulator.clock_start_ns;
    simulated_clock(&preflight->simulated,
                    &(struct run_clock){
                        .mono_origin_ns = clock_mono_ns(),
                        .wall_origin_ns = start_ns == INT64_MIN ? clock_wall_ns() : start_ns,
                        .speed = 1,
                    });
    return ERR_OK;
}

/* ---- the check ---- */

static void on_change(void *user)
{
    struct preflight *preflight = user;
    size_t count;
    if (preflight->check == NULL) return; /* it is still starting */
    const struct check_region *regions = check_told(preflight->check, &count);
    check_progress_show(&preflight->progress, regions, count);
}

static enum err_code run_check(struct preflight *preflight, struct error *err)
{
    const bool simulate = preflight->simulate;
    const struct check_options options = {
        .profile = preflight->profile,
        .connect_overrides =
            simulate ? preflight->simulated.connect_overrides : preflight->connect_overrides,
        .connect_override_count = simulate ? preflight->simulated.connect_override_count
                                           : preflight->connect_override_count,
        .ca_file = preflight->simulated.ca_file,
        .simulated = simulate,
        .on_change = on_change,
        .user = preflight,
    };
    ws_global_init();
    enum err_code code = check_start(&preflight->loop, &options, &preflight->check, err);
    if (code != ERR_OK) return code;
    secret_protect_process();
    on_change(preflight);
    while (!check_done(preflight->check) && preflight->interrupts == 0)
        (void)uv_run(&preflight->loop, UV_RUN_ONCE);
    check_stop(preflight->check);
    check_progress_clear(&preflight->progress);
    return ERR_OK;
}

static int report(const struct preflight *preflight)
{
    size_t count;
    const struct check_region *regions = check_told(preflight->check, &count);
    struct text out = {0};
    int status = preflight->interrupts > 0 ? 130 : 0;
    for (size_t i = 0; i < count && status == 0; i++) status = regions[i].ok ? 0 : 1;
    if (preflight->json) {
        check_json(regions, count, &out);
    } else if (!preflight->quiet) {
        const struct check_page page = {
            .profile = preflight->profile->name,
            .regions = regions,
            .count = count,
            .simulated = preflight->simulate,
            .interrupted = preflight->interrupts > 0,
            .colour = terminal_takes_colour(STDOUT_FILENO, preflight->no_color),
            .width = check_print_width(STDOUT_FILENO),
        };
        check_print(&page, &out);
    }
    if (out.failed) {
        (void)fprintf(stderr, "rushhour: no memory for the result\n");
        status = 1;
    } else if (out.length > 0 && print_out(text_str(&out)) != 0) {
        status = 1;
    }
    text_free(&out);
    return status;
}

static int check_profile(struct preflight *preflight, const char *file)
{
    struct error err = {0};
    int status = 0;
    enum err_code code = load(preflight, file, &err);
    if (code == ERR_OK)
        code = signals_open(&preflight->signals, &preflight->loop, on_signal, preflight, &err);
    if (code == ERR_OK && preflight->simulate) code = start_simulator(preflight, &err);
    if (code == ERR_OK) code = run_check(preflight, &err);
    if (code == ERR_OK) {
        status = report(preflight);
    } else if (preflight->interrupts > 0) {
        (void)fprintf(stderr, "rushhour: interrupted\n");
        status = 130;
    } else {
        status = cli_complain(&err);
    }
    check_free(preflight->check);
    if (simulated_stop(&preflight->simulated, &err) != ERR_OK && status == 0)
        status = cli_complain(&err);
    return status;
}

static void release(struct preflight *preflight)
{
    signals_close(&preflight->signals);
    (void)uv_run(&preflight->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&preflight->loop);
    for (size_t i = 0; i < preflight->connect_override_count; i++)
        connect_override_free(&preflight->connect_overrides[i]);
    simulated_free(&preflight->simulated);
    profile_free(preflight->profile);
}

static const struct option_row options[] = {
    {"simulate", 0, OPTION_FLAG, NULL, "check the built-in simulator instead of the real service",
     offsetof(struct preflight, simulate)},
    OPTION_REGION(struct preflight, regions),
    OPTION_CONNECT_TO(struct preflight, connect_to),
    {"json", 0, OPTION_FLAG, NULL,
     "print the result as JSON, every step with its time, cause and fix",
     offsetof(struct preflight, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing: the exit code tells",
     offsetof(struct preflight, quiet)},
    OPTION_NO_COLOR(struct preflight, no_color),
};

const struct command check_command = {
    .name = "check",
    .usage = "PROFILE [options]",
    .purpose = "a preflight of every region, step by step with times: profile, name, TCP, TLS, "
               "HTTPS,\n"
               "credentials, upgrade, session.created, session.updated, one minimal text turn "
               "(\"Say OK.\").\n"
               "Names the cause of what fails and the next thing to do. No ICMP; a few tokens "
               "a region",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = 1,
    .positional_names = "PROFILE",
    .examples = EXAMPLES,
    .exit_codes =
        "  0 every region is ok   1 some step failed   2 wrong command line or profile   130 "
        "interrupted\n",
};

int command_check(int argc, char **argv)
{
    struct preflight preflight = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&check_command, &preflight, &line, argc, argv, &status)) return status;
    struct error err = {0};
    if (cli_open_loop(&preflight.loop, &err) != ERR_OK) return cli_complain(&err);
    check_progress_open(&preflight.progress, stderr, preflight.quiet);
    status = check_profile(&preflight, line.positional[0]);
    release(&preflight);
    return status;
}
