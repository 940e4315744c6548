/* A pause is a gap between two moments at which the loop was seen awake. */
#include "engine/attention.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS ((uint64_t)NS_PER_MS)

static void gaps_are_pauses_from_a_tenth_of_a_second_on(void **state)
{
    (void)state;
    static const struct {
        uint64_t at_ms, paused_ms;
    } moments[] = {
        {5000, 0}, /* the first: nothing is known of the time before */
        {5010, 0},     {5010, 0},    {5109, 0},  {5209, 100}, {5219, 0},
        {11219, 6000}, {11220, 0},   {11000, 0}, /* a timer's moment, taken before a callback's */
        {11319, 0},    {11419, 100},
    };
    struct attention attention = {0};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        assert_int_equal(attention_at(&attention, moments[i].at_ms * MS),
                         moments[i].paused_ms * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_pauses_from_a_tenth_of_a_second_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
