/*
 * Our statistics as a filter: one question a line on stdin, the figures of its answer on stdout.
 * The suite asks scipy and statsmodels the same questions.
 */
#include "stats/blocks.h"
#include "stats/comparison.h"
#include "stats/cusum.h"
#include "stats/incident.h"
#include "stats/rate.h"
#include "stats/sample_size.h"
#include "stats/together.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 8192

static void print_estimate(struct estimate e)
{
    printf("%.17g %.17g %.17g\n", e.value, e.low, e.high);
}

static void answer_newcombe(const double *n)
{
    struct estimate a = rate_wilson(n[0], n[1], n[4]);
    struct estimate b = rate_wilson(n[2], n[3], n[4]);
    struct difference d = rate_newcombe(&a, &b);
    printf("%.17g %.17g %.17g\n", d.value, d.low, d.high);
}

static void answer_score(const double *n)
{
    double z;
    double p = rate_score_test(n[0], n[1], n[2], n[3], &z);
    printf("%.17g %.17g\n", z, p);
}

static void answer_ranks(const double *n)
{
    uint64_t low;
    uint64_t high;
    (void)quantile_ranks((uint64_t)n[0], n[1], n[2], &low, &high);
    printf("%llu %llu\n", (unsigned long long)low, (unsigned long long)high);
}

static void answer_holm(const double *n, size_t count)
{
    double adjusted[NUMBERS_MAX];
    if (!holm_adjust(n, count, adjusted)) exit(1);
    for (size_t i = 0; i < count; i++) printf("%.17g%s", adjusted[i], i + 1 == count ? "\n" : " ");
}

/* The confidence, then attempts and failures of each session. */
static void answer_clustered(const double *n, size_t count)
{
    struct cluster_sums sums = {0};
    for (size_t i = 1; i + 1 < count; i += 2)
        cluster_add(&sums, (uint64_t)n[i], (uint64_t)n[i + 1], 1);
    struct estimate e = rate_clustered(&sums, n[0], NULL);
    printf("%.17g %.17g %.17g %.17g\n", cluster_design_effect(&sums), e.value, e.low, e.high);
}

/* The length of blocks, then start, length, attempts and failures of each base block; with `pair`
 * attempts and failures of the other side as well. */
static void answer_spread(const double *n, size_t count, bool pair)
{
    static struct time_block a[NUMBERS_MAX];
    static struct time_block b[NUMBERS_MAX];
    size_t each = pair ? 6 : 4;
    size_t blocks = (count - 1) / each;
    for (size_t i = 0; i < blocks; i++) {
        const double *at = n + 1 + each * i;
        a[i] = (struct time_block){at[0], at[1], at[2], at[3]};
        if (pair) b[i] = (struct time_block){at[0], at[1], at[4], at[5]};
    }
    const struct block_series series = {.blocks = a, .other = pair ? b : NULL, .count = blocks};
    struct block_spread spread = block_spread(&series, n[0]);
    printf("%zu %.17g\n", spread.blocks, spread.variance);
}

/* The two rates and the trials between false alarms asked for: those there are, and the delay. */
static void answer_cusum(const double *n)
{
    struct cusum watch;
    if (!cusum_start(&watch, n[0], n[1], n[2])) exit(1);
    printf("%.17g %.17g\n", cusum_mean_trials(&watch, n[0]), cusum_mean_trials(&watch, n[1]));
}

/* The cluster, then attempts and failures of each block of one region: its first incident. */
static void answer_incident(const double *n, size_t count)
{
    struct incident_block blocks[NUMBERS_MAX / 2];
    for (size_t i = 0; i < count / 2; i++)
        blocks[i] = (struct incident_block){n[1 + 2 * i], n[2 + 2 * i], 0};
    const struct incident_series series = {.blocks = blocks, .cluster = n[0]};
    struct incidents found;
    if (!incidents_find(&series, 1, count / 2, 6, &found)) exit(1);
    if (found.count == 0) {
        printf("0 0 0 0\n");
    } else {
        printf("%zu %zu %zu %.17g\n", found.count, found.list[0].start, found.list[0].length,
               found.list[0].log_p - log(found.tested));
    }
    incidents_free(&found);
}

/* Attempts and failures of the one region and of the other, then the stage, of each block. */
static void answer_together(const double *n, size_t count)
{
    struct together_block sides[2][NUMBERS_MAX / 5];
    unsigned stages[NUMBERS_MAX / 5];
    for (size_t i = 0; i < count / 5; i++) {
        sides[0][i] = (struct together_block){n[5 * i], n[5 * i + 1]};
        sides[1][i] = (struct together_block){n[5 * i + 2], n[5 * i + 3]};
        stages[i] = (unsigned)n[5 * i + 4];
    }
    const struct together_block *const regions[] = {sides[0], sides[1]};
    struct together pair;
    if (!together_find(regions, 2, count / 5, stages, &pair)) exit(1);
    printf("%.17g %.17g\n", pair.r, pair.p);
}

static bool answer(const char *what, const double *n, size_t count)
{
    if (strcmp(what, "wilson") == 0 && count == 3) {
        print_estimate(rate_wilson(n[0], n[1], n[2]));
    } else if (strcmp(what, "exact") == 0 && count == 3) {
        print_estimate(rate_clopper_pearson((uint64_t)n[0], (uint64_t)n[1], n[2]));
    } else if (strcmp(what, "newcombe") == 0 && count == 5) {
        answer_newcombe(n);
    } else if (strcmp(what, "score") == 0 && count == 4) {
        answer_score(n);
    } else if (strcmp(what, "fisher") == 0 && count == 4) {
        printf("%.17g\n",
               fisher_exact((uint64_t)n[0], (uint64_t)n[1], (uint64_t)n[2], (uint64_t)n[3]));
    } else if (strcmp(what, "ranks") == 0 && count == 3) {
        answer_ranks(n);
    } else if (strcmp(what, "cusum") == 0 && count == 3) {
        answer_cusum(n);
    } else if (strcmp(what, "incident") == 0 && count > 2) {
        answer_incident(n, count);
    } else if (strcmp(what, "together") == 0 && count >= 5) {
        answer_together(n, count);
    } else if (strcmp(what, "holm") == 0) {
        answer_holm(n, count);
    } else if (strcmp(what, "clustered") == 0) {
        answer_clustered(n, count);
    } else if (strcmp(what, "spread") == 0 && count >= 5) {
        answer_spread(n, count, false);
    } else if (strcmp(what, "spread-of-pair") == 0 && count >= 7) {
        answer_spread(n, count, true);
    } else if (strcmp(what, "size") == 0 && count == 4) {
        printf("%.17g\n", sample_size_to_tell(n[0], n[1], n[2], n[3], 1));
    } else if (strcmp(what, "quantiles") == 0 && count == 4) {
        printf("%.17g %.17g %.17g\n", normal_quantile(n[0]), student_quantile(n[0], n[1]),
               beta_quantile(n[0], n[2], n[3]));
    } else {
        return false;
    }
    return true;
}

int main(void)
{
    static char line[1 << 18];
    static double numbers[NUMBERS_MAX];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = NULL;
        const char *what = strtok_r(line, " \n", &rest);
        size_t count = 0;
        for (const char *word = strtok_r(NULL, " \n", &rest); word != NULL && count < NUMBERS_MAX;
             word = strtok_r(NULL, " \n", &rest))
            numbers[count++] = strtod(word, NULL);
        if (what == NULL || !answer(what, numbers, count)) {
            (void)fprintf(stderr, "stats_tool: no such question: %s with %zu numbers\n",
                          what ? what : "", count);
            return 1;
        }
    }
    return 0;
}
