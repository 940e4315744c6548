/* The abort rule: what is reported to it, in which order, and what it decides. */
#include "engine/abort_rule.h"
#include "engine_fixture.h"

#include <math.h>
#include <string.h>

static struct region regions[3] = {
    {.name = "eastus2"}, {.name = "swedencentral"}, {.name = "westus3"}};

static struct profile rule_of(size_t region_count, double errors)
{
    return (struct profile){.regions = regions,
                            .region_count = region_count,
                            .abort_on_fail = {.acceptable = {.set = true, .value = 0.02},
                                              .too_high = {.set = true, .value = 0.05},
                                              .errors = errors}};
}

#define MINUTE (60 * NS_PER_S)

static struct abort_rule start(const struct profile *profile, struct shard shard, double expected)
{
    struct abort_rule rule;
    struct error err = {0};
    assert_int_equal(abort_rule_start(&rule, profile, &shard, expected, &err), ERR_OK);
    return rule;
}

/* The chance of a false alarm in the run is shared by regions and shards: -ln(1-p) of it for as
 * many trials as are expected (exponential times between alarms). */
static void regions_and_shards_share_the_errors(void **state)
{
    static const struct {
        size_t region_count;
        struct shard shard;
        double expected, mean;
    } rows[] = {
        {1, {0, 0}, 10000, 10000 / 0.051293294387550578}, /* -ln(1 - 5%) */
        {2, {0, 1}, 10000, 10000 / 0.025317807984289897}, /* -ln(1 - 2.5%) */
        {1, {1, 2}, 10000, 5000 / 0.025317807984289897},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct profile profile = rule_of(rows[i].region_count, 0.05);
        struct abort_rule rule = start(&profile, rows[i].shard, rows[i].expected);
        double mean = rule.regions[0].watch.mean_trials;
        if (mean < rows[i].mean * 0.999 || mean > rows[i].mean * 1.001)
            fail_msg("row %zu: %g, not %g", i, mean, rows[i].mean);
        abort_rule_free(&rule);
    }
}

/* An hour of good attempts retires nothing: the failures that follow are an alarm within minutes,
 * and only in their region. */
static void the_watch_never_retires(void **state)
{
    const struct profile profile = rule_of(2, 0.05);
    const struct trial_sums good = {.at_risk = 100, .first_failures = 1};
    const struct trial_sums bad = {.at_risk = 100, .first_failures = 60};
    struct text words = {0};
    int minute = 0;
    (void)state;
    struct abort_rule rule = start(&profile, (struct shard){0}, 50000);
    for (; minute < 60; minute++) {
        for (size_t r = 0; r < 2; r++)
            assert_false(abort_rule_add(&rule, r, minute * MINUTE, &good));
    }
    int began = minute;
    assert_false(abort_rule_add(&rule, 0, minute * MINUTE, &good));
    while (!abort_rule_add(&rule, 1, minute * MINUTE, &bad)) assert_true(minute++ < 80);
    assert_in_range(minute - began, 6, 9); /* the evidence of one minute is an eighth */
    assert_string_equal(abort_verdict_name(&rule.regions[0]), "watching");
    assert_string_equal(abort_verdict_name(&rule.regions[1]), "too_high");
    abort_rule_status(&rule, &words);
    assert_non_null(strstr(text_str(&words),
                           "): eastus2 0% of the way to a stop, 61 first "
                           "failures in 6100 attempts; swedencentral too high, "));
    text_clear(&words);
    abort_rule_decision(&rule, 1, &words);
    assert_non_null(
        strstr(text_str(&words), "region swedencentral: the failure rate is too high: "));
    assert_non_null(strstr(text_str(&words), "for 5% or more and against 2%"));
    text_free(&words);
    abort_rule_free(&rule);
}

/* 100 and 300 trials in half an hour, false alarms every 10,000 and so every 50 hours and 16.7: one
 * in 12.5 hours. */
static void false_alarms_are_told_in_hours(void **state)
{
    const struct profile profile = rule_of(2, 0.05);
    const struct trial_sums few = {.at_risk = 100};
    const struct trial_sums many = {.at_risk = 300, .first_failures = 3};
    struct text words = {0};
    (void)state;
    /* -ln(1 - 2.5%) of them are expected */
    struct abort_rule rule = start(&profile, (struct shard){0}, 253.17807984289897);
    assert_true(isinf(abort_rule_hours_between(&rule)));
    (void)abort_rule_add(&rule, 0, 30 * MINUTE, &few);
    (void)abort_rule_add(&rule, 1, 30 * MINUTE, &many);
    assert_true(fabs(abort_rule_hours_between(&rule) - 12.5) < 1e-6);
    abort_rule_status(&rule, &words);
    if (strncmp(text_str(&words), "abort rule (a false alarm in 12h 30m): ", 39) != 0)
        fail_msg("%s", text_str(&words));
    text_free(&words);
    abort_rule_free(&rule);
}

static void without_rates_there_is_no_rule(void **state)
{
    const struct profile profile = {.regions = regions, .region_count = 2};
    struct abort_rule rule;
    struct error err = {0};
    (void)state;
    assert_int_equal(abort_rule_start(&rule, &profile, &(struct shard){0}, 1000, &err), ERR_OK);
    assert_null(rule.regions);
    abort_rule_free(&rule);
}

/* ---- the order of trials ---- */

static void trials_are_told_in_the_order_in_which_they_began(void **state)
{
    struct trials trials = {0};
    struct trial_sums told = {0};
    uint64_t slow;
    uint64_t quick;
    uint64_t later;
    (void)state;
    assert_true(trials_begin(&trials, &slow));
    assert_true(trials_begin(&trials, &quick));
    trials_end(&trials, quick, TRIAL_FAILED);
    trials_tick(&trials, &told);
    assert_int_equal(told.at_risk, 0); /* the one that began beside it has not ended */
    assert_true(trials_begin(&trials, &later));
    trials_end(&trials, later, TRIAL_FAILED);
    trials_tick(&trials, &told);
    assert_int_equal(told.at_risk, 0);
    trials_end(&trials, slow, TRIAL_OK);
    trials_tick(&trials, &told);
    assert_int_equal(told.at_risk, 3);
    assert_int_equal(told.first_failures, 2);
    trials_tick(&trials, &told);
    assert_int_equal(told.at_risk, 3);
    trials_free(&trials);
}

static void a_withdrawn_trial_counts_for_nothing(void **state)
{
    struct trials trials = {0};
    struct trial_sums told = {0};
    uint64_t group[100];
    (void)state;
    for (int i = 0; i < 100; i++) { /* one group each */
        assert_true(trials_begin(&trials, &group[i]));
        trials_tick(&trials, &told);
    }
    for (int i = 99; i >= 0; i--)
        trials_end(&trials, group[i], i % 4 == 0 ? TRIAL_WITHDRAWN : TRIAL_OK);
    trials_tick(&trials, &told);
    assert_int_equal(told.at_risk, 75);
    assert_int_equal(told.first_failures, 0);
    trials_free(&trials);
}

/* ---- in the engine ---- */

#define LOAD(seconds)                                                                              \
    "{\"model\":\"sessions\",\"connect_rate\":\"5000/"                                             \
    "s\",\"stages\":[{\"duration\":\"0s\",\"target\":6},"                                          \
    "{\"duration\":\"" seconds "\",\"target\":6}]}"
#define RULE(acceptable, too_high)                                                                 \
    ",\"abort_on_fail\":{\"acceptable\":\"" acceptable "\",\"too_high\":\"" too_high "\"}"

static void a_rate_that_is_too_high_stops_the_run(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.fail_every = 3, .delay_ms = 5};
    drive(&(struct scenario){.load = LOAD("8h"), .more = RULE("2%", "5%"), .speed = 240}, &result);
    check_sums(&result);
    assert_int_equal(result.end, RUN_STOPPED_RULE);
    assert_true(result.took_ns > NS_PER_S); /* not before 7 minutes of the run's clock */
    assert_true(result.took_ns < 60 * NS_PER_S);
    assert_true(result.rule.first_failures >= 4);
    assert_true(result.rule.first_failures <= result.clusters.first_failures);
}

/* Refused dials are trials too. */
static void dials_that_fail_stop_the_run(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.refuse_every = 1, .delay_ms = 5};
    drive(&(struct scenario){.load = LOAD("8h"), .more = RULE("2%", "5%"), .speed = 240}, &result);
    assert_int_equal(result.end, RUN_STOPPED_RULE);
    assert_int_equal(result.rule.at_risk, result.rule.first_failures);
}

/* Undecided to the end (the rule needs millions): it received exactly what the folder's sums
 * hold. */
static void the_rule_sees_what_the_record_holds(void **state)
{
    static const struct loopback_script scripts[] = {
        {.fail_every = 7, .delay_ms = 1},
        {.poison_every = 9, .refuse_every = 5, .reset_every = 11, .delay_ms = 1},
        {.cancel_every = 4, .expire_every = 6, .leave_every = 5, .limit_every = 8, .delay_ms = 1},
    };
    static struct result result;
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        loopback_script = scripts[i];
        drive(&(struct scenario){.load = LOAD("1s"),
                                 .session = "{\"interactions\":8,\"think_time\":\"1ms\"}",
                                 .more = RULE("12.999999%", "13%")},
              &result);
        assert_int_equal(result.end, RUN_COMPLETE);
        assert_true(result.rule.first_failures > 10);
        assert_int_equal(result.rule.at_risk, result.clusters.at_risk);
        assert_int_equal(result.rule.first_failures, result.clusters.first_failures);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_and_shards_share_the_errors),
        cmocka_unit_test(the_watch_never_retires),
        cmocka_unit_test(false_alarms_are_told_in_hours),
        cmocka_unit_test(without_rates_there_is_no_rule),
        cmocka_unit_test(trials_are_told_in_the_order_in_which_they_began),
        cmocka_unit_test(a_withdrawn_trial_counts_for_nothing),
        cmocka_unit_test(a_rate_that_is_too_high_stops_the_run),
        cmocka_unit_test(dials_that_fail_stop_the_run),
        cmocka_unit_test(the_rule_sees_what_the_record_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
