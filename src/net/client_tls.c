#include "net/client_tls.h"

#include "net/client_certificate.h"
#include "net/tls_alert.h"
#include "net/trust.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- failed handshakes ---- */

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1; /* index of the failure in an SSL */

static void free_failure(void *parent, void *failure, CRYPTO_EX_DATA *data, int index, long number,
                         void *more)
{
    (void)parent, (void)data, (void)index, (void)number, (void)more;
    free(failure);
}

static void make_slot(void)
{
    slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_failure);
}

/* What is kept with a connection. */
struct notes {
    bool asked, failed;
    struct client_tls_failure failure;
};

/* The notes of this connection, made empty when there are none yet; NULL without memory. */
static struct notes *notes_of(const SSL *ssl)
{
    struct notes *notes = SSL_get_ex_data(ssl, slot);
    if (notes != NULL) return notes;
    notes = calloc(1, sizeof *notes);
    if (notes != NULL && SSL_set_ex_data((SSL *)(uintptr_t)ssl, slot, notes) == 1) return notes;
    free(notes);
    return NULL;
}

const struct client_tls_failure *client_tls_failure(const SSL *ssl)
{
    const struct notes *notes = slot < 0 ? NULL : SSL_get_ex_data(ssl, slot);
    return notes != NULL && notes->failed ? &notes->failure : NULL;
}

bool client_tls_asked(const SSL *ssl)
{
    const struct notes *notes = slot < 0 ? NULL : SSL_get_ex_data(ssl, slot);
    return notes != NULL && notes->asked;
}

static int on_certificate_asked(SSL *ssl, void *unused)
{
    (void)unused;
    struct notes *notes = notes_of(ssl);
    if (notes != NULL) notes->asked = true;
    return 1;
}

/* The peer's alert says more than the errors it causes here; of our own errors the first one
 * counts. */
static void note_alert(const SSL *ssl, int where, int value)
{
    const bool received = (where & SSL_CB_READ) != 0;
    const int number = value & 0xff;
    if (!tls_alert_is_fatal(number, (value >> 8) == SSL3_AL_FATAL,
                            SSL_version(ssl) == TLS1_3_VERSION))
        return;
    struct notes *notes = notes_of(ssl);
    if (notes == NULL || notes->failure.alert != 0 || (notes->failed && !received)) return;
    notes->failed = true;
    notes->failure.peer_left = false;
    if (received) notes->failure.alert = number;
    (void)snprintf(notes->failure.words, sizeof notes->failure.words, "TLS alert %d %s: %s", number,
                   received ? "received" : "sent", tls_alert_name(number));
}

static void note_error(const SSL *ssl)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    struct notes *notes = reason != NULL ? notes_of(ssl) : NULL;
    if (notes == NULL || notes->failure.alert != 0) return;
    notes->failed = true;
    (void)snprintf(notes->failure.words, sizeof notes->failure.words, "%s", reason);
    notes->failure.peer_left = ERR_GET_LIB(code) == ERR_LIB_SSL &&
                               ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

/*
 * Names are looked for among the subject's alternative names alone: a common name says nothing of a
 * host (RFC 9525, 6.4.4), and no current client falls back on it. Set with the connection, because
 * lws sets flags of its own there.
 */
static void want_alternative_name(SSL *ssl)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

/*
 * lws empties OpenSSL's error queue and reports every failure as "SSL err 1". This callback runs
 * while the queue is still intact, at the end of each SSL_connect and for each alert, and keeps the
 * message with the connection, because others on the same context fail at the same time.
 */
void client_tls_watch(const SSL *ssl, int where, int value)
{
    if (where & SSL_CB_HANDSHAKE_START) want_alternative_name((SSL *)(uintptr_t)ssl);
    if (where & SSL_CB_ALERT) {
        note_alert(ssl, where, value);
    } else if (where == SSL_CB_CONNECT_EXIT && value <= 0) {
        note_error(ssl);
    }
}

/* The same for lws, with the only moment to insert a tunnel between TLS and its socket. */
static void watch_handshake(const SSL *ssl, int where, int value)
{
    struct client_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (!tls) return;
    client_tls_watch(ssl, where, value);
    if ((where & SSL_CB_HANDSHAKE_START) && tls->resume)
        client_resume_offer(&tls->resumes, (SSL *)(uintptr_t)ssl);
    if ((where & SSL_CB_HANDSHAKE_START) && tls->tunnel && SSL_get_fd(ssl) == tls->tunnel->fd) {
        client_tunnel_attach(tls->tunnel, (SSL *)(uintptr_t)ssl);
        tls->tunnel = NULL;
    }
}

/* ---- contexts ---- */

static enum err_code load_roots(struct client_tls *tls, struct error *err)
{
    if (tls->trust == TRUST_NOBODY) return ERR_OK;
    return tls->trust == TRUST_SYSTEM ? trust_system(tls->context, err)
                                      : trust_file(tls->context, tls->ca_file, err);
}

static void set_policy(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Renegotiation would call back into a connection that a refusal has taken from lws. */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_cert_cb(context, on_certificate_asked, NULL);
}

static void configure(struct client_tls *tls)
{
    SSL_CTX *context = tls->context;
    set_policy(context);
    /* Each session does a full handshake, like a new user's, unless it is told otherwise. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (tls->resume) client_resume_keep(&tls->resumes, context);
    SSL_CTX_set_app_data(context, tls);
    SSL_CTX_set_info_callback(context, watch_handshake);
}

enum err_code client_tls_new(const struct tls_terms *terms, struct client_tls **out,
                             struct error *err)
{
    struct client_tls *tls = calloc(1, sizeof *tls);
    if (!tls) return error_set(err, ERR_NOMEM, "no memory for TLS settings");
    if (terms != NULL) tls->trust = terms->ca_file != NULL ? TRUST_FILE : TRUST_SYSTEM;
    if (tls->trust == TRUST_FILE) tls->ca_file = strdup(terms->ca_file);
    tls->certificate = terms != NULL ? terms->certificate : NULL;
    tls->resume = terms != NULL && terms->resume;
    tls->context = SSL_CTX_new(TLS_client_method());
    enum err_code code = ERR_OK;
    if (!CRYPTO_THREAD_run_once(&once, make_slot) || slot < 0 || !tls->context ||
        (tls->trust == TRUST_FILE && !tls->ca_file)) {
        code = error_set(err, ERR_NOMEM, "no memory for TLS settings");
    } else {
        configure(tls);
        code = load_roots(tls, err);
    }
    if (code == ERR_OK && tls->certificate != NULL)
        code = client_certificate_use(tls->context, tls->certificate, err);
    if (code != ERR_OK) {
        client_tls_free(tls);
        return code;
    }
    *out = tls;
    return ERR_OK;
}

bool client_tls_lend(const struct client_tls *tls, SSL_CTX *context)
{
    X509 *leaf = SSL_CTX_get0_certificate(tls->context);
    STACK_OF(X509) *chain = NULL;
    set_policy(context);
    SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(tls->context));
    if (tls->certificate == NULL || leaf == NULL) return true;
    return SSL_CTX_get0_chain_certs(tls->context, &chain) == 1 &&
           SSL_CTX_use_cert_and_key(context, leaf, SSL_CTX_get0_privatekey(tls->context), chain,
                                    1) == 1;
}

bool client_tls_fits(const struct client_tls *tls, const struct tls_terms *terms)
{
    if (tls->trust == TRUST_NOBODY || tls->certificate != terms->certificate) return false;
    if (tls->resume != terms->resume) return false;
    if (terms->ca_file == NULL) return tls->trust == TRUST_SYSTEM;
    return tls->trust == TRUST_FILE && strcmp(tls->ca_file, terms->ca_file) == 0;
}

void client_tls_free(struct client_tls *tls)
{
    if (!tls) return;
    SSL_CTX_free(tls->context);
    client_resume_free(&tls->resumes);
    free(tls->ca_file);
    free(tls);
}
