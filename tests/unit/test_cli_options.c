/* Command lines against a table defined here, and checks of every command's own table. */
#include "cli/command.h"
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct words {
    bool loud;
    const char *colour;
    struct option_list names, between;
};

static const struct option_row rows[] = {
    {"loud", 'l', OPTION_FLAG, NULL, "says more", offsetof(struct words, loud)},
    {"colour", 0, OPTION_TEXT, "NAME", "of the\nletters", offsetof(struct words, colour)},
    {"name", 'n', OPTION_LIST, "NAME", "may be repeated", offsetof(struct words, names)},
    {"between", 0, OPTION_PAIR, "A B", "the two", offsetof(struct words, between)},
};

static const struct command paint = {.name = "paint",
                                     .usage = "WALL [options]",
                                     .purpose = "paints",
                                     .options = rows,
                                     .option_count = sizeof rows / sizeof *rows,
                                     .positional_min = 1,
                                     .positional_max = 2,
                                     .positional_names = "WALL",
                                     .examples = "  rushhour paint a\n",
                                     .exit_codes = "  0 painted\n"};

#define WORDS_MOST 80

/* Reads up to the NULL. */
static enum err_code read_words(const char *const *words, struct words *out,
                                struct command_line *line, struct error *err)
{
    char *argv[WORDS_MOST];
    int argc = 0;
    *out = (struct words){0};
    *err = (struct error){0};
    for (; words[argc] != NULL; argc++) argv[argc] = (char *)(uintptr_t)words[argc];
    return options_parse(&paint, out, line, argc, argv, err);
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__, NULL}, &words, &line, &err)

static void every_way_to_write_an_option(void **state)
{
    (void)state;
    struct words words;
    struct command_line line;
    struct error err;
    assert_int_equal(READ("wall", "--loud", "--colour", "red", "-n", "a", "--name=b=c"), ERR_OK);
    assert_true(words.loud);
    assert_string_equal(words.colour, "red");
    assert_int_equal(words.names.count, 2);
    assert_string_equal(words.names.items[0], "a");
    assert_string_equal(words.names.items[1], "b=c");
    assert_int_equal(line.positional_count, 1);
    assert_string_equal(line.positional[0], "wall");

    assert_int_equal(READ("--colour=", "-l", "wall"), ERR_OK);
    assert_string_equal(words.colour, "");
    assert_true(words.loud);
    assert_int_equal(READ("--colour", "red", "--colour=blue", "wall"), ERR_OK);
    assert_string_equal(words.colour, "blue"); /* the last one wins */
    assert_int_equal(READ("--colour", "--loud", "wall"), ERR_OK);
    assert_string_equal(words.colour, "--loud"); /* a value may look like an option */
    assert_false(words.loud);
    assert_int_equal(READ("--", "--loud", "-"), ERR_OK);
    assert_string_equal(line.positional[0], "--loud");
    assert_string_equal(line.positional[1], "-"); /* a lone dash is a word */
    assert_int_equal(READ("-", "--loud"), ERR_OK);
    assert_true(words.loud);
}

/* Wherever it is among the arguments. */
static void a_pair_takes_two_words(void **state)
{
    static const char *const lines[][5] = {{"--between", "x", "y", "wall"},
                                           {"wall", "--between", "x", "y"},
                                           {"--between=x", "y", "wall"},
                                           {"wall", "--between=x", "y"}};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct words words;
        struct command_line line;
        struct error err;
        if (read_words(lines[i], &words, &line, &err) != ERR_OK) fail_msg("%s", err.text);
        assert_int_equal(words.between.count, 2);
        assert_string_equal(words.between.items[0], "x");
        assert_string_equal(words.between.items[1], "y");
        assert_int_equal(line.positional_count, 1);
        assert_string_equal(line.positional[0], "wall");
    }
}

static void one_of_few_words(void **state)
{
    static const char *const two[] = {"pass", "fail", NULL};
    static const char *const three[] = {"text", "html", "json", NULL};
    (void)state;
    struct error err = {0};
    int word = 7;
    assert_int_equal(options_word("form", NULL, three, &word, &err), ERR_OK);
    assert_int_equal(word, 7); /* not given */
    assert_int_equal(options_word("form", "json", three, &word, &err), ERR_OK);
    assert_int_equal(word, 2);
    assert_int_equal(options_word("form", "JSON", three, &word, &err), ERR_USAGE);
    assert_string_equal(err.text, "--form JSON: write text, html or json");
    assert_int_equal(options_word("unclear", "", two, &word, &err), ERR_USAGE);
    assert_string_equal(err.text, "--unclear : write pass or fail");
    assert_int_equal(word, 2);
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    struct words words;
    struct command_line line;
    struct error err;
    assert_int_equal(READ("-h"), ERR_OK);
    assert_true(line.help);
    assert_int_equal(READ("--loud", "--help"), ERR_OK);
    assert_true(line.help);
    assert_int_equal(READ("wall", "--", "-h"), ERR_OK);
    assert_false(line.help);
}

static void wrong_words_are_quoted_with_a_fix(void **state)
{
    static const struct {
        const char *words[5], *wanted;
    } wrong[] = {
        {{NULL}, "WALL is missing; usage: rushhour paint WALL [options]"},
        {{"a", "b", "c"}, "\"c\" is one argument too many"},
        {{"a", "--color", "red"}, "unknown option --color; did you mean --colour?"},
        {{"a", "--zzzzzzzz"}, "unknown option --zzzzzzzz; `rushhour paint --help` lists them all"},
        {{"a", "-z"}, "unknown option -z"},
        {{"a", "-loud"}, "long options have two dashes: --loud"},
        {{"a", "--loud=yes"}, "--loud takes no value"},
        {{"a", "--colour"}, "--colour needs a value: --colour NAME"},
        {{"a", "-n"}, "--name needs a value"},
        {{"a", "--=x"}, "unknown option --"},
        {{"a", "--colou=x"}, "did you mean --colour?"},
        {{"--between", "x"}, "--between needs two values: --between A B"},
        {{"--between", "x", "--loud"}, "--between needs two values: --between A B"},
        {{"--between=x"}, "--between needs two values: --between A B"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct words words;
        struct command_line line;
        struct error err;
        assert_int_equal(read_words(wrong[i].words, &words, &line, &err), ERR_USAGE);
        if (strstr(err.text, wrong[i].wanted) == NULL)
            fail_msg("\"%s\" says nothing of \"%s\"", err.text, wrong[i].wanted);
    }
}

static void a_list_is_bounded(void **state)
{
    (void)state;
    const char *words_in[WORDS_MOST] = {"wall"};
    const size_t most = sizeof((struct option_list *)NULL)->items / sizeof(char *);
    struct words words;
    struct command_line line;
    struct error err;
    for (size_t i = 0; i < most; i++) words_in[1 + i] = "--name=x";
    assert_int_equal(read_words(words_in, &words, &line, &err), ERR_OK);
    assert_int_equal(words.names.count, most);
    words_in[1 + most] = "--name=x";
    assert_int_equal(read_words(words_in, &words, &line, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "more than 64 times"));
}

static void the_help_page_lines_up(void **state)
{
    (void)state;
    struct text out = {0};
    options_help(&paint, &out);
    assert_string_equal(text_str(&out),
                        "rushhour paint - paints\n\n"
                        "usage: rushhour paint WALL [options]\n\n"
                        "options:\n"
                        "  -l, --loud                        says more\n"
                        "      --colour NAME                 of the\n"
                        "                                    letters\n"
                        "  -n, --name NAME                   may be repeated\n"
                        "      --between A B                 the two\n"
                        "  -h, --help                        this page\n"
                        "\nexamples:\n  rushhour paint a\n\nexit codes:\n  0 painted\n");
    text_free(&out);
}

/* ---- the commands' own tables ---- */

static const struct command *const all[] = {&run_command,    &check_command,    &simulate_command,
                                            &report_command, &compare_command,  &plan_command,
                                            &merge_command,  &evidence_command, &recover_command};

#define ALL_COUNT (sizeof all / sizeof *all)

static void check_row(const struct command *command, size_t i)
{
    const struct option_row *row = &command->options[i];
    assert_true(row->help != NULL && row->help[0] != '\0');
    assert_int_equal(row->argument == NULL, row->kind == OPTION_FLAG);
    for (size_t j = 0; j < i; j++) {
        const struct option_row *other = &command->options[j];
        assert_string_not_equal(row->name, other->name);
        assert_true(row->letter == 0 || row->letter != other->letter);
        assert_true(row->offset != other->offset);
    }
}

/* According to the contract every command has these, and -h, examples and exit codes. */
static void every_table_keeps_the_contract(void **state)
{
    static const char *const common[] = {"json", "quiet", "no-color"};
    (void)state;
    for (size_t c = 0; c < ALL_COUNT; c++) {
        const struct command *command = all[c];
        assert_true(command->positional_max <= POSITIONALS_MOST);
        assert_non_null(strstr(command->examples, command->name));
        assert_non_null(strstr(command->exit_codes, "0 "));
        for (size_t i = 0; i < command->option_count; i++) check_row(command, i);
        for (size_t k = 0; k < sizeof common / sizeof *common; k++) {
            bool there = false;
            for (size_t i = 0; i < command->option_count; i++)
                there = there || strcmp(command->options[i].name, common[k]) == 0;
            if (!there) fail_msg("%s has no --%s", command->name, common[k]);
        }
    }
}

/* Each option alone sets its own member and no other. */
static void every_option_reaches_its_place(void **state)
{
    (void)state;
    for (size_t c = 0; c < ALL_COUNT; c++) {
        for (size_t i = 0; i < all[c]->option_count; i++) {
            const struct option_row *row = &all[c]->options[i];
            static unsigned char target[65536];
            char name[64];
            char value[] = "value";
            char word[] = "word";
            struct command_line line;
            struct error err = {0};
            (void)memset(target, 0, sizeof target);
            (void)strcpy(name, "--");
            (void)strncat(name, row->name, sizeof name - 3);
            char *argv[5] = {name, value, value, value, value};
            int taken = row->kind == OPTION_FLAG ? 0 : row->kind == OPTION_PAIR ? 2 : 1;
            int argc = 1 + taken + (int)all[c]->positional_min;
            for (int k = 1 + taken; k < argc; k++) argv[k] = word;
            if (options_parse(all[c], target, &line, argc, argv, &err) != ERR_OK)
                fail_msg("%s: %s", all[c]->name, err.text);
            const void *place = target + row->offset;
            const struct option_list *list = place;
            if (row->kind == OPTION_FLAG) assert_true(*(const bool *)place);
            if (row->kind == OPTION_TEXT) assert_ptr_equal(*(char *const *)place, value);
            if (row->kind == OPTION_LIST) assert_int_equal(list->count, 1);
            if (row->kind == OPTION_PAIR) assert_int_equal(list->count, 2);
            assert_int_equal(line.positional_count, all[c]->positional_min);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_an_option),
        cmocka_unit_test(a_pair_takes_two_words),
        cmocka_unit_test(one_of_few_words),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(wrong_words_are_quoted_with_a_fix),
        cmocka_unit_test(a_list_is_bounded),
        cmocka_unit_test(the_help_page_lines_up),
        cmocka_unit_test(every_table_keeps_the_contract),
        cmocka_unit_test(every_option_reaches_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
