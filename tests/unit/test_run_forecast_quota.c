/* The forecast against the simulator's own quota: each turn of each user asks it at its exact time.
 * A quota with a tenth more than the forecast refuses nothing, one of 30% less does. */
#include "base/random.h"
#include "engine/pacer.h"
#include "run/forecast.h"
#include "simulator/quota.h"
#include "test_run_fixture.h"

#include <math.h>

#define SEED 11
#define NOON (INT64_C(1776168000) * NS_PER_S) /* 2026-04-14T12:00:00Z: the begin of a minute */
#define SLICE_S 10.0

/* What the service is asked for. tokens 0: a connection. */
struct request {
    double at_s;
    uint64_t tokens;
};

struct requests {
    struct request *list;
    size_t count, room;
};

struct grid_case {
    const char *name, *load, *session;
};

#define EVEN(rate, length)                                                                         \
    "\"model\": \"arrivals\", \"arrival\": \"even\", \"max_sessions\": 9999, \"stages\": "         \
    "[{\"duration\": \"0s\", \"target\": \"" rate "\"}, {\"duration\": \"" length                  \
    "\", \"target\": \"" rate "\"}]"

static const struct grid_case grid[] = {
    {"one turn", EVEN("2/s", "60s"), "\"interactions\": 1, \"max_output_tokens\": 300"},
    {"many turns", EVEN("1/s", "90s"), "\"interactions\": 10, \"max_output_tokens\": 16"},
    {"no limit of the output", EVEN("1/s", "60s"), "\"interactions\": 3"},
    {"twenty turns", EVEN("30/m", "5m"), "\"interactions\": 20, \"max_output_tokens\": 500"},
    {"speech", EVEN("1/s", "90s"),
     "\"interactions\": 6, \"modality\": \"audio\", \"max_output_tokens\": 400"},
    {"rare", EVEN("8/m", "10m"), "\"interactions\": 2, \"max_output_tokens\": 100"},
    {"rotation", EVEN("1/s", "90s"),
     "\"interactions\": 6, \"rotate_after\": 2, \"max_output_tokens\": 50"},
    {"slow thinkers", EVEN("1/s", "10m"),
     "\"interactions\": 5, \"think_time\": \"20s\", \"max_output_tokens\": 64"},
    {"by chance",
     "\"model\": \"arrivals\", \"max_sessions\": 9999, \"stages\": [{\"duration\": \"0s\", "
     "\"target\": \"3/s\"}, {\"duration\": \"5m\", \"target\": \"3/s\"}]",
     "\"interactions\": 4, \"max_output_tokens\": 100"},
    {"ramp",
     "\"model\": \"arrivals\", \"arrival\": \"even\", \"max_sessions\": 9999, \"stages\": "
     "[{\"duration\": \"2m\", \"target\": \"4/s\"}, {\"duration\": \"1m\", \"target\": \"4/s\"}]",
     "\"interactions\": 3, \"max_output_tokens\": 200"},
    {"closed",
     "\"model\": \"sessions\", \"connect_rate\": \"5000/s\", \"max_sessions\": 100, \"stages\": "
     "[{\"duration\": \"0s\", \"target\": 20}, {\"duration\": \"2m\", \"target\": 20}]",
     "\"interactions\": 5, \"think_time\": \"2s\", \"max_output_tokens\": 120"},
};

static struct profile *profile_of(const struct grid_case *one)
{
    char json[1500];
    (void)snprintf(json, sizeof json,
                   "{\"name\": \"grid\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
                   "\"https://a.example.com\", \"deployment\": \"gpt-realtime\"}], \"load\": {%s}, "
                   "\"session\": {%s, \"instructions\": \"Be brief, and kind to everyone.\"}}",
                   one->load, one->session);
    return run_profile(json);
}

/* ---- the users, turn by turn ---- */

static void ask(struct requests *requests, double at_s, uint64_t tokens)
{
    if (requests->count == requests->room) {
        requests->room = 2 * requests->room + 1024;
        requests->list = realloc(requests->list, requests->room * sizeof *requests->list);
        assert_non_null(requests->list);
    }
    requests->list[requests->count++] = (struct request){at_s, tokens};
}

/* By hand: 12 tokens of frame, 31 bytes of instructions are 8, 4 and 2 of each "Say OK.", 50 of
 * each answer, and in speech 225 more. Returns when the user has left. */
static double live(const struct profile *profile, double arrives_s, double until_s,
                   struct requests *requests)
{
    const struct session_plan *session = &profile->session;
    const double think_s = (double)session->think_time_ns / (double)NS_PER_S;
    const bool audio = session->modality == MODALITY_AUDIO;
    const uint64_t limit = session->max_output_tokens;
    const uint64_t answer = audio ? 275 : 50;
    const uint64_t said = limit > 0 && limit < answer ? limit : answer;
    const uint64_t reserved = limit > 0 ? limit : 4096;
    uint64_t context = 0;
    double at_s = arrives_s;
    for (uint64_t turn = 0; turn < session->interactions; turn++) {
        if (turn > 0 && at_s >= until_s) break;
        if (turn == 0 || (session->rotate_after > 0 && turn % session->rotate_after == 0)) {
            ask(requests, at_s, 0);
            at_s += 0.5;
            context = 0;
        }
        context += 6;
        ask(requests, at_s, 20 + context + reserved);
        context += said;
        at_s += 1;
        if (turn + 1 < session->interactions) at_s += think_s;
    }
    return at_s;
}

static int by_time(const void *a, const void *b)
{
    const double left = ((const struct request *)a)->at_s;
    const double right = ((const struct request *)b)->at_s;
    return (left > right) - (left < right);
}

static struct requests requests_of(const struct profile *profile)
{
    const struct load *load = &profile->load;
    const double until_s = (double)load_duration_ns(load) / (double)NS_PER_S;
    struct requests requests = {0};
    if (load->model == LOAD_SESSIONS) {
        for (uint64_t slot = 0; slot < pacer_sessions(load, 0); slot++) {
            for (double at_s = 0; at_s < until_s;) at_s = live(profile, at_s, until_s, &requests);
        }
    } else {
        struct arrivals arrivals;
        int64_t due_ns;
        uint64_t number;
        arrivals_init(&arrivals, load, SEED, random_stream("a"));
        while (arrivals_next(&arrivals, &due_ns, &number))
            (void)live(profile, (double)due_ns / (double)NS_PER_S, until_s, &requests);
    }
    qsort(requests.list, requests.count, sizeof *requests.list, by_time);
    return requests;
}

/* The most within any ten seconds, by the minute. */
static double busiest(const struct requests *requests, bool tokens)
{
    double sum = 0;
    double most = 0;
    size_t first = 0;
    for (size_t i = 0; i < requests->count; i++) {
        const struct request *one = &requests->list[i];
        for (; requests->list[first].at_s <= one->at_s - SLICE_S; first++) {
            const struct request *gone = &requests->list[first];
            sum -= tokens ? (double)gone->tokens : (double)(gone->tokens == 0);
        }
        sum += tokens ? (double)one->tokens : (double)(one->tokens == 0);
        most = fmax(most, sum);
    }
    return most * 60 / SLICE_S;
}

/* How many the simulator refuses when its slices begin so long before the load. */
static int refused(const struct requests *requests, double rpm, double tpm, double phase_s)
{
    struct region region = {.name = "a",
                            .model = "d",
                            .deployment = "d",
                            .quota_rpm = (uint64_t)rpm,
                            .quota_tpm = (uint64_t)tpm};
    const struct simulator_plan plan = {0};
    struct quota quota;
    int count = 0;
    assert_int_equal(quota_init(&quota, &plan, &region, NULL), ERR_OK);
    for (size_t i = 0; i < requests->count; i++) {
        const struct request *one = &requests->list[i];
        const int64_t at_ns = NOON + (int64_t)((one->at_s + phase_s) * (double)NS_PER_S);
        count += one->tokens == 0 ? quota_connect(&quota, at_ns).struck
                                  : quota_respond(&quota, at_ns, one->tokens).struck;
    }
    quota_free(&quota);
    return count;
}

static void the_forecast_is_what_the_service_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof grid / sizeof *grid; i++) {
        struct profile *profile = profile_of(&grid[i]);
        const struct forecast f = forecast_region(profile, 0, SEED);
        struct requests requests = requests_of(profile);
        const double rpm = busiest(&requests, false);
        const double tpm = busiest(&requests, true);
        if (fabs(f.rpm / rpm - 1) > 0.05) fail_msg("%s: %g RPM, not %g", grid[i].name, f.rpm, rpm);
        if (fabs(f.tpm / tpm - 1) > 0.05) fail_msg("%s: %g TPM, not %g", grid[i].name, f.tpm, tpm);
        bool less_rpm = false;
        bool less_tpm = false;
        for (double phase_s = 0; phase_s < SLICE_S; phase_s += 0.7) {
            if (refused(&requests, ceil(1.1 * f.rpm), ceil(1.1 * f.tpm), phase_s) > 0)
                fail_msg("%s: a tenth more refuses", grid[i].name);
            less_rpm |= refused(&requests, floor(0.7 * f.rpm), 0, phase_s) > 0;
            less_tpm |= refused(&requests, 0, floor(0.7 * f.tpm), phase_s) > 0;
        }
        if (!less_rpm || !less_tpm) fail_msg("%s: 30%% less refuses nothing", grid[i].name);
        free(requests.list);
        profile_free(profile);
    }
}

/* As many attempts as the users make, and what they use, within the load's own length. */
static void the_totals_are_those_of_the_users(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof grid / sizeof *grid; i++) {
        struct profile *profile = profile_of(&grid[i]);
        const struct forecast f = forecast_region(profile, 0, SEED);
        struct requests requests = requests_of(profile);
        double attempts = 0;
        for (size_t r = 0; r < requests.count; r++) attempts += requests.list[r].tokens > 0;
        const double sessions = (double)requests.count - attempts;
        if (fabs(f.attempts / attempts - 1) > 0.05)
            fail_msg("%s: %g attempts, not %g", grid[i].name, f.attempts, attempts);
        if (fabs(f.sessions / sessions - 1) > 0.05)
            fail_msg("%s: %g sessions, not %g", grid[i].name, f.sessions, sessions);
        free(requests.list);
        profile_free(profile);
    }
}

/* load.pace_to_quota: no ten seconds take more than the share, and what fits is not held back. */
static void a_pace_bounds_the_peaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof grid / sizeof *grid; i++) {
        struct profile *profile = profile_of(&grid[i]);
        struct region *region = &profile->regions[0];
        region->quota_rpm = region->quota_tpm = 1000000000;
        const struct forecast whole = forecast_region(profile, 0, SEED);
        profile->load.pace_to_quota = 0.5;
        /* rounded up to a whole request and token */
        region->quota_rpm = (uint64_t)(2 * whole.rpm) + 12;
        region->quota_tpm = (uint64_t)(2 * whole.tpm) + 12;
        const struct forecast roomy = forecast_region(profile, 0, SEED);
        if (fabs(roomy.attempts - whole.attempts) > 0.001 * whole.attempts ||
            fabs(roomy.tokens - whole.tokens) > 0.001 * whole.tokens)
            fail_msg("%s: %g of %g attempts", grid[i].name, roomy.attempts, whole.attempts);
        for (int of_tokens = 0; of_tokens < 2; of_tokens++) {
            region->quota_rpm = of_tokens ? 1000000000 : (uint64_t)whole.rpm;
            region->quota_tpm = of_tokens ? (uint64_t)whole.tpm : 1000000000;
            const struct forecast tight = forecast_region(profile, 0, SEED);
            const double is = of_tokens ? tight.tpm : tight.rpm;
            const double quota = (double)(of_tokens ? region->quota_tpm : region->quota_rpm);
            if (is > fmax(0.5 * quota, 6) * 1.0001 || tight.breaks_at_s >= 0)
                fail_msg("%s: %g a minute of %g", grid[i].name, is, quota);
            if (tight.attempts > whole.attempts || tight.attempts < 0.3 * whole.attempts)
                fail_msg("%s: %g of %g attempts", grid[i].name, tight.attempts, whole.attempts);
        }
        profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forecast_is_what_the_service_counts),
        cmocka_unit_test(the_totals_are_those_of_the_users),
        cmocka_unit_test(a_pace_bounds_the_peaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
