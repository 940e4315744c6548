/* The output of az as documented by Microsoft for Microsoft.ResourceHealth/events and for metrics,
 * and invalid input. */
#include "base/files.h"
#include "figures/azure.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define NOON (INT64_C(1776168000) * SECOND) /* 2026-04-14T12:00:00Z */

static const char *write_file(const char *json)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/tmp/rushhour-azure-%ld", (long)getpid());
    assert_int_equal(file_write(path, json, strlen(json), NULL), ERR_OK);
    return path;
}

static char region_a[] = "eastus2";
static char region_b[] = "west";
static char *const names[] = {region_a, region_b};

/* Either may be NULL; the run has only one region. */
static enum err_code read_one(const char *health_file, const char *metrics_file,
                              struct azure **azure, struct error *err)
{
    const struct azure_files files = {&health_file, health_file != NULL, &metrics_file,
                                      metrics_file != NULL};
    return azure_read(&files, names, 1, azure, err);
}

static const char health[] =
    "{\"value\":[{\"id\":\"/subscriptions/x/providers/Microsoft.ResourceHealth/events/"
    "BC_1-FXZ\",\"name\":\"BC_1-FXZ\","
    "\"type\":\"/providers/Microsoft.ResourceHealth/"
    "events\",\"properties\":{\"eventType\":\"ServiceIssue\","
    "\"status\":\"Resolved\",\"title\":\"Cognitive Services, elevated errors\",\"impactStartTime\":"
    "\"2026-04-14T12:00:00Z\",\"impactMitigationTime\":\"2026-04-14T13:30:00.123Z\",\"impact\":[{"
    "\"impactedService\":"
    "\"Azure OpenAI Service\",\"impactedRegions\":[{\"impactedRegion\":\"East US "
    "2\",\"status\":\"Resolved\"},"
    "{\"impactedRegion\":\"West Europe\"}]}]}},{\"properties\":{\"title\":\"open "
    "end\",\"impactStartTime\":"
    "\"2026-04-14T14:00:00Z\"}},{\"properties\":{\"title\":\"no times\"}}]}";

static void test_service_health(void **state)
{
    (void)state;
    struct azure *azure;
    struct error err = {0};
    if (read_one(write_file(health), NULL, &azure, &err) != ERR_OK) fail_msg("%s", err.text);
    assert_true(azure_has_health(azure) && !azure_has_metrics(azure));
    assert_int_equal(azure->event_count, 3);
    const struct azure_event *event = &azure->events[0];
    assert_string_equal(event->title, "Cognitive Services, elevated errors");
    assert_string_equal(event->status, "Resolved");
    assert_string_equal(event->type, "ServiceIssue");
    assert_string_equal(event->regions, "East US 2; West Europe");
    assert_true(azure_overlap(event, NOON - SECOND, NOON + 60 * SECOND) == 60 * SECOND);
    assert_true(azure_overlap(event, NOON - 2 * SECOND, NOON) == 0);
    assert_true(azure_overlap(&azure->events[1], NOON, NOON + 3 * 3600 * SECOND) == 3600 * SECOND);
    assert_true(azure_overlap(&azure->events[2], NOON, NOON + 3600 * SECOND) == 0);
    assert_true(azure_names_region(event->regions, "eastus2"));
    assert_true(azure_names_region(event->regions, "West Europe"));
    assert_false(azure_names_region(event->regions, "eastus"));
    assert_false(azure_names_region("", ""));
    assert_true(azure_names_region("Global", "swedencentral"));
    azure_free(azure);
}

static const char metrics[] =
    "{\"cost\":59,\"interval\":\"PT1M\",\"namespace\":\"Microsoft.CognitiveServices/"
    "accounts\",\"resourceregion\":"
    "\"eastus2\",\"timespan\":\"x\",\"value\":[{\"id\":\"x\",\"name\":{\"localizedValue\":\"Server "
    "Errors\",\"value\":"
    "\"ServerErrors\"},\"timeseries\":[{\"data\":[{\"timeStamp\":\"2026-04-14T12:00:00+00:00\","
    "\"total\":3.0}"
    ","
    "{\"timeStamp\":\"2026-04-14T12:01:00+00:00\",\"total\":4.0},{\"timeStamp\":\"2026-04-14T12:02:"
    "00+00:"
    "00\"}],"
    "\"metadatavalues\":[{\"name\":{\"value\":\"statuscode\"},\"value\":\"500\"}]}],\"unit\":"
    "\"Count\"},"
    "{\"name\":{\"value\":\"Latency\"},\"timeseries\":[{\"data\":[{\"timeStamp\":\"2026-04-14T12:"
    "00:00Z\","
    "\"average\":10,\"maximum\":30},{\"timeStamp\":\"2026-04-14T12:01:00Z\",\"average\":20,"
    "\"maximum\":25}]}]"
    "}]}";

static void test_metrics(void **state)
{
    (void)state;
    struct azure *azure;
    struct error err = {0};
    const char *which;
    if (read_one(NULL, write_file(metrics), &azure, &err) != ERR_OK) fail_msg("%s", err.text);
    assert_int_equal(azure->metric_count, 2);
    assert_string_equal(azure->regions[0].resource_region, "eastus2");
    const struct azure_metric *errors = &azure->metrics[0];
    assert_string_equal(errors->name, "ServerErrors");
    assert_string_equal(errors->unit, "Count");
    assert_string_equal(errors->dimension, "statuscode=500");
    struct azure_sum sum = azure_metric_between(errors, NOON, NOON + 120 * SECOND);
    assert_int_equal(sum.points, 2);
    assert_true(sum.total == 7 && isnan(sum.average));
    assert_true(azure_figure(errors, &sum, &which) == 7);
    assert_string_equal(which, "total");
    sum = azure_metric_between(errors, NOON + 60 * SECOND, NOON + 120 * SECOND);
    assert_true(sum.total == 4);
    sum = azure_metric_between(errors, NOON + 120 * SECOND, NOON + 180 * SECOND);
    assert_true(sum.points == 1 && isnan(sum.total));
    sum = azure_metric_between(&azure->metrics[1], NOON, NOON + 120 * SECOND);
    assert_true(sum.average == 15 && sum.maximum == 30);
    assert_true(azure_figure(&azure->metrics[1], &sum, &which) == 15);
    azure_free(azure);
}

static void test_lists_without_a_wrapper(void **state)
{
    (void)state;
    struct azure *azure;
    assert_int_equal(
        read_one(write_file("[{\"title\":\"flat\",\"impactStartTime\":\"2026-04-14T12:00:00Z\"}]"),
                 NULL, &azure, NULL),
        ERR_OK);
    assert_string_equal(azure->events[0].title, "flat");
    azure_free(azure);
    assert_int_equal(read_one(write_file("{\"value\":[]}"), NULL, &azure, NULL), ERR_OK);
    assert_true(azure_has_health(azure) && azure->event_count == 0);
    azure_free(azure);
}

static void test_what_it_is_not(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "ERROR: Please run az login", "{}", "{\"value\":{}}",
                                        "{\"value\":[7]}"};
    struct error err = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct azure *azure;
        const char *path = write_file(wrong[i]);
        assert_int_equal(read_one(path, NULL, &azure, &err), ERR_FORMAT);
        assert_non_null(strstr(err.text, path));
        assert_int_equal(read_one(NULL, path, &azure, &err), ERR_FORMAT);
        assert_null(azure);
    }
    struct azure *azure;
    assert_int_equal(read_one("/nonexistent", NULL, &azure, &err), ERR_IO);
    (void)remove(write_file(""));
}

/* A file belongs to the region that it was given for, whatever its own text says. */
static void test_a_file_is_of_its_region(void **state)
{
    (void)state;
    char text[256];
    struct azure *azure;
    struct error err = {0};
    (void)snprintf(text, sizeof text, "west=%s", write_file(health));
    const char *const of_west[] = {text};
    assert_int_equal(azure_read(&(struct azure_files){of_west, 1, NULL, 0}, names, 2, &azure, &err),
                     ERR_OK);
    assert_int_equal(azure->event_count, 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(azure->events[i].region, 1);
    assert_true(azure->regions[1].has_health && !azure->regions[0].has_health);
    assert_false(azure_event_is_here(azure, &azure->events[0], "west"));
    assert_true(azure_event_is_here(azure, &azure->events[0], "eastus2"));
    azure_free(azure);

    (void)snprintf(text, sizeof text, "west=%s", write_file(metrics));
    const char *const twice[] = {text, text};
    assert_int_equal(azure_read(&(struct azure_files){NULL, 0, twice, 2}, names, 2, &azure, &err),
                     ERR_OK);
    assert_int_equal(azure->metric_count, 4); /* several files of a region add up */
    for (size_t i = 0; i < 4; i++) assert_int_equal(azure->metrics[i].region, 1);
    assert_string_equal(azure->regions[1].resource_region, "eastus2");
    assert_string_equal(azure->regions[0].resource_region, "");
    azure_free(azure);
}

static void test_a_file_without_a_region(void **state)
{
    static const struct {
        const char *argument;
        size_t regions;
        const char *what; /* NULL: accepted */
    } rows[] = {
        {"FILE", 1, NULL},
        {"eastus2=FILE", 1, NULL},
        {"FILE", 2, "it is of one region, and the run has several"},
        {"sweden=FILE", 1, "the run has no such region"},
        {"sweden=FILE", 2, "the run has no such region"},
        {"west=FILE", 1, "the run has no such region"}, /* it has the first one only */
        {"west=FILE", 2, NULL},
        {"west=", 2, "the file is missing"},
    };
    (void)state;
    const char *path = write_file(metrics);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        struct error err = {0};
        struct azure *azure = NULL;
        const char *at = strstr(rows[i].argument, "FILE");
        const size_t before =
            at == NULL ? strlen(rows[i].argument) : (size_t)(at - rows[i].argument);
        (void)snprintf(text, sizeof text, "%.*s%s", (int)before, rows[i].argument,
                       at == NULL ? "" : path);
        const char *const given[] = {text};
        const struct azure_files files = {NULL, 0, given, 1};
        enum err_code code = azure_read(&files, names, rows[i].regions, &azure, &err);
        if (code != (rows[i].what == NULL ? ERR_OK : ERR_USAGE)) fail_msg("%s: %s", text, err.text);
        if (rows[i].what != NULL) {
            assert_null(azure);
            if (strstr(err.text, rows[i].what) == NULL) fail_msg("%s: %s", text, err.text);
            assert_non_null(strstr(err.text, "write --azure-metrics REGION=FILE"));
            assert_non_null(strstr(err.text, "eastus2")); /* which there are */
        }
        azure_free(azure);
    }
    (void)remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service_health),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_lists_without_a_wrapper),
        cmocka_unit_test(test_what_it_is_not),
        cmocka_unit_test(test_a_file_is_of_its_region),
        cmocka_unit_test(test_a_file_without_a_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
