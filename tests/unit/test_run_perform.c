/* Whole runs as a call, against an address where nobody listens: every session fails, and the
 * folder must say so. */
#include "base/files.h"
#include "run/run.h"
#include "test_run_fixture.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY "canary-key-0123456789abcdef"

struct fixture {
    char root[64];
    char folder[80];
    uv_loop_t loop;
    uint16_t port; /* bound, so that nobody else takes it, but nobody listens */
    int bound;
    char address[16], host[2][16];
    struct connect_override overrides[2];
    struct run_options options;
    struct run *run;
    struct run_outcome outcome;
    struct error err;
};

static void bind_port(struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    f->bound = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(f->bound, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(f->bound, (struct sockaddr *)&address, &length), 0);
    f->port = ntohs(address.sin_port);
}

static void set_up(struct fixture *f)
{
    *f = (struct fixture){.root = "/tmp/rushhour-test-XXXXXX",
                          .address = "127.0.0.1",
                          .host = {"a.example.com", "b.example.com"}};
    assert_non_null(mkdtemp(f->root));
    (void)snprintf(f->folder, sizeof f->folder, "%s/run", f->root);
    bind_port(f);
    for (size_t i = 0; i < 2; i++)
        f->overrides[i] = (struct connect_override){
            .host = f->host[i], .port = 443, .address = f->address, .address_port = f->port};
    f->options = (struct run_options){.seed = {.given = true, .value = 1},
                                      .workers = 1,
                                      .connect_overrides = f->overrides,
                                      .connect_override_count = 2,
                                      .folder = f->folder,
                                      .may_spend = true};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(setenv("RUN_TEST_KEY", KEY, 1), 0);
}

static void tear_down(struct fixture *f)
{
    run_outcome_free(&f->outcome);
    run_free(f->run);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0); /* the run left nothing open */
    (void)close(f->bound);
    folder_remove(f->root);
}

static void plan(struct fixture *f, const char *json)
{
    if (run_new(&f->loop, run_profile(json), &f->options, &f->run, &f->err) != ERR_OK)
        fail_msg("%s", f->err.text);
}

static void perform(struct fixture *f)
{
    if (run_perform(f->run, &f->outcome, &f->err) != ERR_OK) fail_msg("%s", f->err.text);
}

static cJSON *manifest_in_folder(const struct fixture *f)
{
    char path[96];
    struct text json = {0};
    struct error err = {0};
    (void)snprintf(path, sizeof path, "%s/run.json", f->folder);
    if (file_read(path, 1 << 22, &json, &err) != ERR_OK) fail_msg("%s", err.text);
    assert_string_equal(text_str(&json), text_str(&f->outcome.json));
    assert_null(strstr(text_str(&json), KEY));
    cJSON *manifest = cJSON_Parse(text_str(&json));
    assert_non_null(manifest);
    text_free(&json);
    return manifest;
}

static const cJSON *at(const cJSON *parent, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, key);
    if (item == NULL) fail_msg("no key \"%s\"", key);
    return item;
}

static void a_run_leaves_a_whole_folder(void **state)
{
    static const char *const files[] = {"run.json",       "intervals.csv", "attempts.csv",
                                        "failures.jsonl", "latency.hlog",  "report.md",
                                        "report.html"};
    (void)state;
    struct fixture f;
    set_up(&f);
    plan(&f, RUN_PROFILE(", \"thresholds\": [\"session_failure_rate < 50%\"]"));
    perform(&f);
    assert_true(f.outcome.kept);
    assert_false(f.outcome.interrupted);
    assert_non_null(f.outcome.results);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "%s/%s", f.folder, files[i]);
        if (!file_exists(path)) fail_msg("no %s", files[i]);
    }
    cJSON *manifest = manifest_in_folder(&f);
    const cJSON *run = at(manifest, "run");
    assert_int_equal(at(run, "seed")->valueint, 1);
    assert_false(cJSON_IsTrue(at(run, "simulated")));
    assert_true(cJSON_IsString(at(run, "ended")));
    assert_true(at(run, "elapsed_s")->valuedouble > 0);
    assert_false(cJSON_IsNull(at(at(manifest, "generator"), "trustworthy")));
    const cJSON *sessions = at(at(manifest, "totals"), "sessions");
    assert_true(at(sessions, "started")->valuedouble > 0);
    assert_int_equal(at(sessions, "opened")->valueint, 0);
    cJSON_Delete(manifest);
    tear_down(&f);
}

static void called_off_before_its_load_it_leaves_nothing(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    plan(&f, RUN_PROFILE(""));
    run_stop(f.run, "Ctrl-C");
    perform(&f);
    assert_true(f.outcome.interrupted);
    assert_false(f.outcome.kept);
    assert_null(f.outcome.results);
    assert_false(file_exists(f.folder));
    tear_down(&f);
}

static void on_stop(uv_timer_t *timer)
{
    run_stop(timer->data, "SIGTERM");
    uv_close((uv_handle_t *)timer, NULL);
}

/* The load would take an hour. */
static void stopped_during_its_load_it_keeps_what_it_has(void **state)
{
    (void)state;
    struct fixture f;
    uv_timer_t timer;
    set_up(&f);
    f.options.duration_ns = 3600 * NS_PER_S;
    plan(&f, RUN_PROFILE(""));
    assert_int_equal(uv_timer_init(&f.loop, &timer), 0);
    timer.data = f.run;
    assert_int_equal(uv_timer_start(&timer, on_stop, 1500, 0), 0);
    perform(&f);
    assert_true(f.outcome.kept);
    assert_int_equal(f.outcome.end, RUN_INTERRUPTED);
    cJSON *manifest = manifest_in_folder(&f);
    const cJSON *run = at(manifest, "run");
    assert_string_equal(at(run, "state")->valuestring, "interrupted");
    assert_string_equal(at(run, "reason")->valuestring, "SIGTERM");
    cJSON_Delete(manifest);
    tear_down(&f);
}

static void a_folder_that_is_not_empty_is_left_alone(void **state)
{
    (void)state;
    struct fixture f;
    char path[96];
    set_up(&f);
    assert_int_equal(folder_make(f.folder, &f.err), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/mine.txt", f.folder);
    assert_int_equal(file_write(path, "mine", 4, &f.err), ERR_OK);
    plan(&f, RUN_PROFILE(""));
    assert_int_equal(run_perform(f.run, &f.outcome, &f.err), ERR_IO);
    assert_non_null(strstr(f.err.text, f.folder));
    assert_false(f.outcome.kept);
    assert_true(file_exists(path));
    tear_down(&f);
}

static void secrets_are_asked_for_before_anything_is_made(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(unsetenv("RUN_TEST_KEY"), 0);
    assert_int_equal(run_new(&f.loop, run_profile(RUN_PROFILE("")), &f.options, &f.run, &f.err),
                     ERR_PROFILE);
    assert_non_null(strstr(f.err.text, "RUN_TEST_KEY"));
    assert_non_null(strstr(f.err.text, "eastus2"));
    run_free(f.run);
    f.options.dry_run = true; /* nothing is sent, so nothing is needed */
    f.run = NULL;
    plan(&f, RUN_PROFILE(""));
    assert_string_equal(run_planned(f.run)->profile->name, "sample");
    assert_false(file_exists(f.folder));
    tear_down(&f);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_leaves_a_whole_folder),
        cmocka_unit_test(called_off_before_its_load_it_leaves_nothing),
        cmocka_unit_test(stopped_during_its_load_it_keeps_what_it_has),
        cmocka_unit_test(a_folder_that_is_not_empty_is_left_alone),
        cmocka_unit_test(secrets_are_asked_for_before_anything_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
