/* support-request.md: the text of the ticket. Catalogue 3.3 says what belongs in it. */
#include "base/digits.h"
#include "package/parts.h"
#include "report/azure_tables.h"
#include "report/format.h"
#include "report/words.h"

#include <string.h>

static void heading(struct text *out, const char *title)
{
    text_printf(out, "\n## %s\n\n", title);
}

static void plain(struct text *out, const struct text *line)
{
    markdown_plain(out, text_str(line));
    if (line->failed) out->failed = true;
}

static void share(struct text *out, uint64_t failed, uint64_t of)
{
    text_count(out, failed);
    text_puts(out, " of ");
    text_count(out, of);
}

static void peak_sentence(const struct package *package, struct text *out)
{
    const struct slice *worst = package_worst(package);
    struct text when = {0};
    if (worst == NULL || package_grain(package)->slice_count < 2) return;
    const struct report_cell *cell = &worst->cells[package->focus];
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    package_when(package, worst, &when);
    text_puts(out, " It was worst at ");
    plain(out, &when);
    text_puts(out, ": ");
    share(out, cell->cell.counters.attempts_failed, report_cell_attempts(cell));
    text_puts(out, ", ");
    format_estimate(out, &rate.estimate);
    text_puts(out, ".");
    text_free(&when);
}

static void control_sentence(const struct package *package, struct text *out)
{
    const struct contrast *best = NULL;
    for (size_t i = 0; i < package->comparison_count; i++) {
        const struct contrast *c = &package->comparisons[i];
        if (c->same_minutes && (best == NULL || c->a.estimate.value < best->a.estimate.value))
            best = c;
    }
    if (best == NULL) return;
    text_puts(out, " In the same minutes, from the same host, ");
    markdown_plain(out, best->control);
    text_puts(out, " had ");
    format_estimate(out, &best->a.estimate);
    text_puts(out, ".");
}

static void opening(const struct package *package, struct text *out)
{
    const struct results *results = package->results;
    const char *region = results->regions[package->focus];
    const struct report_cell *cell = package_cell(package, package->focus);
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    const struct digest_code *first = digest_first(&package->digest);
    char from[32];
    char to[32];
    format_utc_ms(results->start_ns, from);
    format_utc_ms(results->end_ns, to);
    text_puts(out, "\nHello,\n\nwe ask you to look into failures of our realtime deployment in ");
    markdown_plain(out, region);
    text_puts(out, ".");
    package_letter_incidents(package, out);
    text_puts(out,
              out->length == 0 || out->data[out->length - 1] == '\n' ? "Between " : " Between ");
    text_printf(out, "%s and %s ", from, to);
    if (package->limited) {
        text_puts(out, "(only ");
        markdown_plain(out, package->request->window->spec);
        text_puts(out, " is counted) ");
    }
    share(out, (uint64_t)rate.failed, (uint64_t)rate.trials);
    text_puts(out, " attempts failed: ");
    format_estimate(out, &rate.estimate);
    text_puts(out, " at 95% confidence.");
    control_sentence(package, out);
    if (first != NULL) {
        text_puts(out, " Most often it was `");
        text_puts(out, first->code);
        text_printf(out, "` (%llu times, %s).", (unsigned long long)first->count,
                    domain_name(first->domain));
    }
    peak_sentence(package, out);
    text_puts(out, " Session, response and request ids with their times are below, all of them in "
                   "failures.csv");
    text_puts(out,
              digest_lacks(&package->digest) ? ", as far as the record has them.\n\n" : ".\n\n");
    text_puts(
        out,
        "We know of no documented limit on concurrent sessions and of no documented failure rate "
        "that would be normal. What failed, as far as the answers say, stands below; we ask what "
        "was behind it, and what we should change.\n");
    text_puts(out, "\nThank you!\n");
}

static void row(struct table *table, const char *what, const char *value)
{
    table_put(table, what);
    table_put(table, value[0] == '\0' ? "not known" : value);
}

static void names_row(struct table *table, const char *what, const char names[DIGEST_NAMES][64])
{
    struct text *out = table_cell(table);
    table_put(table, what);
    for (size_t i = 0; i < DIGEST_NAMES && names[i][0] != '\0'; i++)
        text_printf(out, "%s%s", i > 0 ? ", " : "", names[i]);
    if (names[0][0] == '\0') text_puts(out, "not said by the service");
    table_next(table);
}

static void transport_row(const struct package *package, struct table *table)
{
    const char(*names)[64] = package->digest.transports;
    struct text *out = table_cell(table);
    table_put(table, "transport");
    for (size_t i = 0; i < DIGEST_NAMES && names[i][0] != '\0'; i++)
        text_printf(out, "%s, ", names[i]);
    text_puts(out, "no client library of the vendor in between");
    table_next(table);
}

static void client_rows(const struct package *package, struct table *table)
{
    const struct results *results = package->results;
    const cJSON *tool = cJSON_GetObjectItemCaseSensitive(results->manifest, "tool");
    const cJSON *library;
    table_put(table, "client");
    text_printf(table_cell(table), "rushhour %s, commit %s",
                results_fact(results, "tool", "version"), results_fact(results, "tool", "commit"));
    table_next(table);
    table_put(table, "libraries");
    cJSON_ArrayForEach(library, cJSON_GetObjectItemCaseSensitive(tool, "libraries"))
    {
        if (cJSON_IsString(library))
            text_printf(table_cell(table), "%s%s %s", table_cell(table)->length > 0 ? ", " : "",
                        library->string, library->valuestring);
    }
    table_next(table);
    table_put(table, "host of the client");
    text_printf(table_cell(table), "%s, kernel %s, %s, %.0f CPUs",
                results_fact(results, "host", "os"), results_fact(results, "host", "kernel"),
                results_fact(results, "host", "architecture"),
                results_fact_number(results, "host", "cpus"));
    table_next(table);
}

static void region_rows(const struct package *package, size_t region, struct table *table)
{
    const struct results *results = package->results;
    const char *dialect = results_region_fact(results, region, "dialect");
    row(table, "region (our name)", results->regions[region]);
    row(table, "host", results_region_fact(results, region, "host"));
    row(table, "deployment", results_region_fact(results, region, "deployment"));
    row(table, "model", results_region_fact(results, region, "model"));
    row(table, "deployment type", results_deployment_type(results, region));
    table_put(table, "endpoint form");
    text_printf(table_cell(table), "%s", dialect);
    const char *version = results_region_fact(results, region, "api_version");
    text_printf(table_cell(table), version[0] == '\0' ? " (no api-version)" : ", api-version %s",
                version);
    table_next(table);
}

/* Without it nobody can look anything up, so it stands first. */
static void only_we_know(const struct package *package, struct text *out)
{
    static const enum blank blanks[] = {BLANK_SUBSCRIPTION,    BLANK_IMPACT, BLANK_RESOURCE,
                                        BLANK_MODEL_VERSION,   BLANK_TIER,   BLANK_CHANGES,
                                        BLANK_DEPLOYMENT_TYPE, BLANK_HOSTS};
    struct table table = {0};
    table_column(&table, "what only we know", true);
    table_column(&table, "value", true);
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        if (!blank_is_asked(package, blanks[i])) continue;
        table_put(&table, blank_name(blanks[i]));
        blank_put(package, blanks[i], table_cell(&table));
        table_next(&table);
    }
    table_markdown(&table, out);
    table_free(&table);
}

static void identify(const struct package *package, struct text *out)
{
    struct table table = {0};
    heading(out, "What it is about");
    table_column(&table, "what", true);
    table_column(&table, "value", true);
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (package->subject[r]) region_rows(package, r, &table);
    }
    names_row(&table, "x-ms-region of the answers", package->digest.service_regions);
    names_row(&table, "addresses connected to", package->digest.addresses);
    transport_row(package, &table);
    client_rows(package, &table);
    table_put(&table, "time counted");
    package_counted(package, table_cell(&table));
    table_next(&table);
    table_markdown(&table, out);
    table_free(&table);
}

static void findings_table(const struct findings *findings, const char *const headings[3],
                           struct text *out)
{
    struct table table = {0};
    for (size_t i = 0; i < 3; i++) table_column(&table, headings[i], true);
    for (size_t i = 0; i < findings->count; i++) {
        table_put(&table, findings->items[i].what);
        table_put(&table, finding_state_name(findings->items[i].state));
        table_put(&table, findings->items[i].how);
    }
    table_markdown(&table, out);
    table_free(&table);
}

static void preflight(const struct package *package, struct text *out)
{
    if (package->check == NULL) {
        text_puts(
            out,
            "\nNo preflight result is attached. `rushhour check PROFILE --json > check.json` makes "
            "one, and `rushhour evidence RUN --check check.json` attaches it.\n");
        return;
    }
    bool ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(package->check, "ok"));
    const char *turn =
        package_check_step(package, package->results->regions[package->focus], "turn");
    text_printf(out,
                "\nThe preflight (DNS, TCP, TLS, HTTPS, credentials, upgrade, session, one minimal "
                "turn) %s",
                ok ? "passed in all regions" : "did not pass in all regions");
    if (turn[0] == '\0') {
        text_puts(out, "; it does not cover this region");
    } else {
        text_printf(out, "; the minimal turn of this region: %s", turn);
    }
    text_puts(out, ". See check.md.\n");
}

static void azure(const struct package *package, struct text *out)
{
    struct text line = {0};
    heading(out, "What Azure says");
    if (package->azure == NULL) {
        text_puts(out, "Service Health, Resource Health and Azure Monitor of that time: ");
        blank_put(package, BLANK_HEALTH, &line);
        plain(out, &line);
        text_puts(out, "\n");
        text_free(&line);
        return;
    }
    words_azure(package->results, &line);
    plain(out, &line);
    text_puts(out, "\n");
    text_free(&line);
    if (azure_has_health(package->azure) && package->azure->event_count > 0) {
        struct table table = {0};
        tables_health(package->results, &table);
        text_puts(out, "\n");
        table_markdown(&table, out);
        table_free(&table);
    }
    text_puts(out, "\nBeside our windows:");
    text_puts(out, azure_has_health(package->azure) ? " service-health.csv" : "");
    text_puts(out, azure_has_metrics(package->azure) ? " azure-metrics.csv" : "");
    text_puts(out, "\n");
}

static void strength(const struct package *package, struct text *out)
{
    static const char *const headings[] = {"about", "it", "why"};
    static const char *const conditions[] = {"condition", "state", "figure"};
    heading(out, "How strong this evidence is");
    text_printf(out, "**%s**, by our own judgement:\n\n", strength_name(package->strength));
    findings_table(&package->reasons, headings, out);
    heading(out, "Conditions for escalation");
    findings_table(&package->conditions, conditions, out);
    heading(out, "Quota");
    plain(out, &package->quota_reason);
    text_puts(out, "\n");
}

static void attachments(const struct package *package, const char *const *files, struct text *out)
{
    static const struct {
        const char *name, *what;
    } known[] = {
        {"failures.csv", "every failure, one a row: ids, times, class, headers, the last events"},
        {"windows.csv",
         "every window and region: rates with intervals, latencies, codes, health of our client"},
        {"latency.hlog", "latencies as an HdrHistogram log 1.3, microseconds"},
        {"manifest.json",
         "versions, host, load, profile without secrets, these findings for machines"},
        {"quota-request.md", "the request for more quota"},
        {"check.json", "the preflight's result"},
        {"check.md", "the same for reading"},
        {"service-health.csv", "Azure's advisories beside our windows"},
        {"azure-metrics.csv", "Azure's metrics beside our windows"},
        {"SHA256SUMS", "sums of all files: sha256sum -c SHA256SUMS"},
    };
    heading(out, "Attached");
    for (; *files != NULL; files++) {
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            if (strcmp(known[i].name, *files) == 0)
                text_printf(out, "- %s: %s\n", *files, known[i].what);
        }
    }
    text_puts(out, "\nKeys, tokens, prompts, audio and transcripts are in none of them; the "
                   "package was looked "
                   "through for their shapes before it was closed.");
    const char *line = text_str(&package->notes);
    if (*line != '\0') text_puts(out, "\n\nNotes on the record:\n\n");
    while (*line != '\0') {
        struct text one = {0};
        size_t length = strcspn(line, "\n");
        text_append(&one, line, length);
        text_puts(out, "- ");
        plain(out, &one);
        text_puts(out, "\n");
        text_free(&one);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    if (out->length > 0 && out->data[out->length - 1] != '\n') text_puts(out, "\n");
}

void package_letter(const struct package *package, const char *const *files, struct text *out)
{
    static const char *const headings[] = {"cause", "state", "how it was checked"};
    text_puts(out, package_simulated(package));
    text_puts(out, "# Failures of realtime sessions in ");
    markdown_plain(out, package->results->regions[package->focus]);
    text_puts(out, "\n\n");
    only_we_know(package, out);
    opening(package, out);
    package_letter_best(package, out);
    identify(package, out);
    package_letter_rates(package, out);
    text_puts(out, "\n# Appendices\n");
    package_letter_traces(package, out);
    package_letter_control(package, out);
    heading(out, "What we have excluded");
    findings_table(&package->exclusions, headings, out);
    preflight(package, out);
    azure(package, out);
    strength(package, out);
    attachments(package, files, out);
}
