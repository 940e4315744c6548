/* Ends that are not failures, probed sessions, requested waits, and the evidence of all that. */
#include "engine_fixture.h"

#define HOLD(sessions, duration)                                                                   \
    "{\"model\":\"sessions\",\"connect_rate\":\"2000/"                                             \
    "s\",\"stages\":[{\"duration\":\"0s\",\"target\":" sessions "},{\"duration\":\"" duration      \
    "\",\"target\":" sessions "}]}"
#define TALK "{\"interactions\":1000,\"think_time\":\"2ms\",\"prompts\":[\"Say OK.\"]}"
#define PROBING                                                                                    \
    "{\"attempts\":4,\"backoff\":{\"initial\":\"2ms\",\"max\":\"4ms\"},\"budget\":\"100%\","       \
    "\"probe_poisoned\":true}"
#define STRICT                                                                                     \
    "{\"attempts\":1,\"backoff\":{\"initial\":\"2ms\",\"max\":\"4ms\"},\"budget\":\"0%\"}"

/* ---- lines of failures.jsonl ---- */

static void each_record(const char *folder, void (*visit)(const cJSON *record))
{
    struct text path = {0};
    struct text text = {0};
    struct error err = {0};
    text_printf(&path, "%s/failures.jsonl", folder);
    if (file_read(path.data, 64 << 20, &text, &err) != ERR_OK) fail_msg("%s", err.text);
    char *rest = NULL;
    for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        cJSON *record = cJSON_Parse(line);
        assert_non_null(record);
        visit(record);
        cJSON_Delete(record);
    }
    text_free(&text);
    text_free(&path);
}

static const char *string_at(const cJSON *record, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, key));
    return value == NULL ? "" : value;
}

static double number_at(const cJSON *record, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    if (!cJSON_IsNumber(item)) fail_msg("%s is no number", key);
    return item->valuedouble;
}

/* ---- ends that are not failures ---- */

static size_t renewed, given_up;

static void check_expired(const cJSON *record)
{
    const char *decision = string_at(record, "decision");
    renewed += strcmp(decision, "renew_session") == 0;
    given_up += strcmp(decision, "give_up") == 0;
    assert_string_equal(string_at(record, "domain"), "none");
    assert_string_equal(string_at(record, "code"), "session_expired");
    assert_string_equal(string_at(record, "scope"), "attempt");
    assert_true(number_at(record, "interaction") >= 1);
    assert_true(number_at(record, "attempt") == 1);
    assert_true(number_at(record, "turn") >= 1);
}

static void expired_records(const char *folder)
{
    renewed = given_up = 0;
    each_record(folder, check_expired);
}

/* No retry is allowed here, and yet every interaction completes. */
static void the_cap_of_a_session_costs_no_retry(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.expire_every = 5, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "500ms"),
                             .session = TALK,
                             .retry = STRICT,
                             .inspect = expired_records},
          &result);
    check_sums(&result);
    const struct counters *c = &result.counters;
    const uint64_t expired = (uint64_t)atomic_load(&loopback_truth.expired);
    assert_true(expired > 10);
    assert_int_equal(c->attempts_failed + c->sessions_failed + c->interactions_failed + c->retries,
                     0);
    assert_int_equal(c->attempts_cancelled, expired);
    assert_int_equal(result.lifecycle, expired);
    assert_int_equal(renewed + given_up, expired);
    assert_true(given_up * 20 <
                renewed); /* four in a row, one in five each: one in 125 of those that are cut */
    assert_int_equal(c->interactions_ok, c->attempts_ok);
    assert_int_equal(c->first_attempts_ok, c->attempts_ok);
    assert_int_equal(result.clusters.with_failure, 0);
    /* Six virtual users, with a new session for each that ended; at the end of the load some may
     * not have got theirs. */
    assert_in_range(c->sessions_started, expired, 6 + expired);
}

/* Between turns nothing is cut short, and the next turn has a new session. */
static void a_session_that_retires_costs_no_attempt(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.retire_every = 4, .delay_ms = 1};
    drive(
        &(struct scenario){
            .load = HOLD("3", "500ms"),
            .session = "{\"interactions\":1000,\"think_time\":\"20ms\",\"prompts\":[\"a\"]}",
            .retry = STRICT},
        &result);
    check_sums(&result);
    const uint64_t retired = (uint64_t)atomic_load(&loopback_truth.retired);
    assert_true(retired > 5);
    assert_int_equal(result.counters.attempts_cancelled + result.counters.attempts_failed, 0);
    assert_int_equal(result.counters.sessions_failed, 0);
    assert_int_equal(result.lifecycle, retired);
}

/* A service whose sessions are all at their cap keeps nobody for ever, and that is still not a
 * failure. */
static void sessions_that_always_end_are_given_up(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.expire_every = 1, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("2", "300ms"), .session = TALK, .retry = STRICT},
          &result);
    check_sums(&result);
    const struct counters *c = &result.counters;
    assert_true(result.took_ns < 40 * NS_PER_S);
    assert_true(c->attempts_cancelled > 16);
    assert_int_equal(c->attempts_cancelled, c->attempts_started);
    assert_int_equal(c->interactions_ok + c->interactions_failed, 0);
    assert_int_equal(c->retries, 0);
}

static void what_the_service_cancels_is_told_and_no_failure(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.cancel_every = 3, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "400ms"), .session = TALK}, &result);
    check_sums(&result);
    const uint64_t cancelled = (uint64_t)atomic_load(&loopback_truth.cancelled);
    assert_true(cancelled > 20);
    assert_int_equal(result.counters.attempts_cancelled, cancelled);
    assert_int_equal(result.lifecycle, cancelled);
    assert_int_equal(result.counters.sessions_started, 6); /* the session continues */
}

static void stray_errors_are_counted_and_harm_nothing(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.stray_every = 3, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "400ms"), .session = TALK}, &result);
    check_sums(&result);
    assert_int_equal(result.counters.attempts_failed, 0);
    assert_true(result.counters.harmless_errors > 20);
    assert_int_equal(result.counters.harmless_errors, atomic_load(&loopback_truth.stray));
    assert_int_equal(result.lifecycle, 0);
}

static uint64_t unasked_records;

static void check_unasked(const cJSON *record)
{
    assert_string_equal(string_at(record, "code"), "protocol_violation");
    assert_string_equal(string_at(record, "domain"), "service");
    assert_string_equal(string_at(record, "message"),
                        "response.created before the session was ready");
    unasked_records++;
}

static void unasked(const char *folder)
{
    unasked_records = 0;
    each_record(folder, check_unasked);
}

/* A response that came before anything was asked answers nothing, though it is read after the
 * question could have been sent. */
static void an_answer_before_the_question_is_a_violation(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.eager_every = 2, .delay_ms = 5};
    drive(&(struct scenario){.load = HOLD("3", "400ms"),
                             .session = "{\"interactions\":1,\"think_time\":\"1ms\","
                                        "\"prompts\":[\"Say OK.\"]}",
                             .retry = STRICT,
                             .inspect = unasked},
          &result);
    check_sums(&result);
    assert_true(result.counters.attempts_failed > 10);
    assert_int_equal(result.counters.attempts_failed, unasked_records);
    assert_true(result.counters.attempts_ok > 10);
    for (size_t i = 0; i < result.kept_count; i++)
        if (result.kept[i].outcome == OUTCOME_OK) assert_true(result.kept[i].ttft_us >= 3000);
}

/* ---- probes ---- */

static void a_session_that_recovers_keeps_its_place(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.fail_every = 5, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "500ms"), .session = TALK, .retry = PROBING},
          &result);
    check_sums(&result);
    const struct counters *c = &result.counters;
    assert_true(c->attempts_failed > 10);
    /* Each failure is followed by a probe, which itself fails with every fifth response. */
    assert_true(c->probes_recovered * 2 > c->probes);
    assert_true(c->probes <= c->retries);
    assert_true(c->sessions_started < 6 + c->attempts_failed / 2);
}

static uint64_t probe_decisions, new_session_decisions;

static void count_decision(const cJSON *record)
{
    const char *decision = string_at(record, "decision");
    probe_decisions += strcmp(decision, "probe_same_session") == 0;
    new_session_decisions += strcmp(decision, "retry_new_session") == 0;
    assert_true(number_at(record, "socket_age_ms") >= 0);
    assert_true(number_at(record, "turn") >= 1);
}

static void count_decisions(const char *folder)
{
    probe_decisions = new_session_decisions = 0;
    each_record(folder, count_decision);
}

static void a_poisoned_session_is_left_after_its_probe(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.poison_every = 7, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "500ms"),
                             .session = TALK,
                             .retry = PROBING,
                             .inspect = count_decisions},
          &result);
    check_sums(&result);
    const struct counters *c = &result.counters;
    assert_true(c->probes > 5);
    assert_int_equal(c->probes_recovered, 0);
    assert_int_equal(c->probes, probe_decisions);
    /* At the end of the load a retry may come too late; until then each failed probe is followed by
     * a new session. */
    assert_true(new_session_decisions > 0 && new_session_decisions <= probe_decisions);
    assert_int_equal(probe_decisions + new_session_decisions + c->interactions_failed,
                     c->attempts_failed);
}

static void without_the_key_nothing_is_probed(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.fail_every = 5, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "300ms"), .session = TALK}, &result);
    check_sums(&result);
    assert_int_equal(result.counters.probes + result.counters.probes_recovered, 0);
}

/* ---- requested waits ---- */

static const struct attempt_row *retry_of(const struct result *result,
                                          const struct attempt_row *row)
{
    for (size_t i = 0; i < result->kept_count; i++) {
        const struct attempt_row *other = &result->kept[i];
        if (other->session_number == row->session_number &&
            other->interaction == row->interaction && other->attempt == row->attempt + 1)
            return other;
    }
    return NULL;
}

/* A limit within a session states its wait in its text; the backoff alone would be 2 ms. */
static void no_retry_comes_earlier_than_hinted(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.limit_every = 4, .limit_ms = 80, .delay_ms = 1};
    drive(&(struct scenario){.load = HOLD("3", "800ms"), .session = TALK}, &result);
    check_sums(&result);
    size_t retried = 0;
    for (size_t i = 0; i < result.kept_count; i++) {
        const struct attempt_row *row = &result.kept[i];
        const struct attempt_row *retry =
            row->outcome == OUTCOME_FAILED ? retry_of(&result, row) : NULL;
        if (retry == NULL) continue;
        retried++;
        /* both are truncated to ms */
        assert_true(retry->due_utc_ns >= row->end_utc_ns + 79 * NS_PER_MS);
    }
    assert_true(retried > 10);
}

/* ---- evidence ---- */

static int64_t run_began_ns;
static size_t records_seen;

static void check_evidence(const cJSON *record)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(record, "headers");
    records_seen++;
    assert_string_equal(string_at(headers, "apim-request-id"),
                        "0f1e2d3c-0000-4000-8000-000000000001");
    assert_string_equal(string_at(headers, "x-ms-region"), "East US 2");
    assert_int_equal(cJSON_GetArraySize(headers), 3); /* neither the cookie nor the challenge */
    assert_string_equal(string_at(record, "error_type"), "server_error");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(record, "error_code")));
    assert_string_equal(string_at(record, "usage_shape"), "full");
    assert_int_equal(strncmp(string_at(record, "session_id"), "sess_", 5), 0);
    assert_int_equal(strncmp(string_at(record, "response_id"), "resp_", 5), 0);
    /* 32 years behind, to the length of this run and the half second that a Date leaves open. */
    double skew_ms = number_at(record, "clock_skew_ms");
    double expected_ms = (double)LOOPBACK_DATE_S * 1e3 - (double)run_began_ns / (double)NS_PER_MS;
    assert_true(skew_ms < expected_ms + 501 && skew_ms > expected_ms - 20000);
}

static void check_records(const char *folder)
{
    records_seen = 0;
    each_record(folder, check_evidence);
}

static void a_record_says_all_that_was_seen(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.fail_every = 5, .delay_ms = 1};
    run_began_ns = clock_wall_ns();
    drive(&(struct scenario){.load = HOLD("3", "300ms"), .session = TALK, .inspect = check_records},
          &result);
    check_sums(&result);
    assert_int_equal(records_seen, result.counters.attempts_failed);
    assert_true(records_seen > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cap_of_a_session_costs_no_retry),
        cmocka_unit_test(a_session_that_retires_costs_no_attempt),
        cmocka_unit_test(sessions_that_always_end_are_given_up),
        cmocka_unit_test(what_the_service_cancels_is_told_and_no_failure),
        cmocka_unit_test(stray_errors_are_counted_and_harm_nothing),
        cmocka_unit_test(an_answer_before_the_question_is_a_violation),
        cmocka_unit_test(a_session_that_recovers_keeps_its_place),
        cmocka_unit_test(a_poisoned_session_is_left_after_its_probe),
        cmocka_unit_test(without_the_key_nothing_is_probed),
        cmocka_unit_test(no_retry_comes_earlier_than_hinted),
        cmocka_unit_test(a_record_says_all_that_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
