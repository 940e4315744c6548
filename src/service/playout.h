/* What a user hears of an answer, which comes faster than it can be played, or slower. Times are of
 * the run's clock, ns since its first audio. Pure. */
#ifndef RUSHHOUR_SERVICE_PLAYOUT_H
#define RUSHHOUR_SERVICE_PLAYOUT_H

#include <stdint.h>

/* Playing begins so long after the first audio; ms. */
#define PLAYOUT_PREBUFFERS(X) X(0) X(100) X(200)

enum {
#define X(ms) PLAYOUT_##ms,
    PLAYOUT_PREBUFFERS(X)
#undef X
        PLAYOUT_COUNT
};

/* Zero-initialise. */
struct playout {
    int64_t audio_ns;                  /* received */
    int64_t last_ns;                   /* when its last piece came */
    int64_t end_ns[PLAYOUT_COUNT];     /* when all of it will have been played, by prebuffer */
    uint64_t underruns[PLAYOUT_COUNT]; /* how often it was played before more came */
    int64_t gap_ns[PLAYOUT_COUNT];     /* how long nothing could be played, therefore */
};

/* A piece of audio came, not before the one before it. */
void playout_add(struct playout *playout, int64_t at_ns, int64_t audio_ns);

/* Of what was received: how much has been played at a time, and how much is still to be; without a
 * prebuffer. */
int64_t playout_heard_ns(const struct playout *playout, int64_t at_ns);
int64_t playout_left_ns(const struct playout *playout, int64_t at_ns);

#endif
