#include "net/client_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* What OpenSSL asked for while it read a key. */
struct asking {
    const char *passphrase; /* NULL: none was given */
    bool asked;
};

static int give_passphrase(char *out, int size, int writing, void *user)
{
    struct asking *asking = user;
    (void)writing;
    asking->asked = true;
    if (asking->passphrase == NULL) return -1;
    const size_t length = strlen(asking->passphrase);
    if (length > (size_t)size) return -1;
    memcpy(out, asking->passphrase, length);
    return (int)length;
}

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory for a client certificate");
}

/* The leaf, then the certificates that lead from it to a root. */
static enum err_code use_chain(SSL_CTX *context, const struct tls_certificate *certificate,
                               struct error *err)
{
    BIO *pem = BIO_new_mem_buf(certificate->certificate, -1);
    if (pem == NULL) return no_memory(err);
    X509 *leaf = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL);
    bool good = leaf != NULL && SSL_CTX_use_certificate(context, leaf) == 1;
    X509_free(leaf);
    X509 *next;
    while (good && (next = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL) {
        good = SSL_CTX_add0_chain_cert(context, next) == 1;
        if (!good) X509_free(next);
    }
    BIO_free(pem);
    ERR_clear_error(); /* the end of the text is an error to OpenSSL */
    if (good) return ERR_OK;
    return error_set(err, ERR_NET,
                     "client_cert %s: no certificate could be read from it: give a PEM file "
                     "(-----BEGIN CERTIFICATE-----)",
                     certificate->certificate_from);
}

static enum err_code read_key(const struct tls_certificate *certificate, EVP_PKEY **out,
                              struct error *err)
{
    struct asking asking = {.passphrase = certificate->passphrase};
    BIO *pem = BIO_new_mem_buf(certificate->key, -1);
    if (pem == NULL) return no_memory(err);
    *out = PEM_read_bio_PrivateKey(pem, NULL, give_passphrase, &asking);
    BIO_free(pem);
    ERR_clear_error();
    if (*out != NULL) return ERR_OK;
    if (asking.asked && asking.passphrase == NULL)
        return error_set(err, ERR_NET,
                         "client_key %s: the key is encrypted: name its passphrase in "
                         "client_key_passphrase, as ${NAME} or ${file:PATH}",
                         certificate->key_from);
    if (asking.asked)
        return error_set(err, ERR_NET,
                         "client_key %s: client_key_passphrase does not open the key: correct the "
                         "passphrase",
                         certificate->key_from);
    return error_set(err, ERR_NET,
                     "client_key %s: no private key could be read from it: give a PEM file "
                     "(-----BEGIN PRIVATE KEY-----)",
                     certificate->key_from);
}

enum err_code client_certificate_use(SSL_CTX *context, const struct tls_certificate *certificate,
                                     struct error *err)
{
    EVP_PKEY *key = NULL;
    ERR_clear_error();
    enum err_code code = use_chain(context, certificate, err);
    if (code == ERR_OK) code = read_key(certificate, &key, err);
    if (code != ERR_OK) return code;
    const bool fits =
        SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (fits) return ERR_OK;
    return error_set(err, ERR_NET,
                     "client_key %s does not belong to client_cert %s: give the key that the "
                     "certificate was made for",
                     certificate->key_from, certificate->certificate_from);
}
