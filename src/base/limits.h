/* Resource limits of this process: file descriptors, and the CPU quota of its container. */
#ifndef RUSHHOUR_BASE_LIMITS_H
#define RUSHHOUR_BASE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* Enough for any run. libwebsockets allocates memory for every possible descriptor, so more would
 * only waste it. */
#define LIMITS_DESCRIPTORS UINT64_C(65536)

/*
 * Raises the soft limit of file descriptors (RLIMIT_NOFILE) to the hard one, or to
 * LIMITS_DESCRIPTORS if that is lower; child processes inherit it. Returns the resulting soft
 * limit; 0 if unknown.
 */
uint64_t limits_raise_descriptors(void);

/*
 * How many threads can compute at a time: the CPUs that this process may run on (its CPU set, that
 * of its container included), or, where the control group's quota gives less, its whole cores. At
 * least 1. quota_cores: of cpu_quota_read; 0: no quota.
 */
unsigned limits_cores(double quota_cores);

/* The tightest CPU quota of the control groups (cgroup v1 or v2) from this process up to the root,
 * and how often it has throttled its processes since it was created. */
struct cpu_quota {
    double cores;                /* 0: none */
    uint64_t periods, throttled; /* periods of the quota, and those in which it was used up */
};

/* The quota that applies to this process. proc is "/proc/self/cgroup" and root "/sys/fs/cgroup",
 * except in tests. False if there is none or it cannot be read. */
bool cpu_quota_read(const char *proc, const char *root, struct cpu_quota *out);

#endif
