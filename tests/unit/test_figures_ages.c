/* Where an attempt counts by turn, age and conversation, and what its answer adds. */
#include "figures/ages.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every bound of every kind: the value below it, the bound and the one above. */
static void each_value_is_in_its_bucket(void **state)
{
    (void)state;
    for (int k = 0; k < AGES_KINDS; k++) {
        const enum ages_kind kind = (enum ages_kind)k;
        for (size_t b = 0; b < AGES_BUCKETS; b++) {
            const struct ages_bucket *bucket = ages_bucket(kind, b);
            const bool last = b == AGES_BUCKETS - 1;
            assert_int_equal(bucket->to == 0, last);
            const int64_t to = kind == AGES_TURN ? (int64_t)bucket->to + 1 : (int64_t)bucket->to;
            if (!last) assert_int_equal(ages_bucket(kind, b + 1)->from, to);
            const int64_t values[] = {bucket->from, last ? INT32_MAX : to - 1};
            for (size_t v = 0; v < 2; v++) {
                struct ages ages = {0};
                struct session_place places[AGES_KINDS];
                struct attempt_row row = {.turn = 1, .context_tokens = -1, .socket_age_ms = -1};
                if (kind == AGES_TURN) row.turn = (uint64_t)values[v];
                if (kind == AGES_SOCKET) row.socket_age_ms = values[v] * 1000;
                if (kind == AGES_CONTEXT) row.context_tokens = values[v];
                ages_places(&ages, &row, places);
                assert_ptr_equal(places[kind].sums, &ages.sums[kind][b]);
            }
        }
    }
}

/* A dial that failed, or a file of an earlier version. */
static void what_is_not_known_is_nowhere(void **state)
{
    (void)state;
    struct ages ages = {0};
    struct session_place places[AGES_KINDS];
    const struct attempt_row dial = {.turn = 0, .context_tokens = -1, .socket_age_ms = -1};
    ages_places(&ages, &dial, places);
    for (int k = 0; k < AGES_KINDS; k++) assert_null(places[k].sums);
    const struct attempt_row older = {.turn = 3, .context_tokens = -1, .socket_age_ms = 5000};
    ages_places(&ages, &older, places);
    assert_non_null(places[AGES_TURN].sums);
    assert_non_null(places[AGES_SOCKET].sums);
    assert_null(places[AGES_CONTEXT].sums);
}

static void answers_add_their_input_and_ttft(void **state)
{
    (void)state;
    struct ages ages = {0};
    for (int i = 1; i <= 100; i++) {
        const struct attempt_row row = {.turn = 2,
                                        .outcome = OUTCOME_OK,
                                        .context_tokens = 1500,
                                        .socket_age_ms = 1000,
                                        .input_tokens = (uint64_t)(1500 + i),
                                        .ttft_us = i * 10000};
        assert_true(ages_answer(&ages, &row));
    }
    const struct attempt_row failed = {.turn = 2,
                                       .outcome = OUTCOME_FAILED,
                                       .context_tokens = 1500,
                                       .input_tokens = 1,
                                       .ttft_us = 1};
    assert_true(ages_answer(&ages, &failed));
    const struct attempt_row untold = {.turn = 2,
                                       .outcome = OUTCOME_OK,
                                       .context_tokens = 1500,
                                       .socket_age_ms = -1,
                                       .ttft_us = -1};
    assert_true(ages_answer(&ages, &untold));
    assert_true(fabs(ages_input(&ages, AGES_CONTEXT, 2) - 1550.5) < 1e-9);
    assert_true(fabs(ages_input(&ages, AGES_TURN, 1) - 1550.5) < 1e-9);
    assert_true(isnan(ages_input(&ages, AGES_CONTEXT, 3)));
    const struct quantile median = ages_ttft(&ages, 2, 0.5);
    assert_true(median.two_sided);
    assert_true(llabs(median.value - 500000) <= 5000); /* to 1% */
    assert_false(ages_ttft(&ages, 3, 0.5).valid);
    ages_free(&ages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_in_its_bucket),
        cmocka_unit_test(what_is_not_known_is_nowhere),
        cmocka_unit_test(answers_add_their_input_and_ttft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
