#include "run/run_private.h"

#include "base/calendar.h"
#include "base/terminal.h"

#include <inttypes.h>
#include <stdio.h>

#define LOOK_EVERY_MS 200

/* The wait ends this long before the start: enough for what remains to be done before the first
 * arrival. */
#define LEAD_NS (500 * NS_PER_MS)

struct wait {
    struct run *run;
    uv_timer_t timer;
    bool terminal;
};

/* By the system clock, which may be corrected during a long wait. */
static int64_t left_ns(const struct run *run)
{
    return run->plan.start_at_ns - clock_wall_ns();
}

static void show_countdown(const struct wait *wait)
{
    FILE *out = wait->run->options->screen.out;
    int64_t left_s = (left_ns(wait->run) + NS_PER_S - 1) / NS_PER_S;
    if (left_s < 0) left_s = 0;
    (void)fprintf(out, "\r%s  starts in %d:%02d:%02d; Ctrl-C calls it off\x1b[K",
                  wait->run->plan.profile->name, (int)(left_s / 3600), (int)(left_s / 60 % 60),
                  (int)(left_s % 60));
    (void)fflush(out);
}

static void on_look(uv_timer_t *timer)
{
    const struct wait *wait = timer->data;
    if (wait->terminal) show_countdown(wait);
    if (left_ns(wait->run) <= LEAD_NS) uv_stop(timer->loop);
}

/* An interrupt, or an engine that was told to stop, ends the wait early. */
static bool is_waiting(const struct run *run)
{
    struct engine_status status;
    engine_status(run->engine, &status);
    return left_ns(run) > LEAD_NS && run->stops == 0 && !status.draining;
}

static void announce(const struct wait *wait)
{
    char at[40];
    if (wait->terminal || wait->run->options->screen.quiet) return;
    format_utc_ms(wait->run->plan.start_at_ns, at);
    run_note(wait->run, "rushhour: ready; the load starts at %s", at);
}

static enum err_code end_of_wait(const struct run *run, struct error *err)
{
    struct engine_status status;
    engine_status(run->engine, &status);
    if (run->stops > 0) return error_set(err, ERR_IO, "interrupted before the load began");
    if (status.draining)
        return error_set(err, ERR_IO, "called off before the load began: %s", status.reason);
    int64_t left = left_ns(run);
    if (left > 0) return ERR_OK;
    char at[40];
    format_utc_ms(run->plan.start_at_ns, at);
    return error_set(
        err, ERR_USAGE,
        "--start-at %s: passed %" PRId64
        " ms before everything was ready (simulator, credentials); choose a later time",
        at, -left / NS_PER_MS);
}

enum err_code run_wait(struct run *run, struct error *err)
{
    const struct run_screen *screen = &run->options->screen;
    struct wait wait = {.run = run,
                        .terminal = screen->out != NULL && !screen->quiet &&
                                    terminal_takes_escapes(fileno(screen->out))};
    (void)uv_timer_init(run->loop, &wait.timer);
    wait.timer.data = &wait;
    announce(&wait);
    uv_update_time(run->loop);
    (void)uv_timer_start(&wait.timer, on_look, 0, LOOK_EVERY_MS);
    while (is_waiting(run)) (void)uv_run(run->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&wait.timer, NULL);
    (void)uv_run(run->loop, UV_RUN_NOWAIT);
    if (wait.terminal) (void)fputs("\r\x1b[K", screen->out);
    enum err_code code = end_of_wait(run, err);
    run->plan.clock.mono_origin_ns = clock_mono_ns() + (uint64_t)left_ns(run);
    return code;
}
