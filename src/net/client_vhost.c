/* lws keeps the trusted roots in a "vhost"; this file finds or creates the one for a target. */
#include "net/client_private.h"

#include <stdlib.h>
#include <string.h>

/* The roots that a target trusts; the system's are loaded on first use. */
static enum err_code find_tls(struct ws_client *client, const struct http_target *target,
                              struct client_tls **out, struct error *err)
{
    *out = client->tls[0];
    if (!target->tls) return ERR_OK;
    if (target->ca_file == NULL) {
        enum err_code code = client->tls[1] != NULL
                                 ? ERR_OK
                                 : client_tls_new(TRUST_SYSTEM, NULL, &client->tls[1], err);
        *out = client->tls[1];
        return code;
    }
    for (size_t i = 2; i < client->tls_count; i++) {
        *out = client->tls[i];
        if (strcmp(client->tls[i]->ca_file, target->ca_file) == 0) return ERR_OK;
    }
    return error_set(err, ERR_INTERNAL, "ca_file %s was not announced when the client was made",
                     target->ca_file);
}

static const struct lws_protocols protocols[] = {
    {.name = CLIENT_PROTOCOL,
     .callback = client_callback,
     .rx_buffer_size = CLIENT_FRAME_BUFFER,
     .tx_packet_size = 65536},
    {.name = NULL},
};

static struct lws_vhost *make_lws_vhost(struct ws_client *client, struct client_tls *tls)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "client",
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .provided_client_ssl_ctx = tls->context,
        .http_proxy_address =
            "none:0", /* otherwise lws takes http_proxy from the environment; port 0 means none */
        .connect_timeout_secs = 86400,
        .user = client,
    };
    return lws_create_vhost(client->context, &info);
}

static enum err_code make_vhost(struct ws_client *client, struct client_tls *tls,
                                struct client_vhost **out, struct error *err)
{
    struct client_vhost *made = calloc(1, sizeof *made);
    if (made == NULL) return error_set(err, ERR_NOMEM, "no memory for a connection");
    made->vhost = make_lws_vhost(client, tls);
    if (made->vhost == NULL) {
        free(made);
        return error_set(err, ERR_NOMEM, "libwebsockets could not make a virtual host");
    }
    made->tls = tls;
    made->next = client->vhosts;
    client->vhosts = made;
    *out = made;
    return ERR_OK;
}

enum err_code client_vhost_find(struct ws_client *client, const struct http_target *target,
                                struct client_vhost **out, struct error *err)
{
    struct client_tls *tls = NULL;
    enum err_code code = find_tls(client, target, &tls, err);
    if (code != ERR_OK) return code;
    for (*out = client->vhosts; *out != NULL; *out = (*out)->next) {
        if ((*out)->tls == tls) return ERR_OK;
    }
    return make_vhost(client, tls, out, err);
}
