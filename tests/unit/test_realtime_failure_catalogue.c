/* Every number of the failure catalogue: the JSON of its rows passes through the same readers as
 * in a run. */
#include "failure_catalogue.h"
#include "realtime/failure_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Numbers that cannot be observed in an attempt of a WebSocket client, and why. */
static const struct {
    const char *number, *why;
} elsewhere[] = {
    {"F03",
     "a wrong address resolves well; seen by comparing addresses, and afterwards as F24 or F25"},
    {"F40", "on the wire it is F15, F27 or F60; seen only by comparing regions"},
    {"F48", "a setting without effect fails nothing; the echo is no proof"},
    {"F51", "rushhour knows the event names of both dialects, so it never waits for the others"},
    {"F67", "the usage of a failed response: told beside its class"},
    {"F68", "the usage of a failed response: told beside its class"},
    {"F80", "the end of a close that we asked for: no attempt and no session fails by it"},
    {"F89", "on the wire it is F15 or F27; seen only by the date"},
};

static bool parse(const char *json, struct event_facts *out)
{
    char type[EVENT_TYPE_SIZE];
    if (json == NULL) return false;
    enum event_kind kind = event_scan(json, strlen(json), type);
    if (!event_parse(kind, json, strlen(json), out)) fail_msg("no event: %s", json);
    return true;
}

static void join(const char *const *numbers, size_t count, char out[64])
{
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        length +=
            (size_t)snprintf(out + length, 64 - length, "%s%s", i == 0 ? "" : " ", numbers[i]);
    }
}

static void check_row(const struct row *row)
{
    struct failure_facts facts = row->facts;
    struct event_facts event, error;
    char code[64], message[512], also[64], signature[96];
    const char *numbers[4];
    if (row->body != NULL) {
        assert_true(failure_body_parse(row->body, strlen(row->body), code, message));
        facts.body_code = code;
        facts.body_message = message;
    }
    if (parse(row->event, &event)) facts.event = &event;
    if (parse(row->error, &error)) facts.error_before = &error;

    struct failure_class class = failure_classify(&facts);
    if (strcmp(class.code, row->code) != 0 || strcmp(class.catalogue, row->number) != 0) {
        fail_msg("%s is %s, not %s (%s)", class.code, class.catalogue, row->code, row->number);
    }
    if (class.domain != row->domain) {
        fail_msg("%s: domain %s, not %s", row->code, domain_name(class.domain),
                 domain_name(row->domain));
    }
    assert_int_equal(class.phase, row->facts.phase);
    assert_true(strlen(class.advice) > 20);
    join(numbers, failure_also(&facts, numbers), also);
    if (strcmp(also, row->also == NULL ? "" : row->also) != 0) {
        fail_msg("%s %s: also \"%s\", not \"%s\"", row->number, row->code, also,
                 row->also == NULL ? "" : row->also);
    }
    failure_signature(&facts, signature);
    assert_string_equal(signature, ""); /* it has a number */
}

static const struct {
    const struct row *rows;
    size_t count;
} sections[] = {
#define SECTION(rows)                                                                              \
    {                                                                                              \
        rows, sizeof rows / sizeof rows[0]                                                         \
    }
    SECTION(transport), SECTION(upgrade), SECTION(session),
    SECTION(start),     SECTION(stream),  SECTION(life),
};

static void names_every_wire_signature(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++) {
        for (size_t i = 0; i < sections[s].count; i++) check_row(&sections[s].rows[i]);
    }
}

static bool has_row(const char *number)
{
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++) {
        for (size_t i = 0; i < sections[s].count; i++) {
            if (strcmp(sections[s].rows[i].number, number) == 0) return true;
        }
    }
    return false;
}

static void knows_every_number_or_says_why_not(void **state)
{
    (void)state;
    for (int n = 1; n <= 90; n++) {
        char number[8];
        bool excused = false;
        (void)snprintf(number, sizeof number, "F%02d", n);
        for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
            excused = excused || strcmp(elsewhere[i].number, number) == 0;
        }
        if (has_row(number) == excused)
            fail_msg("%s: %s", number, excused ? "excused, yet has a row" : "no row");
    }
}

/* The numbers after the catalogue's last are our own: one per code, without gaps. */
static void our_own_numbers_stand_for_one_code_each(void **state)
{
    (void)state;
    int owners[200] = {0};
    int highest = 90;
    for (int id = 0; id < FAILURE_COUNT; id++) {
        int number = 0;
        const struct failure_row *row = failure_row((enum failure_id)id);
        if (sscanf(row->class.catalogue, "F%d", &number) != 1 || number <= 90) continue;
        assert_true(number < 200);
        if (owners[number]++ > 0) fail_msg("F%d: %s is not its only code", number, row->class.code);
        if (number > highest) highest = number;
    }
    for (int n = 91; n <= highest; n++) assert_int_equal(owners[n], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_wire_signature),
        cmocka_unit_test(knows_every_number_or_says_why_not),
        cmocka_unit_test(our_own_numbers_stand_for_one_code_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
