/* lws keeps TLS settings in a "vhost"; this file finds or creates the one for a target. */
#include "net/client_private.h"

#include <stdlib.h>

enum err_code client_vhost_tls(struct ws_client *client, const struct tls_terms *terms,
                               struct client_tls **out, struct error *err)
{
    for (*out = client->tls; *out != NULL; *out = (*out)->next) {
        if (terms != NULL ? client_tls_fits(*out, terms) : (*out)->trust == TRUST_NOBODY)
            return ERR_OK;
    }
    enum err_code code = client_tls_new(terms, out, err);
    if (code != ERR_OK) return code;
    (*out)->next = client->tls;
    client->tls = *out;
    return ERR_OK;
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
    enum err_code code = client_vhost_tls(client, target->tls ? &target->terms : NULL, &tls, err);
    if (code != ERR_OK) return code;
    for (*out = client->vhosts; *out != NULL; *out = (*out)->next) {
        if ((*out)->tls == tls) return ERR_OK;
    }
    return make_vhost(client, tls, out, err);
}
