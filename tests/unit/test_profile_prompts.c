/* Prompts: read from a profile and from files of every kind of line, drawn by weight and seed, and
 * quoted by no message. */
#include "profile/prompts.h"

#include "base/redact.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CANARY "Tell nobody of canary Qx7"

static char path[] = "/tmp/rushhour-prompts-XXXXXX";

static void write_bytes(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static enum err_code parse(const char *session, struct profile **out, struct error *err)
{
    char json[1024];
    (void)snprintf(json, sizeof json,
                   "{\"name\":\"p\",\"regions\":[{\"name\":\"a\",\"endpoint\":"
                   "\"https://a.openai.azure.com\",\"deployment\":\"d\"}],\"session\":{%s}}",
                   session);
    return profile_parse("p.json", json, strlen(json), out, err);
}

/* A profile with the file at `path`, which may fail to load. */
static enum err_code load(const char *bytes, size_t length, struct profile **out, struct error *err)
{
    char session[128];
    write_bytes(bytes, length);
    (void)snprintf(session, sizeof session, "\"prompts_file\":\"%s\"", path);
    assert_int_equal(parse(session, out, err), ERR_OK);
    return prompts_load(*out, err);
}

/* ---- reading ---- */

static void a_list_takes_texts_and_weights(void **state)
{
    (void)state;
    struct profile *profile;
    struct error err;
    assert_int_equal(
        parse("\"prompts\":[\"a\",{\"text\":\"b\\nc\",\"weight\":2.5},{\"text\":\"d\"}]", &profile,
              &err),
        ERR_OK);
    const struct prompt *prompts = profile->session.prompts;
    assert_int_equal(profile->session.prompt_count, 3);
    assert_string_equal(prompts[1].text, "b\nc");
    assert_int_equal(prompts[1].length, 3);
    assert_true(prompts[0].weight == 1 && prompts[1].weight == 2.5 && prompts[2].weight == 1);
    assert_true(prompts[0].until == 1 && prompts[1].until == 3.5 && prompts[2].until == 4.5);
    profile_free(profile);
}

static void a_file_is_read_line_by_line(void **state)
{
    (void)state;
    static const char *const files[] = {
        "\"one\"\n{\"text\":\"two\",\"weight\":3}\n",
        "\"one\"\r\n\r\n  \n{\"weight\":3,\"text\":\"two\"}",
        "\xEF\xBB\xBF\"one\"\n\n\n\t{ \"text\" : \"two\" , \"weight\" : 3.0 }\n\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct profile *profile;
        struct error err;
        assert_int_equal(load(files[i], strlen(files[i]), &profile, &err), ERR_OK);
        assert_int_equal(profile->session.prompt_count, 2);
        assert_string_equal(profile->session.prompts[0].text, "one");
        assert_string_equal(profile->session.prompts[1].text, "two");
        assert_true(profile->session.prompts[1].until == 4);
        profile_free(profile);
    }
}

/* Also lines that the pieces in which it is read cut anywhere. */
static void a_file_has_no_largest_size(void **state)
{
    (void)state;
    struct text all = {0};
    struct profile *profile;
    struct error err;
    enum { LINES = 3000 };
    for (int i = 0; i < LINES; i++) {
        text_printf(&all, "\"%d ", i);
        for (int j = 0; j < 100 + i % 37; j++) text_puts(&all, "words ");
        text_puts(&all, "\"\n");
    }
    assert_true(all.length > (size_t)1800 << 10);
    assert_int_equal(load(all.data, all.length, &profile, &err), ERR_OK);
    assert_int_equal(profile->session.prompt_count, LINES);
    for (int i = 0; i < LINES; i++) {
        const struct prompt *prompt = &profile->session.prompts[i];
        char *rest;
        assert_int_equal(strtol(prompt->text, &rest, 10), i);
        assert_int_equal(strlen(rest), 1 + 6 * (100 + i % 37));
        assert_int_equal(prompt->length, strlen(prompt->text));
    }
    assert_non_null(profile->session.said);
    profile_free(profile);
    text_free(&all);
}

/* ---- refusing ---- */

static void what_is_wrong_is_told_by_line_and_never_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
    } wrong[] = {
        {"{\"text\":\"" CANARY "\",\"weight\":0}", "above 0"},
        {"{\"text\":\"" CANARY "\",\"weight\":-1}", "above 0"},
        {"{\"text\":\"" CANARY "\",\"weight\":\"3\"}", "above 0"},
        {"{\"text\":\"" CANARY "\",\"weight\":1e99}", "above 0"},
        {"{\"text\":\"a\",\"" CANARY "\":1}", "text and weight"},
        {"{\"weight\":1}", "has no text"},
        {"{\"text\":7}", "text in double quotes"},
        {"[\"" CANARY "\"]", "text in double quotes"},
        {"7", "text in double quotes"},
        {"\"\"", "is empty"},
        {"\"a\\u0007" CANARY "\"", "control character"},
        {"\"" CANARY, ""},
        {CANARY, ""},
        {"\"a\" \"" CANARY "\"", ""},
        {"\"\xFF" CANARY "\"", ""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct text bytes = {0};
        struct profile *profile;
        struct error err;
        text_printf(&bytes, "\"first\"\n\n%s\n\"last\"\n", wrong[i].line);
        assert_int_equal(load(bytes.data, bytes.length, &profile, &err), ERR_PROFILE);
        char where[64];
        (void)snprintf(where, sizeof where, "%s:3:", path);
        if (strstr(err.text, where) == NULL || strstr(err.text, wrong[i].says) == NULL ||
            strstr(err.text, "canary") != NULL)
            fail_msg("%s: %s", wrong[i].line, err.text);
        /* it still has what it had */
        assert_int_equal(profile->session.prompt_count, 1);
        profile_free(profile);
        text_free(&bytes);
    }
}

static void a_file_without_prompts_or_no_file_is_refused(void **state)
{
    (void)state;
    struct profile *profile;
    struct error err;
    static const char *const empty[] = {"", "\n\n", "  \r\n"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        assert_int_equal(load(empty[i], strlen(empty[i]), &profile, &err), ERR_PROFILE);
        assert_non_null(strstr(err.text, "has no prompt"));
        profile_free(profile);
    }
    assert_int_equal(parse("\"prompts_file\":\"/nonexistent/p.jsonl\"", &profile, &err), ERR_OK);
    assert_int_equal(prompts_load(profile, &err), ERR_IO);
    assert_non_null(strstr(err.text, "p.json: session.prompts_file"));
    assert_non_null(strstr(err.text, "/nonexistent/p.jsonl"));
    profile_free(profile);
    assert_int_equal(parse("\"prompts\":[\"a\"],\"prompts_file\":\"p.jsonl\"", &profile, &err),
                     ERR_PROFILE);
    assert_non_null(strstr(err.text, "remove one"));
}

static void a_line_of_more_than_a_mebibyte_is_refused(void **state)
{
    (void)state;
    const size_t length = ((size_t)1 << 20) + 200;
    struct profile *profile;
    struct error err;
    char *bytes = malloc(length);
    assert_non_null(bytes);
    memset(bytes, 'a', length);
    memcpy(bytes, "\"x\"\n\"", 5);
    assert_int_equal(load(bytes, length, &profile, &err), ERR_PROFILE);
    assert_non_null(strstr(err.text, ":2:1: the line is longer"));
    profile_free(profile);
    free(bytes);
}

/* ---- drawing ---- */

/* The normal approximation at five standard deviations: one wrong alarm in a million, and the seed
 * is fixed. */
static void each_is_drawn_as_often_as_its_weight_says(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    static const double weights[] = {1, 0.25, 6, 2.75};
    struct profile *profile;
    struct error err;
    assert_int_equal(parse("\"prompts\":[\"a\",{\"text\":\"b\",\"weight\":0.25},{\"text\":\"c\","
                           "\"weight\":6},{\"text\":\"d\",\"weight\":2.75}]",
                           &profile, &err),
                     ERR_OK);
    const struct session_plan *session = &profile->session;
    for (int along = 0; along < 3; along++) { /* arrivals, rounds of a slot, turns */
        int counts[4] = {0};
        for (uint64_t i = 0; i < DRAWS; i++) {
            const struct prompt *drawn = prompts_draw(session, 20, along == 0 ? i : 3,
                                                      along == 1 ? i : 0, along == 2 ? i + 1 : 1);
            counts[drawn - session->prompts]++;
        }
        for (int i = 0; i < 4; i++) {
            const double share = weights[i] / 10;
            const double expected = share * DRAWS;
            assert_true(fabs(counts[i] - expected) < 5 * sqrt(expected * (1 - share)));
        }
    }
    profile_free(profile);
}

static void a_draw_depends_on_its_numbers_alone(void **state)
{
    (void)state;
    struct profile *profile;
    struct error err;
    int differ[4] = {0};
    assert_int_equal(
        parse("\"prompts\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"]", &profile, &err),
        ERR_OK);
    const struct session_plan *session = &profile->session;
    for (uint64_t n = 0; n < 800; n++) {
        const struct prompt *drawn = prompts_draw(session, 7, n, 2, 3);
        assert_ptr_equal(drawn, prompts_draw(session, 7, n, 2, 3));
        differ[0] += drawn != prompts_draw(session, 8, n, 2, 3);
        differ[1] += drawn != prompts_draw(session, 7, n + 1, 2, 3);
        differ[2] += drawn != prompts_draw(session, 7, n, 3, 3);
        differ[3] += drawn != prompts_draw(session, 7, n, 2, 4);
    }
    for (int i = 0; i < 4; i++) /* 700 are to be expected, with a deviation of 9.4 */
        assert_in_range(differ[i], 650, 750);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_takes_texts_and_weights),
        cmocka_unit_test(a_file_is_read_line_by_line),
        cmocka_unit_test(a_file_has_no_largest_size),
        cmocka_unit_test(what_is_wrong_is_told_by_line_and_never_quoted),
        cmocka_unit_test(a_file_without_prompts_or_no_file_is_refused),
        cmocka_unit_test(a_line_of_more_than_a_mebibyte_is_refused),
        cmocka_unit_test(each_is_drawn_as_often_as_its_weight_says),
        cmocka_unit_test(a_draw_depends_on_its_numbers_alone),
    };
    const int fd = mkstemp(path);
    if (fd < 0) return 1;
    (void)close(fd);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
