/* Which lines of a file were there before, for files in order of time: what is long past can be
 * forgotten, so that a week of lines costs no more than two hours of them. */
#ifndef RUSHHOUR_RECORD_SEEN_LATELY_H
#define RUSHHOUR_RECORD_SEEN_LATELY_H

#include "record/seen.h"

/* So far a line may lie behind the latest one before it. */
#define SEEN_LATELY_NS (INT64_C(3600) * 1000000000)

/* Zero-initialised it forgets nothing. */
struct seen_lately {
    bool forgets; /* only if no line lies further back than SEEN_LATELY_NS (line_order.h) */
    struct seen recent, before;
    int64_t since_ns; /* of `recent` */
};

/* Adds the hash of a line of this time, and says whether it was there. */
enum seen_before seen_lately_add(struct seen_lately *seen, int64_t at_ns, uint64_t hash);

/* Fetches the memory that seen_lately_add will need for this hash, if that comes soon. */
void seen_lately_expect(const struct seen_lately *seen, uint64_t hash);
void seen_lately_free(struct seen_lately *seen);

#endif
