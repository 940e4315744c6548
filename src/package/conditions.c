/* Is it time to escalate? The catalogue's conditions (section 3.3), each met, not met or
 * unknown. */
#include "package/parts.h"
#include "report/format.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define FEW_MINUTES 5

static void add(struct package *package, const char *what, enum finding_state state,
                struct text *how)
{
    finding_add(&package->conditions, what, state, how);
}

/* What the records say of a condition: where some are missing, one that they do not show may be met
 * all the same. `how` then says so. */
static enum finding_state by_records(const struct package *package, bool met, struct text *how)
{
    if (met) return FINDING_MET;
    if (!digest_lacks(&package->digest)) return FINDING_NOT_MET;
    text_printf(how, "; but %s", text_str(&package->digest.missing));
    return FINDING_NOT_KNOWN;
}

/* Text turns with short prompts and no instructions: nothing in them that a service could object
 * to. */
static bool minimal_probe(const struct package *package, double *bytes)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(package->results->manifest, "profile");
    const cJSON *session = cJSON_GetObjectItemCaseSensitive(profile, "session");
    const cJSON *prompts = cJSON_GetObjectItemCaseSensitive(session, "prompts");
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(prompts, "bytes");
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(prompts, "count");
    const char *modality =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(session, "modality"));
    bool known = cJSON_IsNumber(size) && cJSON_IsNumber(count) && count->valuedouble > 0;
    *bytes = known ? size->valuedouble / count->valuedouble : 0;
    return known && *bytes <= 200 && modality != NULL && strcmp(modality, "text") == 0 &&
           cJSON_GetObjectItemCaseSensitive(session, "instructions") == NULL &&
           cJSON_GetObjectItemCaseSensitive(session, "settings") == NULL;
}

static void clean_probe(struct package *package)
{
    double bytes;
    struct text how = {0};
    const char *region = package->results->regions[package->focus];
    const char *turn = package_check_step(package, region, "turn");
    uint64_t service = package_in_domain(package, DOMAIN_SERVICE);
    if (turn[0] != '\0') text_printf(&how, "the preflight's minimal turn: %s; ", turn);
    text_printf(&how, "%llu failures of the service in the run, whose turns are ",
                (unsigned long long)service);
    if (minimal_probe(package, &bytes)) {
        text_printf(
            &how,
            "minimal themselves: text only, %.0f bytes of prompt on average, no instructions "
            "or settings",
            bytes);
        add(package, "failures persist for a minimal clean probe",
            by_records(package, service > 0, &how), &how);
        return;
    }
    text_puts(&how, "not minimal (audio, instructions, further settings or long prompts)");
    bool failed = strcmp(turn, "failed") == 0;
    add(package, "failures persist for a minimal clean probe",
        failed            ? FINDING_MET
        : turn[0] != '\0' ? FINDING_NOT_MET
                          : FINDING_NOT_KNOWN,
        &how);
}

static void approved(const struct package *package, const char *key, enum blank what,
                     const char *before, struct text *out)
{
    const double quota = results_region_quota(package->results, package->focus, key);
    text_puts(out, before);
    if (quota > 0 && package->blanks.values[what] == NULL) {
        text_printf(out, "%.0f", quota);
    } else {
        blank_put(package, what, out);
    }
}

static void below_quota(struct package *package)
{
    const struct digest *digest = &package->digest;
    const struct peak *peak = &package->peaks[package->focus];
    struct text how = {0};
    uint64_t refused = digest->limits[LIMIT_QUOTA] + digest->limits[LIMIT_UNCLEAR] +
                       digest->limits[LIMIT_CAPACITY];
    text_printf(&how, "%llu refusals for a limit or for capacity", (unsigned long long)refused);
    if (refused == 0) {
        add(package, "sustained 429 below the approved quota", by_records(package, false, &how),
            &how);
        return;
    }
    if (digest->limit_requests.count > 0)
        text_printf(&how, "; x-ratelimit-limit-requests %.0f", digest->limit_requests.low);
    if (digest->limit_tokens.count > 0)
        text_printf(&how, "; x-ratelimit-limit-tokens %.0f", digest->limit_tokens.low);
    text_printf(&how,
                "; busiest minute: %.0f connects, %.0f attempts, %.0f tokens as a quota counts "
                "them",
                peak->sessions.per_minute, peak->attempts.per_minute, peak->counted.per_minute);
    approved(package, "rpm", BLANK_RPM_NOW, "; approved RPM ", &how);
    approved(package, "tpm", BLANK_TPM_NOW, ", TPM ", &how);
    add(package, "sustained 429 below the approved quota", FINDING_NOT_KNOWN, &how);
}

static void several_hosts(struct package *package)
{
    static const char what[] = "several hosts fail alike on one resource or region";
    struct text how = {0};
    enum finding_state state = FINDING_NOT_KNOWN;
    package_hosts_words(package, &how);
    if (package->hosts.runs == 1) {
        text_puts(&how, ": run the same profile from another one and give both (evidence RUN RUN)");
    } else {
        state = package_hosts_alike(package, &how);
        if (package_hosts(package) < 2) state = FINDING_NOT_KNOWN;
    }
    add(package, what, state, &how);
}

static bool is_error_metric(const char *name)
{
    return strstr(name, "Error") != NULL || strstr(name, "Fail") != NULL ||
           strstr(name, "Blocked") != NULL;
}

/* Whether an error metric is at least twice as high per point at our worst time as over the run. */
static bool metrics_agree(const struct package *package, const struct slice *worst,
                          struct text *how)
{
    for (size_t m = 0; m < package->azure->metric_count; m++) {
        const struct azure_metric *metric = &package->azure->metrics[m];
        if (metric->region != package->focus || !is_error_metric(metric->name)) continue;
        struct azure_sum inside = azure_metric_between(metric, worst->start_ns, worst->end_ns);
        struct azure_sum all =
            azure_metric_between(metric, package->results->start_ns, package->results->end_ns);
        if (inside.points == 0 || all.points <= inside.points || isnan(inside.total)) continue;
        double there = inside.total / (double)inside.points;
        double elsewhere = (all.total - inside.total) / (double)(all.points - inside.points);
        text_printf(how, "%s%s: %.3g a point in our worst time, %.3g in the rest",
                    how->length > 0 ? "; " : "", metric->name, there, elsewhere);
        if (there > 0 && there >= 2 * elsewhere) return true;
    }
    return false;
}

static size_t advisories_here(const struct package *package)
{
    const struct results *results = package->results;
    size_t here = 0;
    for (size_t i = 0; i < package->azure->event_count; i++) {
        const struct azure_event *event = &package->azure->events[i];
        here += event->region == package->focus &&
                azure_overlap(event, results->start_ns, results->end_ns) > 0 &&
                azure_event_is_here(package->azure, event, results->regions[package->focus]);
    }
    return here;
}

static void metrics_align(struct package *package)
{
    static const char what[] = "Azure's own metrics or advisories align in time";
    struct text how = {0};
    const struct slice *worst = package_worst(package);
    if (package->azure == NULL) {
        text_puts(
            &how,
            "no metrics and no service health were given (--azure-metrics, --service-health)");
        add(package, what, FINDING_NOT_KNOWN, &how);
        return;
    }
    bool metrics = worst != NULL && metrics_agree(package, worst, &how);
    bool compared = how.length > 0;
    size_t here = advisories_here(package);
    const struct azure_region *given = &package->azure->regions[package->focus];
    if (given->has_health) {
        text_printf(&how,
                    "%s%zu advisories for this region during the run (none is no proof of health)",
                    compared ? "; " : "", here);
    } else if (!compared) {
        text_puts(&how, given->has_metrics ? "the metrics given hold no errors that could be "
                                             "compared: see azure-metrics.csv"
                                           : "the files given are of other regions");
    }
    bool known = compared || given->has_health;
    add(package, what,
        metrics || here > 0 ? FINDING_MET
        : known             ? FINDING_NOT_MET
                            : FINDING_NOT_KNOWN,
        &how);
}

static void lasts(struct package *package)
{
    const struct digest *digest = &package->digest;
    struct text how = {0};
    size_t longest = digest_longest(digest);
    text_printf(
        &how,
        "failures in %zu different minutes; the longest row of minutes with at least one failure "
        "each: %zu",
        digest->minute_count, longest);
    add(package, "errors last more than a few minutes",
        by_records(package, longest > FEW_MINUTES, &how), &how);
}

void package_conditions(struct package *package)
{
    clean_probe(package);
    below_quota(package);
    several_hosts(package);
    metrics_align(package);
    lasts(package);
}
