/* What `plan` prints, against figures worked out by hand: for a load whose attempts are known,
 * and for published sample sizes. */
#include "cli_fixture.h"

#include <cjson/cJSON.h>
#include <math.h>

/* 10 sessions a second for 2 s, 3 turns each: 25 attempts before its end, and 1800 a minute if it
 * went on. */
#define PLANNED(more)                                                                              \
    "{ \"name\": \"sample\", \"regions\": ["                                                       \
    "{\"name\": \"eastus2\", \"endpoint\": \"https://a.example.com\", \"deployment\": \"d\"},"     \
    "{\"name\": \"sweden\", \"endpoint\": \"https://b.example.com\", \"deployment\": \"e\"}],"     \
    "\"load\": {\"model\": \"arrivals\", \"arrival\": \"even\", \"max_sessions\": 10,"             \
    " \"stages\": [{\"duration\": \"0s\", \"target\": \"10/s\"},"                                  \
    " {\"duration\": \"2s\", \"target\": \"10/s\"}]},"                                             \
    "\"prices\": {\"as_of\": \"2026-01-01\", \"d\": {\"text_in\": 4, \"text_out\": 16}},"          \
    "\"windows\": {\"report\": [\"1m\", \"10s\", \"night=22:00-06:00@UTC\"]},"                     \
    "\"session\": {\"interactions\": 3, \"think_time\": \"0s\"}" more "}"

static const struct told *plan(const char *profile, const char *options)
{
    char line[512];
    const char *path = written(profile);
    (void)snprintf(line, sizeof line, "plan %s %s", path, options);
    const struct told *told = tell_line(line);
    (void)unlink(path);
    return told;
}

static cJSON *plan_json(const char *options)
{
    const struct told *told = plan(PLANNED(""), options);
    if (told->status != 0) fail_msg("%s: %d %s", options, told->status, told->err);
    cJSON *root = cJSON_Parse(told->out);
    if (root == NULL) fail_msg("%s: no JSON: %s", options, told->out);
    return root;
}

static const cJSON *at(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (item == NULL) fail_msg("no \"%s\"", key);
    return item;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = at(object, key);
    if (!cJSON_IsNumber(item)) fail_msg("\"%s\" is no number", key);
    return item->valuedouble;
}

static void near(double is, double wanted)
{
    if (!(fabs(is - wanted) <= 1e-9 * fabs(wanted))) fail_msg("%.17g, not %.17g", is, wanted);
}

/* Two-sided normal approximation, level 5%, power 80%, without continuity correction: 588, 769. */
static void published_sample_sizes(void **state)
{
    static const struct {
        const char *options;
        double low, high, confidence, power, attempts;
    } rows[] = {
        {"--json --detect '2% vs 5%'", 0.02, 0.05, 0.95, 0.8, 588},
        {"--json --detect '5%vs2%'", 0.02, 0.05, 0.95, 0.8, 588},
        {"--json --detect '1%  vs  3%'", 0.01, 0.03, 0.95, 0.8, 769},
        {"--json --detect '2% vs 5%' --design-effect 4", 0.02, 0.05, 0.95, 0.8, 4 * 588},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *root = plan_json(rows[i].options);
        const cJSON *detect = at(root, "detect");
        near(number(detect, "low"), rows[i].low);
        near(number(detect, "high"), rows[i].high);
        near(number(detect, "confidence"), rows[i].confidence);
        near(number(detect, "power"), rows[i].power);
        if (fabs(number(detect, "attempts") - rows[i].attempts) > 4)
            fail_msg("%s: %g", rows[i].options, number(detect, "attempts"));
        cJSON_Delete(root);
    }
}

static void more_power_takes_more_attempts(void **state)
{
    (void)state;
    cJSON *less = plan_json("--json --detect '2% vs 5%' --power 50%");
    cJSON *more = plan_json("--json --detect '2% vs 5%' --power 99%");
    double few = number(at(less, "detect"), "attempts");
    double many = number(at(more, "detect"), "attempts");
    /* (z + 0)^2 against (z + 2.326)^2 for z = 1.96, as the rates are close */
    assert_true(few > 270 && few < 310);
    assert_true(many > 1350 && many < 1500);
    cJSON_Delete(less);
    cJSON_Delete(more);
}

/* The first region has a price, the second has none: unknown is null, never 0. */
static void a_decision_in_minutes_tokens_and_dollars(void **state)
{
    (void)state;
    cJSON *root = plan_json("--json --detect '2% vs 5%'");
    const cJSON *detect = at(root, "detect");
    const cJSON *regions = at(detect, "regions");
    double attempts = number(detect, "attempts");
    assert_int_equal(cJSON_GetArraySize(regions), 2);
    const cJSON *first = cJSON_GetArrayItem(regions, 0);
    const cJSON *second = cJSON_GetArrayItem(regions, 1);
    assert_string_equal(at(first, "name")->valuestring, "eastus2");
    near(number(first, "minutes"), attempts / 1800);
    /* in 2 s 20 ask a first time, of 38 tokens, 5 a second time, of 94, and each hears 50 */
    near(number(first, "tokens"), attempts * (20 * 88 + 5 * 144) / 25);
    near(number(first, "cost_usd"), attempts * ((20 * 38 + 5 * 94) * 4 / 25.0 + 50 * 16) / 1e6);
    near(number(second, "tokens"), attempts * (20 * 88 + 5 * 144) / 25);
    assert_true(cJSON_IsNull(at(second, "cost_usd")));
    cJSON_Delete(root);
}

/* A window across midnight has 8 hours. A window of 10 s has 300 attempts, so two are needed. */
static void windows_are_counted(void **state)
{
    static const struct {
        const char *name;
        double attempts, occurrences;
    } rows[] = {{"1m", 1800, 1}, {"10s", 300, 2}, {"night", 480 * 1800, 1}};
    (void)state;
    cJSON *root = plan_json("--json --detect '2% vs 5%'");
    const cJSON *region = cJSON_GetArrayItem(at(at(root, "detect"), "regions"), 0);
    const cJSON *windows = at(region, "windows");
    assert_int_equal(cJSON_GetArraySize(windows), 3);
    for (int i = 0; i < 3; i++) {
        const cJSON *window = cJSON_GetArrayItem(windows, i);
        assert_string_equal(at(window, "name")->valuestring, rows[i].name);
        near(number(window, "attempts"), rows[i].attempts);
        near(number(window, "occurrences"), rows[i].occurrences);
    }
    cJSON_Delete(root);
}

/* A false alarm in this load of 25 attempts with a chance of 5%, shared by two regions: one in
 * 25 / -ln(1 - 2.5%) = 987 attempts, on the lattice a little more. */
static void abort_on_fail_with_these_rates(void **state)
{
    (void)state;
    cJSON *root = plan_json("--json --detect '2% vs 5%'");
    const cJSON *region = cJSON_GetArrayItem(at(at(root, "detect"), "regions"), 0);
    const cJSON *stop = at(region, "abort_on_fail");
    double between = number(stop, "mean_attempts_between_false_alarms");
    assert_true(between >= 987.44 && between < 1100);
    near(number(stop, "mean_minutes_between_false_alarms"), between / 1800);
    /* Evidence counts for at most an eighth per minute, and often for less. */
    double minutes = number(stop, "mean_minutes_to_stop");
    assert_true(minutes > 6.6 && minutes < 12);
    near(number(stop, "mean_attempts_to_stop"), 1800 * minutes);
    cJSON_Delete(root);
}

static void the_totals_are_those_of_all_regions(void **state)
{
    (void)state;
    cJSON *root = plan_json("--json --region sweden");
    assert_int_equal(cJSON_GetArraySize(at(root, "regions")), 1);
    near(number(at(root, "totals"), "attempts"), 25);
    assert_null(cJSON_GetObjectItemCaseSensitive(root, "detect")); /* nothing was asked */
    cJSON_Delete(root);
    root = plan_json("--json");
    near(number(at(root, "totals"), "attempts"), 50);
    near(number(at(root, "totals"), "sessions"), 40);
    cJSON_Delete(root);
    root = plan_json("--json --rate 20/s --duration 4s");
    near(number(at(root, "totals"), "attempts"), 320); /* 80, 50 and 30 */
    cJSON_Delete(root);
}

static void words_for_people(void **state)
{
    (void)state;
    const struct told *told = plan(PLANNED(""), "");
    assert_int_equal(told->status, 0);
    assert_int_equal(strncmp(told->out, "sample: 2s of load, nothing is sent\n", 36), 0);
    holds(told->out, "eastus2");
    lacks(told->out, "To tell a failure rate");
    told = plan(PLANNED(""), "--detect '2% vs 5%'");
    holds(told->out,
          "To tell a failure rate of 2% from one of 5% with 95% confidence and 80% power");
    holds(told->out, "side (two regions, or two times), 588 attempts:\n");
    holds(told->out, "window 1m (1800 attempts): one is enough\n");
    holds(told->out, "window 10s (300 attempts): 2 of them\n");
    holds(told->out, "window night (864000 attempts a day): 1 day, 20s\n");
    holds(told->out, " of this load, 588 attempts, 58330 tokens, $0.59\n");
    holds(told->out, " of this load, 588 attempts, 58330 tokens, cost unknown\n");
    holds(told->out, "This holds only for failures that come independently.");
    holds(told->out, "abort_on_fail between these rates");
    told = plan(PLANNED(""), "--detect '2% vs 5%' --design-effect 2.5");
    holds(told->out, "1470 attempts at a design effect of 2.5:\n");
    lacks(told->out, "that come independently");
    holds(told->out, "in sessions alone");
    told = plan(PLANNED(""), "--detect '2% vs 5%' --bursts 1/h:1m:60% --daily 1h");
    holds(told->out, ", with incidents of 1m in which 60% fail, 1 an hour:\n");
    holds(told->out, "in daily peaks: ");
    lacks(told->out, "that come independently");
    lacks(told->out, "window 1m");
}

/* Even a tiny load decides in the end, over many windows. */
static void little_load_takes_long(void **state)
{
    static const char slow[] =
        "{\"name\": \"x\", \"regions\": ["
        "{\"name\": \"a\", \"endpoint\": \"https://a.example\", \"deployment\": \"d\"}],"
        "\"load\": {\"model\": \"arrivals\", \"stages\": ["
        "{\"duration\": 0, \"target\": \"6/h\"}, {\"duration\": \"1h\", \"target\": \"6/h\"}]}}";
    (void)state;
    const struct told *told = plan(slow, "--detect '2% vs 5%'");
    if (told->status != 0) fail_msg("%s", told->err);
    holds(told->out, "  a                   4d 2h of this load"); /* 588 attempts, 6 an hour */
    holds(told->out, "window 1m (0.1 attempts): 5880 of them\n");
    holds(told->out, "does not stop at 5%: too few attempts a minute;\n");
    told = plan(slow, "--detect '2% vs 5%' --json");
    cJSON *root = cJSON_Parse(told->out);
    assert_non_null(root);
    const cJSON *region = cJSON_GetArrayItem(at(at(root, "detect"), "regions"), 0);
    near(number(region, "minutes"), 5880);
    near(number(cJSON_GetArrayItem(at(region, "windows"), 0), "occurrences"), 5880);
    cJSON_Delete(root);
}

static void refuse_question(const char *options, const char *wanted)
{
    char line[256];
    const char *path = written(PLANNED(""));
    (void)snprintf(line, sizeof line, "plan %s %s", path, options);
    refused(line, 2, wanted);
    (void)unlink(path);
}

static void wrong_questions(void **state)
{
    static const char *const rates[] = {"2%",        "2 vs 5%",    "2% vs 5",        "3% vs 3%",
                                        "0% vs 5%",  "5% vs 100%", "2% vs 5% vs 7%", "vs",
                                        "2% and 5%", "2% vs 101%"};
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        char options[64];
        char wanted[64];
        (void)snprintf(options, sizeof options, "--detect '%s'", rates[i]);
        (void)snprintf(wanted, sizeof wanted, "--detect '%s': write two different rates", rates[i]);
        refuse_question(options, wanted);
    }
    refuse_question("--detect '2% vs 5%' --power 0.8", "--power 0.8: write 50% to 99.9%");
    refuse_question("--detect '2% vs 5%' --power 40%", "--power 40%: write 50% to 99.9%");
    refuse_question("--detect '2% vs 5%' --power 100%", "--power 100%: write 50% to 99.9%");
    refuse_question("--detect '2% vs 5%' --design-effect 0.5", "a number from 1");
    refuse_question("--detect '2% vs 5%' --design-effect nan", "--design-effect nan: a number");
    refuse_question("--detect '2% vs 5%' --design-effect 2x", "--design-effect 2x: a number");
    refuse_question("--detect '2% vs 5%' --design-effect ''", "--design-effect : a number");
    refuse_question("--power 90%", "--power says nothing without --detect");
    refuse_question("--daily 1h", "--daily says nothing without --detect");
    refuse_question("--bursts 1/h:2m:60%", "--bursts says nothing without --detect");
    refuse_question("--like latest", "--like says nothing without --detect");
    refuse_question("--detect '2% vs 5%' --bursts 1/h:2m", "--bursts '1/h:2m': write how many");
    refuse_question("--detect '2% vs 5%' --bursts 3/h:2m:60%", "alone make 6% of attempts fail");
    refuse_question("--detect '2% vs 5%' --bursts 1/h:2h:1%", "--bursts '1/h:2h:1%': write");
    refuse_question("--detect '2% vs 5%' --daily 25h", "--daily 25h: a part of a day");
    refuse_question("--detect '2% vs 5%' --design-effect 2 --like x", "give one of them");
    refuse_question("--region eastus", "eastus2");
    refuse_question("--sessions 3 --rate 3/s", "--sessions and --rate exclude each other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_sample_sizes),
        cmocka_unit_test(more_power_takes_more_attempts),
        cmocka_unit_test(a_decision_in_minutes_tokens_and_dollars),
        cmocka_unit_test(windows_are_counted),
        cmocka_unit_test(abort_on_fail_with_these_rates),
        cmocka_unit_test(the_totals_are_those_of_all_regions),
        cmocka_unit_test(words_for_people),
        cmocka_unit_test(little_load_takes_long),
        cmocka_unit_test(wrong_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
