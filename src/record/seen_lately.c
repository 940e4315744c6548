#include "record/seen_lately.h"

/* What was added while the time advanced by less than SEEN_LATELY_NS is in one of the two sets: two
 * changes of sets lie at least so far apart. */
static void pass_time(struct seen_lately *seen, int64_t at_ns)
{
    if (seen->recent.count == 0) seen->since_ns = at_ns;
    if (at_ns < seen->since_ns || at_ns - seen->since_ns < SEEN_LATELY_NS) return;
    seen_free(&seen->before);
    seen->before = seen->recent;
    seen->recent = (struct seen){0};
    seen->since_ns = at_ns;
}

enum seen_before seen_lately_add(struct seen_lately *seen, int64_t at_ns, uint64_t hash)
{
    if (seen->forgets) pass_time(seen, at_ns);
    if (seen_holds(&seen->before, hash)) return SEEN_REPEATED;
    return seen_add(&seen->recent, hash);
}

void seen_lately_expect(const struct seen_lately *seen, uint64_t hash)
{
    seen_expect(&seen->recent, hash);
}

void seen_lately_free(struct seen_lately *seen)
{
    seen_free(&seen->recent);
    seen_free(&seen->before);
    *seen = (struct seen_lately){0};
}
