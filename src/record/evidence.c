#include "record/evidence.h"

#include "base/clock.h"
#include "base/json.h"
#include "profile/hidden.h"
#include "realtime/response_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void redacted_value(struct text *out, const char *value, const struct hidden *hidden)
{
    if (value == NULL || *value == '\0') {
        json_null(out);
        return;
    }
    struct text clean = {0};
    hidden_redact(hidden, &clean, value);
    json_string(out, text_str(&clean));
    if (clean.failed) out->failed = true;
    text_free(&clean);
}

static void redacted(struct text *out, const char *name, const char *value,
                     const struct hidden *hidden)
{
    json_key(out, name);
    redacted_value(out, value, hidden);
}

static void number(struct text *out, const char *name, int64_t value, bool known)
{
    json_key(out, name);
    known ? json_signed(out, value) : json_null(out);
}

static void milliseconds(struct text *out, const char *name, int64_t ns)
{
    json_key(out, name);
    ns >= 0 ? json_decimal(out, (double)ns / (double)NS_PER_MS, 3) : json_null(out);
}

static void headers(struct text *out, const struct evidence *evidence, const struct hidden *hidden)
{
    json_key(out, "headers");
    json_open(out, '{');
    for (size_t i = 0; i < evidence->header_count; i++) {
        const struct evidence_header *header = &evidence->headers[i];
        /* The engine has filtered already; check again, because a leaked header cannot be taken
         * back. */
        if (!response_header_may_be_kept(header->name, header->value)) continue;
        json_key(out, header->name);
        redacted_value(out, header->value, hidden);
    }
    json_close(out, '}');
}

/* [[offset_ms,type],...], oldest first, the last EVIDENCE_EVENTS. The type of an unknown event is
 * text from the service. */
static void events(struct text *out, const struct evidence *evidence, const struct hidden *hidden)
{
    json_key(out, "events");
    json_open(out, '[');
    size_t first =
        evidence->event_count > EVIDENCE_EVENTS ? evidence->event_count - EVIDENCE_EVENTS : 0;
    for (size_t i = first; i < evidence->event_count; i++) {
        json_open(out, '[');
        json_decimal(out, evidence->events[i].offset_ms, 3);
        redacted_value(out, evidence->events[i].type, hidden);
        json_close(out, ']');
    }
    json_close(out, ']');
}

static void tokens(struct text *out, const struct usage *usage)
{
    json_key(out, "tokens");
    if (!usage->present) {
        json_null(out);
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
    json_open(out, '{');
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        json_put_count(out, parts[i].name, parts[i].value);
    json_close(out, '}');
}

/* The name of an errno ("ECONNRESET"), which tells a reader more than its number and is the same on
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

/* [numbers] in the failure catalogue. */
static void also(struct text *out, const struct evidence *evidence)
{
    json_key(out, "also");
    json_open(out, '[');
    for (size_t i = 0; i < evidence->also_count; i++) {
        json_string(out, evidence->also[i]);
    }
    json_close(out, ']');
}

/* Which tokens were reported: input without output was processed, and may cost. */
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
    json_open(out, '{');
    json_put_string(out, "time", stamp);
    format_local_ms(local_zone, evidence->utc_ns, stamp);
    json_put_known(out, "local_time", stamp);
    number(out, "clock_skew_ms", evidence->skew_ns / NS_PER_MS, evidence->has_skew);
}

static void write_region(struct text *out, const struct evidence *evidence)
{
    const struct region *region = evidence->region;
    json_put_known(out, "region", region->name);
    json_put_known(out, "host", region->host);
    json_put_known(out, "address", evidence->address);
    json_put_known(out, "deployment", region->deployment);
    json_put_known(out, "model", region->model);
    json_put_known(out, "dialect", dialect_name(region->dialect));
    json_put_known(out, "api_version", region->api_version);
    json_put_known(out, "transport", evidence->transport);
}

static void write_failure(struct text *out, const struct evidence *evidence,
                          const struct hidden *hidden)
{
    json_put_known(out, "scope", evidence->session_scope ? "session" : "attempt");
    json_put_known(out, "phase", phase_name(evidence->failure.phase));
    json_put_known(out, "domain", domain_name(evidence->failure.domain));
    json_put_known(out, "code", evidence->failure.code);
    redacted(out, "message", evidence->message, hidden);
    redacted(out, "error_type", evidence->error_type, hidden);
    redacted(out, "error_code", evidence->error_code, hidden);
    redacted(out, "error_param", evidence->error_param, hidden);
    number(out, "http_status", evidence->http_status, evidence->http_status != 0);
    headers(out, evidence, hidden);
    json_put_known(out, "client_request_id", evidence->client_request_id);
    redacted(out, "session_id", evidence->session_id, hidden);
    redacted(out, "response_id", evidence->response_id, hidden);
    redacted(out, "event_id", evidence->event_id, hidden);
    events(out, evidence, hidden);
    number(out, "close_code", evidence->close_code, evidence->close_code != 0);
    redacted(out, "close_reason", evidence->close_reason, hidden);
    json_put_known(out, "os_error", os_error_name(evidence->os_error));
    number(out, "tls_error", evidence->tls_error, evidence->tls_error != 0);
    number(out, "tls_alert", evidence->tls_alert, evidence->tls_alert != 0);
    milliseconds(out, "paused_ms", evidence->paused_ns > 0 ? evidence->paused_ns : -1);
}

static void write_attempt(struct text *out, const struct evidence *evidence,
                          const struct hidden *hidden)
{
    number(out, "interaction", (int64_t)evidence->interaction, evidence->interaction != 0);
    number(out, "attempt", (int64_t)evidence->attempt, evidence->attempt != 0);
    json_put_known(out, "decision", evidence->decision);
    milliseconds(out, "socket_age_ms", evidence->socket_age_ns);
    number(out, "turn", (int64_t)evidence->turn, evidence->turn != 0);
    milliseconds(out, "elapsed_ms", evidence->elapsed_ns);
    tokens(out, &evidence->usage);
    json_put_known(out, "usage_shape", usage_shape(&evidence->usage));
    json_put_bool(out, "possibly_billed", evidence->possibly_billed);
    json_put_known(out, "sent", evidence->sent);
    json_put_known(out, "catalogue", evidence->failure.catalogue);
    also(out, evidence);
    redacted(out, "signature", evidence->signature, hidden);
    json_put_bool(out, "brief", evidence->brief);
    json_close(out, '}');
    text_puts(out, "\n");
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
