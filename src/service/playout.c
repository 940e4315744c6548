#include "service/playout.h"

#define NS_PER_MILLISECOND INT64_C(1000000)

void playout_add(struct playout *playout, int64_t at_ns, int64_t audio_ns)
{
    static const int64_t prebuffers_ms[] = {
#define X(ms) ms,
        PLAYOUT_PREBUFFERS(X)
#undef X
    };
    for (int i = 0; i < PLAYOUT_COUNT; i++) {
        int64_t *end_ns = &playout->end_ns[i];
        if (playout->audio_ns == 0) *end_ns = at_ns + prebuffers_ms[i] * NS_PER_MILLISECOND;
        if (at_ns > *end_ns) {
            playout->underruns[i]++;
            playout->gap_ns[i] += at_ns - *end_ns;
            *end_ns = at_ns;
        }
        *end_ns += audio_ns;
    }
    playout->audio_ns += audio_ns;
    playout->last_ns = at_ns;
}

int64_t playout_left_ns(const struct playout *playout, int64_t at_ns)
{
    const int64_t end_ns = playout->end_ns[PLAYOUT_0];
    return end_ns > at_ns ? end_ns - at_ns : 0;
}

int64_t playout_heard_ns(const struct playout *playout, int64_t at_ns)
{
    const int64_t left_ns = playout_left_ns(playout, at_ns);
    return left_ns < playout->audio_ns ? playout->audio_ns - left_ns : 0;
}
