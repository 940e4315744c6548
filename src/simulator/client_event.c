#include "simulator/client_event.h"

#include "simulator/answer.h"
#include "simulator/conversation.h"
#include "simulator/input_audio.h"
#include "simulator/session.h"
#include "simulator/session_fault.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_ID_LIMIT 512 /* realtime protocol, section 4 */

/* An event being processed, and its arrival time. */
struct incoming {
    struct visit *visit;
    const cJSON *json;
    uint64_t at_ns;
};

/* The string of a value; NULL if it is missing or not a string. */
static const char *string_of(const cJSON *value)
{
    return value != NULL && cJSON_IsString(value) ? value->valuestring : NULL;
}

/* The client's own id of an event, or NULL. */
static const char *client_event_id(const cJSON *json)
{
    const char *id = string_of(cJSON_GetObjectItemCaseSensitive(json, "event_id"));
    return id != NULL && strlen(id) <= EVENT_ID_LIMIT ? id : NULL;
}

typedef bool handler(const struct incoming *incoming, struct complaint *complaint);

static bool update_session(const struct incoming *incoming, struct complaint *complaint)
{
    const cJSON *session = cJSON_GetObjectItemCaseSensitive(incoming->json, "session");
    struct visit *visit = incoming->visit;
    if (!session_fault_refuses_update(visit) &&
        !settings_update(&visit->settings, session, complaint))
        return false;
    session_configure(visit, client_event_id(incoming->json), incoming->at_ns);
    return true;
}

static bool create_response(const struct incoming *incoming, struct complaint *complaint)
{
    struct visit *visit = incoming->visit;
    struct overrides overrides;
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(incoming->json, "response");
    if (!settings_override(&visit->settings, response, &overrides, complaint)) return false;
    return answer_ask(visit, &overrides, client_event_id(incoming->json), incoming->at_ns,
                      complaint);
}

static bool cancel_response(const struct incoming *incoming, struct complaint *complaint)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(incoming->json, "response_id");
    if (id != NULL && !cJSON_IsString(id) && !cJSON_IsNull(id))
        return complain(complaint, "invalid_type", "response_id",
                        "Invalid type for 'response_id': expected a string.");
    if (answer_cancel(incoming->visit, string_of(id))) return true;
    return complain(complaint, "response_cancel_not_active", "",
                    "Cancellation failed: no active response found");
}

static bool create_item(const struct incoming *incoming, struct complaint *complaint)
{
    return conversation_create_item(incoming->visit, incoming->json, complaint);
}

static bool retrieve_item(const struct incoming *incoming, struct complaint *complaint)
{
    return conversation_retrieve_item(incoming->visit, incoming->json, complaint);
}

static bool truncate_item(const struct incoming *incoming, struct complaint *complaint)
{
    return conversation_truncate_item(incoming->visit, incoming->json, complaint);
}

static bool delete_item(const struct incoming *incoming, struct complaint *complaint)
{
    return conversation_delete_item(incoming->visit, incoming->json, complaint);
}

static bool append_audio(const struct incoming *incoming, struct complaint *complaint)
{
    return input_audio_append(incoming->visit, incoming->json, incoming->at_ns, complaint);
}

static bool commit_audio(const struct incoming *incoming, struct complaint *complaint)
{
    return input_audio_commit(incoming->visit, complaint);
}

static bool clear_audio(const struct incoming *incoming, struct complaint *complaint)
{
    (void)complaint;
    input_audio_clear(incoming->visit);
    return true;
}

/* The types that a session accepts, the most frequent first; the complaint about an unknown type
 * lists them. */
static const struct {
    const char *type;
    handler *handle;
} handlers[] = {
    {"input_audio_buffer.append", append_audio},   {"session.update", update_session},
    {"conversation.item.create", create_item},     {"response.create", create_response},
    {"response.cancel", cancel_response},          {"input_audio_buffer.commit", commit_audio},
    {"input_audio_buffer.clear", clear_audio},     {"conversation.item.retrieve", retrieve_item},
    {"conversation.item.truncate", truncate_item}, {"conversation.item.delete", delete_item},
};

void client_event_unknown(const char *type, struct complaint *complaint)
{
    struct text list = {0};
    size_t count = sizeof handlers / sizeof *handlers;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(handlers[i].type, type) == 0)
            continue; /* a fault pretends that this one is
                                                              unknown */
        text_printf(&list, "%s%s'%s'", list.length == 0 ? "" : ", ", i + 1 == count ? "and " : "",
                    handlers[i].type);
    }
    (void)complain(complaint, "invalid_value", "type",
                   "Invalid value: '%.64s'. Supported values are: %s.", type, text_str(&list));
    text_free(&list);
}

static bool dispatch(const struct incoming *incoming, struct complaint *complaint)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(incoming->json, "type");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(incoming->json, "event_id");
    if (string_of(type) == NULL)
        return complain(complaint, type == NULL ? "missing_required_parameter" : "invalid_type",
                        "type", "An event is a JSON object with a string 'type'.");
    if (id != NULL && !cJSON_IsString(id) && !cJSON_IsNull(id))
        return complain(complaint, "invalid_type", "event_id",
                        "Invalid type for 'event_id': expected a string.");
    if (string_of(id) != NULL && strlen(string_of(id)) > EVENT_ID_LIMIT)
        return complain(
            complaint, "string_above_max_length", "event_id",
            "Invalid 'event_id': string too long. Expected a string with maximum length %d.",
            EVENT_ID_LIMIT);
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (strcmp(string_of(type), handlers[i].type) == 0)
            return handlers[i].handle(incoming, complaint);
    }
    client_event_unknown(string_of(type), complaint);
    return false;
}

void client_event_take(struct visit *visit, const char *text, size_t length, uint64_t at_ns)
{
    struct complaint complaint;
    struct incoming incoming = {.visit = visit, .at_ns = at_ns};
    /* A NUL would end the text for the parser and hide whatever follows it. */
    cJSON *json = memchr(text, '\0', length) == NULL
                      ? cJSON_ParseWithLengthOpts(text, length + 1, NULL, true)
                      : NULL;
    incoming.json = json;
    if (!cJSON_IsObject(json)) {
        (void)complain(
            &complaint, "invalid_json", "",
            "We could not parse the JSON body of your event: it must be one JSON object.");
        visit_complain(visit, &complaint, NULL);
    } else if (!dispatch(&incoming, &complaint)) {
        visit_complain(visit, &complaint, client_event_id(json));
    }
    cJSON_Delete(json);
}
