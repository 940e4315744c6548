/* What ends the capacity of a region, from what was seen at the level that was too much. Pure. */
#ifndef RUSHHOUR_CAPACITY_LIMITER_H
#define RUSHHOUR_CAPACITY_LIMITER_H

#include <stdint.h>

enum limiter {
    LIMITER_NONE,        /* nothing was reached */
    LIMITER_QUOTA_RPM,   /* requests per minute of the quota */
    LIMITER_QUOTA_TPM,   /* tokens per minute of the quota */
    LIMITER_CONCURRENCY, /* refused for a quota though neither of the two is near */
    LIMITER_LATENCY,     /* answers come, too slowly */
    LIMITER_FAILURES, /* the service fails or has no capacity, or it cannot be told which quota */
    LIMITER_OWN_MACHINE,
    LIMITER_BUDGET
};

/* As in the contract: quota_rpm, ..., own_machine; "none". */
const char *limiter_name(enum limiter limiter);

/* Attempts at that level, and its use as the service counts it beside the limits that are known. */
struct limiter_facts {
    uint64_t slow;               /* answered, but over an objective's limit of latency */
    uint64_t refused;            /* failed for a quota of our own */
    uint64_t failed;             /* failed for anything else */
    double rpm, tpm;             /* the use */
    double rpm_limit, tpm_limit; /* 0: not known */
};

/*
 * The most frequent kind of bad attempts decides. Among quotas it is the one whose use comes
 * nearest to its limit, if that is at least LIMITER_NEAR of it. Below that, with both limits known,
 * the refusals must be for a third one: sessions at once. With a limit unknown and the other not
 * near, nothing tells.
 */
enum limiter limiter_find(const struct limiter_facts *facts);

#define LIMITER_NEAR 0.8

#endif
