#include "cli/command.h"
#include "cli/options.h"
#include "cli/reading.h"

#include "package/package.h"
#include "record/run_reader.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct evidence {
    struct option_list regions, service_health, azure_metrics;
    const char *window, *output, *check, *fill, *capacity;
    bool no_check, json, quiet, no_color;
};

/* Beside the run's folder, so that the folder itself stays as the run left it. */
static void place(const struct evidence *evidence, const char *folder, struct text *out)
{
    text_puts(out, evidence->output != NULL ? evidence->output : folder);
    while (out->length > 1 && out->data[out->length - 1] == '/') out->data[--out->length] = '\0';
    if (evidence->output == NULL) text_puts(out, "-evidence");
}

static int deliver(const struct evidence *evidence, const struct package_made *made)
{
    if (evidence->check == NULL && !evidence->no_check && !evidence->quiet) {
        (void)fputs("rushhour: no preflight result is attached: `rushhour check PROFILE --json > "
                    "check.json`, then "
                    "--check check.json (--no-check: leave it out without this hint)\n",
                    stderr);
    }
    if (evidence->json) return print_out(text_str(&made->json));
    return evidence->quiet ? 0 : print_out(text_str(&made->summary));
}

static enum err_code make(const struct evidence *evidence, const struct command_line *line,
                          const struct window *window, struct package_made *made, struct error *err)
{
    struct text folders[POSITIONALS_MOST] = {0};
    const char *runs[POSITIONALS_MOST] = {0};
    struct text output = {0};
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < line->positional_count; i++) {
        code = run_find(line->positional[i], &folders[i], err);
        runs[i] = text_str(&folders[i]);
    }
    if (code == ERR_OK) {
        place(evidence, runs[0], &output);
        const struct package_request request = {.runs = runs,
                                                .run_count = line->positional_count,
                                                .regions = evidence->regions.items,
                                                .region_count = evidence->regions.count,
                                                .window = window,
                                                .output = text_str(&output),
                                                .check_file = evidence->check,
                                                .fill_file = evidence->fill,
                                                .capacity_file = evidence->capacity,
                                                .azure = {
                                                    .health = evidence->service_health.items,
                                                    .health_count = evidence->service_health.count,
                                                    .metrics = evidence->azure_metrics.items,
                                                    .metrics_count = evidence->azure_metrics.count,
                                                }};
        code = output.failed ? error_set(err, ERR_NOMEM, "no memory to place the package")
                             : package_make(&request, made, err);
    }
    for (size_t i = 0; i < POSITIONALS_MOST; i++) text_free(&folders[i]);
    text_free(&output);
    return code;
}

static int evidence_run(const struct evidence *evidence, const struct command_line *line)
{
    struct error err = {0};
    struct window window = {0};
    struct package_made made = {0};
    enum err_code code = ERR_OK;
    int status = 0;
    if (evidence->check != NULL && evidence->no_check)
        code = error_set(&err, ERR_USAGE, "--check and --no-check: give one of them");
    if (evidence->output != NULL && strspn(evidence->output, "/.") == strlen(evidence->output))
        code = error_set(&err, ERR_USAGE, "-o %s: name a folder that does not exist yet",
                         evidence->output);
    if (code == ERR_OK && evidence->window != NULL) {
        code = window_parse(evidence->window, &window, &err);
        if (code != ERR_OK) code = error_prefix(&err, "--window");
    }
    if (code == ERR_OK)
        code = make(evidence, line, evidence->window == NULL ? NULL : &window, &made, &err);
    if (code == ERR_OK) status = deliver(evidence, &made);
    package_made_free(&made);
    window_free(&window);
    return code == ERR_OK ? status : cli_complain(&err);
}

static const struct option_row options[] = {
    {"region", 0, OPTION_LIST, "NAME",
     "what the evidence is about; may be repeated. The other regions stay in\nthe comparison "
     "only. "
     "Default: "
     "the region that failed most, with all of\nthem in failures.csv",
     offsetof(struct evidence, regions)},
    {"window", 0, OPTION_TEXT, "SPEC",
     "a time of day (peak=07:00-09:00@America/Los_Angeles,mon-fri): only it is\ncounted, all "
     "other times "
     "are "
     "the control; a width (1h): windows.csv is\ngrouped by it. Default: the whole run, by the "
     "profile's "
     "windows",
     offsetof(struct evidence, window)},
    {"output", 'o', OPTION_TEXT, "DIR",
     "the package's folder, beside which DIR.tar.gz is put; neither may exist\nyet. Default: "
     "the run's "
     "folder "
     "with -evidence behind it",
     offsetof(struct evidence, output)},
    {"fill", 0, OPTION_TEXT, "FILE",
     "fill in the blanks, so that the archive holds them: lines \"NAME: VALUE\", as\n"
     "\"subscription id: 1111...\"; the summary lists the names",
     offsetof(struct evidence, fill)},
    {"capacity", 0, OPTION_TEXT, "FILE",
     "ask for the quota that a load takes, and say what was measured: capacity.json of\n`rushhour "
     "capacity PROFILE --target '500 sessions'`",
     offsetof(struct evidence, capacity)},
    {"check", 0, OPTION_TEXT, "FILE", "attach what `rushhour check PROFILE --json` printed",
     offsetof(struct evidence, check)},
    {"no-check", 0, OPTION_FLAG, NULL,
     "attach no preflight result, without a hint on how to make one",
     offsetof(struct evidence, no_check)},
    {"service-health", 0, OPTION_LIST, "REGION=FILE",
     "service health events, laid beside that region: what `az rest --url .../\nproviders/"
     "Microsoft.ResourceHealth/events?api-version=2022-10-01` printed; may be\nrepeated. FILE "
     "alone "
     "if the run has only one region",
     offsetof(struct evidence, service_health)},
    {"azure-metrics", 0, OPTION_LIST, "REGION=FILE",
     "the same with metrics of the region's resource: what `az monitor metrics\nlist --resource ID "
     "--metric NAME --interval PT1M -o json` printed",
     offsetof(struct evidence, azure_metrics)},
    {"json", 0, OPTION_FLAG, NULL, "print what was made, and all findings, as one JSON object",
     offsetof(struct evidence, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing", offsetof(struct evidence, quiet)},
    {"no-color", 0, OPTION_FLAG, NULL, "accepted for the sake of scripts: nothing is coloured",
     offsetof(struct evidence, no_color)},
};

const struct command evidence_command = {
    .name = "evidence",
    .usage = "RUN [RUN...] [options]",
    .purpose = "a package for a support ticket: the request's text, the records, what was "
               "excluded and "
               "how, what worked meanwhile.\n" RUN_HELP
               ".\nSeveral runs of one profile, of several hosts or days, go into one package. "
               "Everything is\nlooked through for keys, tokens, prompts and audio; if one is "
               "found, nothing is made.\nBlanks that only you can fill in are marked",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = POSITIONALS_MOST,
    .positional_names = "RUN",
    .examples =
        "  rushhour evidence latest --region eastus2 --check check.json\n"
        "  rushhour evidence results/host-1 results/host-2 --fill blanks.txt -o ticket-4711\n"
        "  rushhour evidence latest --window 'peak=07:00-09:00@America/Los_Angeles' -o "
        "ticket-4711\n",
    .exit_codes = "  0 made   1 could not be made, or holds a secret   2 wrong command line\n",
};

int command_evidence(int argc, char **argv)
{
    struct evidence evidence = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&evidence_command, &evidence, &line, argc, argv, &status)) return status;
    reading_show(evidence.quiet);
    return evidence_run(&evidence, &line);
}
