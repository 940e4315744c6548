#include "net/https_tls.h"

#include "net/resolver.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct https_tls {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
};

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

static void keep_certificate(X509 *leaf, struct https_certificate *out)
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
    struct https_certificate *out = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    if (out == NULL || leaf == NULL) return trusted;
    if (!out->seen) keep_certificate(leaf, out);
    if (!trusted && out->verify_error == 0) {
        out->verify_error = X509_STORE_CTX_get_error(store);
        (void)snprintf(out->verify_text, sizeof out->verify_text, "%s",
                       X509_verify_cert_error_string(out->verify_error));
    }
    return trusted;
}

/* ---- the channel ---- */

static bool aim(SSL *ssl, const char *host)
{
    if (resolver_is_numeric(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

struct https_tls *https_tls_new(struct client_tls *settings, const char *host,
                                struct https_certificate *certificate)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    struct https_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) return NULL;
    tls->ssl = SSL_new(settings->context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL || !aim(tls->ssl, host) ||
        SSL_set_alpn_protos(tls->ssl, protocols, sizeof protocols - 1) != 0) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        SSL_free(tls->ssl);
        free(tls);
        return NULL;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_app_data(tls->ssl, certificate);
    SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, on_verify);
    SSL_set_options(tls->ssl, SSL_OP_CLEANSE_PLAINTEXT); /* a response may hold a secret */
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void https_tls_free(struct https_tls *tls)
{
    if (tls == NULL) return;
    SSL_free(tls->ssl);
    free(tls);
}

bool https_tls_feed(struct https_tls *tls, const char *bytes, size_t length)
{
    return length == 0 || BIO_write(tls->in, bytes, (int)length) == (int)length;
}

static enum https_tls_step judge(const struct https_tls *tls, int result)
{
    enum https_tls_step step = HTTPS_TLS_FAILED;
    int error = SSL_get_error(tls->ssl, result);
    if (error == SSL_ERROR_WANT_READ) step = HTTPS_TLS_MORE;
    if (error == SSL_ERROR_ZERO_RETURN) step = HTTPS_TLS_CLOSED;
    ERR_clear_error();
    return step;
}

enum https_tls_step https_tls_shake(struct https_tls *tls)
{
    ERR_clear_error(); /* SSL_get_error looks at the thread's error queue, which others share */
    int result = SSL_do_handshake(tls->ssl);
    return result == 1 ? HTTPS_TLS_SOME : judge(tls, result);
}

enum https_tls_step https_tls_read(struct https_tls *tls, char *plain, size_t size, size_t *length)
{
    ERR_clear_error();
    if (SSL_read_ex(tls->ssl, plain, size, length) == 1) return HTTPS_TLS_SOME;
    return judge(tls, 0);
}

bool https_tls_write(struct https_tls *tls, const char *plain, size_t length)
{
    size_t done = 0;
    ERR_clear_error();
    bool written = SSL_write_ex(tls->ssl, plain, length, &done) == 1 && done == length;
    ERR_clear_error();
    return written;
}

size_t https_tls_take(struct https_tls *tls, char *bytes, size_t size)
{
    int taken = BIO_read(tls->out, bytes, (int)size);
    return taken > 0 ? (size_t)taken : 0;
}

const char *https_tls_version(const struct https_tls *tls)
{
    return SSL_get_version(tls->ssl);
}

const char *https_tls_cipher(const struct https_tls *tls)
{
    const char *name = SSL_get_cipher_name(tls->ssl);
    return name != NULL ? name : "";
}

const char *https_tls_failure(const struct https_tls *tls)
{
    const struct client_tls_failure *failure = client_tls_failure(tls->ssl);
    return failure == NULL ? "" : failure->words;
}

void https_tls_tell(const struct https_tls *tls, struct https_result *result)
{
    const struct client_tls_failure *failure = client_tls_failure(tls->ssl);
    if (failure != NULL) result->tls_alert = failure->alert;
    result->certificate_asked = client_tls_asked(tls->ssl);
    result->certificate_given = result->certificate_asked && SSL_get_certificate(tls->ssl) != NULL;
}
