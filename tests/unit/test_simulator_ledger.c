#include "simulator/ledger.h"

#include "base/files.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#define AT (INT64_C(1776178805) * NS_PER_S + 123 * NS_PER_MS) /* 2026-04-14T15:00:05.123Z */

static const struct ledger_line session = {.kind = LEDGER_SESSION,
                                           .wall_ns = AT,
                                           .region = "eastus2",
                                           .session_id = "",
                                           .client_request_id = "c-1",
                                           .fault = "F30",
                                           .fault_name = "upgrade_429",
                                           .outcome = OUTCOME_REFUSED,
                                           .http_status = 429,
                                           .upgrade_ns = 1499,
                                           .session_ns = PHASE_UNSEEN,
                                           .configure_ns = PHASE_UNSEEN,
                                           .ended_ns = 6900};

static const struct ledger_line response = {.wall_ns = AT,
                                            .region = "east \"2\"",
                                            .session_id = "sess_1",
                                            .response_id = "resp_1",
                                            .outcome = OUTCOME_COMPLETED,
                                            .response_created_ns = 1500,
                                            .first_output_ns = 250400000,
                                            .response_ns = 3000000000,
                                            .ended_ns = 3000100000};

static const char session_json[] = "{\"kind\":\"session\",\"time\":\"2026-04-14T15:00:05.123Z\","
                                   "\"region\":\"eastus2\",\"session_id\":null,"
                                   "\"response_id\":null,\"client_request_id\":\"c-1\",\"fault\":"
                                   "\"F30\",\"fault_name\":\"upgrade_429\","
                                   "\"outcome\":\"refused\",\"http_"
                                   "status\":429,"
                                   "\"responses\":0,\"delay_us\":{\"upgrade\":1,\"ended\":7}}\n";

static const char response_json[] =
    "{\"kind\":\"response\",\"time\":\"2026-04-14T15:00:05.123Z\",\"region\":"
    "\"east \\\"2\\\"\",\"session_id\":\"sess_1\","
    "\"response_id\":\"resp_1\",\"client_request_id\":null,\"fault\":null,\"fault_name\":null,"
    "\"outcome\":\"completed\",\"counted_tokens\":0,\"delay_us\":{"
    "\"response_created\":2,\"first_output\":250400,\"response\":3000000,\"ended\":3000100}}\n";

static void test_faults_below_http(void **state)
{
    (void)state;
    struct text out = {0};
    struct ledger_line line = {.kind = LEDGER_CONNECTION,
                               .wall_ns = AT,
                               .region = "eastus2",
                               .fault = "F06",
                               .fault_name = "connect_reset"};
    ledger_format(&line, &out);
    assert_string_equal(
        text_str(&out),
        "{\"kind\":\"connection\",\"time\":\"2026-04-14T15:00:05.123Z\",\"region\":\"eastus2\","
        "\"session_id\":null,\"response_id\":null,\"client_request_id\":null,\"fault\":\"F06\","
        "\"fault_name\":\"connect_reset\"}\n");
    text_clear(&out);
    line.kind = LEDGER_REGION;
    ledger_format(&line, &out);
    assert_memory_equal(text_str(&out), "{\"kind\":\"region\",", 17);
    text_free(&out);
}

static void test_format(void **state)
{
    (void)state;
    struct text out = {0};
    ledger_format(&session, &out);
    assert_string_equal(text_str(&out), session_json);
    text_clear(&out);
    ledger_format(&response, &out);
    assert_string_equal(text_str(&out), response_json);
    text_free(&out);
}

static void test_file(void **state)
{
    (void)state;
    char path[] = "/tmp/test_simulator_ledger_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "old", 3), 3);
    close(fd);
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_open(&loop, path, &ledger, NULL), ERR_OK);
    struct text expected = {0};
    for (int i = 0; i < 1000; i++) { /* more than one buffer */
        ledger_add(ledger, &session);
        ledger_add(ledger, &response);
        text_puts(&expected, session_json);
        text_puts(&expected, response_json);
    }
    assert_int_equal(ledger_close(ledger, NULL), ERR_OK);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    struct text found = {0};
    assert_int_equal(file_read(path, 1 << 20, &found, NULL), ERR_OK);
    assert_int_equal(found.length, expected.length);
    assert_memory_equal(found.data, expected.data, found.length);
    text_free(&found);
    text_free(&expected);
    unlink(path);
}

static void on_second(uv_timer_t *timer)
{
    (void)timer; /* it only kept the loop alive */
}

/* Lines reach the file within a second without a request. */
static void test_flush_by_time(void **state)
{
    (void)state;
    char path[] = "/tmp/test_simulator_ledger_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    uv_loop_t loop;
    uv_timer_t keep_alive;
    uv_loop_init(&loop);
    uv_timer_init(&loop, &keep_alive);
    uv_timer_start(&keep_alive, on_second, 1100, 0);
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_open(&loop, path, &ledger, NULL), ERR_OK);
    ledger_add(ledger, &session);
    uv_run(&loop, UV_RUN_DEFAULT);
    struct text found = {0};
    assert_int_equal(file_read(path, 1 << 20, &found, NULL), ERR_OK);
    assert_string_equal(text_str(&found), session_json);
    text_free(&found);
    assert_int_equal(ledger_close(ledger, NULL), ERR_OK);
    uv_close((uv_handle_t *)&keep_alive, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    unlink(path);
}

static void test_errors(void **state)
{
    (void)state;
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct ledger *ledger = NULL;
    struct error err = {0};
    assert_int_equal(ledger_open(&loop, "/no/such/folder/ledger.jsonl", &ledger, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/no/such/folder/ledger.jsonl"));
    assert_null(ledger);
    assert_int_equal(ledger_open(&loop, "/dev/full", &ledger, &err), ERR_OK);
    ledger_add(ledger, &session);
    assert_int_equal(ledger_close(ledger, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/dev/full"));
    assert_non_null(strstr(err.text, "No space left"));
    assert_int_equal(ledger_open(&loop, NULL, &ledger, &err), ERR_OK);
    ledger_add(ledger, &session);
    assert_int_equal(ledger_close(ledger, &err), ERR_OK);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* A disk that is full for a while: what it did not take follows, each byte once. */
static void test_held_until_there_is_room(void **state)
{
    (void)state;
    char path[] = "/tmp/test_simulator_ledger_XXXXXX";
    int fd = mkstemp(path);
    struct rlimit before;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    uv_loop_t loop;
    uv_timer_t keep_alive;
    uv_loop_init(&loop);
    uv_timer_init(&loop, &keep_alive);
    struct ledger *ledger = NULL;
    assert_int_equal(ledger_open(&loop, path, &ledger, NULL), ERR_OK);
    const struct rlimit small = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct text expected = {0};
    for (int i = 0; i < 1000; i++) { /* several times what is written at once */
        ledger_add(ledger, &session);
        text_puts(&expected, session_json);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    uv_timer_start(&keep_alive, on_second, 1100, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    struct text found = {0};
    assert_int_equal(file_read(path, 1 << 20, &found, NULL), ERR_OK);
    assert_int_equal(found.length, expected.length);
    assert_memory_equal(found.data, expected.data, found.length);
    assert_int_equal(ledger_close(ledger, NULL), ERR_OK);
    text_free(&found);
    text_free(&expected);
    uv_close((uv_handle_t *)&keep_alive, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format), cmocka_unit_test(test_faults_below_http),
        cmocka_unit_test(test_file),   cmocka_unit_test(test_flush_by_time),
        cmocka_unit_test(test_errors), cmocka_unit_test(test_held_until_there_is_room),
    };
    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
