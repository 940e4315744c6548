#include "record/evidence.h"

#include "base/clock.h"
#include "base/redact.h"
#include "profile/hidden.h"
#include "realtime/response_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void key(struct text *out, const char *name)
{
    text_printf(out, ",\"%s\":", name);
}

/* A string of ours or an id; "" and NULL mean unknown, which is null. */
static void string(struct text *out, const char *name, const char *value)
{
    key(out, name);
    text_json(out, value != NULL && *value != '\0' ? value : NULL);
}

static void redacted_value(struct text *out, const char *value, const struct hidden *hidden)
{
    if (value == NULL || *value == '\0') {
        text_puts(out, "null");
        return;
    }
    struct text clean = {0};
    redact(&clean, value, strlen(value), hidden->values, hidden->count);
    text_json(out, text_str(&clean));
    if (clean.failed) out->failed = true;
    text_free(&clean);
}

static void redacted(struct text *out, const char *name, const char *value,
                     const struct hidden *hidden)
{
    key(out, name);
    redacted_value(out, value, hidden);
}

static void number(struct text *out, const char *name, int64_t value, bool known)
{
    key(out, name);
    if (known) {
        text_printf(out, "%lld", (long long)value);
    } else {
        text_puts(out, "null");
    }
}

static void milliseconds(struct text *out, const char *name, int64_t ns)
{
    key(out, name);
    if (ns >= 0) {
        text_printf(out, "%.3f", (double)ns / (double)NS_PER_MS);
    } else {
        text_puts(out, "null");
    }
}

static void headers(struct text *out, const struct evidence *evidence, const struct hidden *hidden)
{
    key(out, "headers");
    const char *separator = "{";
    for (size_t i = 0; i < evidence->header_count; i++) {
        const struct evidence_header *header = &evidence->headers[i];
        /* The engine has asked already: the second lock on the same door. */
        if (!response_header_may_be_kept(header->name, header->value)) continue;
        text_puts(out, separator);
        text_json(out, header->name);
        text_puts(out, ":");
        redacted_value(out, header->value, hidden);
        separator = ",";
    }
    text_puts(out, *separator == '{' ? "{}" : "}");
}

/* [[offset_ms,type],...], oldest first, the last EVIDENCE_EVENTS. The type of an unknown event is
 * the service's own text. */
static void events(struct text *out, const struct evidence *evidence, const struct hidden *hidden)
{
    key(out, "events");
    text_puts(out, "[");
    size_t first =
        evidence->event_count > EVIDENCE_EVENTS ? evidence->event_count - EVIDENCE_EVENTS : 0;
    for (size_t i = first; i < evidence->event_count; i++) {
        text_printf(out, "%s[%.3f,", i > first ? "," : "", evidence->events[i].offset_ms);
        redacted_value(out, evidence->events[i].type, hidden);
        text_puts(out, "]");
    }
    text_puts(out, "]");
}

static void tokens(struct text *out, const struct usage *usage)
{
    key(out, "tokens");
    if (!usage->present) {
        text_puts(out, "null");
        return;
    }
    const struct {
        const char *name;
        uint64_t value;
    } parts[] = {
        {"input", usage->input},
        {"cached", usage->cached},
        {"output", usage->output},
        {"text_in", usage->text_in},
        {"text_cached", usage->text_cached},
        {"text_out", usage->text_out},
        {"audio_in", usage->audio_in},
        {"audio_cached", usage->audio_cached},
        {"audio_out", usage->audio_out},
        {"image_in", usage->image_in},
        {"image_cached", usage->image_cached},
        {"reasoning", usage->reasoning},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        text_printf(out, "%s\"%s\":%llu", i == 0 ? "{" : ",", parts[i].name,
                    (unsigned long long)parts[i].value);
    }
    text_puts(out, "}");
}

/* The name of an errno ("ECONNRESET"), which says more to a reader than its number, and the same on
 * every system. */
static const char *os_error_name(int os_error)
{
    if (os_error == 0) return NULL;
#ifdef __GLIBC__
    const char *name = strerrorname_np(os_error);
    if (name != NULL) return name;
#endif
    return strerror(os_error);
}

/* [numbers] of the failure catalogue. */
static void also(struct text *out, const struct evidence *evidence)
{
    key(out, "also");
    text_puts(out, "[");
    for (size_t i = 0; i < evidence->also_count; i++) {
        if (i > 0) text_puts(out, ",");
        text_json(out, evidence->also[i]);
    }
    text_puts(out, "]");
}

/* Which tokens were reported: input without output was worked on, and may cost. */
static const char *usage_shape(const struct usage *usage)
{
    if (!usage->present) return "none";
    if (usage->output > 0) return "full";
    return usage->input > 0 ? "input_only" : "zero";
}

static void write_times(struct text *out, const struct evidence *evidence,
                        const struct zone *local_zone)
{
    char stamp[40];
    format_utc_ms(evidence->utc_ns, stamp);
    text_puts(out, "{\"time\":");
    text_json(out, stamp);
    format_local_ms(local_zone, evidence->utc_ns, stamp);
    string(out, "local_time", stamp);
    number(out, "clock_skew_ms", evidence->skew_ns / NS_PER_MS, evidence->has_skew);
}

static void write_region(struct text *out, const struct evidence *evidence)
{
    const struct region *region = evidence->region;
    string(out, "region", region->name);
    string(out, "host", region->host);
    string(out, "address", evidence->address);
    string(out, "deployment", region->deployment);
    string(out, "model", region->model);
    string(out, "dialect", dialect_name(region->dialect));
    string(out, "api_version", region->api_version);
    string(out, "transport", evidence->transport);
}

static void write_failure(struct text *out, const struct evidence *evidence,
                          const struct hidden *hidden)
{
    string(out, "scope", evidence->session_scope ? "session" : "attempt");
    string(out, "phase", phase_name(evidence->failure.phase));
    string(out, "domain", domain_name(evidence->failure.domain));
    string(out, "code", evidence->failure.code);
    redacted(out, "message", evidence->message, hidden);
    redacted(out, "error_type", evidence->error_type, hidden);
    redacted(out, "error_code", evidence->error_code, hidden);
    redacted(out, "error_param", evidence->error_param, hidden);
    number(out, "http_status", evidence->http_status, evidence->http_status != 0);
    headers(out, evidence, hidden);
    string(out, "client_request_id", evidence->client_request_id);
    redacted(out, "session_id", evidence->session_id, hidden);
    redacted(out, "response_id", evidence->response_id, hidden);
    redacted(out, "event_id", evidence->event_id, hidden);
    events(out, evidence, hidden);
    number(out, "close_code", evidence->close_code, evidence->close_code != 0);
    redacted(out, "close_reason", evidence->close_reason, hidden);
    string(out, "os_error", os_error_name(evidence->os_error));
    number(out, "tls_error", evidence->tls_error, evidence->tls_error != 0);
}

static void write_attempt(struct text *out, const struct evidence *evidence,
                          const struct hidden *hidden)
{
    number(out, "interaction", (int64_t)evidence->interaction, evidence->interaction != 0);
    number(out, "attempt", (int64_t)evidence->attempt, evidence->attempt != 0);
    string(out, "decision", evidence->decision);
    milliseconds(out, "socket_age_ms", evidence->socket_age_ns);
    number(out, "turn", (int64_t)evidence->turn, evidence->turn != 0);
    milliseconds(out, "elapsed_ms", evidence->elapsed_ns);
    tokens(out, &evidence->usage);
    string(out, "usage_shape", usage_shape(&evidence->usage));
    key(out, "possibly_billed");
    text_puts(out, evidence->possibly_billed ? "true" : "false");
    string(out, "sent", evidence->sent);
    string(out, "catalogue", evidence->failure.catalogue);
    also(out, evidence);
    redacted(out, "signature", evidence->signature, hidden);
    key(out, "brief");
    text_puts(out, evidence->brief ? "true" : "false");
    text_puts(out, "}\n");
}

void evidence_write(struct text *out, const struct evidence *evidence,
                    const struct zone *local_zone)
{
    struct hidden hidden;
    if (!hidden_of(evidence->region, evidence->said, evidence->credential, &hidden)) {
        out->failed = true;
        return;
    }
    struct evidence written = *evidence;
    if (evidence->brief) {
        written.event_count = written.header_count = 0;
        written.message = written.sent = "";
    }
    write_times(out, &written, local_zone);
    write_region(out, &written);
    write_failure(out, &written, &hidden);
    write_attempt(out, &written, &hidden);
    hidden_free(&hidden);
}
