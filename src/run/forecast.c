#include "run/forecast.h"

#include "base/clock.h"
#include "engine/pacer.h"
#include "engine/routing.h"
#include "realtime/token_count.h"
#include "run/expected_load.h"
#include "run/quota_slice.h"

#include <math.h>
#include <stdlib.h>

#define STEADY_SESSION_S 3600.0
#define WORK_MOST                                                                                  \
    5.0e7 /* steps of all draws together, which take some seconds; one is made always */
#define SPENDING_BINS 16384

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* ---- what is spent over time ---- */

/* By parts of the load of equal length, of which a short load has as many as slots. */
struct spending {
    double part_s;
    size_t count;
    double *tokens, *usd; /* likely */
};

static bool spending_init(struct spending *spending, const struct load *load)
{
    const double length_s = seconds(load_duration_ns(load)) + ASSUMED_DIAL_SECONDS;
    *spending = (struct spending){.part_s = fmax(0.25, length_s / SPENDING_BINS)};
    spending->count = (size_t)(length_s / spending->part_s) + 1;
    spending->tokens = calloc(2 * spending->count, sizeof *spending->tokens);
    if (spending->tokens == NULL) return false;
    spending->usd = spending->tokens + spending->count;
    return true;
}

static void spending_add(struct spending *spending, double at_s, double tokens, double usd)
{
    const size_t part = (size_t)(at_s / spending->part_s);
    const size_t within = part < spending->count ? part : spending->count - 1;
    spending->tokens[within] += tokens;
    spending->usd[within] += usd;
}

static double reached_s(const struct spending *spending, const double *values, double limit)
{
    double sum = 0;
    for (size_t i = 0; limit > 0 && i < spending->count; i++) {
        sum += values[i];
        if (sum >= limit) return (double)(i + 1) * spending->part_s;
    }
    return -1;
}

/* ---- what happens in each slot of time ---- */

struct flow {
    double connections, attempts, counted;
    double tokens, usd[COST_CASES]; /* used */
};

struct slots {
    struct expected_load load;
    double part;  /* of a load that regions share, so much is expected in the region */
    size_t count; /* those of the load, and of first turns just after it */
    size_t reach;
    struct flow *ahead; /* a ring: of the users so far, in this slot and those to come */
};

static void slots_free(struct slots *slots)
{
    expected_load_free(&slots->load);
    free(slots->ahead);
    *slots = (struct slots){0};
}

/* How many slots after its arrival something happens to a user. */
static size_t slots_after(const struct slots *slots, double at_s)
{
    return (size_t)(at_s / slots->load.slot_s);
}

static bool slots_init(struct slots *slots, const struct load *load,
                       const struct expected_user *user)
{
    *slots = (struct slots){0};
    if (!expected_load_init(&slots->load, load, user->stay_s, user->count)) return false;
    slots->count = slots->load.count + slots_after(slots, ASSUMED_DIAL_SECONDS) + 1;
    const size_t after = slots_after(slots, user->turns[user->count - 1].at_s);
    slots->reach = after < slots->count ? after + 1 : slots->count;
    slots->ahead = calloc(slots->reach, sizeof *slots->ahead);
    return slots->ahead != NULL;
}

static void flow_add(struct flow *flow, double users, const struct expected_turn *turn)
{
    flow->connections += users * turn->connections;
    flow->attempts += users;
    flow->counted += users * turn->counted;
    flow->tokens += users * turn->tokens;
    for (int c = 0; c < COST_CASES; c++) flow->usd[c] += users * turn->usd[c];
}

static void flow_scale(struct flow *flow, double share)
{
    flow->connections *= share;
    flow->attempts *= share;
    flow->counted *= share;
    flow->tokens *= share;
    for (int c = 0; c < COST_CASES; c++) flow->usd[c] *= share;
}

static void flow_sum(struct flow *into, const struct flow *more)
{
    into->connections += more->connections;
    into->attempts += more->attempts;
    into->counted += more->counted;
    into->tokens += more->tokens;
    for (int c = 0; c < COST_CASES; c++) into->usd[c] += more->usd[c];
}

/* Of all that is to come one part stays; there is one slot at least. */
static void keep_part(struct slots *slots, double share)
{
    size_t i = 0;
    do {
        flow_scale(&slots->ahead[i], share);
    } while (++i < slots->reach);
}

/* All turns of those who arrive in this slot. When the load is over no turn begins, but for the
 * first of those who came just before. */
static void add_users(struct slots *slots, size_t slot, double users,
                      const struct expected_user *user)
{
    for (size_t i = 0; i < user->count; i++) {
        const size_t at = slot + slots_after(slots, user->turns[i].at_s);
        if (at >= (i == 0 ? slots->count : slots->load.count)) return;
        flow_add(&slots->ahead[at % slots->reach], users, &user->turns[i]);
    }
}

/* The next slot of the walk through the load. */
static struct flow take_slot(struct slots *slots, size_t slot, const struct expected_user *user,
                             double *open)
{
    struct expected_slot arrives = {.kept = 1};
    struct flow *ahead = &slots->ahead[slot % slots->reach];
    (void)expected_load_next(&slots->load, &arrives);
    arrives.users *= slots->part;
    arrives.open *= slots->part;
    if (arrives.kept < 1) keep_part(slots, arrives.kept);
    if (arrives.users > 0) add_users(slots, slot, arrives.users, user);
    const struct flow flow = *ahead;
    *ahead = (struct flow){0};
    *open = fmax(*open, arrives.open);
    return flow;
}

static void count_flow(struct forecast *f, const struct flow *flow)
{
    f->sessions += flow->connections;
    f->attempts += flow->attempts;
    f->tokens += flow->tokens;
    for (int c = 0; c < COST_CASES; c++) f->usd[c] += flow->usd[c];
}

/* ---- peaks, and what breaks ---- */

struct peaks {
    struct quota_slice requests, counted;
    double open, most_open; /* at once; load.max_sessions */
    double crowded_s;       /* when it is exceeded; negative: never */
};

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

/* Takes over the peaks of a walk if they are higher than those known. */
static void raise_peaks(const struct peaks *peaks, struct bounds *bounds, struct forecast *f)
{
    const double at_s[BOUND_MAX_SESSIONS + 1] = {
        [BOUND_NONE] = -1,
        [BOUND_RPM] = peaks->requests.exceeded_s,
        [BOUND_TPM] = peaks->counted.exceeded_s,
        [BOUND_MAX_SESSIONS] = peaks->crowded_s,
    };
    const double share[BOUND_MAX_SESSIONS + 1] = {
        [BOUND_RPM] = peaks->requests.most / peaks->requests.limit,
        [BOUND_TPM] = peaks->counted.most / peaks->counted.limit,
    };
    raise_bounds(bounds, at_s, share);
    f->rpm = fmax(f->rpm, quota_slice_per_minute(&peaks->requests));
    f->tpm = fmax(f->tpm, quota_slice_per_minute(&peaks->counted));
    f->rpm_share = bounds->share[BOUND_RPM];
    f->tpm_share = bounds->share[BOUND_TPM];
    f->peak_sessions = fmax(f->peak_sessions, fmin(peaks->most_open, peaks->open));
}

/* What goes of all that is due, at a share of the quota (load.pace_to_quota; 0: all). The rest
 * waits, as far as it has its time within a slice; what is due beyond that is never sent:
 * arrivals are dropped, and users who wait for their turn have no other meanwhile. */
static struct flow pace_flow(const struct peaks *peaks, struct flow *waiting,
                             const struct flow *due, double share, bool connections)
{
    if (share <= 0) return *due;
    flow_sum(waiting, due);
    const double requests = connections ? waiting->connections : waiting->attempts;
    const double part = fmin(quota_slice_fits(&peaks->requests, share, requests),
                             quota_slice_fits(&peaks->counted, share, waiting->counted));
    struct flow goes = *waiting;
    flow_scale(&goes, part);
    flow_scale(waiting, 1 - part);
    flow_scale(waiting, fmin(quota_slice_holds(&peaks->requests, share, (1 - part) * requests),
                             quota_slice_holds(&peaks->counted, share, waiting->counted)));
    return goes;
}

/* ---- a region ---- */

struct region_walk {
    const struct profile *profile;
    const struct region *region;
    struct terms terms;
    struct expected_user user;
    struct slots slots;
    struct bounds bounds;
};

/* Goes once through the load as it was begun. Adds the totals, and what is spent; either may be
 * NULL. */
static struct peaks walk(struct region_walk *region, struct forecast *totals,
                         struct spending *spending)
{
    struct slots *slots = &region->slots;
    const struct load *load = &region->profile->load;
    const bool connections = request_kind_of(region->region->dialect) == REQUEST_CONNECTION;
    struct peaks peaks = {
        .requests = quota_slice_of(slots->load.slot_s, (double)region->terms.rpm),
        .counted = quota_slice_of(slots->load.slot_s, (double)region->terms.tpm),
        .most_open =
            load->model == LOAD_ARRIVALS ? slots->part * (double)load->max_sessions : INFINITY,
        .crowded_s = -1,
    };
    struct flow waiting = {0};
    for (size_t i = 0; i < slots->count; i++) {
        const double at_s = (double)i * slots->load.slot_s;
        const struct flow due = take_slot(slots, i, &region->user, &peaks.open);
        const struct flow flow =
            pace_flow(&peaks, &waiting, &due, load->pace_to_quota, connections);
        quota_slice_add(&peaks.requests, connections ? flow.connections : flow.attempts, at_s);
        quota_slice_add(&peaks.counted, flow.counted, at_s);
        if (peaks.crowded_s < 0 && peaks.open > peaks.most_open) peaks.crowded_s = at_s;
        if (totals != NULL) count_flow(totals, &flow);
        if (spending != NULL) spending_add(spending, at_s, flow.tokens, flow.usd[COST_LIKELY]);
    }
    return peaks;
}

/* A second of the run's clock; load.connect_rate is per second of real time. */
static double dials_of_region(const struct profile *profile)
{
    const size_t demands = routing_demands(profile->load.routing, profile->region_count);
    return profile->load.connect_rate / (double)demands / profile->simulator.clock_speed;
}

/* How often arrivals are drawn whose seed is not known. */
static unsigned draws_of(const struct region_walk *region)
{
    const struct load *load = &region->profile->load;
    const double arrivals = pacer_expected(load, load_duration_ns(load));
    const double slots = (double)region->slots.count;
    const double work = slots + fmin(slots, arrivals) * (double)region->user.count + 10 * arrivals;
    return (unsigned)fmax(1, fmin(FORECAST_DRAWS, floor(WORK_MOST / work)));
}

/* The totals by the mean of all seeds, or by the one that is known; the peaks as drawn. */
static void foretell(struct region_walk *region, uint64_t seed, struct spending *spending,
                     struct forecast *f)
{
    struct expected_load *load = &region->slots.load;
    const struct profile *profile = region->profile;
    const bool shared = routing_is_shared(profile->load.routing);
    const char *name = shared ? profile->regions[0].name : region->region->name;
    const bool unknown = expected_load_is_drawn(&profile->load) && seed == 0;
    f->draws = unknown ? draws_of(region) : 0;
    for (uint64_t draw = 1; draw <= f->draws; draw++) {
        expected_load_draw(load, name, draw);
        const struct peaks peaks = walk(region, NULL, NULL);
        raise_peaks(&peaks, &region->bounds, f);
    }
    if (profile->load.model == LOAD_ARRIVALS && !unknown)
        expected_load_draw(load, name, seed);
    else
        expected_load_mean(load, dials_of_region(profile));
    const struct peaks peaks = walk(region, f, spending);
    if (!unknown) raise_peaks(&peaks, &region->bounds, f);
    find_first(f, &region->bounds);
}

/* What the load would make of attempts a minute if it went on: its end cuts off no turns, but for
 * those of sessions that hardly end. */
static double steady_rate(const struct profile *profile, double part, const struct forecast *f)
{
    const int64_t length_ns = load_duration_ns(&profile->load);
    const double minutes = seconds(length_ns) / 60;
    if (minutes <= 0) return 0;
    const double turns = (double)profile->session.interactions;
    const double step_s = ASSUMED_ATTEMPT_SECONDS + seconds(profile->session.think_time_ns);
    const bool endless = turns * step_s > fmax(STEADY_SESSION_S, seconds(length_ns));
    if (profile->load.model == LOAD_SESSIONS || endless) return f->attempts / minutes;
    return part * pacer_expected(&profile->load, length_ns) * turns / minutes;
}

/* Also adds what the region spends, unless that is NULL. */
static struct forecast region_of(const struct profile *profile, size_t index, uint64_t seed,
                                 struct spending *spending)
{
    const struct region *region = &profile->regions[index];
    struct region_walk walk = {
        .profile = profile, .region = region, .terms = terms_of(profile, region)};
    const double length_s = seconds(load_duration_ns(&profile->load));
    struct forecast f = {.breaks_at_s = -1,
                         .unpriced = walk.terms.price_source == TERMS_UNKNOWN,
                         .listed = walk.terms.price_source == TERMS_PUBLIC};
    for (int kind = 0; kind <= BOUND_MAX_SESSIONS; kind++) walk.bounds.at_s[kind] = -1;
    if (expected_user_init(&walk.user, profile, region, &walk.terms, length_s) &&
        slots_init(&walk.slots, &profile->load, &walk.user)) {
        walk.slots.part = routing_share(profile, index);
        foretell(&walk, seed, spending, &f);
    }
    f.attempts_per_minute = steady_rate(profile, walk.slots.part, &f);
    expected_user_free(&walk.user);
    slots_free(&walk.slots);
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
    if (into->draws == 0 || from->draws < into->draws) into->draws = from->draws;
}

struct forecast_all forecast_make(const struct profile *profile, uint64_t seed)
{
    struct forecast_all all = {.totals = {.breaks_at_s = -1}, .usd_at_s = -1, .tokens_at_s = -1};
    struct spending spent = {0};
    all.regions = calloc(profile->region_count, sizeof *all.regions);
    if (all.regions != NULL && spending_init(&spent, &profile->load)) {
        for (; all.count < profile->region_count; all.count++) {
            all.regions[all.count] = region_of(profile, all.count, seed, &spent);
            add(&all.totals, &all.regions[all.count]);
        }
        all.usd_at_s = reached_s(&spent, spent.usd, profile->budget.usd);
        all.tokens_at_s = reached_s(&spent, spent.tokens, (double)profile->budget.tokens);
    }
    free(spent.tokens);
    return all;
}

void forecast_free(struct forecast_all *all)
{
    free(all->regions);
    *all = (struct forecast_all){0};
}
