#include "realtime/model_facts.h"

#include "base/calendar.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int64_t at(const char *stamp)
{
    int64_t ns = 0;
    struct error err = {0};
    if (parse_time(stamp, &ns, &err) != ERR_OK) fail_msg("%s", err.text);
    return ns;
}

static void add_line(void *context, const char *sentence)
{
    text_puts(context, sentence);
    text_puts(context, "\n");
}

/* The facts as one sentence per line; "" if there are none. Valid until the next call. */
static const char *told(enum dialect dialect, const char *model, const char *version,
                        const char *stamp)
{
    static char kept[2000];
    struct text lines = {0};
    const struct model_use use = {dialect, model, version, DEPLOYMENT_UNKNOWN};
    model_facts_warn(&use, stamp == NULL ? INT64_MIN : at(stamp), add_line, &lines);
    (void)snprintf(kept, sizeof kept, "%s", text_str(&lines));
    text_free(&lines);
    return kept;
}

/* From 90 days before its day to long after it, and not a second earlier. */
static void a_retirement_is_told_90_days_ahead(void **state)
{
    (void)state;
    static const struct {
        enum dialect dialect;
        const char *model, *before, *first, *day, *after, *date;
    } cases[] = {
        {DIALECT_GA, "gpt-realtime", "2026-11-29T23:59:59Z", "2026-11-30T00:00:00Z",
         "2027-02-27T23:59:59Z", "2027-02-28T00:00:01Z", "2027-02-28"},
        {DIALECT_OPENAI, "gpt-realtime", "2026-10-21T23:59:59Z", "2026-10-22T00:00:00Z",
         "2027-01-19T12:00:00Z", "2028-01-01T00:00:00Z", "2027-01-20"},
        {DIALECT_GA, "gpt-realtime-2.1", "2027-03-26T23:59:59Z", "2027-03-27T00:00:00Z",
         "2027-06-24T00:00:00Z", "2027-06-26T00:00:00Z", "2027-06-25"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(told(cases[i].dialect, cases[i].model, NULL, cases[i].before), "");
        const char *stamps[] = {cases[i].first, cases[i].day, cases[i].after};
        for (int s = 0; s < 3; s++) {
            const char *words = told(cases[i].dialect, cases[i].model, NULL, stamps[s]);
            assert_non_null(strstr(words, cases[i].date));
            assert_non_null(strstr(words, MODEL_FACTS_AS_OF)); /* a fact of a day says its day */
            assert_non_null(strstr(words, s < 2 ? "is to be retired" : "was to be retired"));
        }
        assert_string_equal(told(cases[i].dialect, cases[i].model, NULL, NULL), "");
    }
    assert_non_null(strstr(told(DIALECT_GA, "gpt-realtime", NULL, "2027-01-01T00:00:00Z"),
                           "2027-03-02")); /* differing schedules are both reported */
}

static void a_name_is_a_model_or_a_version_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *model;
    } cases[] = {
        {"gpt-realtime", "gpt-realtime"},
        {"gpt-realtime-2025-08-28", "gpt-realtime"},
        {"gpt-realtime-mini", "gpt-realtime-mini"},
        {"gpt-realtime-mini-2025-10-06", "gpt-realtime-mini-2025-10-06"},
        {"gpt-realtime-mini-2025-12-15", "gpt-realtime-mini"},
        {"gpt-realtime-2", "gpt-realtime-2"},
        {"gpt-realtime-2.1", "gpt-realtime-2.1"},
        {"gpt-realtime-2.1-mini", "gpt-realtime-2.1-mini"},
        {"gpt-4o-realtime-preview-2025-06-03", "gpt-4o-realtime-preview"},
        {"gpt-realtime-3", NULL},
        {"gpt-realtime-whisper", NULL},
        {"my-deployment", NULL},
        {"gpt-realtime-2025-08-28-x", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct model_facts *facts = model_facts_find(cases[i].name);
        if (cases[i].model == NULL) {
            assert_null(facts);
        } else {
            assert_non_null(facts);
            assert_string_equal(facts->model, cases[i].model);
        }
    }
    assert_non_null(model_facts_find(MODEL_FACTS_CURRENT));
}

static void the_preview_route_and_its_versions_are_told(void **state)
{
    (void)state;
    const char *day = MODEL_FACTS_AS_OF "T12:00:00Z";
    const char *words = told(DIALECT_PREVIEW, "ours", "2025-04-01-preview", day);
    assert_non_null(strstr(words, "deprecated since 2026-04-30"));
    assert_null(strstr(words, "F18"));
    words = told(DIALECT_PREVIEW, "ours", "2024-10-01-preview", day);
    assert_non_null(strstr(words, "2024-10-01-preview"));
    assert_non_null(strstr(words, "F18"));
    assert_string_equal(told(DIALECT_GA, "ours", NULL, day), "");
    assert_string_equal(told(DIALECT_PREVIEW, "ours", "2024-10-01-preview", "2026-01-01T00:00:00Z"),
                        "");
}

/* Quotas of tier 1 (Azure's table of 2026-08-20) go with Azure's token deployments alone. */
static void the_quota_is_that_of_the_tier(void **state)
{
    (void)state;
    static const struct {
        struct model_use use;
        uint32_t rpm, tpm;
    } cases[] = {
        {{DIALECT_GA, "gpt-realtime", NULL, DEPLOYMENT_UNKNOWN}, 200, 100000},
        {{DIALECT_GA, "gpt-realtime-2025-08-28", NULL, DEPLOYMENT_GLOBAL_STANDARD}, 200, 100000},
        {{DIALECT_PREVIEW, "gpt-4o-realtime-preview", "v", DEPLOYMENT_UNKNOWN}, 36, 6000},
        {{DIALECT_GA, "gpt-4o-mini-realtime-preview-2024-12-17", NULL, DEPLOYMENT_UNKNOWN},
         36,
         6000},
        {{DIALECT_OPENAI, "gpt-realtime", NULL, DEPLOYMENT_UNKNOWN}, 0, 0},
        {{DIALECT_GA, "gpt-realtime", NULL, DEPLOYMENT_STANDARD}, 0, 0},
        {{DIALECT_GA, "gpt-realtime", NULL, DEPLOYMENT_GLOBAL_PROVISIONED}, 0, 0},
        {{DIALECT_GA, "gpt-realtime-2.1", NULL, DEPLOYMENT_UNKNOWN}, 0, 0},
        {{DIALECT_GA, "gpt-realtime-of-ours", NULL, DEPLOYMENT_UNKNOWN}, 0, 0},
        {{DIALECT_GA, NULL, NULL, DEPLOYMENT_UNKNOWN}, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t rpm = 0;
        uint32_t tpm = 0;
        bool known = model_facts_quota(&cases[i].use, &rpm, &tpm);
        if (known != (cases[i].rpm > 0) || rpm != cases[i].rpm || tpm != cases[i].tpm)
            fail_msg("case %zu: %d, %u, %u", i, known, rpm, tpm);
    }
}

static void list_prices_are_of_tokens(void **state)
{
    (void)state;
    struct model_use use = {DIALECT_OPENAI, "gpt-realtime-2.1-mini", NULL, DEPLOYMENT_UNKNOWN};
    const struct list_price *price = model_facts_price(&use);
    assert_non_null(price);
    assert_true(price->text_in == 0.6 && price->text_cached == 0.06 && price->text_out == 2.4);
    assert_true(price->audio_in == 10 && price->audio_cached == 0.3 && price->audio_out == 20);
    use.deployment_type = DEPLOYMENT_PROVISIONED;
    assert_null(model_facts_price(&use)); /* charged by the hour */
    use = (struct model_use){.dialect = DIALECT_GA, .model = "gpt-realtime-2.1"};
    assert_null(model_facts_price(&use)); /* no list has it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retirement_is_told_90_days_ahead),
        cmocka_unit_test(a_name_is_a_model_or_a_version_of_it),
        cmocka_unit_test(the_preview_route_and_its_versions_are_told),
        cmocka_unit_test(the_quota_is_that_of_the_tier),
        cmocka_unit_test(list_prices_are_of_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
