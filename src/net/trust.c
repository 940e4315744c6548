#include "net/trust.h"

#include "base/files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <unistd.h>

/* bytes: the roots of the whole world are a quarter of a megabyte */
#define ROOTS_LIMIT ((size_t)16 << 20)

static const char *reason_of_error(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason != NULL ? reason : "it holds none";
}

/* As X509_load_cert_crl_file (x509_lu(3ssl)) does it, from memory. Returns how many were added. */
static int add_all(X509_STORE *store, const struct text *pem)
{
    int added = 0;
    BIO *bio = BIO_new_mem_buf(text_str(pem), (int)pem->length);
    STACK_OF(X509_INFO) *all = bio != NULL ? PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;
    for (int i = 0; i < sk_X509_INFO_num(all); i++) {
        const X509_INFO *one = sk_X509_INFO_value(all, i);
        if (one->x509 != NULL && X509_STORE_add_cert(store, one->x509) == 1) added++;
        if (one->crl != NULL && X509_STORE_add_crl(store, one->crl) == 1) added++;
    }
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(bio);
    return added;
}

enum err_code trust_file(SSL_CTX *context, const char *path, struct error *err)
{
    struct text pem = {0};
    struct error unread = {0};
    enum err_code code = file_read(path, ROOTS_LIMIT, &pem, &unread);
    ERR_clear_error();
    if (code != ERR_OK) {
        code = error_set(err, ERR_NET, "ca_file %s: give a PEM file", unread.text);
    } else if (add_all(SSL_CTX_get_cert_store(context), &pem) == 0) {
        code = error_set(err, ERR_NET,
                         "ca_file %s: no certificate could be read from it (%s): give a PEM file",
                         path, reason_of_error());
    }
    ERR_clear_error();
    text_free(&pem);
    return code;
}

enum err_code trust_system_check(struct error *err)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    struct error inner = {0};
    int fd;
    if (file == NULL || *file == '\0' || !file_exists(file)) return ERR_OK;
    if (file_open(file, FILE_REGULAR, &fd, &inner) != ERR_OK)
        return error_set(err, ERR_NET, "%s %s", X509_get_default_cert_file_env(), inner.text);
    (void)close(fd);
    return ERR_OK;
}

enum err_code trust_system(SSL_CTX *context, struct error *err)
{
    enum err_code code = trust_system_check(err);
    if (code != ERR_OK || SSL_CTX_set_default_verify_paths(context) == 1) return code;
    return error_set(err, ERR_NET,
                     "cannot load the system's root certificates: install ca-certificates");
}
