#include "engine/hold.h"

#include "realtime/retry_hint.h"

enum hold_gate hold_ask(const struct hold *hold, uint64_t now_ns)
{
    if (!hold->on) return GATE_OPEN;
    if (hold->cause == HOLD_HOPELESS || hold->probing || now_ns < hold->until_ns) return GATE_SHUT;
    return GATE_PROBE;
}

int64_t hold_left_ns(const struct hold *hold, uint64_t now_ns)
{
    if (!hold->on) return 0;
    if (hold->cause == HOLD_HOPELESS) return RETRY_HINT_MOST_NS;
    return hold->until_ns > now_ns ? (int64_t)(hold->until_ns - now_ns) : 0;
}

void hold_begin_probe(struct hold *hold)
{
    hold->probing = true;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool begin(struct hold *hold, enum hold_cause cause, const char *code, uint64_t now_ns)
{
    if (hold->on) return false;
    hold->on = true;
    hold->cause = cause;
    hold->code = code;
    hold->since_ns = now_ns;
    hold->until_ns = now_ns;
    return true;
}

static void end(struct hold *hold, uint64_t now_ns)
{
    const uint64_t from_ns = later(hold->since_ns, hold->told_ns);
    if (now_ns > from_ns) hold->past_ns += now_ns - from_ns;
    hold->on = hold->probing = hold->tripped = false;
    hold->streak = hold->steps = 0;
}

/* In this machine's time. */
static int64_t wait_ns(const struct hold *hold)
{
    int64_t wait = HOLD_FIRST_NS;
    for (unsigned i = 0; i < hold->steps && wait < HOLD_MOST_NS; i++) wait *= 2;
    if (wait > HOLD_MOST_NS) wait = HOLD_MOST_NS;
    return hold->speed > 0 ? (int64_t)((double)wait / hold->speed) : wait;
}

/* No retry can cure it. An outage does not count: it is to be measured. */
static bool is_stubborn(const struct failure_class *failure)
{
    if (failure->retryable && !failure->lasting) return false;
    return failure->domain == DOMAIN_CONFIG || failure->domain == DOMAIN_AUTH ||
           failure->domain == DOMAIN_QUOTA;
}

bool hold_on_failure(struct hold *hold, const struct failure_class *failure, int64_t hint_ns,
                     bool probe, uint64_t now_ns)
{
    if (probe) hold->probing = false;
    if (failure_is_ours(failure) || (hold->on && hold->cause == HOLD_HOPELESS)) return false;
    if (hint_ns > 0) {
        const bool begun = begin(hold, HOLD_HINT, failure->code, now_ns);
        hold->until_ns = later(hold->until_ns, now_ns + (uint64_t)hint_ns);
        return begun;
    }
    if (!is_stubborn(failure)) {
        /* it fails in a way that is not held back, but by a breaker */
        if (probe && !hold->tripped) end(hold, now_ns);
        return false;
    }
    if (hold->on && !probe) return false; /* it was under way when the hold began */
    if (++hold->streak < HOLD_STREAK && !probe) return false;
    const bool begun = begin(hold, HOLD_REPEATED, failure->code, now_ns);
    hold->until_ns = later(hold->until_ns, now_ns + (uint64_t)wait_ns(hold));
    hold->steps++;
    return begun;
}

bool hold_on_ok(struct hold *hold, bool probe, uint64_t now_ns)
{
    hold->streak = 0;
    if (probe) hold->probing = false;
    return probe && hold_lift(hold, now_ns);
}

bool hold_trip(struct hold *hold, const char *code, uint64_t until_ns, uint64_t now_ns)
{
    if (hold->on && hold->cause == HOLD_HOPELESS) return false;
    const bool begun = begin(hold, HOLD_BREAKER, code, now_ns);
    hold->tripped = true;
    hold->probing = false;
    hold->until_ns = later(hold->until_ns, until_ns);
    return begun;
}

bool hold_close_breaker(struct hold *hold, uint64_t now_ns)
{
    hold->tripped = false;
    return hold_lift(hold, now_ns);
}

void hold_on_withdrawn(struct hold *hold)
{
    hold->probing = false;
}

bool hold_lift(struct hold *hold, uint64_t now_ns)
{
    if (!hold->on || hold->cause == HOLD_HOPELESS || hold->tripped) return false;
    end(hold, now_ns);
    return true;
}

void hold_for_good(struct hold *hold, const char *code, uint64_t now_ns)
{
    (void)begin(hold, HOLD_HOPELESS, code, now_ns);
    hold->cause = HOLD_HOPELESS;
    hold->probing = false;
}

void hold_for_us(struct hold *hold, enum hold_cause cause, uint64_t now_ns)
{
    (void)begin(hold, cause, cause == HOLD_PACE ? HOLD_PACE_CODE : HOLD_BUDGET_CODE, now_ns);
}

bool hold_close(struct hold *hold, uint64_t now_ns)
{
    if (!hold->on) return false;
    end(hold, now_ns);
    return true;
}

uint64_t hold_take_ns(struct hold *hold, uint64_t from_ns, uint64_t now_ns)
{
    uint64_t held_ns = hold->past_ns;
    const uint64_t since_ns = later(hold->since_ns, later(from_ns, hold->told_ns));
    if (hold->on && now_ns > since_ns) held_ns += now_ns - since_ns;
    hold->past_ns = 0;
    hold->told_ns = now_ns;
    return held_ns;
}
