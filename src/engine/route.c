#include "engine/route.h"

#include "base/secret.h"
#include "realtime/endpoint.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT_REQUEST_ID "x-ms-client-request-id"

/* What was a key a moment ago shall not stay in freed memory. */
static void wipe(struct text *text)
{
    if (text->data != NULL) explicit_bzero(text->data, text->capacity);
    text_free(text);
}

static enum err_code build_headers(struct route *route, const struct endpoint *endpoint,
                                   struct error *err)
{
    const struct region *region = route->region;
    if (region->header_count + 2 > ROUTE_HEADERS) {
        return error_set(err, ERR_PROFILE, "region %s: headers: %d at most", region->name,
                         ROUTE_HEADERS - 2);
    }
    route->headers = calloc(region->header_count + 2, sizeof *route->headers);
    if (route->headers == NULL)
        return error_set(err, ERR_NOMEM, "region %s: no memory", region->name);
    struct text value = {0};
    const char *name = NULL;
    if (endpoint_credential(endpoint, &name, &value)) {
        route->credential = value.failed ? NULL : secret_copy(text_str(&value));
        wipe(&value);
        if (route->credential == NULL)
            return error_set(err, ERR_NOMEM, "region %s: no memory", region->name);
        route->headers[route->header_count++] = (struct ws_header){name, route->credential};
    }
    for (size_t i = 0; i < region->header_count; i++) {
        route->headers[route->header_count++] =
            (struct ws_header){region->headers[i].name, region->headers[i].value};
    }
    route->headers[route->header_count++] = (struct ws_header){CLIENT_REQUEST_ID, ""};
    return ERR_OK;
}

enum err_code route_init(struct route *route, const struct profile *profile,
                         const struct region *region,
                         const struct connect_override *connect_overrides,
                         size_t connect_override_count, const char *ca_file, struct error *err)
{
    *route =
        (struct route){.region = region, .price = prices_find(&profile->prices, region->model)};
    struct endpoint endpoint = {
        .dialect = region->dialect,
        .deployment = region->deployment != NULL ? region->deployment : region->model,
        .api_version = region->api_version,
        .path = region->path,
        /* a client secret takes the header's place before the first session */
        .secret = region->auth.ephemeral ? "none" : region->auth.secret,
        .secret_is_token = region->auth.ephemeral || region->auth.kind == AUTH_TOKEN ||
                           region->auth.kind == AUTH_TOKEN_COMMAND,
        .secret_in_query = region->auth.in_query,
    };
    endpoint_target(&endpoint, &route->target);
    enum err_code code = build_headers(route, &endpoint, err);
    if (code == ERR_OK && route->target.failed) {
        code = error_set(err, ERR_NOMEM, "region %s: no memory", region->name);
    }
    if (code != ERR_OK) {
        route_free(route);
        return code;
    }
    route->dial = (struct ws_target){
        .host = region->host,
        .port = region->port,
        .tls = region->tls,
        .proxy = region->proxy,
        .ca_file = ca_file != NULL ? ca_file : region->ca_file,
        .target = text_str(&route->target),
        .headers = route->headers,
        .header_count = route->header_count,
    };
    connect_override_take(&route->dial, region->name, connect_overrides, connect_override_count);
    return ERR_OK;
}

void route_free(struct route *route)
{
    secret_free(route->credential);
    wipe(&route->target);
    free(route->headers);
    *route = (struct route){0};
}

double route_cost(const struct route *route, const struct usage *usage)
{
    const struct price *price = route->price;
    if (price == NULL || !usage->present) return 0;
    /* Every detail is optional on the wire: tokens without a modality are taken for text. */
    const uint64_t text_in = usage->text_in + usage->audio_in > 0 ? usage->text_in : usage->input;
    const uint64_t text_out =
        usage->text_out + usage->audio_out > 0 ? usage->text_out : usage->output;
    uint64_t text_cached =
        usage->text_cached + usage->audio_cached > 0 ? usage->text_cached : usage->cached;
    if (text_cached > text_in) text_cached = text_in;
    double text_fresh = (double)(text_in - text_cached);
    double audio_fresh =
        (double)(usage->audio_in > usage->audio_cached ? usage->audio_in - usage->audio_cached : 0);
    double micro = text_fresh * price->text_in + (double)text_cached * price->text_cached +
                   (double)text_out * price->text_out + audio_fresh * price->audio_in +
                   (double)usage->audio_cached * price->audio_cached +
                   (double)usage->audio_out * price->audio_out;
    return micro / 1e6;
}
