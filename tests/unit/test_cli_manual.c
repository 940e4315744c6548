/* Manual pages and completions of a command whose words are full of what troff and shells read. */
#include "cli/completion.h"
#include "cli/manual.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct option_row rows[] = {
    {"odd", 'x', OPTION_TEXT, "FILE", ".dot first\n'quote' [bracket]: a\\b $(c) `d`", 0},
    {"form", 0, OPTION_TEXT, "text|json", "the form", 0},
    {"between", 0, OPTION_PAIR, "A B", "the two", 0},
    {"to", 0, OPTION_LIST, "DIR", "may be repeated", 0},
    {"loud", 0, OPTION_FLAG, NULL, "says more", 0},
};

static const struct command paint = {.name = "paint",
                                     .usage = "PROFILE [options]",
                                     .purpose = "paints 'it'\nas well - as it can",
                                     .options = rows,
                                     .option_count = sizeof rows / sizeof *rows,
                                     .positional_min = 1,
                                     .positional_max = 1,
                                     .positional_names = "PROFILE",
                                     .examples = "  rushhour paint -x a\\b\n",
                                     .exit_codes = "  0 painted\n"};

static const struct command_entry entries[] = {{&paint, NULL, "paint: 'it' [now]"}};

static void has(const struct text *out, const char *wanted)
{
    if (strstr(text_str(out), wanted) == NULL) fail_msg("no %s in:\n%s", wanted, text_str(out));
}

static void a_page_escapes_what_troff_reads(void **state)
{
    (void)state;
    struct text out = {0};
    manual_command(&paint, &out);
    assert_false(out.failed);
    has(&out, ".TH \"rushhour-paint\" \"1\"");
    has(&out, "rushhour\\-paint \\- paints 'it'\n");
    has(&out, ".SH DESCRIPTION\nas well \\- as it can.\n");
    has(&out, "\\fB\\-x\\fR, \\fB\\-\\-odd\\fR \\fIFILE\\fR\n"
              "\\&.dot first\n\\&'quote' [bracket]: a\\eb $(c) `d`\n");
    has(&out, "\\fB\\-\\-loud\\fR\nsays more\n");
    has(&out, ".SH EXAMPLES\n.nf\n  rushhour paint \\-x a\\eb\n.fi\n");
    has(&out, ".SH EXIT STATUS\n.nf\n  0 painted\n.fi\n");
    text_free(&out);
    manual_overview(entries, 1, &out);
    has(&out, "\\fBpaint\\fR\npaint: 'it' [now]\n");
    has(&out, ".BR rushhour\\-paint (1),\n");
    text_free(&out);
}

/* Every key that `help profile` prints stands in the page of the profile. */
static void the_page_of_the_profile_has_its_keys(void **state)
{
    (void)state;
    struct text out = {0};
    manual_profile(&out);
    has(&out, ".TH \"rushhour-profile\" \"5\"");
    has(&out, "abort_on_fail");
    text_free(&out);
}

static void scripts_quote_what_shells_read(void **state)
{
    (void)state;
    struct text out = {0};
    assert_true(completion_script("bash", entries, 1, &out));
    has(&out, "    paint:--form) mapfile -t COMPREPLY < <(compgen -W 'text json' -- \"$word\");");
    has(&out,
        "    paint:--odd|paint:-x) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f");
    has(&out, "    paint) options='--help --odd --form --between --to --loud' kind=-f ;;\n");
    text_free(&out);
    assert_true(completion_script("zsh", entries, 1, &out));
    has(&out, "'paint:paint\\: '\\''it'\\'' [now]'\n");
    has(&out,
        "'(-x --odd)'{-x,--odd}='[.dot first '\\''quote'\\'' \\[bracket\\]\\: a\\\\b $(c) `d`]"
        ":FILE:_files' \\\n");
    has(&out, "--form='[the form]:text|json:(text json)' \\\n");
    has(&out, "--between'[the two]:first: :second: ' \\\n");
    has(&out, "'*'--to='[may be repeated]:DIR:_files -/' \\\n");
    text_free(&out);
    assert_true(completion_script("fish", entries, 1, &out));
    has(&out, " -l odd -s x -r -F -d '.dot first \\'quote\\' [bracket]: a\\\\b $(c) `d`'\n");
    has(&out, " -l form -x -a 'text json' -d 'the form'\n");
    has(&out, "complete -c rushhour -n '__fish_seen_subcommand_from paint' -F\n");
    text_free(&out);
    static const struct command about = {
        .name = "about", .usage = "[COMMAND]", .topics = "keys completion", .positional_max = 2};
    const struct command_entry both[] = {entries[0], {&about, NULL, "says how"}};
    assert_true(completion_script("bash", both, 2, &out));
    has(&out, "    about) options='--help' words='paint about keys completion' kind= ;;\n");
    has(&out, "    about:completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish'");
    has(&out, "    about:man) mapfile -t COMPREPLY < <(compgen -W 'paint about '");
    text_free(&out);
    assert_true(completion_script("zsh", both, 2, &out));
    has(&out, "        '1:topic:(paint about keys completion)' \\\n");
    text_free(&out);
    assert_true(completion_script("fish", both, 2, &out));
    has(&out, "__fish_seen_subcommand_from about' -a 'paint about keys completion'\n");
    text_free(&out);
    assert_false(completion_script("csh", entries, 1, &out));
    assert_int_equal(out.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_escapes_what_troff_reads),
        cmocka_unit_test(the_page_of_the_profile_has_its_keys),
        cmocka_unit_test(scripts_quote_what_shells_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
