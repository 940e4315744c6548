/* Single values by the type of their key: what they mean, their ranges, and that an invalid one
 * leaves the old one unchanged. */
#include "profile/keys.h"
#include "profile/notation.h"
#include "profile/place.h"
#include "profile/value.h"
#include "test_profile_fixture.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>

static const char *const sizes[] = {"small", "medium", "large", NULL};
static const char *const sides[] = {"left", "right", NULL};

struct thing {
    uint64_t count, size;
    int64_t duration, time;
    double number, rate, fraction;
    unsigned word;
    bool either, yes;
    struct latency latency;
    struct optional_rate share;
};

#define IN(field) offsetof(struct thing, field)

static const struct key keys[] = {
    {.name = "count", .type = KEY_COUNT, .offset = IN(count), .least = "2", .most = "9"},
    {.name = "size", .type = KEY_SIZE, .offset = IN(size), .most = "1MiB"},
    {.name = "duration",
     .type = KEY_DURATION,
     .offset = IN(duration),
     .least = "1ms",
     .most = "1h"},
    {.name = "time", .type = KEY_TIME, .offset = IN(time)},
    {.name = "number", .type = KEY_NUMBER, .offset = IN(number), .least = "0.5", .most = "1e3"},
    {.name = "rate", .type = KEY_RATE, .offset = IN(rate), .least = "1/m"},
    {.name = "fraction", .type = KEY_FRACTION, .offset = IN(fraction)},
    {.name = "word", .type = KEY_WORD, .offset = IN(word), .words = sizes},
    {.name = "either", .type = KEY_EITHER, .offset = IN(either), .words = sides},
    {.name = "yes", .type = KEY_BOOL, .offset = IN(yes)},
    {.name = "latency", .type = KEY_LATENCY, .offset = IN(latency)},
    {.name = "share", .type = KEY_SHARE, .offset = IN(share)},
};

static const struct key *key_of(const char *name)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i].name, name) == 0) return &keys[i];
    }
    fail_msg("no key %s", name);
    return NULL;
}

static enum err_code take(const char *name, const char *text, struct thing *thing,
                          struct error *err)
{
    struct place place = {.err = err};
    *err = (struct error){0};
    (void)snprintf(place.path, sizeof place.path, "%s", name);
    return value_from_text(key_of(name), text, &place, thing);
}

static struct thing given(const char *name, const char *text)
{
    struct thing thing = {0};
    struct error err;
    if (take(name, text, &thing, &err) != ERR_OK) fail_msg("%s = %s: %s", name, text, err.text);
    return thing;
}

static void each_type_has_its_notation(void **state)
{
    (void)state;
    assert_int_equal(given("count", "2").count, 2);
    assert_int_equal(given("count", "9").count, 9);
    assert_int_equal(given("size", "1MiB").size, 1048576);
    assert_int_equal(given("size", "1kB").size, 1000);
    assert_int_equal(given("duration", "1.5s").duration, 1500 * NS_PER_MS);
    assert_int_equal(given("time", "now").time, INT64_MIN);
    assert_int_equal(given("time", "1970-01-01T00:00:01Z").time, NS_PER_S);
    assert_true(given("number", "0.5").number == 0.5);
    assert_true(given("number", "1e3").number == 1000);
    assert_true(given("rate", "300/m").rate == 5);
    assert_true(fabs(given("fraction", "12.5%").fraction - 0.125) < 1e-15);
    assert_int_equal(given("word", "large").word, 2);
    assert_false(given("either", "left").either);
    assert_true(given("either", "right").either);
    assert_true(given("yes", "true").yes);
    struct latency latency = given("latency", "40ms").latency;
    assert_true(latency.set);
    assert_int_equal(latency.median_ns, 40 * NS_PER_MS);
    assert_int_equal(latency.p99_ns, latency.median_ns); /* fixed */
    struct optional_rate share = given("share", "0%").share;
    assert_true(share.set && share.value == 0); /* zero is not the same as absent */
}

static void what_is_refused_leaves_what_was_there(void **state)
{
    static const struct {
        const char *name, *text, *wanted;
    } rows[] = {
        {"count", "1", "1 is too little: the least is 2"},
        {"count", "10", "10 is too much: the most is 9"},
        {"count", "3.5", "count: "},
        {"count", "-3", "count: "},
        {"count", "", "count: "},
        {"size", "1048577", "too much: the most is 1MiB"},
        {"size", "5 apples", "size: "},
        {"duration", "0", "too little: the least is 1ms"},
        {"duration", "61m", "too much: the most is 1h"},
        {"duration", "5", "duration: "},
        {"time", "yesterday", "time: "},
        {"number", "nan", "is not a number"},
        {"number", "inf", "is not a number"},
        {"number", "1e999", "is not a number"},
        {"number", "4x", "is not a number"},
        {"number", "0.4", "too little"},
        {"rate", "1/h", "too little: the least is 1/m"},
        {"rate", "5/fortnight", "rate: "},
        {"fraction", "101%", "fraction: "},
        {"fraction", "-1%", "fraction: "},
        {"word", "larg", "did you mean \"large\"? (small, medium, large)"},
        {"word", "gigantic", "write one of small, medium, large"},
        {"word", "Large", "did you mean \"large\"?"},
        {"either", "middle", "left, right"},
        {"yes", "yes", "must be true or false"},
        {"latency", "soon", "latency: "},
        {"share", "lots", "share: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct thing thing;
        struct thing before;
        struct error err;
        (void)memset(&thing, 0, sizeof thing);
        thing.count = 5;
        thing.duration = 7;
        thing.number = 0.75;
        thing.word = 1;
        thing.yes = true;
        (void)memcpy(&before, &thing, sizeof before);
        enum err_code code = take(rows[i].name, rows[i].text, &thing, &err);
        if (code != ERR_PROFILE || strstr(err.text, rows[i].wanted) == NULL)
            fail_msg("%s = %s: %d, \"%s\"", rows[i].name, rows[i].text, code, err.text);
        assert_memory_equal(&thing, &before, sizeof thing);
    }
}

/* ---- notations ---- */

/* What is written reads back to the nanosecond. */
static void durations_are_written_exactly(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {{0, "0s"},
                {1500 * NS_PER_MS, "1500ms"},
                {90 * NS_PER_S, "90s"},
                {120 * NS_PER_S, "2m"},
                {3600 * NS_PER_S, "1h"}};
    struct random random;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text out = {0};
        notation_duration(&out, rows[i].ns);
        assert_string_equal(text_str(&out), rows[i].text);
        text_free(&out);
    }
    random_seed(&random, 5, 0);
    for (int i = 0; i < 2000; i++) {
        static const int64_t units[] = {1000, NS_PER_MS, NS_PER_S, 60 * NS_PER_S, 3600 * NS_PER_S};
        int64_t ns = (int64_t)random_below(&random, 1000000) * units[i % 5];
        int64_t back = -1;
        struct error err = {0};
        struct text out = {0};
        notation_duration(&out, ns);
        if (parse_duration(text_str(&out), &back, &err) != ERR_OK) fail_msg("%s", err.text);
        assert_int_equal(back, ns);
        text_free(&out);
    }
}

static void numbers_have_as_many_digits_as_they_need(void **state)
{
    static const struct {
        double number;
        const char *text;
    } rows[] = {{0, "0"}, {1, "1"}, {0.1, "0.1"}, {12.5, "12.5"}, {1000000, "1000000"}, {-3, "-3"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text out = {0};
        notation_number(&out, rows[i].number);
        assert_string_equal(text_str(&out), rows[i].text);
        text_free(&out);
    }
}

/* ---- places ---- */

static void complaints_name_file_line_and_key(void **state)
{
    (void)state;
    struct error err = {0};
    struct place place = {
        .file = "a.json", .line = 3, .column = 14, .path = "load.model", .err = &err};
    assert_int_equal(place_fail(&place, "is %s", "odd"), ERR_PROFILE);
    assert_string_equal(err.text, "a.json:3:14: load.model: is odd");
    place.line = 0;
    (void)place_fail(&place, "is odd");
    assert_string_equal(err.text, "a.json: load.model: is odd");
    place.file = NULL; /* a flag */
    (void)place_fail(&place, "is odd");
    assert_string_equal(err.text, "load.model: is odd");
    place.path[0] = '\0';
    (void)place_fail(&place, "is \x1b[31modd\n");
    assert_string_equal(err.text, "is ?[31modd?");
    place.err = NULL;
    assert_int_equal(place_fail(&place, "is odd"), ERR_PROFILE); /* without anyone to receive the
                                                                    message */
    place.err = &err;
    struct error inner = {.code = ERR_USAGE, .text = "5 has no unit"};
    assert_int_equal(place_fail_with(&place, ERR_USAGE, &inner), ERR_PROFILE);
    assert_string_equal(err.text, "5 has no unit");
    assert_int_equal(place_fail_with(&place, ERR_NOMEM, &inner), ERR_NOMEM);
}

static void places_are_found_by_path(void **state)
{
    static const char json[] = "{ \"name\": \"sample\",\n"
                               "  \"regions\": [\n"
                               "    {" REGION_KEYS("a") "},\n"
                                                        "    {" REGION_KEYS("b") "}\n"
                                                                                 "  ]\n"
                                                                                 "}";
    static const struct {
        const char *path;
        int line;
    } rows[] = {{"name", 1},
                {"regions", 2},
                {"regions[0]", 3},
                {"regions[1].endpoint", 4},
                {"regions[1].auth.api_key", 4}, /* not in the file: the innermost one around it */
                {"regions[7].name", 2},
                {"load.stages[0].target", 1}};
    (void)state;
    struct profile *profile = parsed(json);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        struct place place = place_find(profile, rows[i].path, &err);
        assert_string_equal(place.file, "sample.json");
        assert_string_equal(place.path, rows[i].path);
        if (place.line != rows[i].line) fail_msg("%s: line %d", rows[i].path, place.line);
    }
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_notation),
        cmocka_unit_test(what_is_refused_leaves_what_was_there),
        cmocka_unit_test(durations_are_written_exactly),
        cmocka_unit_test(numbers_have_as_many_digits_as_they_need),
        cmocka_unit_test(complaints_name_file_line_and_key),
        cmocka_unit_test(places_are_found_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
