#include "cli/options.h"

#include "profile/suggest.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_NAME 40

static enum err_code unknown(const struct command_line *line, const char *word, size_t length,
                             struct error *err)
{
    char name[LONGEST_NAME + 1];
    (void)snprintf(name, sizeof name, "%.*s", (int)(length < LONGEST_NAME ? length : LONGEST_NAME),
                   word);
    struct suggestion near = suggest_start(name);
    for (size_t i = 0; i < line->option_count; i++) suggest_offer(&near, line->options[i].name);
    if (near.best == NULL) {
        return error_set(err, ERR_USAGE, "unknown option --%s; `rushhour %s --help` lists them all",
                         name, line->command);
    }
    return error_set(
        err, ERR_USAGE,
        "unknown option --%s; did you mean --%s? (`rushhour %s --help` lists them all)", name,
        near.best, line->command);
}

static enum err_code store(const struct option_row *row, const char *value, struct error *err)
{
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->target = true;
        return ERR_OK;
    case OPTION_TEXT:
        *(const char **)row->target = value;
        return ERR_OK;
    case OPTION_LIST: {
        struct option_list *list = row->target;
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

static const struct option_row *find(const struct command_line *line, const char *name,
                                     size_t length, char letter)
{
    for (size_t i = 0; i < line->option_count; i++) {
        const struct option_row *row = &line->options[i];
        if (letter != 0 && row->letter == letter) return row;
        if (letter == 0 && strlen(row->name) == length && strncmp(row->name, name, length) == 0)
            return row;
    }
    return NULL;
}

/* One option at argv[*at]; moves *at past its value. */
static enum err_code parse_option(struct command_line *line, int argc, char **argv, int *at,
                                  struct error *err)
{
    const char *word = argv[*at];
    const bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    const char *name = word + (is_long ? 2 : 1);
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        line->help = true;
        return ERR_OK;
    }
    if (!is_long && length != 1) {
        return error_set(err, ERR_USAGE, "unknown option %s; long options have two dashes: -%s",
                         word, word);
    }
    const struct option_row *row = find(line, name, length, is_long ? 0 : *name);
    if (row == NULL && !is_long) {
        return error_set(err, ERR_USAGE, "unknown option %s; `rushhour %s --help` lists them all",
                         word, line->command);
    }
    if (row == NULL) return unknown(line, name, length, err);
    if (row->kind == OPTION_FLAG) {
        if (equals != NULL) return error_set(err, ERR_USAGE, "--%s takes no value", row->name);
        return store(row, NULL, err);
    }
    if (equals != NULL) return store(row, equals + 1, err);
    if (*at + 1 >= argc)
        return error_set(err, ERR_USAGE, "--%s needs a value: --%s %s", row->name, row->name,
                         row->argument);
    *at += 1;
    return store(row, argv[*at], err);
}

enum err_code options_parse(struct command_line *line, int argc, char **argv, struct error *err)
{
    bool options_over = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!options_over && strcmp(word, "--") == 0) {
            options_over = true;
        } else if (!options_over && word[0] == '-' && word[1] != '\0') {
            enum err_code code = parse_option(line, argc, argv, &i, err);
            if (code != ERR_OK) return code;
        } else if (line->positional_count == line->positional_max) {
            return error_set(err, ERR_USAGE,
                             "\"%s\" is one argument too many; usage: rushhour %s %s", word,
                             line->command, line->usage);
        } else {
            line->positional[line->positional_count++] = word;
        }
    }
    if (line->help || line->positional_count >= line->positional_min) return ERR_OK;
    return error_set(err, ERR_USAGE, "%s is missing; usage: rushhour %s %s", line->positional_names,
                     line->command, line->usage);
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

void options_help(const struct command_line *line, struct text *out)
{
    text_printf(out, "rushhour %s - %s\n\nusage: rushhour %s %s\n\noptions:\n", line->command,
                line->purpose, line->command, line->usage);
    for (size_t i = 0; i < line->option_count; i++) help_row(out, &line->options[i]);
    text_printf(out, "  %-34s%s\n", "-h, --help", "this page");
    text_printf(out, "\nexamples:\n%s\nexit codes:\n%s", line->examples, line->exit_codes);
}
