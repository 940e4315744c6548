#include "realtime/response_outcome.h"

#include <string.h>

/* By the reason; by the usage if the service names none. */
static bool is_limited(const struct event_facts *done, uint64_t limit)
{
    if (done->status == STATUS_INCOMPLETE && done->reason[0] != '\0')
        return strcmp(done->reason, "max_output_tokens") == 0 ||
               strcmp(done->reason, "max_tokens") == 0;
    return limit > 0 && done->usage.present && done->usage.output >= limit;
}

static bool has_answer(const struct event_facts *done, const struct response_seen *seen)
{
    const bool called = seen->tool_call || (done->output & OUTPUT_TOOL_CALL) != 0;
    switch (seen->wanted) {
    case WANTED_OUTPUT:
        return seen->answer;
    case WANTED_TOOL_CALL:
        return called;
    case WANTED_ANY:
        break;
    }
    return seen->answer || called;
}

enum response_outcome response_outcome(const struct event_facts *done,
                                       const struct response_seen *seen)
{
    const bool limited = is_limited(done, seen->output_limit);
    const bool ends_well =
        done->status == STATUS_COMPLETED || (done->status == STATUS_INCOMPLETE && limited);
    if (!ends_well || done->has_error) return RESPONSE_BROKEN;
    if (has_answer(done, seen))
        return done->status == STATUS_COMPLETED ? RESPONSE_ANSWERED : RESPONSE_CUT;
    return limited ? RESPONSE_LIMITED : RESPONSE_EMPTY;
}
