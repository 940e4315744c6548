#include "simulator/answer_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WAIT_DEFAULT_NS (250 * NS_PER_MS)
#define DAY_NS (86400 * NS_PER_S)
#define DAILY_REQUESTS 1000
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* What matters is the form: no code, and the session's id twice, each time after "session ID"
 * (catalogue, 2.1). */
#define SERVER_ERROR_TEXT                                                                          \
    "The server had an error while processing your request. Sorry about that! You can retry your " \
    "request, "                                                                                    \
    "or contact us through an Azure support request at "                                           \
    "https://learn.microsoft.com/azure/ai-services/cognitive-services-support-options if you "     \
    "keep seeing "                                                                                 \
    "this error. (include session ID in your message: {session}). We recommend that you retry "    \
    "your "                                                                                        \
    "request. (Please include the session ID {session} in your message to "                        \
    "https://learn.microsoft.com/azure/ai-services/cognitive-services-support-options.)"

#define ERROR(id)                                                                                  \
    .kind = FAULT_##id, .time = STRIKE_START, .effect = EFFECT_ERROR, .outcome = OUTCOME_REFUSED
#define FAILED(id)                                                                                 \
    .kind = FAULT_##id, .time = STRIKE_OUTPUT, .effect = EFFECT_DONE, .outcome = OUTCOME_FAILED,   \
    .status = REPLY_FAILED
#define ASIDE(id, when)                                                                            \
    {                                                                                              \
        .kind = FAULT_##id, .time = when, .effect = EFFECT_ASIDE                                   \
    }
#define CLOSED(id, close)                                                                          \
    {                                                                                              \
        .kind = FAULT_##id, .time = STRIKE_STREAM, .effect = EFFECT_CLOSE,                         \
        .outcome = OUTCOME_CLOSED, .close_code = close                                             \
    }
#define INVALID "invalid_request_error"

static const struct answer_fault rows[] = {
    {ERROR(COMMIT_EMPTY), .type = INVALID, .code = "input_audio_buffer_commit_empty",
     .message = "Error committing input audio buffer: buffer too small. Expected at least 100ms of "
                "audio, but "
                "buffer only has 0.00ms of audio."},
    {ERROR(DUPLICATE_ITEM), .type = INVALID, .code = "item_create_duplicate_item_id",
     .message = "Error adding item: the conversation already has an item with ID '{item}'."},
    {ERROR(ACTIVE_RESPONSE), .type = INVALID, .code = "conversation_already_has_active_response",
     .message =
         "Conversation already has an active response in progress: {response}. Wait until the "
         "response is finished before creating a new one."},
    {ERROR(RATE_LIMIT_EVENT), .type = "rate_limit_exceeded", .code = "rate_limit_exceeded",
     .message = "Rate limit reached for this deployment. Please try again in {wait}."},
    {ERROR(ERROR_EVENT), .type = "server_error", .message = SERVER_ERROR_TEXT},
    {.kind = FAULT_RESPONSE_NOT_STARTED,
     .time = STRIKE_START,
     .effect = EFFECT_SILENCE,
     .outcome = OUTCOME_STALLED},
    {.kind = FAULT_CANCEL_NOT_ACTIVE,
     .time = STRIKE_CREATED,
     .effect = EFFECT_ASIDE,
     .type = INVALID,
     .code = "response_cancel_not_active",
     .message = "Cancellation failed: no active response found"},
    ASIDE(TRANSCRIPTION_FAILED, STRIKE_CREATED),
    ASIDE(UNKNOWN_EVENT, STRIKE_CREATED),
    ASIDE(EVENT_FLOOD, STRIKE_CREATED),
    ASIDE(INVALID_JSON, STRIKE_STREAM),
    ASIDE(BINARY_FRAME, STRIKE_STREAM),
    ASIDE(INVALID_UTF8, STRIKE_STREAM),
    ASIDE(OVERSIZED_MESSAGE, STRIKE_STREAM),
    {FAILED(SERVER_ERROR), .type = "server_error", .message = SERVER_ERROR_TEXT},
    {FAILED(FAILED_UNBILLED), .type = "server_error", .message = SERVER_ERROR_TEXT,
     .usage = USAGE_ZERO},
    {FAILED(FAILED_BILLED), .type = "server_error", .message = SERVER_ERROR_TEXT},
    {FAILED(BAD_SAMPLING), .type = "server_error",
     .message = "The model produced invalid Unicode output. Lower the temperature and try again."},
    {FAILED(MODEL_NOT_SERVED), .type = INVALID, .code = "inference_not_found_error",
     .usage = USAGE_ZERO, .message = "The model is not served by this engine."},
    {FAILED(SERVICE_UNAVAILABLE), .type = "service_unavailable_error",
     .code = "inference_service_unavailable_error", .usage = USAGE_HEAVY,
     .message = "The server is overloaded or not ready yet."},
    {FAILED(RATE_LIMIT_EXCEEDED), .type = "rate_limit_exceeded",
     .code = "inference_rate_limit_exceeded", .usage = USAGE_ZERO,
     .message =
         "Rate limit reached for this deployment (tokens per minute). Please try again in {wait}."},
    {FAILED(DAILY_LIMIT), .type = "requests", .code = "rate_limit_exceeded", .usage = USAGE_ZERO,
     .wait_ns = DAY_NS / DAILY_REQUESTS,
     .message =
         "Rate limit reached for {model} in organization org-xxxx on requests per day (RPD): "
         "Limit {limit}, Used {limit}, Requested 1. Please try again in {wait}."},
    {FAILED(UNKNOWN_ERROR), .type = "novel_error", .code = "never_seen_before",
     .message = "Something happened that no catalogue knows."},
    {.kind = FAULT_CONTENT_FILTER,
     .time = STRIKE_STREAM,
     .effect = EFFECT_DONE,
     .outcome = OUTCOME_INCOMPLETE,
     .status = REPLY_INCOMPLETE,
     .reason = "content_filter"},
    {.kind = FAULT_MAX_OUTPUT_TOKENS,
     .time = STRIKE_STREAM,
     .effect = EFFECT_DONE,
     .outcome = OUTCOME_INCOMPLETE,
     .status = REPLY_INCOMPLETE,
     .reason = "max_output_tokens"},
    {.kind = FAULT_REASONING_LIMIT,
     .time = STRIKE_OUTPUT,
     .effect = EFFECT_DONE,
     .outcome = OUTCOME_INCOMPLETE,
     .status = REPLY_INCOMPLETE,
     .reason = "max_output_tokens"},
    {.kind = FAULT_TURN_DETECTED,
     .time = STRIKE_STREAM,
     .effect = EFFECT_DONE,
     .outcome = OUTCOME_CANCELLED,
     .status = REPLY_CANCELLED,
     .reason = "turn_detected"},
    {.kind = FAULT_EMPTY_OUTPUT,
     .time = STRIKE_OUTPUT,
     .effect = EFFECT_DONE,
     .outcome = OUTCOME_COMPLETED,
     .status = REPLY_COMPLETED},
    {.kind = FAULT_WRONG_MODALITY, .time = STRIKE_WHOLE, .effect = EFFECT_MODALITY},
    {.kind = FAULT_SLOW_OUTPUT, .time = STRIKE_WHOLE, .effect = EFFECT_SLOW},
    {.kind = FAULT_STALL,
     .time = STRIKE_STREAM,
     .effect = EFFECT_SILENCE,
     .outcome = OUTCOME_STALLED},
    {.kind = FAULT_CONNECTION_RESET,
     .time = STRIKE_STREAM,
     .effect = EFFECT_RESET,
     .outcome = OUTCOME_RESET},
    {.kind = FAULT_CONNECTION_LOST,
     .time = STRIKE_STREAM,
     .effect = EFFECT_CUT,
     .outcome = OUTCOME_CUT},
    CLOSED(CLOSE_1000, 1000),
    CLOSED(CLOSE_1001, 1001),
    CLOSED(CLOSE_1002, 1002),
    CLOSED(CLOSE_1007, 1007),
    CLOSED(CLOSE_1008, 1008),
    CLOSED(CLOSE_1009, 1009),
    CLOSED(CLOSE_1011, 1011),
    CLOSED(CLOSE_1012, 1012),
    CLOSED(CLOSE_1013, 1013),
    CLOSED(CLOSE_4000, 4000),
};

const struct answer_fault *answer_fault(enum fault_kind kind)
{
    size_t i = 0;
    while (i + 1 < COUNT_OF(rows) && rows[i].kind != kind) i++;
    return &rows[i];
}

bool answer_fault_is_timed(const struct answer_fault *fault)
{
    return fault->time == STRIKE_STREAM && fault->effect != EFFECT_ASIDE &&
           fault->effect != EFFECT_DONE;
}

/* "250ms", "20 seconds" from a second on: the two forms that were reported for F66; "1m26.4s" from
 * a minute on, as for F104. */
static void write_wait(int64_t wait_ns, char out[32])
{
    if (wait_ns <= 0) wait_ns = WAIT_DEFAULT_NS;
    if (wait_ns >= 60 * NS_PER_S) {
        (void)snprintf(out, 32, "%" PRId64 "m%gs", wait_ns / (60 * NS_PER_S),
                       (double)(wait_ns % (60 * NS_PER_S)) / (double)NS_PER_S);
    } else if (wait_ns < NS_PER_S) {
        (void)snprintf(out, 32, "%" PRId64 "ms", wait_ns / NS_PER_MS);
    } else {
        (void)snprintf(out, 32, "%g seconds", (double)wait_ns / (double)NS_PER_S);
    }
}

static void expand(const char *pattern, const char *const values[][2], size_t count,
                   struct text *out)
{
    while (*pattern != '\0') {
        size_t length = strcspn(pattern, "{");
        text_append(out, pattern, length);
        pattern += length;
        for (size_t i = 0; i < count && *pattern == '{'; i++) {
            if (strncmp(pattern, values[i][0], strlen(values[i][0])) != 0) continue;
            text_puts(out, values[i][1]);
            pattern += strlen(values[i][0]);
        }
        if (*pattern == '{') text_append(out, pattern++, 1);
    }
}

void answer_fault_complaint(const struct answer_fault *fault, const struct reply *reply,
                            const struct fault_facts *facts, struct complaint *out)
{
    char wait[32];
    char limit[32];
    struct text message = {0};
    write_wait(facts->wait_ns > 0 ? facts->wait_ns : fault->wait_ns, wait);
    (void)snprintf(limit, sizeof limit, "%" PRIu64,
                   facts->limit > 0 ? facts->limit : DAILY_REQUESTS);
    const char *const values[][2] = {
        {"{session}", facts->session_id}, {"{model}", facts->model},  {"{limit}", limit},
        {"{response}", reply->id},        {"{item}", reply->item_id}, {"{wait}", wait}};
    expand(fault->message, values, COUNT_OF(values), &message);
    (void)complain(out, fault->code, "", "%s", text_str(&message));
    out->type = fault->type;
    /* Two sources give different types for this one (F66): each dialect has one of them. */
    if (fault->kind == FAULT_RATE_LIMIT_EXCEEDED && reply->preview) out->type = INVALID;
    text_free(&message);
}
