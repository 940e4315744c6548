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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
