#include "net/authority.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define OWN_NAME "rushhour simulator authority"
#define INSPECTOR_NAME "Example TLS Inspection CA"
#define INSPECTOR_ORGANIZATION "Example TLS Inspection"
#define WRONG_NAME "wrong-name.example.test"
#define VALID_BEFORE_S 3600
#define DAY_S (24L * 3600)
#define VALID_AFTER_S (30L * 24 * 3600)

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

struct tls_identity {
    SSL_CTX *context;
};

static enum err_code openssl_error(struct error *err, const char *what)
{
    char reason[160];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    return error_set(err, ERR_NET, "%s failed in OpenSSL: %s", what, reason);
}

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] &= 0x7F; /* serial numbers are positive (RFC 5280, 4.1.2.2) */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool done =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool set_name(X509_NAME *name, const char *common_name)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name,
                                      -1, -1, 0) == 1;
}

static bool set_organization(X509 *certificate, const char *organization)
{
    return organization == NULL ||
           X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "O", MBSTRING_ASC,
                                      (const unsigned char *)organization, -1, -1, 0) == 1;
}

/* The fields common to a root and a leaf; NULL if OpenSSL fails. */
static X509 *certificate_new(EVP_PKEY *key, const char *common_name)
{
    X509 *certificate = X509_new();
    if (certificate == NULL) return NULL;
    if (X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -VALID_BEFORE_S) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_AFTER_S) != NULL &&
        X509_set_pubkey(certificate, key) == 1 &&
        set_name(X509_get_subject_name(certificate), common_name))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static enum err_code authority_named(const char *name, const char *organization,
                                     struct authority **out, struct error *err)
{
    struct authority *authority = calloc(1, sizeof *authority);
    if (authority == NULL)
        return error_set(err, ERR_NOMEM, "no memory for a certificate authority");
    authority->key = EVP_EC_gen("P-256");
    if (authority->key == NULL) goto fail;
    X509 *root = authority->certificate = certificate_new(authority->key, name);
    if (root == NULL || !set_organization(root, organization) ||
        X509_set_issuer_name(root, X509_get_subject_name(root)) != 1 ||
        !add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(root, root, NID_subject_key_identifier, "hash") ||
        X509_sign(root, authority->key, EVP_sha256()) == 0)
        goto fail;
    *out = authority;
    return ERR_OK;
fail:
    authority_free(authority);
    return openssl_error(err, "making a certificate authority");
}

enum err_code authority_new(struct authority **out, struct error *err)
{
    return authority_named(OWN_NAME, NULL, out, err);
}

void authority_free(struct authority *authority)
{
    if (authority == NULL) return;
    EVP_PKEY_free(authority->key);
    X509_free(authority->certificate);
    free(authority);
}

enum err_code authority_pem(const struct authority *authority, struct text *out, struct error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) return openssl_error(err, "writing the root certificate");
    char *bytes = NULL;
    if (PEM_write_bio_X509(bio, authority->certificate) != 1) {
        BIO_free(bio);
        return openssl_error(err, "writing the root certificate");
    }
    long length = BIO_get_mem_data(bio, &bytes);
    text_append(out, bytes, (size_t)length);
    BIO_free(bio);
    if (out->failed) return error_set(err, ERR_NOMEM, "no memory for the root certificate");
    return ERR_OK;
}

static bool add_dns_name(GENERAL_NAMES *names, const char *host)
{
    size_t length = strlen(host);
    if (length > INT_MAX) return false;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    if (name == NULL || value == NULL || ASN1_STRING_set(value, host, (int)length) != 1) goto fail;
    GENERAL_NAME_set0_value(name, GEN_DNS, value);
    if (sk_GENERAL_NAME_push(names, name) > 0) return true;
    value = NULL; /* freed with the name */
fail:
    ASN1_IA5STRING_free(value);
    GENERAL_NAME_free(name);
    return false;
}

static bool add_address(GENERAL_NAMES *names, const unsigned char *bytes, int length)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    if (name == NULL || value == NULL || ASN1_OCTET_STRING_set(value, bytes, length) != 1)
        goto fail;
    GENERAL_NAME_set0_value(name, GEN_IPADD, value);
    if (sk_GENERAL_NAME_push(names, name) > 0) return true;
    value = NULL;
fail:
    ASN1_OCTET_STRING_free(value);
    GENERAL_NAME_free(name);
    return false;
}

/* Adds a name or address to the list; text that is not a numeric address counts as a DNS name. */
static bool add_host(GENERAL_NAMES *names, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1) return add_address(names, address, 4);
    if (inet_pton(AF_INET6, host, address) == 1) return add_address(names, address, 16);
    return add_dns_name(names, host);
}

/* The host and the names of this machine; or, to be wrong, only a name that is not the host's. */
static bool add_names(X509 *certificate, const char *host, enum leaf_flaw flaw)
{
    static const char *const always[] = {"localhost", "127.0.0.1"};
    size_t count = flaw == LEAF_WRONG_NAME ? 0 : sizeof always / sizeof *always;
    if (flaw == LEAF_WRONG_NAME) host = WRONG_NAME;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    if (names == NULL) return false;
    bool done = add_host(names, host);
    for (size_t i = 0; done && i < count; i++) {
        if (strcmp(always[i], host) != 0) done = add_host(names, always[i]);
    }
    done = done && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
    return done;
}

/* Shifts the validity period as the flaw requires. */
static bool set_validity(X509 *leaf, enum leaf_flaw flaw)
{
    if (flaw != LEAF_EXPIRED && flaw != LEAF_NOT_YET_VALID) return true;
    long begin = flaw == LEAF_EXPIRED ? -90 * DAY_S : DAY_S;
    long end = flaw == LEAF_EXPIRED ? -3600 : 90 * DAY_S;
    return X509_gmtime_adj(X509_getm_notBefore(leaf), begin) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(leaf), end) != NULL;
}

static X509 *leaf_new(const struct authority *authority, EVP_PKEY *key, const char *host,
                      enum leaf_flaw flaw)
{
    /* The real name is in the alternative names: a common name holds only 64 characters. */
    X509 *leaf = certificate_new(key, "rushhour simulator");
    if (leaf == NULL) return NULL;
    X509 *root = authority->certificate;
    if (set_validity(leaf, flaw) && X509_set_issuer_name(leaf, X509_get_subject_name(root)) == 1 &&
        add_extension(leaf, root, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(leaf, root, NID_key_usage, "critical,digitalSignature") &&
        add_extension(leaf, root, NID_ext_key_usage, "serverAuth") && add_names(leaf, host, flaw) &&
        add_extension(leaf, root, NID_subject_key_identifier, "hash") &&
        add_extension(leaf, root, NID_authority_key_identifier, "keyid:always") &&
        X509_sign(leaf, authority->key, EVP_sha256()) != 0)
        return leaf;
    X509_free(leaf);
    return NULL;
}

/* Clients on loopback offer nothing older than TLS 1.2. Session state lives in tickets, so it costs
 * no memory here. */
static SSL_CTX *context_new(X509 *leaf, EVP_PKEY *key)
{
    static const unsigned char id_context[] = "rushhour";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) return NULL;
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_num_tickets(context, 1) == 1 &&
        SSL_CTX_set_session_id_context(context, id_context, sizeof id_context - 1) == 1 &&
        SSL_CTX_use_certificate(context, leaf) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1 &&
        SSL_CTX_check_private_key(context) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static enum err_code issue(const struct authority *authority, const char *host, enum leaf_flaw flaw,
                           struct tls_identity **out, struct error *err)
{
    struct tls_identity *identity = calloc(1, sizeof *identity);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *leaf = key == NULL ? NULL : leaf_new(authority, key, host, flaw);
    if (identity != NULL && leaf != NULL) identity->context = context_new(leaf, key);
    if (identity != NULL && identity->context != NULL && flaw == LEAF_MUTUAL)
        SSL_CTX_set_verify(identity->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           NULL);
    X509_free(leaf);
    EVP_PKEY_free(key);
    if (identity == NULL)
        return error_set(err, ERR_NOMEM, "no memory for the certificate of %s", host);
    if (identity->context == NULL) {
        free(identity);
        return openssl_error(err, "issuing a certificate");
    }
    *out = identity;
    return ERR_OK;
}

enum err_code authority_issue_flawed(const struct authority *authority, const char *host,
                                     enum leaf_flaw flaw, struct tls_identity **out,
                                     struct error *err)
{
    if (flaw != LEAF_UNTRUSTED) return issue(authority, host, flaw, out, err);
    struct authority *inspector = NULL;
    enum err_code code = authority_named(INSPECTOR_NAME, INSPECTOR_ORGANIZATION, &inspector, err);
    if (inspector != NULL) code = issue(inspector, host, flaw, out, err);
    authority_free(inspector);
    return code;
}

enum err_code authority_issue(const struct authority *authority, const char *host,
                              struct tls_identity **out, struct error *err)
{
    return issue(authority, host, LEAF_SOUND, out, err);
}

void tls_identity_free(struct tls_identity *identity)
{
    if (identity == NULL) return;
    SSL_CTX_free(identity->context);
    free(identity);
}

struct ssl_ctx_st *tls_identity_context(const struct tls_identity *identity)
{
    return identity->context;
}
