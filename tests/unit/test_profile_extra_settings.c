#include "profile/extra_settings.h"

#include "profile/hidden.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A profile with these settings of the session and of its region; "" leaves a key out. */
static struct profile *profile_with(const char *session, const char *region)
{
    char json[2048];
    struct profile *profile = NULL;
    struct error err = {0};
    (void)snprintf(
        json, sizeof json,
        "{\"name\":\"p\",\"regions\":[{\"name\":\"r\",\"endpoint\":\"https://a.example\","
        "\"deployment\":\"d\"%s%s}],\"session\":{\"prompts\":[\"Hi there.\"]%s%s}}",
        *region == '\0' ? "" : ",\"settings\":", region,
        *session == '\0' ? "" : ",\"settings\":", session);
    if (profile_parse("p.json", json, strlen(json), &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    return profile;
}

static cJSON *manifest_of(const struct profile *profile)
{
    struct text out = {0};
    profile_manifest(profile, &out);
    cJSON *json = cJSON_Parse(text_str(&out));
    assert_non_null(json);
    text_free(&out);
    return json;
}

/* The manifest's names of the session's settings, as an object. */
static const cJSON *named(const cJSON *manifest)
{
    const cJSON *session = cJSON_GetObjectItemCaseSensitive(manifest, "session");
    return cJSON_GetObjectItemCaseSensitive(session, "settings");
}

/* Any JSON is kept as it was written: numbers digit by digit, order, escapes, empty containers. */
static void any_object_passes_unchanged(void **state)
{
    (void)state;
    static const char *const objects[] = {
        "{\"a\":1.10}",
        "{\"a\":12345678901234567890,\"b\":-0.5e-7}",
        "{\"a\":null,\"b\":true,\"c\":false,\"d\":[],\"e\":{}}",
        "{\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}]}",
        "{\"prompt\":{\"id\":\"pmpt_1\",\"variables\":{\"who\":\"a \\\"quoted\\\" \\\\ "
        "name\\n\"}}}",
        "{\"output_modalities\":[\"text\"]}",
        "{\"output_modalities\":[\"audio\",\"text\"]}",
    };
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        struct profile *profile = profile_with(objects[i], objects[i]);
        assert_string_equal(profile->session.settings, objects[i]);
        assert_string_equal(profile->regions[0].settings, objects[i]);
        profile_free(profile);
    }
}

/* The manifest has the names of all fields but no values, yet different values differ in it. */
static void the_manifest_names_fields_only(void **state)
{
    (void)state;
    struct profile *low = profile_with("{\"reasoning\":{\"effort\":\"low\"},\"tracing\":null,"
                                       "\"tools\":[{\"name\":\"CANARY\"}],"
                                       "\"prompt\":{\"variables\":{\"name\":\"CANARY\"}}}",
                                       "{\"speed\":0.8}");
    struct profile *high = profile_with("{\"reasoning\":{\"effort\":\"high\"},\"tracing\":null,"
                                        "\"tools\":[{\"name\":\"CANARY\"}]}",
                                        "");
    cJSON *a = manifest_of(low);
    cJSON *b = manifest_of(high);
    char *text = cJSON_PrintUnformatted(a);
    assert_null(strstr(text, "CANARY"));
    assert_null(strstr(text, "0.8"));
    assert_null(strstr(text, "\"low\""));
    assert_int_equal(cJSON_GetArraySize(named(a)), 4);
    static const char *const fields[] = {"reasoning.effort", "tools", "prompt.variables.name"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *mark =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(named(a), fields[i]));
        assert_non_null(mark);
        assert_int_equal(strlen(mark), 5);
    }
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(named(a), "tracing")));
    const cJSON *same[] = {cJSON_GetObjectItemCaseSensitive(named(a), "tools"),
                           cJSON_GetObjectItemCaseSensitive(named(b), "tools")};
    const cJSON *other[] = {cJSON_GetObjectItemCaseSensitive(named(a), "reasoning.effort"),
                            cJSON_GetObjectItemCaseSensitive(named(b), "reasoning.effort")};
    assert_true(cJSON_Compare(same[0], same[1], true));
    assert_false(cJSON_Compare(other[0], other[1], true));
    cJSON_free(text);
    cJSON_Delete(a);
    cJSON_Delete(b);
    profile_free(low);
    profile_free(high);
}

/* Whatever the names hold, no two fields of one object have the same path. */
static void paths_are_unambiguous(void **state)
{
    (void)state;
    static const struct {
        const char *settings;
        const char *paths[3];
    } cases[] = {
        {"{\"a.b\":1,\"a\":{\"b\":2}}", {"\"a.b\"", "a.b"}},
        {"{\"a\":{\"b.c\":1},\"a.b\":{\"c\":2}}", {"a.\"b.c\"", "\"a.b\".c"}},
        {"{\"\\\"a\":{\"b\\\"\":1},\"a.b\":2}", {"\"\\\"a\".\"b\\\"\"", "\"a.b\""}},
        {"{\"a b\":1,\"a\\\\b\":2,\"a-b_9\":3}", {"\"a b\"", "\"a\\\\b\"", "a-b_9"}},
        {"{\"a\":{\"b\":{\"c\":1}},\"a.b.c\":2,\"a.b\":3}", {"a.b.c", "\"a.b.c\"", "\"a.b\""}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = profile_with(cases[i].settings, "");
        cJSON *manifest = manifest_of(profile);
        const cJSON *fields = named(manifest);
        int count = 0;
        for (; count < 3 && cases[i].paths[count] != NULL; count++) {
            const cJSON *field = cJSON_GetArrayItem(fields, count);
            assert_non_null(field);
            assert_string_equal(field->string, cases[i].paths[count]);
        }
        assert_int_equal(cJSON_GetArraySize(fields), count);
        cJSON_Delete(manifest);
        profile_free(profile);
    }
}

/* Settings with a name of so many bytes, at the top, in an object or in a list. */
static enum err_code read_name(const char *before, size_t length, const char *after,
                               struct error *err)
{
    struct text json = {0};
    struct profile *profile = NULL;
    text_puts(&json,
              "{\"name\":\"p\",\"regions\":[{\"name\":\"r\",\"endpoint\":\"https://a.example\","
              "\"deployment\":\"d\"}],\"session\":{\"settings\":");
    text_puts(&json, before);
    for (size_t i = 0; i < length; i++) text_puts(&json, "Q");
    text_puts(&json, after);
    text_puts(&json, "}}");
    enum err_code code = profile_parse("p.json", text_str(&json), json.length, &profile, err);
    text_free(&json);
    profile_free(profile);
    return code;
}

static void names_have_a_length(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        bool limited;
    } places[] = {
        {"{\"", "\":1}", true},
        {"{\"a\":{\"", "\":1}}", true},
        {"{\"a\":{\"b\":{\"", "\":{\"c\":1}}}}", true},
        {"{\"a\":[{\"", "\":1}]}", false}, /* what a list holds is not named anywhere */
    };
    static const struct {
        size_t length;
        bool good;
    } lengths[] = {{0, false}, {1, true}, {63, true}, {64, false}, {200 * 1024, false}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            struct error err = {0};
            bool good = lengths[k].good || !places[i].limited;
            enum err_code code =
                read_name(places[i].before, lengths[k].length, places[i].after, &err);
            if (code != (good ? ERR_OK : ERR_PROFILE))
                fail_msg("%s, %zu bytes: %d %s", places[i].before, lengths[k].length, code,
                         err.text);
            if (good) continue;
            assert_non_null(strstr(err.text, "session.settings"));
            assert_non_null(strstr(err.text, "1 to 63 bytes"));
            assert_null(strstr(err.text, "QQ"));
        }
    }
}

static bool lists(const struct hidden *hidden, const char *value)
{
    for (size_t i = 0; i < hidden->count; i++) {
        if (strcmp(hidden->values[i], value) == 0) return true;
    }
    return false;
}

/* What could be a user's own words is scrubbed out of what the service sends back; words of the
 * protocol are not. */
static void long_strings_are_content(void **state)
{
    (void)state;
    struct hidden hidden;
    struct profile *profile = profile_with(
        "{\"tools\":[{\"description\":\"looks a customer up\"}],\"tool_choice\":\"auto\"}",
        "{\"prompt\":{\"variables\":{\"who\":\"a customer of ours\"}}}");
    assert_true(hidden_of(&profile->regions[0], &profile->session, NULL, &hidden));
    assert_true(lists(&hidden, "looks a customer up"));
    assert_true(lists(&hidden, "a customer of ours"));
    assert_true(lists(&hidden, "Hi there."));
    assert_false(lists(&hidden, "auto"));
    hidden_free(&hidden);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_object_passes_unchanged),
        cmocka_unit_test(the_manifest_names_fields_only),
        cmocka_unit_test(paths_are_unambiguous),
        cmocka_unit_test(names_have_a_length),
        cmocka_unit_test(long_strings_are_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
