#include "service/target.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Placeholder for the header's value until there is a client secret. */
#define NO_SECRET_YET "none"

struct endpoint target_endpoint(const struct region *region, const char *token,
                                const char *client_secret)
{
    const struct auth *auth = &region->auth;
    const bool bearer =
        client_secret != NULL || auth->kind == AUTH_TOKEN || auth->kind == AUTH_TOKEN_COMMAND;
    return (struct endpoint){
        .dialect = region->dialect,
        .deployment = region->deployment != NULL ? region->deployment : region->model,
        .api_version = region->api_version,
        .path = region->path,
        .secret = client_secret != NULL ? client_secret
                  : token != NULL       ? token
                                        : auth->secret,
        .secret_is_token = bearer,
        .secret_in_query = client_secret == NULL && auth->in_query,
    };
}

static bool is_key_as_subprotocol(const struct http_header *header)
{
    return header->value != NULL && strcasecmp(header->name, "sec-websocket-protocol") == 0 &&
           strstr(header->value, "openai-insecure-api-key") != NULL;
}

static enum err_code add_credential(struct target *target, const struct endpoint *endpoint,
                                    struct error *err)
{
    struct text value = {0};
    const char *name = NULL;
    if (!endpoint_credential(endpoint, &name, &value)) return ERR_OK;
    target->credential = value.failed ? NULL : secret_copy(text_str(&value));
    text_wipe(&value);
    if (target->credential == NULL)
        return error_set(err, ERR_NOMEM, "region %s: no memory", target->region->name);
    target->headers[target->header_count++] = (struct http_header){name, target->credential};
    return ERR_OK;
}

static enum err_code build_headers(struct target *target, const struct endpoint *endpoint,
                                   struct error *err)
{
    const struct region *region = target->region;
    /* plus the credential and our request id */
    if (region->header_count + 2 > TARGET_HEADERS)
        return error_set(err, ERR_PROFILE, "region %s: headers: %d at most", region->name,
                         TARGET_HEADERS - 2);
    target->headers = calloc(region->header_count + 1, sizeof *target->headers);
    if (target->headers == NULL)
        return error_set(err, ERR_NOMEM, "region %s: no memory", region->name);
    enum err_code code = add_credential(target, endpoint, err);
    for (size_t i = 0; i < region->header_count && code == ERR_OK; i++) {
        const struct http_header header = {region->headers[i].name, region->headers[i].value};
        target->key_as_subprotocol = target->key_as_subprotocol || is_key_as_subprotocol(&header);
        target->headers[target->header_count++] = header;
    }
    return code;
}

/* Borrowed of the region: where the texts came from is for messages. */
static void add_certificate(struct target *target)
{
    const struct client_identity *client = &target->region->client;
    if (client->certificate == NULL || client->key == NULL) return;
    target->certificate = (struct tls_certificate){
        .certificate = client->certificate,
        .key = client->key,
        .passphrase = client->passphrase,
        .certificate_from = client->certificate_source,
        .key_from = client->key_source != NULL ? client->key_source : client->certificate_source,
    };
    target->where.terms.certificate = &target->certificate;
}

enum err_code target_init(struct target *target, const struct region *region,
                          const struct target_options *options, struct error *err)
{
    const char *secret = options->client_secret;
    if (secret == NULL && region->auth.ephemeral) secret = NO_SECRET_YET;
    const struct endpoint endpoint = target_endpoint(region, NULL, secret);
    *target = (struct target){.region = region};
    endpoint_target(&endpoint, &target->path);
    enum err_code code = build_headers(target, &endpoint, err);
    if (code == ERR_OK && target->path.failed)
        code = error_set(err, ERR_NOMEM, "region %s: no memory", region->name);
    if (code != ERR_OK) {
        target_free(target);
        return code;
    }
    target->where = (struct http_target){
        .host = region->host,
        .port = region->port,
        .tls = region->tls,
        .proxy = region->proxy,
        .terms = {.ca_file = options->ca_file != NULL ? options->ca_file : region->ca_file,
                  .resume = options->tls_resume},
        .target = text_str(&target->path),
        .headers = target->headers,
        .header_count = target->header_count,
    };
    add_certificate(target);
    connect_override_take(&target->where, region->name, options->connect_overrides,
                          options->connect_override_count);
    return ERR_OK;
}

void target_free(struct target *target)
{
    secret_free(target->credential);
    text_wipe(&target->path);
    free(target->headers);
    *target = (struct target){0};
}
