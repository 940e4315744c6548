#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* First outputs of the authors' xoshiro256** for the state 1, 2, 3, 4. */
static void xoshiro_gives_the_published_numbers(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(random_u64(&random), expected[i]);
    }
}

/* SplitMix64 with the seed 1234567 first gives 6457827717110365317; stream 0 continues from there,
 * and its next four outputs are the state. */
static void seeding_follows_splitmix(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1234567, 0);
    static const uint64_t expected[4] = {
        UINT64_C(9709514789577493705), UINT64_C(13013878896559074743),
        UINT64_C(18400152718586555324), UINT64_C(17220339381063202971)};
    assert_memory_equal(random.state, expected, sizeof expected);
}

static void streams_repeat_and_differ(void **state)
{
    (void)state;
    struct random first;
    struct random again;
    struct random other;
    random_seed(&first, 7, 1);
    random_seed(&again, 7, 1);
    random_seed(&other, 7, 2);
    for (int i = 0; i < 100; i++) {
        uint64_t value = random_u64(&first);
        assert_true(value == random_u64(&again));
        assert_true(value != random_u64(&other));
    }
}

/* Means and variances of 200,000 draws, within five standard errors of the exact values. */
static void moments_are_right(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    struct random random;
    random_seed(&random, 1, 0);
    double sums[3] = {0};
    double squares[3] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double draws[3] = {random_unit(&random), random_exponential(&random),
                           random_normal(&random)};
        assert_true(draws[0] >= 0.0 && draws[0] < 1.0 && draws[1] >= 0.0);
        for (int k = 0; k < 3; k++) {
            sums[k] += draws[k];
            squares[k] += draws[k] * draws[k];
        }
    }
    static const struct {
        double mean, variance, fourth; /* fourth central moment, for the error of the variance */
    } exact[3] = {{0.5, 1.0 / 12.0, 1.0 / 80.0}, {1.0, 1.0, 9.0}, {0.0, 1.0, 3.0}};
    for (int k = 0; k < 3; k++) {
        double mean = sums[k] / DRAWS;
        double variance = squares[k] / DRAWS - mean * mean;
        assert_true(fabs(mean - exact[k].mean) < 5.0 * sqrt(exact[k].variance / DRAWS));
        double error = sqrt((exact[k].fourth - exact[k].variance * exact[k].variance) / DRAWS);
        assert_true(fabs(variance - exact[k].variance) < 5.0 * error);
    }
}

static void bounds_are_kept(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 3, 3);
    int seen[7] = {0};
    for (int i = 0; i < 7000; i++) seen[random_below(&random, 7)]++;
    /* 1000 with a deviation of 29 */
    for (int i = 0; i < 7; i++) assert_in_range(seen[i], 850, 1150);
    assert_int_equal(random_below(&random, 1), 0);
    assert_true(random_below(&random, UINT64_MAX) < UINT64_MAX);
}

static void ids_are_alphanumeric(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 3, 3);
    char id[22];
    id[21] = 'x';
    random_alphanumeric(&random, id, 20);
    assert_int_equal(strlen(id), 20);
    assert_int_equal(strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
                     20);
    assert_int_equal(id[21], 'x');
    random_alphanumeric(&random, id, 0);
    assert_string_equal(id, "");
}

static void the_stream_of_a_name_is_its_fnv1a(void **state)
{
    (void)state;
    /* test vectors of FNV-1a, 64 bits (isthe.com/chongo/tech/comp/fnv, "test_fnv.c") */
    assert_int_equal(random_stream(""), UINT64_C(0xcbf29ce484222325));
    assert_int_equal(random_stream("a"), UINT64_C(0xaf63dc4c8601ec8c));
    assert_int_equal(random_stream("foobar"), UINT64_C(0x85944171f73967e8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xoshiro_gives_the_published_numbers),
        cmocka_unit_test(seeding_follows_splitmix),
        cmocka_unit_test(streams_repeat_and_differ),
        cmocka_unit_test(moments_are_right),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(ids_are_alphanumeric),
        cmocka_unit_test(the_stream_of_a_name_is_its_fnv1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
