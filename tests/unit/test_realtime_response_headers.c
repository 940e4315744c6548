/* Headers of answers as the service and gateways send them, and the waits that they and its
 * sentences ask for. */
#include "realtime/response_headers.h"
#include "realtime/retry_hint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct pair {
    const char *name, *value;
};

static struct response_headers read_all(const struct pair *pairs, size_t count)
{
    struct response_headers headers;
    response_headers_init(&headers);
    for (size_t i = 0; i < count; i++)
        response_headers_add(&headers, pairs[i].name, pairs[i].value);
    return headers;
}

static void a_refusal_of_the_service(void **state)
{
    static const struct pair pairs[] = {
        {"Content-Type", "application/json"},
        {"date", "Tue, 14 Apr 2026 15:00:01 GMT"},
        {"apim-request-id", "0f1e2d3c-0000-4000-8000-000000000001"},
        {"x-ms-region", "East US 2"},
        {"retry-after", "6"},
        {"retry-after-ms", "5432"},
        {"x-ratelimit-limit-requests", "200"},
        {"x-ratelimit-remaining-requests", "0"},
        {"x-ratelimit-reset-requests", "6m0s"},
        {"X-RateLimit-Limit-Tokens", "100000"},
        {"x-ratelimit-remaining-tokens", "99,5"},
        {"x-ratelimit-reset-tokens", "250ms"},
    };
    (void)state;
    struct response_headers headers = read_all(pairs, COUNT_OF(pairs));
    assert_true(response_headers_wait_ns(&headers, 0) == 5432 * MS);
    assert_true(headers.retry_after_ns == 6 * S);
    assert_true(headers.date_s == INT64_C(1776178801)); /* date -d '2026-04-14T15:00:01Z' +%s */
    assert_true(headers.requests.limit == 200 && headers.requests.remaining == 0);
    assert_true(headers.requests.reset_ns == 360 * S);
    assert_true(headers.tokens.limit == 100000);
    assert_true(headers.tokens.remaining == -1); /* that was no number */
    assert_true(headers.tokens.reset_ns == 250 * MS);
    assert_string_equal(response_headers_id(&headers), "0f1e2d3c-0000-4000-8000-000000000001");
    assert_string_equal(headers.region, "East US 2");
    assert_true(headers.from_service);
    assert_false(headers.html);
}

static void a_page_of_a_gateway(void **state)
{
    static const struct pair pairs[] = {{"content-type", "text/html; charset=utf-8"},
                                        {"server", "nginx"},
                                        {"x-request-id", "4bf92f3577b34da6a3ce929d0e0e4736"}};
    (void)state;
    struct response_headers headers = read_all(pairs, COUNT_OF(pairs));
    assert_true(headers.html);
    assert_false(headers.from_service);
    assert_string_equal(response_headers_id(&headers), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_true(response_headers_wait_ns(&headers, 0) == 0);
    assert_true(headers.date_s == -1 && headers.requests.limit == -1);
}

static void who_answered(void **state)
{
    static const struct {
        struct pair pair;
        bool service;
    } rows[] = {
        {{"apim-request-id", "x"}, true},         {{"x-ms-request-id", "x"}, true},
        {{"x-request-id", "req_0123abcd"}, true}, {{"x-request-id", "0123abcd"}, false},
        {{"openai-processing-ms", "12"}, true},   {{"apim-request-id", ""}, false},
        {{"x-ms-client-request-id", "x"}, false}, /* only our own, sent back */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct response_headers headers = read_all(&rows[i].pair, 1);
        if (headers.from_service != rows[i].service) fail_msg("%s", rows[i].pair.name);
    }
}

/* The date of RFC 9110's own example, and what is none. */
static void dates(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Thu, 30 Feb 2024 23:59:59 GMT", -1},
        {"Sun Nov  6 08:49:37 1994", -1},
        {"Sun, 06 Nov 1994 08:49:37 PST", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT, more", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 06 Nov 9999 08:49:37 GMT", -1},
        {"Sun, 06 Xyz 1994 08:49:37 GMT", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct pair pair = {"date", rows[i].text};
        struct response_headers headers = read_all(&pair, 1);
        if (headers.date_s != rows[i].seconds)
            fail_msg("%s: %lld", rows[i].text, (long long)headers.date_s);
    }
}

static void a_retry_date_counts_from_the_answer(void **state)
{
    static const struct pair pairs[] = {{"retry-after", "Sun, 06 Nov 1994 08:49:57 GMT"},
                                        {"date", "Sun, 06 Nov 1994 08:49:37 GMT"}};
    static const struct pair far = {"retry-after", "Sun, 06 Nov 2094 08:49:57 GMT"};
    (void)state;
    struct response_headers headers = read_all(pairs, 2);
    assert_true(response_headers_wait_ns(&headers, 0) == 20 * S);
    headers = read_all(pairs, 1);
    assert_true(response_headers_wait_ns(&headers, 784111787) == 10 * S);
    assert_true(response_headers_wait_ns(&headers, 784111997) == 0); /* it has passed */
    headers = read_all(&far, 1);
    assert_true(response_headers_wait_ns(&headers, 784111787) == RETRY_HINT_MOST_NS);
}

/* The forms that the service's sentences and clients' own tests have them in. */
static void hints_in_sentences(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"Requests to the Realtime API have exceeded call rate limit of your tier. Please retry "
         "after 6 "
         "seconds.",
         6 * S},
        {"Rate limit reached for gpt-realtime. Please try again in 20 seconds.", 20 * S},
        {"Please try again in 250ms. Visit the page to learn more.", 250 * MS},
        {"Please try again in 1m3s.", 63 * S},
        {"try again in 1h2m3.5s", 3723 * S + 500 * MS},
        {"Try again in 6m0s", 360 * S},
        {"Please try again in 1.898s.", 1898 * MS},
        {"please retry after 1 minute and 5 seconds", 65 * S},
        {"Please retry after 30", 30 * S},
        {"Please try again in 1m26.4s.", 86400 * MS},
        {"Out of call volume quota. Quota will be replenished in 03:14:15.", 11655 * S},
        {"Quota will be replenished in 00:00:07", 7 * S},
        {"Quota will be replenished in 1.02:03:04.", RETRY_HINT_MOST_NS},
        {"Quota will be replenished in 0.23:59:59.", 86399 * S},
        {"Quota will be replenished in 1.5 hours", 5400 * S},
        {"try again in 400 days", RETRY_HINT_MOST_NS},
        {"try again in 99999999999999999999999999999999 seconds", RETRY_HINT_MOST_NS},
        {"Try again in 5 maybe", 5 * S},
        {"Please try again in a moment.", 0},
        {"Please try again later.", 0},
        {"A rate of 24000 samples a second", 0},
        {"retry after ", 0},
        {"", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ns = retry_hint_in_text(rows[i].text);
        if (ns != rows[i].ns) fail_msg("%s: %lld", rows[i].text, (long long)ns);
    }
}

static void only_limits_speak_of_waiting(void **state)
{
    static const struct {
        const char *code;
        bool applies;
    } rows[] = {{"rate_limit_exceeded", true}, {"upgrade_429", true},  {"capacity_429", true},
                {"daily_limit", true},         {"gateway_429", true},  {"gateway_quota", true},
                {"server_error", false},       {"upgrade_503", false}, {"active_response", false}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct failure_class *class = failure_class_of(rows[i].code);
        assert_non_null(class);
        if (retry_hint_applies(class) != rows[i].applies) fail_msg("%s", rows[i].code);
    }
}

static void what_may_be_kept(void **state)
{
    static const struct {
        struct pair pair;
        bool kept;
    } rows[] = {
        {{"apim-request-id", "0f1e"}, true},
        {{"x-ratelimit-limit-tokens", "100000"}, true},
        {{"x-ms-deployment-name", "task-1"}, true},
        {{"set-cookie", "a=b"}, false},
        {{"Cookie", "a=b"}, false},
        {{"www-authenticate", "Bearer realm=x"}, false},
        {{"Authorization", "x"}, false},
        {{"api-key", "x"}, false},
        {{"x-session-token", "x"}, false},
        {{"ocp-apim-subscription-key", "x"}, false},
        {{"sec-websocket-protocol", "realtime"}, false},
        {{"x-echo", "bearer abc"}, false},
        {{"x-echo", "sk-0123456789abcdef"}, false},
        {{"x-echo", "eyJhbGciOiJIUzI1NiJ9.e30.x"}, false},
        {{"x-echo", "realtime, openai-insecure-api-key.abc"}, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool kept = response_header_may_be_kept(rows[i].pair.name, rows[i].pair.value);
        if (kept != rows[i].kept) fail_msg("%s: %s", rows[i].pair.name, rows[i].pair.value);
    }
}

static void what_is_too_long_or_odd_is_bounded(void **state)
{
    char value[4096];
    (void)state;
    memset(value, '9', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    const struct pair pairs[] = {{"x-ratelimit-limit-tokens", value},
                                 {"retry-after-ms", value},
                                 {"apim-request-id", value},
                                 {"x-ms-region", "East\x01US"}};
    struct response_headers headers = read_all(pairs, COUNT_OF(pairs));
    assert_true(headers.tokens.limit == 1e15);
    assert_true(response_headers_wait_ns(&headers, 0) == RETRY_HINT_MOST_NS);
    assert_int_equal(strlen(headers.apim_request_id), ID_SIZE - 1);
    assert_string_equal(headers.region, "");
}

static void pages(void **state)
{
    (void)state;
    assert_true(body_is_page("\r\n <!DOCTYPE html><html>", 24));
    assert_true(body_is_page("<HTML>", 6));
    assert_false(body_is_page("<htm", 4));
    assert_false(body_is_page("{\"error\":{}}", 12));
    assert_false(body_is_page("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_of_the_service),
        cmocka_unit_test(a_page_of_a_gateway),
        cmocka_unit_test(who_answered),
        cmocka_unit_test(dates),
        cmocka_unit_test(a_retry_date_counts_from_the_answer),
        cmocka_unit_test(hints_in_sentences),
        cmocka_unit_test(only_limits_speak_of_waiting),
        cmocka_unit_test(what_may_be_kept),
        cmocka_unit_test(what_is_too_long_or_odd_is_bounded),
        cmocka_unit_test(pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
