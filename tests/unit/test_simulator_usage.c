#include "simulator/usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

/* The usage objects of the documented examples (realtime protocol, 4.4, 4.5 and 4.6). */
static void test_object(void **state)
{
    (void)state;
    static const struct {
        struct usage_count usage;
        bool preview;
        const char *expected;
    } cases[] = {
        {{.text_in = 32, .text_out = 4},
         false,
         "{\"total_tokens\":36,\"input_tokens\":32,\"output_tokens\":4,\"input_token_details\":{"
         "\"text_"
         "tokens\":32,"
         "\"audio_tokens\":0,\"image_tokens\":0,\"cached_tokens\":0,\"cached_tokens_details\":{"
         "\"text_"
         "tokens\":0,"
         "\"audio_tokens\":0,\"image_tokens\":0}},\"output_token_details\":{\"text_tokens\":4,"
         "\"audio_"
         "tokens\":0}}"},
        {{.text_in = 32, .text_out = 4},
         true,
         "{\"total_tokens\":36,\"input_tokens\":32,\"output_tokens\":4,\"input_token_details\":{"
         "\"text_"
         "tokens\":32,"
         "\"audio_tokens\":0,\"cached_tokens\":0,\"cached_tokens_details\":{\"text_tokens\":0,"
         "\"audio_"
         "tokens\":0}},"
         "\"output_token_details\":{\"text_tokens\":4,\"audio_tokens\":0}}"},
        {{.text_in = 60, .audio_in = 31, .text_out = 14, .audio_out = 38},
         false,
         "{\"total_tokens\":143,\"input_tokens\":91,\"output_tokens\":52,\"input_token_details\":{"
         "\"text_"
         "tokens\":60,"
         "\"audio_tokens\":31,\"image_tokens\":0,\"cached_tokens\":0,\"cached_tokens_details\":{"
         "\"text_"
         "tokens\":0,"
         "\"audio_tokens\":0,\"image_tokens\":0}},\"output_token_details\":{\"text_tokens\":14,"
         "\"audio_"
         "tokens\":38}}"},
        /* as reported of gpt-realtime-2: thoughts are text, and told once more */
        {{.text_in = 20, .text_out = 32, .reasoning = 32, .reasons = true},
         false,
         "{\"total_tokens\":52,\"input_tokens\":20,\"output_tokens\":32,\"input_token_details\":{"
         "\"text_tokens\":20,\"audio_tokens\":0,\"image_tokens\":0,\"cached_tokens\":0,"
         "\"cached_tokens_details\":{\"text_tokens\":0,\"audio_tokens\":0,\"image_tokens\":0}},"
         "\"output_token_details\":{\"text_tokens\":32,\"audio_tokens\":0,\"reasoning_tokens\":32}"
         "}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text out = {0};
        usage_object(&cases[i].usage, cases[i].preview, &out);
        assert_string_equal(text_str(&out), cases[i].expected);
        text_free(&out);
    }
}

/* Input grows with the conversation up to the window; cached tokens are whole blocks of what was
 * read before. */
static void test_growth(void **state)
{
    (void)state;
    struct context context = {0};
    uint64_t before = 0;
    for (int turn = 0; turn < 200; turn++) {
        context.text += 300;
        context.audio += 100;
        struct usage_count usage = usage_begin(&context, 80);
        uint64_t input = usage.text_in + usage.audio_in;
        assert_true(input > before || input == 28224);
        assert_true(input <= 28224);
        uint64_t cached = usage.text_cached + usage.audio_cached;
        assert_true(cached <= before);
        assert_int_equal(usage.text_cached % 64, 0);
        assert_int_equal(usage.audio_cached % 64, 0);
        if (turn > 2) assert_true(cached > 0);
        before = input;
    }
    assert_int_equal(before, 28224);
}

/* OpenAI's guide: a user's audio is one token per 100 ms, the model's one per 50 ms. */
static void test_audio(void **state)
{
    (void)state;
    assert_int_equal(usage_audio_tokens_in(1000), 10);
    assert_int_equal(usage_audio_tokens_in(1001), 11);
    assert_int_equal(usage_audio_tokens_out(1000), 20);
    assert_int_equal(usage_text_tokens(0), 0);
    assert_int_equal(usage_text_tokens(1), 1);
    assert_int_equal(usage_text_tokens(400), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_audio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
