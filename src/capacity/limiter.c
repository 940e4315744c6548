#include "capacity/limiter.h"

#include <stdbool.h>

const char *limiter_name(enum limiter limiter)
{
    static const char *const names[] = {[LIMITER_NONE] = "none",
                                        [LIMITER_QUOTA_RPM] = "quota_rpm",
                                        [LIMITER_QUOTA_TPM] = "quota_tpm",
                                        [LIMITER_CONCURRENCY] = "concurrency",
                                        [LIMITER_LATENCY] = "latency",
                                        [LIMITER_FAILURES] = "failures",
                                        [LIMITER_OWN_MACHINE] = "own_machine",
                                        [LIMITER_BUDGET] = "budget"};
    return names[limiter];
}

static double share_of(double use, double limit)
{
    return limit > 0 ? use / limit : 0;
}

static enum limiter find_quota(const struct limiter_facts *facts)
{
    const double rpm = share_of(facts->rpm, facts->rpm_limit);
    const double tpm = share_of(facts->tpm, facts->tpm_limit);
    if (rpm >= LIMITER_NEAR && rpm >= tpm) return LIMITER_QUOTA_RPM;
    if (tpm >= LIMITER_NEAR) return LIMITER_QUOTA_TPM;
    const bool known = facts->rpm_limit > 0 && facts->tpm_limit > 0;
    return known ? LIMITER_CONCURRENCY : LIMITER_FAILURES;
}

enum limiter limiter_find(const struct limiter_facts *facts)
{
    if (facts->slow + facts->refused + facts->failed == 0) return LIMITER_NONE;
    if (facts->refused > 0 && facts->refused >= facts->slow && facts->refused >= facts->failed)
        return find_quota(facts);
    return facts->slow >= facts->failed ? LIMITER_LATENCY : LIMITER_FAILURES;
}
