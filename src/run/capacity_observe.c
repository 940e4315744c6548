#include "run/capacity_observe.h"
#include "run/capacity_private.h"

#include "base/clock.h"
#include "figures/sessions.h"
#include "realtime/failure_table.h"
#include "record/run_reader.h"

#include <stdlib.h>
#include <string.h>

/* A closed load that lacks more sessions than this was not the level; and dials that come as
 * near as this to load.connect_rate came as fast as they may. */
#define OPEN_LEAST 0.95
#define DIALS_NEAR 0.9

struct stretch {
    int64_t start_ns, end_ns;
    bool valid;
};

struct reading {
    struct capacity_seen *seen;
    const struct capacity_objective *objectives;
    size_t objective_count;
    int64_t from_ns, until_ns; /* what is observed */
    struct capacity_driven driven;
    struct stretch *stretches; /* by time */
    size_t stretch_count, stretch_capacity, session_capacity;
    bool failed; /* out of memory */
};

static bool grow(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return true;
    const size_t wanted = *capacity == 0 ? 256 : *capacity * 2;
    void *larger = realloc(*items, wanted * size);
    if (larger == NULL) return false;
    *items = larger;
    *capacity = wanted;
    return true;
}

/* Whether fewer sessions were open than asked for, and dialled as fast as the profile allows: the
 * level was not driven. Where dials fail, or the service is slow, dials are left over. */
static bool is_starved(const struct reading *reading, int64_t start_ns, int64_t end_ns,
                       const struct cell *cell)
{
    const struct capacity_driven *closed = &reading->driven;
    const struct concurrency *concurrency = &cell->concurrency;
    if (!(closed->sessions > 0) || !concurrency_known(concurrency)) return false;
    const double seconds = (double)(end_ns - start_ns) / (double)NS_PER_S;
    const double dials = (double)cell->counters.sessions_started / seconds;
    return concurrency_mean(concurrency, LEVEL_OPEN) < OPEN_LEAST * closed->sessions &&
           dials > DIALS_NEAR * closed->connect_rate;
}

/* The reason why an interval is no evidence; NULL: it is. */
static const char *objection_to(const struct reading *reading, int64_t start_ns, int64_t end_ns,
                                const struct cell *cell, const struct health *health)
{
    if (!health->valid) return health->why;
    if (is_starved(reading, start_ns, end_ns, cell))
        return "load.connect_rate keeps sessions from being opened as fast as they end: raise it";
    return NULL;
}

static void add_use(struct reading *reading, int64_t start_ns, int64_t end_ns,
                    const struct cell *cell, const char *objection)
{
    struct capacity_seen *seen = reading->seen;
    const int64_t from_ns = start_ns > reading->from_ns ? start_ns : reading->from_ns;
    const int64_t until_ns = end_ns < reading->until_ns ? end_ns : reading->until_ns;
    if (until_ns <= from_ns || end_ns <= start_ns) return;
    const double part = (double)(until_ns - from_ns) / (double)(end_ns - start_ns);
    seen->asked_seconds += (double)(until_ns - from_ns) / (double)NS_PER_S;
    if (objection != NULL) {
        if (seen->why[0] == '\0') text_copy(seen->why, sizeof seen->why, objection);
        return;
    }
    seen->seconds += (double)(until_ns - from_ns) / (double)NS_PER_S;
    seen->connections += part * (double)cell->counters.sessions_started;
    seen->responses += part * (double)cell->counters.attempts_started;
}

static void on_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                        const struct cell *cell, const struct health *health)
{
    struct reading *reading = context;
    struct capacity_seen *seen = reading->seen;
    (void)region; /* there is one */
    if (reading->stretch_count == 0) {
        reading->from_ns = start_ns + reading->driven.settle_ns;
        reading->until_ns = start_ns + reading->driven.end_ns;
    }
    const char *objection = objection_to(reading, start_ns, end_ns, cell, health);
    void *items = reading->stretches;
    if (!grow(&items, reading->stretch_count, &reading->stretch_capacity,
              sizeof *reading->stretches)) {
        reading->failed = true;
        return;
    }
    reading->stretches = items;
    reading->stretches[reading->stretch_count++] =
        (struct stretch){start_ns, end_ns, objection == NULL};
    seen->cost_usd += cell->counters.cost_usd;
    seen->unpriced |= counters_unpriced(&cell->counters);
    seen->tokens += (double)(cell->counters.input_tokens + cell->counters.output_tokens);
    const double rpm = (double)cell->limits.requests.low;
    const double tpm = (double)cell->limits.tokens.low;
    if (rpm > 0) seen->facts.rpm_limit = rpm;
    if (tpm > 0) seen->facts.tpm_limit = tpm;
    add_use(reading, start_ns, end_ns, cell, objection);
}

/* Whether this machine kept up at a moment. */
static bool was_valid(const struct reading *reading, int64_t at_ns)
{
    size_t low = 0;
    size_t high = reading->stretch_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (reading->stretches[middle].start_ns <= at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && reading->stretches[low - 1].valid;
}

/* An answer without the value counts as slower than any limit. */
static bool is_slow(const struct threshold *threshold, const struct attempt_row *row)
{
    int64_t us = row->response_us;
    if (threshold->metric == METRIC_TTFT) us = row->ttft_us;
    if (threshold->metric == METRIC_FIRST_ANSWER) us = row->first_answer_us;
    return us < 0 || (double)us > threshold->slower_than_us;
}

static void count_cause(struct reading *reading, const struct attempt_row *row, bool slow)
{
    struct limiter_facts *facts = &reading->seen->facts;
    if (row->outcome == OUTCOME_OK) {
        facts->slow += slow;
        return;
    }
    const struct failure_class *failure = failure_class_of(row->code);
    if (failure != NULL && failure->domain == DOMAIN_QUOTA) {
        facts->refused++;
    } else {
        facts->failed++;
    }
}

static void count_all(struct capacity_seen *seen, const struct attempt_row *row)
{
    seen->attempts++;
    seen->answered += row->outcome == OUTCOME_OK;
    const struct failure_class *failure =
        row->outcome == OUTCOME_FAILED ? failure_class_of(row->code) : NULL;
    if (failure == NULL || (failure->domain != DOMAIN_CONFIG && failure->domain != DOMAIN_AUTH))
        return;
    seen->misconfigured++;
    text_copy(seen->code, sizeof seen->code, row->code);
}

static void on_attempt(void *context, size_t region, const struct attempt_row *row)
{
    struct reading *reading = context;
    struct capacity_seen *seen = reading->seen;
    (void)region;
    count_all(seen, row);
    if (row->outcome == OUTCOME_CANCELLED || row->due_utc_ns < reading->from_ns ||
        row->due_utc_ns >= reading->until_ns || !was_valid(reading, row->due_utc_ns) ||
        !was_valid(reading, row->end_utc_ns))
        return;
    void *items = seen->sessions;
    if (!grow(&items, seen->count, &reading->session_capacity, sizeof *seen->sessions)) {
        reading->failed = true;
        return;
    }
    seen->sessions = items;
    struct capacity_session *one = &seen->sessions[seen->count++];
    bool slow = false;
    *one = (struct capacity_session){.key = row->chain > 0 ? row->chain : session_number_of(row),
                                     .first_ns = row->due_utc_ns,
                                     .attempts = 1};
    for (size_t i = 0; i < reading->objective_count; i++) {
        const struct threshold *threshold = &reading->objectives[i].threshold;
        const bool late = threshold->kind == THRESHOLD_SHARE &&
                          capacity_asks(&reading->objectives[i], row->region) &&
                          is_slow(threshold, row);
        slow |= late;
        one->bad[i] = row->outcome == OUTCOME_FAILED || late;
    }
    count_cause(reading, row, slow);
}

static int by_key(const void *a, const void *b)
{
    const struct capacity_session *x = a;
    const struct capacity_session *y = b;
    if (x->key != y->key) return x->key > y->key ? 1 : -1;
    return (x->first_ns > y->first_ns) - (x->first_ns < y->first_ns);
}

static int by_time(const void *a, const void *b)
{
    const struct capacity_session *x = a;
    const struct capacity_session *y = b;
    if (x->first_ns != y->first_ns) return x->first_ns > y->first_ns ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Attempts become sessions. */
static void join(struct capacity_seen *seen)
{
    size_t kept = 0;
    if (seen->count == 0) return;
    qsort(seen->sessions, seen->count, sizeof *seen->sessions, by_key);
    for (size_t i = 1; i < seen->count; i++) {
        struct capacity_session *into = &seen->sessions[kept];
        const struct capacity_session *next = &seen->sessions[i];
        if (next->key != into->key) {
            seen->sessions[++kept] = *next;
            continue;
        }
        into->attempts += next->attempts;
        for (size_t k = 0; k < SEARCH_OBJECTIVES_MOST; k++) into->bad[k] += next->bad[k];
    }
    seen->count = kept + 1;
    qsort(seen->sessions, seen->count, sizeof *seen->sessions, by_time);
}

enum err_code capacity_observe(const char *folder, const struct capacity_objective *objectives,
                               size_t count, const struct capacity_driven *driven,
                               struct capacity_seen *out, struct error *err)
{
    struct run_reader *reader = NULL;
    struct reading reading = {
        .seen = out, .objectives = objectives, .objective_count = count, .driven = *driven};
    *out = (struct capacity_seen){0};
    enum err_code code = run_reader_open(folder, &reader, err);
    if (code == ERR_OK) code = run_reader_intervals(reader, on_interval, &reading, err);
    if (code == ERR_OK) code = run_reader_attempts(reader, on_attempt, &reading, err);
    if (code == ERR_OK && reading.failed)
        code = error_set(err, ERR_NOMEM, "%s: no memory for its sessions", folder);
    join(out);
    free(reading.stretches);
    run_reader_close(reader);
    return code;
}

void capacity_seen_free(struct capacity_seen *seen)
{
    free(seen->sessions);
    seen->sessions = NULL;
    seen->count = 0;
}
