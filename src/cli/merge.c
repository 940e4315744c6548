#include "cli/command.h"
#include "cli/options.h"
#include "cli/reading.h"
#include "report/report.h"
#include "run/pages.h"

#include "base/files.h"
#include "base/terminal.h"
#include "figures/results.h"
#include "record/manifest_print.h"
#include "record/merge.h"
#include "record/run_reader.h"
#include "record/shards.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX 15 /* the maximum number of positional arguments, less one for the new folder */

struct merge {
    bool json, quiet, share, no_color;
};

/* The folders of the runs; the caller frees each (text_free). */
static enum err_code find_runs(const struct command_line *line, struct text *folders,
                               const char **names, struct error *err)
{
    for (size_t i = 1; i < line->positional_count; i++) {
        enum err_code code = run_find(line->positional[i], &folders[i - 1], err);
        if (code != ERR_OK) return code;
        names[i - 1] = text_str(&folders[i - 1]);
    }
    return ERR_OK;
}

/* Writes totals, verdicts and pages of the merged folder, then prints the result. */
static enum err_code finish(const struct merge *command, const char *folder, cJSON *manifest,
                            const struct text *notes, int *status, struct error *err)
{
    struct text json = {0};
    struct results *results = NULL;
    char *bare = manifest_print(manifest, true);
    struct text content = {0};
    if (bare != NULL) text_puts(&content, bare);
    enum err_code code = bare == NULL ? error_set(err, ERR_NOMEM, "no memory for run.json")
                                      : pages_put(folder, "run.json", &content, err);
    if (code == ERR_OK) code = results_load(folder, NULL, 0, &results, err);
    if (code == ERR_OK) code = pages_write_manifest(folder, results, manifest, &json, err);
    if (code == ERR_OK) code = pages_write(folder, results, err);
    if (code == ERR_OK && notes->length > 0) (void)fprintf(stderr, "%s", text_str(notes));
    if (code == ERR_OK && command->json) {
        *status = print_out(text_str(&json));
    } else if (code == ERR_OK && !command->quiet) {
        struct text out = {0};
        results_text(results, terminal_takes_colour(STDOUT_FILENO, command->no_color), &out);
        text_printf(&out, "\nrun folder  %s\nreport      %s/report.html\n", folder, folder);
        *status = print_out(text_str(&out));
        text_free(&out);
    }
    if (code == ERR_OK && *status == 0 && !shards_whole(manifest)) *status = 4;
    results_free(results);
    text_free(&json);
    text_free(&content);
    cJSON_free(bare);
    return code;
}

static int merge(const struct merge *command, const struct command_line *line)
{
    struct error err = {0};
    struct text folders[RUNS_MAX] = {0};
    const char *names[RUNS_MAX];
    struct text notes = {0};
    cJSON *manifest = NULL;
    int status = 0;
    const char *folder = line->positional[0];
    enum err_code code = find_runs(line, folders, names, &err);
    if (code == ERR_OK)
        code = run_merge(folder, command->share, names, line->positional_count - 1, &manifest,
                         &notes, &err);
    if (code == ERR_OK) {
        code = finish(command, folder, manifest, &notes, &status, &err);
        if (code != ERR_OK) folder_remove(folder); /* whole or not at all */
    }
    cJSON_Delete(manifest);
    text_free(&notes);
    for (size_t i = 0; i < RUNS_MAX; i++) text_free(&folders[i]);
    return code == ERR_OK ? status : cli_complain(&err);
}

static const struct option_row options[] = {
    {"json", 0, OPTION_FLAG, NULL, "print the merged run.json", offsetof(struct merge, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing; the folder has everything",
     offsetof(struct merge, quiet)},
    {"share", 0, OPTION_FLAG, NULL,
     "let others read the merged folder (modes 0755 and 0644; else 0700 and 0600)",
     offsetof(struct merge, share)},
    OPTION_NO_COLOR(struct merge, no_color),
};

const struct command merge_command = {
    .name = "merge",
    .usage = "OUT RUN RUN... [options]",
    .purpose = "one run out of several of the same profile: shards of one load, or repetitions.\n"
               "Exact: counts and histograms add up, failures and attempts are kept one by one",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 2,
    .positional_max = RUNS_MAX + 1,
    .positional_names = "OUT RUN",
    .examples = "  rushhour merge results/all results/shard-1 results/shard-2\n"
                "  rushhour merge results/week results/monday results/tuesday "
                "results/wednesday --quiet\n",
    .exit_codes = "  0 merged   1 a run could not be read or does not fit the others   2 "
                  "wrong command line\n"
                  "  4 merged, but a shard is missing, or was killed, interrupted or stopped "
                  "before its end:\n"
                  "    the load is not the one that was asked for\n",
};

int command_merge(int argc, char **argv)
{
    struct merge command = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&merge_command, &command, &line, argc, argv, &status)) return status;
    reading_show(command.quiet);
    return merge(&command, &line);
}
