#include "base/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const secrets[] = {"canary/KEY+0123=", "short", NULL,
                                      "0123456789abcdef0123456789abcdef"};

/* Among a thousand others, some of which begin like them, the same is hidden. */
static void check_indexed(const char *in, size_t length, const char *const *hidden, size_t count,
                          const char *out)
{
    enum { OTHERS = 1000 };
    static char others[OTHERS][40];
    const char *all[OTHERS + 8];
    struct text text = {0};
    for (int i = 0; i < OTHERS; i++) {
        (void)snprintf(others[i], sizeof others[i], i % 2 == 0 ? "canary/KEY-%d" : "%d other one",
                       i);
        all[i] = others[i];
    }
    for (size_t i = 0; i < count; i++) all[OTHERS + i] = hidden[i];
    struct redact_index *index = redact_index_new(all, OTHERS + count);
    assert_non_null(index);
    redact_many(&text, in, length, NULL, 0, index);
    assert_string_equal(text_str(&text), out);
    text_free(&text);
    redact_index_free(index);
}

static void check(const char *in, const char *out)
{
    /* A copy of the exact size, so that a sanitizer sees a read past the end. */
    size_t length = strlen(in);
    char *copy = calloc(length > 0 ? length : 1, 1);
    for (size_t i = 0; i < length; i++) copy[i] = in[i];
    struct text text = {0};
    redact(&text, copy, length, secrets, sizeof secrets / sizeof secrets[0]);
    assert_string_equal(text_str(&text), out);
    check_indexed(copy, length, secrets, sizeof secrets / sizeof secrets[0], out);
    text_free(&text);
    free(copy);
}

static void hides_known_secrets_in_every_form(void **state)
{
    (void)state;
    check("key canary/KEY+0123= was wrong", "key [redacted] was wrong");
    check("?k=canary%2FKEY%2B0123%3D&x=1", "?k=[redacted]&x=1");
    check("?k=canary%2fKEY%2b0123=", "?k=[redacted]");
    check("0123456789abcdef0123456789abcdef", "[redacted]");
    check("xx0123456789abcdef0123456789abcdefyy", "xx[redacted]yy");
    /* base64 of the key alone, of "u:" + key and of "us:" + key, and in the URL alphabet */
    check("b64 Y2FuYXJ5L0tFWSswMTIzPQ== end", "b64 [redacted] end");
    check("b64 dTpjYW5hcnkvS0VZKzAxMjM9 end", "b64 [redacted] end");
    check("b64 dXM6Y2FuYXJ5L0tFWSswMTIzPQ== end", "b64 [redacted] end");
    check("(dXM6Y2FuYXJ5L0tFWSswMTIzPQ)", "([redacted])");
}

static void hides_escaped_and_hexadecimal_forms(void **state)
{
    (void)state;
    check("{\\\"k\\\":\\\"canary\\/KEY+0123=\\\"}", "{\\\"k\\\":\\\"[redacted]\\\"}");
    check("\\u0063anary\\u002fKEY\\u002B0123=.", "[redacted].");
    check("63616e6172792f4b45592b303132333d", "[redacted]");
    check("<63616E6172792F4B45592B303132333D>", "<[redacted]>");
    /* U+00E9, U+20AC and a line break, as they are, as JSON has them and as a URL has them */
    static const char *const prompts[] = {"d\xC3\xA9j\xC3\xA0 10 \xE2\x82\xAC\nnow"};
    static const char *const quoted[] = {"'d\xC3\xA9j\xC3\xA0 10 \xE2\x82\xAC\nnow'",
                                         "'d\\u00e9j\\u00E0 10 \\u20ac\\nnow'",
                                         "'d%C3%A9j%c3%a0%2010%20%E2%82%AC%0Anow'"};
    for (size_t i = 0; i < 3; i++) {
        struct text text = {0};
        redact(&text, quoted[i], strlen(quoted[i]), prompts, 1);
        assert_string_equal(text_str(&text), "'[redacted]'");
        check_indexed(quoted[i], strlen(quoted[i]), prompts, 1, "'[redacted]'");
        text_free(&text);
    }
}

/* As often as JSON within JSON within JSON has it. */
static void hides_what_is_escaped_again(void **state)
{
    (void)state;
    static const char *const prompts[] = {"\"Quote\" a\\b and\nmore", "a\\\\b\t\"c\" d e f g",
                                          "\\\"starts so, and goes on"};
    for (size_t i = 0; i < 3; i++) {
        char quoted[512];
        (void)snprintf(quoted, sizeof quoted, "%s", prompts[i]);
        for (int level = 0; level < 4; level++) {
            struct text escaped = {0};
            struct text all = {0};
            struct text clean = {0};
            text_printf(&all, "<%s>", quoted);
            redact(&clean, all.data, all.length, prompts, 3);
            assert_string_equal(text_str(&clean), "<[redacted]>");
            check_indexed(all.data, all.length, prompts, 3, "<[redacted]>");
            text_json(&escaped, quoted);
            assert_true(escaped.length < sizeof quoted);
            (void)snprintf(quoted, sizeof quoted, "%.*s", (int)escaped.length - 2,
                           text_str(&escaped) + 1);
            text_free(&escaped);
            text_free(&all);
            text_free(&clean);
        }
    }
}

static void hides_percent_signs_in_either_form(void **state)
{
    (void)state;
    static const char *const prompts[] = {"50% \\of it, 100%25 sure"};
    static const char *const quoted[] = {"50% \\of it, 100%25 sure",
                                         "50%25%20%5Cof%20it%2C%20100%2525%20sure",
                                         "50% \\\\of it, 100%25 sure",
                                         "\\u0035\\u0030\\u0025\\u0020\\u005c\\u006f\\u0066 it, "
                                         "100\\u002525 sure"};
    for (size_t i = 0; i < 4; i++) {
        struct text text = {0};
        redact(&text, quoted[i], strlen(quoted[i]), prompts, 1);
        assert_string_equal(text_str(&text), "[redacted]");
        check_indexed(quoted[i], strlen(quoted[i]), prompts, 1, "[redacted]");
        text_free(&text);
    }
}

static void hides_long_beginnings(void **state)
{
    (void)state;
    check("was 0123456789abcdef0123456789ab", "was [redacted]");
    check("was 0123456789abcdef, not more", "was [redacted], not more");
    check("was 0123456789abcde", "was 0123456789abcde"); /* one short of it */
    check("hex 3031323334353637383961626364656630313233", "hex [redacted]");
    check("b64 dXM6MDEyMzQ1Njc4OWFiY2RlZjAxMjM0", "b64 [redacted]");
}

static void hides_named_credentials(void **state)
{
    (void)state;
    check("/openai/realtime?api-key=abc&deployment=d",
          "/openai/realtime?api-key=[redacted]&deployment=d");
    check("api_key: abc next", "api_key: [redacted] next");
    check("Api-Key : 'abc'", "Api-Key : '[redacted]'");
    check("{\"api-key\": \"abc def\"}", "{\"api-key\": \"[redacted] def\"}");
    check("{\\\"apiKey\\\":\\\"abc\\\"}", "{\\\"apiKey\\\":\\\"[redacted]\\\"}");
    check("Authorization: Bearer abc.def\r\nHost: h", "Authorization: [redacted]\r\nHost: h");
    check("\"authorization\":\"Basic dTpw\",\"x\":1", "\"authorization\":\"[redacted]\",\"x\":1");
    check("sent bearer abc.def-ghi_jkl== twice", "sent bearer [redacted] twice");
    check("Ocp-Apim-Subscription-Key: abc", "Ocp-Apim-Subscription-Key: [redacted]");
    check("&access_token=a.b.c", "&access_token=[redacted]");
}

static void hides_the_shapes_of_keys(void **state)
{
    (void)state;
    check("Incorrect API key provided: sk-proj-abc****wxyz. You can find",
          "Incorrect API key provided: [redacted]. You can find");
    check("ek_68af296e8e408191a1120ab6383263c2", "[redacted]");
    check("token eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln", "token [redacted]");
    check(
        "key 0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCD.",
        "key [redacted].");
}

static void leaves_the_rest_alone(void **state)
{
    (void)state;
    static const char *const kept[] = {
        "",
        "short",
        "Access denied due to invalid subscription key or wrong API endpoint.",
        "session sess_D1aBcDeFgHiJkLmNoPqRs, request 5f2c1f6e-6f0e-4e39-8f57-0a6f1b2c3d4e",
        "x-request-id: req_0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "a risk-management renewer-lamp, week_12345678",
        "sk-",
        "ek_short",
        "api-key",
        "api-key=",
        "Bearer",
        "Bearer ",
        "authorization",
        "input tokens: 512",
        "100% of canary%2",
        "Y2FuYXJ5L0tF",
    };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) check(kept[i], kept[i]);
}

/* What we say of a key is no key. */
static void leaves_sentences_about_credentials(void **state)
{
    (void)state;
    static const char *const sentences[] = {
        "region a: auth.api_key: the environment variable K is not set: export K=...",
        "auth.api_key: a literal key in a profile is refused", "access_token: expired",
        "api-key: what it refers to is larger than 64 KiB", "id_token: must be an object {...}"};
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        check(sentences[i], sentences[i]);
    check("api_key: thesecret", "api_key: [redacted]");
    check("api_key=the", "api_key=[redacted]"); /* no sentence begins so */
    check("api_key: \"the\"", "api_key: \"[redacted]\"");
    check("password: the", "password: [redacted]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_known_secrets_in_every_form),
        cmocka_unit_test(hides_escaped_and_hexadecimal_forms),
        cmocka_unit_test(hides_what_is_escaped_again),
        cmocka_unit_test(hides_percent_signs_in_either_form),
        cmocka_unit_test(hides_long_beginnings),
        cmocka_unit_test(hides_named_credentials),
        cmocka_unit_test(leaves_sentences_about_credentials),
        cmocka_unit_test(hides_the_shapes_of_keys),
        cmocka_unit_test(leaves_the_rest_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
