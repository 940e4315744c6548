#include "net/authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* cmocka wants the above first */
#include <cmocka.h>

static struct authority *authority;

static int set_up(void **state)
{
    (void)state;
    return authority_new(&authority, NULL) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    authority_free(authority);
    return 0;
}

static X509 *root(void)
{
    struct text pem = {0};
    assert_int_equal(authority_pem(authority, &pem, NULL), ERR_OK);
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.length);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(certificate);
    assert_null(strstr(pem.data, "PRIVATE"));
    BIO_free(bio);
    text_free(&pem);
    return certificate;
}

/* Verifies as a client does; the strict flag adds what RFC 5280 asks of the extensions. */
static int verify(X509 *leaf, const char *host, const char *address)
{
    X509 *trusted = root();
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, trusted);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf, NULL);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    if (host != NULL) X509_VERIFY_PARAM_set1_host(parameters, host, 0);
    if (address != NULL) X509_VERIFY_PARAM_set1_ip_asc(parameters, address);
    X509_verify_cert(context);
    int result = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(trusted);
    return result;
}

static void test_names(void **state)
{
    (void)state;
    static const char host[] =
        "contoso-with-a-very-long-resource-name-eastus2-production.openai.azure.com";
    struct tls_identity *identity = NULL;
    assert_int_equal(authority_issue(authority, host, &identity, NULL), ERR_OK);
    X509 *leaf = SSL_CTX_get0_certificate(tls_identity_context(identity));
    assert_int_equal(verify(leaf, host, NULL), X509_V_OK);
    assert_int_equal(verify(leaf, "localhost", NULL), X509_V_OK);
    assert_int_equal(verify(leaf, NULL, "127.0.0.1"), X509_V_OK);
    assert_int_equal(verify(leaf, "other.openai.azure.com", NULL), X509_V_ERR_HOSTNAME_MISMATCH);
    assert_int_equal(verify(leaf, NULL, "127.0.0.2"), X509_V_ERR_IP_ADDRESS_MISMATCH);
    tls_identity_free(identity);
}

static void test_address_as_host(void **state)
{
    (void)state;
    static const char *const hosts[] = {"::1", "192.0.2.7", "127.0.0.1"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct tls_identity *identity = NULL;
        assert_int_equal(authority_issue(authority, hosts[i], &identity, NULL), ERR_OK);
        assert_int_equal(
            verify(SSL_CTX_get0_certificate(tls_identity_context(identity)), NULL, hosts[i]),
            X509_V_OK);
        tls_identity_free(identity);
    }
}

static void test_key_and_validity(void **state)
{
    (void)state;
    X509 *certificate = root();
    char curve[32];
    size_t length = 0;
    assert_int_equal(
        EVP_PKEY_get_group_name(X509_get0_pubkey(certificate), curve, sizeof curve, &length), 1);
    assert_string_equal(curve, "prime256v1");
    time_t now = time(NULL);
    time_t month_later = now + 29L * 24 * 3600;
    time_t hour_before = now - 3590;
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(certificate), &hour_before), -1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(certificate), &month_later), 1);
    assert_true(X509_check_ca(certificate) == 1);
    X509_free(certificate);
}

static void test_two_authorities_do_not_mix(void **state)
{
    (void)state;
    struct authority *other = NULL;
    struct tls_identity *identity = NULL;
    assert_int_equal(authority_new(&other, NULL), ERR_OK);
    assert_int_equal(authority_issue(other, "localhost", &identity, NULL), ERR_OK);
    assert_int_not_equal(
        verify(SSL_CTX_get0_certificate(tls_identity_context(identity)), "localhost", NULL),
        X509_V_OK);
    tls_identity_free(identity);
    authority_free(other);
}

/* One thing is wrong with each, and no other. */
static void test_flaws(void **state)
{
    (void)state;
    static const int errors[] = {X509_V_OK,
                                 X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                 X509_V_ERR_HOSTNAME_MISMATCH,
                                 X509_V_ERR_CERT_HAS_EXPIRED,
                                 X509_V_ERR_CERT_NOT_YET_VALID,
                                 X509_V_OK};
    for (int flaw = LEAF_SOUND; flaw <= LEAF_MUTUAL; flaw++) {
        struct tls_identity *identity = NULL;
        assert_int_equal(
            authority_issue_flawed(authority, "localhost", (enum leaf_flaw)flaw, &identity, NULL),
            ERR_OK);
        X509 *leaf = SSL_CTX_get0_certificate(tls_identity_context(identity));
        assert_int_equal(verify(leaf, "localhost", NULL), errors[flaw]);
        char issuer[256];
        X509_NAME_oneline(X509_get_issuer_name(leaf), issuer, sizeof issuer);
        assert_int_equal(strstr(issuer, "O=Example TLS Inspection") != NULL,
                         flaw == LEAF_UNTRUSTED);
        if (flaw == LEAF_WRONG_NAME)
            assert_int_equal(verify(leaf, NULL, "127.0.0.1"), X509_V_ERR_IP_ADDRESS_MISMATCH);
        tls_identity_free(identity);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_address_as_host),
        cmocka_unit_test(test_key_and_validity),
        cmocka_unit_test(test_two_authorities_do_not_mix),
        cmocka_unit_test(test_flaws),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
