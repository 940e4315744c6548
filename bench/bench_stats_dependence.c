/*
 * Whether what is said of a service at other hours is right, on simulated services that fail
 * together in time (service_scenario.h) and are seen for 1, 3 and 8 hours and for an hour on each
 * of 7 days. usage: bench_stats_dependence [REPETITIONS [NAME]]. Ends with 1 when a limit is
 * missed:
 *
 *   covers      the interval of 95% holds the true rate, or the answer is "cannot tell", in 90% of
 *               runs; where a single hour cannot show what comes once an hour or wanders for 20
 *               minutes (marked *), with room for an unseen incident
 *   threshold   a limit of twice the true rate fails in 2% at most
 *   comparison  equal services are "worse" in 5% at most, and "better" likewise; with B failing
 *               twice as often, "better" in 1% at most (power is printed)
 *   quantiles   P50 and P99 in 90%, or are withheld
 *   plan        the power of runs as long as planned is 0.70 or more where 0.80 was asked for
 *
 * Each with three standard errors of so many repetitions.
 */
#include "limits.h"
#include "service_scenario.h"
#include "stats/dependence.h"
#include "stats/duration.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE 0.95
#define TRUTH_HOURS 20000

#define INCIDENTS(n, length) .incidents = (n), .incident_seconds = (length), .incident_share = 0.6

static const struct scenario services[] = {
    {.name = "independent", .rate = 0.025},
    {.name = "independent, rare", .rate = 0.005},
    {.name = "poisoned sessions", .rate = 0.005, .poison = 1},
    {.name = "sticky retries", .rate = 0.012, .retry = 0.6, .chains = true},
    {.name = "sticky, no chains", .rate = 0.012, .retry = 0.6},
    {.name = "2 min, ~1/h", .rate = 0.005, INCIDENTS(1, 120)},
    {.name = "2 min, one each h", .rate = 0.005, INCIDENTS(1, 120), .regular = true},
    {.name = "20 s, ~6/h", .rate = 0.005, INCIDENTS(6, 20)},
    {.name = "drift, 20 min", .rate = 0.025, .drift = 0.85, .drift_seconds = 1200},
    {.name = "weak drift, 20 min", .rate = 0.025, .drift = 0.4, .drift_seconds = 1200},
    {.name = "few sessions", .rate = 0.025, .session_attempts = 60, .session_spread = 1},
};
static const struct scenario_span spans[] = {
    {"1 h", 1, 1}, {"3 h", 1, 3}, {"8 h", 1, 8}, {"7 x 1 h", 7, 1}};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    if (count == 0) return NAN;
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

/* A single hour cannot distinguish a service with an incident in most hours from one without, or a
 * wandering rate from its current value. */
static bool beyond_an_hour(const struct scenario *s, const struct scenario_span *span)
{
    bool once = s->incidents == 1 && !s->regular;
    return span->stretches == 1 && span->hours < 2 && (once || s->drift > 0);
}

static double share(int count)
{
    return 1.0 * count / repetitions;
}

static bool holds(struct estimate e, double truth)
{
    return e.low <= truth && truth <= e.high;
}

/* ---- rates ---- */

struct rate_tally {
    int window, covered, open, roomy, failed;
    double *widths, *sizes;
    size_t known;
};

static void tally_rate(struct rate_tally *t, const struct scenario_run *run, double truth)
{
    struct service_rate r = service_rate(run->blocks, run->count, &run->chains, CONFIDENCE);
    t->window += holds(rate_clustered(&run->chains, CONFIDENCE, NULL), truth);
    if (r.dependence.why != DEPENDENCE_KNOWN) {
        t->open++;
        return;
    }
    struct estimate plain = rate_wilson(run->chains.x, run->chains.m, CONFIDENCE);
    t->widths[t->known] = (r.estimate.high - r.estimate.low) / (plain.high - plain.low);
    t->sizes[t->known++] = r.effective_n;
    t->covered += holds(r.estimate, truth);
    r.estimate.high = service_high_with_room(&r, INCIDENT_SECONDS, INCIDENT_SHARE);
    t->roomy += holds(r.estimate, truth);
    t->failed += r.estimate.low > 2 * truth;
}

static void print_rate(const struct scenario *s, const struct scenario_span *span, double truth,
                       struct rate_tally *t)
{
    bool beyond = beyond_an_hour(s, span);
    double covers = share(t->covered + t->open);
    double roomy = share(t->roomy + t->open);
    bool good = at_least(beyond ? roomy : covers, 0.90) && at_most(share(t->failed), 0.02);
    printf("%-19s %-8s %5.2f%% %7.1f%% %8.1f%% %7.1f%%%s %7.1f%% %6.2f %7.0f %6.1f%%  %s\n",
           s->name, span->name, 100 * truth, 100 * share(t->window), 100 * share(t->open),
           100 * covers, beyond ? "*" : " ", 100 * roomy, median(t->widths, t->known),
           median(t->sizes, t->known), 100 * share(t->failed), judge(good));
}

static void rate_row(const struct scenario *s, const struct scenario_span *span, double truth,
                     uint64_t stream)
{
    struct random random;
    random_seed(&random, 31, stream);
    struct scenario_weather weather = scenario_weather_new(span);
    struct scenario_run run = scenario_run_new(span);
    struct rate_tally tally = {.widths = scenario_memory((size_t)repetitions, sizeof(double)),
                               .sizes = scenario_memory((size_t)repetitions, sizeof(double))};
    for (int i = 0; i < repetitions; i++) {
        scenario_draw(&run, s, span, &weather, &random);
        tally_rate(&tally, &run, truth);
    }
    print_rate(s, span, truth, &tally);
    free(tally.widths);
    free(tally.sizes);
    scenario_weather_free(&weather);
    scenario_free(&run);
}

/* ---- comparisons ---- */

struct verdicts {
    int worse, better, open;
};

static void tally_verdict(struct verdicts *v, const struct service_difference *d)
{
    enum difference_verdict verdict = service_verdict(d);
    v->worse += verdict == DIFFERENCE_WORSE;
    v->better += verdict == DIFFERENCE_BETTER;
    v->open += d->dependence.why != DEPENDENCE_KNOWN;
}

static struct service_side side_of(const struct scenario_run *run)
{
    return (struct service_side){
        .blocks = run->blocks, .count = run->count, .chains = &run->chains};
}

/* Two runs and their weather. */
struct pair {
    struct scenario_run a, b;
    struct scenario_weather weather_a, weather_b;
    struct random random;
};

static struct verdicts separate_runs(struct pair *p, const struct scenario *s,
                                     const struct scenario *other, const struct scenario_span *span)
{
    struct verdicts v = {0};
    for (int i = 0; i < repetitions; i++) {
        scenario_draw(&p->a, s, span, &p->weather_a, &p->random);
        scenario_draw(&p->b, other, span, &p->weather_b, &p->random);
        const struct service_side a = side_of(&p->a);
        const struct service_side b = side_of(&p->b);
        struct service_difference d = service_difference(&a, &b, CONFIDENCE);
        tally_verdict(&v, &d);
    }
    return v;
}

static struct verdicts regions_together(struct pair *p, const struct scenario *s, bool twice,
                                        const struct scenario_span *span)
{
    struct verdicts v = {0};
    struct scenario other = *s;
    if (twice && !(s->incidents > 0)) other.rate *= 2;
    for (int i = 0; i < repetitions; i++) {
        scenario_draw_pair(&p->a, &p->b, s, &other, span, &p->weather_a, &p->weather_b, twice,
                           &p->random);
        const struct service_side a = side_of(&p->a);
        const struct service_side b = side_of(&p->b);
        struct service_difference d = service_difference_paired(&a, &b, CONFIDENCE);
        tally_verdict(&v, &d);
    }
    return v;
}

static void print_verdicts(const char *how, const struct scenario *s,
                           const struct scenario_span *span, struct verdicts equal,
                           struct verdicts twice)
{
    bool good = at_most(share(equal.worse), 0.05) && at_most(share(equal.better), 0.05) &&
                at_most(share(twice.better), 0.01);
    printf("%-19s %-8s %-8s %6.1f%% %6.1f%% %8.1f%% %8.1f%% %7.1f%%  %s\n", s->name, span->name,
           how, 100 * share(equal.worse), 100 * share(equal.better), 100 * share(equal.open),
           100 * share(twice.worse), 100 * share(twice.better), judge(good));
}

static void comparison_rows(const struct scenario *s, const struct scenario_span *span,
                            uint64_t stream)
{
    struct scenario twice = scenario_doubled(s);
    struct pair p = {.a = scenario_run_new(span),
                     .b = scenario_run_new(span),
                     .weather_a = scenario_weather_new(span),
                     .weather_b = scenario_weather_new(span)};
    random_seed(&p.random, 32, stream);
    print_verdicts("runs", s, span, separate_runs(&p, s, s, span),
                   separate_runs(&p, s, &twice, span));
    print_verdicts("regions", s, span, regions_together(&p, s, false, span),
                   regions_together(&p, s, true, span));
    scenario_free(&p.a);
    scenario_free(&p.b);
    scenario_weather_free(&p.weather_a);
    scenario_weather_free(&p.weather_b);
}

/* ---- quantiles ---- */

static const struct scenario latencies[] = {
    {.name = "independent", .rate = 0.001},
    {.name = "drift, 20 min", .rate = 0.001, .drift = 0.3, .drift_seconds = 1200},
    {.name = "slow sessions", .rate = 0.001, .session_spread = 0.3},
    {.name = "slow, few sessions", .rate = 0.001, .session_attempts = 60, .session_spread = 0.3},
};

static int by_latency(const void *a, const void *b)
{
    return by_value(&((const struct scenario_latency *)a)->ms,
                    &((const struct scenario_latency *)b)->ms);
}

static void sort_latencies(struct scenario_run *run)
{
    qsort(run->latencies, run->attempts, sizeof *run->latencies, by_latency);
}

static double at_quantile(const struct scenario_run *run, double q)
{
    size_t rank = (size_t)ceil(q * (double)run->attempts);
    return run->latencies[rank > 0 ? rank - 1 : 0].ms;
}

/* The series of attempts above the observed quantile. */
static void count_above(struct scenario_run *run, double q)
{
    double value = at_quantile(run, q);
    for (size_t i = 0; i < run->count; i++) run->blocks[i].failures = 0;
    for (size_t i = run->attempts; i-- > 0 && run->latencies[i].ms > value;)
        run->blocks[run->latencies[i].block].failures += 1;
}

static void latency_truth(const struct scenario *s, const double *q, double *truth, size_t count)
{
    const struct scenario_span span = {.stretches = 1500, .hours = 1};
    struct random random;
    random_seed(&random, 33, 0);
    struct scenario_weather weather = scenario_weather_new(&span);
    struct scenario_run run = scenario_run_new(&span);
    scenario_keep_latencies(&run, &span);
    scenario_draw(&run, s, &span, &weather, &random);
    sort_latencies(&run);
    for (size_t i = 0; i < count; i++) truth[i] = at_quantile(&run, q[i]);
    scenario_weather_free(&weather);
    scenario_free(&run);
}

struct quantile_tally {
    int plain, covered, open;
};

static void tally_quantile(struct quantile_tally *t, struct scenario_run *run, double q,
                           double truth)
{
    uint64_t low;
    uint64_t high;
    bool both = quantile_ranks(run->attempts, q, CONFIDENCE, &low, &high);
    t->plain += both && run->latencies[low - 1].ms <= truth && truth <= run->latencies[high - 1].ms;
    count_above(run, q);
    struct service_rate above = service_rate(run->blocks, run->count, NULL, CONFIDENCE);
    if (!service_quantile_ranks(run->attempts, q, &above, CONFIDENCE, &low, &high)) {
        t->open++;
        return;
    }
    t->covered += run->latencies[low - 1].ms <= truth && truth <= run->latencies[high - 1].ms;
}

static void quantile_rows(const struct scenario *s, const struct scenario_span *span,
                          uint64_t stream)
{
    static const double q[] = {0.5, 0.99};
    double truth[COUNT(q)];
    struct quantile_tally tally[COUNT(q)] = {{0}};
    struct random random;
    random_seed(&random, 34, stream);
    latency_truth(s, q, truth, COUNT(q));
    struct scenario_weather weather = scenario_weather_new(span);
    struct scenario_run run = scenario_run_new(span);
    scenario_keep_latencies(&run, span);
    for (int i = 0; i < repetitions; i++) {
        scenario_draw(&run, s, span, &weather, &random);
        sort_latencies(&run);
        for (size_t k = 0; k < COUNT(q); k++) tally_quantile(&tally[k], &run, q[k], truth[k]);
    }
    for (size_t k = 0; k < COUNT(q); k++) {
        const struct quantile_tally *t = &tally[k];
        double covers = share(t->covered + t->open);
        bool beyond = beyond_an_hour(s, span);
        printf("%-19s %-8s P%-4g %7.0f ms %7.1f%% %8.1f%% %7.1f%%%s  %s\n", s->name, span->name,
               100 * q[k], truth[k], 100 * share(t->plain), 100 * share(t->open), 100 * covers,
               beyond ? "*" : " ", beyond ? "" : judge(at_least(covers, 0.90)));
    }
    scenario_weather_free(&weather);
    scenario_free(&run);
}

/* ---- the plan ---- */

static void plan_row(const struct scenario *s, uint64_t stream)
{
    struct scenario twice = scenario_doubled(s);
    double p1 = scenario_truth(s, TRUTH_HOURS / 10, 35);
    double p2 = scenario_truth(&twice, TRUTH_HOURS / 10, 36);
    struct burstiness b =
        burstiness_stated(s->rate, s->incidents, s->incident_seconds, s->incident_share, 2700);
    struct duration d = duration_to_tell(p1, p2, CONFIDENCE, 0.8, &b, 1);
    struct scenario_span span = {.name = "", .stretches = (int)d.days, .hours = 1};
    struct pair p = {.a = scenario_run_new(&span),
                     .b = scenario_run_new(&span),
                     .weather_a = scenario_weather_new(&span),
                     .weather_b = scenario_weather_new(&span)};
    random_seed(&p.random, 37, stream);
    struct verdicts v = separate_runs(&p, s, &twice, &span);
    printf("%-19s %5.2f%% %5.2f%% %7.1f %8.1f %5.0f %7.1f%%  %s\n", s->name, 100 * p1, 100 * p2,
           b.design_effect, d.hours, d.days, 100 * share(v.worse),
           judge(at_least(share(v.worse), 0.70)));
    scenario_free(&p.a);
    scenario_free(&p.b);
    scenario_weather_free(&p.weather_a);
    scenario_weather_free(&p.weather_b);
}

/* ---- main ---- */

static bool wanted(const char *name, const char *what)
{
    return what == NULL || strstr(name, what) != NULL;
}

static void rates(const char *what)
{
    printf("intervals of 95%% for the rate at such hours, %d runs\n", repetitions);
    printf("%-19s %-8s %6s %8s %9s %8s  %8s %6s %7s %7s\n", "service", "seen", "true", "window",
           "can't say", "covers", "w. room", "width", "eff. n", "fails");
    for (size_t i = 0; i < COUNT(services); i++) {
        if (!wanted(services[i].name, what)) continue;
        double truth = scenario_truth(&services[i], TRUTH_HOURS, 30);
        for (size_t k = 0; k < COUNT(spans); k++)
            rate_row(&services[i], &spans[k], truth, 10 * i + k);
    }
}

static void comparisons(const char *what)
{
    printf("\nequal services told apart, and B with twice the failures, %d runs\n", repetitions);
    printf("%-19s %-8s %-8s %7s %7s %9s %9s %8s\n", "service", "seen", "compared", "worse",
           "better", "can't say", "x2: worse", "better");
    for (size_t i = 0; i < COUNT(services); i++) {
        for (size_t k = 0; wanted(services[i].name, what) && k < COUNT(spans); k++)
            comparison_rows(&services[i], &spans[k], 10 * i + k);
    }
}

static void quantiles(const char *what)
{
    printf("\nquantiles at such hours, %d runs\n", repetitions);
    printf("%-19s %-8s %-5s %10s %8s %9s %8s\n", "service", "seen", "", "true", "window",
           "withheld", "covers");
    for (size_t i = 0; i < COUNT(latencies); i++) {
        for (size_t k = 0; wanted(latencies[i].name, what) && k < COUNT(spans); k++)
            quantile_rows(&latencies[i], &spans[k], 10 * i + k);
    }
}

static void plans(const char *what)
{
    printf("\nhours planned for a power of 80%%, an hour a day, and the power they have\n");
    printf("%-19s %6s %6s %7s %8s %5s %8s\n", "service", "A", "B", "effect", "hours", "days",
           "power");
    for (size_t i = 0; i < COUNT(services); i++) {
        const struct scenario *s = &services[i];
        bool stated = s->poison <= 0 && s->retry <= 0 && s->drift <= 0 && s->session_spread <= 0 &&
                      !s->regular;
        if (stated && wanted(s->name, what)) plan_row(s, i);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) repetitions = atoi(argv[1]);
    const char *what = argc > 2 ? argv[2] : NULL;
    if (repetitions < 1) return 2;
    rates(what);
    comparisons(what);
    quantiles(what);
    plans(what);
    return all_well ? 0 : 1;
}
