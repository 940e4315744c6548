/* manifest.json: who measured what with which versions, and the package's conclusions in short. */
#include "base/json.h"
#include "package/parts.h"
#include "record/manifest_print.h"
#include "report/figures_json.h"

#include <string.h>

static void findings_json(const char *key, const struct findings *findings, struct text *out)
{
    json_key(out, key);
    json_open(out, '[');
    for (size_t i = 0; i < findings->count; i++) {
        json_open(out, '{');
        json_put_string(out, "what", findings->items[i].what);
        json_put_string(out, "state", finding_state_name(findings->items[i].state));
        json_put_string(out, "how", findings->items[i].how);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void estimate_json(const char *key, const struct rate *rate, struct text *out)
{
    json_key(out, key);
    json_open(out, '{');
    json_put_number(out, "value", rate->estimate.value);
    json_put_number(out, "low", rate->estimate.low);
    json_put_number(out, "high", rate->estimate.high);
    json_put_number(out, "failed", rate->failed);
    json_put_number(out, "n", rate->trials);
    json_close(out, '}');
}

static void difference_json(const char *key, const struct difference *d, struct text *out)
{
    const struct estimate e = {d->valid, d->value, d->low, d->high};
    figures_interval_json(key, &e, out);
}

static void comparison_json(const struct contrast *c, struct text *out)
{
    json_open(out, '{');
    json_put_string(out, "subject", c->subject);
    json_put_string(out, "control", c->control);
    estimate_json("subject_rate", &c->b, out);
    estimate_json("control_rate", &c->a, out);
    difference_json("difference", &c->difference, out);
    difference_json("observed_difference", &c->observed, out);
    json_put_string(out, "why", c->why);
    json_put_number(out, "p", c->p);
    json_put_number(out, "p_adjusted", c->adjusted);
    json_key(out, "same_minutes");
    json_bool(out, c->same_minutes);
    json_close(out, '}');
}

/* What this says of the service at such hours; null where the record cannot tell. */
static void service_json(const struct package *package, size_t region, struct text *out)
{
    const struct claim_of of = package_claim(package, false, region);
    struct service_rate service = claim_failure_rate(&of, RATE_ATTEMPT);
    json_key(out, "service");
    if (service.dependence.why != DEPENDENCE_KNOWN) {
        json_null(out);
        return;
    }
    json_open(out, '{');
    json_put_number(out, "low", service.estimate.low);
    json_put_number(out, "high", service.estimate.high);
    json_put_number(out, "effective_n", service.effective_n);
    json_close(out, '}');
}

static void subjects_json(const struct package *package, struct text *out)
{
    json_key(out, "regions");
    json_open(out, '[');
    for (size_t r = 0; r < package->results->region_count; r++) {
        if (!package->subject[r]) continue;
        struct rate rate = report_cell_rate(package_cell(package, r), RATE_ATTEMPT);
        json_open(out, '{');
        json_put_string(out, "name", package->results->regions[r]);
        estimate_json("failure_rate", &rate, out);
        service_json(package, r, out);
        json_put_number(out, "peak_connects_per_minute", package->peaks[r].sessions.per_minute);
        json_put_number(out, "peak_attempts_per_minute", package->peaks[r].attempts.per_minute);
        json_put_number(out, "peak_tokens_per_minute", package->peaks[r].tokens.per_minute);
        json_put_number(out, "peak_counted_tokens_per_minute",
                        package->peaks[r].counted.per_minute);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void codes_json(const struct digest *digest, struct text *out)
{
    json_key(out, "failures");
    json_open(out, '[');
    for (size_t i = 0; i < digest->code_count; i++) {
        json_open(out, '{');
        json_put_string(out, "code", digest->codes[i].code);
        json_put_string(out, "catalogue", digest->codes[i].catalogue);
        json_put_string(out, "domain", domain_name(digest->codes[i].domain));
        json_put_count(out, "count", digest->codes[i].count);
        json_close(out, '}');
    }
    json_close(out, ']');
}

void package_json(const struct package *package, struct text *out)
{
    struct text line = {0};
    json_open(out, '{');
    json_key(out, "simulated");
    json_bool(out, results_simulated(package->results));
    json_put_string(out, "made", package->made);
    json_put_string(out, "run", results_fact(package->results, "run", "id"));
    json_put_count(out, "runs", package->hosts.runs);
    json_put_count(out, "hosts_at_least", package_hosts(package));
    package_counted(package, &line);
    json_put_string(out, "counted", text_str(&line));
    text_clear(&line);
    (void)blanks_left(package, "\n", &line);
    json_put_lines(out, "blanks", text_str(&line));
    text_free(&line);
    json_key(out, "window");
    package->limited ? json_string(out, package->request->window->spec) : json_null(out);
    json_key(out, "chosen");
    json_bool(out, package->chosen);
    subjects_json(package, out);
    codes_json(&package->digest, out);
    package_incidents_json(package, out);
    json_key(out, "comparisons");
    json_open(out, '[');
    for (size_t i = 0; i < package->comparison_count; i++)
        comparison_json(&package->comparisons[i], out);
    json_close(out, ']');
    json_put_string(out, "strength", strength_name(package->strength));
    findings_json("reasons", &package->reasons, out);
    findings_json("exclusions", &package->exclusions, out);
    findings_json("escalation", &package->conditions, out);
    json_key(out, "quota_request");
    json_bool(out, package->quota == QUOTA_EVIDENCE);
    json_put_string(out, "quota_reason", text_str(&package->quota_reason));
    json_key(out, "records_missing");
    digest_lacks(&package->digest) ? json_string(out, text_str(&package->digest.missing))
                                   : json_null(out);
    json_key(out, "check");
    json_bool(out, package->check != NULL);
    json_close(out, '}');
}

static void part(const struct package *package, const char *key, struct text *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(package->results->manifest, key);
    char *printed = item == NULL ? NULL : manifest_print(item, false);
    json_key(out, key);
    if (printed == NULL) {
        json_null(out);
    } else {
        text_puts(out, printed);
    }
    cJSON_free(printed);
}

void package_manifest(const struct package *package, const char *const *files, struct text *out)
{
    static const char *const parts[] = {"tool",    "run",    "host",     "load",
                                        "profile", "totals", "generator"};
    json_open(out, '{');
    if (results_simulated(package->results))
        json_put_string(out, "notice", "SIMULATED: a rehearsal, not a real service");
    json_key(out, "packed_by");
    json_open(out, '{');
    json_put_string(out, "name", "rushhour");
    json_put_string(out, "version", RUSHHOUR_VERSION);
    json_put_string(out, "commit", RUSHHOUR_COMMIT);
    json_close(out, '}');
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) part(package, parts[i], out);
    json_key(out, "package");
    package_json(package, out);
    json_key(out, "files");
    json_open(out, '[');
    for (; *files != NULL; files++) json_string(out, *files);
    json_close(out, ']');
    json_close(out, '}');
    text_puts(out, "\n");
}
