/* Is this a case for more quota? And if so, the request, with what the form and its reviewers ask
 * for (catalogue 3.2). */
#include "base/digits.h"
#include "package/parts.h"
#include "realtime/token_count.h"
#include "report/format.h"

#include <string.h>

/* The minimum share of quota refusals among all failures for which more quota would help. */
#define LEAST_SHARE 0.25

/* Appends " (F66, F30)": the numbers of the codes that were counted on a side. */
static void numbers(const struct digest *digest, enum limit_side side, struct text *out)
{
    const char *before = " (";
    for (size_t i = 0; i < digest->code_count; i++) {
        const struct digest_code *code = &digest->codes[i];
        if (limit_side_of(code->domain, code->catalogue) != side) continue;
        bool numbered = code->catalogue[0] == 'F';
        text_printf(out, "%s%s", before, numbered ? code->catalogue : code->code);
        before = ", ";
    }
    if (before[0] == ',') text_puts(out, ")");
}

static void count(const struct digest *digest, enum limit_side side, const char *before,
                  const char *what, struct text *out)
{
    text_printf(out, "%s%llu %s", before, (unsigned long long)digest->limits[side], what);
    numbers(digest, side, out);
}

void package_judge_quota(struct package *package)
{
    const struct digest *digest = &package->digest;
    struct text *why = &package->quota_reason;
    const uint64_t failures = digest->attempts + digest->sessions + digest->unseen;
    uint64_t quota = digest->limits[LIMIT_QUOTA];
    /* What has no record may have been for capacity. */
    const uint64_t capacity = digest->limits[LIMIT_CAPACITY] + digest->unseen;
    bool more = quota > capacity;
    bool enough = (double)quota >= LEAST_SHARE * (double)failures;
    package->quota = more && enough         ? QUOTA_EVIDENCE
                     : digest_lacks(digest) ? QUOTA_UNKNOWN
                     : quota == 0           ? QUOTA_NONE
                                            : QUOTA_SOME;
    if (digest_lacks(digest)) text_printf(why, "%s; by these ", text_str(&digest->missing));
    text_printf(why, "%llu of %llu failures are refusals for our own quota",
                (unsigned long long)quota, (unsigned long long)failures);
    numbers(digest, LIMIT_QUOTA, why);
    if (digest->limits[LIMIT_UNCLEAR] > 0)
        count(digest, LIMIT_UNCLEAR, ", ", "do not say whose limit it was", why);
    if (digest->limits[LIMIT_GATEWAY] > 0)
        count(digest, LIMIT_GATEWAY, ", ", "are for the limit of a gateway in between", why);
    count(digest, LIMIT_CAPACITY, "; ", "speak of shared capacity", why);
    switch (package->quota) {
    case QUOTA_NONE:
        text_puts(why, ". More quota would not help, so we do not ask for any.");
        break;
    case QUOTA_SOME:
        text_puts(
            why,
            more
                ? ". Most failures are of another kind, which more quota would not cure, so we do "
                  "not ask for any here."
                : ". Capacity dominates, which more quota would not cure, so we do not ask for any "
                  "here.");
        break;
    case QUOTA_UNKNOWN:
        text_puts(why, ". Whether more quota would help is not known, so we do not ask for any.");
        break;
    case QUOTA_EVIDENCE:
        text_puts(why, ". A request for quota is in quota-request.md.");
        break;
    }
}

static void blank(const struct package *package, enum blank what, const char *why,
                  struct table *table)
{
    table_put(table, blank_name(what));
    blank_put(package, what, table_cell(table));
    if (package->blanks.values[what] == NULL && why[0] != '\0')
        text_printf(table_cell(table), " - %s", why);
    table_next(table);
}

/* What we have: as we say, else as the service told, else as the profile has it. */
static void bought(const struct package *package, const char *key, enum blank what,
                   struct table *table)
{
    const double quota = results_region_quota(package->results, package->focus, key);
    const struct told_limit *told = package_told_limit(package, key);
    if (package->blanks.values[what] != NULL || (told->high == 0 && quota <= 0)) {
        blank(package, what, "as the portal shows it", table);
        return;
    }
    struct text *out = table_cell(table);
    table_put(table, blank_name(what));
    if (told->high > 0) {
        text_count(out, told->high);
        text_puts(out, ", as the service told");
        if (told->low < told->high) {
            text_puts(out, " (");
            text_count(out, told->low);
            text_puts(out, " at the lowest)");
        }
    }
    if (quota > 0 && (double)told->high == quota) {
        text_puts(out, " and our own profile says");
    } else if (quota > 0) {
        text_puts(out, told->high > 0 ? "; " : "");
        text_count(out, (uint64_t)quota);
        text_puts(out, " by our own profile");
    }
    table_next(table);
}

static void line(struct table *table, const char *what, const char *value)
{
    table_put(table, what);
    table_put(table, value[0] == '\0' ? "not known" : value);
}

static void deployment_rows(const struct package *package, struct table *table)
{
    const struct results *results = package->results;
    const char *type = results_deployment_type(results, package->focus);
    line(table, "region",
         package->digest.service_regions[0][0] != '\0' ? package->digest.service_regions[0]
                                                       : results->regions[package->focus]);
    line(table, "host", results_region_fact(results, package->focus, "host"));
    line(table, "deployment", results_region_fact(results, package->focus, "deployment"));
    line(table, "model", results_region_fact(results, package->focus, "model"));
    blank(package, BLANK_MODEL_VERSION, "", table);
    if (type[0] != '\0') {
        line(table, blank_name(BLANK_DEPLOYMENT_TYPE), type);
    } else {
        blank(package, BLANK_DEPLOYMENT_TYPE, "Global Standard, ...", table);
    }
    table_put(table, "time counted");
    package_counted(package, table_cell(table));
    table_next(table);
}

/* What only we can say comes first: without it nobody can act on the rest. */
static void identify(const struct package *package, struct text *out)
{
    struct table table = {0};
    table_column(&table, "what", true);
    table_column(&table, "value", true);
    blank(package, BLANK_SUBSCRIPTION, "", &table);
    blank(package, BLANK_IMPACT, "", &table);
    blank(package, BLANK_USE_CASE, "", &table);
    blank(package, BLANK_RPM_REQUESTED, "", &table);
    blank(package, BLANK_TPM_REQUESTED, "", &table);
    blank(package, BLANK_RESOURCE, "", &table);
    blank(package, BLANK_GROWTH, "", &table);
    blank(package, BLANK_OPTIMISED, "prompt size, max tokens, pruning, other regions", &table);
    bought(package, "rpm", BLANK_RPM_NOW, &table);
    bought(package, "tpm", BLANK_TPM_NOW, &table);
    deployment_rows(package, &table);
    table_markdown(&table, out);
    table_free(&table);
    text_puts(out, "\nA limit that the service tells may be that of a slice of the minute: hold it "
                   "against the portal.\n");
}

static void peak_row(struct table *table, const char *what, const struct peak_value *peak)
{
    char stamp[32] = "-";
    table_put(table, what);
    text_count(table_cell(table), (uint64_t)(peak->per_minute + 0.5));
    table_next(table);
    if (peak->per_minute > 0) format_utc_ms(peak->at_ns, stamp);
    table_put(table, stamp);
}

static void usage(const struct package *package, struct text *out)
{
    const struct peak *peak = &package->peaks[package->focus];
    struct table table = {0};
    table_column(&table, "measured, at most in one minute", true);
    table_column(&table, "per minute", false);
    table_column(&table, "minute that began (UTC)", true);
    peak_row(&table, "new connections (RPM where connections are counted)", &peak->sessions);
    peak_row(&table, "attempts (response.create; RPM where responses are counted)",
             &peak->attempts);
    peak_row(&table, "tokens as a quota counts them: input, and max_output_tokens reserved (TPM)",
             &peak->counted);
    peak_row(&table, "tokens, input and output, as the service reported them", &peak->tokens);
    table_markdown(&table, out);
    table_free(&table);
    const bool openai =
        strcmp(results_region_fact(package->results, package->focus, "dialect"), "openai") == 0;
    text_printf(out, "\nRequests are %s.\n",
                request_kind_words(openai ? DIALECT_OPENAI : DIALECT_GA));
}

static void limit_line(const char *header, const struct span *span, struct text *out)
{
    if (span->count == 0) {
        text_printf(out, "- `%s`: in no record.\n", header);
    } else if (span->low == span->high) {
        text_printf(out, "- `%s`: %.0f in %llu answers.\n", header, span->low,
                    (unsigned long long)span->count);
    } else {
        text_printf(out, "- `%s`: %.0f to %.0f in %llu answers.\n", header, span->low, span->high,
                    (unsigned long long)span->count);
    }
}

/* The service's own words, from the first refusal for quota. */
static void quote(const struct package *package, struct text *out)
{
    for (size_t i = 0; i < package->digest.code_count; i++) {
        const struct digest_code *code = &package->digest.codes[i];
        bool ours = limit_side_of(code->domain, code->catalogue) == LIMIT_QUOTA;
        if (!ours || code->sample == NULL) continue;
        const char *message =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(code->sample, "message"));
        text_printf(out, "- Their text (%s, %s, %llu times): ", code->code, code->catalogue,
                    (unsigned long long)code->count);
        markdown_plain(out, message == NULL ? "none" : message);
        text_puts(out, "\n");
    }
}

static void proof(const struct package *package, struct text *out)
{
    const struct digest *digest = &package->digest;
    text_printf(out, "\n## Why these refusals are quota and not capacity\n\n");
    text_printf(out,
                "- %llu refusals name our limit; %llu name shared capacity, high demand or "
                "overload; %llu do "
                "not say which.\n",
                (unsigned long long)digest->limits[LIMIT_QUOTA],
                (unsigned long long)digest->limits[LIMIT_CAPACITY],
                (unsigned long long)digest->limits[LIMIT_UNCLEAR]);
    quote(package, out);
    text_printf(
        out,
        "- %llu of those that name our limit say when to try again, in a header or in their text",
        (unsigned long long)digest->hinted);
    if (digest->brief > 0)
        text_printf(out, "; of %llu more neither was kept", (unsigned long long)digest->brief);
    text_puts(out, ".\n");
    limit_line("x-ratelimit-limit-requests", &digest->limit_requests, out);
    limit_line("x-ratelimit-limit-tokens", &digest->limit_tokens, out);
    text_puts(
        out,
        "- If the limit header is below the TPM that the portal shows, the service had lowered the "
        "limit for a time (F32): please tell us so, since that is capacity, not quota. "
        "Configured TPM: ");
    const double tpm = results_region_quota(package->results, package->focus, "tpm");
    if (tpm > 0 && package->blanks.values[BLANK_TPM_NOW] == NULL) {
        text_count(out, (uint64_t)tpm);
    } else {
        struct text now = {0};
        blank_put(package, BLANK_TPM_NOW, &now);
        markdown_plain(out, text_str(&now));
        text_free(&now);
    }
    text_puts(out, "\n");
}

/* The share of attempts refused for quota, with the interval that attempts of one session have. */
static struct estimate refused(const struct package *package)
{
    struct cluster_sums sums = {0};
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (package->subject[r]) cluster_merge(&sums, &package_cell(package, r)->cell.clusters);
    }
    return rate_in_sessions((double)package->digest.limits[LIMIT_QUOTA],
                            (double)package_attempts(package), &sums, CONFIDENCE);
}

void package_quota_letter(const struct package *package, struct text *out)
{
    const struct digest *digest = &package->digest;
    const struct report_cell *cell = package_cell(package, package->focus);
    struct text history = {0};
    const struct estimate share = refused(package);
    text_puts(out, package_simulated(package));
    text_puts(out, "# Request for more quota: realtime deployment in ");
    markdown_plain(out, package->results->regions[package->focus]);
    text_puts(out,
              "\n\nWe reach the limits of this deployment and ask for more. Everything below is "
              "measured, except what we ask for and what is marked \"to fill in\".\n\n");
    identify(package, out);
    quota_target_letter(package, out);
    text_puts(out, "\n## What we use, and what was refused\n\n");
    usage(package, out);
    text_puts(out, "\nRefused for quota: ");
    text_count(out, digest->limits[LIMIT_QUOTA]);
    text_puts(out, " times in ");
    text_count(out, package_attempts(package));
    text_puts(out, " attempts, ");
    format_estimate(out, &share);
    text_puts(out, " at 95% confidence. Retries: ");
    text_count(out, cell->cell.counters.retries);
    text_puts(out,
              ", so refused calls are not hidden by them. History of 30 days from Azure Monitor: ");
    blank_put(package, BLANK_HISTORY, &history);
    markdown_plain(out, text_str(&history));
    text_free(&history);
    text_printf(out, " (the run covers %.1f hours).\n",
                (double)(package->results->end_ns - package->results->start_ns) / 3600e9);
    text_puts(out, "\nWhat failed, by cause:\n\n");
    package_letter_causes(package, out);
    proof(package, out);
    text_puts(
        out,
        "\nThe support request, every failure (failures.csv) and every window (windows.csv) are in "
        "the same package.\n");
}
