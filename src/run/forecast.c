#include "run/forecast.h"

#include "base/clock.h"
#include "engine/pacer.h"
#include "engine/routing.h"
#include "realtime/token_count.h"
#include "run/expected_load.h"

#include <math.h>
#include <stdlib.h>

/* How much of load.connect_rate the first sessions may use: each failed turn may open one or two
 * more. */
#define CONNECT_SHARE 0.5
#define STEADY_SESSION_S 3600.0
#define DRAWS 8         /* of arrivals whose seed is not known */
#define WORK_MOST 2.0e7 /* steps of a draw; longer ones are made once */

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* ---- what happens in each slot of time ---- */

struct slots {
    struct expected_load load;
    size_t count;                      /* those of the load, and of first turns just after it */
    double *requests, *counted, *open; /* open: the change of sessions open */
    double *tokens, *usd;              /* used; likely */
};

static void slots_free(struct slots *slots)
{
    expected_load_free(&slots->load);
    free(slots->requests);
    *slots = (struct slots){0};
}

static bool slots_init(struct slots *slots, const struct load *load)
{
    *slots = (struct slots){0};
    if (!expected_load_init(&slots->load, load)) return false;
    slots->count = slots->load.count + (size_t)(ASSUMED_DIAL_SECONDS / slots->load.slot_s) + 1;
    slots->requests = calloc(5 * slots->count, sizeof *slots->requests);
    if (slots->requests == NULL) return false;
    slots->counted = slots->requests + slots->count;
    slots->open = slots->counted + slots->count;
    slots->tokens = slots->open + slots->count;
    slots->usd = slots->tokens + slots->count;
    return true;
}

static void slots_clear(struct slots *slots)
{
    for (size_t i = 0; i < 5 * slots->count; i++) slots->requests[i] = 0;
}

/* How many slots after its arrival something happens to a user. */
static size_t slots_after(const struct slots *slots, double at_s)
{
    return (size_t)(at_s / slots->load.slot_s);
}

/* Adds the same turn of all users. When the load is over no turn begins, but for the first of those
 * who came just before. */
static void add_turn(struct slots *slots, const struct expected_turn *turn, bool first,
                     enum request_kind counted, struct forecast *f)
{
    const size_t after = slots_after(slots, turn->at_s);
    const double requests = counted == REQUEST_CONNECTION ? (double)turn->connections : 1;
    const size_t most = first ? slots->count : slots->load.count;
    for (size_t i = 0; i < slots->load.count && i + after < most; i++) {
        const double users = slots->load.starts[i];
        if (users <= 0) continue;
        slots->requests[i + after] += users * requests;
        slots->counted[i + after] += users * turn->counted;
        slots->tokens[i + after] += users * turn->tokens;
        slots->usd[i + after] += users * turn->usd[COST_LIKELY];
        f->sessions += users * turn->connections;
        f->attempts += users;
        f->tokens += users * turn->tokens;
        for (int c = 0; c < COST_CASES; c++) f->usd[c] += users * turn->usd[c];
    }
}

/* A stay that is no whole number of slots is shared out between two of them. */
static void add_stays(struct slots *slots, double stay_s)
{
    const double stay = fmax(1, stay_s / slots->load.slot_s);
    const size_t after = (size_t)stay;
    const double rest = stay - floor(stay);
    for (size_t i = 0; i < slots->load.count; i++) {
        const double users = slots->load.starts[i];
        slots->open[i] += users;
        if (i + after < slots->count) slots->open[i + after] -= (1 - rest) * users;
        if (i + after + 1 < slots->count) slots->open[i + after + 1] -= rest * users;
    }
}

/* ---- peaks, and what breaks ---- */

static size_t slots_in_slice(const struct slots *slots)
{
    const double slice = round(TOKEN_COUNT_SLICE_SECONDS / slots->load.slot_s);
    return slice < 1 ? 1 : (size_t)slice;
}

/* The most that falls into any slice, by the minute; *at_s: when it first exceeds a limit. */
static double peak_of(const struct slots *slots, const double *values, double limit, double *at_s)
{
    const size_t slice = slots_in_slice(slots);
    const double length_s = fmax(TOKEN_COUNT_SLICE_SECONDS, (double)slice * slots->load.slot_s);
    const double share = fmax(1, limit * length_s / 60);
    double sum = 0;
    double most = 0;
    *at_s = -1;
    for (size_t i = 0; i < slots->count; i++) {
        sum += values[i];
        if (i >= slice) sum -= values[i - slice];
        most = fmax(most, sum);
        if (limit > 0 && *at_s < 0 && sum > share * (1 + 1e-9))
            *at_s = (double)i * slots->load.slot_s;
    }
    return most * 60 / length_s;
}

static double most_open(const struct slots *slots, double limit, double *at_s)
{
    double open = 0;
    double most = 0;
    *at_s = -1;
    for (size_t i = 0; i < slots->count; i++) {
        open += slots->open[i];
        most = fmax(most, open);
        if (*at_s < 0 && open > limit * (1 + 1e-9)) *at_s = (double)i * slots->load.slot_s;
    }
    return most;
}

/* Of all draws: when a bound is reached at the earliest (-1: never), and its highest share. */
struct bounds {
    double at_s[BOUND_MAX_SESSIONS + 1], share[BOUND_MAX_SESSIONS + 1];
};

/* The limit that is crossed earliest, or else that of which the greatest share is taken. */
static void find_first(struct forecast *f, const struct bounds *bounds)
{
    const double *at_s = bounds->at_s;
    const double *share = bounds->share;
    f->breaks_first = BOUND_NONE;
    f->breaks_at_s = -1;
    for (int kind = BOUND_RPM; kind <= BOUND_MAX_SESSIONS; kind++) {
        if (at_s[kind] < 0) continue;
        if (f->breaks_at_s >= 0 && at_s[kind] >= f->breaks_at_s) continue;
        f->breaks_first = (enum bound)kind;
        f->breaks_at_s = at_s[kind];
    }
    for (int kind = BOUND_RPM; f->breaks_at_s < 0 && kind < BOUND_MAX_SESSIONS; kind++) {
        if (share[kind] > share[f->breaks_first]) f->breaks_first = (enum bound)kind;
    }
}

static void raise_bounds(struct bounds *bounds, const double at_s[BOUND_MAX_SESSIONS + 1],
                         const double share[BOUND_MAX_SESSIONS + 1])
{
    for (int kind = BOUND_RPM; kind <= BOUND_MAX_SESSIONS; kind++) {
        const bool first =
            at_s[kind] >= 0 && (bounds->at_s[kind] < 0 || at_s[kind] < bounds->at_s[kind]);
        if (first) bounds->at_s[kind] = at_s[kind];
        bounds->share[kind] = fmax(bounds->share[kind], share[kind]);
    }
}

/* Takes over the peaks of these slots if they are higher than those known. */
static void raise_peaks(const struct slots *slots, const struct profile *profile,
                        const struct terms *terms, struct bounds *bounds, struct forecast *f)
{
    const bool open_model = profile->load.model == LOAD_ARRIVALS;
    const double most = open_model ? (double)profile->load.max_sessions : INFINITY;
    double at_s[BOUND_MAX_SESSIONS + 1] = {-1};
    const double rpm = peak_of(slots, slots->requests, (double)terms->rpm, &at_s[BOUND_RPM]);
    const double tpm = peak_of(slots, slots->counted, (double)terms->tpm, &at_s[BOUND_TPM]);
    const double open = most_open(slots, most, &at_s[BOUND_MAX_SESSIONS]);
    const double share[BOUND_MAX_SESSIONS + 1] = {
        [BOUND_RPM] = terms->rpm > 0 ? rpm / (double)terms->rpm : 0,
        [BOUND_TPM] = terms->tpm > 0 ? tpm / (double)terms->tpm : 0,
    };
    raise_bounds(bounds, at_s, share);
    f->rpm = fmax(f->rpm, rpm);
    f->tpm = fmax(f->tpm, tpm);
    f->peak_sessions = fmax(f->peak_sessions, fmin(most, open));
}

/* ---- a region ---- */

static void fill(struct slots *slots, const struct expected_user *user, enum request_kind counted,
                 struct forecast *f)
{
    slots_clear(slots);
    for (size_t i = 0; i < user->count; i++) add_turn(slots, &user->turns[i], i == 0, counted, f);
    add_stays(slots, user->stay_s);
}

/* A second of the run's clock; load.connect_rate is per second of real time. */
static double dials_of_region(const struct profile *profile)
{
    const size_t demands = routing_demands(profile->load.routing, profile->region_count);
    return profile->load.connect_rate / (double)demands / profile->simulator.clock_speed;
}

/* The totals by the mean of all seeds, or by the one that is known; the peaks as drawn. Leaves in
 * the slots what the totals are of. */
static void foretell(struct slots *slots, const struct profile *profile, size_t region,
                     uint64_t seed, const struct expected_user *user, struct forecast *f)
{
    const struct load *load = &profile->load;
    const char *name = profile->regions[region].name;
    const struct terms terms = terms_of(profile, &profile->regions[region]);
    const enum request_kind counted = request_kind_of(profile->regions[region].dialect);
    const bool unknown = expected_load_is_drawn(load) && seed == 0;
    const double work = (double)user->count * (double)slots->load.count;
    struct bounds bounds = {.share = {0}};
    for (int kind = 0; kind <= BOUND_MAX_SESSIONS; kind++) bounds.at_s[kind] = -1;
    for (uint64_t draw = 1; unknown && draw <= (work > WORK_MOST ? 1 : DRAWS); draw++) {
        struct forecast ignored = {0};
        expected_load_draw(&slots->load, load, name, draw);
        fill(slots, user, counted, &ignored);
        raise_peaks(slots, profile, &terms, &bounds, f);
    }
    if (load->model == LOAD_ARRIVALS && !unknown)
        expected_load_draw(&slots->load, load, name, seed);
    else
        expected_load_mean(&slots->load, load, user->stay_s, dials_of_region(profile));
    fill(slots, user, counted, f);
    if (!unknown) raise_peaks(slots, profile, &terms, &bounds, f);
    find_first(f, &bounds);
}

/* What the load would make of attempts a minute if it went on: its end cuts off no turns, but for
 * those of sessions that hardly end. */
static double steady_rate(const struct profile *profile, const struct forecast *f)
{
    const int64_t length_ns = load_duration_ns(&profile->load);
    const double minutes = seconds(length_ns) / 60;
    if (minutes <= 0) return 0;
    const double turns = (double)profile->session.interactions;
    const double step_s = ASSUMED_ATTEMPT_SECONDS + seconds(profile->session.think_time_ns);
    const bool endless = turns * step_s > fmax(STEADY_SESSION_S, seconds(length_ns));
    if (profile->load.model == LOAD_SESSIONS || endless) return f->attempts / minutes;
    return pacer_expected(&profile->load, length_ns) * turns / minutes;
}

/* Also adds what the region spends in each slot, unless these are NULL. */
static struct forecast region_of(const struct profile *profile, size_t region, uint64_t seed,
                                 struct slots *spent)
{
    const struct terms terms = terms_of(profile, &profile->regions[region]);
    const double length_s = seconds(load_duration_ns(&profile->load));
    struct forecast f = {.breaks_at_s = -1,
                         .unpriced = terms.price_source == TERMS_UNKNOWN,
                         .listed = terms.price_source == TERMS_PUBLIC};
    struct expected_user user = {0};
    struct slots slots = {0};
    if (expected_user_init(&user, profile, &profile->regions[region], &terms, length_s) &&
        slots_init(&slots, &profile->load)) {
        foretell(&slots, profile, region, seed, &user, &f);
        for (size_t i = 0; spent != NULL && i < slots.count; i++) {
            spent->tokens[i] += slots.tokens[i];
            spent->usd[i] += slots.usd[i];
        }
    }
    f.attempts_per_minute = steady_rate(profile, &f);
    expected_user_free(&user);
    slots_free(&slots);
    return f;
}

struct forecast forecast_region(const struct profile *profile, size_t region, uint64_t seed)
{
    return region_of(profile, region, seed, NULL);
}

/* ---- all regions ---- */

static void add(struct forecast *into, const struct forecast *from)
{
    into->sessions += from->sessions;
    into->attempts += from->attempts;
    into->tokens += from->tokens;
    for (int c = 0; c < COST_CASES; c++) into->usd[c] += from->usd[c];
    into->attempts_per_minute += from->attempts_per_minute;
    into->peak_sessions += from->peak_sessions;
    into->rpm += from->rpm;
    into->tpm += from->tpm;
    into->unpriced |= from->unpriced;
    into->listed |= from->listed;
}

static double reached_s(const struct slots *slots, const double *values, double limit)
{
    double sum = 0;
    for (size_t i = 0; limit > 0 && i < slots->count; i++) {
        sum += values[i];
        if (sum >= limit) return (double)(i + 1) * slots->load.slot_s;
    }
    return -1;
}

struct forecast_all forecast_make(const struct profile *profile, uint64_t seed)
{
    struct forecast_all all = {.totals = {.breaks_at_s = -1}, .usd_at_s = -1, .tokens_at_s = -1};
    struct slots spent = {0};
    all.regions = calloc(profile->region_count, sizeof *all.regions);
    if (all.regions != NULL && slots_init(&spent, &profile->load)) {
        for (; all.count < profile->region_count; all.count++) {
            all.regions[all.count] = region_of(profile, all.count, seed, &spent);
            add(&all.totals, &all.regions[all.count]);
        }
        all.usd_at_s = reached_s(&spent, spent.usd, profile->budget.usd);
        all.tokens_at_s = reached_s(&spent, spent.tokens, (double)profile->budget.tokens);
    }
    slots_free(&spent);
    return all;
}

void forecast_free(struct forecast_all *all)
{
    free(all->regions);
    *all = (struct forecast_all){0};
}

/* ---- the connect rate ---- */

bool forecast_connects(const struct profile *profile, struct text *out)
{
    const struct load *load = &profile->load;
    double most = 0;
    for (size_t i = 0; i < load->stage_count; i++) most = fmax(most, load->stages[i].target);
    const double demands = (double)routing_demands(load->routing, profile->region_count);
    const double real = most * demands * profile->simulator.clock_speed;
    if (load->model != LOAD_ARRIVALS || real <= CONNECT_SHARE * load->connect_rate) return false;
    text_printf(
        out,
        "up to %.3g sessions a second of real time arrive, and load.connect_rate is %.4g/s: "
        "retries in new sessions have to fit in, too, or a failing service makes the load "
        "fall short; raise load.connect_rate to %.3g/s or more",
        real, load->connect_rate, real / CONNECT_SHARE);
    return true;
}
