#include "engine/recorder.h"

#include "record/cost.h"

static void set_bounds(struct recorder *recorder, uint64_t interval)
{
    const struct interval_grid *grid = &recorder->grid;
    recorder->starts_ns =
        run_clock_mono_at(&recorder->clock, interval_grid_start_ns(grid, interval));
    recorder->ends_ns = run_clock_mono_at(&recorder->clock, interval_grid_end_ns(grid, interval));
}

enum err_code recorder_init(struct recorder *recorder, struct mailbox *mailbox,
                            const struct run_clock *clock, int64_t interval_ns, unsigned worker,
                            struct error *err)
{
    *recorder =
        (struct recorder){.mailbox = mailbox,
                          .clock = *clock,
                          .grid = {.origin_ns = clock->wall_origin_ns, .length_ns = interval_ns},
                          .worker = worker};
    recorder->handover = mailbox_blank(mailbox);
    if (recorder->handover == NULL)
        return error_set(err, ERR_NOMEM, "no memory for the recorder of worker %u", worker);
    recorder->handover->worker = worker;
    recorder->handover->interval = 0;
    recorder->wall_mark_ns = clock->mono_origin_ns;
    set_bounds(recorder, 0);
    return ERR_OK;
}

void recorder_set_origin(struct recorder *recorder, uint64_t mono_origin_ns)
{
    recorder->clock.mono_origin_ns = mono_origin_ns;
    recorder->wall_mark_ns = mono_origin_ns;
    set_bounds(recorder, 0);
}

/* Real time, as ms of the run's own clock. */
static uint64_t run_ms(const struct recorder *recorder, uint64_t real_ns)
{
    return (uint64_t)((double)real_ns * recorder->clock.speed / (double)NS_PER_MS + 0.5);
}

static struct hold_view view_of(const struct recorder *recorder, const struct hold *hold)
{
    const bool hopeless = hold->on && hold->cause == HOLD_HOPELESS;
    const bool timed = hold->on && !hopeless && !hold->probing;
    return (struct hold_view){
        .on = hold->on,
        .hopeless = hopeless,
        .by_us = hold->on && (hold->cause == HOLD_BUDGET || hold->cause == HOLD_PACE),
        .until_utc_ns = timed ? run_clock_wall_at(&recorder->clock, hold->until_ns) : 0,
        .code = hold->on ? hold->code : "",
    };
}

/* How much of the time since the last handover was driven, and how much of that was held. */
static void seal_holds(struct recorder *recorder, uint64_t now_ns)
{
    struct handover *handover = recorder->handover;
    const uint64_t over_ns = recorder->load_over_ns;
    const uint64_t until_ns = over_ns != 0 && over_ns < now_ns ? over_ns : now_ns;
    const uint64_t from_ns = recorder->wall_mark_ns;
    const uint64_t driven_ns = until_ns > from_ns ? until_ns - from_ns : 0;
    for (size_t i = 0; i < handover->region_count; i++) {
        struct hold *hold = &recorder->regions[i].hold;
        struct hold *shortage = &recorder->regions[i].shortage;
        const uint64_t held_ns =
            hold_take_ns(hold, from_ns, until_ns) + hold_take_ns(shortage, from_ns, until_ns);
        struct counters *counters = &handover->cells[i].counters;
        counters->driven_ms += run_ms(recorder, driven_ns);
        counters->held_ms += run_ms(recorder, held_ns < driven_ns ? held_ns : driven_ns);
        handover->holding[i] = view_of(recorder, shortage->on ? shortage : hold);
    }
}

/* Each handover does it for itself. */
static void count_open(struct recorder *recorder, size_t region, uint64_t at_ns)
{
    struct region_state *state = &recorder->regions[region];
    if (at_ns <= state->open_told_ns) return;
    int64_t passed_ns = run_clock_elapsed(&recorder->clock, at_ns) -
                        run_clock_elapsed(&recorder->clock, state->open_told_ns);
    state->open_told_ns = at_ns;
    state->open_rest_ns += passed_ns * (int64_t)state->sessions_open;
    int64_t whole_ns = state->open_rest_ns - state->open_rest_ns % NS_PER_MS;
    state->open_rest_ns -= whole_ns;
    struct counters *counters = &recorder_cell(recorder, region)->counters;
    counters->open_ms += (uint64_t)(whole_ns / NS_PER_MS);
    const double usd = cost_of_time(state->price, whole_ns);
    counters->cost_usd += usd;
    if (usd > 0) purse_charge(recorder->purse, purse_part_of(usd, 0));
}

/* A moment of the current interval by the run's own clock, since its origin; no earlier than what
 * was posted before: bytes may have been in hand for a while. */
static int64_t told_at(struct recorder *recorder, uint64_t at_ns)
{
    const uint64_t interval = recorder->handover->interval;
    const int64_t start_ns = interval_grid_start_ns(&recorder->grid, interval);
    const int64_t end_ns = interval_grid_end_ns(&recorder->grid, interval);
    int64_t elapsed_ns = run_clock_elapsed(&recorder->clock, at_ns);
    if (elapsed_ns >= end_ns) elapsed_ns = end_ns - 1; /* a replay's clock rounds */
    if (elapsed_ns < start_ns) elapsed_ns = start_ns;
    if (elapsed_ns > recorder->told_ns) recorder->told_ns = elapsed_ns;
    return recorder->told_ns;
}

void recorder_change(struct recorder *recorder, size_t region, enum level level, int by,
                     uint64_t at_ns)
{
    struct region_state *state = &recorder->regions[region];
    if (level == LEVEL_OPEN) count_open(recorder, region, at_ns);
    *(level == LEVEL_OPEN ? &state->sessions_open : &state->in_flight) += (uint64_t)by;
    const struct level_change change = {.at_ns = told_at(recorder, at_ns),
                                        .region = (uint32_t)region,
                                        .level = (int8_t)level,
                                        .by = (int8_t)by};
    if (!level_changes_add(&recorder->handover->changes, &change)) recorder->failed = true;
}

/* All changes are posted up to the end of the interval, or as far as it has gone. */
static int64_t posted_until(struct recorder *recorder, uint64_t now_ns)
{
    const uint64_t interval = recorder->handover->interval;
    if (now_ns < recorder->ends_ns) return told_at(recorder, now_ns);
    return interval_grid_end_ns(&recorder->grid, interval);
}

static void seal(struct recorder *recorder, uint64_t now_ns)
{
    struct handover *handover = recorder->handover;
    seal_holds(recorder, now_ns);
    const uint64_t until_ns = now_ns < recorder->ends_ns ? now_ns : recorder->ends_ns;
    for (size_t i = 0; i < handover->region_count; i++) {
        count_open(recorder, i, until_ns);
    }
    handover->changes.until_ns = posted_until(recorder, now_ns);
    uint64_t cpu = clock_thread_cpu_ns();
    handover->cpu_ns = cpu - recorder->cpu_mark_ns;
    handover->wall_ns = now_ns > recorder->wall_mark_ns ? now_ns - recorder->wall_mark_ns : 0;
    handover->failed = recorder->failed || handover->attempts.failed || handover->failures.failed;
    recorder->cpu_mark_ns = cpu;
    recorder->wall_mark_ns = now_ns;
}

/* Posts the current handover and continues with a blank one for `interval`; when out of memory,
 * continues with the old one. */
static bool swap(struct recorder *recorder, uint64_t now_ns, uint64_t interval, bool closes)
{
    struct handover *blank = mailbox_blank(recorder->mailbox);
    if (blank == NULL) {
        recorder->failed = true;
        return false;
    }
    struct handover *full = recorder->handover;
    seal(recorder, now_ns);
    full->closes = closes;
    blank->worker = recorder->worker;
    blank->interval = interval;
    recorder->handover = blank;
    mailbox_post(recorder->mailbox, full);
    return true;
}

uint64_t recorder_at(struct recorder *recorder, uint64_t now_ns)
{
    if (now_ns < recorder->starts_ns) return recorder->starts_ns;
    if (now_ns < recorder->ends_ns) return now_ns;
    int64_t elapsed = run_clock_elapsed(&recorder->clock, now_ns);
    uint64_t interval = interval_grid_at(&recorder->grid, elapsed);
    if (interval <= recorder->handover->interval)
        interval = recorder->handover->interval + 1; /* rounding of a replay's clock */
    if (swap(recorder, now_ns, interval, true)) set_bounds(recorder, interval);
    return now_ns < recorder->starts_ns ? recorder->starts_ns : now_ns;
}

int64_t recorder_wall(const struct recorder *recorder, uint64_t at_ns)
{
    const struct interval_grid *grid = &recorder->grid;
    const uint64_t interval = recorder->handover->interval;
    int64_t start = grid->origin_ns + interval_grid_start_ns(grid, interval);
    int64_t end = grid->origin_ns + interval_grid_end_ns(grid, interval);
    int64_t wall = run_clock_wall_at(&recorder->clock, at_ns);
    if (wall < start) return start; /* a replay's clock rounds */
    return wall < end ? wall : end - 1;
}

struct cell *recorder_cell(struct recorder *recorder, size_t region)
{
    return &recorder->handover->cells[region];
}

void recorder_hold(struct recorder *recorder, size_t region, const struct hold *hold,
                   uint64_t now_ns)
{
    const struct hold_span span = {
        .region = region,
        .from_utc_ns = run_clock_wall_at(&recorder->clock, hold->since_ns),
        .until_utc_ns = run_clock_wall_at(&recorder->clock, now_ns),
        .cause = hold->cause,
        .code = hold->code,
    };
    if (!holds_add(&recorder->handover->holds, &span)) recorder->failed = true;
}

void recorder_held_arrival(struct recorder *recorder, size_t region)
{
    recorder_cell(recorder, region)->counters.held_arrivals++;
    recorder->handover->held++;
}

void recorder_flush(struct recorder *recorder, uint64_t now_ns)
{
    (void)recorder_at(recorder, now_ns);
    (void)swap(recorder, now_ns, recorder->handover->interval, false);
}

void recorder_finish(struct recorder *recorder, uint64_t now_ns)
{
    (void)recorder_at(recorder, now_ns);
    struct handover *handover = recorder->handover;
    seal(recorder, now_ns);
    handover->closes = true;
    handover->final = true;
    handover->ended_ns = recorder_wall(recorder, now_ns);
    recorder->handover = NULL;
    mailbox_post(recorder->mailbox, handover);
}

void recorder_discard(struct recorder *recorder)
{
    if (recorder->handover != NULL) mailbox_return(recorder->mailbox, recorder->handover);
    recorder->handover = NULL;
}
