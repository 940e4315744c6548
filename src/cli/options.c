#include "cli/options.h"

#include "profile/suggest.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_NAME 40

static enum err_code unknown(const struct command *command, const char *word, size_t length,
                             struct error *err)
{
    char name[LONGEST_NAME + 1];
    (void)snprintf(name, sizeof name, "%.*s", (int)(length < LONGEST_NAME ? length : LONGEST_NAME),
                   word);
    struct suggestion near = suggest_start(name);
    for (size_t i = 0; i < command->option_count; i++)
        suggest_offer(&near, command->options[i].name);
    if (near.best == NULL) {
        return error_set(err, ERR_USAGE, "unknown option --%s; `rushhour %s --help` lists them all",
                         name, command->name);
    }
    return error_set(
        err, ERR_USAGE,
        "unknown option --%s; did you mean --%s? (`rushhour %s --help` lists them all)", name,
        near.best, command->name);
}

static enum err_code store(void *target, const struct option_row *row, const char *value,
                           struct error *err)
{
    void *place = (char *)target + row->offset;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return ERR_OK;
    case OPTION_TEXT:
        *(const char **)place = value;
        return ERR_OK;
    case OPTION_LIST:
    case OPTION_PAIR: {
        struct option_list *list = place;
        if (list->count == sizeof list->items / sizeof *list->items) {
            return error_set(err, ERR_USAGE, "--%s was given more than %zu times", row->name,
                             list->count);
        }
        list->items[list->count++] = value;
        return ERR_OK;
    }
    }
    return ERR_INTERNAL;
}

static const struct option_row *find(const struct command *command, const char *name, size_t length,
                                     char letter)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_row *row = &command->options[i];
        if (letter != 0 && row->letter == letter) return row;
        if (letter == 0 && strlen(row->name) == length && strncmp(row->name, name, length) == 0)
            return row;
    }
    return NULL;
}

/* The arguments of a command line while they are being read. */
struct words {
    const struct command *command;
    void *target;
    int argc, at;
    char **argv;
};

/* The two values of a pair: the first may follow "=". */
static enum err_code take_pair(struct words *words, const struct option_row *row,
                               const char *equals, struct error *err)
{
    const struct option_list *list = (const void *)((char *)words->target + row->offset);
    if (list->count > 0) return error_set(err, ERR_USAGE, "--%s was given twice", row->name);
    const char *pair[2] = {equals != NULL ? equals + 1 : NULL, NULL};
    for (size_t i = equals != NULL ? 1 : 0; i < 2; i++) {
        const char *word = words->at + 1 < words->argc ? words->argv[words->at + 1] : "--";
        if (strncmp(word, "--", 2) == 0)
            return error_set(err, ERR_USAGE, "--%s needs two values: --%s %s", row->name, row->name,
                             row->argument);
        words->at += 1;
        pair[i] = word;
    }
    enum err_code code = store(words->target, row, pair[0], err);
    return code == ERR_OK ? store(words->target, row, pair[1], err) : code;
}

/* An option with its value, if it takes one: after "=", or the next argument. */
static enum err_code take(struct words *words, const struct option_row *row, const char *equals,
                          struct error *err)
{
    if (row->kind == OPTION_FLAG) {
        if (equals != NULL) return error_set(err, ERR_USAGE, "--%s takes no value", row->name);
        return store(words->target, row, NULL, err);
    }
    if (row->kind == OPTION_PAIR) return take_pair(words, row, equals, err);
    if (equals != NULL) return store(words->target, row, equals + 1, err);
    if (words->at + 1 >= words->argc)
        return error_set(err, ERR_USAGE, "--%s needs a value: --%s %s", row->name, row->name,
                         row->argument);
    words->at += 1;
    return store(words->target, row, words->argv[words->at], err);
}

static enum err_code parse_option(struct words *words, struct error *err)
{
    const struct command *command = words->command;
    const char *word = words->argv[words->at];
    const bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    const char *name = word + (is_long ? 2 : 1);
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    if (!is_long && length != 1) {
        return error_set(err, ERR_USAGE, "unknown option %s; long options have two dashes: -%s",
                         word, word);
    }
    const struct option_row *row = find(command, name, length, is_long ? 0 : *name);
    if (row != NULL) return take(words, row, equals, err);
    if (is_long) return unknown(command, name, length, err);
    return error_set(err, ERR_USAGE, "unknown option %s; `rushhour %s --help` lists them all", word,
                     command->name);
}

static enum err_code take_positional(const struct command *command, struct command_line *out,
                                     const char *word, struct error *err)
{
    if (out->positional_count == command->positional_max) {
        return error_set(err, ERR_USAGE, "\"%s\" is one argument too many; usage: rushhour %s %s",
                         word, command->name, command->usage);
    }
    out->positional[out->positional_count++] = word;
    return ERR_OK;
}

enum err_code options_parse(const struct command *command, void *target, struct command_line *out,
                            int argc, char **argv, struct error *err)
{
    struct words words = {.command = command, .target = target, .argc = argc, .argv = argv};
    bool options_over = false;
    *out = (struct command_line){0};
    for (; words.at < argc; words.at++) {
        const char *word = argv[words.at];
        bool option = !options_over && word[0] == '-' && word[1] != '\0';
        enum err_code code = ERR_OK;
        if (option && strcmp(word, "--") == 0) {
            options_over = true;
        } else if (option && (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)) {
            out->help = true;
        } else {
            code = option ? parse_option(&words, err) : take_positional(command, out, word, err);
        }
        if (code != ERR_OK) return code;
    }
    if (out->help || out->positional_count >= command->positional_min) return ERR_OK;
    return error_set(err, ERR_USAGE, "%s is missing; usage: rushhour %s %s",
                     command->positional_names, command->name, command->usage);
}

enum err_code options_word(const char *name, const char *value, const char *const *words, int *out,
                           struct error *err)
{
    struct text known = {0};
    if (value == NULL) return ERR_OK;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            text_free(&known);
            *out = i;
            return ERR_OK;
        }
        const char *before = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        text_printf(&known, "%s%s", before, words[i]);
    }
    (void)error_set(err, ERR_USAGE, "--%s %s: write %s", name, value, text_str(&known));
    text_free(&known);
    return ERR_USAGE;
}

static void help_row(struct text *out, const struct option_row *row)
{
    char left[80];
    char letter[6] = "    ";
    if (row->letter != 0) (void)snprintf(letter, sizeof letter, "-%c, ", row->letter);
    (void)snprintf(left, sizeof left, "%s--%s%s%s", letter, row->name,
                   row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
    text_printf(out, "  %-34s", left);
    if (strlen(left) > 33) text_printf(out, "\n  %-34s", "");
    const char *help = row->help;
    for (const char *newline = strchr(help, '\n'); newline != NULL; newline = strchr(help, '\n')) {
        text_printf(out, "%.*s\n  %-34s", (int)(newline - help), help, "");
        help = newline + 1;
    }
    text_printf(out, "%s\n", help);
}

void options_help(const struct command *command, struct text *out)
{
    text_printf(out, "rushhour %s - %s\n\nusage: rushhour %s %s\n\noptions:\n", command->name,
                command->purpose, command->name, command->usage);
    for (size_t i = 0; i < command->option_count; i++) help_row(out, &command->options[i]);
    text_printf(out, "  %-34s%s\n", "-h, --help", "this page");
    text_printf(out, "\nexamples:\n%s\nexit codes:\n%s", command->examples, command->exit_codes);
}
