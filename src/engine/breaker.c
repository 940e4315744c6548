#include "engine/breaker.h"

#include <string.h>

bool breaker_counts_failure(const struct failure_class *failure)
{
    return !failure_is_ours(failure) && failure->domain != DOMAIN_CONTENT;
}

/* Forgets what has left the window. */
static void slide(struct breaker *breaker, int64_t window_ns, uint64_t now_ns)
{
    const uint64_t slot_ns = (uint64_t)window_ns / BREAKER_SLOTS;
    const uint64_t now = now_ns / (slot_ns > 0 ? slot_ns : 1);
    uint64_t passed = now > breaker->newest ? now - breaker->newest : 0;
    if (passed > BREAKER_SLOTS) passed = BREAKER_SLOTS;
    for (uint64_t i = 0; i < passed; i++)
        breaker->slots[(now - i) % BREAKER_SLOTS] = (struct breaker_counts){0};
    if (now > breaker->newest) breaker->newest = now;
}

static bool is_too_bad(const struct breaker *breaker, const struct breaker_plan *plan)
{
    struct breaker_counts sum = {0};
    for (uint64_t i = 0; i < BREAKER_SLOTS; i++) {
        sum.attempts += breaker->slots[i].attempts;
        sum.bad += breaker->slots[i].bad;
    }
    return sum.attempts >= plan->attempts && sum.bad > 0 &&
           (double)sum.bad >= plan->failure_rate.value * (double)sum.attempts;
}

static enum breaker_news open_it(struct breaker *breaker, const struct breaker_plan *plan,
                                 uint64_t now_ns)
{
    breaker->open = true;
    breaker->until_ns = now_ns + (uint64_t)plan->open_for_ns;
    breaker->probes_ok = 0;
    return BREAKER_OPENED;
}

static enum breaker_news try_again(struct breaker *breaker, const struct breaker_plan *plan,
                                   bool bad, uint64_t now_ns)
{
    if (bad) return open_it(breaker, plan, now_ns);
    if (++breaker->probes_ok < plan->probes) return BREAKER_STAYS;
    breaker->open = false;
    memset(breaker->slots, 0, sizeof breaker->slots);
    return BREAKER_CLOSED;
}

enum breaker_news breaker_add(struct breaker *breaker, const struct breaker_plan *plan, bool bad,
                              bool probe, uint64_t now_ns)
{
    if (!plan->failure_rate.set) return BREAKER_STAYS;
    if (breaker->open) return probe ? try_again(breaker, plan, bad, now_ns) : BREAKER_STAYS;
    slide(breaker, plan->window_ns, now_ns);
    struct breaker_counts *slot = &breaker->slots[breaker->newest % BREAKER_SLOTS];
    slot->attempts++;
    slot->bad += bad;
    return is_too_bad(breaker, plan) ? open_it(breaker, plan, now_ns) : BREAKER_STAYS;
}
