/* The outcome of a response.done: an answer, or why there is none. Decided by its status and
 * reason, the types and phases of its output, its usage, and what was streamed before. Pure. */
#ifndef RUSHHOUR_REALTIME_RESPONSE_OUTCOME_H
#define RUSHHOUR_REALTIME_RESPONSE_OUTCOME_H

#include "base/words.h"
#include "realtime/event.h"

/* What was requested, and what was streamed until the end. */
struct response_seen {
    enum wanted_answer wanted;
    bool answer;    /* a delta of the requested modality came, outside any preamble */
    bool tool_call; /* an item or a delta of a tool call came */
    /* max_output_tokens that we set; 0: none, so a limit that was reached is the model's */
    uint64_t output_limit;
};

enum response_outcome {
    RESPONSE_ANSWERED,
    RESPONSE_CUT,     /* answered, but cut off by max_output_tokens */
    RESPONSE_LIMITED, /* max_output_tokens was used up before any answer, usually by reasoning */
    RESPONSE_EMPTY,   /* reported as complete, but without what was requested */
    RESPONSE_BROKEN   /* any other status: failed, cancelled, incomplete */
};

enum response_outcome response_outcome(const struct event_facts *done,
                                       const struct response_seen *seen);

#endif
