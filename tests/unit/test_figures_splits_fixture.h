/* Days of random attempts in intervals of random length, their folders, windows that cut them. */
#ifndef RUSHHOUR_TESTS_FIGURES_SPLITS_FIXTURE_H
#define RUSHHOUR_TESTS_FIGURES_SPLITS_FIXTURE_H

#include "base/random.h"
#include "record/cell.h"
#include "test_report_fixture.h"

#include <math.h>

#define REGIONS 2
#define ATTEMPTS_MOST 4000
#define INTERVALS_MOST 64
#define MINUTE (60 * NS_PER_S)
#define REGION(name)                                                                               \
    "{\"name\":\"" name "\",\"endpoint\":\"https://contoso.openai.azure.com\",\"deployment\":"     \
    "\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}"
#define PROFILE                                                                                    \
    "{\"name\":\"splits\",\"regions\":[" REGION("a") "," REGION(                                   \
        "b") "],\"load\":{\"stages\":[{"                                                           \
             "\"duration\":\"3h\",\"target\":1}]},\"session\":{\"prompts\":[\"Say "                \
             "OK.\"]},\"prices\":{"                                                                \
             "\"rt\":{\"text_in\":4,\"text_cached\":0.4,\"text_out\":16}},\"windows\":{"           \
             "\"interval\":"                                                                       \
             "\"10m\",\"report\":[]}}"

static const char *const codes[] = {"server_error", "stall", "upgrade_429"};

struct attempt {
    int64_t due_ns, end_ns;
    int64_t counted_ns; /* where it counts: its end, or its interval's start if that stays whole */
    size_t region, code;
    uint64_t chain, session, interaction, number;
    enum outcome outcome;
    bool final, lost; /* the last of its interaction; without a row */
    int64_t ttft_us, response_us;
    uint64_t input, cached, output;
};

struct day {
    struct random random;
    struct attempt attempts[ATTEMPTS_MOST];
    size_t count;
    int64_t bounds[INTERVALS_MOST + 1]; /* of the intervals */
    size_t intervals;
    struct maker *maker;
};

static inline uint64_t below(struct day *day, uint64_t most)
{
    return random_below(&day->random, most);
}

/* ---- a day ---- */

/* Twenty intervals of up to 20 min, or some days of up to 100 min. */
static inline void make_intervals(struct day *day, bool days)
{
    const uint64_t longest_ms = days ? 100 * 60000 : 20 * 60000;
    int64_t at_ns = SIX_PDT + (int64_t)below(day, 3600000) * NS_PER_MS;
    day->bounds[0] = at_ns;
    for (day->intervals = 0; day->intervals < (days ? 60 : 20); day->intervals++) {
        at_ns += (int64_t)(1 + below(day, longest_ms)) * NS_PER_MS;
        day->bounds[day->intervals + 1] = at_ns;
    }
}

static inline size_t interval_of(const struct day *day, int64_t time_ns)
{
    size_t i = 0;
    while (i + 1 < day->intervals && day->bounds[i + 1] <= time_ns) i++;
    return i;
}

static inline struct attempt *add_attempt(struct day *day, int64_t due_ns)
{
    assert_true(day->count < ATTEMPTS_MOST);
    struct attempt *attempt = &day->attempts[day->count++];
    uint64_t kind = below(day, 20);
    *attempt = (struct attempt){.due_ns = due_ns,
                                .end_ns = due_ns + (int64_t)below(day, 90000) * NS_PER_MS,
                                .outcome = kind < 5   ? OUTCOME_FAILED
                                           : kind < 6 ? OUTCOME_CANCELLED
                                                      : OUTCOME_OK,
                                .code = below(day, 3),
                                .ttft_us = (int64_t)(1 + below(day, 3000000)),
                                .input = below(day, 100),
                                .output = below(day, 50)};
    attempt->response_us = attempt->ttft_us + (int64_t)below(day, 5000000);
    attempt->cached = attempt->input / 3;
    return attempt;
}

/* A user with some turns, each tried up to three times; what would end after the run never is. */
static inline void make_chain(struct day *day, size_t region, uint64_t chain)
{
    const int64_t last_ns = day->bounds[day->intervals];
    int64_t at_ns =
        day->bounds[0] +
        (int64_t)below(day, (uint64_t)(last_ns - day->bounds[0]) / NS_PER_MS) * NS_PER_MS;
    uint64_t session = chain;
    for (uint64_t interaction = 1; interaction <= 4; interaction++) {
        struct attempt *before = NULL;
        for (uint64_t number = 1; number <= 3; number++) {
            struct attempt *attempt = add_attempt(day, at_ns);
            if (attempt->end_ns >= last_ns) {
                day->count--;
                if (before != NULL) before->final = true;
                return;
            }
            attempt->region = region;
            attempt->chain = chain;
            attempt->session = session;
            attempt->interaction = interaction;
            attempt->number = number;
            attempt->final = attempt->outcome == OUTCOME_OK || number == 3;
            attempt->counted_ns = attempt->end_ns;
            before = attempt;
            at_ns = attempt->end_ns + (int64_t)below(day, 200000) * NS_PER_MS;
            if (attempt->outcome != OUTCOME_FAILED) break;
            session += 1000000; /* a failure ends the session */
        }
    }
}

static inline int by_end(const void *left, const void *right)
{
    const struct attempt *a = left;
    const struct attempt *b = right;
    if (a->end_ns != b->end_ns) return a->end_ns < b->end_ns ? -1 : 1;
    if (a->chain != b->chain) return a->chain < b->chain ? -1 : 1;
    if (a->interaction != b->interaction) return a->interaction < b->interaction ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static inline void make_day(struct day *day, uint64_t seed)
{
    *day = (struct day){0};
    random_seed(&day->random, seed, 5);
    make_intervals(day, seed % 3 == 0);
    for (uint64_t chain = 1; chain <= 250; chain++) make_chain(day, chain % REGIONS, chain);
    qsort(day->attempts, day->count, sizeof *day->attempts, by_end);
}

/* ---- its folder ---- */

static inline void write_failure(const struct day *day, const struct attempt *attempt,
                                 struct text *lines)
{
    struct evidence evidence = {.transport = "websocket",
                                .utc_ns = attempt->end_ns,
                                .region = &day->maker->profile->regions[attempt->region],
                                .failure = *failure_class_of(codes[attempt->code]),
                                .address = "",
                                .message = "",
                                .client_request_id = "",
                                .session_id = "",
                                .response_id = "",
                                .event_id = "",
                                .close_reason = "",
                                .decision = "",
                                .sent = ""};
    evidence_write(lines, &evidence, NULL);
}

static inline void write_row(const struct day *day, const struct attempt *attempt,
                             struct text *rows)
{
    const bool ok = attempt->outcome == OUTCOME_OK;
    char id[32];
    (void)snprintf(id, sizeof id, "sess_%llu", (unsigned long long)attempt->session);
    const struct attempt_row row = {
        .due_utc_ns = attempt->due_ns,
        .region = day->maker->profile->regions[attempt->region].name,
        .session_id = id,
        .turn = 1,
        .attempt = attempt->number,
        .outcome = attempt->outcome,
        .code = attempt->outcome == OUTCOME_FAILED ? codes[attempt->code] : "",
        .ttft_us = attempt->outcome == OUTCOME_CANCELLED ? -1 : attempt->ttft_us,
        .response_us = ok ? attempt->response_us : -1,
        .first_answer_us = -1,
        .socket_age_ms = -1,
        .input_tokens = attempt->input,
        .cached_tokens = attempt->cached,
        .output_tokens = attempt->output,
        .end_utc_ns = attempt->end_ns,
        .session_number = attempt->session,
        .interaction = attempt->interaction,
        .chain = attempt->chain,
        .response_id = "",
        .client_request_id = ""};
    if (!attempt->lost) attempt_csv_row(rows, &row);
}

static inline double cost_of(const struct attempt *attempt)
{
    return ((double)(attempt->input - attempt->cached) * 4 + (double)attempt->cached * 0.4 +
            (double)attempt->output * 16) /
           1e6;
}

/* What an attempt counts where it ended. */
static inline void count_end(const struct attempt *attempt, struct counters *c)
{
    const bool ok = attempt->outcome == OUTCOME_OK;
    const bool failed = attempt->outcome == OUTCOME_FAILED;
    c->attempts_ok += ok;
    c->attempts_failed += failed;
    c->attempts_cancelled += !ok && !failed;
    c->interactions_ok += ok;
    c->interactions_failed += failed && attempt->final;
    c->recovered += ok && attempt->number > 1;
    c->first_attempts_ok += ok && attempt->number == 1;
    c->first_attempts_failed += failed && attempt->number == 1;
    c->input_tokens += attempt->input;
    c->cached_tokens += attempt->cached;
    c->output_tokens += attempt->output;
    c->failed_tokens += failed ? attempt->input + attempt->output : 0;
    c->cost_usd += cost_of(attempt);
    c->failed_cost_usd += failed ? cost_of(attempt) : 0;
}

static inline void count_start(const struct attempt *attempt, struct counters *c)
{
    c->attempts_started++;
    c->retries += attempt->number > 1;
}

static inline void write_interval(struct day *day, size_t i)
{
    struct maker *m = day->maker;
    maker_interval(m, day->bounds[i], day->bounds[i + 1]);
    for (size_t k = 0; k < day->count; k++) {
        const struct attempt *attempt = &day->attempts[k];
        struct cell *cell = &m->cells[attempt->region];
        if (interval_of(day, attempt->due_ns) == i) count_start(attempt, &cell->counters);
        if (interval_of(day, attempt->end_ns) != i) continue;
        count_end(attempt, &cell->counters);
        write_row(day, attempt, &m->rows);
        if (attempt->outcome == OUTCOME_FAILED) write_failure(day, attempt, &m->lines);
        if (attempt->outcome != OUTCOME_OK) continue;
        cell_latency(cell, METRIC_FIRST_EVENT, attempt->ttft_us * 500);
        cell_latency(cell, METRIC_TTFT, attempt->ttft_us * 1000);
        cell_latency(cell, METRIC_RESPONSE, attempt->response_us * 1000);
        cell_latency(cell, METRIC_INTERACTION, attempt->response_us * 1000);
    }
    for (size_t r = 0; r < REGIONS; r++) {
        m->cells[r].counters.sessions_started += 3 + i;
        m->cells[r].counters.driven_ms += 1000;
    }
    maker_write(m);
}

static inline void write_day(struct day *day)
{
    day->maker = maker_new(PROFILE, NULL);
    for (size_t i = 0; i < day->intervals; i++) write_interval(day, i);
    maker_finish(day->maker, "complete");
}

/* ---- windows ---- */

#define WINDOWS 6

struct windows {
    struct window list[WINDOWS];
};

/* Three widths, and three times of day that divide it wherever the zone's clock shows such. */
static inline void make_windows(struct day *day, struct windows *windows)
{
    static const char *const zones[] = {"UTC", "America/Los_Angeles", "Asia/Kathmandu"};
    const char *zone = zones[below(day, 3)];
    char specs[WINDOWS][64] = {"7m", "95s", "1h"};
    unsigned first = 1 + (unsigned)below(day, 1430);
    unsigned second = first + 1 + (unsigned)below(day, 1439 - first);
    (void)snprintf(specs[0], sizeof specs[0], "%um", 2 + (unsigned)below(day, 40));
    (void)snprintf(specs[3], sizeof specs[3], "p=00:00-%02u:%02u@%s", first / 60, first % 60, zone);
    (void)snprintf(specs[4], sizeof specs[4], "q=%02u:%02u-%02u:%02u@%s", first / 60, first % 60,
                   second / 60, second % 60, zone);
    (void)snprintf(specs[5], sizeof specs[5], "r=%02u:%02u-24:00@%s", second / 60, second % 60,
                   zone);
    for (size_t w = 0; w < WINDOWS; w++)
        assert_int_equal(window_parse(specs[w], &windows->list[w], NULL), ERR_OK);
}

static inline void free_windows(struct windows *windows)
{
    for (size_t w = 0; w < WINDOWS; w++) window_free(&windows->list[w]);
}

static inline void same_count(const char *what, uint64_t got, uint64_t wanted)
{
    if (got != wanted)
        fail_msg("%s: %llu instead of %llu", what, (unsigned long long)got,
                 (unsigned long long)wanted);
}

#endif
