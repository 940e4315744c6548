#include "engine/policy.h"

/* This many first retries, and as many in every window, are allowed regardless of the budget;
 * otherwise a small run could never retry. */
#define BUDGET_ALLOWANCE 3.0

const char *decision_name(enum decision decision)
{
    static const char *const names[] = {
        [DECIDE_NONE] = "none",
        [DECIDE_GIVE_UP] = "give_up",
        [DECIDE_RETRY_SAME_SESSION] = "retry_same_session",
        [DECIDE_RETRY_NEW_SESSION] = "retry_new_session",
        [DECIDE_PROBE_SAME_SESSION] = "probe_same_session",
        [DECIDE_RENEW_SESSION] = "renew_session",
    };
    return names[decision];
}

static int64_t backoff_ns(const struct retry *retry, uint64_t attempt, struct random *random)
{
    int64_t ceiling = retry->backoff_initial_ns;
    for (uint64_t i = 1; i < attempt && ceiling < retry->backoff_max_ns; i++) ceiling *= 2;
    if (ceiling > retry->backoff_max_ns) ceiling = retry->backoff_max_ns;
    if (retry->jitter == JITTER_NONE) return ceiling;
    return (int64_t)(random_unit(random) * (double)ceiling);
}

bool retry_within_window(const struct retry *retry, const struct retry_share *lately)
{
    const double share = retry->budget * (double)lately->first_attempts;
    const double allowed = share > BUDGET_ALLOWANCE ? share : BUDGET_ALLOWANCE;
    return retry->budget >= 1 || (double)lately->retries + 1 <= allowed;
}

enum decision retry_decide(const struct retry *retry, const struct retry_facts *facts,
                           struct random *random, int64_t *delay_ns)
{
    *delay_ns = 0;
    if (!facts->failure->retryable || facts->attempt >= retry->attempts) return DECIDE_GIVE_UP;
    if (facts->failure->lasting && facts->hint_ns == 0) return DECIDE_GIVE_UP;
    double allowed = retry->budget * (double)facts->first_attempts + BUDGET_ALLOWANCE;
    if (retry->budget < 1 && (double)facts->retries_so_far + 1 > allowed) return DECIDE_GIVE_UP;
    if (!retry_within_window(retry, &facts->lately)) return DECIDE_GIVE_UP;
    int64_t delay = backoff_ns(retry, facts->attempt, random);
    if (delay < facts->hint_ns) delay = facts->hint_ns;
    if (delay < facts->held_ns) delay = facts->held_ns;
    if (facts->said_ns + delay > retry->deadline_ns) return DECIDE_GIVE_UP;
    if (facts->since_due_ns + delay > retry->deadline_ns + facts->grace_ns) return DECIDE_GIVE_UP;
    *delay_ns = delay;
    if (!facts->session_usable) return DECIDE_RETRY_NEW_SESSION;
    if (!facts->failure->new_session) return DECIDE_RETRY_SAME_SESSION;
    return retry->probe_poisoned && !facts->probe ? DECIDE_PROBE_SAME_SESSION
                                                  : DECIDE_RETRY_NEW_SESSION;
}
