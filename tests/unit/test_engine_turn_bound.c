/* What one turn reserves: never less than it can take, over prompts, settings, answers and
 * prices. */
#include "engine/turn_bound.h"

#include "base/clock.h"
#include "base/random.h"
#include "realtime/token_count.h"
#include "record/cost.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BOUND(asked) turn_bounds_of(&profile, &region, &heard, &(asked))

static char model[] = "m";
static struct prompt prompt[] = {{.text = (char[]){"Say OK."}, .length = 7, .weight = 1}};
static struct price price = {
    .model = model, .text_in = 4, .text_out = 16, .audio_in = 32, .audio_out = 64};
static struct region region = {.name = model, .model = model};

static struct profile scene(enum modality modality, uint64_t max_output_tokens)
{
    return (struct profile){
        .session = {.modality = modality,
                    .max_output_tokens = max_output_tokens,
                    .prompts = prompt,
                    .prompt_count = 1},
        .timeouts = {.response_ns = 60 * NS_PER_S,
                     .session_ns = 10 * NS_PER_S,
                     .configure_ns = 10 * NS_PER_S},
        .prices = {.models = &price, .count = 1},
        .simulator = {.clock_speed = 1},
    };
}

static void a_limit_is_reserved_whole(void **state)
{
    (void)state;
    const struct profile profile = scene(MODALITY_TEXT, 700);
    struct turn_heard heard = {0};
    const struct turn_asked asked = {
        .prompt_bytes = 100, .in_session = true, .context = 5000, .context_audio = 1000};
    for (int i = 0; i < 30; i++) {
        const struct turn_bounds bounds = BOUND(asked);
        assert_int_equal(bounds.most.output, 700);
        assert_int_equal(bounds.least.output, 700);
        assert_int_equal(bounds.most.input, 5000 + TOKEN_COUNT_ITEM + 100);
        const double usd = (4104 * 4 + 1000 * 32 + 700 * 16) / 1e6;
        assert_true(fabs(bounds.most.usd - usd) < 1e-9);
        const struct usage usage = {.present = true, .input = 5000, .output = 60};
        turn_heard_add(&heard, &usage, true, false, NS_PER_S);
    }
}

static void without_a_limit_it_is_the_models_until_enough_was_heard(void **state)
{
    (void)state;
    const struct profile profile = scene(MODALITY_TEXT, 0);
    struct turn_heard heard = {0};
    const struct turn_asked asked = {.prompt_bytes = 7};
    const struct usage usage = {.present = true, .input = 20, .output = 60};
    for (int i = 0; i < TURN_HEARD_ENOUGH; i++) {
        assert_int_equal(BOUND(asked).most.output, TOKEN_COUNT_USUAL_OUTPUT);
        assert_int_equal(BOUND(asked).least.output, i == 0 ? TOKEN_COUNT_ASSUMED_OUTPUT : 60);
        turn_heard_add(&heard, &usage, true, true, NS_PER_S);
    }
    assert_int_equal(BOUND(asked).most.output, TURN_HEARD_TIMES * 60);
    assert_int_equal(BOUND(asked).least.output, TURN_HEARD_TIMES * 60);
    assert_int_equal(BOUND(asked).most.input, 20 + TOKEN_COUNT_ITEM + 7);
    /* failures say how long an answer may be, but not that it is no longer */
    const struct usage longer = {.present = true, .output = 3000};
    turn_heard_add(&heard, &longer, false, false, NS_PER_S);
    assert_int_equal(BOUND(asked).most.output, TOKEN_COUNT_USUAL_OUTPUT);
}

/* Speech costs more than text: a limit may be used up by either. */
static void speech_is_priced_as_the_dearest(void **state)
{
    (void)state;
    const struct profile profile = scene(MODALITY_AUDIO, 100);
    struct turn_heard heard = {0};
    const struct turn_asked asked = {.in_session = true};
    assert_true(fabs(BOUND(asked).most.usd - (TOKEN_COUNT_ITEM * 4 + 100 * 64) / 1e6) < 1e-12);
    price.audio_out = 1;
    assert_true(fabs(BOUND(asked).most.usd - (TOKEN_COUNT_ITEM * 4 + 100 * 16) / 1e6) < 1e-12);
    price.audio_out = 64;
}

static void time_is_reserved_as_long_as_a_turn_may_last(void **state)
{
    (void)state;
    const struct profile profile = scene(MODALITY_TEXT, 100);
    struct turn_heard heard = {0};
    const struct turn_asked new = {0}, later = {.in_session = true};
    const double tokens = BOUND(later).most.usd;
    const double first_tokens = BOUND(new).most.usd;
    price.per_minute = 0.6;
    assert_true(fabs(BOUND(later).most.usd - tokens - 0.6) < 1e-9);
    assert_true(fabs(BOUND(new).most.usd - first_tokens - 0.8) < 1e-9);
    const struct usage usage = {.present = true, .output = 60};
    for (int i = 0; i < TURN_HEARD_ENOUGH; i++)
        turn_heard_add(&heard, &usage, true, false, 3 * NS_PER_S);
    assert_true(fabs(BOUND(later).most.usd - tokens - 0.06) < 1e-9);
    assert_true(turn_room_of(&profile, &region).most_usd > first_tokens + 0.8 + 0.019);
    price.per_minute = 0;
}

/* Over random conversations: what the service counts (realtime/token_count.h) never exceeds what
 * was reserved, and neither does its price, however its tokens are split. */
static void nothing_that_a_turn_can_take_exceeds_its_bound(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 7, 0);
    for (int i = 0; i < 20000; i++) {
        const bool audio = random_u64(&random) % 2 == 0;
        const uint64_t limit = 1 + random_u64(&random) % 4096;
        struct profile profile = scene(audio ? MODALITY_AUDIO : MODALITY_TEXT, limit);
        static char words[4000];
        const size_t length = random_u64(&random) % (sizeof words - 1);
        memset(words, 'w', length);
        words[length] = '\0';
        profile.session.instructions = words;
        struct turn_heard heard = {0};
        struct turn_asked asked = {.prompt_bytes = random_u64(&random) % 3000};
        struct token_context context = {0};
        for (int turn = 0; turn < 4; turn++) {
            const struct turn_bounds bounds = BOUND(asked);
            context.text += TOKEN_COUNT_ITEM + token_count_text(asked.prompt_bytes);
            const struct token_input input = token_context_read(&context, length);
            struct usage used = {.present = true,
                                 .input = input.text + input.audio,
                                 .text_in = input.text,
                                 .audio_in = input.audio};
            used.output = random_u64(&random) % (limit + 1);
            used.audio_out = audio ? random_u64(&random) % (used.output + 1) : 0;
            used.text_out = used.output - used.audio_out;
            assert_true(used.input <= bounds.most.input && used.output <= bounds.most.output);
            assert_true(cost_of(&price, &used) <= bounds.most.usd + 1e-12);
            context.text += used.text_out;
            context.audio += used.audio_out;
            asked = (struct turn_asked){.in_session = true,
                                        .context = used.input + used.output,
                                        .context_audio = used.audio_in + used.audio_out,
                                        .prompt_bytes = random_u64(&random) % 3000};
            turn_heard_add(&heard, &used, true, turn == 0, NS_PER_S);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_is_reserved_whole),
        cmocka_unit_test(without_a_limit_it_is_the_models_until_enough_was_heard),
        cmocka_unit_test(speech_is_priced_as_the_dearest),
        cmocka_unit_test(time_is_reserved_as_long_as_a_turn_may_last),
        cmocka_unit_test(nothing_that_a_turn_can_take_exceeds_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
