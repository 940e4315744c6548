/*
 * From the kernel's receive stamps to the monotonic clock. The kernel stamps a packet with the time
 * of day when it arrives (SO_TIMESTAMPNS); durations need the monotonic clock. Between steps of the
 * wall clock the two differ by a constant, because the kernel slews both alike. So the difference
 * is taken anew at each read. Where it has changed, the clock was stepped: what came before that
 * was stamped by another wall clock and gets the time of the read instead. Pure.
 */
#ifndef RUSHHOUR_NET_RECEIVE_STAMP_H
#define RUSHHOUR_NET_RECEIVE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* Between the two looks at the monotonic clock: a longer one says too little of the difference. */
#define RECEIVE_STAMP_LOOK_NS UINT64_C(50000)

/* Two differences are a step if they are further apart than both looks allow, and this. */
#define RECEIVE_STAMP_SLACK_NS INT64_C(1000)

/* For so long after a step no stamp is used: what is read may still be older than the step. */
#define RECEIVE_STAMP_DOUBT_NS UINT64_C(1000000000)

/* Both clocks at one moment: the monotonic one, the wall clock, the monotonic one again. */
struct receive_look {
    uint64_t before_ns;
    int64_t wall_ns;
    uint64_t after_ns;
};

/* Zero-initialise, and call receive_stamp_begin before the first packet can arrive. */
struct receive_stamp {
    bool known;
    int64_t difference_ns; /* the wall clock less the monotonic one, by the shortest look so far */
    int64_t doubt_ns;      /* by so much it may be wrong: half of that look */
    uint64_t since_ns;     /* monotonic: when that difference was first seen */
    uint64_t trusted_ns;   /* monotonic: no stamp is used before that time; 0: no step was seen */
};

/* Looks at both clocks. */
struct receive_look receive_look_now(void);

/* Takes the difference of the clocks from a look. */
void receive_stamp_begin(struct receive_stamp *stamp, const struct receive_look *look);

/*
 * When what was just read had arrived, on the monotonic clock. look: right after the read;
 * arrived_ns: the kernel's stamp (wall clock), 0 if it gave none. *by_kernel: whether the result is
 * the stamp, not the time of the read, which it never exceeds.
 */
uint64_t receive_stamp_at(struct receive_stamp *stamp, const struct receive_look *look,
                          int64_t arrived_ns, bool *by_kernel);

#endif
