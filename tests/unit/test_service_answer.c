/* What the response to the opening request says, and what it contributes to classifying later
 * failures. */
#include "service/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct answer read_refusal(int status, const struct http_header *headers, size_t count,
                                  const char *body)
{
    const struct raw_answer raw = {.status = status,
                                   .headers = headers,
                                   .header_count = count,
                                   .body = body,
                                   .body_length = strlen(body)};
    struct answer answer;
    answer_read(&answer, &raw, &(struct request_facts){0});
    return answer;
}

/* The class of a refusal, from everything in the response. */
static struct failure_class class_of(const struct answer *answer)
{
    struct failure_facts facts = answer_refusal(answer);
    answer_add_facts(&answer->facts, &facts);
    return failure_classify(&facts);
}

static void a_refusal_is_read_with_its_body(void **state)
{
    (void)state;
    struct answer answer =
        read_refusal(404, NULL, 0,
                     "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"The API deployment "
                     "for this resource does not exist.\"}}");
    assert_string_equal(answer.body_code, "DeploymentNotFound");
    assert_string_equal(answer_refusal(&answer).body_message,
                        "The API deployment for this resource does not exist.");
    assert_string_equal(class_of(&answer).catalogue, "F27");
}

/* No target, one that may not be shown because it cannot be read, and a good one. */
static void a_redirection_tells_what_its_target_is(void **state)
{
    (void)state;
    static const struct {
        const char *location, *message;
    } rows[] = {
        {NULL, "redirected without a target"},
        {"https://portal.example/log in", "redirected to a target that cannot be read"},
        {"https://portal.example/\x01", "redirected to a target that cannot be read"},
        {"https://portal.example/login?key=CANARY", "redirected to https://portal.example/login"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct http_header header = {"location", rows[i].location};
        struct answer answer = read_refusal(302, &header, rows[i].location != NULL, "");
        assert_string_equal(answer.body_message, rows[i].message);
        assert_string_equal(class_of(&answer).catalogue, "F91");
    }
}

/* A key in Sec-WebSocket-Protocol explains a 401 better than the key itself (catalogue F22). */
static void what_the_request_carried_is_a_part_of_the_facts(void **state)
{
    static const char body[] = "{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to "
                               "invalid subscription key or wrong API endpoint.\"}}";
    const struct raw_answer raw = {.status = 401, .body = body, .body_length = sizeof body - 1};
    static const struct {
        struct request_facts request;
        const char *catalogue;
    } rows[] = {
        {{0}, "F20"},
        {{.key_as_subprotocol = true}, "F22"},
        {{.credential_expires_s = 1000, .now_s = 999}, "F20"},
        {{.credential_expires_s = 1000, .now_s = 1000}, "F88"},
        {{.credential_expires_s = 0, .now_s = 1000}, "F20"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer;
        answer_read(&answer, &raw, &rows[i].request);
        if (strcmp(class_of(&answer).catalogue, rows[i].catalogue) != 0)
            fail_msg("row %zu: %s, not %s", i, class_of(&answer).catalogue, rows[i].catalogue);
    }
}

static void a_hint_is_one_in_whatever_form(void **state)
{
    static const struct {
        const char *name, *value, *body;
        bool hinted;
    } rows[] = {
        {"retry-after", "2", "", true},
        {"retry-after-ms", "250", "", true},
        {"retry-after", "0", "", true}, /* "at once" is a hint too */
        {"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", "", true},
        {"retry-after", "soon", "", false},
        {"x-other", "2", "", false},
        {"x-other", "", "{\"error\":{\"message\":\"Please retry after 6 seconds.\"}}", true},
        {"x-other", "", "{\"error\":{\"message\":\"Too many requests.\"}}", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct http_header header = {rows[i].name, rows[i].value};
        const struct answer answer = read_refusal(429, &header, 1, rows[i].body);
        if (answer.facts.hinted != rows[i].hinted) fail_msg("row %zu", i);
    }
}

/* A page is not a response of the service; the body of an accepted request is never read. */
static void a_page_is_told_by_header_or_body(void **state)
{
    static const char page[] = "<!DOCTYPE html><html></html>";
    const struct http_header html = {"content-type", "text/html; charset=utf-8"};
    const struct http_header json = {"content-type", "application/json"};
    (void)state;
    assert_true(read_refusal(502, &html, 1, "").facts.html);
    assert_true(read_refusal(502, NULL, 0, page).facts.html);
    assert_false(read_refusal(502, &json, 1, "{}").facts.html);
    const struct raw_answer accepted = {
        .accepted = true, .status = 101, .body = page, .body_length = sizeof page - 1};
    struct answer answer;
    answer_read(&answer, &accepted, &(struct request_facts){0});
    assert_false(answer.facts.html);
}

static void limits_and_ids_are_kept_for_later_failures(void **state)
{
    const struct http_header headers[] = {{"x-ratelimit-limit-tokens", "6000"},
                                          {"apim-request-id", "a-1"}};
    const struct answer answer = read_refusal(429, headers, 2, "");
    struct failure_facts later = {.phase = PHASE_RESPONSE, .closed = true, .close_code = 1011};
    (void)state;
    assert_true(answer.facts.limit_tokens == 6000);
    answer_add_facts(&answer.facts, &later);
    assert_true(later.limit_tokens == 6000);
    assert_true(later.from_service);
    assert_int_equal(later.close_code, 1011); /* nothing else is changed */
    assert_int_equal(later.phase, PHASE_RESPONSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_read_with_its_body),
        cmocka_unit_test(what_the_request_carried_is_a_part_of_the_facts),
        cmocka_unit_test(a_hint_is_one_in_whatever_form),
        cmocka_unit_test(a_page_is_told_by_header_or_body),
        cmocka_unit_test(limits_and_ids_are_kept_for_later_failures),
        cmocka_unit_test(a_redirection_tells_what_its_target_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
