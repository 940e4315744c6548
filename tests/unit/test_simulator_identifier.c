#include "simulator/identifier.h"

#include "simulator/complaint.h"
#include "simulator/site.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

static struct identifiers at(int64_t wall_s)
{
    struct identifiers ids;
    struct run_clock clock = {clock_mono_ns(), wall_s * NS_PER_S, 1.0};
    identifiers_init(&ids, &clock);
    return ids;
}

/* Section 8: prefix and 21 of [A-Za-z0-9], the first five shared within a second and sorted by
 * time. */
static void test_shape_and_order(void **state)
{
    (void)state;
    static const int64_t seconds[] = {1776124800, 1776124801, 1776124862,
                                      1776128662, 1795200000, 1900000000};
    char before[IDENTIFIER_SIZE] = "";
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        struct identifiers ids = at(seconds[i]);
        char a[IDENTIFIER_SIZE];
        char b[IDENTIFIER_SIZE];
        identifier_make(&ids, "sess_", a);
        identifier_make(&ids, "sess_", b);
        assert_int_equal(strlen(a), 5 + 21);
        assert_memory_equal(a, "sess_", 5);
        for (const char *c = a + 5; *c != '\0'; c++) assert_true(isalnum((unsigned char)*c));
        assert_memory_equal(a, b, 10);
        assert_string_not_equal(a, b);
        assert_true(strncmp(before, a, 10) < 0);
        memcpy(before, a, sizeof before);
    }
}

static void test_two_runs_differ(void **state)
{
    (void)state;
    struct identifiers a = at(1776124800);
    struct identifiers b = at(1776124800);
    char first[IDENTIFIER_SIZE];
    char second[IDENTIFIER_SIZE];
    identifier_make(&a, "resp_", first);
    identifier_make(&b, "resp_", second);
    assert_string_not_equal(first, second);
}

static void test_uuid_and_key(void **state)
{
    (void)state;
    struct identifiers ids = at(1776124800);
    char uuid[UUID_SIZE];
    for (int i = 0; i < 100; i++) {
        identifier_uuid(&ids, uuid);
        assert_int_equal(strlen(uuid), 36);
        for (int k = 0; k < 36; k++) {
            bool dash = k == 8 || k == 13 || k == 18 || k == 23;
            assert_true(dash ? uuid[k] == '-' : isxdigit((unsigned char)uuid[k]));
        }
        assert_int_equal(uuid[14], '4');
        assert_non_null(strchr("89ab", uuid[19]));
    }
    char key[85];
    char other[85];
    assert_true(identifier_key(key));
    assert_true(identifier_key(other));
    assert_int_equal(strlen(key), 84);
    assert_string_not_equal(key, other);
}

static void test_region_display(void **state)
{
    (void)state;
    assert_string_equal(site_region_display("eastus2"), "East US 2");
    assert_string_equal(site_region_display("eastus"), "East US");
    assert_string_equal(site_region_display("swedencentral"), "Sweden Central");
    assert_string_equal(site_region_display("eastus22"), "eastus22");
    assert_string_equal(site_region_display("my-gateway"), "my-gateway");
}

/* A truncated message stays valid UTF-8, and the client's text cannot break out of the JSON. */
static void test_complaint(void **state)
{
    (void)state;
    struct identifiers ids = at(1776124800);
    struct complaint complaint;
    struct text out = {0};
    char longer[2000];
    for (size_t i = 0; i + 1 < sizeof longer; i += 2) memcpy(longer + i, "\xC3\xA9", 2);
    longer[1998] = '\0';
    assert_false(complain(&complaint, "c", "p", "x%s", longer));
    assert_int_equal(strlen(complaint.message) % 2, 1);
    (void)complain(&complaint, NULL, "", "Invalid value: '%s'.", "\"\\\n");
    complaint_event(&complaint, &ids, "mine\"", &out);
    assert_non_null(
        strstr(text_str(&out),
               "\"error\":{\"type\":\"invalid_request_error\",\"code\":null,\"message\":\"Invalid "
               "value: '\\\"\\\\\\n'.\",\"param\":null,\"event_id\":\"mine\\\"\"}}"));
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape_and_order), cmocka_unit_test(test_two_runs_differ),
        cmocka_unit_test(test_uuid_and_key),    cmocka_unit_test(test_region_display),
        cmocka_unit_test(test_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
