#include "base/files.h"
#include "base/limits.h"
#include "base/secret.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_flags.h"
#include "cli/signals.h"
#include "profile/profile.h"
#include "simulator/simulator.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

/*
 * `rushhour simulate`. A run that simulates starts this command with --controlled: its standard
 * input then carries the run's clock ("clock MONO_NS WALL_NS SPEED"), and EOF means that the run is
 * over, for whatever reason. Its descriptor 3 holds the profile. After the ready line its standard
 * output carries how its loop keeps up ("turns ALL LATE", so far).
 */

#define HANDED_PROFILE "/dev/fd/3"
#define HANDED_LIMIT ((size_t)64 << 20) /* bytes: the run has checked it already */
#define TURNS_EVERY_MS 50

struct simulate {
    const char *listen, *ledger, *seed, *by_user;
    bool json, quiet, no_color, controlled;
    uv_loop_t loop;
    struct signals signals;
    uv_pipe_t control, output;
    uv_timer_t turns;
    char line[128];
    size_t line_length;
    struct simulator *simulator;
    int status;
    bool stopping;
};

static void stop(struct simulate *simulate)
{
    if (simulate->stopping) return;
    simulate->stopping = true;
    struct error err = {0};
    if (simulator_stop(simulate->simulator, &err) != ERR_OK) simulate->status = cli_complain(&err);
    signals_close(&simulate->signals);
    uv_handle_t *handles[] = {(uv_handle_t *)&simulate->control, (uv_handle_t *)&simulate->output,
                              (uv_handle_t *)&simulate->turns};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        if (handles[i]->loop != NULL) uv_close(handles[i], NULL);
    }
}

/* What does not fit into the pipe now is part of the next line. */
static void on_turns(uv_timer_t *timer)
{
    struct simulate *simulate = timer->data;
    struct loop_turns turns;
    simulator_turns(simulate->simulator, &turns);
    char line[64];
    int length =
        snprintf(line, sizeof line, "turns %" PRIu64 " %" PRIu64 "\n", turns.all, turns.late);
    uv_buf_t buffer = uv_buf_init(line, (unsigned)length);
    (void)uv_try_write((uv_stream_t *)&simulate->output, &buffer, 1);
}

/* Once the run has sent its clock. */
static void report_turns(struct simulate *simulate)
{
    if (simulate->output.loop != NULL || uv_pipe_init(&simulate->loop, &simulate->output, 0) != 0 ||
        uv_pipe_open(&simulate->output, STDOUT_FILENO) != 0)
        return;
    (void)uv_timer_init(&simulate->loop, &simulate->turns);
    simulate->turns.data = simulate;
    (void)uv_timer_start(&simulate->turns, on_turns, TURNS_EVERY_MS, TURNS_EVERY_MS);
}

static void on_signal(void *user, const char *reason, bool kill_follows)
{
    struct simulate *simulate = user;
    (void)reason;
    (void)kill_follows;
    /* Ctrl-C, `timeout` and service managers signal the whole process group. A controlled simulator
     * keeps serving until the run has drained; EOF on its standard input ends it. */
    if (!simulate->controlled) stop(simulate);
}

static void on_line(struct simulate *simulate)
{
    struct run_clock clock;
    if (sscanf(simulate->line, "clock %" SCNu64 " %" SCNd64 " %lf", &clock.mono_origin_ns,
               &clock.wall_origin_ns, &clock.speed) == 3) {
        simulator_set_clock(simulate->simulator, &clock);
        report_turns(simulate);
    }
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    static char bytes[128]; /* there is one control pipe per process */
    (void)handle;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_control(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct simulate *simulate = stream->data;
    if (length < 0) {
        stop(simulate);
        return;
    }
    for (ssize_t i = 0; i < length; i++) {
        char c = buffer->base[i];
        if (c == '\n') {
            simulate->line[simulate->line_length] = '\0';
            on_line(simulate);
            simulate->line_length = 0;
        } else if (simulate->line_length + 1 < sizeof simulate->line) {
            simulate->line[simulate->line_length++] = c;
        }
    }
}

static enum err_code listen_for_end(struct simulate *simulate, struct error *err)
{
    enum err_code code =
        signals_open(&simulate->signals, &simulate->loop, on_signal, simulate, err);
    if (code != ERR_OK || !simulate->controlled) return code;
    int status = uv_pipe_init(&simulate->loop, &simulate->control, 0);
    simulate->control.data = simulate;
    if (status == 0) status = uv_pipe_open(&simulate->control, STDIN_FILENO);
    if (status == 0)
        status = uv_read_start((uv_stream_t *)&simulate->control, allocate, on_control);
    if (status == 0) return ERR_OK;
    return error_set(err, ERR_NET, "cannot set the simulator up: %s", uv_strerror(status));
}

static int serve(struct simulate *simulate, const struct simulator_options *options)
{
    struct error err = {0};
    if (cli_open_loop(&simulate->loop, &err) != ERR_OK) return cli_complain(&err);
    enum err_code code = simulator_start(&simulate->loop, options, &simulate->simulator, &err);
    if (code == ERR_OK) {
        code = listen_for_end(simulate, &err);
        struct text ready = {0};
        simulator_ready(simulate->simulator, &ready);
        simulate->status = code == ERR_OK ? print_out(text_str(&ready)) : cli_complain(&err);
        text_free(&ready);
        if (simulate->status != 0) stop(simulate);
        (void)uv_run(&simulate->loop, UV_RUN_DEFAULT);
        simulator_free(simulate->simulator);
    } else {
        simulate->status = cli_complain(&err);
        (void)uv_run(&simulate->loop, UV_RUN_DEFAULT);
    }
    (void)uv_loop_close(&simulate->loop);
    return simulate->status;
}

static uint64_t choose_seed(const struct run_number *asked, const struct profile *profile)
{
    uint64_t seed = asked->given ? asked->value : profile->seed;
    if (seed == 0 && getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = (uint64_t)clock_wall_ns();
    return seed;
}

/* A run hands over what it has read itself. */
static enum err_code load(const struct simulate *simulate, const char *file,
                          struct profile **profile, struct error *err)
{
    struct text json = {0};
    if (!simulate->controlled) return profile_load(file, profile, err);
    enum err_code code = file_read(HANDED_PROFILE, HANDED_LIMIT, &json, err);
    if (code == ERR_OK) code = profile_parse(file, text_str(&json), json.length, profile, err);
    text_free(&json);
    return code;
}

static int simulate_profile(struct simulate *simulate, const char *file)
{
    struct error err = {0};
    struct profile *profile = NULL;
    struct simulator_options options = {.listen = simulate->listen,
                                        .ledger_file = simulate->ledger};
    struct run_number seed = {0};
    enum err_code code = seed_read(simulate->seed, &seed, &err);
    if (code == ERR_OK) code = load(simulate, file, &profile, &err);
    if (code != ERR_OK) return cli_complain(&err);
    options.seed = choose_seed(&seed, profile);
    options.by_user = simulate->by_user != NULL;
    options.shard = options.by_user ? strtoul(simulate->by_user, NULL, 10) : 0;
    options.profile = profile;
    options.clock = (struct run_clock){
        .mono_origin_ns = clock_mono_ns(),
        .wall_origin_ns = profile->simulator.clock_start_ns == INT64_MIN
                              ? clock_wall_ns()
                              : profile->simulator.clock_start_ns,
        .speed = profile->simulator.clock_speed,
    };
    int status = serve(simulate, &options);
    profile_free(profile);
    return status;
}

static const struct option_row options[] = {
    {"listen", 0, OPTION_TEXT, "ADDR", "numeric address to listen on (default 127.0.0.1)",
     offsetof(struct simulate, listen)},
    {"ledger", 0, OPTION_TEXT, "FILE",
     "write the truth: one JSON line per session and response served",
     offsetof(struct simulate, ledger)},
    {"seed", 0, OPTION_TEXT, "N",
     "repeatable latencies and faults (default: the profile's, else drawn)",
     offsetof(struct simulate, seed)},
    {"json", 0, OPTION_FLAG, NULL, "accepted; the ready line is JSON in any case",
     offsetof(struct simulate, json)},
    {"quiet", 'q', OPTION_FLAG, NULL,
     "accepted; nothing but the ready line and errors is printed in any case",
     offsetof(struct simulate, quiet)},
    {"no-color", 0, OPTION_FLAG, NULL, "accepted; there is no colour here",
     offsetof(struct simulate, no_color)},
    {"controlled", 0, OPTION_FLAG, NULL,
     "take the clock from standard input, the profile from descriptor 3, and end with the input "
     "(used\nby `run --simulate`)",
     offsetof(struct simulate, controlled)},
    {"by-user", 0, OPTION_TEXT, "SHARD",
     "draw by the user that a request id names, not by the order of arrival (used by `run "
     "--simulate`)",
     offsetof(struct simulate, by_user)},
};

const struct command simulate_command = {
    .name = "simulate",
    .usage = "PROFILE [options]",
    .purpose =
        "serve every region of a profile on loopback, with scripted latency and faults.\n"
        "Prints one JSON line when ready (addresses, keys, the CA's file, an HTTP proxy), and "
        "serves until "
        "SIGINT or SIGTERM",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = 1,
    .positional_names = "PROFILE",
    .examples = "  rushhour simulate profiles/two-regions.json\n"
                "  rushhour simulate profiles/demo.json --ledger truth.jsonl --seed 7\n",
    .exit_codes = "  0 ended by a signal   1 could not serve   2 wrong command line or profile\n",
};

int command_simulate(int argc, char **argv)
{
    struct simulate simulate = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&simulate_command, &simulate, &line, argc, argv, &status)) return status;
    secret_protect_process();         /* whoever starts it may have keys in the environment */
    (void)limits_raise_descriptors(); /* a session takes one on this side too */
    (void)signal(SIGXFSZ, SIG_IGN);   /* a ledger that may not grow is an error, like a full disk */
    return simulate_profile(&simulate, line.positional[0]);
}
