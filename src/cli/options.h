/* Command lines as tables: one row defines the parser, the check and the line in --help. */
#ifndef RUSHHOUR_CLI_OPTIONS_H
#define RUSHHOUR_CLI_OPTIONS_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_FLAG, /* a bool */
    OPTION_TEXT, /* a const char *: the last one wins */
    OPTION_LIST, /* a struct option_list: all are kept */
    OPTION_PAIR  /* a struct option_list of two: takes two arguments */
};

#define OPTION_LIST_MOST 64

struct option_list {
    const char *items[OPTION_LIST_MOST];
    size_t count;
};

struct option_row {
    const char *name; /* without the dashes */
    char letter;      /* 0 if none */
    enum option_kind kind;
    const char *argument; /* its argument in the help: "DIR", for a pair "A B"; NULL for flags */
    const char *help;     /* including units and default */
    size_t offset;        /* member of the command's struct: a bool, a const char * or a struct
                             option_list */
};

/* Rows that several commands have; `member` is in the command's struct. */
#define OPTION_NO_COLOR(type, member)                                                              \
    {                                                                                              \
        "no-color", 0, OPTION_FLAG, NULL, "no colour (also: NO_COLOR in the environment)",         \
            offsetof(type, member)                                                                 \
    }
#define OPTION_REGION(type, member)                                                                \
    {                                                                                              \
        "region", 0, OPTION_LIST, "NAME", "only this region of the profile; may be repeated",      \
            offsetof(type, member)                                                                 \
    }
#define OPTION_CONNECT_TO(type, member)                                                            \
    {                                                                                              \
        "connect-to", 0, OPTION_LIST, "HOST:PORT=ADDR:PORT",                                       \
            "reach a host at another (numeric) address; may be repeated", offsetof(type, member)   \
    }

struct command {
    const char *name;    /* "run" */
    const char *usage;   /* "PROFILE [options]" */
    const char *purpose; /* one or two sentences */
    const struct option_row *options;
    size_t option_count;
    size_t positional_min, positional_max; /* at most POSITIONALS_MOST */
    const char *topics; /* what the first argument may be beside a command, "a b"; or NULL */
    const char *positional_names; /* for the message if one is missing */
    const char *examples;         /* at least two lines */
    const char *exit_codes;
};

#define POSITIONALS_MOST 16

/* A parsed command line; the strings are argv's. */
struct command_line {
    const char *positional[POSITIONALS_MOST];
    size_t positional_count;
    bool help; /* -h or --help was given */
};

/*
 * Parses argv (without the names of program and command) into the command's own struct at `target`,
 * which must be zero-initialised. ERR_USAGE quotes the argument, suggests the nearest option and
 * says how to get help. Accepts `-x VALUE`, `--name VALUE` and `--name=VALUE`, for a pair `--name A
 * B` and `--name=A B`; `--` ends options.
 */
MUST_USE enum err_code options_parse(const struct command *command, void *target,
                                     struct command_line *out, int argc, char **argv,
                                     struct error *err);

/*
 * The value of an option that takes one of a few words (NULL-terminated), as an index in *out,
 * which is left alone if the option was not given (value NULL). ERR_USAGE names the option and all
 * words.
 */
MUST_USE enum err_code options_word(const char *name, const char *value, const char *const *words,
                                    int *out, struct error *err);

/* Appends the help page of a command. */
void options_help(const struct command *command, struct text *out);

#endif
