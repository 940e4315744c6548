#include "net/client_tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * lws empties OpenSSL's error queue and reports every failure as "SSL err 1". This callback runs while the
 * queue still stands, at the end of each SSL_connect and for each alert, and keeps the words for the
 * connection that just failed. It is also the only moment to lay a tunnel between TLS and its socket.
 */
static void watch_handshake(const SSL *ssl, int where, int value)
{
    struct client_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (!tls) return;
    if ((where & SSL_CB_HANDSHAKE_START) && tls->tunnel && SSL_get_fd(ssl) == tls->tunnel->fd) {
        client_tunnel_attach(tls->tunnel, (SSL *)(uintptr_t)ssl);
        tls->tunnel = NULL;
        return;
    }
    if (where & SSL_CB_ALERT) {
        if ((value >> 8) != SSL3_AL_FATAL || tls->failure[0]) return;
        const char *side = (where & SSL_CB_READ) ? "received" : "sent";
        (void)snprintf(tls->failure, sizeof(tls->failure), "alert %s: %s", side,
                       SSL_alert_desc_string_long(value));
        return;
    }
    if (where != SSL_CB_CONNECT_EXIT || value > 0) return;
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (!reason) return;
    (void)snprintf(tls->failure, sizeof(tls->failure), "%s", reason);
    tls->peer_left =
        ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static enum err_code load_roots(struct client_tls *tls, enum client_trust trust, struct error *err)
{
    if (trust == TRUST_NOBODY) return ERR_OK;
    if (trust == TRUST_SYSTEM) {
        if (SSL_CTX_set_default_verify_paths(tls->context) == 1) return ERR_OK;
        return error_set(err, ERR_NET, "cannot load the system's root certificates: install ca-certificates");
    }
    if (SSL_CTX_load_verify_file(tls->context, tls->ca_file) == 1) return ERR_OK;
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    enum err_code code =
        error_set(err, ERR_NET, "ca_file %s: no certificate could be read from it (%s): give a PEM file",
                  tls->ca_file, reason ? reason : "unknown");
    ERR_clear_error();
    return code;
}

static void configure(struct client_tls *tls)
{
    SSL_CTX *context = tls->context;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Renegotiation would call back into a connection that a refusal has taken from lws. */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Each session pays for its own handshake, as a new user's would. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_app_data(context, tls);
    SSL_CTX_set_info_callback(context, watch_handshake);
}

enum err_code client_tls_new(enum client_trust trust, const char *ca_file, struct client_tls **out,
                             struct error *err)
{
    struct client_tls *tls = calloc(1, sizeof(*tls));
    if (!tls) return error_set(err, ERR_NOMEM, "no memory for TLS settings");
    if (trust == TRUST_FILE) tls->ca_file = strdup(ca_file);
    tls->context = SSL_CTX_new(TLS_client_method());
    enum err_code code = ERR_OK;
    if (!tls->context || (trust == TRUST_FILE && !tls->ca_file)) {
        code = error_set(err, ERR_NOMEM, "no memory for TLS settings");
    } else {
        configure(tls);
        code = load_roots(tls, trust, err);
    }
    if (code != ERR_OK) {
        client_tls_free(tls);
        return code;
    }
    *out = tls;
    return ERR_OK;
}

void client_tls_free(struct client_tls *tls)
{
    if (!tls) return;
    SSL_CTX_free(tls->context);
    free(tls->ca_file);
    free(tls);
}

void client_tls_forget(struct client_tls *tls)
{
    tls->failure[0] = '\0';
    tls->peer_left = false;
}
