#include "report/report.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/reading.h"
#include "page/page.h"
#include "run/pages.h"

#include "base/files.h"
#include "base/terminal.h"
#include "figures/azure.h"
#include "figures/results.h"
#include "record/run_reader.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

enum form { FORM_TEXT, FORM_MARKDOWN, FORM_HTML, FORM_CSV, FORM_JSON };
static const char *const forms[] = {"text", "markdown", "html", "csv", "json", NULL};

struct report {
    struct option_list windows, service_health, azure_metrics;
    const char *format, *output;
    bool json, quiet, no_color;
    enum form form;
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
    bool plain = report->format == NULL && !report->json && report->output == NULL;
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

static enum err_code parse_windows(const struct option_list *specs, struct window *windows,
                                   struct error *err)
{
    for (size_t i = 0; i < specs->count; i++) {
        enum err_code code = window_parse(specs->items[i], &windows[i], err);
        if (code != ERR_OK) return error_prefix(err, "--window");
    }
    return ERR_OK;
}

/* Azure's own data appears in the formats for people. */
static enum err_code check_azure(const struct report *report, struct error *err)
{
    if (report->service_health.count + report->azure_metrics.count == 0) return ERR_OK;
    if (report->form == FORM_CSV || report->form == FORM_JSON) {
        return error_set(
            err, ERR_USAGE,
            "--service-health and --azure-metrics are shown in text, markdown and html: leave them "
            "out of --format csv and json (`rushhour evidence` makes CSV files of them)");
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

static int report_run(struct report *report, const char *run)
{
    struct error err = {0};
    struct window windows[sizeof report->windows.items / sizeof *report->windows.items] = {0};
    struct text folder = {0};
    struct results *results = NULL;
    int status = 0;
    enum err_code code = read_form(report, &err);
    if (code == ERR_OK) code = parse_windows(&report->windows, windows, &err);
    if (code == ERR_OK) code = check_azure(report, &err);
    if (code == ERR_OK) code = run_find(run, &folder, &err);
    if (code == ERR_OK)
        code = results_load(text_str(&folder), windows, report->windows.count, &results, &err);
    if (code == ERR_OK) code = read_azure(report, results, &err);
    if (code == ERR_OK) code = deliver(report, results, text_str(&folder), &status, &err);
    results_free(results);
    for (size_t i = 0; i < report->windows.count; i++) window_free(&windows[i]);
    text_free(&folder);
    return code == ERR_OK ? status : cli_complain(&err);
}

static const struct option_row options[] = {
    {"window", 0, OPTION_LIST, "SPEC",
     "group by a width (1m, 1h) or a time of "
     "day\n(peak=07:00-09:00@America/Los_Angeles,mon-fri); may be "
     "repeated;\n"
     "default: the windows of the run's profile",
     offsetof(struct report, windows)},
    {"format", 0, OPTION_TEXT, "text|markdown|html|csv|json",
     "the form of what is printed (default: text)", offsetof(struct report, format)},
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
    {"json", 0, OPTION_FLAG, NULL, "the same as --format json", offsetof(struct report, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing; only make the pages in the run folder anew",
     offsetof(struct report, quiet)},
    OPTION_NO_COLOR(struct report, no_color),
};

const struct command report_command = {
    .name = "report",
    .usage = "RUN [options]",
    .purpose = "tables and pages from a run folder, regrouped by any window.\n"
               "RUN is a folder, a name below results/, `latest`, `latest:PROFILE` or a day "
               "(2026-11-20).\nA run that was killed is reported as far as it came",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = 1,
    .positional_names = "RUN",
    .examples =
        "  rushhour report latest\n"
        "  rushhour report latest --window 'peak=07:00-09:00@America/Los_Angeles' --window 1h\n"
        "  rushhour report results/2026-11-20T140500Z-demo --format csv -o demo.csv\n",
    .exit_codes = "  0 reported   1 the folder could not be read   2 wrong command line\n",
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
