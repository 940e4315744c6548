/* On how many hosts the load was driven, as far as the folders tell. They name no machines
 * (record/host.h), so machines that are alike cannot be told apart. */
#include "base/units.h"
#include "package/parts.h"
#include "report/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The number of the host among those seen; a new one if it is like none of them. */
static size_t host_number(const cJSON *const *hosts, size_t *count, const cJSON *host)
{
    size_t i = 0;
    while (i < *count && !cJSON_Compare(hosts[i], host, true)) i++;
    if (i == *count) (*count)++;
    return i;
}

bool package_count_hosts(struct package *package)
{
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(package->results->manifest, "run");
    const cJSON *merged = cJSON_GetObjectItemCaseSensitive(run, "merged");
    const size_t parts = (size_t)cJSON_GetArraySize(merged);
    struct hosts *out = &package->hosts;
    *out = (struct hosts){.runs = 1, .different = 1};
    if (parts < 2) return true;
    const cJSON **hosts = calloc(parts, sizeof(const cJSON *));
    const cJSON *part;
    if (hosts == NULL) return false;
    out->runs = parts;
    out->different = 0;
    cJSON_ArrayForEach(part, merged)
    {
        const cJSON *host = cJSON_GetObjectItemCaseSensitive(part, "host");
        const size_t number = host_number(hosts, &out->different, host);
        hosts[number] = host;
    }
    free(hosts);
    return true;
}

enum err_code package_check_hosts(const struct package *package, struct error *err)
{
    const char *told = package->blanks.values[BLANK_HOSTS];
    const struct hosts *hosts = &package->hosts;
    uint64_t said = 0;
    if (told == NULL || hosts->runs == 1) return ERR_OK;
    if (parse_count(told, &said, NULL) == ERR_OK && said >= hosts->different && said <= hosts->runs)
        return ERR_OK;
    return error_set(err, ERR_FORMAT,
                     "%s: %s: write a number from %zu, as so many differ in the run folders, to "
                     "%zu, one a run",
                     package->request->fill_file, blank_name(BLANK_HOSTS), hosts->different,
                     hosts->runs);
}

size_t package_hosts(const struct package *package)
{
    const char *told = package->blanks.values[BLANK_HOSTS];
    const size_t said = told == NULL ? 0 : (size_t)strtoul(told, NULL, 10);
    const struct hosts *hosts = &package->hosts;
    return said > hosts->different && said <= hosts->runs ? said : hosts->different;
}

void package_hosts_words(const struct package *package, struct text *out)
{
    const struct hosts *hosts = &package->hosts;
    const size_t count = package_hosts(package);
    if (hosts->runs == 1) {
        text_puts(out, "one host, one network path");
        return;
    }
    text_printf(out, "%zu runs from %s%zu host%s", hosts->runs,
                count > hosts->different || count == hosts->runs ? "" : "at least ", count,
                count == 1 ? "" : "s");
    if (count > hosts->different) {
        text_puts(out, ", as we say ourselves");
    } else if (count < hosts->runs) {
        text_puts(out, " (machines that are alike cannot be told apart by their run folders)");
    }
}

/* The failure rate of the focus in one of the runs, as its run.json has it. */
static bool rate_of_run(const struct package *package, size_t run, struct estimate *out)
{
    const cJSON *region;
    const char *focus = package->results->regions[package->focus];
    cJSON_ArrayForEach(region, cJSON_GetObjectItemCaseSensitive(package->manifests[run], "regions"))
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(region, "name"));
        const cJSON *rates = cJSON_GetObjectItemCaseSensitive(region, "failure_rate");
        const cJSON *rate = cJSON_GetObjectItemCaseSensitive(rates, "attempt");
        if (name == NULL || strcmp(name, focus) != 0) continue;
        out->value = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(rate, "value"));
        out->low = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(rate, "low"));
        out->high = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(rate, "high"));
        out->valid = isfinite(out->value) && isfinite(out->low) && isfinite(out->high);
        return out->valid;
    }
    return false;
}

enum finding_state package_hosts_alike(const struct package *package, struct text *how)
{
    const struct package_request *request = package->request;
    double low = 0;
    double high = 1;
    bool all_fail = true;
    if (package->manifests == NULL) {
        text_puts(how, ": a merged run does not keep their rates apart; give the runs themselves "
                       "(evidence RUN RUN)");
        return FINDING_NOT_KNOWN;
    }
    for (size_t i = 0; i < request->run_count; i++) {
        struct estimate rate;
        if (!rate_of_run(package, i, &rate)) {
            text_puts(how, "; a run does not tell its own rate");
            return FINDING_NOT_KNOWN;
        }
        text_puts(how, i > 0 ? ", " : "; failed, over the whole of each run: ");
        format_estimate(how, &rate);
        low = fmax(low, rate.low);
        high = fmin(high, rate.high);
        all_fail = all_fail && rate.value > 0;
    }
    return all_fail && low <= high ? FINDING_MET : FINDING_NOT_MET;
}
