#include "report/report.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/reading.h"
#include "cli/run.h"
#include "cli/run_flags.h"
#include "page/page.h"
#include "report/gate.h"
#include "run/notify.h"
#include "run/pages.h"
#include "run/recent.h"

#include "base/files.h"
#include "base/terminal.h"
#include "base/units.h"
#include "figures/azure.h"
#include "figures/cells.h"
#include "figures/results.h"
#include "record/run_reader.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum form { FORM_TEXT, FORM_MARKDOWN, FORM_HTML, FORM_CSV, FORM_JSON, FORM_JUNIT, FORM_GITHUB };
static const char *const forms[] = {"text", "markdown", "html",   "csv",
                                    "json", "junit",    "github", NULL};

struct report {
    struct option_list windows, service_health, azure_metrics;
    const char *format, *output, *last, *notify, *inconclusive;
    bool exit_code, json, quiet, no_color;
    enum form form;
    size_t most; /* --last; 0: the run alone */
    int inconclusive_status;
    struct notify_target receiver;
    struct window windows_read[OPTION_LIST_MOST];
};

static enum err_code read_form(struct report *report, struct error *err)
{
    int form = report->json ? FORM_JSON : FORM_TEXT;
    enum err_code code = options_word("format", report->format, forms, &form, err);
    if (code == ERR_OK && report->json && form != FORM_JSON)
        code = error_set(err, ERR_USAGE, "--json and --format %s: give one of the two",
                         report->format);
    report->form = (enum form)form;
    return code;
}

/* Renders one format of the report. */
static enum err_code render(const struct report *report, const struct results *results,
                            struct text *out, struct error *err)
{
    bool colour = report->output == NULL && terminal_takes_colour(STDOUT_FILENO, report->no_color);
    switch (report->form) {
    case FORM_TEXT:
        results_text(results, colour, out);
        break;
    case FORM_MARKDOWN:
        results_markdown(results, out);
        break;
    case FORM_HTML:
        results_html(results, out);
        break;
    case FORM_CSV:
        results_csv(results, out);
        break;
    case FORM_JSON:
        results_json(results, out);
        break;
    case FORM_JUNIT:
        gate_junit(results, out);
        break;
    case FORM_GITHUB:
        gate_github(results, out);
        break;
    }
    return out->failed ? error_set(err, ERR_NOMEM, "no memory for the report") : ERR_OK;
}

/* *status is the exit status for a report that was made but could not be printed, which has then
 * been reported. */
static enum err_code deliver(const struct report *report, const struct results *results,
                             const char *folder, int *status, struct error *err)
{
    struct text out = {0};
    enum err_code code = render(report, results, &out, err);
    bool plain =
        report->format == NULL && !report->json && report->output == NULL && report->most == 0;
    /* Without a format and a file, also renews the pages in the folder. A folder that cannot be
     * written (an archive, a full disk) can still be read, and the tables are the report. */
    struct error unwritten = {0};
    enum err_code pages =
        code == ERR_OK && plain ? pages_write(folder, results, &unwritten) : ERR_OK;
    if (code == ERR_OK && report->output != NULL) {
        code = file_write(report->output, text_str(&out), out.length, err);
    } else if (code == ERR_OK && (!report->quiet || report->json)) {
        if (plain && pages == ERR_OK) text_printf(&out, "\nreport      %s/report.html\n", folder);
        *status = print_out(text_str(&out));
    }
    text_free(&out);
    if (code != ERR_OK || pages == ERR_OK) return code;
    if (report->quiet) { /* the pages were all that was asked for */
        *err = unwritten;
        return pages;
    }
    (void)fprintf(stderr, "rushhour: the pages in the folder are as they were: %s\n",
                  unwritten.text);
    return ERR_OK;
}

static enum err_code parse_windows(struct report *report, struct error *err)
{
    for (size_t i = 0; i < report->windows.count; i++) {
        enum err_code code = window_parse(report->windows.items[i], &report->windows_read[i], err);
        if (code != ERR_OK) return error_prefix(err, "--window");
    }
    return ERR_OK;
}

/* Azure's own data appears in the formats for people. */
static enum err_code check_azure(const struct report *report, struct error *err)
{
    if (report->service_health.count + report->azure_metrics.count == 0) return ERR_OK;
    if (report->form != FORM_TEXT && report->form != FORM_MARKDOWN && report->form != FORM_HTML) {
        return error_set(
            err, ERR_USAGE,
            "--service-health and --azure-metrics are shown in text, markdown and html: leave them "
            "out of --format csv, json, junit and github (`rushhour evidence` makes CSV files of "
            "them)");
    }
    return ERR_OK;
}

static enum err_code read_azure(const struct report *report, struct results *results,
                                struct error *err)
{
    const struct azure_files files = {
        .health = report->service_health.items,
        .health_count = report->service_health.count,
        .metrics = report->azure_metrics.items,
        .metrics_count = report->azure_metrics.count,
    };
    return results_read_azure(results, &files, err);
}

static enum err_code read_last(struct report *report, struct error *err)
{
    uint64_t most = 0;
    if (report->last == NULL) return ERR_OK;
    enum err_code code = parse_count(report->last, &most, err);
    if (code != ERR_OK) return error_prefix(err, "--last");
    if (most < 1 || most > RECENT_MOST)
        return error_set(err, ERR_USAGE, "--last %s: write 1 to %d runs", report->last,
                         RECENT_MOST);
    report->most = (size_t)most;
    return ERR_OK;
}

/* All that is wrong with the command line, before anything is read. */
static enum err_code read_options(struct report *report, struct error *err)
{
    enum err_code code = read_form(report, err);
    if (code == ERR_OK) code = parse_windows(report, err);
    if (code == ERR_OK) code = check_azure(report, err);
    if (code == ERR_OK) code = read_last(report, err);
    if (code == ERR_OK)
        code = inconclusive_read(report->inconclusive, &report->inconclusive_status, err);
    if (code == ERR_OK && report->inconclusive != NULL && !report->exit_code)
        code = error_set(err, ERR_USAGE, "--inconclusive: has a meaning with --exit-code alone");
    if (code == ERR_OK && report->notify != NULL)
        code = notify_target_read(report->notify, &report->receiver, err);
    return code;
}

/* ---- the verdict ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* As many runs up to the one before; *found is false if there are none that can be judged. */
static enum err_code earlier_verdict(const struct report *report, const char *folder, char *verdict,
                                     size_t size, bool *found, struct error *err)
{
    struct text earlier = {0};
    struct recent recent = {0};
    enum err_code code = recent_judged(folder, &earlier, verdict, size, err);
    *found = earlier.length > 0;
    if (code == ERR_OK && *found && report->most > 1) {
        code = recent_load(text_str(&earlier), report->most, NULL, 0, &recent, err);
        if (code == ERR_OK) text_copy(verdict, size, verdict_name(results_verdict(recent.results)));
        *found = code == ERR_OK;
        if (code == ERR_FORMAT) code = ERR_OK;
    }
    recent_free(&recent);
    text_free(&earlier);
    return code;
}

/* Whatever becomes of it, the report is the same. */
static void notify(const struct report *report, const struct results *results, const char *folder,
                   size_t runs)
{
    struct error err = {0};
    char before[16] = "";
    bool found = false;
    if (report->receiver.host == NULL) return;
    enum err_code code = earlier_verdict(report, folder, before, sizeof before, &found, &err);
    const struct notice notice = {.results = results,
                                  .run = last_part(folder),
                                  .before = found ? before : NULL,
                                  .runs = runs};
    if (code == ERR_OK && !notify_is_news(&notice)) return;
    if (code == ERR_OK) code = notify_send(&report->receiver, &notice, &err);
    if (code != ERR_OK) (void)cli_complain(&err);
}

static int report_folder(const struct report *report, const char *folder)
{
    struct error err = {0};
    struct results *results = NULL;
    struct recent recent = {0};
    int status = 0;
    enum err_code code = report->most > 0 ? recent_load(folder, report->most, report->windows_read,
                                                        report->windows.count, &recent, &err)
                                          : results_load(folder, report->windows_read,
                                                         report->windows.count, &results, &err);
    struct results *shown = report->most > 0 ? recent.results : results;
    if (code == ERR_OK && !report->quiet) (void)fputs(text_str(&recent.told), stderr);
    if (code == ERR_OK) code = read_azure(report, shown, &err);
    if (code == ERR_OK) code = deliver(report, shown, folder, &status, &err);
    if (code == ERR_OK) notify(report, shown, folder, report->most > 0 ? recent.runs : 1);
    if (code == ERR_OK && status == 0 && report->exit_code)
        status = verdict_status(results_verdict(shown), report_cell_valid(&shown->all),
                                report->inconclusive_status);
    results_free(results);
    recent_free(&recent);
    return code == ERR_OK ? status : cli_complain(&err);
}

static int report_run(struct report *report, const char *run)
{
    struct error err = {0};
    struct text folder = {0};
    enum err_code code = read_options(report, &err);
    if (code == ERR_OK) code = run_find(run, &folder, &err);
    const int status =
        code == ERR_OK ? report_folder(report, text_str(&folder)) : cli_complain(&err);
    for (size_t i = 0; i < report->windows.count; i++) window_free(&report->windows_read[i]);
    notify_target_free(&report->receiver);
    text_free(&folder);
    return status;
}

static const struct option_row options[] = {
    {"window", 0, OPTION_LIST, "SPEC",
     "group by a width (1m, 1h) or a time of "
     "day\n(peak=07:00-09:00@America/Los_Angeles,mon-fri); may be "
     "repeated;\n"
     "default: the windows of the run's profile",
     offsetof(struct report, windows)},
    {"last", 0, OPTION_TEXT, "N",
     "together with the runs of the same profile before it, N in all at most, judged as one:\na "
     "quarter of an hour is too short for a verdict, and eight of them may do. Makes no\npages; "
     "with "
     "-o it does",
     offsetof(struct report, last)},
    {"format", 0, OPTION_TEXT, "text|markdown|html|csv|json|junit|github",
     "the form of what is printed (default: text); junit and github are the thresholds for "
     "a\nbuild "
     "server: JUnit XML, and annotations of a GitHub workflow",
     offsetof(struct report, format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of to standard output",
     offsetof(struct report, output)},
    {"service-health", 0, OPTION_LIST, "REGION=FILE",
     "lay service health events beside the windows of a region: what `az rest\n--url .../providers/"
     "Microsoft.ResourceHealth/events?api-version=2022-10-01`\nprinted; may be repeated. FILE "
     "alone "
     "if the run has only one region",
     offsetof(struct report, service_health)},
    {"azure-metrics", 0, OPTION_LIST, "REGION=FILE",
     "the same with metrics: what `az monitor metrics list -o json` printed of\nthe region's "
     "resource",
     offsetof(struct report, azure_metrics)},
    {"exit-code", 0, OPTION_FLAG, NULL,
     "exit by the verdict on the thresholds, as `rushhour run` does: 99, 3, 4",
     offsetof(struct report, exit_code)},
    {"inconclusive", 0, OPTION_TEXT, "pass|fail", "with --exit-code: exit 0 or 99 instead of 3",
     offsetof(struct report, inconclusive)},
    {"notify", 0, OPTION_TEXT, "URL",
     "POST the verdict there as JSON if it is not the one before (of as many runs, one "
     "run\nearlier): "
     "figures and names of regions, no hosts, keys or content. \"${NAME}\" is read from\nthe "
     "environment, so that no list of processes shows it",
     offsetof(struct report, notify)},
    {"json", 0, OPTION_FLAG, NULL, "the same as --format json", offsetof(struct report, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing; only make the pages in the run folder anew",
     offsetof(struct report, quiet)},
    OPTION_NO_COLOR(struct report, no_color),
};

const struct command report_command = {
    .name = "report",
    .usage = "RUN [options]",
    .purpose = "tables and pages from a run folder, regrouped by any window.\n" RUN_HELP
               ".\nA run that was killed is reported as far as it came",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = 1,
    .positional_names = "RUN",
    .examples =
        "  rushhour report latest\n"
        "  rushhour report latest --window 'peak=07:00-09:00@America/Los_Angeles' --window 1h\n"
        "  rushhour report results/2026-11-20T140500Z-demo --format csv -o demo.csv\n"
        "  rushhour report latest:peak --last 8 --exit-code --notify '${WEBHOOK}'\n",
    .exit_codes = "  0 reported   1 the folder could not be read   2 wrong command line\n"
                  "  with --exit-code also 99 a threshold failed   3 inconclusive   4 invalid\n",
};

int command_report(int argc, char **argv)
{
    struct report report = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&report_command, &report, &line, argc, argv, &status)) return status;
    reading_show(report.quiet);
    return report_run(&report, line.positional[0]);
}
