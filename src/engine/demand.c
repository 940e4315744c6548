#include "engine/demand.h"

#include <stdlib.h>
#include <string.h>

static bool make_slots(struct demand *demand)
{
    demand->slot_count = lane_part(&demand->lane, demand->load->max_sessions);
    demand->taken = calloc(demand->slot_count + 1, sizeof *demand->taken);
    demand->rounds = calloc(demand->slot_count + 1, sizeof *demand->rounds);
    return demand->taken != NULL && demand->rounds != NULL;
}

bool demand_init(struct demand *demand, const struct load *load, const struct lane *lane,
                 uint64_t seed, uint64_t stream)
{
    *demand = (struct demand){.load = load, .lane = *lane, .stream = stream};
    if (load->model == LOAD_SESSIONS) return make_slots(demand);
    arrivals_init(&demand->arrivals, load, seed, stream);
    demand_next_arrival(demand);
    return true;
}

void demand_free(struct demand *demand)
{
    free(demand->taken);
    free(demand->rounds);
    *demand = (struct demand){0};
}

void demand_next_arrival(struct demand *demand)
{
    demand->arrivals_left = arrivals_next_of(&demand->arrivals, &demand->lane, &demand->next_due_ns,
                                             &demand->next_number);
}

bool demand_has_room(const struct demand *demand)
{
    return demand->present < lane_part(&demand->lane, demand->load->max_sessions);
}

void demand_stayed(struct demand *demand, int64_t ns)
{
    demand->stays++;
    demand->stay_ns += ((double)ns - demand->stay_ns) / (double)demand->stays;
}

bool demand_would_have_room(const struct demand *demand, int64_t elapsed_ns)
{
    if (demand->stays == 0) return false;
    const int64_t before_ns = elapsed_ns - (int64_t)demand->stay_ns;
    const double present =
        pacer_expected(demand->load, elapsed_ns) - pacer_expected(demand->load, before_ns);
    return present <= (double)demand->load->max_sessions;
}

size_t demand_wanted(const struct demand *demand, int64_t elapsed_ns)
{
    return lane_part(&demand->lane, pacer_sessions(demand->load, elapsed_ns));
}

bool demand_vacant(const struct demand *demand, size_t wanted, size_t *slot)
{
    const char *vacant = memchr(demand->taken, 0, wanted);
    if (vacant == NULL) return false;
    *slot = (size_t)(vacant - demand->taken);
    return true;
}

bool demand_has_surplus(const struct demand *demand, size_t wanted)
{
    return memchr(demand->taken + wanted, 1, demand->slot_count - wanted) != NULL;
}

void demand_enter(struct demand *demand, size_t slot)
{
    demand->present++;
    if (demand->taken == NULL) return;
    demand->taken[slot] = 1;
    demand->rounds[slot]++;
}

void demand_leave(struct demand *demand, size_t slot)
{
    demand->present--;
    if (demand->taken != NULL) demand->taken[slot] = 0;
}
