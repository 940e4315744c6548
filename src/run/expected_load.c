#include "run/expected_load.h"

#include "base/clock.h"
#include "base/random.h"
#include "engine/pacer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MOST 16384.0
#define SLOT_LEAST_S 0.25

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static int64_t slot_ns(const struct expected_load *load, size_t slot)
{
    return (int64_t)((double)slot * load->slot_s * (double)NS_PER_S);
}

bool expected_load_init(struct expected_load *load, const struct load *wanted)
{
    const double length_s = seconds(load_duration_ns(wanted));
    *load = (struct expected_load){.slot_s = fmax(SLOT_LEAST_S, length_s / SLOTS_MOST)};
    load->count = (size_t)ceil(length_s / load->slot_s);
    if (load->count == 0) load->count = 1;
    load->starts = calloc(load->count, sizeof *load->starts);
    return load->starts != NULL;
}

void expected_load_free(struct expected_load *load)
{
    free(load->starts);
    *load = (struct expected_load){0};
}

bool expected_load_is_drawn(const struct load *wanted)
{
    return wanted->model == LOAD_ARRIVALS && wanted->arrival == ARRIVAL_POISSON;
}

void expected_load_draw(struct expected_load *load, const struct load *wanted, const char *region,
                        uint64_t seed)
{
    struct arrivals arrivals;
    int64_t due_ns;
    uint64_t number;
    memset(load->starts, 0, load->count * sizeof *load->starts);
    arrivals_init(&arrivals, wanted, seed, random_stream(region));
    while (arrivals_next(&arrivals, &due_ns, &number)) {
        const size_t slot = (size_t)(seconds(due_ns) / load->slot_s);
        load->starts[slot < load->count ? slot : load->count - 1]++;
    }
}

static void mean_arrivals(struct expected_load *load, const struct load *wanted)
{
    double before = 0;
    for (size_t i = 0; i < load->count; i++) {
        const double until = pacer_expected(wanted, slot_ns(load, i + 1));
        load->starts[i] = until - before;
        before = until;
    }
}

/* Users who arrived a stay ago have left; a stay that is no whole number of slots is shared out
 * between two of them. */
static double leaving(const struct expected_load *load, size_t slot, double stay)
{
    const double whole = floor(stay);
    const double rest = stay - whole;
    const size_t back = (size_t)whole;
    double sum = slot >= back ? (1 - rest) * load->starts[slot - back] : 0;
    if (slot >= back + 1) sum += rest * load->starts[slot - back - 1];
    return sum;
}

static void mean_slots(struct expected_load *load, const struct load *wanted, double stay_s,
                       double connect_rate)
{
    const double stay = stay_s / load->slot_s;
    double open = 0;
    for (size_t i = 0; i < load->count; i++) {
        const double level = (double)pacer_sessions(wanted, slot_ns(load, i));
        const double most = connect_rate * load->slot_s;
        if (stay < 2) { /* each slot of time has many a user one after the other */
            load->starts[i] = fmin(most, level / stay);
            continue;
        }
        open -= leaving(load, i, stay);
        load->starts[i] = fmin(most, fmax(0, level - open));
        open += load->starts[i];
    }
}

void expected_load_mean(struct expected_load *load, const struct load *wanted, double stay_s,
                        double connect_rate)
{
    if (wanted->model == LOAD_ARRIVALS) {
        mean_arrivals(load, wanted);
    } else {
        mean_slots(load, wanted, stay_s, connect_rate);
    }
}
