#include "cli/manual.h"

#include "profile/profile.h"

#include <string.h>

/* Text that troff takes as it is: no escapes, hyphens that can be copied, no control lines. */
static void put(struct text *out, const char *string, size_t length)
{
    bool starts = out->length == 0 || out->data[out->length - 1] == '\n';
    for (size_t i = 0; i < length; i++) {
        const char c = string[i];
        if (starts && (c == '.' || c == '\'')) text_puts(out, "\\&");
        starts = c == '\n';
        if (c == '\\') {
            text_puts(out, "\\e");
        } else if (c == '-') {
            text_puts(out, "\\-");
        } else {
            text_append(out, &string[i], 1);
        }
    }
}

static void puts_plain(struct text *out, const char *string)
{
    put(out, string, strlen(string));
}

/* A run of lines that are laid out by hand. */
static void put_lines(struct text *out, const char *title, const char *lines)
{
    text_printf(out, ".SH %s\n.nf\n", title);
    puts_plain(out, lines);
    if (out->length > 0 && out->data[out->length - 1] != '\n') text_puts(out, "\n");
    text_puts(out, ".fi\n");
}

static void put_header(struct text *out, const char *name, int section)
{
    text_printf(out, ".TH \"%s\" \"%d\" \"\" \"rushhour %s\" \"rushhour\"\n.SH NAME\n", name,
                section, RUSHHOUR_VERSION);
}

static void put_option(struct text *out, const char *name, char letter, const char *argument,
                       const char *help)
{
    text_puts(out, ".TP\n");
    if (letter != 0) text_printf(out, "\\fB\\-%c\\fR, ", letter);
    text_puts(out, "\\fB\\-\\-");
    puts_plain(out, name);
    text_puts(out, "\\fR");
    if (argument != NULL) {
        text_puts(out, " \\fI");
        puts_plain(out, argument);
        text_puts(out, "\\fR");
    }
    text_puts(out, "\n");
    puts_plain(out, help);
    text_puts(out, "\n");
}

/* The first line of a purpose is what the command is. */
static void put_purpose(struct text *out, const struct command *command)
{
    const size_t first = strcspn(command->purpose, "\n");
    text_puts(out, "rushhour\\-");
    puts_plain(out, command->name);
    text_puts(out, " \\- ");
    put(out, command->purpose, first);
    text_puts(out, "\n.SH SYNOPSIS\n.B rushhour ");
    puts_plain(out, command->name);
    text_puts(out, "\n");
    puts_plain(out, command->usage);
    text_puts(out, "\n");
    if (command->purpose[first] == '\0') return;
    text_puts(out, ".SH DESCRIPTION\n");
    puts_plain(out, command->purpose + first + 1);
    text_puts(out, ".\n");
}

void manual_command(const struct command *command, struct text *out)
{
    struct text name = {0};
    text_printf(&name, "rushhour-%s", command->name);
    put_header(out, text_str(&name), 1);
    out->failed = out->failed || name.failed;
    text_free(&name);
    put_purpose(out, command);
    text_puts(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_row *row = &command->options[i];
        put_option(out, row->name, row->letter, row->argument, row->help);
    }
    put_option(out, "help", 'h', NULL, "print these options");
    put_lines(out, "EXAMPLES", command->examples);
    put_lines(out, "EXIT STATUS", command->exit_codes);
    text_puts(out, ".SH SEE ALSO\n.BR rushhour (1),\n.BR rushhour\\-profile (5)\n");
}

void manual_overview(const struct command_entry *entries, size_t count, struct text *out)
{
    put_header(out, "rushhour", 1);
    text_puts(out, "rushhour \\- how often does a realtime model API fail, where, and when\n"
                   ".SH SYNOPSIS\n.B rushhour\n.I COMMAND\n[arguments]\n.SH COMMANDS\n");
    for (size_t i = 0; i < count; i++) {
        text_puts(out, ".TP\n\\fB");
        puts_plain(out, entries[i].command->name);
        text_puts(out, "\\fR\n");
        puts_plain(out, entries[i].summary);
        text_puts(out, "\n");
    }
    text_puts(out, ".SH SEE ALSO\n");
    for (size_t i = 0; i < count; i++) {
        text_puts(out, ".BR rushhour\\-");
        puts_plain(out, entries[i].command->name);
        text_puts(out, " (1),\n");
    }
    text_puts(out, ".BR rushhour\\-profile (5)\n");
}

void manual_profile(struct text *out)
{
    struct text keys = {0};
    profile_help(&keys);
    put_header(out, "rushhour-profile", 5);
    text_puts(out, "rushhour\\-profile \\- the file that says what rushhour does: regions, load, "
                   "retries, thresholds\n");
    put_lines(out, "KEYS", text_str(&keys));
    text_puts(out, ".SH SEE ALSO\n.BR rushhour (1)\n");
    out->failed = out->failed || keys.failed;
    text_free(&keys);
}
