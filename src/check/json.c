#include "check/check.h"

#include "base/clock.h"
#include "base/json.h"
#include "check/differ.h"

#include <time.h>

static void put_step(const struct check_result *result, enum check_step step, struct text *out)
{
    json_open(out, '{');
    json_put_string(out, "step", check_step_name(step));
    json_put_string(out, "status", check_status_name(result->status));
    json_key(out, "ms");
    result->ns < 0 ? json_null(out) : json_decimal(out, (double)result->ns / (double)NS_PER_MS, 3);
    json_put_known(out, "cause", result->cause);
    json_put_known(out, "fix", result->fix);
    json_put_known(out, "code", result->code);
    json_put_known(out, "catalogue", result->catalogue);
    json_put_known(out, "seen", result->seen);
    json_close(out, '}');
}

static void put_time(struct text *out, const char *key, int64_t at_s)
{
    char printed[32] = "";
    time_t at = (time_t)at_s;
    struct tm parts;
    if (at_s > 0 && gmtime_r(&at, &parts) != NULL)
        (void)strftime(printed, sizeof printed, "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_put_known(out, key, printed);
}

static void put_network(const struct check_region *region, struct text *out)
{
    json_key(out, "addresses");
    json_open(out, '[');
    for (size_t i = 0; i < region->address_count; i++) json_string(out, region->addresses[i]);
    json_close(out, ']');
    json_put_known(out, "address", region->address);
    json_put_bool(out, "proxy", region->by_proxy);
    json_put_known(out, "tls_version", region->tls_version);
    json_put_known(out, "tls_cipher", region->tls_cipher);
    json_put_known(out, "issuer", region->certificate.issuer);
    json_put_known(out, "subject", region->certificate.subject);
    put_time(out, "expires", region->certificate.not_after_s);
    json_key(out, "https_status");
    json_signed(out, region->https_status);
    json_put_bool(out, "azure_headers", region->from_azure);
    json_put_known(out, "service_region", region->service_region);
    json_key(out, "skew_ms");
    region->has_skew ? json_signed(out, region->skew_ms) : json_null(out);
}

static void put_session(const struct check_region *region, struct text *out)
{
    put_time(out, "token_expires", region->token_expires_s);
    json_key(out, "upgrade_status");
    json_signed(out, region->upgrade_status);
    json_put_known(out, "model", region->model);
    json_key(out, "ids");
    json_open(out, '{');
    json_put_string(out, "client_request_id", region->client_request_id);
    json_put_known(out, "request_id", region->request_id);
    json_put_known(out, "session_id", region->session_id);
    json_put_known(out, "response_id", region->response_id);
    json_close(out, '}');
    json_key(out, "tokens");
    json_open(out, '{');
    json_put_count(out, "input", region->usage.input);
    json_put_count(out, "cached", region->usage.cached);
    json_put_count(out, "output", region->usage.output);
    json_close(out, '}');
}

static void put_notes(const struct check_region *region, struct text *out)
{
    json_key(out, "notes");
    json_open(out, '[');
    for (size_t i = 0; i < region->note_count; i++) {
        json_open(out, '{');
        json_put_string(out, "step", check_step_name(region->notes[i].step));
        json_put_string(out, "text", region->notes[i].text);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_region(const struct check_region *region, struct text *out)
{
    const struct region *asked = region->region;
    json_open(out, '{');
    json_put_string(out, "name", asked->name);
    json_put_bool(out, "ok", region->ok);
    json_key(out, "steps");
    json_open(out, '[');
    for (enum check_step step = 0; step < CHECK_STEPS; step++)
        put_step(&region->steps[step], step, out);
    json_close(out, ']');
    json_put_known(out, "host", asked->host);
    json_put_known(out, "deployment", asked->deployment);
    json_put_known(out, "dialect", dialect_name(asked->dialect));
    json_put_known(out, "api_version", asked->api_version);
    put_network(region, out);
    put_session(region, out);
    put_notes(region, out);
    json_close(out, '}');
}

void check_json(const struct check_region *regions, size_t count, struct text *out)
{
    bool ok = true;
    struct text line = {0};
    for (size_t i = 0; i < count; i++) ok = ok && regions[i].ok;
    json_open(out, '{');
    json_put_bool(out, "ok", ok);
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++) put_region(&regions[i], out);
    json_close(out, ']');
    json_key(out, "differences");
    json_open(out, '[');
    for (size_t at = 0; differ_line(regions, count, at, &line); at++) {
        json_string(out, text_str(&line));
        text_clear(&line);
    }
    json_close(out, ']');
    json_close(out, '}');
    text_puts(out, "\n");
    text_free(&line);
}
