#include "base/random.h"
#include "stats/duration.h"
#include "stats/sample_size.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void close_to(const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%s is %.12g, wanted %.12g", what, got, want);
}

/* 588 attempts a side tell 2% from 5% when independent (statistics page, section 3). */
static void independent_failures_need_what_they_did(void **state)
{
    (void)state;
    const struct burstiness none = {.attempts_per_hour = 2700, .design_effect = 1};
    struct duration d = duration_to_tell(0.02, 0.05, 0.95, 0.8, &none, 24);
    assert_true(d.known);
    close_to("attempts", d.attempts, 588, 1);
    close_to("hours", d.hours, 588.0 / 2700, 1e-3);
    close_to("days", d.days, 1, 0);
    assert_false(duration_to_tell(0.02, 0.02, 0.95, 0.8, &none, 24).known);
    assert_false(duration_to_tell(0.02, 1.5, 0.95, 0.8, &none, 24).known);
    assert_false(duration_to_tell(0.02, 0.05, 0.95, 0.8, &none, 0).known);
}

/*
 * One 2-minute incident an hour at 60%: 54 failures each of 2,700 attempts; over 0.5% otherwise the
 * rate is 2.5%, so 54^2 / (2700 * 0.025 * 0.975) more than the variance of chance.
 */
static void stated_burstiness_by_hand(void **state)
{
    (void)state;
    struct burstiness b = burstiness_stated(0.005, 1, 120, 0.6, 2700);
    close_to("rate", burstiness_rate(0.005, 1, 120, 0.6), 0.025, 1e-15);
    close_to("effect", b.design_effect, 1 + 2916 / 65.8125, 1e-9);
    close_to("memory", b.memory_seconds, 120, 0);
    close_to("no incidents", burstiness_stated(0.005, 0, 120, 0.6, 2700).design_effect, 1, 0);
    assert_true(isnan(burstiness_stated(-1, 1, 120, 0.6, 2700).design_effect));
    assert_true(isnan(burstiness_stated(0.1, 1, 120, 1.6, 2700).design_effect));
}

static void bursts_take_hours_and_days(void **state)
{
    (void)state;
    struct burstiness b = burstiness_stated(0.005, 1, 120, 0.6, 2700);
    struct duration d = duration_to_tell(0.025, 0.045, 0.95, 0.8, &b, 1);
    double plain = sample_size_to_tell(0.025, 0.045, 0.95, 0.8, b.design_effect) / 2700;
    assert_true(d.hours > plain && d.hours < 1.2 * plain);
    close_to("days", d.days, ceil(d.hours), 0);
    close_to("each", d.hours_each * d.days, d.hours, 1e-9);
    /* So far apart that an hour would do, if an hour held its incidents. */
    d = duration_to_tell(0.005, 0.5, 0.95, 0.8, &b, 2);
    assert_true(d.by_incidents);
    close_to("hours of six incidents", d.hours, 6, 1e-9);
    close_to("days at least", d.days, 7, 0);
}

static struct service_rate rate_of(double value, double effect, double degrees)
{
    return (struct service_rate){
        .estimate = {.valid = true, .value = value, .low = 0, .high = 1},
        .dependence = {.design_effect = effect, .degrees = degrees, .seconds = 3600, .blocks = 6}};
}

/* The interval of 0 of n ends at z^2/(n + z^2): below 1% from n = 381 on. */
static void zero_failures_need_what_wilson_says(void **state)
{
    (void)state;
    struct service_rate none = rate_of(0, 1, INFINITY);
    double z = normal_quantile(0.975);
    double n = z * z * (1 - 0.01) / 0.01;
    close_to("growth", growth_to_clear(&none, 20, 0.01, 0.95), n / 20, 1e-6);
    close_to("decided", growth_to_clear(&none, 1000, 0.01, 0.95), 1, 0);
    assert_true(isinf(growth_to_clear(&none, 20, 0, 0.95)));
    struct service_rate half = rate_of(0.5, 1, INFINITY);
    assert_true(isinf(growth_to_clear(&half, 20, 0.5, 0.95)));
    struct service_rate clustered = rate_of(0, 4, INFINITY);
    close_to("by the effect", growth_to_clear(&clustered, 20, 0.01, 0.95), n / 5, 1e-6);
}

static void what_could_not_tell_grows_until_it_can(void **state)
{
    (void)state;
    struct service_rate rate = rate_of(0.02, 40, 2);
    rate.dependence.why = DEPENDENCE_FEW_INCIDENTS;
    assert_true(growth_to_clear(&rate, 2700, 0.9, 0.95) >= 6);
    rate.dependence.why = DEPENDENCE_NO_ATTEMPTS;
    assert_true(isinf(growth_to_clear(&rate, 2700, 0.9, 0.95)));
    struct service_difference d = {.difference = {.valid = false, .value = 0.01}};
    d.dependence = rate.dependence;
    d.dependence.why = DEPENDENCE_FEW_INCIDENTS;
    close_to("to six incidents", growth_to_tell(&d), 6, 1e-12);
}

/* 20 of 20 against 20 of 20: no number of attempts separates equal rates. */
static void no_difference_is_never_told(void **state)
{
    (void)state;
    struct service_difference d = {.difference = {.valid = true, .low = -0.16, .high = 0.16}};
    assert_true(isinf(growth_to_tell(&d)));
    d.difference = (struct difference){.valid = true, .value = 0.02, .low = -0.02, .high = 0.06};
    close_to("twice as wide", growth_to_tell(&d), 4, 1e-9);
    d.difference = (struct difference){.valid = true, .value = -0.02, .low = -0.06, .high = 0.02};
    close_to("the other way", growth_to_tell(&d), 4, 1e-9);
    d.difference = (struct difference){.valid = true, .value = 0.02, .low = 0.01, .high = 0.03};
    close_to("told", growth_to_tell(&d), 1, 0);
}

/* A day of ten-second intervals, 7 or 8 attempts each: 45 a minute. */
#define DAY 8640
static struct time_block day[DAY];

static void fill_day(double (*rate_at)(double second), uint64_t stream)
{
    struct random random;
    random_seed(&random, 41, stream);
    for (int i = 0; i < DAY; i++) {
        int attempts = 7 + i % 2;
        day[i] = (struct time_block){.start = 10 * i, .seconds = 10, .attempts = attempts};
        for (int k = 0; k < attempts; k++)
            day[i].failures += random_unit(&random) < rate_at(10 * i);
    }
}

static double even(double second)
{
    (void)second;
    return 0.025;
}

/* Half past each hour, and so without the chance of a Poisson process; every other hour twice. */
static double bursts(double second)
{
    double in_hour = fmod(second, 3600);
    bool twice = fmod(second, 7200) < 3600 && in_hour >= 600 && in_hour < 720;
    bool once = in_hour >= 1800 && in_hour < 1920;
    return once || twice ? 0.6 : 0.005;
}

/* Nothing beyond chance in 9 runs of 10 or more, and never much. */
static void a_run_of_independent_failures(void **state)
{
    (void)state;
    int seen = 0;
    for (uint64_t i = 0; i < 40; i++) {
        fill_day(even, i);
        struct burstiness b = burstiness_of_run(day, DAY, 1);
        seen += b.memory_seconds > 0;
        assert_true(b.design_effect < 6);
        if (b.memory_seconds == 0) assert_true(b.design_effect == 1);
    }
    assert_in_range(seen, 0, 20);
}

/* 36 incidents of 54 failures in 64,800 attempts: the effect of blocks that hold one each is
 * incidents * 54^2 / (attempts p (1-p)), and a little of chance. */
static void an_earlier_run_tells_its_bursts(void **state)
{
    (void)state;
    fill_day(bursts, 1);
    struct burstiness b = burstiness_of_run(day, DAY, 1);
    double p = 0.005 + 36 * 120 / 86400.0 * 0.595;
    double effect = 1 + 36 * 54.0 * 54 / (64800 * p * (1 - p));
    close_to("effect", b.design_effect, effect, 0.25 * effect);
    close_to("stretches an hour", b.stretches_per_hour, 1.5, 0.4);
    assert_true(b.memory_seconds >= 60 && b.memory_seconds <= 1800);
    struct burstiness twice = burstiness_at(&b, 5400);
    close_to("at twice the load", twice.design_effect - 1, 2 * (b.design_effect - 1), 1e-9);
    close_to("that load", twice.attempts_per_hour, 5400, 0);
    /* Sessions that are as dependent by themselves leave time nothing to add. */
    struct burstiness sessions = burstiness_of_run(day, DAY, 60);
    close_to("sessions", sessions.design_effect, 60, 0);
    close_to("of any load", burstiness_at(&sessions, 5400).design_effect, 60, 0);
    struct burstiness nothing = burstiness_of_run(day, 0, 1);
    close_to("without a block", nothing.design_effect, 1, 0);
    for (int i = 0; i < DAY; i++) day[i].failures = 0;
    close_to("without a failure", burstiness_of_run(day, DAY, 1).design_effect, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_failures_need_what_they_did),
        cmocka_unit_test(stated_burstiness_by_hand),
        cmocka_unit_test(bursts_take_hours_and_days),
        cmocka_unit_test(zero_failures_need_what_wilson_says),
        cmocka_unit_test(what_could_not_tell_grows_until_it_can),
        cmocka_unit_test(no_difference_is_never_told),
        cmocka_unit_test(a_run_of_independent_failures),
        cmocka_unit_test(an_earlier_run_tells_its_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
