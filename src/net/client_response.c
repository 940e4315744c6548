/* The head of the response to the upgrade: status, and the headers that identify requests and
 * limits. No cookies. */
#include "net/client_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* lws 4.1.6 cannot list headers, only find them by name; those that it knows itself have a
 * token. */
static const struct wanted {
    const char *name;
    int token; /* 0: unknown to lws */
} wanted[] = {
    {"content-type", WSI_TOKEN_HTTP_CONTENT_TYPE},
    {"date", WSI_TOKEN_HTTP_DATE},
    {"location", WSI_TOKEN_HTTP_LOCATION},
    {"server", WSI_TOKEN_HTTP_SERVER},
    {"via", WSI_TOKEN_HTTP_VIA},
    {"retry-after", WSI_TOKEN_HTTP_RETRY_AFTER},
    {"www-authenticate", WSI_TOKEN_HTTP_WWW_AUTHENTICATE},
    {"apim-request-id", 0},
    {"azureml-model-session", 0},
    {"cf-ray", 0},
    {"openai-processing-ms", 0},
    {"retry-after-ms", 0},
    {"x-azure-ref", 0},
    {"x-envoy-upstream-service-time", 0},
    {"x-litellm-version", 0},
    {"x-ms-client-request-id", 0},
    {"x-ms-deployment-name", 0},
    {"x-ms-error-code", 0},
    {"x-ms-region", 0},
    {"x-ms-request-id", 0},
    {"x-request-id", 0},
    {"x-ratelimit-limit-requests", 0},
    {"x-ratelimit-limit-tokens", 0},
    {"x-ratelimit-remaining-requests", 0},
    {"x-ratelimit-remaining-tokens", 0},
    {"x-ratelimit-reset-requests", 0},
    {"x-ratelimit-reset-tokens", 0},
};

_Static_assert(sizeof wanted / sizeof wanted[0] <= CLIENT_MAX_HEADERS,
               "a place for each wanted header");

static int copy_value(struct lws *wsi, const struct wanted *header, char *out, int room)
{
    if (header->token) {
        if (lws_hdr_total_length(wsi, (enum lws_token_indexes)header->token) <= 0) return -1;
        return lws_hdr_copy(wsi, out, room, (enum lws_token_indexes)header->token);
    }
    char name[64];
    int length = snprintf(name, sizeof name, "%s:", header->name);
    if (lws_hdr_custom_length(wsi, name, length) <= 0) return -1;
    return lws_hdr_custom_copy(wsi, out, room, name, length);
}

/* What stands behind "HTTP/1.1 "; the caller frees it, NULL if there is nothing. */
static char *status_line(struct lws *wsi)
{
    static const enum lws_token_indexes tokens[] = {WSI_TOKEN_HTTP, WSI_TOKEN_HTTP1_0};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        const int length = lws_hdr_total_length(wsi, tokens[i]);
        char *line = length > 0 ? calloc(1, (size_t)length + 1) : NULL;
        if (line != NULL && lws_hdr_copy(wsi, line, length + 1, tokens[i]) > 0) return line;
        free(line);
    }
    return NULL;
}

/* lws takes any number for a status, and wraps a long one around; it has three digits (RFC 9112,
 * 4), or else there is none: 0. */
static int status_of(struct lws *wsi)
{
    char *line = status_line(wsi);
    int status = 0;
    if (line != NULL && strspn(line, "0123456789") == 3 && (line[3] == ' ' || line[3] == '\0'))
        status = (int)strtol(line, NULL, 10);
    free(line);
    return status >= 100 ? status : 0;
}

struct client_response *client_response_read(struct lws *wsi)
{
    struct client_response *response = calloc(1, sizeof *response);
    if (!response) return NULL;
    response->status = status_of(wsi);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char *value = response->values + response->used;
        int room = (int)(sizeof response->values - response->used);
        int length = copy_value(wsi, &wanted[i], value, room);
        if (length <= 0) continue;
        response->headers[response->count].name = wanted[i].name;
        response->headers[response->count].value = value;
        response->count++;
        response->used += (size_t)length + 1;
    }
    return response;
}

static void keep(struct client_response *response, const char *name, const char *value)
{
    const size_t size = strlen(value) + 1;
    if (size > sizeof response->values - response->used) return;
    char *kept = memcpy(response->values + response->used, value, size);
    response->headers[response->count++] = (struct http_header){.name = name, .value = kept};
    response->used += size;
}

struct client_response *client_response_of(const struct client_answer *answer)
{
    struct client_response *response = calloc(1, sizeof *response);
    if (response == NULL) return NULL;
    response->status = answer->status;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const char *value = client_answer_header(answer, wanted[i].name);
        if (value != NULL && value[0] != '\0') keep(response, wanted[i].name, value);
    }
    return response;
}

void client_response_deliver(struct ws_conn *conn, const struct client_response *response,
                             const struct client_body *body, uint64_t at_ns)
{
    const struct ws_handlers *handlers = &conn->client->handlers;
    const struct ws_response told = {
        .status = response->status,
        .headers = response->headers,
        .header_count = response->count,
        .body = body ? body->data : "",
        .body_length = body ? body->length : 0,
    };
    if (conn->state == CONN_OPEN && handlers->on_open) handlers->on_open(conn->user, &told, at_ns);
    if (conn->state == CONN_REFUSED && handlers->on_refused)
        handlers->on_refused(conn->user, &told, at_ns);
}
