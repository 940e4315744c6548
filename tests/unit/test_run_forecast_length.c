/* The forecast of loads of any length, against users who are followed one by one: sessions at once,
 * peaks and totals. What a load asks for at its peak does not depend on how long it lasts. */
#include "base/random.h"
#include "engine/pacer.h"
#include "run/forecast.h"
#include "test_run_fixture.h"

#include <math.h>

#define SEED 7
#define SLICE_S 10.0

struct load_case {
    const char *name, *model, *target, *session;
    bool holds; /* the peak is reached within two minutes, whatever chance does later */
};

static const struct load_case cases[] = {
    {"closed, short", "\"model\": \"sessions\"", "10", "\"interactions\": 1", true},
    {"closed, one", "\"model\": \"sessions\"", "1", "\"interactions\": 3", true},
    {"closed, thinking", "\"model\": \"sessions\"", "10",
     "\"interactions\": 4, \"think_time\": \"2300ms\"", true},
    {"closed, slow dials", "\"model\": \"sessions\", \"connect_rate\": \"3/s\"", "10",
     "\"interactions\": 1", true},
    {"closed, endless", "\"model\": \"sessions\"", "10",
     "\"interactions\": 1000000, \"think_time\": \"4s\"", true},
    {"even", "\"model\": \"arrivals\", \"arrival\": \"even\"", "\"2/s\"", "\"interactions\": 1",
     true},
    {"even, three turns", "\"model\": \"arrivals\", \"arrival\": \"even\"", "\"2/s\"",
     "\"interactions\": 3, \"think_time\": \"1s\"", true},
    {"even, rare", "\"model\": \"arrivals\", \"arrival\": \"even\"", "\"4/m\"",
     "\"interactions\": 2", true},
    {"drawn", "\"model\": \"arrivals\"", "\"2/s\"", "\"interactions\": 2", false},
    {"drawn, rare", "\"model\": \"arrivals\"", "\"1/m\"", "\"interactions\": 1", false},
};

static const char *const lengths[] = {"2m", "25h", "3d", "30d"};
static const double lengths_s[] = {120, 90000, 259200, 2592000};
#define LENGTHS (sizeof lengths / sizeof *lengths)

static struct profile *profile_of(const struct load_case *one, const char *length)
{
    char json[1200];
    (void)snprintf(json, sizeof json,
                   "{\"name\": \"long\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
                   "\"https://a.example.com\", \"deployment\": \"gpt-realtime\"}], \"load\": {%s, "
                   "\"max_sessions\": 9999, \"stages\": [{\"duration\": \"0s\", \"target\": %s}, "
                   "{\"duration\": \"%s\", \"target\": %s}]}, \"session\": {%s}}",
                   one->model, one->target, length, one->target, one->session);
    return run_profile(json);
}

/* ---- users, one by one ---- */

struct seen {
    double sessions, attempts, rpm, at_once;
};

/* Connections, oldest first; when the users leave, likewise: all stay for equally long. */
struct crowd {
    double dials[4096], leaves[4096];
    size_t dials_from, dials_to, leaves_from, leaves_to;
};

static void arrive(struct crowd *crowd, struct seen *seen, double at_s, double stay_s)
{
    crowd->dials[crowd->dials_to++ % 4096] = at_s;
    while (crowd->dials[crowd->dials_from % 4096] <= at_s - SLICE_S) crowd->dials_from++;
    while (crowd->leaves_from < crowd->leaves_to &&
           crowd->leaves[crowd->leaves_from % 4096] <= at_s)
        crowd->leaves_from++;
    crowd->leaves[crowd->leaves_to++ % 4096] = at_s + stay_s;
    const double dials = (double)(crowd->dials_to - crowd->dials_from);
    const double there = (double)(crowd->leaves_to - crowd->leaves_from);
    assert_true(dials < 4096 && there < 4096);
    seen->rpm = fmax(seen->rpm, dials * 60 / SLICE_S);
    seen->at_once = fmax(seen->at_once, there);
}

/* How many turns a user who comes then begins before the load is over, but the first always. */
static double turns_before(const struct profile *profile, double at_s, double until_s)
{
    const double step_s = 1 + (double)profile->session.think_time_ns / (double)NS_PER_S;
    const double room = ceil((until_s - at_s - 0.5) / step_s);
    return fmax(1, fmin((double)profile->session.interactions, room));
}

static double stay_of(const struct profile *profile)
{
    const double turns = (double)profile->session.interactions;
    return 0.5 + turns + (turns - 1) * (double)profile->session.think_time_ns / (double)NS_PER_S;
}

/* Each slot has the next user when the one before has left, and when the dials allow. */
static struct seen closed(const struct profile *profile, double until_s)
{
    const struct load *load = &profile->load;
    const size_t slots = (size_t)pacer_sessions(load, 0);
    const double stay_s = stay_of(profile);
    struct seen seen = {0};
    struct crowd *crowd = calloc(1, sizeof *crowd);
    double vacant_s[16] = {0};
    double dial_s = 0;
    assert_true(crowd != NULL && slots <= 16);
    for (size_t slot = 0;; slot = (slot + 1) % slots) { /* all stay equally long: in turn */
        const double at_s = fmax(vacant_s[slot], dial_s);
        if (at_s >= until_s) break;
        arrive(crowd, &seen, at_s, stay_s);
        vacant_s[slot] = at_s + stay_s;
        dial_s = at_s + 1 / load->connect_rate;
        seen.sessions++;
        seen.attempts += turns_before(profile, at_s, until_s);
    }
    free(crowd);
    return seen;
}

static struct seen open_model(const struct profile *profile, double until_s)
{
    struct arrivals arrivals;
    struct seen seen = {0};
    struct crowd *crowd = calloc(1, sizeof *crowd);
    int64_t due_ns;
    uint64_t number;
    assert_non_null(crowd);
    arrivals_init(&arrivals, &profile->load, SEED, random_stream("a"));
    while (arrivals_next(&arrivals, &due_ns, &number)) {
        const double at_s = (double)due_ns / (double)NS_PER_S;
        arrive(crowd, &seen, at_s, stay_of(profile));
        seen.sessions++;
        seen.attempts += turns_before(profile, at_s, until_s);
    }
    free(crowd);
    return seen;
}

static void hold(const char *name, const char *length, const char *what, double told, double is,
                 double tolerance)
{
    if (fabs(told - is) > tolerance)
        fail_msg("%s for %s: %g %s, not %g", name, length, told, what, is);
}

static void every_length_is_as_its_users(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct load_case *one = &cases[i];
        struct forecast first = {0};
        for (size_t l = 0; l < LENGTHS; l++) {
            if (l + 1 == LENGTHS && i % 3 != 0) continue; /* the longest takes a while */
            struct profile *profile = profile_of(one, lengths[l]);
            const struct forecast f = forecast_region(profile, 0, SEED);
            const bool is_closed = profile->load.model == LOAD_SESSIONS;
            const struct seen seen =
                is_closed ? closed(profile, lengths_s[l]) : open_model(profile, lengths_s[l]);
            hold(one->name, lengths[l], "at once", ceil(f.peak_sessions - 1e-6), seen.at_once, 0);
            if (strstr(one->name, "endless") == NULL) /* which renews its sessions each hour */
                hold(one->name, lengths[l], "sessions", f.sessions, seen.sessions,
                     0.03 * seen.sessions + 1);
            hold(one->name, lengths[l], "attempts", f.attempts, seen.attempts,
                 0.03 * seen.attempts + 1);
            hold(one->name, lengths[l], "RPM", f.rpm, seen.rpm, 0.05 * seen.rpm + 6);
            if (l == 0) first = f;
            if (one->holds) hold(one->name, lengths[l], "RPM of 2m", f.rpm, first.rpm, 1e-6);
            profile_free(profile);
        }
    }
}

/* As many as Erlang's formula lets expect of a Poisson load, however long it lasts: the highest of
 * the draws is above the mean, and not at every user who ever came. */
static void draws_of_long_loads_stay_near_the_mean(void **state)
{
    (void)state;
    for (size_t l = 0; l < LENGTHS; l++) {
        struct profile *profile = profile_of(&cases[8], lengths[l]);
        const struct forecast f = forecast_region(profile, 0, 0);
        const double mean = 2 * stay_of(profile);
        if (f.draws < 1 || f.draws > FORECAST_DRAWS) fail_msg("%u draws", f.draws);
        if (f.peak_sessions < mean || f.peak_sessions > mean + 9 * sqrt(mean))
            fail_msg("%s: %g at once, %g on the mean", lengths[l], f.peak_sessions, mean);
        profile_free(profile);
    }
}

/* 40 sessions for an hour, then 4: the others leave, and take their turns along. */
static void a_falling_level_lets_users_leave(void **state)
{
    (void)state;
    for (int thinking = 0; thinking < 20; thinking += 9) {
        char json[900];
        (void)snprintf(json, sizeof json,
                       "{\"name\": \"f\", \"regions\": [{\"name\": \"a\", \"endpoint\": "
                       "\"https://a.example.com\", \"deployment\": \"d\"}], \"load\": {\"model\": "
                       "\"sessions\", \"max_sessions\": 100, \"connect_rate\": \"100/s\", "
                       "\"stages\": [{\"duration\": \"0s\", \"target\": 40}, {\"duration\": "
                       "\"1h\", \"target\": 40}, {\"duration\": \"0s\", \"target\": 4}, "
                       "{\"duration\": \"9h\", \"target\": 4}]}, \"session\": {\"interactions\": "
                       "100000, \"think_time\": \"%ds\"}}",
                       thinking);
        struct profile *profile = run_profile(json);
        const struct forecast f = forecast_region(profile, 0, 0);
        const double wanted = (40 * 3600 + 4 * 9 * 3600) / (1.0 + thinking);
        hold("falling", "10h", "attempts", f.attempts, wanted, 0.01 * wanted);
        hold("falling", "10h", "at once", f.peak_sessions, 40, 1e-6);
        profile_free(profile);
    }
}

static void nothing_is_not_minus_nothing(void **state)
{
    (void)state;
    for (int closed_model = 0; closed_model < 2; closed_model++) {
        struct profile *profile = profile_of(&cases[closed_model ? 0 : 5], "2m");
        for (size_t i = 0; i < profile->load.stage_count; i++) profile->load.stages[i].target = 0;
        struct text out = {0};
        forecast_table(profile, 0, &out);
        cJSON *json = forecast_profile_json(profile, 0);
        char *printed = cJSON_Print(json);
        if (strstr(text_str(&out), " -0") != NULL) fail_msg("%s", text_str(&out));
        if (strstr(printed, "\t-0") != NULL) fail_msg("%s", printed);
        cJSON_free(printed);
        cJSON_Delete(json);
        text_free(&out);
        profile_free(profile);
    }
}

/* What is said of a quota and the share that is printed of it agree, close to the limit, too; a
 * quota of less than one request in ten seconds lets one through. */
static void a_share_is_not_rounded_over_its_limit(void **state)
{
    (void)state;
    static const double parts[] = {0.5,       0.99,    0.994,  0.996, 0.9996, 0.99999, 0.9999999, 1,
                                   1.0000001, 1.00001, 1.0004, 1.004, 1.006,  1.2,     700};
    for (size_t i = 0; i < 2 * (sizeof parts / sizeof *parts); i++) {
        struct profile *profile = profile_of(&cases[0], "2m");
        const double part = parts[i / 2];
        struct text out = {0};
        profile->regions[0].quota_rpm = i % 2 == 0 ? 0 : 1;
        const double tpm = forecast_region(profile, 0, 0).tpm;
        profile->regions[0].quota_tpm = (uint64_t)round(tpm / part);
        const double share = tpm / (double)profile->regions[0].quota_tpm;
        profile->regions[0].quota_rpm = 1000000;
        forecast_table(profile, 0, &out);
        const bool breaks = strstr(text_str(&out), "Breaks first: TPM") != NULL;
        const char *words = strstr(text_str(&out), "RPM, ");
        assert_non_null(words);
        const double shown = strtod(words + 5, NULL);
        if (breaks != (share > 1 + 1e-9)) fail_msg("%.12g: %s", share, text_str(&out));
        if (breaks ? !(shown > 100) : share < 1 - 1e-9 ? !(shown < 100) : shown != 100)
            fail_msg("%.12g is shown as %.12g: %s", share, shown, text_str(&out));
        text_free(&out);
        profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_as_its_users),
        cmocka_unit_test(draws_of_long_loads_stay_near_the_mean),
        cmocka_unit_test(a_falling_level_lets_users_leave),
        cmocka_unit_test(nothing_is_not_minus_nothing),
        cmocka_unit_test(a_share_is_not_rounded_over_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
