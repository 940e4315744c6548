/* JSON with comments, and the positions in it. */
#include "profile/jsonc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct json_node *parsed(const char *json)
{
    struct json_node *node = NULL;
    struct error err = {0};
    if (jsonc_parse("f", json, strlen(json), &node, &err) != ERR_OK)
        fail_msg("%s: %s", json, err.text);
    return node;
}

static void test_strings_are_decoded(void **state)
{
    (void)state;
    /* RFC 8259, section 7; the code points' UTF-8 by hand: U+00E9 c3 a9, U+20AC e2 82 ac, U+1D11E
     * f0 9d 84 9e */
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"\"", ""},
        {"\"a\\\"b\\\\c\\/d\"", "a\"b\\c/d"},
        {"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC"},
        {"\"\\uD834\\uDD1E\"", "\xF0\x9D\x84\x9E"},
        {"\"\xF0\x9D\x84\x9E // no comment /* here\"", "\xF0\x9D\x84\x9E // no comment /* here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_node *node = parsed(cases[i].json);
        assert_int_equal(node->kind, JSON_STRING);
        assert_string_equal(node->text, cases[i].text);
        json_free(node);
    }
}

static void test_kinds_comments_and_trailing_commas(void **state)
{
    (void)state;
    struct json_node *node = parsed(
        "\xEF\xBB\xBF// first\n{ \"a\": [1, -0.5e+3, true, false, null,], /* in\n between */\n"
        "\t\"b\": { }, // last\r\n}\n// end");
    assert_int_equal(node->kind, JSON_OBJECT);
    assert_int_equal(json_count(node), 2);
    const struct json_node *list = json_member(node, "a");
    assert_int_equal(json_count(list), 5);
    assert_string_equal(json_element(list, 0)->text, "1");
    assert_string_equal(json_element(list, 1)->text, "-0.5e+3");
    assert_string_equal(json_element(list, 2)->text, "true");
    assert_int_equal(json_element(list, 4)->kind, JSON_NULL);
    assert_null(json_element(list, 5));
    assert_int_equal(json_count(json_member(node, "b")), 0);
    assert_null(json_member(node, "c"));
    json_free(node);
}

static void test_positions_count_characters(void **state)
{
    (void)state;
    struct json_node *node =
        parsed("{ \"\xC3\xA9\xC3\xA9\": 1,\r\n\t/* \xE2\x82\xAC */ \"b\": [\n  22] }");
    const struct json_node *first = json_element(node, 0);
    const struct json_node *second = json_member(node, "b");
    assert_int_equal(first->key_line, 1);
    assert_int_equal(first->key_column, 3);
    assert_int_equal(first->column, 9);
    assert_int_equal(second->key_line, 2);
    assert_int_equal(second->key_column, 10);
    assert_int_equal(second->column, 15);
    assert_int_equal(second->first->line, 3);
    assert_int_equal(second->first->column, 3);
    json_free(node);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t length; /* 0: strlen */
        const char *position;
    } cases[] = {
        {"", 0, "f:1:1: "},
        {"[1,,2]", 0, "f:1:4: "},
        {"[,]", 0, "f:1:2: "},
        {"[1 2]", 0, "f:1:4: "},
        {"{\"a\":1,\"a\":2}", 0, "f:1:8: "},
        {"{\"a\" 1}", 0, "f:1:6: "},
        {"{\"a\":}", 0, "f:1:6: "},
        {"{1:2}", 0, "f:1:2: "},
        {"[1}", 0, "f:1:3: "},
        {"tru", 0, "f:1:1: "},
        {"[nulls]", 0, "f:1:6: "},
        {"01", 0, "f:1:1: "},
        {"-", 0, "f:1:1: "},
        {"1.", 0, "f:1:1: "},
        {".5", 0, "f:1:1: "},
        {"+1", 0, "f:1:1: "},
        {"1e", 0, "f:1:1: "},
        {"NaN", 0, "f:1:1: "},
        {"\"a", 0, "f:1:1: "},
        {"\"a\nb\"", 0, "f:1:3: "},
        {"\"a\tb\"", 0, "f:1:3: "},
        {"\"\\x41\"", 0, "f:1:2: "},
        {"\"\\u00\"", 0, "f:1:2: "},
        {"\"\\u0000\"", 0, "f:1:2: "},
        {"\"\\udc00\"", 0, "f:1:2: "},
        {"\"\\ud800\\u0041\"", 0, "f:1:2: "},
        {"\"\xC3\"", 0, "f:1:2: "},
        {"\"\xC0\xAF\"", 0, "f:1:2: "},
        {"\"\xED\xA0\x80\"", 0, "f:1:2: "},
        {"\"a\0b\"", 5, "f:1:3: "},
        {"\0", 1, "f:1:1: "},
        {"1 /", 0, "f:1:3: "},
        {"1 /* *", 0, "f:1:3: "},
        {"{}\n\n []", 0, "f:3:2: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].json);
        struct json_node *node = NULL;
        struct error err = {0};
        /* an exact copy on the heap, so that a sanitizer catches any overrun */
        char *copy = malloc(length + (length == 0));
        memcpy(copy, cases[i].json, length);
        enum err_code code = jsonc_parse("f", copy, length, &node, &err);
        free(copy);
        if (code != ERR_PROFILE ||
            strncmp(err.text, cases[i].position, strlen(cases[i].position)) != 0) {
            fail_msg("case %zu, %s: %d, %s", i, cases[i].json, code, err.text);
        }
        assert_null(node);
    }
}

static char *repeated(const char *open, size_t count, const char *middle, const char *close)
{
    size_t length = count * (strlen(open) + strlen(close)) + strlen(middle);
    char *text = calloc(1, length + 1);
    char *at = text;
    for (size_t i = 0; i < count; i++) at = stpcpy(at, open);
    at = stpcpy(at, middle);
    for (size_t i = 0; i < count; i++) at = stpcpy(at, close);
    return text;
}

static void expect_depth(size_t depth, enum err_code wanted)
{
    char *json = repeated("[", depth, "", "]");
    struct json_node *node = NULL;
    struct error err = {0};
    assert_int_equal(jsonc_parse("f", json, strlen(json), &node, &err), wanted);
    json_free(node);
    free(json);
}

static void test_limits(void **state)
{
    (void)state;
    struct json_node *node = NULL;
    struct error err = {0};
    expect_depth(JSONC_DEPTH_LIMIT, ERR_OK);
    expect_depth(JSONC_DEPTH_LIMIT + 1, ERR_PROFILE);
    expect_depth(100000, ERR_PROFILE);

    char *spaces = malloc(JSONC_SIZE_LIMIT + 1);
    memset(spaces, ' ', JSONC_SIZE_LIMIT + 1);
    spaces[0] = '1';
    assert_int_equal(jsonc_parse("f", spaces, JSONC_SIZE_LIMIT, &node, &err), ERR_OK);
    json_free(node);
    assert_int_equal(jsonc_parse("f", spaces, JSONC_SIZE_LIMIT + 1, &node, &err), ERR_PROFILE);
    assert_non_null(strstr(err.text, "1 MiB"));
    free(spaces);

    char *list = repeated("[],", 300000, "", "");
    list[0] = '[';
    list[1] = '1';
    list[strlen(list) - 1] = ']';
    assert_int_equal(jsonc_parse("f", list, strlen(list), &node, &err),
                     ERR_OK); /* one long line, in linear time */
    assert_int_equal(json_count(node), 300000);
    json_free(node);
    free(list);
}

static void test_taking_nodes_out(void **state)
{
    (void)state;
    struct json_node *node = parsed("[1, 2, 3]");
    json_remove(node, 1);
    json_remove(node, 5);
    assert_int_equal(json_count(node), 2);
    assert_string_equal(json_element(node, 1)->text, "3");
    json_remove(node, 0);
    assert_string_equal(json_element(node, 0)->text, "3");
    json_free(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings_are_decoded),
        cmocka_unit_test(test_kinds_comments_and_trailing_commas),
        cmocka_unit_test(test_positions_count_characters),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_taking_nodes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
