#include "check/request.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT_REQUEST_ID "x-ms-client-request-id"

/* The credential, the profile's own headers, our id. */
static bool make_headers(struct check_request *request, const struct region *region,
                         const struct endpoint *endpoint, const char *client_request_id)
{
    const char *name = NULL;
    size_t count = 0;
    request->headers = calloc(region->header_count + 2, sizeof *request->headers);
    if (request->headers == NULL) return false;
    if (endpoint_credential(endpoint, &name, &request->credential))
        request->headers[count++] = (struct ws_header){name, text_str(&request->credential)};
    for (size_t i = 0; i < region->header_count; i++)
        request->headers[count++] =
            (struct ws_header){region->headers[i].name, region->headers[i].value};
    request->headers[count++] = (struct ws_header){CLIENT_REQUEST_ID, client_request_id};
    request->where.headers = request->headers;
    request->where.header_count = count;
    return !request->credential.failed;
}

struct endpoint request_endpoint(const struct region *region, const char *client_secret)
{
    const struct auth *auth = &region->auth;
    return (struct endpoint){
        .dialect = region->dialect,
        .deployment = region->deployment != NULL ? region->deployment : region->model,
        .api_version = region->api_version,
        .path = region->path,
        .secret = client_secret != NULL ? client_secret : auth->secret,
        .secret_is_token =
            client_secret != NULL || auth->kind == AUTH_TOKEN || auth->kind == AUTH_TOKEN_COMMAND,
        .secret_in_query = client_secret == NULL && auth->in_query,
    };
}

enum err_code request_make(struct check_request *request, const struct region *region,
                           const char *client_secret, const char *ca_file,
                           const char *client_request_id, struct error *err)
{
    const struct endpoint endpoint = request_endpoint(region, client_secret);
    endpoint_target(&endpoint, &request->target);
    request->where = (struct ws_target){
        .host = region->host,
        .port = region->port,
        .tls = region->tls,
        .proxy = region->proxy,
        .ca_file = ca_file != NULL ? ca_file : region->ca_file,
        .target = text_str(&request->target),
    };
    if (make_headers(request, region, &endpoint, client_request_id) && !request->target.failed)
        return ERR_OK;
    return error_set(err, ERR_NOMEM, "region %s: no memory", region->name);
}

static void wipe(struct text *text)
{
    if (text->data != NULL) explicit_bzero(text->data, text->capacity);
    text_free(text);
}

void request_free(struct check_request *request)
{
    wipe(&request->target);
    wipe(&request->credential);
    free(request->headers);
    *request = (struct check_request){0};
}
