/* When the service wants to be asked again, in the forms used by headers and sentences. */
#ifndef RUSHHOUR_REALTIME_RETRY_HINT_H
#define RUSHHOUR_REALTIME_RETRY_HINT_H

#include "realtime/failure.h"

#include <stdbool.h>
#include <stdint.h>

/* A hint counts for at most a day. */
#define RETRY_HINT_MOST_NS INT64_C(86400000000000)

/*
 * Reads a duration at the start of `text`: "20", "250ms", "6m0s", "1h2m3.5s", "20 seconds", "1
 * minute and 3 seconds". A number without a unit is in units of `bare_ns` (0: not accepted).
 * Returns the position after it, or NULL if there is no duration; *out_ns is clamped to a day.
 */
const char *retry_hint_duration(const char *text, int64_t bare_ns, int64_t *out_ns);

/* The wait requested by a sentence of the service: "Please retry after 6 seconds.", "try again in
 * 250ms", "try again in 1m3s", "Quota will be replenished in 03:14:15"; 0 if none. The first such
 * phrase counts. */
int64_t retry_hint_in_text(const char *message);

/* Whether a class of failure is a temporary limit: only then is the text read as a hint. */
bool retry_hint_applies(const struct failure_class *failure);

/*
 * The wait that a failure asks for, 0 for none: header_ns, that of the refusal's own headers
 * (response_headers_wait_ns), of whatever class it is; of a limit that passes also the one in its
 * message; and else reset_ns, when its limits are whole again (response_headers_reset_ns).
 */
int64_t retry_hint_of(const struct failure_class *failure, int64_t header_ns, const char *message,
                      int64_t reset_ns);

#endif
