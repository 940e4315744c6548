#include "net/http_private.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- notes of a connection ---- */

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1; /* index of the notes in an SSL_CTX: libcurl makes one for each connection */

void http_tls_leave(struct http_tls_notes *notes)
{
    if (notes != NULL && --notes->holders == 0) free(notes);
}

static void free_notes(void *parent, void *notes, CRYPTO_EX_DATA *data, int index, long number,
                       void *more)
{
    (void)parent, (void)data, (void)index, (void)number, (void)more;
    http_tls_leave(notes);
}

static void make_slot(void)
{
    slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_notes);
}

static struct http_tls_notes *notes_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot);
}

/* ---- the certificate ---- */

static void keep_name(X509_NAME *name, char *out, size_t size)
{
    BIO *memory = BIO_new(BIO_s_mem());
    out[0] = '\0';
    if (memory == NULL) return;
    if (X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        int length = BIO_read(memory, out, (int)size - 1);
        out[length > 0 ? length : 0] = '\0';
    }
    BIO_free(memory);
}

static void keep_organization(X509_NAME *name, char *out, size_t size)
{
    unsigned char *utf8 = NULL;
    int at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
    out[0] = '\0';
    if (at < 0) return;
    if (ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))) < 0)
        return;
    (void)snprintf(out, size, "%s", (const char *)utf8);
    OPENSSL_free(utf8);
}

static int64_t unix_time(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static void keep_certificate(X509 *leaf, struct http_certificate *out)
{
    out->seen = true;
    keep_name(X509_get_subject_name(leaf), out->subject, sizeof out->subject);
    keep_name(X509_get_issuer_name(leaf), out->issuer, sizeof out->issuer);
    keep_organization(X509_get_issuer_name(leaf), out->issuer_organization,
                      sizeof out->issuer_organization);
    out->not_before_s = unix_time(X509_get0_notBefore(leaf));
    out->not_after_s = unix_time(X509_get0_notAfter(leaf));
}

/* OpenSSL calls this for each certificate and each objection. The leaf is recorded in any case;
 * OpenSSL's verdict stands. */
static int on_verify(int trusted, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct http_tls_notes *notes = ssl != NULL ? notes_of(ssl) : NULL;
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    if (notes == NULL || leaf == NULL) return trusted;
    struct http_certificate *out = &notes->certificate;
    if (!out->seen) keep_certificate(leaf, out);
    if (!trusted && out->verify_error == 0) {
        out->verify_error = X509_STORE_CTX_get_error(store);
        (void)snprintf(out->verify_text, sizeof out->verify_text, "%s",
                       X509_verify_cert_error_string(out->verify_error));
    }
    return trusted;
}

/* ---- the handshake ---- */

static void begin_handshake(const struct http_tls_notes *notes)
{
    struct http_exchange *exchange = notes->exchange;
    if (exchange == NULL || exchange->over || exchange->step != HTTP_CONNECT) return;
    exchange_end_step(exchange);
    exchange_begin_step(exchange, HTTP_TLS);
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct http_tls_notes *notes = notes_of(ssl);
    if (notes == NULL) return;
    if (where & SSL_CB_HANDSHAKE_START) begin_handshake(notes);
    client_tls_watch(ssl, where, value);
    const struct client_tls_failure *failure = client_tls_failure(ssl);
    notes->failed = failure != NULL;
    if (failure != NULL) notes->failure = *failure;
    notes->asked = client_tls_asked(ssl);
    notes->given = notes->asked && SSL_get_certificate(ssl) != NULL;
    if (where & SSL_CB_HANDSHAKE_DONE) {
        const char *cipher = SSL_get_cipher_name(ssl);
        (void)snprintf(notes->version, sizeof notes->version, "%s", SSL_get_version(ssl));
        (void)snprintf(notes->cipher, sizeof notes->cipher, "%s", cipher == NULL ? "" : cipher);
    }
}

/* The name that the certificate must have. libcurl asks for it, too, but later, and less
 * strictly. */
static bool aim(SSL_CTX *context, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    if (resolver_is_numeric(host)) return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

CURLcode http_tls_settle(CURL *easy, void *context, void *user)
{
    struct http_exchange *exchange = user;
    (void)easy;
    if (exchange->over || !CRYPTO_THREAD_run_once(&once, make_slot) || slot < 0)
        return CURLE_OUT_OF_MEMORY;
    struct http_tls_notes *notes = calloc(1, sizeof *notes);
    if (notes == NULL) return CURLE_OUT_OF_MEMORY;
    notes->holders = 1;
    if (SSL_CTX_set_ex_data(context, slot, notes) != 1) {
        http_tls_leave(notes);
        return CURLE_OUT_OF_MEMORY;
    }
    if (!client_tls_lend(exchange->client->settings, context) || !aim(context, exchange->host))
        return CURLE_OUT_OF_MEMORY;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
    SSL_CTX_set_info_callback(context, on_info);
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT); /* an answer may hold a secret */
    http_tls_leave(exchange->notes);                        /* of a connection that failed */
    notes->holders++;
    notes->exchange = exchange;
    exchange->notes = notes;
    return CURLE_OK;
}

void http_tls_tell(const struct http_exchange *exchange, struct http_result *result)
{
    const struct http_tls_notes *notes = exchange->notes;
    if (notes == NULL) return;
    result->certificate = notes->certificate;
    if (notes->failed) result->tls_alert = notes->failure.alert;
    result->certificate_asked = notes->asked;
    result->certificate_given = notes->given;
    memcpy(result->tls_version, notes->version, sizeof result->tls_version);
    memcpy(result->tls_cipher, notes->cipher, sizeof result->tls_cipher);
}
