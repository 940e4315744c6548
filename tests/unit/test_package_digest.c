/* What an evidence package gathers from the records of a run: codes, limits, ids, minutes and
 * peaks, against records whose sums are known. */
#include "test_package_fixture.h"

#define HEX "0123456789abcdef0123456789abcdef"

/* ---- codes ---- */

static void the_most_frequent_code_comes_first(void **state)
{
    static const struct {
        const char *code;
        uint64_t count;
        enum domain domain;
    } rows[] = {{"server_error", 5, DOMAIN_SERVICE},
                {"upgrade_429", 3, DOMAIN_QUOTA},
                {"connection_reset", 1, DOMAIN_SERVICE}};
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    for (size_t i = 3; i > 0; i--) {
        for (uint64_t k = 0; k < rows[i - 1].count; k++) add(m, rows[i - 1].code, NS_PER_S);
    }
    open_package(m, &package, &request);
    assert_int_equal(package.focus, 0); /* the region that failed more */
    assert_int_equal(package.digest.code_count, 3);
    assert_string_equal(digest_first(&package.digest)->code, "server_error");
    for (size_t i = 0; i < 3; i++) {
        const struct digest_code *code = &package.digest.codes[i];
        assert_string_equal(code->code, rows[i].code);
        assert_int_equal(code->count, rows[i].count);
        assert_int_equal(code->domain, failure_class_of(rows[i].code)->domain);
        assert_string_equal(code->catalogue, failure_class_of(rows[i].code)->catalogue);
    }
    assert_int_equal(package.digest.records, 9);
    assert_int_equal(package.digest.attempts, 9);
    package_close(&package);
    maker_free(m);
}

static void no_failure_is_no_code(void **state)
{
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    open_package(m, &package, &request);
    assert_null(digest_first(&package.digest));
    assert_int_equal(digest_longest(&package.digest), 0);
    package_close(&package);
    maker_free(m);
}

/* Sessions that failed outside any attempt, and ends of life that are not failures. */
static void attempts_and_sessions_are_told_apart(void **state)
{
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    add(m, "server_error", NS_PER_S);
    write_record(m, &(struct record){.code = "idle_cut", .session_scope = true});
    write_record(m, &(struct record){.code = "session_cap", .session_scope = true});
    write_record(m, &(struct record){.code = "server_error", .region = 1}); /* of the control */
    open_package(m, &package, &request);
    assert_int_equal(package.digest.records, 3);
    assert_int_equal(package.digest.attempts, 1);
    assert_int_equal(package.digest.attempts + package.digest.sessions + package.digest.lifecycle,
                     3);
    assert_int_equal(package.digest.lifecycle,
                     (failure_class_of("idle_cut")->domain == DOMAIN_NONE) +
                         (failure_class_of("session_cap")->domain == DOMAIN_NONE));
    package_close(&package);
    maker_free(m);
}

/* ---- whose limit it was ---- */

/* Catalogue: F30, F58 and F66 are our quota, F31, F32, F37, F63 and F65 shared capacity, F33 does
 * not say, F95 and F96 are a gateway's. The words list what was counted, and nothing else. */
static void limits_are_told_by_whose_they_are(void **state)
{
    static const struct {
        const char *code;
        enum limit_side side;
    } rows[] = {{"upgrade_429", LIMIT_QUOTA},
                {"rate_limit_exceeded", LIMIT_QUOTA},
                {"quota_exhausted", LIMIT_QUOTA},
                {"capacity_429", LIMIT_CAPACITY},
                {"lowered_limit_429", LIMIT_CAPACITY},
                {"upgrade_503", LIMIT_CAPACITY},
                {"service_unavailable", LIMIT_CAPACITY},
                {"slow_output", LIMIT_CAPACITY},
                {"unclear_429", LIMIT_UNCLEAR},
                {"gateway_429", LIMIT_GATEWAY},
                {"gateway_quota", LIMIT_GATEWAY},
                {"server_error", LIMIT_NONE},
                {"connection_reset", LIMIT_NONE},
                {"stall", LIMIT_NONE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maker *m = begin();
        struct package package;
        struct package_request request = {0};
        const char *number = failure_class_of(rows[i].code)->catalogue;
        for (int k = 0; k < FAILED; k++) add(m, rows[i].code, NS_PER_S);
        open_package(m, &package, &request);
        for (enum limit_side side = LIMIT_NONE; side < LIMIT_SIDES; side++) {
            if (package.digest.limits[side] != (side == rows[i].side ? FAILED : 0))
                fail_msg("%s: %d of side %d", rows[i].code, (int)package.digest.limits[side], side);
        }
        const char *told = number[0] == 'F' ? number : rows[i].code;
        bool listed = strstr(text_str(&package.quota_reason), told) != NULL;
        if (listed != (rows[i].side != LIMIT_NONE))
            fail_msg("%s: \"%s\"", rows[i].code, text_str(&package.quota_reason));
        /* More quota is only requested where quotas refused attempts, never for a gateway's
         * limit. */
        assert_int_equal(package.quota, rows[i].side == LIMIT_QUOTA ? QUOTA_EVIDENCE : QUOTA_NONE);
        package_close(&package);
        maker_free(m);
    }
}

static void the_headers_of_a_limit_are_kept_as_a_range(void **state)
{
    static const struct evidence_header low[] = {{"x-ratelimit-limit-tokens", "12000"},
                                                 {"x-ratelimit-remaining-tokens", "0"},
                                                 {"retry-after-ms", "800"}};
    static const struct evidence_header high[] = {{"X-RateLimit-Limit-Tokens", "48000"},
                                                  {"x-ratelimit-remaining-tokens", "17"},
                                                  {"x-ratelimit-limit-requests", "many"}};
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    write_record(
        m, &(struct record){
               .code = "upgrade_429", .headers = high, .header_count = 3, .http_status = 429});
    write_record(m,
                 &(struct record){
                     .code = "upgrade_429", .headers = low, .header_count = 3, .http_status = 429});
    open_package(m, &package, &request);
    const struct digest *digest = &package.digest;
    assert_int_equal(digest->limit_tokens.count, 2);
    assert_true(digest->limit_tokens.low == 12000 && digest->limit_tokens.high == 48000);
    assert_true(digest->remaining_tokens.low == 0 && digest->remaining_tokens.high == 17);
    assert_int_equal(digest->limit_requests.count, 0); /* no number is no limit */
    assert_int_equal(digest->hinted, 1);
    package_close(&package);
    maker_free(m);
}

/* ---- ids ---- */

/* The first ones of a code, and the last; those without an id only as long as there is none. */
static void ids_to_look_up(void **state)
{
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    add(m, "server_error", 0);
    for (int i = 1; i <= 20; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "sess_%d", i);
        write_record(
            m, &(struct record){.code = "server_error", .at_ns = i * NS_PER_S, .session_id = id});
    }
    add(m, "server_error", 30 * NS_PER_S);
    open_package(m, &package, &request);
    const struct digest_code *code = digest_first(&package.digest);
    assert_int_equal(code->count, 22);
    assert_int_equal(package.digest.with_ids, 20);
    assert_int_equal(code->trace_count, TRACES_PER_CODE);
    assert_string_equal(code->traces[0].session_id, "");
    assert_string_equal(code->traces[1].session_id, "sess_1");
    assert_string_equal(code->traces[TRACES_PER_CODE - 1].session_id, "sess_20");
    assert_true(code->sample_has_ids);
    package_close(&package);
    maker_free(m);
}

/* The gateway's own id is what the service's logs are searched by; one that looks like a key is
 * remembered as none. */
static void the_gateways_id_goes_first(void **state)
{
    static const struct evidence_header headers[] = {
        {"x-request-id", "last"}, {"x-ms-request-id", "second"}, {"apim-request-id", HEX}};
    char line[64];
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    write_record(m, &(struct record){.code = "upgrade_503", .headers = headers, .header_count = 2});
    write_record(m,
                 &(struct record){.code = "capacity_429", .headers = headers, .header_count = 3});
    open_package(m, &package, &request);
    for (size_t i = 0; i < package.digest.code_count; i++) {
        const struct digest_code *code = &package.digest.codes[i];
        bool all = strcmp(code->code, "capacity_429") == 0;
        assert_string_equal(code->traces[0].request_id, all ? HEX : "second");
    }
    (void)snprintf(line, sizeof line, "id %s", HEX);
    assert_null(verify_line(line, strlen(line), &package.digest.hex_ids));
    assert_non_null(verify_line(line, strlen(line), NULL));
    package_close(&package);
    maker_free(m);
}

/* ---- time ---- */

/* In any order, and only for the region that is compared. */
static void minutes_in_a_row(void **state)
{
    static const int failed_in[] = {7, 2, 3, 9, 2, 8, 4};
    (void)state;
    struct maker *m = begin();
    struct package package;
    struct package_request request = {0};
    for (size_t i = 0; i < sizeof failed_in / sizeof *failed_in; i++)
        add(m, "server_error", failed_in[i] * MINUTE + 5 * NS_PER_S);
    write_record(m, &(struct record){.code = "server_error", .region = 1, .at_ns = 5 * MINUTE});
    write_record(m, &(struct record){.code = "server_error", .region = 1, .at_ns = 6 * MINUTE});
    open_package(m, &package, &request);
    assert_int_equal(package.digest.minute_count, 6);
    assert_int_equal(digest_longest(&package.digest), 3); /* 2 to 4, and 7 to 9 */
    for (size_t i = 1; i < package.digest.minute_count; i++)
        assert_true(package.digest.minutes[i] > package.digest.minutes[i - 1]);
    package_close(&package);
    maker_free(m);
}

/* Los Angeles at 06:00. A record counts with the interval in which it falls, as the rates do. */
static void a_time_of_day_limits_the_records(void **state)
{
    (void)state;
    struct maker *m = maker_new(TWO, NULL);
    struct package package;
    struct window window = {0};
    struct error err = {0};
    assert_int_equal(window_parse("early=06:00-06:05@America/Los_Angeles", &window, &err), ERR_OK);
    struct package_request request = {.window = &window};
    for (uint64_t minute = 0; minute < 10; minute++) {
        int64_t at_ns = (int64_t)minute * MINUTE;
        maker_interval(m, SIX_PDT + at_ns, SIX_PDT + at_ns + MINUTE);
        maker_session(m, 0, minute, "F", 100);
        text_clear(&m->lines);
        add(m, "server_error", at_ns + 50 * NS_PER_S);
        maker_write(m);
    }
    maker_finish(m, "complete");
    open_package(m, &package, &request);
    assert_true(package.limited);
    assert_int_equal(package.digest.records, 5);
    assert_int_equal(package_attempts(&package), 5);
    assert_int_equal(digest_longest(&package.digest), 5);
    assert_true(package_holds(&package, SIX_PDT + 5 * MINUTE - 1));
    assert_false(package_holds(&package, SIX_PDT + 5 * MINUTE));
    package_close(&package);
    window_free(&window);
    maker_free(m);
}

/* ---- peaks ---- */

/* Six intervals of ten seconds are one minute; the highest one counts, and when it began. */
static void the_busiest_minute(void **state)
{
    static const uint64_t per_interval[] = {1,  2, 3, 4, 5, 6, /* 21 in the first minute */
                                            9,  9, 0, 9, 9, 0, /* 36 in the second */
                                            30, 0, 0, 0, 0, 0};
    (void)state;
    struct maker *m = maker_new(TWO, NULL);
    struct package package;
    struct package_request request = {0};
    for (size_t i = 0; i < sizeof per_interval / sizeof *per_interval; i++) {
        int64_t start = SIX_PDT + (int64_t)i * 10 * NS_PER_S;
        maker_interval(m, start, start + 10 * NS_PER_S);
        for (uint64_t k = 0; k < per_interval[i]; k++) maker_session(m, 0, i * 100 + k, "..", 9);
        m->cells[0].counters.input_tokens = 100 * per_interval[i];
        m->cells[0].counters.output_tokens = 10 * per_interval[i];
        maker_write(m);
    }
    maker_finish(m, "complete");
    open_package(m, &package, &request);
    const struct peak *peak = &package.peaks[0];
    assert_true(peak->sessions.per_minute == 36);
    assert_true(peak->attempts.per_minute == 72);
    assert_true(peak->tokens.per_minute == 36 * 110);
    assert_true(peak->tokens.at_ns == SIX_PDT + MINUTE);
    assert_true(package.peaks[1].sessions.per_minute == 0);
    assert_true(package.start_ns == SIX_PDT && package.end_ns == SIX_PDT + 3 * MINUTE);
    package_close(&package);
    maker_free(m);
}

/* The busiest minute of an hour is unknown: the hour's mean is shown, not its sum. */
static void a_long_interval_is_averaged(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    struct package package;
    struct package_request request = {0};
    maker_incident(m);
    maker_finish(m, "complete");
    open_package(m, &package, &request);
    assert_true(package.peaks[0].sessions.per_minute > 997 / 60.0 - 1e-9 &&
                package.peaks[0].sessions.per_minute < 997 / 60.0 + 1e-9);
    assert_true(package.peaks[0].sessions.at_ns == SIX_PDT);
    package_close(&package);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_frequent_code_comes_first),
        cmocka_unit_test(no_failure_is_no_code),
        cmocka_unit_test(attempts_and_sessions_are_told_apart),
        cmocka_unit_test(limits_are_told_by_whose_they_are),
        cmocka_unit_test(the_headers_of_a_limit_are_kept_as_a_range),
        cmocka_unit_test(ids_to_look_up),
        cmocka_unit_test(the_gateways_id_goes_first),
        cmocka_unit_test(minutes_in_a_row),
        cmocka_unit_test(a_time_of_day_limits_the_records),
        cmocka_unit_test(the_busiest_minute),
        cmocka_unit_test(a_long_interval_is_averaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
