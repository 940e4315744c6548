/* The quick part of bench_stats_dependence: a few runs of each simulated service, always the same
 * ones (seeded), with generous limits. */
#include "../../bench/service_scenario.h"
#include "stats/dependence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RUNS 60

static const struct scenario_span hour = {"1 h", 1, 1};
static const struct scenario_span three = {"3 h", 1, 3};
static const struct scenario_span week = {"7 x 1 h", 7, 1};

static const struct scenario independent = {.name = "independent", .rate = 0.025};
static const struct scenario poisoned = {.name = "poisoned", .rate = 0.005, .poison = 1};
static const struct scenario sticky = {.name = "sticky", .rate = 0.012, .retry = 0.6};
static const struct scenario bursts = {
    .name = "2 min", .rate = 0.005, .incidents = 1, .incident_seconds = 120, .incident_share = 0.6};
static const struct scenario flashes = {
    .name = "20 s", .rate = 0.005, .incidents = 6, .incident_seconds = 20, .incident_share = 0.6};
static const struct scenario drift = {
    .name = "drift", .rate = 0.025, .drift = 0.85, .drift_seconds = 1200};

/* Least runs of RUNS that must be covered or open, that must be answered, and, where the interval
 * within the window is known to be wrong, the most that it may cover (so that the services are what
 * they are meant to be). */
static const struct {
    const struct scenario *service;
    const struct scenario_span *span;
    double truth; /* by 20,000 hours of bench_stats_dependence */
    int covered_or_open, answered, window_most;
    double width_most; /* median, over that for independent failures */
} rows[] = {
    {&independent, &hour, 0.025, 54, 50, RUNS, 1.5},
    {&independent, &week, 0.025, 54, 54, RUNS, 1.5},
    {&poisoned, &hour, 0.0271, 54, 50, RUNS, 4},
    {&sticky, &hour, 0.0255, 54, 50, 54, 3},
    {&bursts, &three, 0.0248, 52, 36, 36, 12},
    {&bursts, &week, 0.0248, 54, 48, 36, 12},
    {&flashes, &hour, 0.0248, 54, 48, 45, 5},
    {&flashes, &week, 0.0248, 54, 54, 45, 5},
    {&drift, &three, 0.025, 52, 0, 36, 12},
    {&drift, &week, 0.025, 52, 48, 36, 9},
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void intervals_cover_or_say_that_they_cannot(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct random random;
        random_seed(&random, 41, i);
        struct scenario_weather weather = scenario_weather_new(rows[i].span);
        struct scenario_run run = scenario_run_new(rows[i].span);
        double widths[RUNS];
        size_t answered = 0;
        int good = 0;
        int window = 0;
        for (int k = 0; k < RUNS; k++) {
            scenario_draw(&run, rows[i].service, rows[i].span, &weather, &random);
            struct estimate plain = rate_wilson(run.chains.x, run.chains.m, 0.95);
            struct estimate clustered = rate_clustered(&run.chains, 0.95, NULL);
            struct service_rate r = service_rate(run.blocks, run.count, &run.chains, 0.95);
            window += clustered.low <= rows[i].truth && rows[i].truth <= clustered.high;
            good += r.estimate.low <= rows[i].truth && rows[i].truth <= r.estimate.high;
            if (r.dependence.why != DEPENDENCE_KNOWN) continue;
            widths[answered++] = (r.estimate.high - r.estimate.low) / (plain.high - plain.low);
        }
        qsort(widths, answered, sizeof *widths, by_value);
        double width = answered > 0 ? widths[answered / 2] : 0;
        if (good < rows[i].covered_or_open || (int)answered < rows[i].answered ||
            window > rows[i].window_most || width > rows[i].width_most)
            fail_msg("%s, %s: %d of %d covered or open, %zu answered, %d by the window, width %.2f",
                     rows[i].service->name, rows[i].span->name, good, RUNS, answered, window,
                     width);
        scenario_weather_free(&weather);
        scenario_free(&run);
    }
}

/* If an hour saw no incident, the allowance for an unseen one says so. */
static void an_hour_leaves_room_for_what_it_did_not_show(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 42, 0);
    struct scenario_weather weather = scenario_weather_new(&hour);
    struct scenario_run run = scenario_run_new(&hour);
    int covered = 0;
    int roomy = 0;
    for (int k = 0; k < RUNS; k++) {
        scenario_draw(&run, &bursts, &hour, &weather, &random);
        struct service_rate r = service_rate(run.blocks, run.count, &run.chains, 0.95);
        double high = service_high_with_room(&r, INCIDENT_SECONDS, INCIDENT_SHARE);
        covered += r.estimate.high >= 0.0248;
        roomy += high >= 0.0248;
    }
    assert_in_range(covered, 0, 50); /* nothing in a quiet hour distinguishes it from a quiet
                                        service */
    assert_in_range(roomy, 56, RUNS);
    scenario_weather_free(&weather);
    scenario_free(&run);
}

struct verdicts {
    int worse, better;
};

static void count_verdict(struct verdicts *v, const struct service_difference *d)
{
    v->worse += service_verdict(d) == DIFFERENCE_WORSE;
    v->better += service_verdict(d) == DIFFERENCE_BETTER;
}

static struct service_side side_of(const struct scenario_run *run)
{
    return (struct service_side){
        .blocks = run->blocks, .count = run->count, .chains = &run->chains};
}

/* Equal services, as two runs or as two regions of one. */
static struct verdicts equal_services(const struct scenario *s, const struct scenario_span *span,
                                      bool together, bool twice, uint64_t stream)
{
    struct random random;
    random_seed(&random, 43, stream);
    struct verdicts v = {0};
    struct scenario_weather wa = scenario_weather_new(span);
    struct scenario_weather wb = scenario_weather_new(span);
    struct scenario_run a = scenario_run_new(span);
    struct scenario_run b = scenario_run_new(span);
    struct scenario other = *s;
    if (twice && !(s->incidents > 0)) other.rate *= 2;
    if (twice && !together) other.incidents *= 2;
    for (int k = 0; k < RUNS; k++) {
        if (together) {
            scenario_draw_pair(&a, &b, s, &other, span, &wa, &wb, twice, &random);
        } else {
            scenario_draw(&a, s, span, &wa, &random);
            scenario_draw(&b, &other, span, &wb, &random);
        }
        const struct service_side side_a = side_of(&a);
        const struct service_side side_b = side_of(&b);
        struct service_difference d = together ? service_difference_paired(&side_a, &side_b, 0.95)
                                               : service_difference(&side_a, &side_b, 0.95);
        count_verdict(&v, &d);
    }
    scenario_weather_free(&wa);
    scenario_weather_free(&wb);
    scenario_free(&a);
    scenario_free(&b);
    return v;
}

static void equal_services_are_not_told_apart(void **state)
{
    (void)state;
    static const struct scenario *const services[] = {&independent, &poisoned, &bursts, &flashes,
                                                      &drift};
    for (size_t i = 0; i < COUNT(services); i++) {
        for (int together = 0; together < 2; together++) {
            struct verdicts v =
                equal_services(services[i], &hour, together == 1, false, 2 * i + (size_t)together);
            if (v.worse > 6 || v.better > 6)
                fail_msg("%s %s: %d worse, %d better of %d", services[i]->name,
                         together ? "regions" : "runs", v.worse, v.better, RUNS);
        }
    }
}

static void twice_the_failures_are_found_and_never_better(void **state)
{
    (void)state;
    static const struct {
        const struct scenario *service;
        const struct scenario_span *span;
        bool together;
        int worse_least;
    } cases[] = {
        {&independent, &hour, false, 45}, {&independent, &hour, true, 45},
        {&poisoned, &week, false, 50},    {&flashes, &week, false, 42},
        {&flashes, &week, true, 50},      {&bursts, &week, true, 8},
        {&bursts, &week, false, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct verdicts v =
            equal_services(cases[i].service, cases[i].span, cases[i].together, true, 20 + i);
        if (v.better > 0 || v.worse < cases[i].worse_least)
            fail_msg("%s %s: %d worse, %d better of %d", cases[i].service->name,
                     cases[i].together ? "regions" : "runs", v.worse, v.better, RUNS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_cover_or_say_that_they_cannot),
        cmocka_unit_test(an_hour_leaves_room_for_what_it_did_not_show),
        cmocka_unit_test(equal_services_are_not_told_apart),
        cmocka_unit_test(twice_the_failures_are_found_and_never_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
