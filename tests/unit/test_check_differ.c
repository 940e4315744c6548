/* Comparing regions: what stands out, how it is worded, and the JSON. */
#include "check/differ.h"
#include "check_fixture.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#define MS INT64_C(1000000)

static struct profile *profile;
static struct check_region regions[3];

static int set_up(void **state)
{
    (void)state;
    profile = fixture_profile(
        FIXTURE_REGION("east", "") "," FIXTURE_REGION("west", "") "," FIXTURE_REGION("south", ""));
    memset(regions, 0, sizeof regions);
    for (size_t i = 0; i < 3; i++) {
        struct check_region *told = &regions[i];
        told->region = &profile->regions[i];
        told->done = told->ok = true;
        for (size_t step = 0; step < CHECK_STEPS; step++)
            told->steps[step] = (struct check_result){.status = CHECK_OK, .ns = 10 * MS};
        (void)snprintf(told->address, sizeof told->address, "20.42.1.%zu", i + 1);
        (void)snprintf(told->tls_version, sizeof told->tls_version, "TLSv1.3");
        (void)snprintf(told->model, sizeof told->model, "gpt-realtime");
        told->certificate.seen = true;
        (void)snprintf(told->certificate.issuer_organization, 128, "Microsoft Corporation");
        told->https_status = 404;
        told->from_azure = true;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    profile_free(profile);
    return 0;
}

/* The lines, each with its end. */
static void differences(size_t count, struct text *out)
{
    for (size_t at = 0; differ_line(regions, count, at, out); at++) text_puts(out, "\n");
}

static void assert_differences(size_t count, const char *expected)
{
    struct text lines = {0};
    differences(count, &lines);
    assert_string_equal(text_str(&lines), expected);
    text_free(&lines);
}

static void alike(void **state)
{
    (void)state;
    assert_differences(3, "");
    assert_true(fact_is_common(regions, 3, FACT_ISSUER));
    assert_false(fact_is_common(regions, 3, FACT_ADDRESS));
    assert_false(fact_is_common(regions, 1, FACT_ISSUER));
}

static void one_of_three(void **state)
{
    (void)state;
    (void)snprintf(regions[1].certificate.issuer_organization, 128, "Zscaler Inc.");
    (void)snprintf(regions[1].address, sizeof regions[1].address, "2603:1030::1");
    assert_differences(3, "address family: IPv4 (east, south); IPv6 (west)\n"
                          "TLS issuer: Microsoft Corporation (east, south); Zscaler Inc. (west)\n");
    assert_false(fact_stands_out(regions, 3, 0, FACT_ISSUER));
    assert_true(fact_stands_out(regions, 3, 1, FACT_ISSUER));
    /* with two regions, nobody can say which is the odd one */
    assert_true(fact_stands_out(regions, 2, 0, FACT_ISSUER));
    assert_true(fact_stands_out(regions, 2, 1, FACT_ISSUER));
}

static void what_is_not_known_is_no_difference(void **state)
{
    (void)state;
    regions[2].tls_version[0] = '\0';
    regions[2].certificate.seen = false;
    assert_differences(3, "");
}

static void slow_steps(void **state)
{
    (void)state;
    regions[2].steps[CHECK_TURN].ns = 31 * MS;
    assert_differences(3, "turn: 31.0 ms in south, 3.1 times the median of the others, 10.0 ms\n");
    assert_true(step_stands_out(regions, 3, 2, CHECK_TURN));
    assert_false(step_stands_out(regions, 3, 0, CHECK_TURN));
    regions[2].steps[CHECK_TURN].ns = 30 * MS; /* not more than three times */
    assert_differences(3, "");
    for (size_t i = 0; i < 3; i++) regions[i].steps[CHECK_TCP].ns = MS;
    regions[0].steps[CHECK_TCP].ns = 20 * MS; /* many times as long, but by less than the minimum
                                                 difference */
    assert_differences(3, "");
    regions[0].steps[CHECK_TCP].ns = 1500 * MS;
    assert_differences(2, "tcp: 1500 ms in east, 1500.0 times the other's 1.0 ms\n");
}

static void failures_of_one(void **state)
{
    (void)state;
    regions[1].steps[CHECK_UPGRADE].status = CHECK_FAILED;
    (void)snprintf(regions[1].steps[CHECK_UPGRADE].code, 48, "upgrade_401");
    assert_differences(3, "upgrade: fails in west alone, with upgrade_401\n");
    regions[2].steps[CHECK_UPGRADE].status = CHECK_FAILED;
    assert_differences(3, "");
    assert_differences(1, "");
}

static void the_json_of_the_contract(void **state)
{
    (void)state;
    struct text out = {0};
    regions[1].ok = false;
    regions[1].steps[CHECK_TURN] = (struct check_result){.status = CHECK_FAILED, .ns = 1500000};
    (void)snprintf(regions[1].steps[CHECK_TURN].cause, 64, "said \"no\"\n");
    (void)snprintf(regions[1].steps[CHECK_TURN].fix, 64, "ask again");
    check_json(regions, 3, &out);
    cJSON *root = cJSON_Parse(text_str(&out));
    assert_non_null(root);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(root, "ok")));
    const cJSON *list = cJSON_GetObjectItem(root, "regions");
    assert_int_equal(cJSON_GetArraySize(list), 3);
    const cJSON *west = cJSON_GetArrayItem(list, 1);
    assert_string_equal(cJSON_GetObjectItem(west, "name")->valuestring, "west");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(west, "steps")), CHECK_STEPS);
    const cJSON *turn = cJSON_GetArrayItem(cJSON_GetObjectItem(west, "steps"), CHECK_TURN);
    assert_string_equal(cJSON_GetObjectItem(turn, "step")->valuestring, "turn");
    assert_string_equal(cJSON_GetObjectItem(turn, "status")->valuestring, "failed");
    assert_float_equal(cJSON_GetObjectItem(turn, "ms")->valuedouble, 1.5, 1e-9);
    assert_string_equal(cJSON_GetObjectItem(turn, "cause")->valuestring, "said \"no\"\n");
    assert_string_equal(cJSON_GetObjectItem(turn, "fix")->valuestring, "ask again");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "skew_ms")));
    cJSON_Delete(root);
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_of_three, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_no_difference, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slow_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_of_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_json_of_the_contract, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
