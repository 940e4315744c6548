#include "cli/command.h"
#include "cli/compare_policies.h"
#include "cli/options.h"
#include "cli/reading.h"
#include "cli/run_flags.h"

#include "base/files.h"
#include "base/terminal.h"
#include "base/units.h"
#include "compare/compare.h"
#include "record/run_reader.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX 16

enum form { FORM_TEXT, FORM_MARKDOWN, FORM_HTML, FORM_JSON };
static const char *const forms[] = {"text", "markdown", "html", "json", NULL};

struct compare {
    struct option_list metrics, between, regions;
    const char *with, *margin, *confidence, *format, *output, *inconclusive;
    bool policies, anyway, json, quiet, no_color;
    struct compare_options options;
    enum form form;
    int inconclusive_status;
};

static enum err_code percent(const char *option, const char *text, double *out, struct error *err)
{
    enum err_code code = parse_fraction(text, out, err);
    return code == ERR_OK ? code : error_prefix(err, "%s", option);
}

static enum err_code read_form(struct compare *compare, struct error *err)
{
    int form = compare->json ? FORM_JSON : FORM_TEXT;
    enum err_code code = options_word("format", compare->format, forms, &form, err);
    if (code == ERR_OK && compare->json && form != FORM_JSON)
        code = error_set(err, ERR_USAGE, "--json and --format %s: give one of the two",
                         compare->format);
    compare->form = (enum form)form;
    return code;
}

static enum err_code read_options(struct compare *compare, struct error *err)
{
    compare->options = compare_defaults();
    compare->options.metrics = compare->metrics.items;
    compare->options.metric_count = compare->metrics.count;
    compare->options.anyway = compare->anyway;
    enum err_code code = ERR_OK;
    if (compare->margin != NULL) {
        code = percent("--margin", compare->margin, &compare->options.rate_margin, err);
        /* The same share, applied to a latency's own value. */
        if (code == ERR_OK) compare->options.latency_margin = compare->options.rate_margin;
    }
    if (code == ERR_OK && compare->confidence != NULL)
        code = percent("--confidence", compare->confidence, &compare->options.confidence, err);
    if (code == ERR_OK && !(compare->options.confidence >= 0.5 && compare->options.confidence < 1))
        code = error_set(err, ERR_USAGE, "--confidence %s: write 50%% to 99.99%%",
                         compare->confidence);
    if (code == ERR_OK)
        code = inconclusive_read(compare->inconclusive, &compare->inconclusive_status, err);
    return code == ERR_OK ? read_form(compare, err) : code;
}

static enum err_code render(const struct compare *compare, const struct compared *comparison,
                            struct text *out, struct error *err)
{
    switch (compare->form) {
    case FORM_TEXT:
        compare_text(comparison,
                     compare->output == NULL &&
                         terminal_takes_colour(STDOUT_FILENO, compare->no_color),
                     out);
        break;
    case FORM_MARKDOWN:
        compare_markdown(comparison, out);
        break;
    case FORM_HTML:
        compare_html(comparison, out);
        break;
    case FORM_JSON:
        compare_json(comparison, out);
        break;
    }
    return out->failed ? error_set(err, ERR_NOMEM, "no memory for the comparison") : ERR_OK;
}

static int status_of(const struct compare *compare, enum compare_verdict verdict)
{
    switch (verdict) {
    case COMPARE_WORSE:
        return 99;
    case COMPARE_INVALID:
        return 4;
    case COMPARE_NOT_COMPARABLE:
        return 3;
    case COMPARE_INCONCLUSIVE:
        return compare->inconclusive_status;
    case COMPARE_EQUAL:
    case COMPARE_BETTER:
    case COMPARE_NOT_WORSE:
        break;
    }
    return 0;
}

/* Prints one comparison; *status is the resulting exit status. */
static enum err_code deliver(const struct compare *compare, const struct compared *comparison,
                             int *status, struct error *err)
{
    struct text out = {0};
    int printed = 0;
    enum err_code code = render(compare, comparison, &out, err);
    if (code == ERR_OK && compare->output != NULL) {
        code = file_write(compare->output, text_str(&out), out.length, err);
    } else if (code == ERR_OK && (!compare->quiet || compare->json)) {
        printed = print_out(text_str(&out));
    }
    text_free(&out);
    *status = printed != 0 ? printed : status_of(compare, compare_verdict_of(comparison));
    return code;
}

/* `beside` is the folder to which the name may be relative; NULL: it must not be. */
static enum err_code load_run(const struct compare *compare, const char *run, const char *beside,
                              struct text *folder, struct results **out, struct error *err)
{
    bool latencies[METRIC_COUNT];
    compare_latencies(&compare->options, latencies);
    enum err_code code = run_find_beside(run, beside, folder, err);
    return code == ERR_OK ? results_load_compared(text_str(folder), latencies, out, err) : code;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* For several runs against the first: the worse of two exit statuses. */
static int worse_status(int a, int b)
{
    static const int order[] = {1, 99, 4, 3};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (a == order[i] || b == order[i]) return order[i];
    }
    return a > b ? a : b;
}

/* One of several runs against the first, whose folder is `first`. */
static enum err_code against(const struct compare *compare, const struct results *baseline,
                             const char *first, const char *run, int *status, struct error *err)
{
    struct text folder = {0};
    struct results *results = NULL;
    struct compared *comparison = NULL;
    int one = 0;
    enum err_code code = load_run(compare, run, first, &folder, &results, err);
    if (code == ERR_OK)
        code = compare_runs(baseline, last_part(first), results, last_part(text_str(&folder)),
                            &compare->options, &comparison, err);
    if (code == ERR_OK) code = deliver(compare, comparison, &one, err);
    *status = worse_status(*status, one);
    compare_free(comparison);
    results_free(results);
    text_free(&folder);
    return code;
}

static enum err_code compare_with_baseline(const struct compare *compare,
                                           const struct command_line *line, int *status,
                                           struct error *err)
{
    struct text folder = {0};
    struct text beside = {0};
    struct results *baseline = NULL;
    enum err_code code = ERR_OK;
    if (run_stands_beside(line->positional[0])) /* beside the run that it is compared with */
        code = run_find(line->positional[1], &beside, err);
    if (code == ERR_OK)
        code = load_run(compare, line->positional[0], beside.length > 0 ? text_str(&beside) : NULL,
                        &folder, &baseline, err);
    for (size_t i = 1; code == ERR_OK && i < line->positional_count; i++) {
        if (i > 1 && !compare->quiet) (void)print_out("\n");
        code = against(compare, baseline, text_str(&folder), line->positional[i], status, err);
    }
    results_free(baseline);
    text_free(&beside);
    text_free(&folder);
    return code;
}

static enum err_code compare_within(const struct compare *compare, const char *run, int *status,
                                    struct error *err)
{
    struct text folder = {0};
    struct results *results = NULL;
    struct compared *comparison = NULL;
    bool windows = compare->between.count > 0;
    const struct option_list *pair = windows ? &compare->between : &compare->regions;
    bool latencies[METRIC_COUNT];
    compare_latencies(&compare->options, latencies);
    enum err_code code = run_find(run, &folder, err);
    if (code == ERR_OK && windows) {
        code = results_load_pair(text_str(&folder), pair->items[0], pair->items[1], latencies,
                                 &results, err);
        if (code == ERR_OK) code = compare_windows(results, &compare->options, &comparison, err);
    } else if (code == ERR_OK) {
        code = results_load_compared(text_str(&folder), latencies, &results, err);
        if (code == ERR_OK)
            code = compare_regions(results, pair->items[1], pair->items[0], &compare->options,
                                   &comparison, err);
    }
    if (code == ERR_OK) code = deliver(compare, comparison, status, err);
    compare_free(comparison);
    results_free(results);
    text_free(&folder);
    return code;
}

static enum err_code rank_policies(const struct compare *compare, const struct command_line *line,
                                   int *status, struct error *err)
{
    struct text out = {0};
    int printed = 0;
    const struct compare_policies wanted = {
        .options = &compare->options,
        .runs = line->positional,
        .run_count = line->positional_count,
        .json = compare->form == FORM_JSON,
        .markdown = compare->form == FORM_MARKDOWN,
        .colour =
            compare->output == NULL && terminal_takes_colour(STDOUT_FILENO, compare->no_color),
    };
    enum err_code code = compare_policies_make(&wanted, &out, status, err);
    if (code == ERR_OK && compare->output != NULL) {
        code = file_write(compare->output, text_str(&out), out.length, err);
    } else if (code == ERR_OK && (!compare->quiet || compare->json)) {
        printed = print_out(text_str(&out));
    }
    text_free(&out);
    if (printed != 0) *status = printed;
    return code;
}

/* `compare B --with A` is `compare A B`. */
static enum err_code put_baseline_first(const struct compare *compare, struct command_line *line,
                                        struct error *err)
{
    if (compare->with == NULL) return ERR_OK;
    if (compare->policies || compare->between.count + compare->regions.count > 0)
        return error_set(err, ERR_USAGE,
                         "--with names the baseline of whole runs: leave out --policies, --between "
                         "and --regions");
    if (line->positional_count == POSITIONALS_MOST)
        return error_set(err, ERR_USAGE, "--with %s: at most %d runs against it", compare->with,
                         POSITIONALS_MOST - 1);
    memmove(line->positional + 1, line->positional,
            line->positional_count * sizeof *line->positional);
    line->positional[0] = compare->with;
    line->positional_count++;
    return ERR_OK;
}

static enum err_code check_words(const struct compare *compare, const struct command_line *line,
                                 struct error *err)
{
    if (compare->between.count > 0 && compare->regions.count > 0)
        return error_set(err, ERR_USAGE, "--between and --regions: give one of the two");
    bool within = compare->between.count + compare->regions.count > 0;
    if (compare->policies && (within || compare->metrics.count > 0 || compare->form == FORM_HTML))
        return error_set(err, ERR_USAGE,
                         "--policies ranks whole runs by the users that they lost, as text, "
                         "markdown or json: leave out --between, --regions, --metric and html");
    if (compare->policies) return ERR_OK;
    if (within && line->positional_count > 1) {
        const char *option = compare->between.count > 0 ? "between" : "regions";
        return error_set(err, ERR_USAGE,
                         "--%s wants one run and two names: compare RUN --%s FIRST SECOND", option,
                         option);
    }
    if (!within && line->positional_count < 2)
        return error_set(
            err, ERR_USAGE,
            "give two runs (compare A B), or one with --between WINDOW WINDOW or --regions R1 R2");
    bool many = line->positional_count > 2;
    if (many && (compare->form == FORM_JSON || compare->output != NULL))
        return error_set(err, ERR_USAGE, "--json and -o take one comparison: give two runs");
    return ERR_OK;
}

static const struct option_row options[] = {
    {"with", 0, OPTION_TEXT, "A",
     "the baseline, named last: compare latest --with same-hour-last-week. That and `previous`\n"
     "are of the profile of the run beside them",
     offsetof(struct compare, with)},
    {"between", 0, OPTION_PAIR, "WINDOW WINDOW",
     "one run's two times of day: is the first worse than the second? Names of the\n"
     "profile's windows, or NAME=HH:MM-HH:MM@ZONE[,days]; the second may be `rest`",
     offsetof(struct compare, between)},
    {"regions", 0, OPTION_PAIR, "R1 R2",
     "one run's two regions: is the first worse than the second?",
     offsetof(struct compare, regions)},
    {"policies", 0, OPTION_FLAG, NULL,
     "rank runs of the same load and seed that differ in their policies alone, by the\n"
     "users that they left without an answer, each paired with himself",
     offsetof(struct compare, policies)},
    {"metric", 0, OPTION_LIST, "METRIC",
     "failure_rate, interaction_failure_rate, session_failure_rate, ttft.p99,\n"
     "'share(ttft > 1s)' ...; may be repeated; all that are named decide (default: rates\n"
     "and share(ttft > 1s) decide, P50 and P99 are shown)",
     offsetof(struct compare, metrics)},
    {"margin", 0, OPTION_TEXT, "PERCENT",
     "differences within it are equal: points of a rate, percent of a latency\n"
     "(default: 0.5 points, 10% of a latency)",
     offsetof(struct compare, margin)},
    {"confidence", 0, OPTION_TEXT, "PERCENT", "of the intervals and of the decision (default: 95%)",
     offsetof(struct compare, confidence)},
    {"anyway", 0, OPTION_FLAG, NULL,
     "compare runs that did not ask the same of the service: real and simulated, another\n"
     "model, dialect, quota or load",
     offsetof(struct compare, anyway)},
    {"inconclusive", 0, OPTION_TEXT, "pass|fail", "exit with 0 or 99 instead of 3",
     offsetof(struct compare, inconclusive)},
    {"format", 0, OPTION_TEXT, "text|markdown|html|json",
     "the form of what is printed (default: text)", offsetof(struct compare, format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of to standard output",
     offsetof(struct compare, output)},
    {"json", 0, OPTION_FLAG, NULL, "the same as --format json", offsetof(struct compare, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing; only the exit status tells",
     offsetof(struct compare, quiet)},
    OPTION_NO_COLOR(struct compare, no_color),
};

const struct command compare_command = {
    .name = "compare",
    .usage = "A B [C...] | B --with A | --policies A B [C...] | RUN --between WINDOW WINDOW | RUN "
             "--regions R1 R2",
    .purpose = "is B worse than the baseline A? Metric by metric, with intervals and a "
               "verdict: worse, better,\n"
               "equal within the margin, not worse by more than it, inconclusive (and what would\n"
               "settle it), invalid, or not comparable.\n" RUN_HELP,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = RUNS_MAX,
    .positional_names = "A B",
    .examples = "  rushhour compare results/monday results/tuesday\n"
                "  rushhour compare latest:peak --with same-hour-last-week\n"
                "  rushhour compare --policies results/same-session results/failover\n"
                "  rushhour compare latest --between peak rest\n"
                "  rushhour compare latest --regions eastus2 swedencentral --metric failure_rate\n",
    .exit_codes =
        "  0 not worse   1 a run could not be read   2 wrong command line   3 inconclusive,\n"
        "  or not comparable"
        "  4 invalid: a load generator was in the way   99 worse\n",
};

int command_compare(int argc, char **argv)
{
    struct compare compare = {0};
    struct command_line line;
    int status;
    struct error err = {0};
    if (!cli_begin(&compare_command, &compare, &line, argc, argv, &status)) return status;
    reading_show(compare.quiet);
    enum err_code code = read_options(&compare, &err);
    if (code == ERR_OK) code = put_baseline_first(&compare, &line, &err);
    if (code == ERR_OK) code = check_words(&compare, &line, &err);
    if (code != ERR_OK) return cli_complain(&err);
    bool within = compare.between.count + compare.regions.count > 0;
    if (compare.policies) {
        code = rank_policies(&compare, &line, &status, &err);
        return code == ERR_OK ? status : cli_complain(&err);
    }
    code = within ? compare_within(&compare, line.positional[0], &status, &err)
                  : compare_with_baseline(&compare, &line, &status, &err);
    return code == ERR_OK ? status : cli_complain(&err);
}
