#include "engine/pace.h"

#include "base/clock.h"
#include "record/health.h"

/* A timer that fired late may catch up on what it missed, but only on so many dials. */
#define CATCH_UP 5

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void pace_init(struct pace *pace, double rate)
{
    *pace = (struct pace){.gap_ns = (uint64_t)((double)NS_PER_S / rate)};
}

/* The next place after a dial at this time; idle time is not saved up for a burst. */
static uint64_t after(const struct pace *pace, uint64_t next_ns, uint64_t due_ns, uint64_t at_ns)
{
    const uint64_t most_ns = CATCH_UP * pace->gap_ns;
    const uint64_t floor_ns = at_ns > most_ns ? at_ns - most_ns : 0;
    if (next_ns < floor_ns) next_ns = later(due_ns, floor_ns);
    return next_ns + pace->gap_ns;
}

uint64_t pace_plan(struct pace *pace, uint64_t due_ns, uint64_t now_ns)
{
    const uint64_t at_ns = later(pace->planned_next_ns, now_ns);
    pace->planned_next_ns = after(pace, pace->planned_next_ns, due_ns, at_ns);
    return at_ns;
}

struct pace_stall pace_take(struct pace *pace, uint64_t due_ns, uint64_t asked_ns, uint64_t now_ns)
{
    const uint64_t could_ns = later(pace->next_ns, asked_ns);
    struct pace_stall stall = {0};
    if (now_ns > could_ns + (uint64_t)HEALTH_LATE_NS)
        stall = (struct pace_stall){.from_ns = could_ns, .length_ns = now_ns - could_ns};
    pace->planned_next_ns = pace_delay(&stall, pace->planned_next_ns);
    pace->next_ns = after(pace, pace->next_ns, due_ns, now_ns);
    return stall;
}

uint64_t pace_delay(const struct pace_stall *stall, uint64_t planned_ns)
{
    return planned_ns >= stall->from_ns ? planned_ns + stall->length_ns : planned_ns;
}
