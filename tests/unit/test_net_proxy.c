/* Parsing the address of a proxy. */
#include "net/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The Basic values were made with `printf '%s' LOGIN | base64`. */
static void a_login_is_decoded_before_it_is_sent(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *login, *basic;
    } rows[] = {
        {"http://proxy:3128", "proxy", "", NULL},
        {"http://user:pass@proxy:3128", "proxy", "user:pass@", "dXNlcjpwYXNz"},
        {"http://user:p%40ss%3Aw%2Frd@proxy:3128", "proxy", "user:p@ss:w/rd@",
         "dXNlcjpwQHNzOncvcmQ="},
        {"http://user:p@ss:w/rd@proxy:3128", "proxy", "user:p@ss:w/rd@", "dXNlcjpwQHNzOncvcmQ="},
        {"user%5cDOMAIN:x@[::1]:8080/", "::1", "user\\DOMAIN:x@", "dXNlclxET01BSU46eA=="},
        {"http://u:100%@proxy:1", "proxy", "u:100%@", "dToxMDAl"},
        {"http://u:%zz%4@proxy:1", "proxy", "u:%zz%4@", "dTolenolNA=="},
        {"http://u:%00@proxy:1", "proxy", "u:%00@", "dTolMDA="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxy proxy;
        struct error err;
        struct text question = {0}, line = {0};
        if (proxy_read(rows[i].text, PROXY_LOGIN_MAX, &proxy, &err) != ERR_OK)
            fail_msg("%s: %s", rows[i].text, err.text);
        assert_string_equal(proxy.host, rows[i].host);
        assert_string_equal(proxy.login, rows[i].login);
        proxy_question("h", 443, proxy.login, &question);
        if (rows[i].basic == NULL) {
            assert_null(strstr(text_str(&question), "Proxy-Authorization"));
        } else {
            text_printf(&line, "\r\nProxy-Authorization: Basic %s\r\n\r\n", rows[i].basic);
            assert_non_null(strstr(text_str(&question), text_str(&line)));
        }
        text_free(&question);
        text_free(&line);
        proxy_clear(&proxy);
    }
}

static void what_has_another_form_is_refused_unquoted(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "proxy",
                                        "http://secret@proxy",
                                        "http://secret@:1",
                                        "http://secret@proxy:0",
                                        "http://secret@proxy:70000",
                                        "https://secret@proxy:port"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct proxy proxy;
        struct error err;
        assert_int_equal(proxy_read(texts[i], PROXY_LOGIN_MAX, &proxy, &err), ERR_NET);
        assert_null(strstr(err.text, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_is_decoded_before_it_is_sent),
        cmocka_unit_test(what_has_another_form_is_refused_unquoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
