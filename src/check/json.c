#include "check/check.h"

#include "base/clock.h"
#include "check/differ.h"

#include <time.h>

/* A key with a string; null when there is nothing to say. */
static void put_string(struct text *out, const char *key, const char *value)
{
    text_printf(out, ",\"%s\":", key);
    text_json(out, value[0] == '\0' ? NULL : value);
}

static void put_step(const struct check_result *result, enum check_step step, struct text *out)
{
    text_printf(out, "%s{\"step\":\"%s\",\"status\":\"%s\",\"ms\":", step == 0 ? "" : ",",
                check_step_name(step), check_status_name(result->status));
    if (result->ns < 0) {
        text_puts(out, "null");
    } else {
        text_printf(out, "%.3f", (double)result->ns / (double)NS_PER_MS);
    }
    put_string(out, "cause", result->cause);
    put_string(out, "fix", result->fix);
    put_string(out, "code", result->code);
    put_string(out, "catalogue", result->catalogue);
    put_string(out, "seen", result->seen);
    text_puts(out, "}");
}

static void put_time(struct text *out, const char *key, int64_t at_s)
{
    char printed[32] = "";
    time_t at = (time_t)at_s;
    struct tm parts;
    if (at_s > 0 && gmtime_r(&at, &parts) != NULL)
        (void)strftime(printed, sizeof printed, "%Y-%m-%dT%H:%M:%SZ", &parts);
    put_string(out, key, printed);
}

static void put_network(const struct check_region *region, struct text *out)
{
    text_puts(out, ",\"addresses\":[");
    for (size_t i = 0; i < region->address_count; i++)
        text_printf(out, "%s\"%s\"", i == 0 ? "" : ",", region->addresses[i]);
    text_puts(out, "]");
    put_string(out, "address", region->address);
    text_printf(out, ",\"proxy\":%s", region->by_proxy ? "true" : "false");
    put_string(out, "tls_version", region->tls_version);
    put_string(out, "tls_cipher", region->tls_cipher);
    put_string(out, "issuer", region->certificate.issuer);
    put_string(out, "subject", region->certificate.subject);
    put_time(out, "expires", region->certificate.not_after_s);
    text_printf(out, ",\"https_status\":%d,\"azure_headers\":%s", region->https_status,
                region->from_azure ? "true" : "false");
    put_string(out, "service_region", region->service_region);
    if (region->has_skew) {
        text_printf(out, ",\"skew_ms\":%lld", (long long)region->skew_ms);
    } else {
        text_puts(out, ",\"skew_ms\":null");
    }
}

static void put_session(const struct check_region *region, struct text *out)
{
    put_time(out, "token_expires", region->token_expires_s);
    text_printf(out, ",\"upgrade_status\":%d", region->upgrade_status);
    put_string(out, "model", region->model);
    text_puts(out, ",\"ids\":{\"client_request_id\":");
    text_json(out, region->client_request_id);
    put_string(out, "request_id", region->request_id);
    put_string(out, "session_id", region->session_id);
    put_string(out, "response_id", region->response_id);
    text_printf(out, "},\"tokens\":{\"input\":%llu,\"cached\":%llu,\"output\":%llu}",
                (unsigned long long)region->usage.input, (unsigned long long)region->usage.cached,
                (unsigned long long)region->usage.output);
}

static void put_region(const struct check_region *region, struct text *out)
{
    const struct region *asked = region->region;
    text_puts(out, "{\"name\":");
    text_json(out, asked->name);
    text_printf(out, ",\"ok\":%s,\"steps\":[", region->ok ? "true" : "false");
    for (enum check_step step = 0; step < CHECK_STEPS; step++)
        put_step(&region->steps[step], step, out);
    text_puts(out, "]");
    put_string(out, "host", asked->host);
    put_string(out, "deployment", asked->deployment != NULL ? asked->deployment : "");
    put_string(out, "dialect", dialect_name(asked->dialect));
    put_string(out, "api_version", asked->api_version != NULL ? asked->api_version : "");
    put_network(region, out);
    put_session(region, out);
    text_puts(out, ",\"notes\":[");
    for (size_t i = 0; i < region->note_count; i++) {
        text_printf(out, "%s{\"step\":\"%s\",\"text\":", i == 0 ? "" : ",",
                    check_step_name(region->notes[i].step));
        text_json(out, region->notes[i].text);
        text_puts(out, "}");
    }
    text_puts(out, "]}");
}

void check_json(const struct check_region *regions, size_t count, struct text *out)
{
    bool ok = true;
    struct text line = {0};
    for (size_t i = 0; i < count; i++) ok = ok && regions[i].ok;
    text_printf(out, "{\"ok\":%s,\"regions\":[", ok ? "true" : "false");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) text_puts(out, ",");
        put_region(&regions[i], out);
    }
    text_puts(out, "],\"differences\":[");
    for (size_t at = 0; differ_line(regions, count, at, &line); at++) {
        if (at > 0) text_puts(out, ",");
        text_json(out, text_str(&line));
        text_clear(&line);
    }
    text_puts(out, "]}\n");
    text_free(&line);
}
