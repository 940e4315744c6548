/* What a response costs. */
#include "record/cost.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_response_is_priced_by_what_is_known_of_it(void **state)
{
    static const struct price price = {.text_in = 4,
                                       .text_cached = 0.4,
                                       .text_out = 16,
                                       .audio_in = 32,
                                       .audio_cached = 0.5,
                                       .audio_out = 64};
    static const struct {
        const char *name;
        struct usage usage;
        double micro; /* millionths of a dollar */
    } rows[] = {
        {"no usage came", {.input = 100}, 0},
        {"every detail",
         {.present = true,
          .input = 100,
          .output = 30,
          .cached = 50,
          .text_in = 60,
          .audio_in = 40,
          .text_cached = 40,
          .audio_cached = 10,
          .text_out = 20,
          .audio_out = 10},
         20 * 4 + 40 * 0.4 + 20 * 16 + 30 * 32 + 10 * 0.5 + 10 * 64},
        {"no details: all is text",
         {.present = true, .input = 100, .output = 30},
         100 * 4 + 30 * 16},
        {"details of the input alone",
         {.present = true, .input = 100, .output = 30, .text_in = 100},
         100 * 4 + 30 * 16},
        {"cached tokens without a modality",
         {.present = true, .input = 100, .cached = 64, .output = 1, .text_in = 100, .text_out = 1},
         36 * 4 + 64 * 0.4 + 16},
        {"more cached than there were",
         {.present = true, .input = 10, .cached = 64, .text_in = 10},
         10 * 0.4},
        {"reasoning within text",
         {.present = true,
          .input = 100,
          .output = 60,
          .text_in = 100,
          .text_out = 60,
          .reasoning = 40},
         100 * 4 + 60 * 16},
        {"reasoning beside text",
         {.present = true,
          .input = 100,
          .output = 60,
          .text_in = 100,
          .text_out = 20,
          .reasoning = 40},
         100 * 4 + 60 * 16},
        {"image input, without a price of its own",
         {.present = true, .input = 1000, .output = 10, .text_in = 200, .image_in = 800},
         1000 * 4 + 10 * 16},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double micro = cost_of(&price, &rows[i].usage) * 1e6;
        if (micro < rows[i].micro - 1e-6 || micro > rows[i].micro + 1e-6)
            fail_msg("%s: %f, not %f", rows[i].name, micro, rows[i].micro);
        assert_true(cost_of(NULL, &rows[i].usage) == 0);
    }
}

/* A price that is not in the profile is that of the kind it belongs to. */
static void a_price_left_out_is_never_nothing(void **state)
{
    static const struct price text = {.text_in = 4, .text_out = 16};
    static const struct price image = {.text_in = 4, .image_in = 5, .image_cached = 0.5};
    static const struct price audio = {.text_in = 4, .audio_in = 32, .audio_out = 64};
    static const struct usage cached = {
        .present = true, .input = 10, .cached = 10, .text_in = 10, .output = 1};
    static const struct usage seen = {
        .present = true, .input = 10, .image_in = 10, .cached = 4, .image_cached = 4};
    static const struct usage heard = {
        .present = true, .input = 10, .audio_in = 10, .cached = 4, .audio_cached = 4};
    (void)state;
    assert_true(fabs(cost_of(&text, &cached) * 1e6 - (10 * 4 + 16)) < 1e-6);
    assert_true(fabs(cost_of(&text, &heard) * 1e6 - 10 * 4) < 1e-6);
    assert_true(fabs(cost_of(&image, &seen) * 1e6 - (6 * 5 + 4 * 0.5)) < 1e-6);
    assert_true(fabs(cost_of(&audio, &heard) * 1e6 - 10 * 32) < 1e-6);
}

/* gpt-live-1: 0.05 USD per minute, charged by the second. */
static void time_has_a_price_too(void **state)
{
    static const struct price price = {.per_minute = 0.05};
    (void)state;
    assert_true(fabs(cost_of_time(&price, INT64_C(90000000000)) - 0.075) < 1e-12);
    assert_true(cost_of_time(&price, 0) == 0 && cost_of_time(&price, -1) == 0);
    assert_true(cost_of_time(NULL, INT64_C(90000000000)) == 0);
    assert_true(cost_of_time(&(struct price){.text_in = 4}, INT64_C(90000000000)) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_priced_by_what_is_known_of_it),
        cmocka_unit_test(a_price_left_out_is_never_nothing),
        cmocka_unit_test(time_has_a_price_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
