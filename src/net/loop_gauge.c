#include "net/loop_gauge.h"

#define GAUGE_OF(timer_)                                                                           \
    ((struct loop_gauge *)((char *)(timer_)-offsetof(struct loop_gauge, timer)))

static void on_due(struct timer *timer, uint64_t now_ns)
{
    struct loop_gauge *gauge = GAUGE_OF(timer);
    for (; gauge->due_ns <= now_ns; gauge->due_ns += LOOP_GAUGE_EVERY_NS)
        gauge->turn(gauge, now_ns, (int64_t)(now_ns - gauge->due_ns));
    (void)timers_set(gauge->timers, &gauge->timer, gauge->due_ns);
}

bool loop_gauge_start(struct loop_gauge *gauge, struct timers *timers, uint64_t from_ns)
{
    gauge->timer.fire = on_due;
    gauge->timers = timers;
    gauge->due_ns = from_ns;
    return timers_set(timers, &gauge->timer, from_ns);
}

void loop_gauge_stop(struct loop_gauge *gauge)
{
    if (gauge->timers != NULL) timers_cancel(gauge->timers, &gauge->timer);
}

static uint64_t grown(uint64_t now, uint64_t *counted)
{
    if (now <= *counted) return 0;
    uint64_t since = now - *counted;
    *counted = now;
    return since;
}

struct loop_turns loop_turns_since(const struct loop_turns *now, struct loop_turns *counted)
{
    return (struct loop_turns){.all = grown(now->all, &counted->all),
                               .late = grown(now->late, &counted->late)};
}
