/* What the system lets this process have: file descriptors, and the CPU time of its container. */
#ifndef RUSHHOUR_BASE_LIMITS_H
#define RUSHHOUR_BASE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* As many as any run can use; libwebsockets allocates for each possible one, so more would cost
 * memory. */
#define LIMITS_DESCRIPTORS UINT64_C(65536)

/*
 * Raises the soft limit of file descriptors (RLIMIT_NOFILE) to the hard one, or to
 * LIMITS_DESCRIPTORS when that is lower; child processes inherit it. Returns the soft limit as it
 * is then; 0 when it is unknown.
 */
uint64_t limits_raise_descriptors(void);

/* A CPU quota of control groups (cgroup v1 or v2), the tightest on the way to the root, and how
 * often it has held its processes up since it was made. */
struct cpu_quota {
    double cores;                /* 0: none */
    uint64_t periods, throttled; /* periods of the quota, and those in which it was used up */
};

/*
 * The quota that holds for this process. proc is "/proc/self/cgroup" and root "/sys/fs/cgroup" but
 * in tests. False when there is none, or it cannot be read.
 */
bool cpu_quota_read(const char *proc, const char *root, struct cpu_quota *out);

#endif
