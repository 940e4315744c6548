#include "base/calendar.h"

#include "base/calendar_internal.h"
#include "base/clock.h"
#include "base/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct zone *open_zone(const char *name)
{
    struct zone *zone = NULL;
    struct error err = {0};
    if (zone_open(name, &zone, &err) != ERR_OK) fail_msg("%s", err.text);
    return zone;
}

/* The last second before each change and the first after it, according to Python's zoneinfo. */
static const struct {
    const char *zone;
    int64_t utc_s;
    const char *stamp, *abbreviation;
    int weekday;
} changes[] = {
    {"America/Los_Angeles", 1772963999, "2026-03-08T01:59:59.000-08:00", "PST", 0},
    {"America/Los_Angeles", 1772964000, "2026-03-08T03:00:00.000-07:00", "PDT", 0},
    {"America/Los_Angeles", 1793523599, "2026-11-01T01:59:59.000-07:00", "PDT", 0},
    {"America/Los_Angeles", 1793523600, "2026-11-01T01:00:00.000-08:00", "PST", 0},
    {"America/Los_Angeles", 2215072799, "2040-03-11T01:59:59.000-08:00", "PST", 0},
    {"America/Los_Angeles", 2215072800, "2040-03-11T03:00:00.000-07:00", "PDT", 0},
    {"America/Los_Angeles", 2235632399, "2040-11-04T01:59:59.000-07:00", "PDT", 0},
    {"America/Los_Angeles", 2235632400, "2040-11-04T01:00:00.000-08:00", "PST", 0},
    {"Europe/London", 1774745999, "2026-03-29T00:59:59.000+00:00", "GMT", 0},
    {"Europe/London", 1774746000, "2026-03-29T02:00:00.000+01:00", "BST", 0},
    {"Europe/London", 1792889999, "2026-10-25T01:59:59.000+01:00", "BST", 0},
    {"Europe/London", 1792890000, "2026-10-25T01:00:00.000+00:00", "GMT", 0},
    {"Europe/London", 2216249999, "2040-03-25T00:59:59.000+00:00", "GMT", 0},
    {"Europe/London", 2216250000, "2040-03-25T02:00:00.000+01:00", "BST", 0},
    {"Europe/London", 2234998799, "2040-10-28T01:59:59.000+01:00", "BST", 0},
    {"Europe/London", 2234998800, "2040-10-28T01:00:00.000+00:00", "GMT", 0},
    {"Australia/Sydney", 1775318399, "2026-04-05T02:59:59.000+11:00", "AEDT", 0},
    {"Australia/Sydney", 1775318400, "2026-04-05T02:00:00.000+10:00", "AEST", 0},
    {"Australia/Sydney", 1791043199, "2026-10-04T01:59:59.000+10:00", "AEST", 0},
    {"Australia/Sydney", 1791043200, "2026-10-04T03:00:00.000+11:00", "AEDT", 0},
    {"Australia/Sydney", 2216822399, "2040-04-01T02:59:59.000+11:00", "AEDT", 0},
    {"Australia/Sydney", 2216822400, "2040-04-01T02:00:00.000+10:00", "AEST", 0},
    {"Australia/Sydney", 2233151999, "2040-10-07T01:59:59.000+10:00", "AEST", 0},
    {"Australia/Sydney", 2233152000, "2040-10-07T03:00:00.000+11:00", "AEDT", 0},
    {"Australia/Lord_Howe", 1775314799, "2026-04-05T01:59:59.000+11:00", "+11", 0},
    {"Australia/Lord_Howe", 1775314800, "2026-04-05T01:30:00.000+10:30", "+1030", 0},
    {"Australia/Lord_Howe", 1791041399, "2026-10-04T01:59:59.000+10:30", "+1030", 0},
    {"Australia/Lord_Howe", 1791041400, "2026-10-04T02:30:00.000+11:00", "+11", 0},
    {"Australia/Lord_Howe", 2216818799, "2040-04-01T01:59:59.000+11:00", "+11", 0},
    {"Australia/Lord_Howe", 2216818800, "2040-04-01T01:30:00.000+10:30", "+1030", 0},
    {"Australia/Lord_Howe", 2233150199, "2040-10-07T01:59:59.000+10:30", "+1030", 0},
    {"Australia/Lord_Howe", 2233150200, "2040-10-07T02:30:00.000+11:00", "+11", 0},
};

static void knows_the_changes_of_daylight_saving(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct zone *zone = open_zone(changes[i].zone);
        char stamp[30];
        format_local_ms(zone, changes[i].utc_s * NS_PER_S, stamp);
        assert_string_equal(stamp, changes[i].stamp);
        struct civil civil;
        zone_civil(zone, changes[i].utc_s * NS_PER_S, &civil);
        assert_string_equal(civil.abbreviation, changes[i].abbreviation);
        assert_int_equal(civil.weekday, changes[i].weekday);
        int64_t back = 0;
        assert_int_equal(parse_time(stamp, &back, NULL), ERR_OK);
        assert_int_equal(back, changes[i].utc_s * NS_PER_S);
        zone_free(zone);
    }
}

static void formats_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *stamp;
    } cases[] = {
        {INT64_C(1776178800123999999), "2026-04-14T15:00:00.123Z"},
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400) * NS_PER_S, "2000-02-29T00:00:00.000Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char stamp[25];
        format_utc_ms(cases[i].ns, stamp);
        assert_string_equal(stamp, cases[i].stamp);
    }
    char local[30];
    format_local_ms(NULL, 0, local);
    assert_string_equal(local, "1970-01-01T00:00:00.000+00:00");
}

static void reads_stamps(void **state)
{
    (void)state;
    static const struct {
        const char *stamp;
        int64_t ns;
    } good[] = {
        {"2026-04-14T15:00:00.123Z", INT64_C(1776178800123000000)},
        {"2026-04-14T08:00:00-07:00", INT64_C(1776178800000000000)},
        {"2026-04-14 20:30:00.000000001999+05:30", INT64_C(1776178800000000001)},
        {"1969-12-31t23:59:59.5z", -NS_PER_S / 2},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000000000)},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ns = 0;
        assert_int_equal(parse_time(good[i].stamp, &ns, NULL), ERR_OK);
        assert_int_equal(ns, good[i].ns);
    }
    static const char *const bad[] = {
        "",
        "2026-04-14",
        "2026-04-14T15:00Z",
        "2026-04-14T15:00:00",
        "2026-04-14T15:00:00.Z",
        "2026-04-14T15:00:00+0700",
        "2026-04-14T15:00:00+24:00",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "2026-04-14T24:00:00Z",
        "2026-04-14T15:60:00Z",
        "2026-04-14T15:00:61Z",
        "2026-04-14T15:00:00Zz",
        "1600-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "-026-04-14T15:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ns = 7;
        struct error err = {0};
        assert_int_equal(parse_time(bad[i], &ns, &err), ERR_USAGE);
        assert_int_equal(ns, 7);
        assert_non_null(strstr(err.text, bad[i]));
    }
}

static void refuses_unsafe_and_unknown_zones(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",        "../etc/passwd", "/etc/localtime",    "America/../UTC", "Mars/Base",
        "America", "a b",           "America/New_York\n"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct zone *zone = NULL;
        struct error err = {0};
        assert_int_equal(zone_open(names[i], &zone, &err), ERR_USAGE);
        assert_null(zone);
        assert_non_null(strstr(err.text, names[i]));
    }
}

static void says_when_tzdata_is_missing(void **state)
{
    (void)state;
    struct zone *zone = NULL;
    struct error err = {0};
    assert_int_equal(setenv("TZDIR", "/nonexistent/zoneinfo", 1), 0);
    enum err_code code = zone_open("Europe/London", &zone, &err);
    enum err_code utc = zone_open("UTC", &zone, NULL);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_int_equal(code, ERR_IO);
    assert_non_null(strstr(err.text, "install tzdata"));
    assert_int_equal(utc, ERR_OK);
    assert_string_equal(zone_name(zone), "UTC");
    struct civil civil;
    zone_civil(zone, 0, &civil);
    assert_string_equal(civil.abbreviation, "UTC");
    assert_int_equal(civil.weekday, 4);
    zone_free(zone);
}

/* A truncated file, and one with any byte changed, is either read safely (under the sanitizers) or
 * refused. */
static void survives_damaged_files(void **state)
{
    (void)state;
    struct text file = {0};
    struct error err = {0};
    if (file_read("/usr/share/zoneinfo/Australia/Lord_Howe", 65536, &file, &err) != ERR_OK)
        fail_msg("%s", err.text);
    for (size_t length = 0; length < file.length; length++) {
        unsigned char *copy = malloc(length + 1);
        memcpy(copy, file.data, length);
        struct zone *zone = NULL;
        assert_int_equal(zone_from_tzif("cut", copy, length, &zone, &err), ERR_FORMAT);
        assert_null(zone);
        free(copy);
    }
    for (size_t i = 0; i < file.length; i++) {
        char kept = file.data[i];
        file.data[i] = (char)(kept ^ 0xFF);
        struct zone *zone = NULL;
        if (zone_from_tzif("changed", (const unsigned char *)file.data, file.length, &zone, &err) ==
            ERR_OK) {
            char stamp[30];
            format_local_ms(zone, INT64_C(2233150200) * NS_PER_S, stamp);
            (void)zone_instant(zone, 20000, 600);
            zone_free(zone);
        }
        file.data[i] = kept;
    }
    text_free(&file);
}

static void reads_rules(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        bool good;
    } cases[] = {
        {"PST8PDT,M3.2.0,M11.1.0", true},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true}, /* America/Nuuk: a negative hour */
        {"EST5", true},
        {"XXX3EDT4,0/0,J365/23", true},
        {"IST-2IDT,M3.4.4/26,M10.5.0", true}, /* Asia/Jerusalem: an hour beyond the day */
        {"", false},
        {"PST", false},
        {"PS8", false},
        {"PST8PDT", false},
        {"PST8PDT,M3.2.0", false},
        {"PST8PDT,M13.2.0,M11.1.0", false},
        {"PST8PDT,M3.6.0,M11.1.0", false},
        {"PST8PDT,M3.2.7,M11.1.0", false},
        {"PST8PDT,J0,J5", false},
        {"PST8PDT,366,5", false},
        {"PST8PDT,M3.2.0/168,M11.1.0", false},
        {"PST25", false},
        {"<+10-10", false},
        {"PST8PDT,M3.2.0,M11.1.0x", false},
        {"PST99999999999999", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zone_rule rule;
        assert_int_equal(zone_rule_parse(cases[i].rule, strlen(cases[i].rule), &rule),
                         cases[i].good);
    }
    /* Daylight saving all year round (RFC 8536, section 3.3.1): always four hours west. */
    struct zone_rule rule;
    assert_true(zone_rule_parse("XXX3EDT4,0/0,J365/23", 20, &rule));
    for (int64_t t = INT64_C(1767225600) - 7200; t < INT64_C(1767225600) + 7200; t += 600) {
        int64_t end;
        assert_int_equal(zone_rule_at(&rule, t, &end)->offset_s, -4 * 3600);
        assert_true(end > t);
    }
}

/* Given days since 1970 and minutes, the first instant at which the clock shows that time or a
 * later one. */
static void finds_instants_of_local_times(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int year, month, day, minute;
        const char *instant;
    } cases[] = {
        {"America/Los_Angeles", 2026, 4, 14, 480, "2026-04-14T08:00:00-07:00"},
        /* 02:30 does not exist */
        {"America/Los_Angeles", 2026, 3, 8, 150, "2026-03-08T03:00:00-07:00"},
        /* occurs twice: the first */
        {"America/Los_Angeles", 2026, 11, 1, 90, "2026-11-01T01:30:00-07:00"},
        {"America/Los_Angeles", 2026, 11, 1, 120,
         "2026-11-01T02:00:00-08:00"}, /* exists only after the change */
        {"Australia/Lord_Howe", 2040, 10, 7, 135, "2040-10-07T02:30:00+11:00"},
        {"Europe/London", 2040, 3, 25, 1440, "2040-03-26T00:00:00+01:00"},
        /* midnight does not exist */
        {"America/Sao_Paulo", 2018, 11, 4, 0, "2018-11-04T01:00:00-02:00"},
        /* the day does not exist */
        {"Pacific/Apia", 2011, 12, 30, 720, "2011-12-31T00:00:00+14:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zone *zone = open_zone(cases[i].zone);
        int64_t wanted = 0;
        assert_int_equal(parse_time(cases[i].instant, &wanted, NULL), ERR_OK);
        int64_t days = days_from_date(cases[i].year, cases[i].month, cases[i].day);
        assert_int_equal(zone_instant(zone, days, cases[i].minute), wanted);
        zone_free(zone);
    }
    assert_int_equal(zone_instant(NULL, 1, 60), (86400 + 3600) * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_changes_of_daylight_saving),
        cmocka_unit_test(formats_utc),
        cmocka_unit_test(reads_stamps),
        cmocka_unit_test(refuses_unsafe_and_unknown_zones),
        cmocka_unit_test(says_when_tzdata_is_missing),
        cmocka_unit_test(survives_damaged_files),
        cmocka_unit_test(reads_rules),
        cmocka_unit_test(finds_instants_of_local_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
