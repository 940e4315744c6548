#include "realtime/token_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

/* Input grows with the conversation up to the window; cached tokens are whole blocks of what was
 * read before. */
static void test_growth(void **state)
{
    (void)state;
    struct token_context context = {0};
    uint64_t before = 0;
    for (int turn = 0; turn < 200; turn++) {
        context.text += 300;
        context.audio += 100;
        const struct token_input read = token_context_read(&context, 80);
        uint64_t input = read.text + read.audio;
        assert_true(input > before || input == 28224);
        assert_true(input <= 28224);
        uint64_t cached = read.text_cached + read.audio_cached;
        assert_true(cached <= before);
        assert_int_equal(read.text_cached % 64, 0);
        assert_int_equal(read.audio_cached % 64, 0);
        if (turn > 2) assert_true(cached > 0);
        before = input;
    }
    assert_int_equal(before, 28224);
}

/* Above the limit the conversation, without the instructions, is cut to its share, and what is read
 * then was not cached but for the instructions; up to it nothing changes. */
static void test_truncation(void **state)
{
    (void)state;
    static const double retains[] = {0.2, 0.5, 0.8, 1};
    for (size_t i = 0; i < sizeof retains / sizeof *retains; i++) {
        struct token_context context = {.limit = 5000, .retain = retains[i]};
        struct token_context free_one = {0};
        int truncations = 0;
        for (int turn = 0; turn < 100; turn++) {
            context.text += 300;
            context.audio += 100;
            free_one.text += 300;
            free_one.audio += 100;
            const uint64_t before = context.text + context.audio;
            const struct token_input read = token_context_read(&context, 400);
            const uint64_t after = context.text + context.audio;
            assert_true(after <= 5000);
            assert_int_equal(read.text + read.audio, after + 12 + 100); /* frame, instructions */
            if (before <= 5000) {
                assert_int_equal(after, before);
            } else {
                truncations++;
                assert_true(after <= (uint64_t)(retains[i] * 5000) &&
                            after + 2 > retains[i] * 5000);
                assert_true(read.text_cached <= 112 && read.audio_cached == 0);
            }
            if (truncations > 0) continue;
            const struct token_input same = token_context_read(&free_one, 400);
            assert_memory_equal(&same, &read, sizeof same);
        }
        assert_true(truncations > 0);
    }
}

/* OpenAI's guide: a user's audio is one token per 100 ms, the model's one per 50 ms. */
static void test_audio(void **state)
{
    (void)state;
    assert_int_equal(token_count_audio_in(1000), 10);
    assert_int_equal(token_count_audio_in(1001), 11);
    assert_int_equal(token_count_audio_out(1000), 20);
    assert_int_equal(token_count_text(0), 0);
    assert_int_equal(token_count_text(1), 1);
    assert_int_equal(token_count_text(400), 100);
}

/* Azure's page on quota: the prompt, and max_output_tokens or else what the model may say. */
static void test_reserved(void **state)
{
    (void)state;
    assert_int_equal(token_count_reserved(900, 100), 1000);
    assert_int_equal(token_count_reserved(900, 0), 4996);
}

/* Azure counts connections, OpenAI responses; each is said with whose word it is. */
static void test_requests(void **state)
{
    (void)state;
    assert_int_equal(request_kind_of(DIALECT_GA), REQUEST_CONNECTION);
    assert_int_equal(request_kind_of(DIALECT_PREVIEW), REQUEST_CONNECTION);
    assert_int_equal(request_kind_of(DIALECT_OPENAI), REQUEST_RESPONSE);
    assert_string_not_equal(request_kind_words(DIALECT_GA), request_kind_words(DIALECT_OPENAI));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),   cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_audio),    cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
