/* When a microphone sends what: by the utterance's beginning, however late its messages were. */
#include "engine/microphone.h"

#include "base/clock.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS(x) ((uint64_t)(x) * (uint64_t)NS_PER_MS)

static struct voice *voice_with(enum turn_detection detection, int64_t length_ns)
{
    const struct audio_plan plan = {.voice = VOICE_SYNTHETIC,
                                    .length_ns = length_ns,
                                    .format = AUDIO_FORMAT_MULAW,
                                    .chunk_ns = 100 * NS_PER_MS,
                                    .detection = detection};
    struct voice *voice = NULL;
    assert_int_equal(voice_new(&plan, 1, &voice, NULL), ERR_OK);
    return voice;
}

static unsigned take_at(struct microphone *microphone, uint64_t now_ns)
{
    size_t length;
    unsigned news;
    assert_non_null(microphone_take(microphone, &length, &news, now_ns));
    assert_true(length > 0);
    return news;
}

/* An hour of messages, each sent up to 90 ms late: the next is due when it would have been anyway,
 * to the nanosecond. */
static void lateness_does_not_add_up(void **state)
{
    (void)state;
    struct voice *voice = voice_with(TURN_DETECTION_SERVER_VAD, NS_PER_S);
    struct microphone microphone = {.voice = voice, .speed = 1};
    struct random random;
    random_seed(&random, 1, 1);
    const struct utterance *said = &voice->utterances[1];
    assert_int_equal(microphone_say(&microphone, said, MS(5000)), MS(6000));
    for (uint64_t i = 0; i < UINT64_C(36000); i++) {
        const uint64_t due_ns = microphone_due_ns(&microphone);
        assert_int_equal(due_ns, MS(5000) + MS(100) * (i + 1));
        const unsigned news = take_at(&microphone, due_ns + random_below(&random, MS(90)));
        assert_int_equal(news, i == 9 ? MICROPHONE_SPOKEN | MICROPHONE_SAID : 0);
    }
    voice_free(voice);
}

/* In a replay everything comes as much sooner as the clock runs faster. */
static void it_follows_the_clock_of_the_run(void **state)
{
    (void)state;
    struct voice *voice = voice_with(TURN_DETECTION_NONE, NS_PER_S);
    struct microphone microphone = {.voice = voice, .speed = 50};
    assert_int_equal(microphone_say(&microphone, &voice->utterances[1], MS(5000)), MS(5020));
    assert_int_equal(microphone_due_ns(&microphone), MS(5002));
    voice_free(voice);
}

static void it_is_closed_where_we_commit(void **state)
{
    (void)state;
    struct voice *voice = voice_with(TURN_DETECTION_NONE, NS_PER_S);
    struct microphone microphone = {.voice = voice, .speed = 1};
    assert_int_equal(microphone_due_ns(&microphone), 0);
    (void)microphone_say(&microphone, &voice->utterances[0], MS(5000));
    for (int i = 0; i < 4; i++) assert_int_equal(take_at(&microphone, MS(9000)), 0);
    assert_int_equal(take_at(&microphone, MS(9000)), MICROPHONE_SPOKEN | MICROPHONE_SAID);
    assert_int_equal(microphone_due_ns(&microphone), 0);
    voice_free(voice);
}

/* What was to be said is said late; silence that is over a second late is not worth it. */
static void only_silence_is_dropped(void **state)
{
    (void)state;
    struct voice *voice = voice_with(TURN_DETECTION_SERVER_VAD, NS_PER_S);
    struct microphone microphone = {.voice = voice, .speed = 1};
    (void)microphone_say(&microphone, &voice->utterances[1], MS(5000));
    for (int i = 0; i < 9; i++) assert_int_equal(take_at(&microphone, MS(60000)), 0);
    assert_int_equal(microphone_due_ns(&microphone), MS(6000));
    assert_true(take_at(&microphone, MS(60000)) & MICROPHONE_SAID);
    assert_int_equal(microphone_due_ns(&microphone), MS(6100));
    assert_int_equal(take_at(&microphone, MS(7000)), 0); /* not by so much */
    assert_int_equal(microphone_due_ns(&microphone), MS(6200));
    assert_int_equal(take_at(&microphone, MS(60000)), 0);
    assert_int_equal(microphone_due_ns(&microphone), MS(60100));
    voice_free(voice);
}

static void an_utterance_can_be_broken_off(void **state)
{
    (void)state;
    struct voice *voice = voice_with(TURN_DETECTION_SERVER_VAD, NS_PER_S);
    struct microphone microphone = {.voice = voice, .speed = 1};
    (void)microphone_say(&microphone, &voice->utterances[1], MS(5000));
    (void)take_at(&microphone, MS(5100));
    microphone_hush(&microphone, MS(5150));
    assert_null(microphone.said);
    assert_int_equal(microphone_due_ns(&microphone), MS(5250));
    microphone_hush(&microphone, MS(5200)); /* silence goes on */
    assert_int_equal(microphone_due_ns(&microphone), MS(5250));
    voice_free(voice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lateness_does_not_add_up),
        cmocka_unit_test(it_follows_the_clock_of_the_run),
        cmocka_unit_test(it_is_closed_where_we_commit),
        cmocka_unit_test(only_silence_is_dropped),
        cmocka_unit_test(an_utterance_can_be_broken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
