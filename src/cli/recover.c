#include "cli/command.h"
#include "cli/options.h"
#include "cli/reading.h"
#include "cli/run_flags.h"

#include "base/calendar.h"
#include "base/files.h"
#include "base/terminal.h"
#include "base/units.h"
#include "compare/recover.h"
#include "record/run_reader.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum form { FORM_TEXT, FORM_MARKDOWN, FORM_JSON };
static const char *const forms[] = {"text", "markdown", "json", NULL};

struct recover {
    struct option_list regions;
    const char *since, *began, *baseline, *beside, *margin, *confidence, *format, *output,
        *inconclusive;
    bool json, quiet, no_color;
    enum form form;
    int inconclusive_status;
};

/* What the request borrows. */
struct found {
    struct text folders[POSITIONALS_MOST];
    const char *names[POSITIONALS_MOST];
    struct text baseline, beside;
    struct window hours;
};

static void found_free(struct found *found)
{
    for (size_t i = 0; i < POSITIONALS_MOST; i++) text_free(&found->folders[i]);
    text_free(&found->baseline);
    text_free(&found->beside);
    window_free(&found->hours);
}

static enum err_code read_form(struct recover *recover, struct error *err)
{
    int form = recover->json ? FORM_JSON : FORM_TEXT;
    enum err_code code = options_word("format", recover->format, forms, &form, err);
    if (code == ERR_OK && recover->json && form != FORM_JSON)
        code = error_set(err, ERR_USAGE, "--json and --format %s: give one of the two",
                         recover->format);
    recover->form = (enum form)form;
    if (code != ERR_OK) return code;
    return inconclusive_read(recover->inconclusive, &recover->inconclusive_status, err);
}

static enum err_code read_times(const struct recover *recover, struct recover_request *out,
                                struct error *err)
{
    if (recover->since == NULL)
        return error_set(err, ERR_USAGE,
                         "--since TIME: say since when it should be over, as 2026-04-14T15:10:00Z");
    enum err_code code = parse_time(recover->since, &out->since_ns, err);
    if (code != ERR_OK) return error_prefix(err, "--since");
    out->has_began = recover->began != NULL;
    if (!out->has_began) return ERR_OK;
    code = parse_time(recover->began, &out->began_ns, err);
    if (code != ERR_OK) return error_prefix(err, "--began");
    if (out->began_ns < out->since_ns) return ERR_OK;
    return error_set(err, ERR_USAGE, "--began %s: is not before --since", recover->began);
}

static enum err_code read_shares(const struct recover *recover, struct recover_request *out,
                                 struct error *err)
{
    enum err_code code = ERR_OK;
    out->margin = 0.005;
    out->confidence = 0.95;
    if (recover->margin != NULL) {
        code = parse_fraction(recover->margin, &out->margin, err);
        if (code != ERR_OK) return error_prefix(err, "--margin");
        if (!(out->margin > 0))
            return error_set(err, ERR_USAGE, "--margin %s: no difference is ever proven to be 0",
                             recover->margin);
    }
    if (recover->confidence != NULL)
        code = parse_fraction(recover->confidence, &out->confidence, err);
    if (code != ERR_OK) return error_prefix(err, "--confidence");
    if (out->confidence > 0.75 && out->confidence < 1) return ERR_OK;
    return error_set(err, ERR_USAGE, "--confidence %s: write 76%% to 99.99%%", recover->confidence);
}

/* A window has a `=`, as no folder of rushhour's own making. */
static enum err_code read_baseline(const struct recover *recover, struct found *found,
                                   struct recover_request *out, struct error *err)
{
    const char *baseline = recover->baseline;
    enum err_code code;
    if (baseline == NULL) return ERR_OK;
    if (strchr(baseline, '=') == NULL) {
        code = run_find_beside(baseline, out->folders[0], &found->baseline, err);
        out->baseline = text_str(&found->baseline);
        return code == ERR_OK ? ERR_OK : error_prefix(err, "--baseline");
    }
    code = window_parse(baseline, &found->hours, err);
    out->baseline_hours = &found->hours;
    return code == ERR_OK ? ERR_OK : error_prefix(err, "--baseline");
}

static enum err_code find_runs(const struct recover *recover, const struct command_line *line,
                               struct found *found, struct recover_request *out, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < line->positional_count; i++) {
        code = run_find(line->positional[i], &found->folders[i], err);
        found->names[i] = text_str(&found->folders[i]);
    }
    out->folders = found->names;
    out->folder_count = line->positional_count;
    if (code == ERR_OK) code = read_baseline(recover, found, out, err);
    if (code == ERR_OK && recover->beside != NULL) {
        code = run_find_beside(recover->beside, out->folders[0], &found->beside, err);
        out->beside = text_str(&found->beside);
        if (code != ERR_OK) code = error_prefix(err, "--beside");
    }
    return code;
}

static enum err_code render(const struct recover *recover, const struct recovered *recovered,
                            struct text *out, struct error *err)
{
    switch (recover->form) {
    case FORM_TEXT:
        recover_text(recovered,
                     recover->output == NULL &&
                         terminal_takes_colour(STDOUT_FILENO, recover->no_color),
                     out);
        break;
    case FORM_MARKDOWN:
        recover_markdown(recovered, out);
        break;
    case FORM_JSON:
        recover_json(recovered, out);
        break;
    }
    return out->failed ? error_set(err, ERR_NOMEM, "no memory to tell of the recovery") : ERR_OK;
}

static int status_of(const struct recover *recover, enum recover_verdict verdict)
{
    switch (verdict) {
    case RECOVER_NOT_YET:
    case RECOVER_RELAPSED:
        return 99;
    case RECOVER_INVALID:
        return 4;
    case RECOVER_TOO_EARLY:
        return recover->inconclusive_status;
    case RECOVER_RECOVERED:
        break;
    }
    return 0;
}

static enum err_code deliver(const struct recover *recover, const struct recovered *recovered,
                             int *status, struct error *err)
{
    struct text out = {0};
    int printed = 0;
    enum err_code code = render(recover, recovered, &out, err);
    if (code == ERR_OK && recover->output != NULL) {
        code = file_write(recover->output, text_str(&out), out.length, err);
    } else if (code == ERR_OK && (!recover->quiet || recover->form == FORM_JSON)) {
        printed = print_out(text_str(&out));
    }
    text_free(&out);
    *status = printed != 0 ? printed : status_of(recover, recover_verdict_of(recovered));
    return code;
}

static const struct option_row options[] = {
    {"since", 0, OPTION_TEXT, "TIME",
     "when it should be over: the fix or rollback was in force, RFC 3339\n"
     "(2026-04-14T15:10:00Z, 2026-04-14T08:10:00-07:00)",
     offsetof(struct recover, since)},
    {"began", 0, OPTION_TEXT, "TIME",
     "when the incident began (default: found in the runs, the gravest before --since)",
     offsetof(struct recover, began)},
    {"baseline", 0, OPTION_TEXT, "RUN|WINDOW",
     "what was before: another run (same-hour-last-week), or hours of these runs,\n"
     "NAME=HH:MM-HH:MM@ZONE[,days] (default: these runs before the incident)",
     offsetof(struct recover, baseline)},
    {"beside", 0, OPTION_TEXT, "RUN",
     "a run of the same minutes on a path that worked (another client version, host,\n"
     "region, dialect): both side by side, and what differs between them",
     offsetof(struct recover, beside)},
    {"region", 0, OPTION_LIST, "NAME", "only this region; may be repeated (default: all)",
     offsetof(struct recover, regions)},
    {"margin", 0, OPTION_TEXT, "PERCENT",
     "so many points above the baseline are as good as before (default: 0.5%, and\n"
     "never more than half of what the incident added)",
     offsetof(struct recover, margin)},
    {"confidence", 0, OPTION_TEXT, "PERCENT", "of the intervals and of the decision (default: 95%)",
     offsetof(struct recover, confidence)},
    {"inconclusive", 0, OPTION_TEXT, "pass|fail",
     "exit with 0 or 99 instead of 3 if it is too early", offsetof(struct recover, inconclusive)},
    {"format", 0, OPTION_TEXT, "text|markdown|json", "the form of what is printed (default: text)",
     offsetof(struct recover, format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of to standard output",
     offsetof(struct recover, output)},
    {"json", 0, OPTION_FLAG, NULL, "the same as --format json", offsetof(struct recover, json)},
    {"quiet", 'q', OPTION_FLAG, NULL, "print nothing; only the exit status tells",
     offsetof(struct recover, quiet)},
    OPTION_NO_COLOR(struct recover, no_color),
};

const struct command recover_command = {
    .name = "recover",
    .usage = "RUN [RUN...] --since TIME [options]",
    .purpose = "is the incident over? What failed since TIME against the time before the incident\n"
               "and the incident itself: recovered, not yet, relapsed, or too early (and how much\n"
               "longer to measure), with a note for the change ticket. The runs may be one that\n"
               "spans all three, or several after each other.\n" RUN_HELP,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_min = 1,
    .positional_max = POSITIONALS_MOST,
    .positional_names = "RUN",
    .examples = "  rushhour recover latest --since 2026-04-14T15:10:00Z\n"
                "  rushhour recover results/broken results/fixed --since 2026-04-14T15:10:00Z \\\n"
                "    --baseline same-hour-last-week --beside results/old-client\n",
    .exit_codes = "  0 recovered   1 a run could not be read   2 wrong command line   3 too early "
                  "to say\n"
                  "  4 invalid: the load generator was in the way   99 not yet, or relapsed\n",
};

int command_recover(int argc, char **argv)
{
    struct recover recover = {0};
    struct command_line line;
    struct found found = {0};
    struct recover_request request = {0};
    struct recovered *recovered = NULL;
    struct error err = {0};
    int status;
    if (!cli_begin(&recover_command, &recover, &line, argc, argv, &status)) return status;
    reading_show(recover.quiet);
    request.regions = recover.regions.items;
    request.region_count = recover.regions.count;
    enum err_code code = read_form(&recover, &err);
    if (code == ERR_OK) code = read_times(&recover, &request, &err);
    if (code == ERR_OK) code = read_shares(&recover, &request, &err);
    if (code == ERR_OK) code = find_runs(&recover, &line, &found, &request, &err);
    if (code == ERR_OK) code = recover_make(&request, &recovered, &err);
    if (code == ERR_OK) code = deliver(&recover, recovered, &status, &err);
    recover_free(recovered);
    found_free(&found);
    return code == ERR_OK ? status : cli_complain(&err);
}
