#include "stats/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648, section 10; the last two use the digits 62 and 63. */
static const struct {
    const char *plain, *coded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xFB\xEF\xBE", "++++"},
    {"\xFF\xFF\xFF", "////"},
};

static void vectors_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct text out = {0};
        size_t length = strlen(vectors[i].plain);
        base64_encode(&out, (const unsigned char *)vectors[i].plain, length);
        assert_string_equal(text_str(&out), vectors[i].coded);
        text_free(&out);

        unsigned char back[16];
        size_t decoded;
        size_t announced;
        size_t coded = strlen(vectors[i].coded);
        assert_true(base64_decode(vectors[i].coded, coded, true, back, &decoded));
        assert_int_equal(decoded, length);
        assert_memory_equal(back, vectors[i].plain, length);
        assert_true(base64_decoded_length(vectors[i].coded, coded, &announced));
        assert_int_equal(announced, length);
    }
}

static void longer_than_one_piece(void **state)
{
    (void)state;
    unsigned char bytes[5000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 131 % 251);
    struct text out = {0};
    base64_encode(&out, bytes, sizeof bytes);
    assert_int_equal(out.length, (sizeof bytes + 2) / 3 * 4);
    unsigned char back[5001];
    size_t decoded;
    assert_true(base64_decode(out.data, out.length, true, back, &decoded));
    assert_int_equal(decoded, sizeof bytes);
    assert_memory_equal(back, bytes, sizeof bytes);
    text_free(&out);
}

static void foreign_text_is_refused(void **state)
{
    (void)state;
    static const char *const foreign[] = {"Zg=",  "Z",     "Zg==Zg==",  "====", "Z===",
                                          "Zg=a", "Zh==",  "Zm9=",      "Zm9 ", "Zm-v",
                                          "Zm_v", "Zm\n9", "\303\244Zm"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        unsigned char back[16];
        size_t decoded;
        if (base64_decode(foreign[i], strlen(foreign[i]), true, back, &decoded))
            fail_msg("accepted %s", foreign[i]);
    }
    unsigned char back[16];
    size_t decoded;
    assert_false(base64_decode("Zg==", 4, false, back, &decoded)); /* padding before the end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_both_ways),
        cmocka_unit_test(longer_than_one_piece),
        cmocka_unit_test(foreign_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
