#include "cli/completion.h"

#include <string.h>

/* What a shell can offer where an argument goes. */
enum offer { OFFER_NOTHING, OFFER_WORDS, OFFER_FILES, OFFER_FOLDERS };

/* The name of an argument says what it takes: "text|json", "FILE", "DIR", "RUN". */
static enum offer offer_of(const char *argument)
{
    if (strchr(argument, '|') != NULL) return OFFER_WORDS;
    if (strcmp(argument, "FILE") == 0) return OFFER_FILES;
    if (strcmp(argument, "DIR") == 0 || strcmp(argument, "RUN") == 0) return OFFER_FOLDERS;
    return OFFER_NOTHING;
}

static bool takes_profile(const struct command *command)
{
    return strncmp(command->usage, "PROFILE", 7) == 0 || strncmp(command->usage, "[FILE]", 6) == 0;
}

static bool takes_run(const struct command *command)
{
    return command->positional_min > 0 && !takes_profile(command);
}

/* What help is given on: the commands, and more. */
static void put_topics(const struct command_entry *entries, size_t count,
                       const struct command *command, struct text *out)
{
    for (size_t i = 0; i < count; i++) text_printf(out, "%s ", entries[i].command->name);
    text_puts(out, command->topics);
}

/* "a|b" as "a b". */
static void put_words(struct text *out, const char *argument)
{
    for (const char *c = argument; *c != '\0'; c++) text_append(out, *c == '|' ? " " : c, 1);
}

/* A string inside single quotes, where `special` are escaped by a backslash and a quote by
 * `quote`. Line breaks become blanks. */
static void put_quoted(struct text *out, const char *string, const char *special, const char *quote)
{
    for (const char *c = string; *c != '\0'; c++) {
        if (*c == '\'') {
            text_puts(out, quote);
        } else if (*c == '\n') {
            text_puts(out, " ");
        } else {
            if (strchr(special, *c) != NULL) text_puts(out, "\\");
            text_append(out, c, 1);
        }
    }
}

/* ---- bash ---- */

static void bash_value(const struct command *command, const struct option_row *row,
                       struct text *out)
{
    text_printf(out, "    %s:--%s", command->name, row->name);
    if (row->letter != 0) text_printf(out, "|%s:-%c", command->name, row->letter);
    text_puts(out, ")");
    switch (offer_of(row->argument)) {
    case OFFER_WORDS:
        text_puts(out, " mapfile -t COMPREPLY < <(compgen -W '");
        put_words(out, row->argument);
        text_puts(out, "' -- \"$word\");");
        break;
    case OFFER_FILES:
        text_puts(out, " compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\");");
        break;
    case OFFER_FOLDERS:
        text_puts(out, " compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\");");
        break;
    case OFFER_NOTHING:
        break;
    }
    text_puts(out, " return ;;\n");
}

static void bash_command(const struct command_entry *entries, size_t count,
                         const struct command *command, struct text *out)
{
    text_printf(out, "    %s) options='--help", command->name);
    for (size_t i = 0; i < command->option_count; i++)
        text_printf(out, " --%s", command->options[i].name);
    if (command->topics != NULL) {
        text_puts(out, "' words='");
        put_topics(entries, count, command, out);
    }
    text_printf(out, "' kind=%s ;;\n",
                takes_profile(command) ? "-f"
                : takes_run(command)   ? "-d"
                                       : "");
}

/* What follows two of the topics. */
static void bash_topics(const struct command_entry *entries, size_t count,
                        const struct command *command, struct text *out)
{
    text_printf(out, "    %s:man) mapfile -t COMPREPLY < <(compgen -W '", command->name);
    for (size_t i = 0; i < count; i++) text_printf(out, "%s ", entries[i].command->name);
    text_printf(out,
                "' -- \"$word\"); return ;;\n"
                "    %s:completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "
                "\"$word\"); return ;;\n",
                command->name);
}

static void bash_script(const struct command_entry *entries, size_t count, struct text *out)
{
    text_puts(out, "# bash completion for rushhour: source it, or put it into\n"
                   "# ~/.local/share/bash-completion/completions/rushhour\n"
                   "_rushhour() {\n"
                   "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                   "    local options='' kind='' words=''\n"
                   "    COMPREPLY=()\n"
                   "    if [ \"$word\" = '=' ]; then\n"
                   "        word=''\n"
                   "    elif [ \"$before\" = '=' ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
                   "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
                   "    fi\n"
                   "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                   "        mapfile -t COMPREPLY < <(compgen -W '");
    for (size_t i = 0; i < count; i++) text_printf(out, "%s ", entries[i].command->name);
    text_puts(out, "--help --version' -- \"$word\")\n        return\n    fi\n"
                   "    case ${COMP_WORDS[1]}:$before in\n");
    for (size_t i = 0; i < count; i++) {
        const struct command *command = entries[i].command;
        for (size_t k = 0; k < command->option_count; k++) {
            if (command->options[k].argument != NULL)
                bash_value(command, &command->options[k], out);
        }
        if (command->topics != NULL) bash_topics(entries, count, command, out);
    }
    text_puts(out, "    esac\n    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < count; i++) bash_command(entries, count, entries[i].command, out);
    text_puts(out, "    esac\n"
                   "    if [[ $word == -* ]]; then\n"
                   "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
                   "    elif [ -n \"$words\" ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                   "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                   "    elif [ -n \"$kind\" ]; then\n"
                   "        compopt -o filenames\n"
                   "        mapfile -t COMPREPLY < <(compgen \"$kind\" -- \"$word\")\n"
                   "    fi\n"
                   "}\n"
                   "complete -F _rushhour rushhour\n");
}

/* ---- zsh ---- */

#define ZSH_SPECIAL "[]:\\"
#define ZSH_QUOTE "'\\''"

static void zsh_value(const char *argument, struct text *out)
{
    text_puts(out, ":");
    put_quoted(out, argument, ZSH_SPECIAL, "");
    switch (offer_of(argument)) {
    case OFFER_WORDS:
        text_puts(out, ":(");
        put_words(out, argument);
        text_puts(out, ")");
        break;
    case OFFER_FILES:
        text_puts(out, ":_files");
        break;
    case OFFER_FOLDERS:
        text_puts(out, ":_files -/");
        break;
    case OFFER_NOTHING:
        text_puts(out, ": ");
        break;
    }
}

static void zsh_option(const struct option_row *row, struct text *out)
{
    const bool value = row->kind == OPTION_TEXT || row->kind == OPTION_LIST;
    text_puts(out, "        ");
    if (row->kind == OPTION_LIST) text_puts(out, "'*'");
    if (row->letter != 0) {
        text_printf(out, "'(-%c --%s)'{-%c,--%s}", row->letter, row->name, row->letter, row->name);
        if (value) text_puts(out, "=");
    } else {
        text_printf(out, "--%s%s", row->name, value ? "=" : "");
    }
    text_puts(out, "'[");
    put_quoted(out, row->help, ZSH_SPECIAL, ZSH_QUOTE);
    text_puts(out, "]");
    if (row->kind == OPTION_PAIR) {
        text_puts(out, ":first: :second: ");
    } else if (row->argument != NULL) {
        zsh_value(row->argument, out);
    }
    text_puts(out, "' \\\n");
}

static void zsh_script(const struct command_entry *entries, size_t count, struct text *out)
{
    text_puts(out, "#compdef rushhour\n"
                   "# zsh completion for rushhour: put it as _rushhour into a folder of $fpath\n"
                   "_rushhour() {\n"
                   "    local -a commands\n    commands=(\n");
    for (size_t i = 0; i < count; i++) {
        text_printf(out, "        '%s:", entries[i].command->name);
        put_quoted(out, entries[i].summary, ":\\", ZSH_QUOTE);
        text_puts(out, "'\n");
    }
    text_puts(out, "    )\n"
                   "    if (( CURRENT == 2 )); then\n"
                   "        _describe command commands\n        return\n    fi\n"
                   "    shift words\n    (( CURRENT-- ))\n"
                   "    case $words[1] in\n");
    for (size_t i = 0; i < count; i++) {
        const struct command *command = entries[i].command;
        text_printf(out, "    %s)\n        _arguments -S \\\n", command->name);
        for (size_t k = 0; k < command->option_count; k++) zsh_option(&command->options[k], out);
        text_puts(out, "        '(-h --help)'{-h,--help}'[print the options]' \\\n");
        if (command->topics != NULL) {
            text_puts(out, "        '1:topic:(");
            put_topics(entries, count, command, out);
            text_puts(out, ")' \\\n");
        }
        text_printf(out, "        '*:%s' ;;\n",
                    takes_profile(command) ? "profile:_files"
                    : takes_run(command)   ? "run folder:_files -/"
                                           : "name: ");
    }
    text_puts(out, "    esac\n}\n_rushhour \"$@\"\n");
}

/* ---- fish ---- */

static void fish_when(const struct command *command, struct text *out)
{
    text_printf(out, "complete -c rushhour -n '__fish_seen_subcommand_from %s'", command->name);
}

static void fish_option(const struct command *command, const struct option_row *row,
                        struct text *out)
{
    fish_when(command, out);
    text_printf(out, " -l %s", row->name);
    if (row->letter != 0) text_printf(out, " -s %c", row->letter);
    if (row->argument != NULL) {
        switch (offer_of(row->argument)) {
        case OFFER_WORDS:
            text_puts(out, " -x -a '");
            put_words(out, row->argument);
            text_puts(out, "'");
            break;
        case OFFER_FILES:
            text_puts(out, " -r -F");
            break;
        case OFFER_FOLDERS:
            text_puts(out, " -x -a '(__fish_complete_directories)'");
            break;
        case OFFER_NOTHING:
            text_puts(out, " -x");
            break;
        }
    }
    text_puts(out, " -d '");
    put_quoted(out, row->help, "\\", "\\'");
    text_puts(out, "'\n");
}

static void fish_script(const struct command_entry *entries, size_t count, struct text *out)
{
    text_puts(out, "# fish completion for rushhour: put it into\n"
                   "# ~/.config/fish/completions/rushhour.fish\n"
                   "complete -c rushhour -f\n"
                   "complete -c rushhour -n __fish_use_subcommand -l version -d 'name the build'\n"
                   "complete -c rushhour -s h -l help -d 'print the options'\n");
    for (size_t i = 0; i < count; i++) {
        const struct command *command = entries[i].command;
        text_printf(out, "complete -c rushhour -n __fish_use_subcommand -a %s -d '", command->name);
        put_quoted(out, entries[i].summary, "\\", "\\'");
        text_puts(out, "'\n");
        if (takes_profile(command)) {
            fish_when(command, out);
            text_puts(out, " -F\n");
        } else if (takes_run(command)) {
            fish_when(command, out);
            text_puts(out, " -a '(__fish_complete_directories)'\n");
        } else if (command->topics != NULL) {
            fish_when(command, out);
            text_puts(out, " -a '");
            put_topics(entries, count, command, out);
            text_puts(out, "'\n");
        }
        for (size_t k = 0; k < command->option_count; k++)
            fish_option(command, &command->options[k], out);
    }
}

bool completion_script(const char *shell, const struct command_entry *entries, size_t count,
                       struct text *out)
{
    static const struct {
        const char *name;
        void (*write)(const struct command_entry *entries, size_t count, struct text *out);
    } shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].name, shell) != 0) continue;
        shells[i].write(entries, count, out);
        return true;
    }
    return false;
}
