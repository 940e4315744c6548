/*
 * Evidence records that were torn, edited or made by others: each line is read, and what comes out
 * must keep the promises of its header: no NULL string, numbers that are unknown or not negative,
 * events of their form.
 */
#include "record/evidence_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) abort();
}

static void see(const struct evidence_entry *entry)
{
    const char *const strings[] = {
        entry->time,         entry->local_time,       entry->region,      entry->host,
        entry->address,      entry->deployment,       entry->model,       entry->dialect,
        entry->api_version,  entry->transport,        entry->code,        entry->catalogue,
        entry->signature,    entry->message,          entry->usage_shape, entry->decision,
        entry->sent,         entry->session_id,       entry->response_id, entry->event_id,
        entry->error_type,   entry->error_code,       entry->error_param, entry->os_error,
        entry->close_reason, entry->client_request_id};
    const double numbers[] = {entry->http_status,  entry->close_code,    entry->tls_error,
                              entry->tls_alert,    entry->interaction,   entry->attempt,
                              entry->turn,         entry->socket_age_ms, entry->elapsed_ms,
                              entry->input_tokens, entry->cached_tokens, entry->output_tokens};
    double offset;
    const char *type;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) check(strings[i] != NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        check(numbers[i] == ENTRY_UNKNOWN || numbers[i] >= 0);
    check(entry->tree != NULL && *entry->region != '\0' && *entry->code != '\0');
    check(entry->domain <= DOMAIN_CLIENT && entry->phase <= PHASE_CLOSE &&
          !isnan(entry->clock_skew_ms));
    check(entry_header(entry, "x-ms-region") != NULL);
    size_t events = entry_event_count(entry);
    for (size_t i = 0; i < events && i < 64; i++)
        check(!entry_event(entry, i, &offset, &type) || type != NULL);
    check(!entry_event(entry, events, &offset, &type) &&
          !entry_event(entry, SIZE_MAX, &offset, &type));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    check(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) *end = '\0';
        struct evidence_entry entry;
        if (entry_parse(line, strlen(line), &entry)) {
            see(&entry);
            entry_free(&entry);
        }
        line = end == NULL ? NULL : end + 1;
    }
    free(text);
    return 0;
}
