#include "record/evidence_read.h"

#include "base/calendar.h"
#include "record/code_names.h"
#include "record/folder.h"
#include "record/run_walk.h"
#include "record/seen.h"

#include <string.h>
#include <strings.h>

#define LINE_LIMIT ((size_t)256 << 10)

static const char *string_at(const cJSON *record, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, key));
    return value == NULL ? "" : value;
}

static double number_at(const cJSON *record, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    return cJSON_IsNumber(item) && item->valuedouble >= 0 ? item->valuedouble : ENTRY_UNKNOWN;
}

static void read_strings(struct evidence_entry *entry)
{
    const cJSON *record = entry->tree;
    entry->time = string_at(record, "time");
    entry->local_time = string_at(record, "local_time");
    entry->region = string_at(record, "region");
    entry->host = string_at(record, "host");
    entry->address = string_at(record, "address");
    entry->deployment = string_at(record, "deployment");
    entry->model = string_at(record, "model");
    entry->dialect = string_at(record, "dialect");
    entry->api_version = string_at(record, "api_version");
    entry->transport = string_at(record, "transport");
    entry->code = string_at(record, "code");
    entry->catalogue = string_at(record, "catalogue");
    entry->signature = string_at(record, "signature");
    entry->message = string_at(record, "message");
    entry->usage_shape = string_at(record, "usage_shape");
    entry->decision = string_at(record, "decision");
    entry->sent = string_at(record, "sent");
    entry->client_request_id = string_at(record, "client_request_id");
    entry->session_id = string_at(record, "session_id");
    entry->response_id = string_at(record, "response_id");
    entry->event_id = string_at(record, "event_id");
    entry->close_reason = string_at(record, "close_reason");
    entry->error_type = string_at(record, "error_type");
    entry->error_code = string_at(record, "error_code");
    entry->error_param = string_at(record, "error_param");
    entry->os_error = string_at(record, "os_error");
}

static void read_numbers(struct evidence_entry *entry)
{
    const cJSON *record = entry->tree;
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(record, "tokens");
    const cJSON *skew = cJSON_GetObjectItemCaseSensitive(record, "clock_skew_ms");
    entry->http_status = number_at(record, "http_status");
    entry->close_code = number_at(record, "close_code");
    entry->tls_error = number_at(record, "tls_error");
    entry->tls_alert = number_at(record, "tls_alert");
    entry->interaction = number_at(record, "interaction");
    entry->attempt = number_at(record, "attempt");
    entry->turn = number_at(record, "turn");
    entry->socket_age_ms = number_at(record, "socket_age_ms");
    entry->elapsed_ms = number_at(record, "elapsed_ms");
    entry->input_tokens = number_at(tokens, "input");
    entry->cached_tokens = number_at(tokens, "cached");
    entry->output_tokens = number_at(tokens, "output");
    entry->has_clock_skew = cJSON_IsNumber(skew);
    entry->clock_skew_ms = cJSON_IsNumber(skew) ? skew->valuedouble : 0;
}

static const cJSON *list_at(const cJSON *record, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    return cJSON_IsArray(item) ? item : NULL;
}

static bool read_entry(struct evidence_entry *entry)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(entry->tree, "headers");
    if (!cJSON_IsObject(entry->tree)) return false;
    read_strings(entry);
    read_numbers(entry);
    entry->headers = cJSON_IsObject(headers) ? headers : NULL;
    entry->events = list_at(entry->tree, "events");
    entry->also = list_at(entry->tree, "also");
    entry->session_scope = strcmp(string_at(entry->tree, "scope"), "session") == 0;
    entry->possibly_billed =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry->tree, "possibly_billed"));
    entry->brief = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry->tree, "brief"));
    return parse_time(entry->time, &entry->utc_ns, NULL) == ERR_OK && entry->region[0] != '\0' &&
           entry->code[0] != '\0' && phase_find(string_at(entry->tree, "phase"), &entry->phase) &&
           domain_find(string_at(entry->tree, "domain"), &entry->domain);
}

bool entry_parse(const char *line, size_t length, struct evidence_entry *out)
{
    /* Including the NUL, so that anything after the object is refused. */
    *out = (struct evidence_entry){.tree = cJSON_ParseWithLengthOpts(line, length + 1, NULL, true)};
    if (out->tree != NULL && read_entry(out)) return true;
    entry_free(out);
    return false;
}

void entry_free(struct evidence_entry *entry)
{
    cJSON_Delete(entry->tree);
    *entry = (struct evidence_entry){0};
}

const char *entry_header(const struct evidence_entry *entry, const char *name)
{
    const cJSON *header;
    cJSON_ArrayForEach(header, entry->headers)
    {
        if (header->string != NULL && strcasecmp(header->string, name) == 0 &&
            cJSON_IsString(header))
            return header->valuestring;
    }
    return "";
}

size_t entry_event_count(const struct evidence_entry *entry)
{
    return (size_t)cJSON_GetArraySize(entry->events);
}

bool entry_event(const struct evidence_entry *entry, size_t index, double *offset_ms,
                 const char **type)
{
    const cJSON *event = index <= INT32_MAX ? cJSON_GetArrayItem(entry->events, (int)index) : NULL;
    const cJSON *offset = cJSON_GetArrayItem(event, 0);
    *type = cJSON_GetStringValue(cJSON_GetArrayItem(event, 1));
    *offset_ms = cJSON_IsNumber(offset) ? offset->valuedouble : 0;
    return cJSON_IsArray(event) && cJSON_IsNumber(offset) && *type != NULL;
}

struct reading {
    evidence_visitor *visit;
    void *context;
    struct code_names codes;
    struct seen seen;
};

static enum line_use read_line(void *state, char *line, size_t length)
{
    struct reading *reading = state;
    struct evidence_entry entry;
    if (!entry_parse(line, length, &entry)) return LINE_BROKEN;
    const enum seen_before seen =
        seen_add_failure(&reading->seen, line, length, entry.client_request_id);
    if (seen == SEEN_NEW) {
        entry.code = code_names_take(&reading->codes, entry.code);
        reading->visit(reading->context, &entry);
    }
    entry_free(&entry);
    if (seen == SEEN_NO_MEMORY) return LINE_NO_MEMORY;
    return seen == SEEN_NEW ? LINE_USED : LINE_REPEATED;
}

enum err_code evidence_read(const char *folder, evidence_visitor *visit, void *context,
                            struct text *notes, struct error *err)
{
    struct reading reading = {.visit = visit, .context = context};
    const struct run_walk walk = {.folder = folder,
                                  .name = RUN_FAILURES,
                                  .limit = LINE_LIMIT,
                                  .line = read_line,
                                  .state = &reading,
                                  .notes = notes};
    enum err_code code = run_walk(&walk, err);
    seen_free(&reading.seen);
    return code;
}
