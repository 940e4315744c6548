#include "net/receive_stamp.h"

#include "base/clock.h"

struct receive_look receive_look_now(void)
{
    struct receive_look look = {.before_ns = clock_mono_ns()};
    look.wall_ns = clock_wall_ns();
    look.after_ns = clock_mono_ns();
    return look;
}

static bool is_short(const struct receive_look *look)
{
    return look->after_ns - look->before_ns <= RECEIVE_STAMP_LOOK_NS;
}

static int64_t doubt(const struct receive_look *look)
{
    return (int64_t)(look->after_ns - look->before_ns) / 2;
}

static int64_t difference(const struct receive_look *look)
{
    return look->wall_ns - (int64_t)look->before_ns - doubt(look);
}

void receive_stamp_begin(struct receive_stamp *stamp, const struct receive_look *look)
{
    stamp->known = is_short(look);
    if (!stamp->known) return;
    stamp->difference_ns = difference(look);
    stamp->doubt_ns = doubt(look);
    stamp->since_ns = look->after_ns;
}

/* Whether the wall clock goes on as it did at the last look. */
static bool goes_on(struct receive_stamp *stamp, const struct receive_look *look)
{
    if (!is_short(look)) return false;
    const int64_t changed_ns = difference(look) - stamp->difference_ns;
    const int64_t most_ns = doubt(look) + stamp->doubt_ns + RECEIVE_STAMP_SLACK_NS;
    if (!stamp->known || changed_ns > most_ns || changed_ns < -most_ns) {
        const bool stepped = stamp->known;
        receive_stamp_begin(stamp, look);
        if (stepped) stamp->trusted_ns = look->before_ns + RECEIVE_STAMP_DOUBT_NS;
        return false;
    }
    if (doubt(look) < stamp->doubt_ns) {
        stamp->difference_ns += changed_ns;
        stamp->doubt_ns = doubt(look);
    }
    return true;
}

uint64_t receive_stamp_at(struct receive_stamp *stamp, const struct receive_look *look,
                          int64_t arrived_ns, bool *by_kernel)
{
    *by_kernel = false;
    if (!goes_on(stamp, look) || arrived_ns == 0) return look->before_ns;
    if (look->before_ns < stamp->trusted_ns) return look->before_ns;
    const int64_t at_ns = arrived_ns - stamp->difference_ns;
    if (at_ns < (int64_t)stamp->since_ns) return look->before_ns;
    if (at_ns > (int64_t)(look->before_ns + RECEIVE_STAMP_LOOK_NS)) return look->before_ns;
    *by_kernel = true;
    return (uint64_t)at_ns < look->before_ns ? (uint64_t)at_ns : look->before_ns;
}
