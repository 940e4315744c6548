#include "engine/policy.h"

const char *decision_name(enum decision decision)
{
    static const char *const names[] = {
        [DECIDE_NONE] = "none",
        [DECIDE_GIVE_UP] = "give_up",
        [DECIDE_RETRY_SAME_SESSION] = "retry_same_session",
        [DECIDE_RETRY_NEW_SESSION] = "retry_new_session",
        [DECIDE_PROBE_SAME_SESSION] = "probe_same_session",
        [DECIDE_RETRY_OTHER_REGION] = "retry_other_region",
        [DECIDE_RENEW_SESSION] = "renew_session",
        [DECIDE_AWAIT_OTHER_REGION] = "await_other_region",
    };
    return names[decision];
}

static int64_t backoff_ns(const struct retry *retry, uint64_t attempt, struct random *random)
{
    int64_t ceiling = retry->backoff_initial_ns;
    for (uint64_t i = 1; i < attempt && ceiling < retry->backoff_max_ns; i++) ceiling *= 2;
    if (ceiling > retry->backoff_max_ns) ceiling = retry->backoff_max_ns;
    const int64_t least = retry->jitter == JITTER_FULL    ? 0
                          : retry->jitter == JITTER_EQUAL ? ceiling / 2
                                                          : ceiling;
    if (least == ceiling) return ceiling;
    return least + (int64_t)(random_unit(random) * (double)(ceiling - least));
}

/* The budget of the run and that of the last window. */
static bool budget_allows(const struct retry *retry, uint64_t retries, uint64_t first_attempts,
                          const struct retry_share *lately)
{
    const double allowed = retry->budget * (double)first_attempts + RETRY_ALLOWANCE;
    if (retry->budget < 1 && (double)retries + 1 > allowed) return false;
    return retry_within_window(retry, lately);
}

bool hedge_decide(const struct retry *retry, const struct hedge_facts *facts)
{
    if (!facts->elsewhere || facts->attempt >= retry->attempts) return false;
    if (facts->since_due_ns > retry->deadline_ns + facts->grace_ns) return false;
    return budget_allows(retry, facts->retries_so_far, facts->first_attempts, &facts->lately);
}

/* The same session is kept for as long as it is open, where that is asked for. */
static bool goes_elsewhere(const struct retry *retry, const struct retry_facts *facts)
{
    return facts->elsewhere && !(retry->session == RETRY_SAME && facts->session_usable);
}

/* In the region of the failed attempt. */
static enum decision choose_session(const struct retry *retry, const struct retry_facts *facts)
{
    if (!facts->session_usable || retry->session == RETRY_NEW) return DECIDE_RETRY_NEW_SESSION;
    if (!facts->failure->new_session || retry->session == RETRY_SAME)
        return DECIDE_RETRY_SAME_SESSION;
    return retry->probe_poisoned && !facts->probe ? DECIDE_PROBE_SAME_SESSION
                                                  : DECIDE_RETRY_NEW_SESSION;
}

enum decision retry_decide(const struct retry *retry, const struct retry_facts *facts,
                           struct random *random, int64_t *delay_ns)
{
    *delay_ns = 0;
    if (!facts->failure->retryable || facts->attempt >= retry->attempts) return DECIDE_GIVE_UP;
    const bool elsewhere = goes_elsewhere(retry, facts);
    const int64_t hint_ns = elsewhere ? 0 : facts->hint_ns;
    if (facts->failure->lasting && hint_ns == 0 && !elsewhere) return DECIDE_GIVE_UP;
    if (!budget_allows(retry, facts->retries_so_far, facts->first_attempts, &facts->lately))
        return DECIDE_GIVE_UP;
    int64_t delay = backoff_ns(retry, facts->attempt, random);
    if (delay < hint_ns) delay = hint_ns;
    if (delay < facts->held_ns) delay = facts->held_ns;
    if (facts->said_ns + delay > retry->deadline_ns) return DECIDE_GIVE_UP;
    if (facts->since_due_ns + delay > retry->deadline_ns + facts->grace_ns) return DECIDE_GIVE_UP;
    *delay_ns = delay;
    if (elsewhere) return DECIDE_RETRY_OTHER_REGION;
    return choose_session(retry, facts);
}

bool retry_leaves_session(const struct retry *retry, const struct failure_class *failure,
                          enum decision decision, bool session_usable)
{
    if (!session_usable) return true;
    switch (decision) {
    case DECIDE_RETRY_SAME_SESSION:
    case DECIDE_PROBE_SAME_SESSION:
        return false;
    case DECIDE_RETRY_NEW_SESSION:
    case DECIDE_RETRY_OTHER_REGION:
        return true;
    default:
        return failure->new_session && retry->session != RETRY_SAME;
    }
}
