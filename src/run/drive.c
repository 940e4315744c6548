#include "run/forecast.h"
#include "run/run_private.h"

#include "net/client.h"
#include "watch/live.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REDRAW_EVERY_MS 250

/* The load begins this long after everything is set up, so that the first arrivals are not already
 * late. */
#define LEAD_NS (50 * NS_PER_MS)

struct drive {
    struct run *run;
    uv_timer_t redraw;
    struct live_view *view;
    bool told_interrupt;
    double told_spent; /* the largest of budget.alerts reported so far */
    bool told_over;    /* that the budget has ended the run */
};

/* ---- the live view ---- */

/* The lowest mark above those told; infinite if there is none. */
static double next_mark(const struct budget *budget, double told)
{
    double next = INFINITY;
    for (size_t i = 0; i < budget->alert_count; i++) {
        if (budget->alerts[i] > told) next = fmin(next, budget->alerts[i]);
    }
    return next;
}

/* Each mark once, that of the whole also when less is left than the next turn can take. */
static void tell_marks(struct drive *drive, const struct budget *budget,
                       const struct run_snapshot *snapshot)
{
    const bool over = snapshot->end == RUN_STOPPED_BUDGET;
    char note[96];
    double mark;
    while ((mark = next_mark(budget, drive->told_spent)) <= snapshot->budget_spent) {
        drive->told_spent = mark;
        (void)snprintf(note, sizeof note, "rushhour: %.0f%% of the budget spent", 100 * mark);
        live_note(drive->view, note);
    }
    if (!over || drive->told_over) return;
    drive->told_over = true;
    if (drive->told_spent < 1)
        live_note(drive->view, "rushhour: the budget is used up: the next turn could exceed it");
}

/* Reports what has happened since the last frame: the first interrupt, a share of the budget
 * spent. */
static void tell_news(struct drive *drive, const struct run_snapshot *snapshot)
{
    const struct run *run = drive->run;
    const struct budget *budget = &run->plan.profile->budget;
    if (run->stops > 0 && !drive->told_interrupt) {
        drive->told_interrupt = true;
        char note[128] =
            "rushhour: finishing what is in flight; press Ctrl-C again to stop at once";
        if (run->grace.loop != NULL)
            (void)snprintf(note, sizeof note,
                           "rushhour: finishing what is in flight, %.0f s at most",
                           (double)run->grace_ns / (double)NS_PER_S);
        live_note(drive->view, note);
    }
    tell_marks(drive, budget, snapshot);
}

static void draw(struct drive *drive)
{
    struct run_snapshot snapshot;
    run_look(drive->run, &snapshot);
    tell_news(drive, &snapshot);
    live_draw(drive->view, &snapshot);
}

static void on_redraw(uv_timer_t *timer)
{
    draw(timer->data);
}

/* ---- the drive ---- */

static enum err_code open_drive(struct drive *drive, struct error *err)
{
    struct run *run = drive->run;
    const struct run_screen *screen = &run->options->screen;
    drive->view = live_new(screen->out, screen->colour, screen->quiet);
    if (drive->view == NULL) return error_set(err, ERR_NOMEM, "no memory for the live view");
    run->view = drive->view;
    (void)uv_timer_init(run->loop, &drive->redraw);
    drive->redraw.data = drive;
    (void)uv_timer_start(&drive->redraw, on_redraw, REDRAW_EVERY_MS, REDRAW_EVERY_MS);
    return ERR_OK;
}

static void close_drive(struct drive *drive)
{
    if (drive->redraw.loop != NULL) {
        uv_close((uv_handle_t *)&drive->redraw, NULL);
        (void)uv_run(drive->run->loop, UV_RUN_NOWAIT);
    }
    drive->run->view = NULL;
    if (drive->view != NULL) live_free(drive->view);
}

static void on_note(void *user, const char *text)
{
    run_note(user, "%s", text);
}

static enum err_code start_engine(struct run *run, struct error *err)
{
    const bool simulate = run->options->simulate;
    run->plan.clock.mono_origin_ns = clock_mono_ns();
    const struct engine_options options = {
        .profile = run->plan.profile,
        .clock = run->plan.clock,
        .seed = run->plan.seed,
        .shard = run->plan.shard,
        .workers = run->plan.workers,
        .expected_attempts = forecast_region(run->plan.profile, 0, run->plan.seed_asked).attempts,
        .connect_overrides =
            simulate ? run->simulated.connect_overrides : run->options->connect_overrides,
        .connect_override_count =
            simulate ? run->simulated.connect_override_count : run->options->connect_override_count,
        .ca_file = run->simulated.ca_file,
        .simulated = simulate,
        .writer = run->writer,
        .peer_turns = simulate ? simulated_turns : NULL,
        .peer = &run->simulated,
        .note = on_note,
        .note_user = run,
    };
    enum err_code code = engine_new(run->loop, &options, &run->engine, err);
    if (code == ERR_OK) code = engine_open(run->engine, err);
    if (code == ERR_OK && run->stops > 0)
        code = error_set(err, ERR_IO, "interrupted before the load began");
    return code;
}

/* Setting up took time: the clock starts now, or when requested, for us and for the simulator
 * alike. */
static enum err_code set_start(struct run *run, struct error *err)
{
    if (run->plan.start_at_ns != 0) return run_wait(run, err);
    run->plan.clock.mono_origin_ns = clock_mono_ns() + (uint64_t)LEAD_NS;
    return ERR_OK;
}

enum err_code run_drive(struct run *run, struct error *err)
{
    struct drive drive = {.run = run};
    ws_global_init();
    enum err_code code = start_engine(run, err);
    if (code != ERR_OK) return code;
    code = set_start(run, err);
    if (code != ERR_OK) return code;
    engine_set_origin(run->engine, run->plan.clock.mono_origin_ns);
    if (run->options->simulate) simulated_clock(&run->simulated, &run->plan.clock);
    code = run_write_manifest(run, err);
    if (code == ERR_OK) code = open_drive(&drive, err);
    if (code == ERR_OK) {
        run->driving = run->driven = true;
        code = engine_run(run->engine, err);
        run->driving = false;
        draw(&drive);
    }
    run->ended_mono_ns = clock_mono_ns();
    close_drive(&drive);
    return code;
}
