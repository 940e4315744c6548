/* What a response costs. */
#include "engine/cost.h"

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
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double micro = cost_of(&price, &rows[i].usage) * 1e6;
        if (micro < rows[i].micro - 1e-6 || micro > rows[i].micro + 1e-6)
            fail_msg("%s: %f, not %f", rows[i].name, micro, rows[i].micro);
        assert_true(cost_of(NULL, &rows[i].usage) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_priced_by_what_is_known_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
