/* The last runs of a profile as one: which go in, what their figures add up to, and the verdict
 * that a single one cannot give. */
#include "run/notify.h"
#include "run/recent.h"
#include "test_report_fixture.h"

#include "figures/cells.h"
#include "figures/model.h"
#include "record/folder.h"
#include "record/merge.h"

#include <cjson/cJSON.h>
#include <unistd.h>

#define PROFILE(name, limit)                                                                       \
    "{\"name\":\"" name "\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":"                      \
    "\"https://contoso.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}" \
    "}],\"load\":{\"model\":\"sessions\",\"stages\":[{\"duration\":\"15m\",\"target\":1}]},"       \
    "\"windows\":{\"interval\":\"1m\"},\"thresholds\":[\"failure_rate < " limit "\"]}"

#define QUARTER 15
#define ATTEMPTS 40 /* a minute, of which every tenth fails */

static char root[64];
static uint64_t number;

/* One run of a quarter of an hour in results/<name>, which begins at that hour. */
static void put_run(const char *name, const char *profile, int hour, const char *state)
{
    struct maker *m = maker_new(profile, NULL);
    (void)snprintf(m->folder, sizeof m->folder, "%s/%s", root, name);
    for (int minute = 0; minute < QUARTER; minute++) {
        const int64_t start_ns = SIX_PDT + hour * HOUR + minute * 60 * NS_PER_S;
        maker_interval(m, start_ns, start_ns + 60 * NS_PER_S);
        for (int i = 0; i < ATTEMPTS; i++)
            maker_session(m, 0, ++number, i % 10 == 0 ? "F" : ".", 9);
        maker_write(m);
    }
    maker_finish(m, state);
    maker_free(m);
}

static void set_verdict(const char *name, const char *verdict)
{
    struct text json = {0};
    struct error err = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s/run.json", root, name);
    assert_int_equal(file_read(path, (size_t)1 << 20, &json, &err), ERR_OK);
    cJSON *manifest = cJSON_Parse(text_str(&json));
    cJSON_DeleteItemFromObjectCaseSensitive(manifest, "verdict");
    assert_non_null(cJSON_AddStringToObject(manifest, "verdict", verdict));
    char *printed = cJSON_Print(manifest);
    assert_int_equal(file_write(path, printed, strlen(printed), &err), ERR_OK);
    cJSON_free(printed);
    cJSON_Delete(manifest);
    text_free(&json);
}

static void load(struct recent *recent, const char *name, size_t most)
{
    struct error err = {0};
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s/%s", root, name);
    if (recent_load(folder, most, NULL, 0, recent, &err) != ERR_OK) fail_msg("%s", err.text);
}

static uint64_t attempts_of(const struct recent *recent)
{
    return report_cell_attempts(results_region(recent->results, 0));
}

static void says(const struct recent *recent, const char *words)
{
    if (strstr(text_str(&recent->told), words) == NULL)
        fail_msg("no \"%s\" in\n%s", words, text_str(&recent->told));
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/rushhour-recent-XXXXXX");
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(root);
    return 0;
}

static void four_quarters_decide_what_one_cannot(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    struct recent recent;
    (void)state;
    for (int i = 0; i < 5; i++) put_run(names[i], PROFILE("peak", "5%"), i, "complete");
    put_run("other", PROFILE("soak", "5%"), 3, "complete");
    load(&recent, "e", 1);
    assert_int_equal(recent.runs, 1);
    assert_int_equal(attempts_of(&recent), QUARTER * ATTEMPTS);
    assert_int_equal(results_verdict(recent.results), VERDICT_INCONCLUSIVE);
    recent_free(&recent);
    load(&recent, "e", 4);
    assert_int_equal(recent.runs, 4);
    assert_int_equal(attempts_of(&recent), 4 * QUARTER * ATTEMPTS);
    assert_int_equal(results_verdict(recent.results), VERDICT_FAIL);
    says(&recent, "judged together: 4 runs, from ");
    assert_non_null(strstr(text_str(&recent.first), "/b"));
    const struct report_cell *cell = results_region(recent.results, 0);
    assert_int_equal(cell->cell.counters.attempts_failed, 4 * QUARTER * ATTEMPTS / 10);
    char above[128];
    text_copy(above, sizeof above, text_str(&recent.above));
    assert_true(file_exists(above));
    recent_free(&recent);
    assert_false(file_exists(above));
    load(&recent, "c", 10); /* what came after it is not its past */
    assert_int_equal(recent.runs, 3);
    recent_free(&recent);
}

static void what_tells_nothing_is_left_out(void **state)
{
    struct recent recent;
    struct error err = {0};
    char folder[128];
    (void)state;
    put_run("a", PROFILE("peak", "4%"), 0, "complete"); /* another threshold */
    put_run("b", PROFILE("peak", "5%"), 1, "complete");
    put_run("c", PROFILE("peak", "5%"), 2, "running");
    put_run("d", PROFILE("peak", "5%"), 3, "complete");
    set_verdict("d", "invalid");
    put_run("e", PROFILE("peak", "5%"), 4, "complete");
    (void)snprintf(folder, sizeof folder, "%s/link", root);
    assert_int_equal(symlink("e", folder), 0);
    load(&recent, "e", 10);
    assert_int_equal(recent.runs, 2);
    assert_int_equal(attempts_of(&recent), 2 * QUARTER * ATTEMPTS);
    says(&recent, "1 that did not come to the end");
    says(&recent, "1 in which the load generator was in the way");
    says(&recent, "another profile (profile.thresholds)");
    recent_free(&recent);
    load(&recent, "e", 2); /* d is one of the two */
    assert_int_equal(recent.runs, 1);
    recent_free(&recent);
    (void)snprintf(folder, sizeof folder, "%s/d", root);
    assert_int_equal(recent_load(folder, 1, NULL, 0, &recent, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "in 1 the load generator was in the way"));
    recent_free(&recent);
    assert_int_equal(recent_load("/nowhere/run", 1, NULL, 0, &recent, &err), ERR_FORMAT);
    recent_free(&recent);
}

static void copy_run(const char *from, const char *to)
{
    static const char *const files[] = {RUN_MANIFEST, RUN_INTERVALS, RUN_LATENCIES};
    struct error err = {0};
    assert_int_equal(folder_make(to, &err), ERR_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct text content = {0};
        char path[160];
        (void)snprintf(path, sizeof path, "%s/%s", from, files[i]);
        assert_int_equal(file_read(path, (size_t)1 << 24, &content, &err), ERR_OK);
        (void)snprintf(path, sizeof path, "%s/%s", to, files[i]);
        assert_int_equal(file_write(path, text_str(&content), content.length, &err), ERR_OK);
        text_free(&content);
    }
}

static void merge_runs(const char *folder, const char *const *runs, size_t count)
{
    struct error err = {0};
    struct text notes = {0};
    cJSON *manifest = NULL;
    char path[160];
    if (run_merge(folder, false, runs, count, &manifest, &notes, &err) != ERR_OK)
        fail_msg("%s", err.text);
    char *printed = cJSON_Print(manifest);
    (void)snprintf(path, sizeof path, "%s/" RUN_MANIFEST, folder);
    assert_int_equal(file_write(path, printed, strlen(printed), &err), ERR_OK);
    cJSON_free(printed);
    cJSON_Delete(manifest);
    text_free(&notes);
}

/* A copy of a folder, and the parts beside what they were merged into, count once. */
static void what_another_one_holds_counts_once(void **state)
{
    struct recent recent;
    char names[4][128];
    (void)state;
    put_run("a", PROFILE("peak", "5%"), 0, "complete");
    put_run("b", PROFILE("peak", "5%"), 1, "complete");
    put_run("c", PROFILE("peak", "5%"), 2, "complete");
    for (size_t i = 0; i < 4; i++)
        (void)snprintf(names[i], sizeof names[i], "%s/%s", root,
                       (const char *[]){"a", "b", "b-copy", "whole"}[i]);
    const char *const copied[] = {names[1]};
    const char *const parts[] = {names[0], names[1]};
    copy_run(copied[0], names[2]);
    load(&recent, "c", 3); /* the copy is none of the three */
    assert_int_equal(recent.runs, 3);
    assert_int_equal(attempts_of(&recent), 3 * QUARTER * ATTEMPTS);
    says(&recent, "left out: 1 that another one holds");
    recent_free(&recent);
    merge_runs(names[3], parts, 2);
    load(&recent, "whole", 2); /* the newest: it was written now */
    assert_int_equal(recent.runs, 2);
    assert_int_equal(attempts_of(&recent), 3 * QUARTER * ATTEMPTS);
    recent_free(&recent);
    load(&recent, "whole", 10);
    assert_int_equal(attempts_of(&recent), 3 * QUARTER * ATTEMPTS);
    says(&recent, "left out: 3 that another one holds");
    recent_free(&recent);
}

static void the_verdict_before(void **state)
{
    struct text earlier = {0};
    struct error err = {0};
    char folder[128];
    char verdict[16] = "";
    (void)state;
    put_run("a", PROFILE("peak", "5%"), 0, "complete");
    put_run("b", PROFILE("peak", "5%"), 1, "complete");
    put_run("c", PROFILE("peak", "5%"), 2, "complete");
    (void)snprintf(folder, sizeof folder, "%s/c", root);
    assert_int_equal(recent_judged(folder, &earlier, verdict, sizeof verdict, &err), ERR_OK);
    assert_string_equal(text_str(&earlier), "");
    set_verdict("a", "pass"); /* b was killed before it was judged */
    assert_int_equal(recent_judged(folder, &earlier, verdict, sizeof verdict, &err), ERR_OK);
    assert_non_null(strstr(text_str(&earlier), "/a"));
    assert_string_equal(verdict, "pass");
    text_free(&earlier);
}

static void a_notice_is_one_object_of_figures(void **state)
{
    struct recent recent;
    struct text json = {0};
    (void)state;
    put_run("a", PROFILE("peak", "5%"), 0, "complete");
    put_run("b", PROFILE("peak", "5%"), 1, "complete");
    load(&recent, "b", 2);
    struct notice notice = {.results = recent.results, .run = "b", .before = "pass", .runs = 2};
    assert_true(notify_is_news(&notice));
    notify_json(&notice, &json);
    cJSON *told = cJSON_Parse(text_str(&json));
    assert_non_null(told);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(told, "verdict")), "fail");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(told, "before")), "pass");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(told, "text")),
                        "peak: fail, was pass; failure_rate < 5%");
    const cJSON *region = cJSON_GetArrayItem(cJSON_GetObjectItem(told, "regions"), 0);
    assert_int_equal(cJSON_GetObjectItem(region, "attempts_failed")->valueint,
                     2 * QUARTER * ATTEMPTS / 10);
    assert_null(strstr(text_str(&json), "contoso")); /* no host */
    cJSON_Delete(told);
    notice.before = "fail";
    assert_false(notify_is_news(&notice));
    notice.before = NULL;
    assert_true(notify_is_news(&notice));
    text_free(&json);
    recent_free(&recent);
}

static void receivers(void **state)
{
    static const struct {
        const char *url, *host, *path;
        unsigned port;
        bool tls;
    } good[] = {
        {"https://hooks.example.com/a/b?c=d", "hooks.example.com", "/a/b?c=d", 443, true},
        {"https://hooks.example.com:8443", "hooks.example.com", "/", 8443, true},
        {"http://127.0.0.1:9/x#part", "127.0.0.1", "/x", 9, false},
        {"${RECENT_HOOK}", "hooks.example.com", "/from-environment", 443, true},
        {"${RECENT_NOBODY}", NULL, "", 0, false},
    };
    static const char *const bad[] = {"hooks.example.com/secret-path",
                                      "http://hooks.example.com/secret-path",
                                      "wss://hooks.example.com/secret-path",
                                      "https://user:secret-path@hooks.example.com/",
                                      "${RECENT_UNSET}",
                                      "${https://hooks.example.com/secret-path}",
                                      "https://hooks.example.com/secret-path with a space",
                                      "https://hooks.example.com/secret-path\r\nX: y",
                                      "https://hooks.example.com/\tsecret-path",
                                      "https://hooks.example.com/secret-path\x7f"};
    (void)state;
    assert_int_equal(setenv("RECENT_HOOK", "https://hooks.example.com/from-environment", 1), 0);
    assert_int_equal(setenv("RECENT_NOBODY", "", 1), 0);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct notify_target target;
        struct error err = {0};
        if (notify_target_read(good[i].url, &target, &err) != ERR_OK) fail_msg("%s", err.text);
        if (good[i].host == NULL) {
            assert_null(target.host);
        } else {
            assert_string_equal(target.host, good[i].host);
        }
        assert_string_equal(text_str(&target.path), good[i].path);
        assert_int_equal(target.port, good[i].port);
        assert_int_equal(target.tls, good[i].tls);
        notify_target_free(&target);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct notify_target target;
        struct error err = {0};
        const enum err_code code = notify_target_read(bad[i], &target, &err);
        assert_int_equal(code, ERR_USAGE);
        assert_null(strstr(err.text, "secret-path"));
        notify_target_free(&target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(four_quarters_decide_what_one_cannot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_tells_nothing_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_another_one_holds_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_verdict_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_notice_is_one_object_of_figures, set_up, tear_down),
        cmocka_unit_test(receivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
