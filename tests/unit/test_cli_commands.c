/* What all commands do alike with their command line: help, versions, invalid arguments, streams
 * that cannot be written. */
#include "cli_fixture.h"

#include "profile/profile.h"

#include <cjson/cJSON.h>
#include <fcntl.h>

static const struct command *const all[] = {
    &run_command,  &check_command, &simulate_command, &report_command,   &compare_command,
    &plan_command, &merge_command, &evidence_command, &capacity_command, &recover_command};

#define ALL_COUNT (sizeof all / sizeof *all)

static void nothing_and_nonsense(void **state)
{
    (void)state;
    const struct told *told = tell_words((const char *const[]){NULL});
    assert_int_equal(told->status, 2);
    assert_string_equal(told->out, "");
    holds(told->err, "rushhour: no command given\n\nrushhour - how often");
    holds(told->err, "\n  run ");
    holds(told->err, "profiles/demo.json --simulate\n");
    refused("rum", 2, "unknown command \"rum\"; did you mean `rushhour run`?");
    refused("plans", 2, "did you mean `rushhour plan`?");
    refused("rum", 2, "? (`rushhour --help` lists them all)");
    refused("zzzzzzzzz", 2, "unknown command \"zzzzzzzzz\"; `rushhour --help` lists them");
    refused("help nonsense", 2, "unknown command \"nonsense\"");
    refused("--versions", 2, "unknown command \"--versions\"");
}

static void the_overview_names_every_command(void **state)
{
    static const char *const ways[] = {"--help", "-h", "help", "help help"};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct told *told = tell_line(ways[i]);
        assert_int_equal(told->status, 0);
        assert_string_equal(told->err, "");
        for (size_t c = 0; c < ALL_COUNT; c++) {
            char line[32];
            (void)snprintf(line, sizeof line, "\n  %-10s", all[c]->name);
            holds(told->out, line);
        }
        lacks(told->out, "(null)");
    }
}

static void help_has_two_ways_and_one_page(void **state)
{
    (void)state;
    for (size_t c = 0; c < ALL_COUNT; c++) {
        char page[65536];
        const struct told *told = TELL("help", all[c]->name);
        assert_int_equal(told->status, 0);
        assert_true(strlen(told->out) < sizeof page);
        (void)strcpy(page, told->out);
        for (size_t i = 0; i < all[c]->option_count; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "--%s", all[c]->options[i].name);
            holds(page, name);
        }
        holds(page, all[c]->usage);
        holds(page, all[c]->exit_codes);
        told = TELL(all[c]->name, "--help");
        assert_int_equal(told->status, 0);
        assert_string_equal(told->out, page);
        told = TELL(all[c]->name, "-h"); /* even though its arguments are missing */
        assert_int_equal(told->status, 0);
        assert_string_equal(told->out, page);
    }
}

static void the_profile_is_explained_in_words_and_as_schema(void **state)
{
    (void)state;
    const struct told *told = TELL("help", "profile");
    assert_int_equal(told->status, 0);
    holds(told->out, "session.think_time");
    told = TELL("help", "schema");
    assert_int_equal(told->status, 0);
    cJSON *schema = cJSON_Parse(told->out);
    assert_non_null(schema);
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
    assert_non_null(cJSON_GetObjectItemCaseSensitive(properties, "regions"));
    cJSON_Delete(schema);
}

static void the_version_names_the_libraries(void **state)
{
    static const char *const libraries[] = {"libwebsockets ", "libcurl ", "libuv ",
                                            "openssl ",       "cjson ",   "zlib "};
    (void)state;
    const struct told *told = TELL("--version");
    assert_int_equal(told->status, 0);
    assert_int_equal(strncmp(told->out, "rushhour ", 9), 0);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        holds(told->out, libraries[i]);
}

/* ---- invalid arguments, the same for every command ---- */

static void what_is_missing_is_named(void **state)
{
    (void)state;
    for (size_t c = 0; c < ALL_COUNT; c++) {
        char wanted[256];
        (void)snprintf(wanted, sizeof wanted, "%s is missing; usage: rushhour %s %s",
                       all[c]->positional_names, all[c]->name, all[c]->usage);
        refused(all[c]->name, 2, wanted);
    }
}

static void one_argument_too_many(void **state)
{
    (void)state;
    for (size_t c = 0; c < ALL_COUNT; c++) {
        char line[512];
        (void)snprintf(line, sizeof line, "%s", all[c]->name);
        for (size_t i = 0; i < all[c]->positional_max; i++) (void)strcat(line, " word");
        (void)strcat(line, " surplus");
        refused(line, 2, "\"surplus\" is one argument too many; usage: rushhour ");
    }
}

static void an_unknown_option_comes_with_the_nearest(void **state)
{
    (void)state;
    for (size_t c = 0; c < ALL_COUNT; c++) {
        char line[128];
        char wanted[128];
        (void)snprintf(line, sizeof line, "%s word --jsno", all[c]->name);
        (void)snprintf(wanted, sizeof wanted,
                       "unknown option --jsno; did you mean --json? (`rushhour %s --help`",
                       all[c]->name);
        refused(line, 2, wanted);
        (void)snprintf(line, sizeof line, "%s word -Z", all[c]->name);
        (void)snprintf(wanted, sizeof wanted, "unknown option -Z; `rushhour %s --help` lists them",
                       all[c]->name);
        refused(line, 2, wanted);
    }
}

static void refuse_forms_of(const struct command *command, const struct option_row *row)
{
    char line[256];
    char wanted[256];
    if (row->kind == OPTION_FLAG) {
        (void)snprintf(line, sizeof line, "%s word --%s=yes", command->name, row->name);
        (void)snprintf(wanted, sizeof wanted, "--%s takes no value", row->name);
    } else {
        (void)snprintf(line, sizeof line, "%s word --%s", command->name, row->name);
        (void)snprintf(wanted, sizeof wanted, "--%s needs %s: --%s %s", row->name,
                       row->kind == OPTION_PAIR ? "two values" : "a value", row->name,
                       row->argument);
    }
    refused(line, 2, wanted);
    if (row->letter == 0) return;
    (void)snprintf(line, sizeof line, "%s word -%cx", command->name, row->letter);
    (void)snprintf(wanted, sizeof wanted, "unknown option -%cx; long options have two dashes",
                   row->letter);
    refused(line, 2, wanted);
}

static void every_option_has_one_form(void **state)
{
    (void)state;
    for (size_t c = 0; c < ALL_COUNT; c++) {
        for (size_t i = 0; i < all[c]->option_count; i++)
            refuse_forms_of(all[c], &all[c]->options[i]);
    }
}

/* An invalid argument is reported before any file is looked at: exit 2, even though there is no
 * such file. */
static void wrong_values_are_told_before_files_are_read(void **state)
{
    static const struct {
        const char *line, *wanted;
    } rows[] = {
        {"run nowhere.json --duration fast", "--duration: \"fast\" is not a duration"},
        {"run nowhere.json --seed -1", "--seed: \"-1\" is not a whole number"},
        {"check nowhere.json --simulate --connect-to h:1=127.0.0.1:2",
         "--connect-to and --simulate exclude each other"},
        {"check nowhere.json --connect-to h", "--connect-to"},
        {"simulate nowhere.json --seed -1", "--seed: \"-1\" is not a whole number"},
        {"simulate nowhere.json --seed 9007199254740992", "at most 9007199254740991"},
        {"plan nowhere.json --rate 5", "--rate: \"5\" has no time: write 5/s"},
        {"plan nowhere.json --detect 2%", "write two different rates such as '2% vs 5%'"},
        {"capacity nowhere.json --from 40 --up-to 5/s", "both of sessions or both of arrivals"},
        {"capacity nowhere.json --up-to 40", "--up-to 40: needs --from"},
        {"capacity nowhere.json --from 0", "--from: 0 is no load"},
        {"capacity nowhere.json --step 0.1%", "--step 0.1%: write 0.5% to 50%"},
        {"capacity nowhere.json --confidence 100%", "--confidence 100%: write 50% to 99.9%"},
        {"capacity nowhere.json --resume a -o b", "--resume and -o exclude each other"},
        {"recover nowhere", "--since TIME: say since when it should be over"},
        {"recover nowhere --since soon", "--since: "},
        {"recover nowhere --since 2026-04-14T15:10:00Z --began 2026-04-14T15:10:00Z",
         "is not before --since"},
        {"recover nowhere --since 2026-04-14T15:10:00Z --margin 0%", "--margin 0%: no difference"},
        {"recover nowhere --since 2026-04-14T15:10:00Z --confidence 60%", "write 76% to 99.99%"},
        {"recover nowhere --since 2026-04-14T15:10:00Z --format html",
         "--format html: write text, markdown or json"},
        {"plan nowhere.json --power 90%", "--power says nothing without --detect"},
        {"plan nowhere.json --design-effect 2", "--design-effect says nothing without --detect"},
        {"report nowhere --format xml",
         "--format xml: write text, markdown, html, csv, json, junit or github"},
        {"report nowhere --format csv --json", "--json and --format csv: give one of the two"},
        {"report nowhere --window 1x", "--window"},
        {"report nowhere --json --azure-metrics nowhere.json",
         "leave them out of --format csv, json, junit and github"},
        {"compare a b --format csv", "--format csv: write text, markdown, html or json"},
        {"compare a b --json --format html", "--json and --format html: give one of the two"},
        {"compare a b --inconclusive maybe", "--inconclusive maybe: write pass or fail"},
        {"compare a b --margin 5", "--margin: \"5\" has no %"},
        {"compare a b --confidence 30%", "--confidence 30%: write 50% to 99.99%"},
        {"compare a b --confidence 100%", "--confidence 100%: write 50% to 99.99%"},
        {"compare a", "give two runs (compare A B), or one with --between"},
        {"compare a b c --json", "--json and -o take one comparison"},
        {"compare a b c --format json", "--json and -o take one comparison"},
        {"compare a b c -o x", "--json and -o take one comparison"},
        {"compare a b --between x y", "--between wants one run and two names"},
        {"compare a b --regions x y", "--regions wants one run and two names"},
        {"compare a --between x y --regions x y", "--between and --regions: give one of the two"},
        {"compare a --between x --json", "--between needs two values: --between WINDOW WINDOW"},
        {"compare a --between x y --between y z", "--between was given twice"},
        {"evidence nowhere --check c.json --no-check", "--check and --no-check: give one of them"},
        {"evidence nowhere -o ..", "-o ..: name a folder that does not exist yet"},
        {"evidence nowhere -o ./", "-o ./: name a folder that does not exist yet"},
        {"evidence nowhere --window noon", "--window"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(rows[i].line, 2, rows[i].wanted);
}

static void what_is_not_there_is_no_usage_error(void **state)
{
    static const char *const lines[] = {
        "run /nowhere.json --simulate",
        "check /nowhere.json",
        "simulate /nowhere.json",
        "plan /nowhere.json",
        "capacity /nowhere.json",
        "report /nowhere",
        "report /nowhere --window 1m",
        "compare /nowhere /here",
        "merge /out /nowhere",
        "evidence /nowhere",
        "evidence /nowhere --no-check",
        "merge /out /nowhere /x",
        "compare /nowhere --regions a b",
        "compare --between a b /nowhere",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) refused(lines[i], 1, "/nowhere");
}

/* ---- streams ---- */

static void a_stream_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    char said[256];
    struct captured err = capture_begin(stderr);
    (void)fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0 && dup2(full, STDOUT_FILENO) >= 0);
    int status = print_out("words\n");
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(kept);
    (void)close(full);
    clearerr(stdout);
    capture_end(&err, said, sizeof said);
    assert_int_equal(status, 1);
    assert_string_equal(said,
                        "rushhour: cannot write to standard output: No space left on device\n");
}

static void each_kind_of_error_has_its_status(void **state)
{
    static const struct {
        enum err_code code;
        int status;
    } rows[] = {{ERR_USAGE, 2}, {ERR_PROFILE, 2}, {ERR_IO, 1},      {ERR_FORMAT, 1},
                {ERR_NET, 1},   {ERR_NOMEM, 1},   {ERR_INTERNAL, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char said[256];
        struct error err = {0};
        (void)error_set(&err, rows[i].code, "it is %d", (int)i);
        struct captured captured = capture_begin(stderr);
        int status = cli_complain(&err);
        capture_end(&captured, said, sizeof said);
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "rushhour: it is %d\n", (int)i);
        assert_int_equal(status, rows[i].status);
        assert_string_equal(said, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_and_nonsense),
        cmocka_unit_test(the_overview_names_every_command),
        cmocka_unit_test(help_has_two_ways_and_one_page),
        cmocka_unit_test(the_profile_is_explained_in_words_and_as_schema),
        cmocka_unit_test(the_version_names_the_libraries),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(one_argument_too_many),
        cmocka_unit_test(an_unknown_option_comes_with_the_nearest),
        cmocka_unit_test(every_option_has_one_form),
        cmocka_unit_test(wrong_values_are_told_before_files_are_read),
        cmocka_unit_test(what_is_not_there_is_no_usage_error),
        cmocka_unit_test(a_stream_that_cannot_be_written_is_told),
        cmocka_unit_test(each_kind_of_error_has_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
