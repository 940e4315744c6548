#include "capacity/search.h"

#include <math.h>

#define SCREEN_ODDS 6.0 /* at which a level looks good or bad */
#define CLIMB_FIRST 2.0
#define CLIMB_AGAIN 1.25
#define SKIP_MOST 6 /* tests above the proven level that may fail to decide */
#define PI_SQUARED 9.8696044010893586
#define SAME 1e-9 /* levels closer than this are one */

double search_above(const struct search_plan *plan, double level)
{
    double next = level * (1 + plan->step);
    if (plan->whole) next = fmax(level + 1, floor(next));
    return fmin(next, plan->most);
}

static double below(const struct search_plan *plan, double level)
{
    double next = level / (1 + plan->step);
    if (plan->whole) next = fmin(level - 1, ceil(next));
    return fmax(next, plan->least);
}

static double fit(const struct search_plan *plan, double level)
{
    return fmin(fmax(plan->whole ? round(level) : level, plan->least), plan->most);
}

static double lowest_limit(const struct search_plan *plan)
{
    double lowest = 1;
    for (size_t i = 0; i < plan->objective_count; i++) lowest = fmin(lowest, plan->limits[i]);
    return lowest;
}

static bool is_proof(const struct search *search)
{
    return search->phase == SEARCH_PROVE || search->phase == SEARCH_TEST;
}

/* A level is taken up without evidence: what was seen of it before chose it. */
static void take_up(struct search *search, enum search_phase phase, double level)
{
    search->phase = phase;
    search->level = level;
    search->sessions = 0;
    search->seconds = 0;
    if (is_proof(search)) search->proofs++;
    for (size_t i = 0; i < search->plan.objective_count; i++)
        (void)eprocess_start(&search->evidence[i], search->plan.limits[i]);
}

static void finish(struct search *search, enum search_end end)
{
    search->phase = SEARCH_DONE;
    search->end = search->refuted <= search->proven ? SEARCH_UNSTABLE : end;
}

bool search_start(struct search *search, const struct search_plan *plan)
{
    *search = (struct search){.plan = *plan,
                              .bad = INFINITY,
                              .refuted = INFINITY,
                              .blocked = INFINITY,
                              .factor = CLIMB_FIRST};
    bool sound = plan->objective_count > 0 && plan->objective_count <= SEARCH_OBJECTIVES_MOST &&
                 plan->least > 0 && plan->most >= plan->least && plan->step > 0 &&
                 plan->errors > 0 && plan->errors < 1;
    for (size_t i = 0; sound && i < plan->objective_count; i++)
        sound = plan->limits[i] > 0 && plan->limits[i] < 1;
    if (!sound) return false;
    if (plan->sessions_most == 0)
        search->plan.sessions_most = (uint64_t)ceil(SEARCH_SESSIONS_MOST / lowest_limit(plan));
    take_up(search, SEARCH_GALLOP, fit(plan, plan->start));
    return true;
}

/* The chance that the current proof gives one of its answers wrongly. */
static double error_of(const struct search *search)
{
    const double i = fmax(1, search->proofs);
    return search->plan.errors / 2 * 6 / (PI_SQUARED * i * i);
}

/* All objectives must be met: each is shown with the whole chance of error. One that is not met
 * suffices: they share it. */
enum search_verdict search_verdict(const struct search *search)
{
    const bool proof = is_proof(search);
    const double count = (double)search->plan.objective_count;
    const double good = proof ? -log(error_of(search)) : log(SCREEN_ODDS);
    const double bad = proof ? good + log(count) : good;
    const uint64_t most = proof ? search->plan.sessions_most : search->plan.sessions_most / 4;
    bool all_good = true;
    for (size_t i = 0; i < search->plan.objective_count; i++) {
        if (eprocess_above(&search->evidence[i]) >= bad) return SEARCH_BAD;
        all_good &= eprocess_below(&search->evidence[i]) >= good;
    }
    const bool lasted = !proof || search->seconds >= search->plan.sustain_s;
    if (all_good && lasted) return SEARCH_GOOD;
    return search->sessions >= most && lasted ? SEARCH_UNCLEAR : SEARCH_OPEN;
}

bool search_add(struct search *search, const double *bad)
{
    if (search->phase == SEARCH_DONE) return true;
    for (size_t i = 0; i < search->plan.objective_count; i++) {
        if (!isnan(bad[i])) eprocess_add(&search->evidence[i], bad[i]);
    }
    search->sessions++;
    return search_verdict(search) != SEARCH_OPEN;
}

bool search_time(struct search *search, double seconds)
{
    if (search->phase == SEARCH_DONE) return true;
    search->seconds += seconds;
    return search_verdict(search) != SEARCH_OPEN;
}

/* ---- what follows a decided level ---- */

/* Between the highest good and the lowest bad level: the middle, or the proof if they are a step
 * apart. */
static void narrow(struct search *search)
{
    const struct search_plan *plan = &search->plan;
    const double next = search_above(plan, search->good);
    if (next >= search->bad * (1 - SAME)) {
        take_up(search, SEARCH_PROVE, search->good);
        return;
    }
    double middle = sqrt(search->good * search->bad);
    if (plan->whole) middle = fmin(fmax(round(middle), search->good + 1), search->bad - 1);
    take_up(search, SEARCH_BISECT, middle);
}

static void climb(struct search *search)
{
    const double next = fit(&search->plan, search->level * search->factor);
    search->good = search->level;
    if (isfinite(search->bad)) {
        narrow(search);
    } else if (next <= search->level * (1 + SAME)) {
        take_up(search, SEARCH_PROVE, search->level); /* the highest allowed */
    } else {
        take_up(search, SEARCH_GALLOP, next);
    }
}

static void descend(struct search *search)
{
    const double next = fit(&search->plan, search->level / CLIMB_FIRST);
    if (search->good > 0) {
        narrow(search);
    } else if (next < search->level * (1 - SAME)) {
        take_up(search, SEARCH_GALLOP, next);
    } else {
        finish(search, search->blocked <= search->level ? SEARCH_BLOCKED : SEARCH_ALL_BAD);
    }
}

static void screened(struct search *search, bool good)
{
    if (good) {
        climb(search);
    } else {
        search->bad = fmin(search->bad, search->level);
        descend(search);
    }
}

/* Above the proven level: the end if the next one is known, else its test. What could not be driven
 * once may have met a busy moment: it is tried once more. */
static void test_above(struct search *search, double level)
{
    const double next = search_above(&search->plan, level);
    if (next <= level * (1 + SAME)) {
        finish(search, search->skipped > 0 ? SEARCH_UNDECIDED : SEARCH_AT_MOST);
    } else if (next >= search->refuted * (1 - SAME)) {
        finish(search, SEARCH_BRACKETED);
    } else if (next >= search->blocked * (1 - SAME) && search->retried) {
        finish(search, SEARCH_BLOCKED);
    } else if (search->skipped >= SKIP_MOST) {
        finish(search, SEARCH_UNDECIDED);
    } else {
        search->retried |= next >= search->blocked * (1 - SAME);
        take_up(search, SEARCH_TEST, next);
    }
}

static void step_down(struct search *search)
{
    const double next = below(&search->plan, search->level);
    search->bad = fmin(search->bad, search->level);
    if (next < search->level * (1 - SAME)) {
        take_up(search, SEARCH_PROVE, next);
    } else {
        finish(search, search->blocked <= search->level ? SEARCH_BLOCKED : SEARCH_ALL_BAD);
    }
}

static void proved(struct search *search, enum search_verdict verdict)
{
    if (verdict == SEARCH_BAD) search->refuted = fmin(search->refuted, search->level);
    if (verdict != SEARCH_GOOD) {
        step_down(search);
        return;
    }
    search->proven = search->level;
    search->skipped = 0;
    test_above(search, search->level);
}

static void tested(struct search *search, enum search_verdict verdict)
{
    if (verdict == SEARCH_BAD) {
        search->refuted = fmin(search->refuted, search->level);
        finish(search, SEARCH_BRACKETED);
    } else if (verdict == SEARCH_GOOD) {
        search->proven = search->level;
        search->skipped = 0;
        search->retried = false;
        search->factor = CLIMB_AGAIN;
        search->bad = search->refuted;
        if (search->level >= search->blocked * (1 - SAME)) search->blocked = INFINITY;
        search->bad = fmin(search->bad, search->blocked);
        if (search->refuted <= search->proven) {
            finish(search, SEARCH_UNSTABLE);
        } else if (search->level >= search->plan.most * (1 - SAME)) {
            finish(search, SEARCH_AT_MOST);
        } else {
            climb(search);
        }
    } else {
        search->skipped++;
        test_above(search, search->level);
    }
}

void search_next(struct search *search)
{
    const enum search_verdict verdict = search_verdict(search);
    if (search->phase == SEARCH_DONE || verdict == SEARCH_OPEN) return;
    if (search->phase == SEARCH_PROVE) {
        proved(search, verdict);
    } else if (search->phase == SEARCH_TEST) {
        tested(search, verdict);
    } else {
        screened(search, verdict == SEARCH_GOOD);
    }
}

void search_block(struct search *search)
{
    if (search->phase == SEARCH_DONE) return;
    search->blocked = fmin(search->blocked, search->level);
    if (search->phase == SEARCH_TEST && search->retried) {
        finish(search, SEARCH_BLOCKED);
    } else if (search->phase == SEARCH_TEST) {
        search->retried = true;
        take_up(search, SEARCH_TEST, search->level);
    } else if (search->phase == SEARCH_PROVE) {
        step_down(search);
    } else {
        screened(search, false);
    }
}

uint64_t search_fewest(const struct search *search)
{
    const double error = is_proof(search) ? error_of(search) : 1 / SCREEN_ODDS;
    return eprocess_fewest(lowest_limit(&search->plan), error);
}
