/* Which tokens a host accepts, by cloud. */
#include "realtime/audience.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static void the_cloud_follows_from_the_host(void **state)
{
    (void)state;
    static const struct {
        const char *host, *cloud, *scope;
    } rows[] = {
        {"contoso.openai.azure.com", "azure.com",
         "https://cognitiveservices.azure.com/.default (or "},
        {"contoso.cognitiveservices.azure.com", "azure.com",
         "https://cognitiveservices.azure.com/.default (or "},
        {"contoso.services.ai.azure.com", "azure.com",
         "https://ai.azure.com/.default (or https://cognitiveservices.azure.com/.default)"},
        {"contoso.openai.azure.us", "azure.us",
         "https://cognitiveservices.azure.us/.default (or https://ai.azure.us/.default)"},
        {"CONTOSO.OPENAI.AZURE.US", "azure.us", "https://cognitiveservices.azure.us/"},
        {"contoso.openai.azure.cn", "azure.cn", "https://cognitiveservices.azure.cn/"},
        {"contoso.services.ai.azure.us", "azure.us", "https://ai.azure.us/"},
        {"rt.contoso.example", NULL, "https://cognitiveservices.azure.com/"},
        {"notazure.com", NULL, "https://cognitiveservices.azure.com/"},
        {"azure.us.contoso.example", NULL, "https://cognitiveservices.azure.com/"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text scope = {0};
        const char *cloud = audience_cloud(rows[i].host);
        assert_int_equal(cloud == NULL, rows[i].cloud == NULL);
        if (cloud != NULL) assert_string_equal(cloud, rows[i].cloud);
        audience_scope(rows[i].host, &scope);
        if (strncmp(text_str(&scope), rows[i].scope, strlen(rows[i].scope)) != 0)
            fail_msg("%s: %s", rows[i].host, text_str(&scope));
        text_free(&scope);
    }
}

/* Of all pairs of a cloud's hosts and a cloud's audiences, only those of the same cloud fit. */
static void an_audience_fits_its_own_cloud_alone(void **state)
{
    (void)state;
    static const char *const clouds[] = {"com", "us", "cn"};
    static const char *const hosts[] = {"x.openai.azure.", "x.services.ai.azure.",
                                        "x.cognitiveservices.azure."};
    static const char *const audiences[] = {"https://cognitiveservices.azure.",
                                            "https://ai.azure."};
    for (size_t h = 0; h < COUNT_OF(hosts) * COUNT_OF(clouds); h++) {
        for (size_t a = 0; a < COUNT_OF(audiences) * COUNT_OF(clouds); a++) {
            struct text host = {0}, audience = {0};
            text_printf(&host, "%s%s", hosts[h / 3], clouds[h % 3]);
            text_printf(&audience, "%s%s", audiences[a / 3], clouds[a % 3]);
            assert_int_equal(audience_fits(text_str(&audience), text_str(&host)), h % 3 == a % 3);
            assert_true(audience_fits(text_str(&audience), "rt.contoso.example"));
            text_puts(&audience, "/");
            assert_int_equal(audience_fits(text_str(&audience), text_str(&host)), h % 3 == a % 3);
            text_free(&host);
            text_free(&audience);
        }
        assert_false(audience_fits("https://management.azure.com", "x.openai.azure.com"));
        assert_true(audience_fits("7d312290-28c8-473c-a0ed-8e53749b6d6d", "x.openai.azure.us"));
        assert_false(audience_fits("", "rt.contoso.example"));
    }
}

static void a_refusal_names_what_is_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *message, *wanted;
    } rows[] = {
        {"Unauthorized. Access token is missing, invalid, audience is incorrect "
         "(https://cognitiveservices.azure.us/ or https://ai.azure.us/), or have expired.",
         "https://cognitiveservices.azure.us/"},
        {"Audience is incorrect (https://ai.azure.com), or ...", "https://ai.azure.com"},
        {"audience is incorrect (api://x)", ""},
        {"audience is incorrect (https://cut", ""},
        {"The token has expired.", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char wanted[64] = "before";
        assert_int_equal(audience_wanted(rows[i].message, wanted, sizeof wanted),
                         rows[i].wanted[0] != '\0');
        assert_string_equal(wanted, rows[i].wanted);
    }
    char small[8];
    assert_false(
        audience_wanted("audience is incorrect (https://long.example)", small, sizeof small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cloud_follows_from_the_host),
        cmocka_unit_test(an_audience_fits_its_own_cloud_alone),
        cmocka_unit_test(a_refusal_names_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
