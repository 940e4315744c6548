/* When a region's load is held back, as tables: no socket, no clock. */
#include "engine/hold.h"

#include "base/clock.h"
#include "realtime/retry_hint.h"
#include "service/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S(x) ((int64_t)((x)*NS_PER_S))
#define AT(x) (START + (uint64_t)S(x))
#define START UINT64_C(1000000000000)
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct failure_class wrong_key = {.domain = DOMAIN_AUTH, .code = "upgrade_401"};
static const struct failure_class no_deployment = {.domain = DOMAIN_CONFIG, .code = "x"};
static const struct failure_class used_up = {.domain = DOMAIN_QUOTA, .code = "quota_exhausted"};
static const struct failure_class day = {
    .domain = DOMAIN_QUOTA, .code = "daily_limit", .retryable = true, .lasting = true};
static const struct failure_class minute = {
    .domain = DOMAIN_QUOTA, .code = "rate_limit_exceeded", .retryable = true};
static const struct failure_class refused = {.domain = DOMAIN_NETWORK, .code = "connect_refused"};
static const struct failure_class filter = {.domain = DOMAIN_CONTENT, .code = "content_filter"};
static const struct failure_class broken = {
    .domain = DOMAIN_SERVICE, .code = "server_error", .retryable = true};
static const struct failure_class ours = {.domain = DOMAIN_CLIENT, .code = "local_limit"};

static void meet(struct hold *hold, const struct failure_class *class, int times, uint64_t now_ns)
{
    for (int i = 0; i < times; i++) (void)hold_on_failure(hold, class, 0, false, now_ns);
}

static void what_is_held_by_what(void **state)
{
    static const struct {
        const char *name;
        const struct failure_class *class;
        int64_t hint_ns;
        int times;
        int64_t held_ns; /* 0: it is not */
        enum hold_cause cause;
    } rows[] = {
        {"a wait that was asked for holds at once", &minute, S(6), 1, S(6), HOLD_HINT},
        {"also with a failure of the service", &broken, S(2), 1, S(2), HOLD_HINT},
        {"a limit without a hint is each interaction's own", &minute, 0, 50, 0, HOLD_HINT},
        {"one wrong key may be a mishap", &wrong_key, 0, HOLD_STREAK - 1, 0, HOLD_HINT},
        {"three are none", &wrong_key, 0, HOLD_STREAK, S(1), HOLD_REPEATED},
        {"so with the profile", &no_deployment, 0, HOLD_STREAK, S(1), HOLD_REPEATED},
        {"and a quota that is gone", &used_up, 0, HOLD_STREAK, S(1), HOLD_REPEATED},
        {"or lasts for the day", &day, 0, HOLD_STREAK, S(1), HOLD_REPEATED},
        {"which may be told, too", &day, S(86.4), 1, S(86.4), HOLD_HINT},
        {"those that were under way do not double it", &wrong_key, 0, 60, S(1), HOLD_REPEATED},
        {"an outage is to be measured", &refused, 0, 50, 0, HOLD_HINT},
        {"and so is a broken service", &broken, 0, 50, 0, HOLD_HINT},
        {"a filter speaks of the prompt", &filter, 0, 50, 0, HOLD_HINT},
        {"our own limits say nothing of the region", &ours, S(5), 50, 0, HOLD_HINT},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct hold hold = {0};
        bool begun = false;
        for (int n = 0; n < rows[i].times; n++)
            begun = hold_on_failure(&hold, rows[i].class, rows[i].hint_ns, false, START) || begun;
        const bool right = hold_left_ns(&hold, START) == rows[i].held_ns &&
                           hold.on == (rows[i].held_ns > 0) && begun == hold.on;
        if (!right) fail_msg("%s: %lld ns", rows[i].name, (long long)hold_left_ns(&hold, START));
        if (hold.on) assert_int_equal(hold.cause, rows[i].cause);
        if (hold.on) assert_string_equal(hold.code, rows[i].class->code);
    }
}

static void a_success_between_them_begins_the_count_anew(void **state)
{
    struct hold hold = {0};
    (void)state;
    for (int n = 0; n < 20; n++) {
        meet(&hold, &wrong_key, HOLD_STREAK - 1, START);
        assert_false(hold_on_ok(&hold, false, START));
    }
    assert_int_equal(hold_ask(&hold, START), GATE_OPEN);
    meet(&hold, &broken, 5, START); /* neither counts nor begins it anew */
    meet(&hold, &wrong_key, HOLD_STREAK, START);
    assert_int_equal(hold_ask(&hold, START), GATE_SHUT);
}

static void one_goes_first(void **state)
{
    struct hold hold = {0};
    (void)state;
    (void)hold_on_failure(&hold, &day, S(86.4), false, START);
    assert_int_equal(hold_ask(&hold, AT(86.3)), GATE_SHUT);
    assert_int_equal(hold_ask(&hold, AT(86.4)), GATE_PROBE);
    hold_begin_probe(&hold);
    assert_int_equal(hold_ask(&hold, AT(90)), GATE_SHUT); /* for everyone else */
    assert_false(hold_on_ok(&hold, false, AT(90)));       /* of before: it proves nothing */
    assert_int_equal(hold_ask(&hold, AT(90)), GATE_SHUT);
    hold_on_withdrawn(&hold);
    assert_int_equal(hold_ask(&hold, AT(91)), GATE_PROBE); /* another one may */
    hold_begin_probe(&hold);
    assert_true(hold_on_ok(&hold, true, AT(92)));
    assert_int_equal(hold_ask(&hold, AT(92)), GATE_OPEN);
    assert_int_equal(hold_left_ns(&hold, AT(92)), 0);
}

/* What the attempt that goes first meets decides. */
static void how_the_first_one_fails_decides(void **state)
{
    static const struct {
        const char *name;
        const struct failure_class *class;
        int64_t hint_ns;
        enum hold_gate gate;
        int64_t left_ns;
    } rows[] = {
        {"the limit says it again", &day, S(86.4), GATE_SHUT, S(86.4)},
        {"the limit says it without a time", &day, 0, GATE_SHUT, S(1)},
        {"a wrong key is no better at once", &wrong_key, 0, GATE_SHUT, S(1)},
        {"another limit, without a hint", &minute, 0, GATE_OPEN, 0},
        {"the service is down: that is measured", &broken, 0, GATE_OPEN, 0},
        {"nobody listens: likewise", &refused, 0, GATE_OPEN, 0},
        {"the prompt was filtered: the limit let it in", &filter, 0, GATE_OPEN, 0},
        {"our own side failed: the next one tells", &ours, 0, GATE_PROBE, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct hold hold = {0};
        (void)hold_on_failure(&hold, &day, S(10), false, START);
        hold_begin_probe(&hold);
        (void)hold_on_failure(&hold, rows[i].class, rows[i].hint_ns, true, AT(10));
        const enum hold_gate gate = hold_ask(&hold, AT(10));
        if (gate != rows[i].gate || hold_left_ns(&hold, AT(10)) != rows[i].left_ns)
            fail_msg("%s: gate %d, %lld ns", rows[i].name, gate,
                     (long long)hold_left_ns(&hold, AT(10)));
    }
}

static void the_wait_doubles_up_to_the_most(void **state)
{
    static const double waits_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    struct hold hold = {0};
    uint64_t now_ns = START;
    (void)state;
    meet(&hold, &wrong_key, HOLD_STREAK, now_ns);
    for (size_t i = 0; i < COUNT_OF(waits_s); i++) {
        assert_true(hold_left_ns(&hold, now_ns) == S(waits_s[i]));
        meet(&hold, &wrong_key, 7, now_ns); /* others that were under way change nothing */
        assert_true(hold_left_ns(&hold, now_ns) == S(waits_s[i]));
        now_ns += (uint64_t)S(waits_s[i]);
        hold_begin_probe(&hold);
        (void)hold_on_failure(&hold, &wrong_key, 0, true, now_ns);
    }
    hold_begin_probe(&hold);
    assert_true(hold_on_ok(&hold, true, now_ns + 1));
    meet(&hold, &wrong_key, HOLD_STREAK, now_ns); /* and begins small again */
    assert_true(hold_left_ns(&hold, now_ns) == S(1));
}

/* Its own waits are a policy like any other; a hint is already in this machine's time. */
static void waits_go_by_the_clock_of_a_replay(void **state)
{
    (void)state;
    struct hold hold = {.speed = 60};
    meet(&hold, &wrong_key, HOLD_STREAK, START);
    assert_int_equal(hold_left_ns(&hold, START), HOLD_FIRST_NS / 60);
    struct hold hinted = {.speed = 60};
    (void)hold_on_failure(&hinted, &minute, S(6), false, START);
    assert_int_equal(hold_left_ns(&hinted, START), S(6));
}

static void the_later_of_two_hints_holds(void **state)
{
    struct hold hold = {0};
    (void)state;
    assert_true(hold_on_failure(&hold, &minute, S(20), false, START));
    assert_false(hold_on_failure(&hold, &minute, S(6), false, AT(1)));
    assert_true(hold_left_ns(&hold, AT(1)) == S(19));
    assert_false(hold_on_failure(&hold, &minute, S(30), false, AT(1)));
    assert_true(hold_left_ns(&hold, AT(1)) == S(30));
}

static void what_is_over_for_good_stays_so(void **state)
{
    struct hold hold = {0};
    (void)state;
    hold_for_good(&hold, "upgrade_401", START);
    assert_false(hold_on_failure(&hold, &broken, 0, true, AT(1)));
    assert_false(hold_on_ok(&hold, true, AT(2)));
    assert_false(hold_lift(&hold, AT(3)));
    assert_int_equal(hold_ask(&hold, AT(86400 * 30)), GATE_SHUT);
    assert_true(hold_left_ns(&hold, AT(4)) == RETRY_HINT_MOST_NS);
    assert_true(hold_close(&hold, AT(5))); /* the load is over */
    assert_false(hold_close(&hold, AT(5)));
}

/* The pieces in which held time is reported add up to all of it. */
/* An open breaker holds until it closes, whatever the attempt that goes first says by itself. */
static void a_breaker_holds_until_it_closes(void **state)
{
    struct hold hold = {0};
    const uint64_t later = START + (uint64_t)S(10);
    (void)state;
    assert_true(hold_trip(&hold, "server_error", later, START));
    assert_int_equal(hold_ask(&hold, later - 1), GATE_SHUT);
    assert_int_equal(hold_ask(&hold, later), GATE_PROBE);
    hold_begin_probe(&hold);
    assert_int_equal(hold_ask(&hold, later), GATE_SHUT);
    assert_false(hold_on_ok(&hold, true, later));
    assert_int_equal(hold_ask(&hold, later), GATE_PROBE); /* the next one */
    hold_begin_probe(&hold);
    assert_false(hold_on_failure(&hold, &broken, 0, true, later));
    assert_true(hold.on);
    assert_false(hold_trip(&hold, "server_error", later + (uint64_t)S(10), later));
    assert_int_equal(hold_left_ns(&hold, later), S(10));
    assert_false(hold_lift(&hold, later)); /* a fresh credential is no reason */
    assert_true(hold_close_breaker(&hold, later + 1));
    assert_int_equal(hold_ask(&hold, later + 1), GATE_OPEN);
    assert_int_equal(hold_take_ns(&hold, START, later + 2), S(10) + 1);
}

/* A hint may hold longer than the breaker, and a breaker longer than the hint. */
static void the_later_of_hint_and_breaker_holds(void **state)
{
    struct hold hold = {0};
    (void)state;
    assert_true(hold_on_failure(&hold, &minute, S(20), false, START));
    assert_false(hold_trip(&hold, "rate_limit_exceeded", START + (uint64_t)S(5), START));
    assert_int_equal(hold_left_ns(&hold, START), S(20));
    assert_false(hold_trip(&hold, "rate_limit_exceeded", START + (uint64_t)S(30), START));
    assert_int_equal(hold_left_ns(&hold, START), S(30));
    assert_int_equal(hold.cause, HOLD_HINT);
    hold_for_good(&hold, "upgrade_401", START);
    assert_false(hold_trip(&hold, "server_error", START, START));
    assert_false(hold_close_breaker(&hold, START));
}

static void held_time_is_told_once(void **state)
{
    (void)state;
    for (int step_ms = 100; step_ms <= 5000; step_ms += 700) {
        struct hold hold = {0};
        uint64_t told_ns = 0;
        uint64_t next_ns = START;
        const struct {
            double at_s;
            bool begins;
        } events[] = {{1, true}, {4, false}, {4.5, true}, {5, false}, {20, true}};
        for (size_t i = 0; i < COUNT_OF(events); i++) {
            const uint64_t at_ns = AT(events[i].at_s);
            for (; next_ns <= at_ns; next_ns += (uint64_t)(step_ms * NS_PER_MS))
                told_ns += hold_take_ns(&hold, START, next_ns);
            if (events[i].begins) (void)hold_on_failure(&hold, &minute, S(1), false, at_ns);
            if (!events[i].begins) assert_true(hold_lift(&hold, at_ns));
        }
        told_ns += hold_take_ns(&hold, START, AT(22));
        assert_true(told_ns == (uint64_t)S(3 + 0.5 + 2));
    }
}

/* ---- hints by status, form and speaker ---- */

#define JSON(code, message) "{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define APIM(message) "{\"statusCode\":403,\"message\":\"" message "\"}"
#define HEADERS(...)                                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

struct told {
    const char *name;
    int status;
    struct http_header headers[4];
    const char *body;
    const char *code; /* of the class */
    int64_t held_ns;  /* by one such refusal; 0: not */
};

static const struct told refusals[] = {
    {"Azure, both headers: the finer one counts", 429,
     HEADERS({"apim-request-id", "a"}, {"retry-after-ms", "1250"}, {"retry-after", "2"}),
     JSON("429", "Requests have exceeded call rate limit. Please retry after 2 seconds."),
     "upgrade_429", S(1.25)},
    {"Azure, the header against the words", 429, HEADERS({"retry-after", "7"}),
     JSON("429", "exceeded call rate limit. Please retry after 60 seconds."), "upgrade_429", S(7)},
    {"Azure, the words alone", 429, HEADERS({"apim-request-id", "a"}),
     JSON("429", "exceeded call rate limit. Please retry after 1 minute and 5 seconds."),
     "upgrade_429", S(65)},
    {"OpenAI, a reset of what is used up", 429,
     HEADERS({"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "8.64s"},
             {"x-ratelimit-remaining-tokens", "900"}, {"x-ratelimit-reset-tokens", "6m0s"}),
     JSON("rate_limit_exceeded", "Rate limit reached for requests"), "upgrade_429", S(8.64)},
    {"OpenAI, both used up: the later", 429,
     HEADERS({"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "1s"},
             {"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "6m0s"}),
     JSON("rate_limit_exceeded", "Rate limit reached"), "upgrade_429", S(360)},
    {"resets, and nobody says which: the earlier", 429,
     HEADERS({"x-ratelimit-reset-requests", "1s"}, {"x-ratelimit-reset-tokens", "6m0s"}),
     JSON("rate_limit_exceeded", "Rate limit reached"), "upgrade_429", S(1)},
    {"the words go before a reset", 429,
     HEADERS({"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "24h0m0s"}),
     JSON("rate_limit_exceeded",
          "Rate limit reached on requests per day (RPD). Please try again in 1m26.4s."),
     "daily_limit", S(86.4)},
    {"a limit that is free says nothing", 429,
     HEADERS({"x-ratelimit-remaining-tokens", "50000"}, {"x-ratelimit-reset-tokens", "6m0s"}),
     JSON("429", "The service is temporarily unable to process your request."), "capacity_429", 0},
    {"nothing said", 429, HEADERS({"apim-request-id", "a"}), "", "unclear_429", 0},
    {"a busy service that says when", 503, HEADERS({"retry-after", "12"}),
     JSON("ServiceUnavailable", "overloaded"), "upgrade_503", S(12)},
    {"a busy service that only has words", 503, HEADERS({"apim-request-id", "a"}),
     JSON("ServiceUnavailable", "Please try again in 12 seconds"), "upgrade_503", 0},
    {"API Management's rate", 429,
     HEADERS({"retry-after", "9"}, {"content-type", "application/json"}),
     "{\"statusCode\":429,\"message\":\"Rate limit is exceeded. Try again in 9 seconds.\"}",
     "gateway_429", S(9)},
    {"API Management's quota, as a clock", 403, HEADERS({"content-type", "application/json"}),
     APIM("Out of call volume quota. Quota will be replenished in 03:14:15."), "gateway_quota",
     S(11655)},
    {"nginx, with a header", 429, HEADERS({"server", "nginx/1.25.3"}, {"retry-after", "3"}),
     "<html>429</html>", "gateway_429", S(3)},
    {"a date", 429,
     HEADERS({"date", "Sun, 06 Nov 1994 08:49:37 GMT"},
             {"retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"}),
     "", "upgrade_429", S(30)},
    {"a wrong key asks for no wait", 401, HEADERS({"apim-request-id", "a"}),
     JSON("401", "Access denied due to invalid subscription key."), "upgrade_401", 0},
    {"a day's limit without a time", 429, HEADERS({"apim-request-id", "a"}),
     JSON("429", "You have used up your daily quota."), "daily_limit", 0},
};

static void hints_hold_by_whatever_speaker_and_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        const struct told *row = &refusals[i];
        size_t count = 0;
        while (count < COUNT_OF(row->headers) && row->headers[count].name != NULL) count++;
        const struct raw_answer raw = {.status = row->status,
                                       .headers = row->headers,
                                       .header_count = count,
                                       .body = row->body,
                                       .body_length = strlen(row->body)};
        struct answer answer;
        struct hold hold = {0};
        answer_read(&answer, &raw, &(struct request_facts){0});
        struct failure_facts facts = answer_refusal(&answer);
        answer_add_facts(&answer.facts, &facts);
        const struct failure_class class = failure_classify(&facts);
        if (strcmp(class.code, row->code) != 0) fail_msg("%s: %s", row->name, class.code);
        const int64_t hint_ns =
            retry_hint_of(&class, response_headers_wait_ns(&answer.headers, 784111777),
                          answer.body_message, response_headers_reset_ns(&answer.headers));
        (void)hold_on_failure(&hold, &class, hint_ns, false, START);
        if (hold_left_ns(&hold, START) != row->held_ns)
            fail_msg("%s: %lld ns", row->name, (long long)hold_left_ns(&hold, START));
    }
}

static void no_advice_on_a_day_speaks_of_minutes(void **state)
{
    const struct failure_class *class = failure_class_of("daily_limit");
    (void)state;
    assert_non_null(class);
    assert_null(strstr(class->advice, "per minute"));
    assert_true(class->lasting && class->retryable && class->domain == DOMAIN_QUOTA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_by_what),
        cmocka_unit_test(a_success_between_them_begins_the_count_anew),
        cmocka_unit_test(one_goes_first),
        cmocka_unit_test(how_the_first_one_fails_decides),
        cmocka_unit_test(the_wait_doubles_up_to_the_most),
        cmocka_unit_test(waits_go_by_the_clock_of_a_replay),
        cmocka_unit_test(the_later_of_two_hints_holds),
        cmocka_unit_test(what_is_over_for_good_stays_so),
        cmocka_unit_test(a_breaker_holds_until_it_closes),
        cmocka_unit_test(the_later_of_hint_and_breaker_holds),
        cmocka_unit_test(held_time_is_told_once),
        cmocka_unit_test(hints_hold_by_whatever_speaker_and_status),
        cmocka_unit_test(no_advice_on_a_day_speaks_of_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
