/*
 * How often the verdict of a job changes that drives a quarter of an hour each hour, though the
 * service stays as it is: each run judged alone, and the last few together (`report --last N`). Run
 * folders of simulated services (service_scenario.h), written and read back as the commands do.
 * usage: bench_rolling [HOURS [NAME]]. "wrong": passed though the true rate is beyond the limit, or
 * failed though it is within.
 */
#include "service_folder.h"

#include "figures/model.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TRUTH_HOURS 4000
#define LAST_MOST 12

static const struct scenario services[] = {
    {.name = "independent", .rate = 0.10},
    {.name = "poisoned sessions", .rate = 0.023, .poison = 1},
    {.name = "2 min, ~2/h",
     .rate = 0.06,
     .incidents = 2,
     .incident_seconds = 120,
     .incident_share = 0.6},
    {.name = "drift, 20 min", .rate = 0.10, .drift = 0.4, .drift_seconds = 1200},
};
static const struct scenario_span quarter = {"15 min", 1, 0.25};
static const double limits[] = {0.5, 0.8, 2}; /* times the true rate */
static const size_t lasts[] = {1, 4, 8, 12};

struct verdicts {
    int judged, passed, failed, changed;
    enum verdict before;
};

static void count(struct verdicts *t, enum verdict verdict)
{
    t->changed += t->judged > 0 && verdict != t->before;
    t->judged++;
    t->passed += verdict == VERDICT_PASS;
    t->failed += verdict == VERDICT_FAIL;
    t->before = verdict;
}

/* The runs from `first` on, as many, one an hour. */
static void join(struct scenario_run *into, const struct scenario_run *runs, size_t first,
                 size_t many)
{
    scenario_restart(into);
    for (size_t r = first; r < first + many; r++) {
        for (size_t i = 0; i < runs[r].count; i++) {
            struct time_block block = runs[r].blocks[i];
            block.start += 3600.0 * (double)r;
            into->blocks[into->count++] = block;
        }
        cluster_merge(&into->chains, &runs[r].chains);
    }
}

static void print(const struct scenario *s, double truth, double limit, const char *rests_on,
                  const struct verdicts *t)
{
    const int wrong = truth > limit ? t->passed : t->failed;
    const double all = t->judged;
    printf("| %s | %.1f%% | %.1f%% | %s | %.0f%% | %.0f%% | %.0f%% | %.0f | %.1f%% |\n", s->name,
           100 * truth, 100 * limit, rests_on, 100 * t->passed / all, 100 * t->failed / all,
           100 * (all - t->passed - t->failed) / all, 100 * t->changed / (all - 1),
           100 * wrong / all);
    (void)fflush(stdout);
}

/* One limit: each run alone, about itself and about such hours; then the last few. */
static void rows(const struct scenario *s, double truth, double limit,
                 const struct scenario_run *runs, size_t hours)
{
    static const struct scenario_span longest = {"", LAST_MOST, 0.25};
    struct scratch scratch;
    char thresholds[160];
    (void)snprintf(thresholds, sizeof thresholds,
                   "\"failure_rate{region=a} < %.6f%%\",\"failure_rate{region=a,about=run} < "
                   "%.6f%%\"",
                   100 * limit, 100 * limit);
    scratch_open(&scratch, thresholds);
    struct scenario_run joined = scenario_run_new(&longest);
    for (size_t n = 0; n < COUNT(lasts); n++) {
        struct verdicts of_service = {0};
        struct verdicts of_run = {0};
        for (size_t end = LAST_MOST; end <= hours; end++) {
            join(&joined, runs, end - lasts[n], lasts[n]);
            struct results *results = run_of(&scratch, &joined, &joined);
            count(&of_service, results->judged[0].of.verdict);
            count(&of_run, results->judged[1].of.verdict);
            results_free(results);
        }
        char name[32];
        (void)snprintf(name, sizeof name, "the last %zu", lasts[n]);
        if (lasts[n] == 1) print(s, truth, limit, "each alone, about=run", &of_run);
        print(s, truth, limit, lasts[n] == 1 ? "each alone" : name, &of_service);
    }
    scenario_free(&joined);
    scratch_close(&scratch);
}

static void service(const struct scenario *s, size_t hours, uint64_t stream)
{
    struct scenario_run *runs = scenario_memory(hours, sizeof *runs);
    struct scenario_weather weather = scenario_weather_new(&quarter);
    struct random random;
    const double truth = scenario_truth(s, TRUTH_HOURS, 40);
    random_seed(&random, 43, stream);
    for (size_t i = 0; i < hours; i++) {
        runs[i] = scenario_run_new(&quarter);
        scenario_draw(&runs[i], s, &quarter, &weather, &random);
    }
    for (size_t i = 0; i < COUNT(limits); i++) rows(s, truth, limits[i] * truth, runs, hours);
    for (size_t i = 0; i < hours; i++) scenario_free(&runs[i]);
    free(runs);
    scenario_weather_free(&weather);
}

int main(int argc, char **argv)
{
    const int hours = argc > 1 ? atoi(argv[1]) : 500;
    const char *what = argc > 2 ? argv[2] : NULL;
    if (hours <= LAST_MOST) return 2;
    printf("%d hours\n\n| service | true | limit | rests on | pass | fail | undecided | changes in "
           "100 hours | wrong |\n|---|---|---|---|---|---|---|---|---|\n",
           hours);
    for (size_t i = 0; i < COUNT(services); i++) {
        if (what != NULL && strstr(services[i].name, what) == NULL) continue;
        service(&services[i], (size_t)hours, i);
    }
    return 0;
}
