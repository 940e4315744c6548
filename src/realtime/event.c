#include "realtime/event.h"

#include "base/text.h"
#include "realtime/error_object.h"

#include <string.h>
#include <strings.h>

/* Anything that is not a count (negative, not a number, more tokens or seconds than can be) is
 * treated as absent. */
#define LARGEST_COUNT 1e12

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Copies the text of a member; "" if it has none. */
static void copy_string(const cJSON *object, const char *name, char *out, size_t size)
{
    scalar_copy(member(object, name), name, out, size);
}

static uint64_t count_of(const cJSON *object, const char *name)
{
    const cJSON *item = member(object, name);
    if (!cJSON_IsNumber(item)) return 0;
    double value = item->valuedouble;
    return value >= 1.0 && value <= LARGEST_COUNT ? (uint64_t)value : 0;
}

static bool is_id_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool event_id_in_text(const char *text, const char *prefix, char out[ID_SIZE])
{
    size_t prefix_length = strlen(prefix);
    for (const char *at = strstr(text, prefix); at != NULL; at = strstr(at + 1, prefix)) {
        size_t length = prefix_length;
        while (is_id_character(at[length])) length++;
        bool begins_word = at == text || (!is_id_character(at[-1]) && at[-1] != '_');
        if (!begins_word || length < prefix_length + 2) continue;
        if (length > ID_SIZE - 1) length = ID_SIZE - 1;
        memcpy(out, at, length);
        out[length] = '\0';
        return true;
    }
    return false;
}

static void keep_error(const struct error_object *said, struct event_facts *out)
{
    out->has_error = true;
    text_copy(out->error_type, sizeof out->error_type, said->type);
    text_copy(out->error_code, sizeof out->error_code, said->code);
    text_copy(out->error_param, sizeof out->error_param, said->param);
    text_copy(out->error_message, sizeof out->error_message, said->message);
    text_copy(out->error_event_id, sizeof out->error_event_id, said->event_id);
    if (out->session_id[0] == '\0')
        (void)event_id_in_text(out->error_message, "sess_", out->session_id);
    if (out->response_id[0] == '\0')
        (void)event_id_in_text(out->error_message, "resp_", out->response_id);
}

/* Reads an `error` event. Gateways omit the inner object, or put a word there and the rest beside
 * it. */
static void read_error_event(const cJSON *root, struct event_facts *out)
{
    struct error_object said = {0};
    const cJSON *error = member(root, "error");
    (void)error_object_read(error, &said);
    if (!cJSON_IsObject(error)) {
        char event_id[sizeof said.event_id];
        text_copy(event_id, sizeof event_id, said.event_id);
        (void)error_object_read(root, &said);
        text_copy(said.event_id, sizeof said.event_id, event_id); /* that of the root is the
                                                                     event's own id */
        if (strcmp(said.type, "error") == 0)
            said.type[0] = '\0'; /* and its type is the event's
                                                                     own */
    }
    keep_error(&said, out);
}

static void read_session(const cJSON *session, struct event_facts *out)
{
    copy_string(session, "id", out->session_id, sizeof out->session_id);
    copy_string(session, "model", out->model, sizeof out->model);
    out->expires_at_s = (int64_t)count_of(session, "expires_at");
}

static void read_usage(const cJSON *usage, struct usage *out)
{
    if (!cJSON_IsObject(usage)) return;
    const cJSON *input = member(usage, "input_token_details");
    const cJSON *cached = member(input, "cached_tokens_details");
    const cJSON *output = member(usage, "output_token_details");
    *out = (struct usage){
        .present = true,
        .input = count_of(usage, "input_tokens"),
        .output = count_of(usage, "output_tokens"),
        .cached = count_of(input, "cached_tokens"),
        .text_in = count_of(input, "text_tokens"),
        .audio_in = count_of(input, "audio_tokens"),
        .image_in = count_of(input, "image_tokens"),
        .text_cached = count_of(cached, "text_tokens"),
        .audio_cached = count_of(cached, "audio_tokens"),
        .image_cached = count_of(cached, "image_tokens"),
        .text_out = count_of(output, "text_tokens"),
        .audio_out = count_of(output, "audio_tokens"),
        .reasoning = count_of(output, "reasoning_tokens"),
    };
    /* a part of the input, whatever is said of it */
    const uint64_t told = out->text_in + out->audio_in + out->image_in;
    const uint64_t all = out->input > 0 ? out->input : told;
    if (out->cached > all) out->cached = all;
}

/* ---- items of the output ---- */

static enum item_type item_type_of(const cJSON *item)
{
    static const struct {
        const char *name;
        enum item_type type;
    } types[] = {
        {"message", ITEM_MESSAGE},     {"function_call", ITEM_TOOL_CALL},
        {"mcp_call", ITEM_TOOL_CALL},  {"mcp_approval_request", ITEM_TOOL_CALL},
        {"tool_call", ITEM_TOOL_CALL}, {"custom_tool_call", ITEM_TOOL_CALL},
        {"reasoning", ITEM_REASONING},
    };
    char name[32];
    copy_string(item, "type", name, sizeof name);
    if (name[0] == '\0') return ITEM_NONE;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcasecmp(name, types[i].name) == 0) return types[i].type;
    }
    return ITEM_OTHER;
}

static bool is_preamble(const cJSON *item)
{
    char phase[24];
    copy_string(item, "phase", phase, sizeof phase);
    return item_type_of(item) == ITEM_MESSAGE && strcasecmp(phase, "commentary") == 0;
}

static void read_item(const cJSON *item, struct event_facts *out)
{
    out->item = item_type_of(item);
    copy_string(item, "id", out->item_id, sizeof out->item_id);
    out->preamble = is_preamble(item);
}

static unsigned part_of(const cJSON *item)
{
    switch (item_type_of(item)) {
    case ITEM_MESSAGE:
        return is_preamble(item) ? OUTPUT_PREAMBLE : OUTPUT_ANSWER;
    case ITEM_TOOL_CALL:
        return OUTPUT_TOOL_CALL;
    case ITEM_REASONING:
        return OUTPUT_REASONING;
    case ITEM_NONE:
    case ITEM_OTHER:
        break;
    }
    return OUTPUT_OTHER;
}

static unsigned parts_of(const cJSON *output)
{
    unsigned parts = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, output) parts |= part_of(item);
    return parts;
}

static enum response_status status_of(const cJSON *response)
{
    static const struct {
        const char *name;
        enum response_status status;
    } statuses[] = {
        {"completed", STATUS_COMPLETED},   {"cancelled", STATUS_CANCELLED},
        {"canceled", STATUS_CANCELLED},    {"failed", STATUS_FAILED},
        {"incomplete", STATUS_INCOMPLETE},
    };
    char name[24];
    copy_string(response, "status", name, sizeof name);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcasecmp(name, statuses[i].name) == 0) return statuses[i].status;
    }
    return STATUS_UNKNOWN;
}

/* The error of a response: in its details, beside them, or the details themselves. */
static void read_response_error(const cJSON *response, const cJSON *details,
                                struct event_facts *out)
{
    struct error_object said = {0};
    bool found = error_object_read(member(details, "error"), &said) ||
                 error_object_read(member(response, "error"), &said);
    if (!found && out->status == STATUS_FAILED) {
        (void)error_object_read(details, &said);
        /* {"type":"failed"} only repeats the status */
        if (strcasecmp(said.type, "failed") == 0) said.type[0] = '\0';
        if (said.code[0] == '\0' && scalar_is_word(out->reason))
            text_copy(said.code, sizeof said.code, out->reason);
        found = said.type[0] != '\0' || said.code[0] != '\0' || said.message[0] != '\0';
    }
    if (found) keep_error(&said, out);
}

/* status_details is an object with a reason, or the reason itself; incomplete_details of the
 * Responses API is read too. */
static void read_response(const cJSON *response, struct event_facts *out)
{
    const cJSON *details = member(response, "status_details");
    const cJSON *output = member(response, "output");
    copy_string(response, "id", out->response_id, sizeof out->response_id);
    out->status = status_of(response);
    if (details == NULL || cJSON_IsNull(details)) details = member(response, "incomplete_details");
    scalar_copy(details, "reason", out->reason, sizeof out->reason);
    out->output_empty = cJSON_IsArray(output) && cJSON_GetArraySize(output) == 0;
    out->output = cJSON_IsArray(output) ? parts_of(output) : 0;
    read_usage(member(response, "usage"), &out->usage);
    read_response_error(response, details, out);
}

static void read_count(const cJSON *limit, const char *key, double *out)
{
    const cJSON *count = member(limit, key);
    if (cJSON_IsNumber(count) && count->valuedouble >= 0.0) *out = count->valuedouble;
}

static void read_rate_limits(const cJSON *limits, struct event_facts *out)
{
    const cJSON *limit;
    cJSON_ArrayForEach(limit, limits)
    {
        const char *name = cJSON_GetStringValue(member(limit, "name"));
        if (name == NULL) continue;
        if (strcmp(name, "tokens") == 0) {
            read_count(limit, "remaining", &out->remaining_tokens);
            read_count(limit, "limit", &out->limit_tokens);
        } else if (strcmp(name, "requests") == 0) {
            read_count(limit, "remaining", &out->remaining_requests);
            read_count(limit, "limit", &out->limit_requests);
        }
    }
}

/* False if the part that is essential for this kind of event is missing. */
static bool read_facts(const cJSON *root, struct event_facts *out)
{
    copy_string(root, "event_id", out->event_id, sizeof out->event_id);
    copy_string(root, "response_id", out->response_id, sizeof out->response_id);
    const cJSON *part = NULL;
    switch (out->kind) {
    case EVENT_SESSION_CREATED:
    case EVENT_SESSION_UPDATED:
        part = member(root, "session");
        read_session(part, out);
        return cJSON_IsObject(part);
    case EVENT_RESPONSE_CREATED:
    case EVENT_RESPONSE_DONE:
        part = member(root, "response");
        read_response(part, out);
        return cJSON_IsObject(part);
    case EVENT_ITEM_ADDED:
        read_item(member(root, "item"), out);
        break;
    case EVENT_RATE_LIMITS:
        read_rate_limits(member(root, "rate_limits"), out);
        break;
    case EVENT_ERROR:
        copy_string(root, "session_id", out->session_id, sizeof out->session_id);
        read_error_event(root, out);
        break;
    case EVENT_INVALID:
    case EVENT_UNKNOWN:
    case EVENT_OTHER:
    case EVENT_TEXT_DELTA:
    case EVENT_AUDIO_DELTA:
    case EVENT_TRANSCRIPT_DELTA:
    case EVENT_TOOL_DELTA:
    case EVENT_TRANSCRIPTION_FAILED:
    case EVENT_SPEECH_STARTED:
    case EVENT_SPEECH_STOPPED:
        break;
    }
    return true;
}

static bool only_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
    return p == end;
}

bool event_parse(enum event_kind kind, const char *message, size_t length, struct event_facts *out)
{
    *out = (struct event_facts){.kind = kind};
    if (length == 0) return false;
    const char *end = NULL;
    /* cJSON rejects more than CJSON_NESTING_LIMIT levels, so its recursion is bounded. */
    cJSON *root = cJSON_ParseWithLengthOpts(message, length, &end, false);
    const char *type = cJSON_GetStringValue(member(root, "type"));
    out->remaining_tokens = -1.0;
    out->remaining_requests = -1.0;
    out->limit_tokens = -1.0;
    out->limit_requests = -1.0;
    bool good = cJSON_IsObject(root) && type != NULL && event_kind_of(type, strlen(type)) == kind &&
                only_space(end, message + length) && read_facts(root, out);
    if (!good) *out = (struct event_facts){.kind = kind};
    cJSON_Delete(root);
    return good;
}
