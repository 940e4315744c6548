/* What the collector writes to disk first. */
#include "base/files.h"
#include "engine/collector.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static const char source[] =
    "{\"name\":\"collector\",\"regions\":[{\"name\":\"a\",\"endpoint\":\"https://a.example.com\","
    "\"deployment\":\"d\",\"dialect\":\"ga\"}],\"load\":{\"model\":\"sessions\",\"stages\":[{"
    "\"duration\":"
    "\"1s\",\"target\":1}]},\"session\":{\"prompts\":[\"Say OK.\"]}}";

static uint64_t lines_of(const char *folder, const char *name)
{
    struct text path = {0};
    struct text text = {0};
    struct error err = {0};
    uint64_t lines = 0;
    text_printf(&path, "%s/%s", folder, name);
    if (file_read(path.data, 1 << 20, &text, &err) != ERR_OK) fail_msg("%s", err.text);
    for (const char *c = text_str(&text); *c != '\0'; c++) lines += *c == '\n';
    text_free(&text);
    text_free(&path);
    return lines;
}

/* A disk that accepts no more than this in any file: too small for the evidence, enough for the
 * row. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void nothing(uv_async_t *async)
{
    (void)async;
}

/* Passes on a handover with one failure and one row; returns the collector's result. */
static enum err_code take_one(struct mailbox *mailbox, struct collector *collector)
{
    struct handover *handover = mailbox_blank(mailbox);
    struct error err = {0};
    assert_non_null(handover);
    for (int i = 0; i < 800; i++) text_puts(&handover->failures, "evidence");
    text_puts(&handover->failures, "\n");
    text_puts(&handover->attempts, "row\n");
    handover->closes = handover->final = true;
    mailbox_post(mailbox, handover);
    return collector_take(collector, &err);
}

/* An attempt is on disk only if its evidence is, even if the disk fills up in between. */
static void evidence_goes_first(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        char folder[] = "/tmp/rushhour-collector-XXXXXX";
        struct profile *profile = NULL;
        struct run_writer *writer = NULL;
        struct collector *collector = NULL;
        struct mailbox mailbox;
        struct error err = {0};
        uv_loop_t loop;
        uv_async_t wake;
        const struct run_clock clock = {.speed = 1};
        assert_non_null(mkdtemp(folder));
        if (profile_parse("test", source, sizeof source - 1, &profile, &err) != ERR_OK)
            fail_msg("%s", err.text);
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(uv_async_init(&loop, &wake, nothing), 0);
        assert_int_equal(
            run_writer_open(
                &(struct run_writer_plan){.path = folder, .profile = profile, .start_utc_ns = 0},
                &writer, &err),
            ERR_OK);
        assert_int_equal(mailbox_init(&mailbox, &wake, 1, &err), ERR_OK);
        assert_int_equal(collector_new(&mailbox, writer, &clock, NS_PER_S, 1, &collector, &err),
                         ERR_OK);

        if (full) limit_files(4096);
        enum err_code code = take_one(&mailbox, collector);
        limit_files(RLIM_INFINITY);
        assert_int_equal(code, ERR_OK); /* a full disk is waited for */
        assert_int_equal(lines_of(folder, "failures.jsonl"), full ? 0 : 1);
        /* the header, and the row */
        assert_int_equal(lines_of(folder, "attempts.csv"), full ? 1 : 2);

        collector_free(collector);
        mailbox_free(&mailbox);
        assert_int_equal(run_writer_close(writer, &err), ERR_OK);
        assert_int_equal(lines_of(folder, "failures.jsonl"), 1);
        assert_int_equal(lines_of(folder, "attempts.csv"), 2);
        uv_close((uv_handle_t *)&wake, NULL);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
        folder_remove(folder);
        profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(evidence_goes_first)};
    (void)signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit fails instead */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
