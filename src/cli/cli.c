#include "cli/command.h"

#include "base/crypto.h"
#include "base/files.h"
#include "cli/completion.h"
#include "cli/manual.h"
#include "net/library.h"
#include "profile/profile.h"
#include "profile/suggest.h"
#include "run/version.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELP_USAGE "[COMMAND | profile | schema | man [COMMAND] | completion bash|zsh|fish]"

const struct command help_command = {
    .name = "help",
    .usage = HELP_USAGE,
    .purpose = "says how to use a command, and writes its manual page.\n"
               "`help profile` explains every key of a profile, `help schema` is the same as JSON "
               "Schema\nfor an editor; `help man` is a manual page, `help completion` what a shell "
               "offers while\na command line is typed",
    .positional_max = 2,
    .topics = "profile schema man completion",
    .positional_names = "a topic",
    .examples = "  rushhour help run\n"
                "  rushhour help profile | less\n"
                "  rushhour help man run | man -l -\n"
                "  source <(rushhour help completion bash)\n",
    .exit_codes = "  0 printed   2 no such topic\n",
};

static const struct command_entry commands[] = {
    {&run_command, command_run,
     "drive the load of a profile, show it live, write a run folder, judge thresholds"},
    {&check_command, command_check,
     "a preflight of every region, step by step: a cause and a fix for each failure"},
    {&report_command, command_report,
     "tables and pages from a run folder, regrouped by any window"},
    {&compare_command, command_compare, "is one run, region or time of day worse than another?"},
    {&recover_command, command_recover,
     "is the incident over? recovered, not yet, relapsed or too early, with the ticket's note"},
    {&merge_command, command_merge, "one run out of several: shards of one load, or repetitions"},
    {&plan_command, command_plan, "what a load will do and cost, and what a decision needs"},
    {&capacity_command, command_capacity,
     "the highest load per region that meets objectives, as a bracket with a confidence"},
    {&evidence_command, command_evidence,
     "a redacted package for a support ticket: the request, the records, what was excluded"},
    {&prune_command, command_prune, "remove old run folders, never what somebody still needs"},
    {&simulate_command, command_simulate, "the simulator alone, for other clients"},
    {&init_command, command_init, "a commented starter profile, from the environment if you like"},
    {&help_command, command_help,
     "help on a command; `help profile`: every key of a profile; `help schema`: as JSON Schema"},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static const char *program = "rushhour";

const char *cli_program(void)
{
    return program;
}

static const struct command_entry *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].command->name, name) == 0) return &commands[i];
    }
    return NULL;
}

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

/* Where the demo is: of a checkout in this folder, else of the installation that this program
 * belongs to. */
static void put_demo(struct text *out)
{
    static const char demo[] = "profiles/demo.json";
    char path[PATH_MAX];
    const ssize_t length = file_exists(demo) ? -1 : readlink("/proc/self/exe", path, sizeof path);
    struct text installed = {0};
    for (ssize_t end = length, parts = 0; end > 0; end--) {
        if (path[end - 1] != '/' || ++parts < 2) continue; /* PREFIX/ of PREFIX/bin/rushhour */
        text_append(&installed, path, (size_t)end);
        break;
    }
    text_puts(&installed, "share/rushhour/");
    text_puts(&installed, demo);
    text_puts(out, file_exists(text_str(&installed)) ? text_str(&installed) : demo);
    text_free(&installed);
}

static void put_overview(struct text *out)
{
    text_puts(out, "rushhour - how often does a realtime model API fail, where, and when\n\n"
                   "usage: rushhour COMMAND [arguments]\n\ncommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        text_printf(out, "  %-10s%s\n", commands[i].command->name, commands[i].summary);
    text_puts(out,
              "\n`rushhour COMMAND --help` says more; `rushhour --version` names the build.\n");
    text_printf(out, "\nWithout an account:  %s run ", program);
    put_demo(out);
    text_puts(out, " --simulate\n");
    text_printf(out, "Your own regions:    %s init my.json, then check my.json, then run my.json\n",
                program);
}

static int print_overview(void)
{
    struct text out = {0};
    put_overview(&out);
    int status = print_out(text_str(&out));
    text_free(&out);
    return status;
}

static int no_command(void)
{
    struct text out = {0};
    put_overview(&out);
    (void)fprintf(stderr, "rushhour: no command given\n\n%s", text_str(&out));
    text_free(&out);
    return 2;
}

static int complain_of(const char *what, const char *word)
{
    struct error err = {0};
    (void)error_set(&err, ERR_USAGE, "%s \"%.40s\"; usage: rushhour help %s", what, word,
                    HELP_USAGE);
    return cli_complain(&err);
}

/* The page of a command, of the profile, or without a name of the program. */
static int help_man(const char *name, struct text *out)
{
    if (name == NULL) {
        manual_overview(commands, COMMAND_COUNT, out);
    } else if (strcmp(name, "profile") == 0) {
        manual_profile(out);
    } else {
        const struct command_entry *entry = find(name);
        if (entry == NULL) return complain_of("no manual page of", name);
        manual_command(entry->command, out);
    }
    return 0;
}

static int help_completion(const char *shell, struct text *out)
{
    if (shell == NULL || !completion_script(shell, commands, COMMAND_COUNT, out))
        return complain_of("no completion for the shell", shell == NULL ? "" : shell);
    return 0;
}

static int help_on(const char *topic)
{
    char help[] = "--help";
    char name[64];
    text_copy(name, sizeof name, topic);
    char *line[] = {name, name, help, NULL};
    return cli_main(3, line);
}

int command_help(int argc, char **argv)
{
    struct command_line line;
    struct text out = {0};
    char target; /* there are no options */
    int status;
    if (!cli_begin(&help_command, &target, &line, argc, argv, &status)) return status;
    const char *topic = line.positional[0];
    const char *name = line.positional[1];
    if (topic == NULL || strcmp(topic, "help") == 0) return print_overview();
    if (strcmp(topic, "man") == 0) {
        status = help_man(name, &out);
    } else if (strcmp(topic, "completion") == 0) {
        status = help_completion(name, &out);
    } else if (name != NULL) {
        status = complain_of("one topic too many:", name);
    } else if (strcmp(topic, "schema") == 0) {
        profile_schema(&out);
    } else if (strcmp(topic, "profile") == 0) {
        profile_help(&out);
    } else {
        return help_on(topic);
    }
    if (status == 0) status = print_out(text_str(&out));
    text_free(&out);
    return status;
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
    if (argc > 0 && strchr(argv[0], '/') != NULL) program = argv[0];
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error of that write alone */
    if (argc < 2) return no_command();
    const char *word = argv[1];
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) return print_overview();
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 || strcmp(word, "version") == 0)
        return print_version();
    const struct command_entry *entry = find(word);
    if (entry != NULL) return entry->run(argc - 2, argv + 2);
    struct suggestion near = suggest_start(word);
    for (size_t i = 0; i < COMMAND_COUNT; i++) suggest_offer(&near, commands[i].command->name);
    (void)fprintf(stderr, "rushhour: unknown command \"%s\"; ", word);
    if (near.best != NULL) (void)fprintf(stderr, "did you mean `rushhour %s`? (", near.best);
    (void)fprintf(stderr, "`rushhour --help` lists them%s\n", near.best != NULL ? " all)" : "");
    return 2;
}
