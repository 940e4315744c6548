/* The command line of `run`: every flag with its unit, what is refused, and the exit status. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/run.h"
#include "cli/run_flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct run_flags flags;
    struct run_request request;
    struct error err;
    char words[512];
};

/* A line of arguments, split at blanks and parsed. */
static enum err_code read_line(struct fixture *f, const char *words)
{
    char *argv[32];
    int argc = 0;
    struct command_line line;
    *f = (struct fixture){0};
    assert_true(strlen(words) < sizeof f->words);
    (void)strcpy(f->words, words);
    for (char *word = strtok(f->words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    enum err_code code = options_parse(&run_command, &f->flags, &line, argc, argv, &f->err);
    if (code == ERR_OK) code = run_request_read(&f->flags, &f->request, &f->err);
    return code;
}

static const struct run_options *options_of(struct fixture *f, const char *words)
{
    if (read_line(f, words) != ERR_OK) fail_msg("%s: %s", words, f->err.text);
    return &f->request.options;
}

static void nothing_asked_is_the_profile(void **state)
{
    (void)state;
    struct fixture f;
    const struct run_options *o = options_of(&f, "p.json");
    assert_false(o->load.asked || o->seed.given || o->evidence_limit.given || o->metrics.asked);
    assert_false(o->simulate || o->dry_run || o->may_spend);
    assert_int_equal(o->duration_ns, 0);
    assert_int_equal(o->workers, 0);
    assert_int_equal(o->shard.count, 0);
    assert_int_equal(o->start_at_ns, 0);
    assert_int_equal(o->region_count, 0);
    assert_null(o->folder);
    assert_int_equal(f.request.inconclusive, 3);
    run_request_free(&f.request);
}

static void units_are_read(void **state)
{
    (void)state;
    struct fixture f;
    const struct run_options *o = options_of(&f, "p.json --duration 90s --sessions 12 --seed 7");
    assert_int_equal(o->duration_ns, 90 * NS_PER_S);
    assert_false(o->drain_ns.given);
    o = options_of(&f, "p.json --duration 90s --sessions 12 --seed 7 --grace 25s");
    assert_true(o->drain_ns.given);
    assert_int_equal(o->drain_ns.value, 25 * NS_PER_S);
    assert_true(o->load.asked);
    assert_int_equal(o->load.model, LOAD_SESSIONS);
    assert_true(o->load.target == 12);
    assert_true(o->seed.given);
    assert_int_equal(o->seed.value, 7);

    o = options_of(&f, "p.json --rate 300/m --duration 2h --workers 256 --evidence-limit 0");
    assert_int_equal(o->load.model, LOAD_ARRIVALS);
    assert_true(o->load.target == 5);
    assert_int_equal(o->duration_ns, 7200 * NS_PER_S);
    assert_int_equal(o->workers, 256);
    assert_true(o->evidence_limit.given);
    assert_int_equal(o->evidence_limit.value, 0);

    o = options_of(&f, "p.json --shard 2/3 --start-at 2026-11-20T14:00:00Z --seed 0");
    assert_int_equal(o->shard.index, 1);
    assert_int_equal(o->shard.count, 3);
    assert_int_equal(o->start_at_ns, INT64_C(1795183200) * NS_PER_S);
    assert_true(o->seed.given); /* 0 counts as given: it asks for a random one */
    run_request_free(&f.request);
}

static void words_and_lists_are_passed_on(void **state)
{
    (void)state;
    struct fixture f;
    const struct run_options *o =
        options_of(&f, "p.json -o out --region a --region b --yes --dry-run "
                       "--connect-to h.example:443=127.0.0.1:8443 --metrics [::1]:9464");
    assert_string_equal(o->folder, "out");
    assert_int_equal(o->region_count, 2);
    assert_string_equal(o->regions[1], "b");
    assert_true(o->may_spend && o->dry_run && !o->simulate);
    assert_int_equal(o->connect_override_count, 1);
    assert_string_equal(o->connect_overrides[0].host, "h.example");
    assert_int_equal(o->connect_overrides[0].address_port, 8443);
    assert_true(o->metrics.asked);
    assert_string_equal(o->metrics.address, "::1");
    assert_int_equal(o->metrics.port, 9464);
    run_request_free(&f.request);
    assert_true(options_of(&f, "p.json --simulate")->simulate);
    assert_int_equal(f.request.options.connect_override_count, 0);
}

static void the_inconclusive_status_may_be_chosen(void **state)
{
    (void)state;
    struct fixture f;
    (void)options_of(&f, "p.json --inconclusive pass");
    assert_int_equal(f.request.inconclusive, 0);
    (void)options_of(&f, "p.json --inconclusive fail");
    assert_int_equal(f.request.inconclusive, 99);
}

/* Each message names the flag and says what is right. */
static void wrong_values_are_refused(void **state)
{
    static const struct {
        const char *line, *wanted;
    } wrong[] = {
        {"p --sessions 3 --rate 5/s", "--sessions and --rate exclude each other"},
        {"p --sessions three", "--sessions: "},
        {"p --sessions -1", "--sessions: "},
        {"p --sessions 1.5", "--sessions: "},
        {"p --sessions 0", "--sessions 0: no session would ever start"},
        {"p --rate 0/s", "--rate 0/s: no session would ever start"},
        {"p --rate 0.0/h", "--rate 0.0/h: no session would ever start"},
        {"p --rate 5", "--rate: "},
        {"p --rate 5/d", "--rate: "},
        {"p --duration 5", "--duration: "},
        {"p --duration 0", "--duration 0: must be longer than nothing"},
        {"p --grace soon", "--grace: "},
        {"p --duration -5s", "--duration: "},
        {"p --seed x", "--seed: "},
        {"p --seed 9007199254740992", "--seed 9007199254740992: at most 9007199254740991"},
        {"p --workers 0", "--workers: 1 to 256"},
        {"p --workers 257", "--workers: 1 to 256"},
        {"p --workers 4294967297", "--workers: 1 to 256"},
        {"p --workers two", "--workers: "},
        {"p --evidence-limit all", "--evidence-limit: "},
        {"p --shard 0/3", "--shard 0/3: shards are numbered from 1"},
        {"p --shard 4/3", "--shard 4/3: "},
        {"p --shard 1", "--shard 1: write I/N"},
        {"p --start-at 14:00", "--start-at: "},
        {"p --inconclusive maybe", "--inconclusive maybe: write pass or fail"},
        {"p --connect-to nowhere", "--connect-to"},
        {"p --simulate --connect-to h:1=127.0.0.1:2", "--connect-to and --simulate exclude"},
        {"p --metrics 70000", "--metrics \"70000\""},
        {"p --metrics host.example:9464", "numeric address"},
        {"p --metrics 1.2.3:9464", "numeric address"},
        {"p --metrics ::1:9464", "numeric address"}, /* IPv6 needs brackets */
        {"p --metrics 127.0.0.1:", "--metrics"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct fixture f;
        enum err_code code = read_line(&f, wrong[i].line);
        if (code != ERR_USAGE || strstr(f.err.text, wrong[i].wanted) == NULL)
            fail_msg("%s: %d, \"%s\"", wrong[i].line, code, f.err.text);
        run_request_free(&f.request);
    }
}

static void addresses_of_the_metrics(void **state)
{
    static const struct {
        const char *word, *address;
        unsigned port;
    } rows[] = {{"9464", "127.0.0.1", 9464},
                {":9464", "127.0.0.1", 9464},
                {"0", "127.0.0.1", 0},
                {"localhost:80", "127.0.0.1", 80},
                {"0.0.0.0:65535", "0.0.0.0", 65535},
                {"[::]:1", "::", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct metrics_address address;
        struct error err = {0};
        if (metrics_address_read(rows[i].word, &address, &err) != ERR_OK) fail_msg("%s", err.text);
        assert_true(address.asked);
        assert_string_equal(address.address, rows[i].address);
        assert_int_equal(address.port, rows[i].port);
    }
}

/* The table in the contract. How the run ended takes precedence over the verdict. */
static void exit_status_of_every_end(void **state)
{
    static const struct {
        enum run_end end;
        enum verdict verdict;
        bool valid;
        int inconclusive, status;
    } rows[] = {
        {RUN_COMPLETE, VERDICT_NONE, true, 3, 0},
        {RUN_COMPLETE, VERDICT_NONE, false, 3, 4},
        {RUN_COMPLETE, VERDICT_PASS, true, 3, 0},
        {RUN_COMPLETE, VERDICT_FAIL, true, 3, 99},
        {RUN_COMPLETE, VERDICT_INVALID, false, 3, 4},
        {RUN_COMPLETE, VERDICT_INCONCLUSIVE, true, 3, 3},
        {RUN_COMPLETE, VERDICT_INCONCLUSIVE, true, 0, 0},
        {RUN_COMPLETE, VERDICT_INCONCLUSIVE, true, 99, 99},
        {RUN_INTERRUPTED, VERDICT_FAIL, true, 3, 130},
        {RUN_STOPPED_BUDGET, VERDICT_PASS, true, 3, 5},
        {RUN_STOPPED_RULE, VERDICT_NONE, true, 3, 99},
        {RUN_FAILED, VERDICT_PASS, true, 3, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct run_outcome outcome = {
            .kept = true, .end = rows[i].end, .verdict = rows[i].verdict, .valid = rows[i].valid};
        int status = run_exit_status(&outcome, rows[i].inconclusive);
        if (status != rows[i].status)
            fail_msg("row %zu: %d instead of %d", i, status, rows[i].status);
    }
    const struct run_outcome called_off = {.interrupted = true, .valid = true};
    assert_int_equal(run_exit_status(&called_off, 3), 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_is_the_profile),
        cmocka_unit_test(units_are_read),
        cmocka_unit_test(words_and_lists_are_passed_on),
        cmocka_unit_test(the_inconclusive_status_may_be_chosen),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(addresses_of_the_metrics),
        cmocka_unit_test(exit_status_of_every_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
