/* Which shards are present and which are missing, according to the run.json of several runs. */
#include "record/shards.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 6

static char *told(const char *const *manifests)
{
    cJSON *parsed[MOST];
    size_t count = 0;
    for (; count < MOST && manifests[count] != NULL; count++) {
        parsed[count] = cJSON_Parse(manifests[count]);
        assert_non_null(parsed[count]);
    }
    cJSON *shards = shards_of((const cJSON *const *)parsed, count);
    assert_non_null(shards);
    char *json = cJSON_PrintUnformatted(shards);
    cJSON_Delete(shards);
    for (size_t i = 0; i < count; i++) cJSON_Delete(parsed[i]);
    return json;
}

#define RUN(shard, seed) "{\"run\": {\"shard\": \"" shard "\", \"seed\": " seed "}}"

static void what_is_missing_is_named(void **state)
{
    static const struct {
        const char *manifests[MOST], *wanted;
    } rows[] = {
        {{RUN("1/1", "7")}, "{\"have\":[],\"missing\":[]}"},
        {{RUN("1/1", "7"), RUN("1/1", "7")}, "{\"have\":[],\"missing\":[]}"}, /* repetitions */
        {{RUN("2/3", "7"), RUN("1/3", "7"), RUN("3/3", "7")},
         "{\"have\":[\"1/3\",\"2/3\",\"3/3\"],\"missing\":[]}"},
        {{RUN("1/3", "7"), RUN("2/3", "7")}, "{\"have\":[\"1/3\",\"2/3\"],\"missing\":[\"3/3\"]}"},
        {{RUN("3/4", "7")}, "{\"have\":[\"3/4\"],\"missing\":[\"1/4\",\"2/4\",\"4/4\"]}"},
        /* two days of one plan, the second of which lost a part */
        {{RUN("1/2", "7"), RUN("2/2", "7"), RUN("1/2", "7")},
         "{\"have\":[\"1/2\",\"2/2\"],\"missing\":[\"2/2\"]}"},
        /* two plans do not complete each other */
        {{RUN("1/2", "7"), RUN("2/2", "8")},
         "{\"have\":[\"1/2\",\"2/2\"],\"missing\":[\"2/2\",\"1/2\"]}"},
        /* a merged run and what it lacks */
        {{"{\"run\": {\"shard\": \"merged\", \"seed\": 7}, \"shards\": {\"have\": [\"1/3\", "
          "\"2/3\"], \"missing\": [\"3/3\"]}}",
          RUN("3/3", "7")},
         "{\"have\":[\"1/3\",\"2/3\",\"3/3\"],\"missing\":[]}"},
        /* values that no run of ours wrote */
        {{RUN("0/3", "7"), RUN("4/3", "7"), RUN("1/99999", "7"), RUN("x", "7"), "{}", "[]"},
         "{\"have\":[],\"missing\":[]}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *json = told(rows[i].manifests);
        assert_string_equal(json, rows[i].wanted);
        cJSON_free(json);
    }
}

static void the_names_are_listed(void **state)
{
    (void)state;
    struct text names = {0};
    cJSON *manifest = cJSON_Parse("{\"shards\": {\"missing\": [\"2/3\", \"3/3\", 4]}}");
    assert_int_equal(shards_missing(manifest, &names), 2);
    assert_false(shards_whole(manifest));
    assert_string_equal(text_str(&names), "2/3, 3/3");
    cJSON_Delete(manifest);
    text_clear(&names);
    manifest = cJSON_Parse("{\"run\": {}}");
    assert_int_equal(shards_missing(manifest, &names), 0);
    assert_string_equal(text_str(&names), "");
    cJSON_Delete(manifest);
    text_free(&names);
}

#define PART(shard, state) "{\"shard\": \"" shard "\", \"state\": \"" state "\"}"

#define STOPPED(shard, why)                                                                        \
    "{\"shard\": \"" shard "\", \"state\": \"stopped\", \"reason\": \"" why "\"}"

/* Only a part of a plan leaves the load short of what was asked for; a whole run does not. */
static void who_was_cut_short_is_named(void **state)
{
    static const struct {
        const char *parts, *wanted;
        size_t count;
    } rows[] = {
        {PART("1/2", "complete") "," PART("2/2", "running"), "2/2 was killed", 1},
        {PART("1/2", "running") "," PART("2/2", "running"), "1/2 was killed, 2/2 was killed", 2},
        {PART("1/2", "complete") "," PART("2/2", "complete"), "", 0},
        {PART("1/3", "interrupted") "," PART("2/3", "stopped") "," PART("3/3", "complete"),
         "1/3 was interrupted, 2/3 was stopped", 2},
        {PART("1/2", "complete") "," STOPPED("2/2", "the budget is spent"),
         "2/2 was stopped (the budget is spent)", 1},
        {PART("1/1", "running") "," PART("1/1", "interrupted"), "", 0},
        {PART("merged", "running"), "", 0},
        {"{}, 7, {\"shard\": 2, \"state\": \"running\"}, {\"shard\": \"1/2\"}", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[256];
        struct text names = {0};
        (void)snprintf(json, sizeof json, "{\"run\": {\"merged\": [%s]}}", rows[i].parts);
        cJSON *manifest = cJSON_Parse(json);
        assert_non_null(manifest);
        assert_int_equal(shards_cut_short(manifest, &names), rows[i].count);
        assert_int_equal(shards_cut_short(manifest, NULL), rows[i].count);
        assert_int_equal(shards_whole(manifest), rows[i].count == 0);
        assert_string_equal(text_str(&names), rows[i].wanted);
        text_free(&names);
        cJSON_Delete(manifest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(the_names_are_listed),
        cmocka_unit_test(who_was_cut_short_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
