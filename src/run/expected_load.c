#include "run/expected_load.h"

#include "base/clock.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Wider slots are for loads of weeks whose users stay for hours, or the plan would take minutes: a
 * stay has so many slots at least, and figures move by less than a slot of a stay. */
#define SLOTS_A_STAY 16.0
#define PRESENCE_MOST 2.0e6
#define STEPS_MOST 1.0e9

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static int64_t slot_ns(const struct expected_load *load, size_t slot)
{
    return (int64_t)((double)slot * load->slot_s * (double)NS_PER_S);
}

/* ---- the slots ---- */

/* About how many users come in all. */
static double users_of(const struct load *wanted, double stay_s)
{
    const int64_t length_ns = load_duration_ns(wanted);
    double most = 0;
    if (wanted->model == LOAD_ARRIVALS) return pacer_expected(wanted, length_ns);
    for (size_t i = 0; i < wanted->stage_count; i++) most = fmax(most, wanted->stages[i].target);
    return most * (seconds(length_ns) / stay_s + 1);
}

static double slot_width(const struct load *wanted, double stay_s, size_t turns)
{
    static const double widths[] = {0.25, 0.5, 1, 2.5, 10, 60, 600};
    const size_t last = sizeof widths / sizeof *widths - 1;
    const double length_s = seconds(load_duration_ns(wanted));
    const double users = users_of(wanted, stay_s);
    size_t i = 0;
    while (i < last && widths[i + 1] * SLOTS_A_STAY <= stay_s &&
           (fmin(length_s, stay_s) / widths[i] > PRESENCE_MOST ||
            fmin(length_s / widths[i], users) * (double)turns > STEPS_MOST))
        i++;
    return widths[i];
}

bool expected_load_init(struct expected_load *load, const struct load *wanted, double stay_s,
                        size_t turns)
{
    const double length_s = seconds(load_duration_ns(wanted));
    *load = (struct expected_load){.wanted = wanted, .stay_s = stay_s};
    load->slot_s = slot_width(wanted, stay_s, turns);
    load->count = (size_t)ceil(length_s / load->slot_s);
    if (load->count == 0) load->count = 1;
    load->presence = (size_t)fmin(stay_s / load->slot_s, (double)load->count) + 2;
    load->leaving = calloc(load->presence, sizeof *load->leaving);
    return load->leaving != NULL;
}

void expected_load_free(struct expected_load *load)
{
    free(load->leaving);
    free(load->leave_ns);
    *load = (struct expected_load){0};
}

/* ---- arrivals ---- */

bool expected_load_is_drawn(const struct load *wanted)
{
    return wanted->model == LOAD_ARRIVALS && wanted->arrival == ARRIVAL_POISSON;
}

static void take_arrival(struct expected_load *load)
{
    uint64_t number;
    load->more = arrivals_next(&load->arrivals, &load->due_ns, &number);
}

void expected_load_draw(struct expected_load *load, const char *region, uint64_t seed)
{
    load->at = load->first = load->present = 0;
    load->drawn = true;
    arrivals_init(&load->arrivals, load->wanted, seed, random_stream(region));
    take_arrival(load);
}

static bool remember_leaving(struct expected_load *load, int64_t at_ns)
{
    if (load->present == load->room) {
        const size_t room = 2 * load->room + 64;
        int64_t *larger = malloc(room * sizeof *larger);
        if (larger == NULL) return false;
        for (size_t i = 0; i < load->present; i++)
            larger[i] = load->leave_ns[(load->first + i) % load->room];
        free(load->leave_ns);
        load->leave_ns = larger;
        load->room = room;
        load->first = 0;
    }
    load->leave_ns[(load->first + load->present++) % load->room] = at_ns;
    return true;
}

/* One by one, so that as many are present as in a run. */
static bool next_drawn(struct expected_load *load, struct expected_slot *slot)
{
    const int64_t until_ns =
        load->at + 1 < load->count ? slot_ns(load, load->at + 1) : INT64_MAX; /* none is lost */
    const int64_t stay_ns = (int64_t)(load->stay_s * (double)NS_PER_S);
    for (; load->more && load->due_ns < until_ns; take_arrival(load)) {
        while (load->present > 0 && load->leave_ns[load->first] <= load->due_ns) {
            load->first = (load->first + 1) % load->room;
            load->present--;
        }
        if (!remember_leaving(load, load->due_ns + stay_ns)) return false;
        slot->users++;
        slot->open = fmax(slot->open, (double)load->present);
    }
    return true;
}

/* ---- means ---- */

void expected_load_mean(struct expected_load *load, double connect_rate)
{
    load->at = 0;
    load->drawn = false;
    load->before = load->open = 0;
    load->connect_rate = connect_rate;
    memset(load->leaving, 0, load->presence * sizeof *load->leaving);
}

/* Of users who leave in the middle of a slot one part leaves in this, the other in the next. */
static void leave_after_stay(struct expected_load *load, double users)
{
    const double stay = load->stay_s / load->slot_s;
    if (stay >= (double)load->count) return; /* not before the end */
    const size_t whole = (size_t)stay;
    const double rest = stay - (double)whole;
    load->leaving[(load->at + whole) % load->presence] += (1 - rest) * users;
    load->leaving[(load->at + whole + 1) % load->presence] += rest * users;
}

static void next_closed(struct expected_load *load, struct expected_slot *slot)
{
    const double level = (double)pacer_sessions(load->wanted, slot_ns(load, load->at));
    double *leaving = &load->leaving[load->at % load->presence];
    load->open = fmax(0, load->open - *leaving);
    *leaving = 0;
    if (load->open > level) {
        slot->kept = level / load->open;
        for (size_t i = 0; i < load->presence; i++) load->leaving[i] *= slot->kept;
        load->open = level;
    }
    slot->users = fmin(load->connect_rate * load->slot_s, level - load->open);
    load->open += slot->users;
    leave_after_stay(load, slot->users);
    slot->open = load->open;
}

bool expected_load_next(struct expected_load *load, struct expected_slot *slot)
{
    *slot = (struct expected_slot){.kept = 1};
    if (load->at >= load->count) return false;
    if (load->drawn) {
        if (!next_drawn(load, slot)) return false;
    } else if (load->wanted->model == LOAD_ARRIVALS) {
        const double until = pacer_expected(load->wanted, slot_ns(load, load->at + 1));
        slot->users = until - load->before;
        load->before = until;
    } else {
        next_closed(load, slot);
    }
    load->at++;
    return true;
}
