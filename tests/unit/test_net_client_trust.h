/* The authority that the client's tests over TLS trust, for a whole group of tests. */
#ifndef TEST_NET_CLIENT_TRUST_H
#define TEST_NET_CLIENT_TRUST_H

#include "net/authority.h"
#include "test_net_client_harness.h"

static struct authority *authority;
static struct tls_identity *identity; /* of localhost.test, issued by it */
static char ca_file[] = "/tmp/rushhour-test-XXXXXX";

/* Writes a file at a path that ends with XXXXXX, which becomes its name. */
static inline void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static inline int make_authority(void **state)
{
    (void)state;
    struct error err = {0};
    struct text pem = {0};
    assert_int_equal(authority_new(&authority, &err), ERR_OK);
    assert_int_equal(authority_issue(authority, "localhost.test", &identity, &err), ERR_OK);
    assert_int_equal(authority_pem(authority, &pem, &err), ERR_OK);
    write_file(ca_file, text_str(&pem));
    text_free(&pem);
    return 0;
}

static inline int free_authority(void **state)
{
    (void)state;
    tls_identity_free(identity);
    authority_free(authority);
    return unlink(ca_file);
}

static inline void trust_begin(struct bench *bench)
{
    const char *files[] = {ca_file};
    bench_begin(bench, files, 1);
}

/* plain_target() over TLS. */
static inline struct http_target tls_target(uint16_t port)
{
    struct http_target target = plain_target(port);
    target.tls = true;
    target.terms.ca_file = ca_file;
    return target;
}

#endif
