/* Hosts reached at a different address. */
#include "net/connect_override.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four headers above first */
#include <cmocka.h>

static void a_connect_override_is_written_host_port_address_port(void **state)
{
    static const char *const wrong[] = {
        "",        "a:1",           "a:1=b:2",         "a=127.0.0.1:2",
        "a:0=::1", "a:1=127.0.0.1", "a:1=127.0.0.1:0", "a:99999=127.0.0.1:2"};
    struct connect_override connect_override;
    struct error err = {0};
    (void)state;
    assert_int_equal(
        connect_override_parse("contoso.example.com:443=[::1]:8443", &connect_override, &err),
        ERR_OK);
    assert_string_equal(connect_override.host, "contoso.example.com");
    assert_string_equal(connect_override.address, "::1");
    assert_int_equal(connect_override.port, 443);
    assert_int_equal(connect_override.address_port, 8443);
    assert_null(connect_override.region);
    connect_override_free(&connect_override);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (connect_override_parse(wrong[i], &connect_override, &err) != ERR_USAGE)
            fail_msg("%s was taken", wrong[i]);
    }
}

static void the_first_connect_override_that_fits_is_taken(void **state)
{
    char host[] = "contoso.example.com";
    char addresses[][12] = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};
    const struct connect_override connect_overrides[] = {
        {.host = host, .port = 8443, .address = addresses[0], .address_port = 1},
        {.region = "west", .host = host, .port = 443, .address = addresses[1], .address_port = 2},
        {.host = host, .port = 443, .address = addresses[2], .address_port = 3},
    };
    struct http_target target = {.host = "Contoso.Example.COM", .port = 443};
    (void)state;
    connect_override_take(&target, "east", connect_overrides, 3);
    assert_string_equal(target.address, "127.0.0.3");
    assert_int_equal(target.address_port, 3);
    connect_override_take(&target, "west", connect_overrides, 3);
    assert_string_equal(target.address, "127.0.0.2");
    struct http_target other = {.host = "other.example.com", .port = 443};
    connect_override_take(&other, "east", connect_overrides, 3);
    assert_null(other.address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_override_is_written_host_port_address_port),
        cmocka_unit_test(the_first_connect_override_that_fits_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
