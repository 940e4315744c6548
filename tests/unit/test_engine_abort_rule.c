/* The abort rule: what it is told, in which order, and what it makes of it. */
#include "engine/abort_rule.h"
#include "engine_fixture.h"

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

/* How many failures in a row, or successes, it takes to decide. */
static unsigned until_decided(const struct profile *profile, const struct shard *shard, bool failed,
                              enum sequential_verdict expected)
{
    struct abort_rule rule;
    struct error err = {0};
    unsigned count = 0;
    const struct trial_sums one = {.at_risk = 1, .first_failures = failed};
    assert_int_equal(abort_rule_start(&rule, profile, shard, &err), ERR_OK);
    enum sequential_verdict verdict = SEQUENTIAL_OPEN;
    for (; verdict == SEQUENTIAL_OPEN && count < 1000; count++)
        verdict = abort_rule_add(&rule, 0, &one);
    assert_int_equal(verdict, expected);
    assert_int_equal(rule.regions[0].sums.at_risk, count);
    assert_int_equal(abort_rule_add(&rule, 0, &one), expected);
    assert_int_equal(rule.regions[0].sums.at_risk, count); /* as it was at the decision */
    abort_rule_free(&rule);
    return count;
}

/*
 * By hand: a failure adds ln(0.05/0.02) = 0.9163, a success ln(0.95/0.98) = -0.03109. Bounds at
 * errors e are +-ln((1-e)/e): 2.944 for 5%; shared by three 4.078; by two regions and three shards
 * 4.779.
 */
static void regions_and_shards_share_the_errors(void **state)
{
    static const struct {
        size_t region_count;
        struct shard shard;
        unsigned failures, successes;
    } rows[] = {
        {1, {0, 0}, 4, 95},
        {3, {0, 1}, 5, 132},
        {1, {1, 3}, 5, 132},
        {2, {2, 3}, 6, 154},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct profile profile = rule_of(rows[i].region_count, 0.05);
        assert_int_equal(until_decided(&profile, &rows[i].shard, true, SEQUENTIAL_TOO_HIGH),
                         rows[i].failures);
        assert_int_equal(until_decided(&profile, &rows[i].shard, false, SEQUENTIAL_ACCEPTABLE),
                         rows[i].successes);
    }
}

static void each_region_is_judged_on_its_own(void **state)
{
    const struct profile profile = rule_of(2, 0.05);
    struct abort_rule rule;
    struct error err = {0};
    struct text words = {0};
    (void)state;
    assert_int_equal(abort_rule_start(&rule, &profile, &(struct shard){0}, &err), ERR_OK);
    assert_int_equal(abort_rule_add(&rule, 0, &(struct trial_sums){180, 3}), SEQUENTIAL_OPEN);
    assert_int_equal(abort_rule_add(&rule, 1, &(struct trial_sums){40, 8}), SEQUENTIAL_TOO_HIGH);
    abort_rule_status(&rule, &words);
    assert_string_equal(text_str(&words),
                        "abort rule: eastus2 undecided, 3 first failures in 180 attempts; "
                        "swedencentral too high, 8 first failures in 40 attempts");
    text_clear(&words);
    abort_rule_decision(&rule, 1, &words);
    assert_string_equal(
        text_str(&words),
        "abort_on_fail: region swedencentral: the failure rate is too high: 8 first failures "
        "in 40 attempts at risk, which speaks for 5% or more and against 2%");
    text_free(&words);
    abort_rule_free(&rule);
}

static void without_rates_there_is_no_rule(void **state)
{
    const struct profile profile = {.regions = regions, .region_count = 2};
    struct abort_rule rule;
    struct error err = {0};
    (void)state;
    assert_int_equal(abort_rule_start(&rule, &profile, &(struct shard){0}, &err), ERR_OK);
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
    drive(&(struct scenario){.load = LOAD("60s"), .more = RULE("2%", "5%")}, &result);
    check_sums(&result);
    assert_int_equal(result.end, RUN_STOPPED_RULE);
    assert_true(result.took_ns < 30 * NS_PER_S);
    assert_true(result.rule.first_failures >= 4);
    assert_true(result.rule.first_failures <= result.clusters.first_failures);
}

/* Refused dials are trials too. */
static void dials_that_fail_stop_the_run(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.refuse_every = 1, .delay_ms = 5};
    drive(&(struct scenario){.load = LOAD("60s"), .more = RULE("2%", "5%")}, &result);
    assert_int_equal(result.end, RUN_STOPPED_RULE);
    assert_int_equal(result.rule.at_risk, result.rule.first_failures);
}

/* Undecided to the end (a rule that needs millions): it was told of exactly what the folder's sums
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
        cmocka_unit_test(each_region_is_judged_on_its_own),
        cmocka_unit_test(without_rates_there_is_no_rule),
        cmocka_unit_test(trials_are_told_in_the_order_in_which_they_began),
        cmocka_unit_test(a_withdrawn_trial_counts_for_nothing),
        cmocka_unit_test(a_rate_that_is_too_high_stops_the_run),
        cmocka_unit_test(dials_that_fail_stop_the_run),
        cmocka_unit_test(the_rule_sees_what_the_record_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
