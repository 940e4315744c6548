#include "cli/run.h"

#include "base/calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define LOOK_EVERY_MS 200

/* So long before its start the wait is over: what is left to do before the first arrival takes
 * less. */
#define LEAD_NS (500 * NS_PER_MS)

struct wait {
    struct run *run;
    uv_timer_t timer;
    bool terminal;
};

/* By the machine's own clock, which may be put right during a long wait. */
static int64_t left_ns(const struct run *run)
{
    return run->start_at_ns - clock_wall_ns();
}

static void show_countdown(const struct wait *wait)
{
    int64_t left_s = (left_ns(wait->run) + NS_PER_S - 1) / NS_PER_S;
    if (left_s < 0) left_s = 0;
    (void)fprintf(stderr, "\r%s  starts in %d:%02d:%02d; Ctrl-C calls it off\x1b[K",
                  wait->run->profile->name, (int)(left_s / 3600), (int)(left_s / 60 % 60),
                  (int)(left_s % 60));
    (void)fflush(stderr);
}

static void on_look(uv_timer_t *timer)
{
    const struct wait *wait = timer->data;
    if (wait->terminal) show_countdown(wait);
    if (left_ns(wait->run) <= LEAD_NS) uv_stop(timer->loop);
}

/* An interrupt, and an engine that was told to stop, end the wait early. */
static bool is_waiting(const struct run *run)
{
    struct engine_status status;
    engine_status(run->engine, &status);
    return left_ns(run) > LEAD_NS && run->interrupts == 0 && !status.draining;
}

static void announce(const struct wait *wait)
{
    char at[40];
    if (wait->terminal || wait->run->flags.quiet) return;
    format_utc_ms(wait->run->start_at_ns, at);
    (void)fprintf(stderr, "rushhour: ready; the load starts at %s\n", at);
}

static enum err_code end_of_wait(const struct run *run, struct error *err)
{
    struct engine_status status;
    engine_status(run->engine, &status);
    if (run->interrupts > 0) return error_set(err, ERR_IO, "interrupted before the load began");
    if (status.draining)
        return error_set(err, ERR_IO, "called off before the load began: %s", status.reason);
    int64_t left = left_ns(run);
    if (left > 0) return ERR_OK;
    return error_set(
        err, ERR_USAGE,
        "--start-at %.40s: passed %" PRId64
        " ms before everything was ready (simulator, credentials); choose a later time",
        run->flags.start_at, -left / NS_PER_MS);
}

enum err_code run_wait(struct run *run, struct error *err)
{
    struct wait wait = {.run = run, .terminal = isatty(STDERR_FILENO) == 1 && !run->flags.quiet};
    (void)uv_timer_init(&run->loop, &wait.timer);
    wait.timer.data = &wait;
    announce(&wait);
    uv_update_time(&run->loop);
    (void)uv_timer_start(&wait.timer, on_look, 0, LOOK_EVERY_MS);
    while (is_waiting(run)) (void)uv_run(&run->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&wait.timer, NULL);
    (void)uv_run(&run->loop, UV_RUN_NOWAIT);
    if (wait.terminal) (void)fputs("\r\x1b[K", stderr);
    enum err_code code = end_of_wait(run, err);
    run->clock.mono_origin_ns = clock_mono_ns() + (uint64_t)left_ns(run);
    return code;
}
