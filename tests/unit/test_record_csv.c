/* The rows of attempts.csv and intervals.csv, field by field. */
#include "base/files.h"
#include "record/attempt.h"
#include "record/csv.h"
#include "record/interval.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ATTEMPT_HEADER                                                                             \
    "time,region,session_id,turn,attempt,outcome,code,ttft_us,response_us,socket_age_ms,input_"    \
    "tokens,"                                                                                      \
    "cached_tokens,output_tokens,end,session,interaction,first_answer_us,response_id,client_"      \
    "request_id,chain,arrival,context_tokens\n"

/* 2026-04-14T15:00:00Z = 1776178800 s (date -u -d @1776178800). */
#define START_NS INT64_C(1776178800000000000)

static void test_attempt_header_is_the_contract(void **state)
{
    (void)state;
    struct text out = {0};
    attempt_csv_header(&out);
    assert_string_equal(text_str(&out), ATTEMPT_HEADER);
    text_free(&out);
}

static const struct attempt_row failed_row = {
    .due_utc_ns = START_NS + 123999999,
    .region = "eastus2",
    .session_id = "sess_\"a,b\"",
    .turn = 3,
    .attempt = 2,
    .outcome = OUTCOME_FAILED,
    .code = "server_error",
    .ttft_us = -1,
    .response_us = 1234567,
    .socket_age_ms = 0,
    .input_tokens = 1000000000000u,
    .cached_tokens = 5,
    .output_tokens = 0,
    .end_utc_ns = START_NS + 2000000000,
    .session_number = 77,
    .interaction = 4,
    .first_answer_us = -1,
    .response_id = "resp_1",
    .client_request_id = NULL,
    .chain = 75,
    .arrival = 9,
    .context_tokens = 1234,
};

static void test_attempt_row_as_written(void **state)
{
    (void)state;
    struct text out = {0};
    attempt_csv_row(&out, &failed_row);
    assert_string_equal(
        text_str(&out),
        "2026-04-14T15:00:00.123Z,eastus2,\"sess_\"\"a,b\"\"\",3,2,failed,server_error,,1234567,0,"
        "1000000000000,5,0,2026-04-14T15:00:02.000Z,77,4,,resp_1,,75,9,1234\n");
    text_free(&out);
}

static void test_attempt_row_reads_back(void **state)
{
    (void)state;
    struct text out = {0};
    struct attempt_row row;
    struct error err = {0};
    attempt_csv_row(&out, &failed_row);
    out.data[out.length - 1] = '\0';
    assert_int_equal(attempt_csv_read(out.data, &row, &err), ERR_OK);
    assert_int_equal(row.due_utc_ns, START_NS + 123000000);
    assert_string_equal(row.region, "eastus2");
    assert_string_equal(row.session_id, "sess_\"a,b\"");
    assert_int_equal(row.turn, 3);
    assert_int_equal(row.attempt, 2);
    assert_int_equal(row.outcome, OUTCOME_FAILED);
    assert_string_equal(row.code, "server_error");
    assert_int_equal(row.ttft_us, -1);
    assert_int_equal(row.response_us, 1234567);
    assert_int_equal(row.socket_age_ms, 0);
    assert_true(row.input_tokens == UINT64_C(1000000000000));
    assert_int_equal(row.cached_tokens, 5);
    assert_int_equal(row.end_utc_ns, START_NS + 2000000000);
    assert_int_equal(row.session_number, 77);
    assert_int_equal(row.interaction, 4);
    assert_string_equal(row.response_id, "resp_1");
    assert_string_equal(row.client_request_id, "");
    assert_int_equal(row.chain, 75);
    assert_int_equal(row.arrival, 9);
    assert_int_equal(row.context_tokens, 1234);
    text_free(&out);
}

/* An id of a broken service must not break the rule of one row a line. */
static void test_control_characters_are_escaped(void **state)
{
    (void)state;
    struct attempt_row row = failed_row;
    row.session_id = "a\nb\rc\td";
    struct text out = {0};
    attempt_csv_row(&out, &row);
    assert_non_null(strstr(text_str(&out), ",a\\u000ab\\u000dc\\u0009d,"));
    assert_ptr_equal(strchr(out.data, '\n'), out.data + out.length - 1);
    text_free(&out);
}

#define GOOD                                                                                       \
    "2026-04-14T15:00:00.123Z,r,s,3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,req,7,"  \
    "9,8"

static void test_torn_and_foreign_rows_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "time,region",
        "2026-04-14T15:00:00.123Z,r,s,3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp",
        GOOD ",more",
        "yesterday,r,s,3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,req,7,9,8",
        "2026-04-14T15:00:00.123Z,r,s,-3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,req,"
        "7,9,8",
        "2026-04-14T15:00:00.123Z,r,s,,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,req,7,"
        "9,8",
        "2026-04-14T15:00:00.123Z,r,s,3,2,fine,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,"
        "req,"
        "7,9,8",
        "2026-04-14T15:00:00.123Z,r,s,3,2,ok,,1.5,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,"
        "req,"
        "7,9,8",
        "2026-04-14T15:00:00.123Z,r,s,3,2,ok,,1,9223372036854775808,3,4,5,6,2026-04-14T15:00:02."
        "000Z,77,4,,a,"
        "b,7,9,8",
        "2026-04-14T15:00:00.123Z,r,s,3,2,ok,,1,2,3,18446744073709551616,5,6,2026-04-14T15:00:02."
        "000Z,7,4,,a,"
        "b,7,9,8",
        "2026-04-14T15:00:00.123Z,\"r,s,3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,"
        "req,"
        "7,9,8",
        "2026-04-14T15:00:00.123Z,\"r\"x,s,3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,"
        "req,7,9,8",
        "2026-04-14T15:00:00.123Z,r\"x\",s,3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,resp,"
        "req,7,9,8",
    };
    char line[512];
    struct attempt_row row;
    struct error err = {0};
    (void)snprintf(line, sizeof line, "%s", GOOD);
    assert_int_equal(attempt_csv_read(line, &row, &err), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(line, sizeof line, "%s", bad[i]);
        err.text[0] = '\0';
        assert_int_equal(attempt_csv_read(line, &row, &err), ERR_FORMAT);
        assert_true(strlen(err.text) > 10);
    }
}

/* A row cut anywhere before its last field is refused, so that it never passes for a row with other
 * figures. */
static void test_no_cut_row_passes_for_another(void **state)
{
    (void)state;
    char line[512];
    struct attempt_row row;
    size_t last_comma = (size_t)(strrchr(GOOD, ',') - GOOD);
    for (size_t cut = 0; cut <= last_comma; cut++) {
        (void)snprintf(line, sizeof line, "%s", GOOD);
        line[cut] = '\0';
        assert_int_equal(attempt_csv_read(line, &row, NULL), ERR_FORMAT);
    }
}

static void test_header_row_decides_the_positions(void **state)
{
    (void)state;
    char header[] =
        "note,region,time,session_id,turn,attempt,outcome,code,response_us,ttft_us,socket_age_ms,"
        "output_tokens,cached_tokens,input_tokens";
    char line[] = "hm,r,2026-04-14T15:00:00Z,s,1,1,cancelled,,20,10,30,6,5,4";
    struct csv_map map;
    struct attempt_row row;
    struct error err = {0};
    assert_int_equal(attempt_csv_columns(header, &map, &err), ERR_OK);
    assert_int_equal(attempt_csv_read_as(&map, line, &row, &err), ERR_OK);
    assert_int_equal(row.outcome, OUTCOME_CANCELLED);
    assert_int_equal(row.ttft_us, 10);
    assert_int_equal(row.response_us, 20);
    assert_int_equal(row.input_tokens, 4);
    assert_int_equal(row.output_tokens, 6);
    assert_int_equal(row.end_utc_ns, START_NS); /* without the column: the due time */
    assert_int_equal(row.session_number, 0);
    assert_string_equal(row.response_id, "");
}

static void test_missing_contract_column_is_named(void **state)
{
    (void)state;
    char header[] = "time,region,session_id,turn,attempt,outcome,ttft_us";
    struct csv_map map;
    struct error err = {0};
    assert_int_equal(attempt_csv_columns(header, &map, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "\"code\""));
}

static void test_interval_header_begins_with_the_contract(void **state)
{
    (void)state;
    struct text out = {0};
    interval_csv_header(&out);
    assert_string_equal(
        text_str(&out),
        "start,end,region,sessions_started,sessions_opened,sessions_failed,attempts_started,"
        "attempts_ok,"
        "attempts_failed,attempts_cancelled,interactions_ok,interactions_failed,retries,input_"
        "tokens,cached_"
        "tokens,"
        "output_tokens,cost_usd,sessions_ended,sessions_with_attempts,sessions_with_failure,first_"
        "attempts_ok,first_attempts_failed,recovered,"
        "failed_"
        "tokens,"
        "requested_sessions,unknown_events,clipped,harmless_errors,probes,probes_recovered,own_"
        "failures,cut_answers,preambles,driven_ms,held_ms,held_arrivals,held_tries,hold_"
        "probes,unpriced_attempts,open_ms,recovered_same_session,recovered_new_session,"
        "recovered_other_region,false_turns,missed_turns,split_turns,early_answers,speech_ms,"
        "audio_ms,audio_wall_ms,slow_answers,underruns_0,underrun_ms_0,underruns_100,underrun_ms_"
        "100,underruns_200,underrun_ms_200,interruptions,late_audio_ms,unheard_ms,unheard_micro_"
        "usd,"
        "hedges,hedges_won,hedges_cancelled,hedge_tokens,failed_cost_usd,hedge_cost_usd,"
        "cluster_chains,cluster_with_failure,"
        "cluster_m,"
        "cluster_x,cluster_mm,cluster_mx,cluster_xx,cluster_at_risk,cluster_first_failures,limit_"
        "requests,limit_tokens,loop_"
        "delay_p99_us,"
        "loop_delay_max_us,lag_p99_us,lag_max_us,loops,loops_late,dispatches,"
        "dispatches_late,"
        "wall_ms,cpu,cpu_quota,cpu_periods,cpu_throttled,requested,achieved,achieved_late,held,"
        "displaced,pauses,paused_ms,stamps_kernel,stamps_loop,"
        "answers,answers_off,dials,dials_off,simulator_loops,simulator_loops_late,valid,why,"
        "sessions_open,sessions_open_peak,in_flight,in_flight_peak\n");
    text_free(&out);
}

static void read_interval(struct text *text, struct interval_row *row)
{
    char *newline = strchr(text->data, '\n');
    struct csv_map map;
    struct error err = {0};
    *newline = '\0';
    text->data[text->length - 1] = '\0';
    assert_int_equal(interval_csv_columns(text->data, &map, &err), ERR_OK);
    assert_int_equal(interval_csv_read(&map, newline + 1, row, &err), ERR_OK);
}

/* Files written before the lag had one name are still read with it. */
static void test_former_names_of_columns_are_read(void **state)
{
    (void)state;
    char header[] = "start,end,region,sessions_started,sessions_opened,sessions_failed,"
                    "attempts_started,attempts_ok,attempts_failed,attempts_cancelled,"
                    "interactions_ok,interactions_failed,retries,input_tokens,cached_tokens,"
                    "output_tokens,cost_usd,dispatch_delay_p99_us,dispatch_delay_max_us";
    char line[] = "2026-11-20T14:05:00.000Z,2026-11-20T14:05:10.000Z,r,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
                  "1.5,67.8";
    struct csv_map map;
    struct interval_row row;
    assert_int_equal(interval_csv_columns(header, &map, NULL), ERR_OK);
    assert_int_equal(interval_csv_read(&map, line, &row, NULL), ERR_OK);
    assert_int_equal(row.health.lag_p99_ns, 1500);
    assert_int_equal(row.health.lag_max_ns, 67800);
}

/* Doubles come back bit by bit, times in ns as microseconds with decimals too. */
static void test_interval_figures_read_back_exactly(void **state)
{
    (void)state;
    static const double reals[] = {0,
                                   1,
                                   0.1,
                                   1.0 / 3,
                                   1e-9,
                                   123456789.123456789,
                                   5e15,
                                   1e16,
                                   9.87654321e17,
                                   DBL_MIN,
                                   4.9406564584124654e-324,
                                   0.30000000000000004,
                                   9007199254740993.0};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        struct interval_row row = {
            .start_utc_ns = START_NS, .end_utc_ns = START_NS + 10000000000, .region = "r"};
        struct interval_row back;
        struct text text = {0};
        row.counters.cost_usd = reals[i];
        row.clusters.mx = reals[i];
        row.health.cpu = reals[i];
        row.limits.tokens = (struct told_limit){.low = 48000 + i, .high = 99999};
        row.counters.clipped = UINT64_C(1000000000) - i;
        row.health.loop_delay_p99_ns = 20000001 + (int64_t)i * 333;
        row.health.loop_delay_max_ns = INT64_C(86400000000007);
        row.concurrency =
            (struct concurrency){.known_ns = INT64_C(10000000000),
                                 .of = {[LEVEL_OPEN] = {.sum_s = 12.5 + (double)i, .peak = 3 + i},
                                        [LEVEL_FLIGHT] = {.sum_s = 0.00001, .peak = 1}}};
        (void)snprintf(row.health.why, sizeof row.health.why, "%s", "slow, \"very\" slow");
        interval_csv_header(&text);
        interval_csv_row(&text, &row);
        read_interval(&text, &back);
        assert_true(back.counters.cost_usd == reals[i]);
        assert_true(back.clusters.mx == reals[i]);
        assert_true(back.health.cpu == reals[i]);
        assert_int_equal(back.limits.tokens.low, 48000 + i);
        assert_int_equal(back.limits.tokens.high, 48000 + i); /* only the lowest is kept */
        assert_int_equal(back.limits.requests.low, 0);
        assert_true(back.counters.clipped == UINT64_C(1000000000) - i);
        assert_int_equal(back.health.loop_delay_p99_ns, row.health.loop_delay_p99_ns);
        assert_int_equal(back.health.loop_delay_max_ns, row.health.loop_delay_max_ns);
        assert_string_equal(back.health.why, row.health.why);
        /* to a session that was open for 10 us */
        const struct concurrency *levels = &back.concurrency;
        assert_int_equal(levels->known_ns, INT64_C(10000000000));
        assert_true(fabs(levels->of[LEVEL_OPEN].sum_s - 12.5 - (double)i) < 1e-5);
        assert_int_equal(levels->of[LEVEL_OPEN].peak, 3 + i);
        assert_true(fabs(levels->of[LEVEL_FLIGHT].sum_s - 0.00001) < 1e-9);
        assert_int_equal(levels->of[LEVEL_FLIGHT].peak, 1);
        assert_false(back.health.valid);
        assert_int_equal(back.start_utc_ns, row.start_utc_ns);
        assert_int_equal(back.end_utc_ns, row.end_utc_ns);
        text_free(&text);
    }
}

static void test_a_figure_that_is_no_number_costs_the_field_only(void **state)
{
    (void)state;
    struct interval_row row = {.start_utc_ns = START_NS, .end_utc_ns = START_NS, .region = "r"};
    struct interval_row back;
    struct text text = {0};
    row.counters.cost_usd = NAN;
    row.health.cpu = INFINITY;
    row.counters.retries = 7;
    interval_csv_header(&text);
    interval_csv_row(&text, &row);
    read_interval(&text, &back);
    assert_true(back.counters.cost_usd == 0 && back.health.cpu == 0);
    assert_int_equal(back.counters.retries, 7);
    text_free(&text);
}

static void test_interval_columns_to_the_right_may_be_missing(void **state)
{
    (void)state;
    char header[] = "start,end,region,sessions_started,sessions_opened,sessions_failed,attempts_"
                    "started,attempts_ok,"
                    "attempts_failed,attempts_cancelled,interactions_ok,interactions_failed,"
                    "retries,input_tokens,"
                    "cached_tokens,output_tokens,cost_usd";
    char line[] = "2026-04-14T15:00:00Z,2026-04-14T15:00:10Z,r,1,2,3,4,5,6,7,8,9,10,11,12,13,0.25";
    static const char *const hostile[] = {"inf", "nan", "0x10", " 1", "1e999", "1,", "-", "1.2.3"};
    struct csv_map map;
    struct interval_row row;
    assert_int_equal(interval_csv_columns(header, &map, NULL), ERR_OK);
    assert_int_equal(interval_csv_read(&map, line, &row, NULL), ERR_OK);
    assert_int_equal(row.counters.sessions_started, 1);
    assert_int_equal(row.counters.output_tokens, 13);
    assert_true(row.counters.cost_usd == 0.25);
    assert_false(counters_unpriced(&row.counters));
    assert_false(concurrency_known(&row.concurrency));
    assert_int_equal(row.clusters.count, 0);
    assert_true(row.health.valid);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct text text = {0};
        text_printf(&text,
                    "2026-04-14T15:00:00Z,2026-04-14T15:00:10Z,r,1,2,3,4,5,6,7,8,9,10,11,12,13,%s",
                    hostile[i]);
        assert_int_equal(interval_csv_read(&map, text.data, &row, NULL), ERR_FORMAT);
        text_free(&text);
    }
}

/* results/README.md promises users every column. */
static void assert_documented(struct text *header)
{
    struct text page = {0};
    struct error err = {0};
    assert_int_equal(file_read(PROJECT_DIR "/results/README.md", 1 << 20, &page, &err), ERR_OK);
    size_t columns = 0;
    char *rest = NULL;
    for (char *name = strtok_r(header->data, ",\n", &rest); name != NULL;
         name = strtok_r(NULL, ",\n", &rest)) {
        char quoted[80];
        (void)snprintf(quoted, sizeof quoted, "`%s`", name);
        if (strstr(page.data, quoted) == NULL)
            fail_msg("results/README.md says nothing of %s", quoted);
        columns++;
    }
    assert_true(columns > 10);
    text_free(&page);
    text_free(header);
}

static void test_every_column_is_documented(void **state)
{
    (void)state;
    struct text attempts = {0};
    struct text intervals = {0};
    attempt_csv_header(&attempts);
    interval_csv_header(&intervals);
    assert_documented(&attempts);
    assert_documented(&intervals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempt_header_is_the_contract),
        cmocka_unit_test(test_attempt_row_as_written),
        cmocka_unit_test(test_attempt_row_reads_back),
        cmocka_unit_test(test_control_characters_are_escaped),
        cmocka_unit_test(test_torn_and_foreign_rows_are_refused),
        cmocka_unit_test(test_no_cut_row_passes_for_another),
        cmocka_unit_test(test_header_row_decides_the_positions),
        cmocka_unit_test(test_missing_contract_column_is_named),
        cmocka_unit_test(test_interval_header_begins_with_the_contract),
        cmocka_unit_test(test_former_names_of_columns_are_read),
        cmocka_unit_test(test_interval_figures_read_back_exactly),
        cmocka_unit_test(test_a_figure_that_is_no_number_costs_the_field_only),
        cmocka_unit_test(test_interval_columns_to_the_right_may_be_missing),
        cmocka_unit_test(test_every_column_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
