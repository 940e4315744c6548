/* However a service reports its tokens, each is billed once: the parts add up to the totals. */
#include "realtime/usage.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SHAPES 200000

/* One of: absent, small, equal to the total, larger than it. */
static uint64_t draw(struct random *random, uint64_t total)
{
    switch (random_u64(random) % 5) {
    case 0:
        return 0;
    case 1:
        return total;
    case 2:
        return total + random_u64(random) % 100;
    default:
        return total == 0 ? random_u64(random) % 50 : random_u64(random) % total;
    }
}

static struct usage any_shape(struct random *random)
{
    const uint64_t in = draw(random, 1000), out = draw(random, 500);
    return (struct usage){
        .present = true,
        .input = in,
        .output = out,
        .cached = draw(random, in),
        .text_in = draw(random, in),
        .audio_in = draw(random, in),
        .image_in = draw(random, in),
        .text_cached = draw(random, in),
        .audio_cached = draw(random, in),
        .image_cached = draw(random, in),
        .text_out = draw(random, out),
        .audio_out = draw(random, out),
        .reasoning = draw(random, out),
    };
}

static void the_parts_add_up_to_the_totals(void **state)
{
    struct random random;
    (void)state;
    random_seed(&random, 20261129, 1);
    for (int i = 0; i < SHAPES; i++) {
        const struct usage usage = any_shape(&random);
        const struct usage_split split = usage_split(&usage);
        const uint64_t cached = split.text_cached + split.audio_cached + split.image_cached;
        const uint64_t fresh = split.text_in + split.audio_in + split.image_in;
        assert_int_equal(fresh + cached, split.input);
        assert_int_equal(split.text_out + split.audio_out, split.output);
        if (usage.input > 0) assert_int_equal(split.input, usage.input);
        if (usage.output > 0) assert_int_equal(split.output, usage.output);
        if (usage.cached > 0)
            assert_int_equal(cached, usage.cached < split.input ? usage.cached : split.input);
        /* details without a total are not lost */
        if (usage.input == 0)
            assert_int_equal(split.input, usage.text_in + usage.audio_in + usage.image_in);
        if (usage.output == 0) assert_true(split.output >= usage.text_out + usage.audio_out);
    }
}

/* Details that agree with the totals are used unchanged. */
static void what_is_told_whole_is_taken_as_told(void **state)
{
    struct random random;
    (void)state;
    random_seed(&random, 7, 1);
    for (int i = 0; i < SHAPES; i++) {
        struct usage usage = {.present = true};
        uint64_t *const fresh[] = {&usage.text_in, &usage.audio_in, &usage.image_in};
        uint64_t *const cached[] = {&usage.text_cached, &usage.audio_cached, &usage.image_cached};
        for (int k = 0; k < 3; k++) {
            *fresh[k] = random_u64(&random) % 1000;
            *cached[k] = random_u64(&random) % (*fresh[k] + 1);
            usage.input += *fresh[k];
            usage.cached += *cached[k];
        }
        usage.text_out = random_u64(&random) % 1000;
        usage.audio_out = random_u64(&random) % 1000;
        usage.reasoning = random_u64(&random) % (usage.text_out + 1);
        usage.output = usage.text_out + usage.audio_out;
        const struct usage_split split = usage_split(&usage);
        assert_int_equal(split.text_in, usage.text_in - usage.text_cached);
        assert_int_equal(split.audio_in, usage.audio_in - usage.audio_cached);
        assert_int_equal(split.image_in, usage.image_in - usage.image_cached);
        assert_int_equal(split.text_cached, usage.text_cached);
        assert_int_equal(split.audio_cached, usage.audio_cached);
        assert_int_equal(split.image_cached, usage.image_cached);
        assert_int_equal(split.text_out, usage.text_out);
        assert_int_equal(split.audio_out, usage.audio_out);
    }
}

static void without_usage_there_is_nothing(void **state)
{
    (void)state;
    const struct usage_split split = usage_split(&(struct usage){.input = 100, .output = 5});
    assert_int_equal(split.input + split.output + split.text_in + split.text_out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_add_up_to_the_totals),
        cmocka_unit_test(what_is_told_whole_is_taken_as_told),
        cmocka_unit_test(without_usage_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
