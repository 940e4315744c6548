/* JSON Web Tokens, and when they are replaced. */
#include "realtime/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The example of RFC 7519, section 3.1:
 * {"iss":"joe","exp":1300819380,"http://example.com/is_root":true}, with line breaks inside. */
static const char rfc7519[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
                              "."
                              "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                              "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
                              "."
                              "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

static void test_the_example_of_the_rfc(void **state)
{
    (void)state;
    struct token_facts facts;
    assert_true(token_read(rfc7519, &facts));
    assert_int_equal(facts.expires_s, 1300819380);
    assert_int_equal(facts.issued_s, 0);
    assert_string_equal(facts.audience, "");
}

static void test_claims_of_entra(void **state)
{
    (void)state;
    struct token_facts facts;
    /* python3: b64({"aud":"https://cognitiveservices.azure.com","iat":1700000000,"nbf":1700000060,
     * "exp":1700003600.5,"name":"\u00fe\u00ff?>"}), where '-' and '_' stand in the text */
    assert_true(token_read("eyJhbGciOiJSUzI1NiJ9."
                           "eyJhdWQiOiJodHRwczovL2NvZ25pdGl2ZXNlcnZpY2VzLmF6dXJlLmNvbSIsImlhdCI6MTc"
                           "wMDAwMDAwMCwibmJmIjox"
                           "NzAwMDAwMDYwLCJleHAiOjE3MDAwMDM2MDAuNSwibmFtZSI6IsO-w78_PiJ9.c2ln",
                           &facts));
    assert_string_equal(facts.audience, "https://cognitiveservices.azure.com");
    assert_int_equal(facts.issued_s, 1700000000);
    assert_int_equal(facts.not_before_s, 1700000060);
    assert_int_equal(facts.expires_s, 1700003600);
    /* {"aud":["first","second"],"exp":"soon"} */
    assert_true(token_read("e30.eyJhdWQiOlsiZmlyc3QiLCJzZWNvbmQiXSwiZXhwIjoic29vbiJ9.", &facts));
    assert_string_equal(facts.audience, "first");
    assert_int_equal(facts.expires_s, 0);
}

static void test_what_is_no_token(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",           ".",           "..",          "...",
        "a.b",        "sk-abcdefgh", "ek_1234",     "e30.e30",
        "e30.W10.x", /* a list */
        "e30.e3.x",  /* cut */
        "e30.e30!.x", "e30.e.x",     "e30.e30.x.y", "eyJhbGciOiJSUzI1NiJ9.bm90IGpzb24.c2ln",
    };
    struct token_facts facts;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (token_read(others[i], &facts)) fail_msg("\"%s\" was taken for a token", others[i]);
        assert_int_equal(facts.expires_s, 0);
        assert_string_equal(facts.audience, "");
    }
    /* {"exp":1e300}, {"exp":-5}: no times */
    assert_true(token_read("e30.eyJleHAiOjFlMzAwfQ.x", &facts));
    assert_int_equal(facts.expires_s, 0);
    assert_true(token_read("e30.eyJleHAiOi01fQ.x", &facts));
    assert_int_equal(facts.expires_s, 0);
}

static void test_when_it_is_replaced(void **state)
{
    (void)state;
    /* an hour: five minutes before */
    assert_int_equal(token_renewal_s(1000, 1000 + 3600), 1000 + 3300);
    /* 25 minutes: both rules agree */
    assert_int_equal(token_renewal_s(1000, 1000 + 1500), 1000 + 1200);
    assert_int_equal(token_renewal_s(1000, 1000 + 600), 1000 + 480); /* 80 % of ten minutes */
    assert_int_equal(token_renewal_s(1000, 1000 + 60), 1000 + 48);
    assert_int_equal(token_renewal_s(1000, 1002), 1002);
    assert_int_equal(token_renewal_s(1000, 900), 1000); /* already expired when it came */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_the_rfc),
        cmocka_unit_test(test_claims_of_entra),
        cmocka_unit_test(test_what_is_no_token),
        cmocka_unit_test(test_when_it_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
