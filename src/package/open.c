#include "package/open.h"

#include "base/clock.h"
#include "base/digits.h"
#include "base/files.h"
#include "record/run_reader.h"
#include "report/format.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_LIMIT ((size_t)16 << 20)

/* Long enough for some attempts in each slice, short enough for a bad time to stand out. */
static const char *grain_of(int64_t length_ns)
{
    const int64_t minute = 60 * NS_PER_S;
    if (length_ns >= 180 * minute) return "1h";
    return length_ns >= 30 * minute ? "10m" : "1m";
}

static enum err_code add_window(struct package *package, const char *spec, struct error *err)
{
    for (size_t i = 0; i < package->window_count; i++) {
        if (package->windows[i].spec != NULL && strcmp(package->windows[i].spec, spec) == 0)
            return ERR_OK;
    }
    enum err_code code = window_parse(spec, &package->windows[package->window_count], err);
    if (code == ERR_OK) package->window_count++;
    return code;
}

/* Groups by the grain first, then by the requested window, or else by the windows in the run's
 * profile. */
static enum err_code add_windows(struct package *package, const cJSON *manifest, struct error *err)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(manifest, "profile");
    const cJSON *windows = cJSON_GetObjectItemCaseSensitive(profile, "windows");
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(windows, "report");
    const struct window *asked = package->request->window;
    package->windows = calloc((size_t)cJSON_GetArraySize(own) + 2, sizeof *package->windows);
    if (package->windows == NULL) return error_set(err, ERR_NOMEM, "no memory to group the run");
    enum err_code code = add_window(package, grain_of(package->end_ns - package->start_ns), err);
    if (code == ERR_OK && asked != NULL) return add_window(package, asked->spec, err);
    const cJSON *item;
    cJSON_ArrayForEach(item, own)
    {
        if (code == ERR_OK && cJSON_IsString(item))
            code = add_window(package, item->valuestring, err);
    }
    return code;
}

static enum err_code read_results(struct package *package, struct error *err)
{
    const struct package_request *request = package->request;
    struct run_reader *reader;
    enum err_code code = run_reader_open(request->folder, &reader, err);
    if (code != ERR_OK) return code;
    code = peaks_read(package, reader, err);
    if (code == ERR_OK) code = add_windows(package, run_reader_manifest(reader), err);
    run_reader_close(reader);
    if (code != ERR_OK) return code;
    package->limited = request->window != NULL && request->window->width_ns == 0;
    return results_load_split(request->folder, package->windows, package->window_count,
                              package->limited ? request->window : NULL, &package->results, err);
}

static enum err_code read_azure(struct package *package, struct error *err)
{
    enum err_code code = results_read_azure(package->results, &package->request->azure, err);
    package->azure = package->results->azure;
    return code;
}

static enum err_code read_check(struct package *package, struct error *err)
{
    const char *path = package->request->check_file;
    struct text json = {0};
    if (path == NULL) return ERR_OK;
    enum err_code code = file_read_given(path, CHECK_LIMIT, &json, err);
    if (code == ERR_OK) {
        package->check = cJSON_ParseWithLength(text_str(&json), json.length);
        if (!cJSON_IsObject(package->check) ||
            !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(package->check, "regions"))) {
            code = error_set(err, ERR_FORMAT,
                             "%s: is not the result of a preflight check: save what `rushhour "
                             "check PROFILE --json` prints",
                             path);
        }
    }
    text_free(&json);
    return code;
}

static enum err_code find_subjects(struct package *package, struct error *err)
{
    const struct package_request *request = package->request;
    const struct results *results = package->results;
    for (size_t i = 0; i < request->region_count; i++) {
        size_t region;
        if (package_region(package, request->regions[i], &region)) {
            package->subject[region] = true;
            continue;
        }
        struct text names = {0};
        for (size_t r = 0; r < results->region_count; r++)
            text_printf(&names, "%s%s", r > 0 ? ", " : "", results->regions[r]);
        enum err_code code =
            error_set(err, ERR_USAGE, "--region %s: the run has no such region; it has %s",
                      request->regions[i], text_str(&names));
        text_free(&names);
        return code;
    }
    return ERR_OK;
}

/* Of the subjects, or of all regions if none was named, chooses the one that failed most. */
static enum err_code choose(struct package *package, struct error *err)
{
    size_t regions = package->results->region_count;
    package->subject = calloc(regions, sizeof *package->subject);
    if (package->subject == NULL) return error_set(err, ERR_NOMEM, "no memory to choose a region");
    enum err_code code = find_subjects(package, err);
    package->chosen = package->request->region_count == 0;
    double highest = -1;
    for (size_t r = 0; r < regions; r++) {
        struct rate rate = report_cell_rate(package_cell(package, r), RATE_ATTEMPT);
        double low = rate.estimate.valid && rate.failed > 0 ? rate.estimate.low : 0;
        if ((!package->chosen && !package->subject[r]) || low <= highest) continue;
        highest = low;
        package->focus = r;
    }
    package->subject[package->focus] = true;
    return code;
}

static enum err_code conclude(struct package *package, struct error *err)
{
    format_utc_ms(clock_wall_ns(), package->made);
    if (!package_count_hosts(package)) return error_set(err, ERR_NOMEM, "no memory for the hosts");
    enum err_code code = package_check_hosts(package, err);
    if (code != ERR_OK) return code;
    text_puts(&package->notes, text_str(&package->results->notes));
    package_compare(package);
    package_exclude(package);
    package_judge_quota(package);
    package_conditions(package);
    /* Weighing reads the words of what came before. */
    bool failed = package->exclusions.failed || package->reasons.failed ||
                  package->conditions.failed || package->notes.failed ||
                  package->quota_reason.failed;
    if (!failed) package_weigh(package);
    failed = failed || package->reasons.failed || package->notes.failed;
    return failed ? error_set(err, ERR_NOMEM, "no memory to weigh the evidence") : ERR_OK;
}

enum err_code package_open(struct package *package, struct error *err)
{
    enum err_code code = read_results(package, err);
    if (code == ERR_OK) code = read_azure(package, err);
    if (code == ERR_OK) code = read_check(package, err);
    if (code == ERR_OK && package->request->fill_file != NULL)
        code = blanks_read(package->request->fill_file, &package->blanks, err);
    if (code == ERR_OK) code = choose(package, err);
    if (code == ERR_OK) code = quota_target_read(package, err);
    if (code == ERR_OK) code = digest_read(package, err);
    if (code == ERR_OK) code = conclude(package, err);
    return code;
}

void package_close(struct package *package)
{
    results_free(package->results);
    cJSON_Delete(package->check);
    digest_free(&package->digest);
    findings_free(&package->exclusions);
    findings_free(&package->reasons);
    findings_free(&package->conditions);
    for (size_t i = 0; i < package->comparison_count; i++) {
        free(package->comparisons[i].subject);
        free(package->comparisons[i].control);
        free(package->comparisons[i].why);
    }
    for (size_t i = 0; i < package->window_count; i++) window_free(&package->windows[i]);
    for (size_t i = 0; package->manifests != NULL && i < package->request->run_count; i++)
        cJSON_Delete(package->manifests[i]);
    free(package->manifests);
    blanks_free(&package->blanks);
    quota_target_free(&package->target);
    free(package->windows);
    free(package->peaks);
    free(package->subject);
    text_free(&package->quota_reason);
    text_free(&package->notes);
}

static size_t count_state(const struct findings *findings, enum finding_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++) count += findings->items[i].state == state;
    return count;
}

static void strength_line(const struct package *package, struct text *out)
{
    text_printf(out, "strength    %s", strength_name(package->strength));
    const char *separator = ": ";
    for (size_t i = 0; i < package->reasons.count; i++) {
        const struct finding *reason = &package->reasons.items[i];
        if (reason->state == FINDING_SUPPORTS) continue;
        text_puts(out, separator);
        display_plain(out, reason->how, SIZE_MAX);
        separator = "; ";
    }
    text_puts(out, "\n");
}

static void summary_blanks(const struct package *package, struct text *out)
{
    struct text names = {0};
    const size_t left = blanks_left(package, "; ", &names);
    if (left == 0) {
        text_puts(out, "next        nothing is left to fill in: read support-request.md and send "
                       "it\n");
    } else {
        text_printf(out, "next        %zu blanks only you can fill in: ", left);
        display_folded(out, text_str(&names), 12, TERMINAL_WIDTH);
        text_puts(out, "\n            write lines \"NAME: VALUE\" into a file and make the package "
                       "with --fill FILE\n");
    }
    text_free(&names);
}

void package_summary(const struct package *package, const char *archive, size_t files,
                     struct text *out)
{
    struct rate rate = report_cell_rate(package_cell(package, package->focus), RATE_ATTEMPT);
    const struct findings *conditions = &package->conditions;
    if (results_simulated(package->results))
        text_puts(out, "SIMULATED: a rehearsal, no evidence of anything\n");
    text_puts(out, "package     ");
    display_plain(out, package->request->output, SIZE_MAX);
    text_printf(out, " (%zu files)\narchive     ", files);
    display_plain(out, archive, SIZE_MAX);
    text_puts(out, "\nabout       ");
    display_plain(out, package->results->regions[package->focus], SIZE_MAX);
    if (package->limited) text_printf(out, " in %s", package->request->window->name);
    text_puts(out, ": ");
    text_count(out, (uint64_t)rate.failed);
    text_puts(out, " of ");
    text_count(out, (uint64_t)rate.trials);
    text_puts(out, " attempts failed, ");
    format_estimate(out, &rate.estimate);
    if (package->chosen && package->results->region_count > 1)
        text_puts(out, "; the region that failed most (--region names another)");
    text_puts(out, "\n");
    strength_line(package, out);
    text_printf(out, "escalation  conditions: %zu met, %zu not met, %zu not known\n",
                count_state(conditions, FINDING_MET), count_state(conditions, FINDING_NOT_MET),
                count_state(conditions, FINDING_NOT_KNOWN));
    text_printf(out, "quota       %s\n", text_str(&package->quota_reason));
    if (package->target.known && package->quota != QUOTA_EVIDENCE)
        text_puts(out, "            so what --capacity tells of a target is in no letter\n");
    summary_blanks(package, out);
}
