/* When the service wants to be asked again: the forms in which headers and sentences say so. */
#ifndef RUSHHOUR_REALTIME_RETRY_HINT_H
#define RUSHHOUR_REALTIME_RETRY_HINT_H

#include "realtime/failure.h"

#include <stdbool.h>
#include <stdint.h>

/* No hint is taken for longer than a day. */
#define RETRY_HINT_MOST_NS INT64_C(86400000000000)

/*
 * Reads a length of time at the start of `text`: "20", "250ms", "6m0s", "1h2m3.5s", "20 seconds",
 * "1 minute and 3 seconds". A number without a unit counts in `bare_ns` (0: such a number is none).
 * The place after it, or NULL when there is no length of time; *out_ns is clamped to a day.
 */
const char *retry_hint_duration(const char *text, int64_t bare_ns, int64_t *out_ns);

/*
 * The wait that a sentence of the service asks for: "Please retry after 6 seconds.", "try again in
 * 250ms", "try again in 1m3s"; 0 when it asks for none. The first such phrase counts.
 */
int64_t retry_hint_in_text(const char *message);

/* Whether a class of failure is a limit that passes: only of those is the text taken for a hint. */
bool retry_hint_applies(const struct failure_class *failure);

#endif
