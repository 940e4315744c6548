/* The part of the letter with which support searches its own logs: ids with times, and one failure
 * in full. */
#include "package/parts.h"

#include <string.h>

#define BEST 5
#define TRACES_SHOWN 14
#define TRACES_SHOWN_PER_CODE 2 /* for all codes but the first, which gets all there are */

static void trace_columns(struct table *table)
{
    static const char *const headings[] = {"time (UTC)",
                                           "code",
                                           "session id",
                                           "response id",
                                           "event id",
                                           "request id (apim)",
                                           "our x-ms-client-request-id"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_column(table, headings[i], true);
}

static void put(struct table *table, const char *id)
{
    table_put(table, id[0] == '\0' ? "-" : id);
}

static void trace_row(struct table *table, const struct trace *trace)
{
    table_put(table, trace->time);
    if (trace->http_status > 0) {
        text_printf(table_cell(table), "%s (HTTP %d)", trace->code, trace->http_status);
        table_next(table);
    } else {
        table_put(table, trace->code);
    }
    put(table, trace->session_id);
    put(table, trace->response_id);
    put(table, trace->event_id);
    put(table, trace->request_id);
    put(table, trace->client_id);
}

/* Failures of the service and of quota first: those are what support can look up. */
static bool theirs(const struct digest_code *code)
{
    return code->domain == DOMAIN_SERVICE || code->domain == DOMAIN_QUOTA;
}

/* How much of a failure can be looked up, and how likely it is worth it: theirs first, then by the
 * number of ids. */
static int worth(const struct digest_code *code, const struct trace *trace)
{
    const char *const of[] = {trace->session_id, trace->response_id, trace->request_id,
                              trace->event_id, trace->client_id};
    int count = theirs(code) ? 100 : 0;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) count += of[i][0] != '\0';
    return count;
}

/* The next best trace that has not been taken, the more frequent code first; NULL: none is left. */
static const struct trace *best_of(const struct digest *digest, const struct trace *const *taken,
                                   size_t count)
{
    const struct trace *best = NULL;
    int most = 0;
    for (size_t i = 0; i < digest->code_count; i++) {
        const struct digest_code *code = &digest->codes[i];
        for (size_t t = 0; t < code->trace_count; t++) {
            bool again = false;
            for (size_t k = 0; k < count; k++) again = again || taken[k] == &code->traces[t];
            if (again || worth(code, &code->traces[t]) <= most) continue;
            most = worth(code, &code->traces[t]);
            best = &code->traces[t];
        }
    }
    return best;
}

void package_letter_best(const struct package *package, struct text *out)
{
    const struct trace *taken[BEST];
    struct table table = {0};
    size_t count = 0;
    while (count < BEST) {
        taken[count] = best_of(&package->digest, taken, count);
        if (taken[count] == NULL) break;
        count++;
    }
    if (count == 0) return;
    text_printf(out, "\n## The %zu failures to look up first\n\n", count);
    trace_columns(&table);
    for (size_t i = 0; i < count; i++) trace_row(&table, taken[i]);
    table_markdown(&table, out);
    table_free(&table);
}

static void ids(const struct package *package, struct text *out)
{
    struct table table = {0};
    size_t shown = 0;
    text_puts(out, "\n## More ids to look up\n\n");
    trace_columns(&table);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < package->digest.code_count; i++) {
            const struct digest_code *code = &package->digest.codes[i];
            if (theirs(code) != (pass == 0)) continue;
            size_t most = shown == 0 ? TRACES_PER_CODE : TRACES_SHOWN_PER_CODE;
            for (size_t t = 0; t < code->trace_count && t < most && shown < TRACES_SHOWN;
                 t++, shown++)
                trace_row(&table, &code->traces[t]);
        }
    }
    if (shown == 0) {
        text_puts(out, digest_lacks(&package->digest)
                           ? "No record of a failure is left to look up.\n"
                           : "There is no failure to look up.\n");
    } else {
        table_markdown(&table, out);
        text_puts(
            out,
            "\nA few of each kind, those of the most frequent one first; failures.csv has all.\n");
    }
    table_free(&table);
}

static void value(struct text *out, const char *what, const cJSON *record, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    if (cJSON_IsString(item)) {
        text_printf(out, "- %s: ", what);
        markdown_plain(out, item->valuestring);
        text_puts(out, "\n");
    } else if (cJSON_IsNumber(item)) {
        text_printf(out, "- %s: %.10g\n", what, item->valuedouble);
    }
}

static void headers(struct text *out, const cJSON *record)
{
    const cJSON *header;
    const char *separator = "- response headers of the upgrade: ";
    cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(record, "headers"))
    {
        if (!cJSON_IsString(header)) continue;
        text_puts(out, separator);
        markdown_plain(out, header->string);
        text_puts(out, ": ");
        markdown_plain(out, header->valuestring);
        separator = "; ";
    }
    if (separator[0] == ';') text_puts(out, "\n");
}

static void usage(struct text *out, const cJSON *record)
{
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(record, "tokens");
    const cJSON *count;
    if (!cJSON_IsObject(tokens)) return;
    text_puts(out, "- usage:");
    cJSON_ArrayForEach(count, tokens)
    {
        if (cJSON_IsNumber(count)) text_printf(out, " %s %.0f", count->string, count->valuedouble);
    }
    text_puts(out, "\n");
}

/* A run of the same event is printed once with its count. */
static void events(struct text *out, const cJSON *record)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(record, "events");
    const cJSON *event = cJSON_IsArray(list) ? list->child : NULL;
    const char *separator = "- the last events before it, ms since the dial began: ";
    while (event != NULL) {
        const cJSON *offset = cJSON_GetArrayItem(event, 0);
        const char *type = cJSON_GetStringValue(cJSON_GetArrayItem(event, 1));
        size_t same = 1;
        event = event->next;
        if (type == NULL || !cJSON_IsNumber(offset)) continue;
        for (; event != NULL; event = event->next, same++) {
            const char *next = cJSON_GetStringValue(cJSON_GetArrayItem(event, 1));
            if (next == NULL || strcmp(next, type) != 0) break;
        }
        text_printf(out, "%s%.0f ", separator, offset->valuedouble);
        markdown_plain(out, type);
        if (same > 1) text_printf(out, " (%zu times)", same);
        separator = ", ";
    }
    if (separator[0] == ',') text_puts(out, "\n");
}

static void one_in_full(const struct package *package, struct text *out)
{
    static const struct {
        const char *what, *key;
    } facts[] = {{"time (UTC)", "time"},
                 {"local time", "local_time"},
                 {"region", "region"},
                 {"address", "address"},
                 {"phase", "phase"},
                 {"code", "code"},
                 {"catalogue", "catalogue"},
                 {"signature", "signature"},
                 {"HTTP status", "http_status"},
                 {"message", "message"},
                 {"error type", "error_type"},
                 {"error code", "error_code"},
                 {"error param", "error_param"},
                 {"close code", "close_code"},
                 {"close reason", "close_reason"},
                 {"system error", "os_error"},
                 {"session id", "session_id"},
                 {"response id", "response_id"},
                 {"event id", "event_id"},
                 {"our x-ms-client-request-id", "client_request_id"},
                 {"turn of the session", "turn"},
                 {"attempt of the user turn", "attempt"},
                 {"age of the connection, ms", "socket_age_ms"},
                 {"from due to failure, ms", "elapsed_ms"},
                 {"service's clock minus ours, ms", "clock_skew_ms"},
                 {"sent, type and bytes", "sent"},
                 {"what our client did next", "decision"}};
    const struct digest_code *code = NULL;
    for (size_t i = 0; code == NULL && i < package->digest.code_count; i++) {
        if (theirs(&package->digest.codes[i])) code = &package->digest.codes[i];
    }
    if (code == NULL) code = digest_first(&package->digest);
    if (code == NULL || code->sample == NULL) return;
    text_puts(out, "\n## One failure in full\n\n");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        value(out, facts[i].what, code->sample, facts[i].key);
    usage(out, code->sample);
    headers(out, code->sample);
    events(out, code->sample);
}

void package_letter_traces(const struct package *package, struct text *out)
{
    ids(package, out);
    one_in_full(package, out);
}
