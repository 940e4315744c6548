/*
 * When a worker's loop was late, and by how much that can have falsified the time of what arrived.
 * A late loop does not make a latency longer where the kernel stamps what arrives. But a read has
 * one stamp, that of the last packet in it: what else it brings had arrived before, at most since
 * the loop should have looked. Pure.
 */
#ifndef RUSHHOUR_ENGINE_LATENESS_H
#define RUSHHOUR_ENGINE_LATENESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. */
struct lateness {
    uint64_t from_ns, until_ns; /* of the last time that it was late */
    uint64_t total_ns;          /* of all times that were longer than HEALTH_LATE_NS */
};

/* A due time was met so late. One stall may miss several: the first one counts. */
void lateness_turn(struct lateness *lateness, uint64_t now_ns, int64_t late_ns);

/* Something that was told. */
struct told {
    uint64_t at_ns, now_ns; /* the time that it got; when it is told */
    uint64_t due_ns;        /* the next due time of the loop, which may have passed */
    uint64_t behind_ns;     /* since when sockets wait for their read; 0: none does */
    bool by_loop;           /* its time is that of the read, not the kernel's */
};

/* How much earlier than at_ns it may have arrived if it is not the last of its read; 0 if the loop
 * was in time. */
int64_t lateness_doubt(const struct lateness *lateness, const struct told *told);

#endif
