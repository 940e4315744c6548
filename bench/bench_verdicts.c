/*
 * Whether the verdicts that users get are right: run folders of simulated services
 * (service_scenario.h), written and read back as the commands do, without attempts.csv. usage:
 * bench_verdicts [REPETITIONS [NAME]]. Ends with 1 when a limit is missed:
 *
 *   covers      the interval "at such hours" holds the true rate, or it says that it cannot tell,
 *               in 90% of runs; where a single hour cannot show what comes once an hour or wanders
 *               for 20 minutes (marked *), with room for an unseen incident
 *   threshold   a limit of twice the true rate fails in 2% at most (and passes in so many)
 *   compare     equal services are "worse" in 5% at most, and "better" likewise, as two runs and as
 *               two regions of one run; with B failing twice as often, "better" in 1% at most
 *
 * Each with three standard errors of so many repetitions.
 */
#include "limits.h"
#include "service_folder.h"

#include "compare/compare.h"
#include "figures/claim.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TRUTH_HOURS 4000
#define INCIDENTS(n, length) .incidents = n, .incident_seconds = length, .incident_share = 0.6

static const struct scenario services[] = {
    {.name = "independent", .rate = 0.025},
    {.name = "poisoned sessions", .rate = 0.005, .poison = 1},
    {.name = "sticky retries", .rate = 0.012, .retry = 0.6, .chains = true},
    {.name = "2 min, ~1/h", .rate = 0.005, INCIDENTS(1, 120)},
    {.name = "20 s, ~6/h", .rate = 0.005, INCIDENTS(6, 20)},
    {.name = "drift, 20 min", .rate = 0.025, .drift = 0.85, .drift_seconds = 1200},
    {.name = "few sessions", .rate = 0.025, .session_attempts = 60, .session_spread = 1},
};
static const struct scenario_span spans[] = {
    {"1 h", 1, 1}, {"3 h", 1, 3}, {"8 h", 1, 8}, {"7 x 1 h", 7, 1}};

static bool beyond_an_hour(const struct scenario *s, const struct scenario_span *span)
{
    return span->stretches == 1 && span->hours < 2 && (s->incidents == 1 || s->drift > 0);
}

static double share(int count)
{
    return 1.0 * count / repetitions;
}

/* ---- verdicts ---- */

struct outcome_tally {
    int covered, roomy, open, passed, failed;
    int worse[2], better[2]; /* of equal services: as runs, as regions */
    int told[2], wrong[2];   /* of B with twice the failures: worse, better */
};

static enum compare_verdict compared(const struct results *a, const struct results *b)
{
    static const char *const rate = "failure_rate{region=a}";
    static const char *const of_regions = "failure_rate";
    struct compare_options options = compare_defaults();
    struct error err = {0};
    struct compared *comparison;
    options.metrics = b != NULL ? &rate : &of_regions;
    options.metric_count = 1;
    enum err_code code = b != NULL ? compare_runs(a, "a", b, "b", &options, &comparison, &err)
                                   : compare_regions(a, "a", "b", &options, &comparison, &err);
    must(code, &err);
    enum compare_verdict verdict = compare_verdict_of(comparison);
    compare_free(comparison);
    return verdict;
}

static void tally_one(struct outcome_tally *t, const struct results *results, double truth)
{
    const struct claim_of of = claim_of_region(results, 0);
    struct service_rate r = claim_failure_rate(&of, RATE_ATTEMPT);
    bool known = r.dependence.why == DEPENDENCE_KNOWN;
    bool above = r.estimate.low <= truth;
    t->open += !known;
    t->covered += known && above && truth <= r.estimate.high;
    t->roomy += known && above && truth <= claim_room(&r);
    t->passed += results_verdict(results) == VERDICT_PASS;
    t->failed += results_verdict(results) == VERDICT_FAIL;
}

static void count(enum compare_verdict verdict, int *worse, int *better)
{
    *worse += verdict == COMPARE_WORSE;
    *better += verdict == COMPARE_BETTER;
}

/* What one simulated service needs. */
struct theatre {
    struct scratch scratch;
    struct scenario_run a, b;
    struct scenario_weather of_a, of_b;
    struct random random;
};

static struct results *draw(struct theatre *stage, const struct scenario *s,
                            const struct scenario *other, const struct scenario_span *span,
                            bool twice)
{
    scenario_draw_pair(&stage->a, &stage->b, s, other, span, &stage->of_a, &stage->of_b, twice,
                       &stage->random);
    return run_of(&stage->scratch, &stage->a, &stage->b);
}

static void repeat(struct theatre *stage, const struct scenario *s,
                   const struct scenario_span *span, double truth, struct outcome_tally *t)
{
    const struct scenario twice = scenario_doubled(s);
    bool incidents = s->incidents > 0;
    struct results *first = draw(stage, s, s, span, false);
    struct results *second = draw(stage, s, s, span, false);
    struct results *third = draw(stage, &twice, &twice, span, false);
    struct results *fourth = draw(stage, s, incidents ? s : &twice, span, incidents);
    tally_one(t, first, truth);
    count(compared(first, second), &t->worse[0], &t->better[0]);
    count(compared(first, NULL), &t->worse[1], &t->better[1]);
    count(compared(first, third), &t->told[0], &t->wrong[0]);
    count(compared(fourth, NULL), &t->told[1], &t->wrong[1]);
    results_free(first);
    results_free(second);
    results_free(third);
    results_free(fourth);
}

static void print(const struct scenario *s, const struct scenario_span *span, double truth,
                  const struct outcome_tally *t)
{
    bool beyond = beyond_an_hour(s, span);
    double covers = share(t->covered + t->open);
    double roomy = share(t->roomy + t->open);
    bool good = at_least(beyond ? roomy : covers, 0.90) && at_most(share(t->failed), 0.02);
    for (size_t i = 0; i < 2; i++) {
        good = good && at_most(share(t->worse[i]), 0.05) && at_most(share(t->better[i]), 0.05) &&
               at_most(share(t->wrong[i]), 0.01);
    }
    printf("| %s | %s | %.2f%% | %.0f%%%s (%.0f) | %.0f%% | %.1f%% | %.0f%% | %.1f / %.1f%% | "
           "%.1f / %.1f%% | %.0f / %.0f%% | %.1f / %.1f%% | %s |\n",
           s->name, span->name, 100 * truth, 100 * covers, beyond ? "*" : "", 100 * share(t->open),
           100 * roomy, 100 * share(t->failed), 100 * share(t->passed), 100 * share(t->worse[0]),
           100 * share(t->worse[1]), 100 * share(t->better[0]), 100 * share(t->better[1]),
           100 * share(t->told[0]), 100 * share(t->told[1]), 100 * share(t->wrong[0]),
           100 * share(t->wrong[1]), judge(good));
    (void)fflush(stdout);
}

static void row(const struct scenario *s, const struct scenario_span *span, double truth,
                uint64_t stream)
{
    struct theatre stage = {.a = scenario_run_new(span),
                            .b = scenario_run_new(span),
                            .of_a = scenario_weather_new(span),
                            .of_b = scenario_weather_new(span)};
    struct outcome_tally tally = {0};
    char limit[64];
    (void)snprintf(limit, sizeof limit, "\"failure_rate{region=a} < %.6f%%\"", 200 * truth);
    scratch_open(&stage.scratch, limit);
    random_seed(&stage.random, 41, stream);
    for (int i = 0; i < repetitions; i++) repeat(&stage, s, span, truth, &tally);
    print(s, span, truth, &tally);
    scratch_close(&stage.scratch);
    scenario_free(&stage.a);
    scenario_free(&stage.b);
    scenario_weather_free(&stage.of_a);
    scenario_weather_free(&stage.of_b);
}

int main(int argc, char **argv)
{
    if (argc > 1) repetitions = atoi(argv[1]);
    const char *what = argc > 2 ? argv[2] : NULL;
    if (repetitions < 1) return 2;
    printf("%d runs each; pairs: as two runs / as two regions of one\n\n"
           "| service | seen | true | covers (cannot tell) | with room | limit of twice that "
           "fails | passes | equal: worse | better | B twice: worse | better | |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|\n",
           repetitions);
    for (size_t i = 0; i < COUNT(services); i++) {
        if (what != NULL && strstr(services[i].name, what) == NULL) continue;
        double truth = scenario_truth(&services[i], TRUTH_HOURS, 40);
        for (size_t k = 0; k < COUNT(spans); k++) row(&services[i], &spans[k], truth, 10 * i + k);
    }
    return all_well ? 0 : 1;
}
