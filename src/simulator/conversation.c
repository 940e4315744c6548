#include "simulator/conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_ID_LIMIT 32

/* FNV-1a: ids are remembered only by this hash. */
static uint64_t hash_id(const char *id)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *id != '\0'; id++) hash = (hash ^ (unsigned char)*id) * UINT64_C(1099511628211);
    return hash;
}

/* Index of an item, or the count if it is unknown. */
static size_t find_item(const struct conversation *conversation, const char *id)
{
    uint64_t hash = hash_id(id);
    size_t i = 0;
    while (i < conversation->item_count && conversation->items[i] != hash) i++;
    return i;
}

static bool is_known(const struct conversation *conversation, const char *id)
{
    return find_item(conversation, id) < conversation->item_count;
}

void conversation_remember(struct conversation *conversation, const char *id)
{
    if (conversation->items == NULL)
        conversation->items = calloc(VISIT_ITEMS_MAX, sizeof *conversation->items);
    if (conversation->items == NULL)
        return; /* the item cannot be named later, which harms nothing else */
    if (conversation->item_count == VISIT_ITEMS_MAX) {
        memmove(conversation->items, conversation->items + 1,
                (VISIT_ITEMS_MAX - 1) * sizeof *conversation->items);
        conversation->item_count--;
    }
    conversation->items[conversation->item_count++] = hash_id(id);
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *string_of(const cJSON *value)
{
    return value != NULL && cJSON_IsString(value) ? value->valuestring : "";
}

static bool is_one_of(const char *string, const char *const *choices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(string, choices[i]) == 0) return true;
    }
    return false;
}

/* Counts the bytes that base64 decodes to; false if it is not base64 (RFC 4648, 4). */
static bool base64_length(const char *string, size_t *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t digits = strspn(string, alphabet);
    size_t padding = strspn(string + digits, "=");
    if (string[digits + padding] != '\0' || padding > 2 || (digits + padding) % 4 != 0)
        return false;
    *out = (digits + padding) / 4 * 3 - padding;
    return true;
}

/* Whether a role may use this type of content part. */
static bool part_fits(const char *role, const char *type, bool preview)
{
    static const char *const user[] = {"input_text", "input_audio", "input_image"};
    static const char *const assistant[] = {"output_text", "output_audio"};
    static const char *const assistant_preview[] = {"text", "audio"};
    if (strcmp(role, "user") == 0) return is_one_of(type, user, 3);
    if (strcmp(role, "system") == 0) return is_one_of(type, user, 1);
    return is_one_of(type, preview ? assistant_preview : assistant, 2);
}

static bool check_part(const cJSON *part, int index, const char *role, bool preview,
                       struct complaint *complaint)
{
    char path[64];
    (void)snprintf(path, sizeof path, "item.content[%d].type", index);
    if (!cJSON_IsObject(part) || member(part, "type") == NULL)
        return complain(complaint, "missing_required_parameter", path,
                        "Missing required parameter: '%s'.", path);
    const char *type = string_of(member(part, "type"));
    if (!part_fits(role, type, preview))
        return complain(complaint, "invalid_value", path,
                        "Invalid value: '%.64s' is not valid content of a %s message.", type, role);
    size_t bytes;
    if (strcmp(type, "input_audio") == 0 &&
        !base64_length(string_of(member(part, "audio")), &bytes))
        return complain(complaint, "invalid_value", path,
                        "Invalid 'audio': expected base64-encoded audio bytes.");
    return true;
}

static bool check_message(const struct visit *visit, const cJSON *item, struct complaint *complaint)
{
    static const char *const roles[] = {"user", "assistant", "system"};
    const char *role = string_of(member(item, "role"));
    if (member(item, "role") == NULL)
        return complain(complaint, "missing_required_parameter", "item.role",
                        "Missing required parameter: 'item.role'.");
    if (!is_one_of(role, roles, 3))
        return complain(
            complaint, "invalid_value", "item.role",
            "Invalid value: '%.64s'. Supported values are: 'user', 'assistant', and 'system'.",
            role);
    const cJSON *content = member(item, "content");
    if (!cJSON_IsArray(content))
        return complain(complaint, content == NULL ? "missing_required_parameter" : "invalid_type",
                        "item.content",
                        "Missing required parameter: 'item.content', an array of content parts.");
    const cJSON *part;
    int index = 0;
    cJSON_ArrayForEach(part, content)
    {
        if (!check_part(part, index++, role, visit->preview, complaint)) return false;
    }
    return true;
}

static bool check_item(struct visit *visit, const cJSON *item, struct complaint *complaint)
{
    static const char *const types[] = {
        "message",        "function_call", "function_call_output", "mcp_approval_response",
        "mcp_list_tools", "mcp_call",      "mcp_approval_request"};
    if (!cJSON_IsObject(item))
        return complain(complaint, item == NULL ? "missing_required_parameter" : "invalid_type",
                        "item", "Missing required parameter: 'item', an object.");
    const cJSON *type = member(item, "type");
    if (type == NULL)
        return complain(complaint, "missing_required_parameter", "item.type",
                        "Missing required parameter: 'item.type'.");
    if (!is_one_of(string_of(type), types, sizeof types / sizeof *types))
        return complain(
            complaint, "invalid_value", "item.type",
            "Invalid value: '%.64s'. Supported values are: 'message', 'function_call', and "
            "'function_call_output'.",
            string_of(type));
    const cJSON *id = member(item, "id");
    if (id != NULL && !cJSON_IsNull(id) && !cJSON_IsString(id))
        return complain(complaint, "invalid_type", "item.id",
                        "Invalid type for 'item.id': expected a string.");
    if (strlen(string_of(id)) > CLIENT_ID_LIMIT)
        return complain(
            complaint, "string_above_max_length", "item.id",
            "Invalid 'item.id': string too long. Expected a string with maximum length %d.",
            CLIENT_ID_LIMIT);
    if (*string_of(id) != '\0' && is_known(&visit->conversation, string_of(id)))
        return complain(complaint, "item_create_duplicate_item_id", "",
                        "Error adding item: the conversation already has an item with ID '%s'.",
                        string_of(id));
    return strcmp(string_of(type), "message") != 0 || check_message(visit, item, complaint);
}

/* Where the client wants the item: *out is the id before it ("" for the first position). */
static bool read_previous(const struct visit *visit, const cJSON *event, char out[ITEM_ID_SIZE],
                          struct complaint *complaint)
{
    const struct conversation *conversation = &visit->conversation;
    const cJSON *previous = member(event, "previous_item_id");
    memcpy(out, conversation->last_item_id, ITEM_ID_SIZE);
    if (previous == NULL || cJSON_IsNull(previous)) return true;
    out[0] = '\0';
    const char *id = string_of(previous);
    if (strcmp(id, "root") == 0) return true;
    if (strlen(id) >= ITEM_ID_SIZE || *id == '\0' || !is_known(conversation, id))
        return complain(complaint, "item_not_found", "previous_item_id",
                        "Error adding item: the previous item with id '%.64s' does not exist.", id);
    (void)snprintf(out, ITEM_ID_SIZE, "%s", id);
    return true;
}

static void add_member(const cJSON *value, struct text *out)
{
    char *printed = cJSON_PrintUnformatted(value);
    if (printed == NULL) {
        out->failed = true;
        return;
    }
    text_puts(out, printed);
    cJSON_free(printed);
}

/* The content as the service returns it: audio is never echoed. */
static void add_content(const cJSON *content, struct text *out)
{
    const cJSON *part;
    text_puts(out, ",\"content\":[");
    cJSON_ArrayForEach(part, content)
    {
        if (part != content->child) text_puts(out, ",");
        if (strcmp(string_of(member(part, "type")), "input_audio") == 0) {
            text_puts(out, "{\"type\":\"input_audio\",\"transcript\":null}");
        } else {
            add_member(part, out);
        }
    }
    text_puts(out, "]");
}

static void add_item(const struct visit *visit, const cJSON *item, const char *id, struct text *out)
{
    static const char *const placed[] = {"id", "object", "type", "status", "role", "content"};
    text_puts(out, "{\"id\":");
    text_json(out, id);
    if (visit->preview) text_puts(out, ",\"object\":\"realtime.item\"");
    text_printf(out, ",\"type\":\"%s\",\"status\":\"completed\"", string_of(member(item, "type")));
    if (cJSON_IsString(member(item, "role"))) {
        text_puts(out, ",\"role\":");
        text_json(out, string_of(member(item, "role")));
    }
    if (cJSON_IsArray(member(item, "content"))) add_content(member(item, "content"), out);
    const cJSON *other;
    cJSON_ArrayForEach(other, item)
    {
        if (is_one_of(other->string, placed, sizeof placed / sizeof *placed)) continue;
        text_puts(out, ",");
        text_json(out, other->string);
        text_puts(out, ":");
        add_member(other, out);
    }
    text_puts(out, "}");
}

/* Announces a new item: GA with two events, preview with one (section 4.2). */
static void say_item(struct visit *visit, const cJSON *item, const char *id, const char *previous)
{
    const char *types[] = {visit->preview ? "conversation.item.created" : "conversation.item.added",
                           "conversation.item.done"};
    for (size_t i = 0; i < (visit->preview ? 1 : 2); i++) {
        struct text *out = visit_begin_event(visit, types[i]);
        text_puts(out, ",\"previous_item_id\":");
        text_json(out, *previous == '\0' ? NULL : previous);
        text_puts(out, ",\"item\":");
        add_item(visit, item, id, out);
        text_puts(out, "}");
        visit_say(visit);
    }
}

static void count_item(struct visit *visit, const cJSON *item)
{
    struct token_context *context = &visit->conversation.context;
    const struct detection detection = detection_of(&visit->settings);
    context->text += TOKEN_COUNT_ITEM + token_count_text(strlen(string_of(member(item, "output"))));
    const cJSON *part;
    cJSON_ArrayForEach(part, member(item, "content"))
    {
        size_t bytes = 0;
        (void)base64_length(string_of(member(part, "audio")), &bytes);
        context->text += token_count_text(strlen(string_of(member(part, "text"))));
        context->audio += token_count_audio_in((uint64_t)detection_ms(&detection, bytes));
    }
}

bool conversation_create_item(struct visit *visit, const cJSON *event, struct complaint *complaint)
{
    struct conversation *conversation = &visit->conversation;
    const cJSON *item = member(event, "item");
    char previous[ITEM_ID_SIZE];
    char id[ITEM_ID_SIZE];
    if (!check_item(visit, item, complaint) || !read_previous(visit, event, previous, complaint))
        return false;
    if (*string_of(member(item, "id")) != '\0') {
        (void)snprintf(id, sizeof id, "%s", string_of(member(item, "id")));
    } else {
        identifier_make(&visit->site->service->ids, "item_", id);
    }
    say_item(visit, item, id, previous);
    count_item(visit, item);
    conversation_remember(conversation, id);
    if (strcmp(previous, conversation->last_item_id) == 0)
        memcpy(conversation->last_item_id, id, sizeof id);
    return true;
}

void conversation_add_audio(struct visit *visit, const char *id, double ms)
{
    struct conversation *conversation = &visit->conversation;
    cJSON *item = cJSON_Parse(
        "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}");
    say_item(visit, item, id, conversation->last_item_id);
    cJSON_Delete(item);
    conversation->context.text += TOKEN_COUNT_ITEM;
    conversation->context.audio += token_count_audio_in((uint64_t)ms);
    conversation_remember(conversation, id);
    (void)snprintf(conversation->last_item_id, sizeof conversation->last_item_id, "%s", id);
}

/* The item_id of an event about an existing item, or NULL and a complaint. */
static const char *known_item(struct visit *visit, const cJSON *event, struct complaint *complaint)
{
    const cJSON *id = member(event, "item_id");
    if (id == NULL || !cJSON_IsString(id)) {
        (void)complain(complaint, id == NULL ? "missing_required_parameter" : "invalid_type",
                       "item_id", "Missing required parameter: 'item_id', a string.");
        return NULL;
    }
    if (is_known(&visit->conversation, id->valuestring)) return id->valuestring;
    (void)complain(complaint, "item_not_found", "item_id", "Item with item_id not found: %.64s",
                   id->valuestring);
    return NULL;
}

/* Content is not kept here, so the item comes back empty. */
bool conversation_retrieve_item(struct visit *visit, const cJSON *event,
                                struct complaint *complaint)
{
    const char *id = known_item(visit, event, complaint);
    if (id == NULL) return false;
    struct text *out = visit_begin_event(visit, "conversation.item.retrieved");
    text_puts(out, ",\"item\":{\"id\":");
    text_json(out, id);
    text_printf(
        out, "%s,\"type\":\"message\",\"status\":\"completed\",\"role\":\"user\",\"content\":[]}}",
        visit->preview ? ",\"object\":\"realtime.item\"" : "");
    visit_say(visit);
    return true;
}

static bool read_count(const cJSON *event, const char *name, double *out,
                       struct complaint *complaint)
{
    const cJSON *value = member(event, name);
    if (value == NULL)
        return complain(complaint, "missing_required_parameter", name,
                        "Missing required parameter: '%s'.", name);
    if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > 1e9)
        return complain(complaint, "invalid_value", name,
                        "Invalid '%s': expected an integer of 0 or more.", name);
    *out = value->valuedouble;
    return true;
}

bool conversation_truncate_item(struct visit *visit, const cJSON *event,
                                struct complaint *complaint)
{
    double content_index = 0;
    double end_ms = 0;
    const char *id = known_item(visit, event, complaint);
    if (id == NULL || !read_count(event, "content_index", &content_index, complaint) ||
        !read_count(event, "audio_end_ms", &end_ms, complaint))
        return false;
    struct text *out = visit_begin_event(visit, "conversation.item.truncated");
    text_puts(out, ",\"item_id\":");
    text_json(out, id);
    text_printf(out, ",\"content_index\":%.0f,\"audio_end_ms\":%.0f}", content_index, end_ms);
    visit_say(visit);
    return true;
}

bool conversation_delete_item(struct visit *visit, const cJSON *event, struct complaint *complaint)
{
    struct conversation *conversation = &visit->conversation;
    const char *id = known_item(visit, event, complaint);
    if (id == NULL) return false;
    uint64_t *item = conversation->items + find_item(conversation, id);
    size_t after = conversation->item_count - 1 - (size_t)(item - conversation->items);
    memmove(item, item + 1, after * sizeof *item);
    conversation->item_count--;
    struct text *out = visit_begin_event(visit, "conversation.item.deleted");
    text_puts(out, ",\"item_id\":");
    text_json(out, id);
    text_puts(out, "}");
    visit_say(visit);
    return true;
}
