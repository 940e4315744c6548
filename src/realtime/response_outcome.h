/*
 * What a response.done comes to: an answer, or why there is none. Decided from its status and
 * reason, the types and phases of its output, its usage, and what had streamed before. Pure.
 */
#ifndef RUSHHOUR_REALTIME_RESPONSE_OUTCOME_H
#define RUSHHOUR_REALTIME_RESPONSE_OUTCOME_H

#include "base/words.h"
#include "realtime/event.h"

/* What was asked for, and what streamed until the end. */
struct response_seen {
    enum wanted_answer wanted;
    bool answer;    /* a delta of the asked modality came that belongs to no preamble */
    bool tool_call; /* an item or a delta of a tool call came */
    /* max_output_tokens that we have set; 0: none, and a limit that was met is the model's */
    uint64_t output_limit;
};

enum response_outcome {
    RESPONSE_ANSWERED,
    RESPONSE_CUT,     /* answered as far as max_output_tokens let it */
    RESPONSE_LIMITED, /* max_output_tokens was used up before any answer, by reasoning as a rule */
    RESPONSE_EMPTY,   /* it says that it is complete, but what was asked for is not in it */
    RESPONSE_BROKEN   /* another status: failed, cancelled, incomplete */
};

enum response_outcome response_outcome(const struct event_facts *done,
                                       const struct response_seen *seen);

#endif
