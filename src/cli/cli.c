#include "cli/command.h"

#include "base/crypto.h"
#include "net/library.h"
#include "profile/profile.h"
#include "profile/suggest.h"
#include "run/version.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", command_run,
     "drive the load of a profile, show it live, write a run folder, judge thresholds"},
    {"check", command_check,
     "a preflight of every region, step by step: a cause and a fix for each failure"},
    {"report", command_report, "tables and pages from a run folder, regrouped by any window"},
    {"compare", command_compare, "is one run, region or time of day worse than another?"},
    {"merge", command_merge, "one run out of several: shards of one load, or repetitions"},
    {"plan", command_plan, "what a load will do and cost, and what a decision needs"},
    {"evidence", command_evidence,
     "a redacted package for a support ticket: the request, the records, what was excluded"},
    {"simulate", command_simulate, "the simulator alone, for other clients"},
    {"help", command_help,
     "help on a command; `help profile`: every key of a profile; `help schema`: as JSON Schema"},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static int print_version(void)
{
    struct library_version libraries[LIBRARY_COUNT];
    struct text out = {0};
    library_versions(libraries);
    text_printf(&out, "rushhour %s (%s)\n", RUSHHOUR_VERSION, RUSHHOUR_COMMIT);
    for (size_t i = 0; i < LIBRARY_COUNT; i++)
        text_printf(&out, "%s %s\n", libraries[i].name, libraries[i].version);
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static int print_overview(void)
{
    struct text out = {0};
    text_puts(&out, "rushhour - how often does a realtime model API fail, where, and when\n\n"
                    "usage: rushhour COMMAND [arguments]\n\ncommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        text_printf(&out, "  %-10s%s\n", commands[i].name, commands[i].summary);
    text_puts(&out, "\n`rushhour COMMAND --help` says more; `rushhour --version` names the build.\n"
                    "Try it without an account: rushhour run profiles/demo.json --simulate\n");
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

int command_help(int argc, char **argv)
{
    if (argc == 0) return print_overview();
    bool schema = strcmp(argv[0], "schema") == 0;
    if (schema || strcmp(argv[0], "profile") == 0) {
        struct text out = {0};
        (schema ? profile_schema : profile_help)(&out);
        int status = print_out(text_str(&out));
        text_free(&out);
        return status;
    }
    char help[] = "--help";
    char *line[] = {argv[0], argv[0], help, NULL};
    return cli_main(3, line);
}

/* What the libraries cannot allocate is noted as what our own code cannot (base/memory.h). */
static void note_memory(void)
{
    cJSON_Hooks hooks = {.malloc_fn = malloc, .free_fn = free};
    cJSON_InitHooks(&hooks);
    crypto_note_memory();
    net_note_memory();
}

int cli_main(int argc, char **argv)
{
    note_memory();
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error of that write alone */
    if (argc < 2) {
        (void)fprintf(stderr, "rushhour: no command given; `rushhour --help` lists them\n");
        return 2;
    }
    const char *word = argv[1];
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) return print_overview();
    if (strcmp(word, "--version") == 0) return print_version();
    struct suggestion near = suggest_start(word);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, commands[i].name) == 0) return commands[i].run(argc - 2, argv + 2);
        suggest_offer(&near, commands[i].name);
    }
    (void)fprintf(stderr, "rushhour: unknown command \"%s\"%s%s%s; `rushhour --help` lists them\n",
                  word, near.best != NULL ? "; did you mean `rushhour " : "",
                  near.best != NULL ? near.best : "", near.best != NULL ? "`?" : "");
    return 2;
}
