/*
 * How often paired_compare calls two equal policies different (5% are allowed), how often its
 * interval holds the truth, and how often it finds a policy that halves the losses. Independent
 * failures; an incident that both runs meet; and bursts that each run has for itself.
 */
#include "base/random.h"
#include "stats/paired.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USERS_MOST 6000
#define DRAWS 2000

enum scene { INDEPENDENT, INCIDENT, SHORT_BURSTS, LONG_BURSTS, SCENES };

static const char *const names[SCENES] = {"independent failures", "an incident of both",
                                          "own bursts, 1/200", "own bursts, 1/60"};

static void draw_plain(unsigned char *ends, size_t n, size_t from, size_t to, const double rates[2],
                       struct random *random)
{
    for (size_t i = 0; i < n; i++)
        ends[i] = random_unit(random) < rates[i >= from && i < to] ? PAIRED_BAD : PAIRED_GOOD;
}

/* Nine of ten are lost in a burst; bursts take so much of the time that `rate` are lost. */
static void draw_bursts(unsigned char *ends, size_t n, double length, double rate, double kept,
                        struct random *random)
{
    bool bad = false;
    for (size_t i = 0; i < n; i++) {
        bad = random_unit(random) < (bad ? 1 - 1 / length : rate / (1 - rate) / length);
        ends[i] = bad && random_unit(random) < 0.9 * kept ? PAIRED_BAD : PAIRED_GOOD;
    }
}

static void draw(enum scene scene, size_t n, double rate, double kept, unsigned char *ends[2],
                 struct random *random)
{
    const size_t from = (size_t)(random_unit(random) * 0.8 * (double)n);
    for (int run = 0; run < 2; run++) {
        const double part = run == 1 ? kept : 1;
        const double even[] = {rate * part, rate * part};
        const double struck[] = {rate * 0.1 * part, rate * 6 * part};
        switch (scene) {
        case INDEPENDENT:
            draw_plain(ends[run], n, 0, n, even, random);
            break;
        case INCIDENT:
            draw_plain(ends[run], n, from, from + (size_t)(0.15 * (double)n), struck, random);
            break;
        default:
            draw_bursts(ends[run], n, (double)n / (scene == SHORT_BURSTS ? 200 : 60), rate, part,
                        random);
        }
    }
}

static void row(enum scene scene, size_t n, double rate, unsigned char *ends[2])
{
    int different = 0;
    int held = 0;
    int found = 0;
    for (uint64_t seed = 1; seed <= DRAWS; seed++) {
        struct random random;
        random_seed(&random, seed, (uint64_t)scene * 100000 + n);
        draw(scene, n, rate, 1, ends, &random);
        const struct paired equal = paired_compare(ends[0], ends[1], n, 0.95);
        different += equal.p < 0.05;
        held += equal.difference.low <= 0 && equal.difference.high >= 0;
        draw(scene, n, rate, 0.5, ends, &random);
        found += paired_compare(ends[0], ends[1], n, 0.95).p < 0.05;
    }
    printf("%-22s %5zu users, %4.0f%% lost: falsely different %5.2f%%, interval holds %5.1f%%, "
           "half the losses found %5.1f%%\n",
           names[scene], n, 100 * rate, 100.0 * different / DRAWS, 100.0 * held / DRAWS,
           100.0 * found / DRAWS);
}

int main(void)
{
    static const size_t users[] = {300, 1200, USERS_MOST};
    static const double rates[] = {0.02, 0.1, 0.16};
    unsigned char *ends[] = {calloc(USERS_MOST, 1), calloc(USERS_MOST, 1)};
    if (ends[0] == NULL || ends[1] == NULL) return 1;
    for (int scene = 0; scene < SCENES; scene++) {
        for (size_t u = 0; u < 3; u++) {
            for (size_t r = 0; r < 3; r++) row((enum scene)scene, users[u], rates[r], ends);
        }
    }
    free(ends[0]);
    free(ends[1]);
    return 0;
}
