#include "engine/lateness.h"

#include "net/loop_gauge.h"
#include "record/health.h"

/* Later than this is worth a doubt: the loop's turns take as long without a stall. */
#define LATE_LEAST_NS UINT64_C(1000000)

void lateness_turn(struct lateness *lateness, uint64_t now_ns, int64_t late_ns)
{
    if (late_ns < (int64_t)LATE_LEAST_NS) return;
    const uint64_t from_ns = now_ns - (uint64_t)late_ns;
    const bool again = lateness->until_ns == now_ns;
    if (again && from_ns >= lateness->from_ns) return;
    lateness->from_ns = from_ns;
    lateness->until_ns = now_ns;
    if (!again && late_ns > HEALTH_LATE_NS) lateness->total_ns += (uint64_t)late_ns;
}

static int64_t since(uint64_t from_ns, uint64_t at_ns)
{
    return at_ns > from_ns ? (int64_t)(at_ns - from_ns) : 0;
}

/* A read's own time is just behind the due time that the loop met late before it. */
static bool is_within(const struct lateness *lateness, const struct told *told)
{
    const uint64_t most_ns = told->by_loop ? LOOP_GAUGE_EVERY_NS : 0;
    return told->at_ns <= lateness->until_ns + most_ns;
}

int64_t lateness_doubt(const struct lateness *lateness, const struct told *told)
{
    int64_t doubt_ns = told->behind_ns != 0 ? since(told->behind_ns, told->at_ns) : 0;
    if (told->now_ns > told->due_ns + LATE_LEAST_NS && since(told->due_ns, told->at_ns) > doubt_ns)
        doubt_ns = since(told->due_ns, told->at_ns);
    if (is_within(lateness, told) && since(lateness->from_ns, told->at_ns) > doubt_ns)
        doubt_ns = since(lateness->from_ns, told->at_ns);
    return doubt_ns;
}
