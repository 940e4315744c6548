/*
 * Checks the watch of abort_on_fail on simulated trials with known truth: how many trials (and
 * hours) lie between false alarms at the acceptable rate, with independent failures, with bursts
 * that strike everything, with chains of retries; and how soon it stops a run with a rate that is
 * too high. Exits with 1 if false alarms are more frequent than stated, or if an hour of 60%
 * failures is not stopped.
 */
#include "base/random.h"
#include "limits.h"
#include "stats/cusum.h"

#include <math.h>
#include <stdio.h>

#define ALARMS 300 /* per row: a standard error of 6% */
#define SLACK 0.8  /* three of them */

/* ---- average run lengths, trial by trial, without a cap ---- */

static double run_length(const struct cusum *watch, double rate, struct random *random)
{
    double sum = 0;
    double trials = 0;
    while (sum < watch->limit * (1 - 1e-9)) {
        bool failed = random_unit(random) < rate;
        sum = fmax(0, sum + (failed ? watch->if_failed : watch->if_passed));
        trials++;
    }
    return trials;
}

static double mean_run_length(const struct cusum *watch, double rate, uint64_t stream)
{
    struct random random;
    double sum = 0;
    random_seed(&random, 2031, stream);
    for (int i = 0; i < ALARMS; i++) sum += run_length(watch, rate, &random);
    return sum / ALARMS;
}

static void run_lengths(void)
{
    static const struct {
        double acceptable, too_high, mean;
    } rows[] = {{0.02, 0.05, 1e4},  {0.02, 0.05, 1e5},  {0.02, 0.10, 1e5}, {0.01, 0.03, 1e5},
                {0.005, 0.05, 1e5}, {0.001, 0.01, 1e5}, {0.05, 0.50, 1e4}, {0.20, 0.40, 1e4},
                {0.30, 0.90, 1e4},  {0.10, 0.11, 1e4}};
    printf("trials until the limit, exact (and simulated, %d alarms), no cap\n", ALARMS);
    printf("%10s %9s %8s %7s %12s %12s %8s %8s\n", "acceptable", "too high", "asked", "limit",
           "false alarm", "simulated", "delay", "simul.");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cusum watch;
        if (!cusum_start(&watch, rows[i].acceptable, rows[i].too_high, rows[i].mean)) return;
        double between = cusum_mean_trials(&watch, rows[i].acceptable);
        double seen = mean_run_length(&watch, rows[i].acceptable, 2 * i);
        double delay = cusum_mean_trials(&watch, rows[i].too_high);
        double late = mean_run_length(&watch, rows[i].too_high, 2 * i + 1);
        bool good = seen >= SLACK * rows[i].mean && fabs(seen / between - 1) < 0.2 &&
                    fabs(late / delay - 1) < 0.2;
        printf("%9.3g%% %8.3g%% %8.0f %7.3f %12.0f %12.0f %8.0f %8.0f  %s\n",
               100 * rows[i].acceptable, 100 * rows[i].too_high, rows[i].mean, watch.limit, between,
               seen, delay, late, judge(good));
    }
}

/* ---- in time: bursts, chains, the cap ---- */

struct service {
    const char *name;
    double per_minute; /* trials */
    double rate;       /* mean failure rate, including bursts */
    double burst_s, bursts_per_hour, in_burst;
    double chain; /* probability that a failure fails again at once: a retry in a fresh session */
};

struct state {
    struct random random;
    double now_s, burst_until_s, next_burst_s;
};

static double base_rate(const struct service *s)
{
    double struck = s->bursts_per_hour * s->burst_s / 3600;
    return (s->rate * (1 - s->chain) - struck * s->in_burst) / (1 - struck);
}

static double rate_now(const struct service *s, struct state *state)
{
    if (s->bursts_per_hour <= 0) return base_rate(s);
    if (state->now_s >= state->next_burst_s) {
        state->burst_until_s = state->next_burst_s + s->burst_s;
        double gap = 3600 / s->bursts_per_hour - s->burst_s;
        state->next_burst_s = state->burst_until_s + gap * random_exponential(&state->random);
    }
    return state->now_s < state->burst_until_s ? s->in_burst : base_rate(s);
}

/* Ten seconds of trials, reported together as by the engine. */
static bool ten_seconds(const struct service *s, struct state *state, struct cusum *watch)
{
    uint64_t trials = 0;
    uint64_t failed = 0;
    double end_s = state->now_s + 10;
    for (double t = random_exponential(&state->random) * 60 / s->per_minute; t < 10;
         t += random_exponential(&state->random) * 60 / s->per_minute) {
        trials++;
        if (random_unit(&state->random) >= rate_now(s, state)) continue;
        failed++;
        while (random_unit(&state->random) < s->chain) trials++, failed++;
    }
    state->now_s = end_s;
    return cusum_add(watch, end_s - 5, trials, failed);
}

/* Seconds until the alarm, or until ten times the requested number of trials. */
static double until_alarm(const struct service *s, struct cusum *watch, struct state *state)
{
    double from_s = state->now_s;
    double most = (double)watch->trials + 10 * watch->mean_trials;
    while ((double)watch->trials < most && !ten_seconds(s, state, watch)) {}
    return state->now_s - from_s;
}

static const struct service services[] = {
    {"independent", 5, 0, 0, 0, 0, 0},          {"independent", 45, 0, 0, 0, 0, 0},
    {"independent", 600, 0, 0, 0, 0, 0},        {"2 min at 60%", 5, 0, 120, 0.5, 0.6, 0},
    {"2 min at 60%", 45, 0, 120, 0.5, 0.6, 0},  {"2 min at 60%", 600, 0, 120, 0.5, 0.6, 0},
    {"2 min at 100%", 45, 0, 120, 0.3, 1, 0},   {"20 s at 60%", 5, 0, 20, 3, 0.6, 0},
    {"20 s at 60%", 45, 0, 20, 3, 0.6, 0},      {"20 s at 60%", 600, 0, 20, 3, 0.6, 0},
    {"5 min at 20%", 45, 0, 300, 0.6, 0.2, 0},  {"5 min at 60%", 45, 0, 300, 0.2, 0.6, 0},
    {"chains of retries", 45, 0, 0, 0, 0, 0.5},
};

/* Alarms in 20 times the requested number of trials, at the acceptable rate overall. */
static void false_alarms_of(struct service s, struct cusum *watch, uint64_t stream)
{
    struct state state = {.next_burst_s = 1800};
    int alarms = 0;
    random_seed(&state.random, 2032, stream);
    while ((double)watch->trials < 20 * watch->mean_trials) {
        (void)until_alarm(&s, watch, &state);
        alarms += watch->alarm;
        cusum_restart(watch);
    }
    double trials = (double)watch->trials / (alarms > 0 ? alarms : 1);
    printf("  %-18s %4.0f/min, base %5.2f%%: %s%9.0f trials, %7.1f h  %s\n", s.name, s.per_minute,
           100 * base_rate(&s), alarms > 0 ? "  " : "> ", trials, trials / s.per_minute / 60,
           judge(trials > SLACK * watch->mean_trials));
}

static void false_alarms(double acceptable, double too_high, double mean_trials)
{
    printf("\nbetween false alarms, %.3g%% acceptable, %.3g%% too high, asked: %.0f trials; as a "
           "whole each service fails at the acceptable rate\n",
           100 * acceptable, 100 * too_high, mean_trials);
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        struct service s = services[i];
        struct cusum watch;
        s.rate = acceptable;
        if (cusum_start(&watch, acceptable, too_high, mean_trials)) false_alarms_of(s, &watch, i);
    }
}

/* ---- delays ---- */

static void delay_of(const struct service *s, struct cusum *watch, uint64_t stream)
{
    struct state state = {0};
    double sum = 0;
    double longest = 0;
    random_seed(&state.random, 2033, stream);
    for (int a = 0; a < ALARMS; a++) {
        double took = until_alarm(s, watch, &state);
        cusum_restart(watch);
        sum += took;
        longest = fmax(longest, took);
    }
    printf("  %4.0f/min at %5.1f%%: %7.1f (%7.1f) min  %s\n", s->per_minute, 100 * s->rate,
           sum / ALARMS / 60, longest / 60, judge(s->rate < 0.5 || longest <= 900));
}

static void delays(double acceptable, double too_high, double mean_trials)
{
    static const double per_minute[] = {5, 45, 600};
    const double rates[] = {too_high, 1.5 * too_high, 0.6, 1};
    printf(
        "\nminutes until it stops, mean (and longest of %d); %.3g%% acceptable, %.3g%% too high, "
        "false alarms one in %.0f trials\n",
        ALARMS, 100 * acceptable, 100 * too_high, mean_trials);
    for (size_t i = 0; i < 12; i++) {
        const struct service s = {.per_minute = per_minute[i / 4], .rate = rates[i % 4]};
        struct cusum watch;
        if (cusum_start(&watch, acceptable, too_high, mean_trials)) delay_of(&s, &watch, i);
    }
}

int main(void)
{
    run_lengths();
    delays(0.02, 0.05, 1e5);
    delays(0.02, 0.10, 1e5);
    false_alarms(0.02, 0.05, 1e4);
    false_alarms(0.02, 0.05, 1e5);
    false_alarms(0.05, 0.20, 3e4);
    return all_well ? 0 : 1;
}
