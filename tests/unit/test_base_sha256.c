/* SHA-256 against the examples of FIPS 180-4 and NIST's published test vectors. */
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_sum(const char *message, size_t length, const char *wanted)
{
    struct sha256 sum;
    char hex[SHA256_HEX_SIZE];
    sha256_start(&sum);
    sha256_add(&sum, message, length);
    sha256_finish(&sum, hex);
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
    struct sha256 sum;
    char hex[SHA256_HEX_SIZE];
    char part[97];
    memset(part, 'a', sizeof part);
    sha256_start(&sum);
    for (size_t left = 1000000; left > 0;) {
        size_t length = left < sizeof part ? left : sizeof part;
        sha256_add(&sum, part, length);
        left -= length;
    }
    sha256_finish(&sum, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_examples),
        cmocka_unit_test(test_a_million_letters_in_uneven_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
