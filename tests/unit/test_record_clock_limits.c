/* What a replay cannot keep or resolve, there and back through run.json. */
#include "base/clock.h"
#include "record/clock_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void limits_come_back(void **state)
{
    static const struct clock_limits written = {
        .list = {{"timeouts.response", 20 * NS_PER_S, 960 * NS_PER_S},
                 {"retry.deadline", 1500 * NS_PER_MS, 480 * NS_PER_S}},
        .count = 2};
    struct clock_limits read;
    struct text words = {0};
    (void)state;
    cJSON *json = clock_limits_json(&written);
    char *printed = cJSON_PrintUnformatted(json);
    assert_string_equal(printed,
                        "[{\"key\":\"timeouts.response\",\"profile_s\":20,\"lasts_s\":960},"
                        "{\"key\":\"retry.deadline\",\"profile_s\":1.5,\"lasts_s\":480}]");
    clock_limits_read(json, &read);
    assert_memory_equal(&read, &written, sizeof read);
    clock_limits_words(&read, 480, &words);
    assert_memory_equal(text_str(&words),
                        "At clock.speed 480 timeouts.response 20s lasts 16m; retry.deadline 1.50s "
                        "lasts 8m: ",
                        80);
    text_free(&words);
    cJSON_free(printed);
    cJSON_Delete(json);
}

static void nothing_is_said_of_nothing(void **state)
{
    struct clock_limits read;
    struct text words = {0};
    (void)state;
    clock_limits_read(NULL, &read);
    clock_limits_words(&read, 480, &words);
    assert_int_equal(words.length, 0);
    assert_int_equal(clock_resolution_read(NULL).tail_us, 0);
}

static void other_forms_are_left_out(void **state)
{
    struct clock_limits read;
    (void)state;
    cJSON *json = cJSON_Parse("[1, {\"key\": 2, \"profile_s\": 1, \"lasts_s\": 1},"
                              " {\"key\": \"a\", \"profile_s\": -1, \"lasts_s\": 1},"
                              " {\"key\": \"b\", \"profile_s\": 1, \"lasts_s\": 1e300},"
                              " {\"key\": \"c\", \"profile_s\": 1, \"lasts_s\": 2}]");
    clock_limits_read(json, &read);
    assert_int_equal(read.count, 1);
    assert_string_equal(read.list[0].key, "c");
    cJSON_Delete(json);
}

static void a_resolution_comes_back(void **state)
{
    static const struct clock_resolution written = {.median_us = 57100, .tail_us = 309000};
    (void)state;
    cJSON *json = clock_resolution_json(&written);
    const struct clock_resolution read = clock_resolution_read(json);
    assert_int_equal(read.median_us, written.median_us);
    assert_int_equal(read.tail_us, written.tail_us);
    cJSON_Delete(json);
    json = cJSON_Parse("{\"median\": -1, \"tail\": 5}");
    assert_int_equal(clock_resolution_read(json).tail_us, 0);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_come_back),
        cmocka_unit_test(nothing_is_said_of_nothing),
        cmocka_unit_test(other_forms_are_left_out),
        cmocka_unit_test(a_resolution_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
