/* SHA-256 against the examples of FIPS 180-4 and NIST's test vectors, base64 against those of RFC
 * 4648. */
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_sum(const char *message, size_t length, const char *wanted)
{
    char hex[SHA256_HEX_SIZE];
    struct sha256 *sum = sha256_start();
    sha256_add(sum, message, length);
    assert_true(sha256_finish(sum, hex));
    assert_string_equal(hex, wanted);
}

static void test_published_examples(void **state)
{
    (void)state;
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char four_blocks[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijk"
                                      "lmnoijklmnopjklmnopqklmnopqrlmnopqrsmnop"
                                      "qrstnopqrstu";
    assert_sum("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sum("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sum(two_blocks, sizeof two_blocks - 1,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_sum(four_blocks, sizeof four_blocks - 1,
               "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void test_a_million_letters_in_uneven_parts(void **state)
{
    (void)state;
    char hex[SHA256_HEX_SIZE];
    char part[97];
    memset(part, 'a', sizeof part);
    struct sha256 *sum = sha256_start();
    for (size_t left = 1000000; left > 0;) {
        size_t length = left < sizeof part ? left : sizeof part;
        sha256_add(sum, part, length);
        left -= length;
    }
    assert_true(sha256_finish(sum, hex));
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

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
    static const char *const foreign[] = {
        "Zg=",        "Z",    "Zg==Zg==", "====",     "Z===",      "Zg=a",
        "Zh==",       "Zm9=", "Zm9 ",     "Zm-v",     "Zm_v",      "Zm\n9",
        "\303\244Zm", " Zm9", "    Zm9v", "Zm9v    ", "Zm9v\nZm9", "Zm9v----"};
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
        cmocka_unit_test(test_published_examples),
        cmocka_unit_test(test_a_million_letters_in_uneven_parts),
        cmocka_unit_test(vectors_both_ways),
        cmocka_unit_test(longer_than_one_piece),
        cmocka_unit_test(foreign_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
