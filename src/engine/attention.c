#include "engine/attention.h"

uint64_t attention_at(struct attention *attention, uint64_t now_ns)
{
    const uint64_t seen_ns = attention->seen_ns;
    if (now_ns <= seen_ns) return 0;
    attention->seen_ns = now_ns;
    const uint64_t gap_ns = now_ns - seen_ns;
    return seen_ns != 0 && gap_ns >= (uint64_t)ATTENTION_PAUSE_NS ? gap_ns : 0;
}
