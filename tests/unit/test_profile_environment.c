/* Proxies set in the environment. */
#include "profile/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const variables[] = {"HTTPS_PROXY", "https_proxy", "ALL_PROXY",
                                        "all_proxy",   "NO_PROXY",    "no_proxy"};

static void clear(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
}

static void lists_of_exceptions(void **state)
{
    (void)state;
    static const struct {
        const char *list, *host;
        bool out;
    } rows[] = {
        {"", "x.azure.com", false},
        {"*", "x.azure.com", true},
        {"azure.com", "x.openai.azure.com", true},
        {".azure.com", "x.openai.azure.com", true},
        {"azure.com", "azure.com", true},
        {"azure.com", "notazure.com", false},
        {"AZURE.com", "x.azure.COM", true},
        {"localhost, 127.0.0.1 ,x.azure.com:443", "x.azure.com", true},
        {"localhost,127.0.0.1", "127.0.0.1", true},
        {"::1", "::1", true},
        {"longer.than.the.host", "host", false},
        {",, ,", "host", false},
        {":443", "host", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (environment_leaves_out(rows[i].list, rows[i].host) != rows[i].out)
            fail_msg("%s in %s", rows[i].host, rows[i].list);
    }
}

static void the_variable_is_named(void **state)
{
    (void)state;
    clear();
    assert_null(environment_proxy("x.azure.com"));
    setenv("all_proxy", "http://p:1", 1);
    assert_string_equal(environment_proxy("x.azure.com"), "all_proxy");
    setenv("HTTPS_PROXY", "http://p:1", 1);
    assert_string_equal(environment_proxy("x.azure.com"), "HTTPS_PROXY");
    setenv("HTTPS_PROXY", "", 1); /* empty counts as not set */
    assert_string_equal(environment_proxy("x.azure.com"), "all_proxy");
    setenv("NO_PROXY", "azure.com", 1);
    assert_null(environment_proxy("x.azure.com"));
    assert_string_equal(environment_proxy("x.example"), "all_proxy");
    clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_exceptions),
        cmocka_unit_test(the_variable_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
