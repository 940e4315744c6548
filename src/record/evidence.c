#include "record/evidence.h"

#include "base/clock.h"
#include "base/redact.h"
#include "realtime/response_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What must never stand in a record: the region's secret, its proxy's password, the values of its own
 * headers, and what was said to the model, should the service quote it. */
struct secrets {
    const char **values;
    size_t count;
    char *proxy_user; /* "user:password" of the proxy's URL */
};

static char *proxy_user_of(const char *proxy)
{
    const char *start = proxy == NULL ? NULL : strstr(proxy, "://");
    if (start == NULL) return NULL;
    start += 3;
    size_t authority = strcspn(start, "/?#");
    const char *at = memrchr(start, '@', authority);
    return at == NULL ? NULL : strndup(start, (size_t)(at - start));
}

static void add_secret(struct secrets *secrets, const char *value)
{
    if (value != NULL && *value != '\0') secrets->values[secrets->count++] = value;
}

static bool secrets_of(const struct evidence *evidence, struct secrets *secrets)
{
    const struct region *region = evidence->region;
    const struct session_plan *said = evidence->said;
    size_t prompts = said == NULL ? 0 : said->prompt_count;
    secrets->values = calloc(region->header_count + prompts + 5, sizeof *secrets->values);
    if (secrets->values == NULL) return false;
    secrets->proxy_user = proxy_user_of(region->proxy);
    add_secret(secrets, region->auth.secret);
    const char *credential = evidence->credential;
    if (credential != NULL && strncmp(credential, "Bearer ", 7) == 0) credential += 7;
    add_secret(secrets, credential);
    add_secret(secrets, secrets->proxy_user);
    const char *colon = secrets->proxy_user == NULL ? NULL : strchr(secrets->proxy_user, ':');
    add_secret(secrets, colon == NULL ? NULL : colon + 1);
    for (size_t i = 0; i < region->header_count; i++) add_secret(secrets, region->headers[i].value);
    for (size_t i = 0; i < prompts; i++) add_secret(secrets, said->prompts[i]);
    if (said != NULL) add_secret(secrets, said->instructions);
    return true;
}

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

static void redacted_value(struct text *out, const char *value, const struct secrets *secrets)
{
    if (value == NULL || *value == '\0') {
        text_puts(out, "null");
        return;
    }
    struct text clean = {0};
    redact(&clean, value, strlen(value), secrets->values, secrets->count);
    text_json(out, text_str(&clean));
    if (clean.failed) out->failed = true;
    text_free(&clean);
}

static void redacted(struct text *out, const char *name, const char *value, const struct secrets *secrets)
{
    key(out, name);
    redacted_value(out, value, secrets);
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

static void headers(struct text *out, const struct evidence *evidence, const struct secrets *secrets)
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
        redacted_value(out, header->value, secrets);
        separator = ",";
    }
    text_puts(out, *separator == '{' ? "{}" : "}");
}

/* [[offset_ms,type],...], oldest first, the last EVIDENCE_EVENTS. The type of an unknown event is the
 * service's own text. */
static void events(struct text *out, const struct evidence *evidence, const struct secrets *secrets)
{
    key(out, "events");
    text_puts(out, "[");
    size_t first = evidence->event_count > EVIDENCE_EVENTS ? evidence->event_count - EVIDENCE_EVENTS : 0;
    for (size_t i = first; i < evidence->event_count; i++) {
        text_printf(out, "%s[%.3f,", i > first ? "," : "", evidence->events[i].offset_ms);
        redacted_value(out, evidence->events[i].type, secrets);
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
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        text_printf(out, "%s\"%s\":%llu", i == 0 ? "{" : ",", parts[i].name,
                    (unsigned long long)parts[i].value);
    }
    text_puts(out, "}");
}

/* The name of an errno ("ECONNRESET"), which says more to a reader than its number, and the same on every
 * system. */
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

static void write_times(struct text *out, const struct evidence *evidence, const struct zone *local_zone)
{
    char stamp[40];
    format_utc_ms(evidence->utc_ns, stamp);
    text_puts(out, "{\"time\":");
    text_json(out, stamp);
    format_local_ms(local_zone, evidence->utc_ns, stamp);
    string(out, "local_time", stamp);
    number(out, "clock_skew_ms", evidence->skew_ns / NS_PER_MS, evidence->has_skew);
}

static void write_region(struct text *out, const struct region *region, const char *address)
{
    string(out, "region", region->name);
    string(out, "host", region->host);
    string(out, "address", address);
    string(out, "deployment", region->deployment);
    string(out, "model", region->model);
    string(out, "dialect", dialect_name(region->dialect));
    string(out, "api_version", region->api_version);
    string(out, "transport", "websocket");
}

static void write_failure(struct text *out, const struct evidence *evidence, const struct secrets *secrets)
{
    string(out, "scope", evidence->session_scope ? "session" : "attempt");
    string(out, "phase", phase_name(evidence->failure.phase));
    string(out, "domain", domain_name(evidence->failure.domain));
    string(out, "code", evidence->failure.code);
    redacted(out, "message", evidence->message, secrets);
    redacted(out, "error_type", evidence->error_type, secrets);
    redacted(out, "error_code", evidence->error_code, secrets);
    redacted(out, "error_param", evidence->error_param, secrets);
    number(out, "http_status", evidence->http_status, evidence->http_status != 0);
    headers(out, evidence, secrets);
    string(out, "client_request_id", evidence->client_request_id);
    string(out, "session_id", evidence->session_id);
    string(out, "response_id", evidence->response_id);
    string(out, "event_id", evidence->event_id);
    events(out, evidence, secrets);
    number(out, "close_code", evidence->close_code, evidence->close_code != 0);
    redacted(out, "close_reason", evidence->close_reason, secrets);
    string(out, "os_error", os_error_name(evidence->os_error));
    number(out, "tls_error", evidence->tls_error, evidence->tls_error != 0);
}

static void write_attempt(struct text *out, const struct evidence *evidence, const struct secrets *secrets)
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
    redacted(out, "signature", evidence->signature, secrets);
    text_puts(out, "}\n");
}

void evidence_write(struct text *out, const struct evidence *evidence, const struct zone *local_zone)
{
    struct secrets secrets = {0};
    if (!secrets_of(evidence, &secrets)) {
        out->failed = true;
        return;
    }
    write_times(out, evidence, local_zone);
    write_region(out, evidence->region, evidence->address);
    write_failure(out, evidence, &secrets);
    write_attempt(out, evidence, &secrets);
    free(secrets.proxy_user);
    free(secrets.values);
}
