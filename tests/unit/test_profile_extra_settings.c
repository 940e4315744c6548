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
        cmocka_unit_test(long_strings_are_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
