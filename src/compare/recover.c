#include "compare/recover_model.h"

#include "base/clock.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *recover_verdict_name(enum recover_verdict verdict)
{
    static const char *const names[] = {"recovered", "not_yet", "relapsed", "too_early", "invalid"};
    return names[verdict];
}

enum recover_verdict recover_verdict_of(const struct recovered *recovered)
{
    return recovered->verdict;
}

void recover_free(struct recovered *recovered)
{
    if (recovered == NULL) return;
    recover_path_free(&recovered->path);
    recover_path_free(&recovered->baseline);
    recover_path_free(&recovered->beside);
    compare_free(recovered->changed);
    compare_free(recovered->from_baseline);
    compare_free(recovered->from_beside);
    free(recovered->regions);
    free(recovered->baseline_hours);
    text_free(&recovered->notes);
    free(recovered);
}

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory to judge the recovery");
}

/* ---- what is judged ---- */

static bool is_wanted(const struct recover_request *request, const char *region)
{
    for (size_t i = 0; i < request->region_count; i++) {
        if (strcmp(request->regions[i], region) == 0) return true;
    }
    return request->region_count == 0;
}

static enum err_code check_regions(const struct recover_request *request,
                                   const struct recover_path *path, struct error *err)
{
    for (size_t i = 0; i < request->region_count; i++) {
        if (recover_series_of(path, request->regions[i]) != NULL) continue;
        struct text names = {0};
        for (size_t r = 0; r < path->region_count; r++)
            text_printf(&names, "%s%s", r > 0 ? ", " : "", path->regions[r]);
        enum err_code code =
            error_set(err, ERR_USAGE, "--region %s: no run has such a region; they have %s",
                      request->regions[i], text_str(&names));
        text_free(&names);
        return code;
    }
    return ERR_OK;
}

/* A baseline of certain hours is taken out of the path's own blocks before `since`. */
struct divided {
    struct recovery_series baseline, rest;
    void *memory;
};

/* Whether a block is in the hours of the baseline. */
static bool is_of_baseline(const struct time_block *block, const struct window *hours, double since)
{
    return block->start < since &&
           window_contains(hours, (int64_t)(block->start * (double)NS_PER_S));
}

static bool divide(const struct recover_series *all, const struct window *hours, double since,
                   struct divided *out)
{
    const size_t each = sizeof(struct time_block) + sizeof(struct cluster_sums);
    *out = (struct divided){.memory = calloc(2 * all->count + 1, each)};
    if (out->memory == NULL) return false;
    struct cluster_sums *chains = out->memory;
    struct time_block *blocks = (void *)(chains + 2 * all->count);
    out->baseline = (struct recovery_series){.blocks = blocks, .chains = chains};
    out->rest =
        (struct recovery_series){.blocks = blocks + all->count, .chains = chains + all->count};
    for (size_t i = 0; i < all->count; i++) {
        const struct time_block *block = &all->blocks[i];
        bool inside = is_of_baseline(block, hours, since);
        size_t *count = inside ? &out->baseline.count : &out->rest.count;
        size_t at = inside ? *count : all->count + *count;
        blocks[at] = *block;
        chains[at] = all->chains[i];
        (*count)++;
    }
    return true;
}

static struct recovery_series series_of(const struct recover_series *series)
{
    if (series == NULL) return (struct recovery_series){0};
    return (struct recovery_series){series->blocks, series->chains, series->count};
}

static bool judge_region(const struct recover_request *request, const struct recovered *recovered,
                         const char *name, struct recover_region *out)
{
    const struct recover_series *own = recover_series_of(&recovered->path, name);
    struct recovery_asked asked = {
        .run = series_of(own),
        .baseline = series_of(recover_series_of(&recovered->baseline, name)),
        .since = recovered->since,
        .began = request->has_began ? (double)request->began_ns / (double)NS_PER_S : (double)NAN,
        .margin = request->margin,
        .confidence = request->confidence,
        .tests = recovered->region_count};
    struct divided divided = {0};
    *out = (struct recover_region){.name = name};
    if (request->baseline_hours != NULL) {
        if (!divide(own, request->baseline_hours, recovered->since, &divided)) return false;
        asked.baseline = divided.baseline;
        asked.run = divided.rest;
    }
    bool ok = recovery_judge(&asked, &out->found);
    free(divided.memory);
    return ok;
}

/* ---- what differs ---- */

static enum err_code differences(const struct results *a, const struct results *b,
                                 struct compared **out, struct error *err)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? no_memory(err) : compare_find_changes(*out, a, b, err);
}

/* The last run that began before `since`, and the first one after. */
static enum err_code find_changes(struct recovered *recovered, struct error *err)
{
    const struct recover_path *path = &recovered->path;
    size_t after = 0;
    while (after < path->run_count &&
           (double)path->runs[after]->start_ns / (double)NS_PER_S < recovered->since)
        after++;
    size_t last = after > 0 ? after - 1 : 0;
    enum err_code code = ERR_OK;
    if (after > 0 && after < path->run_count)
        code = differences(path->runs[last], path->runs[after], &recovered->changed, err);
    if (code == ERR_OK && recovered->baseline.run_count > 0)
        code = differences(recovered->baseline.runs[0], path->runs[last], &recovered->from_baseline,
                           err);
    if (code == ERR_OK && recovered->beside.run_count > 0)
        code =
            differences(recovered->beside.runs[0], path->runs[last], &recovered->from_beside, err);
    return code;
}

/* ---- the verdict ---- */

/* Whether most of the time since does not count. */
static bool is_invalid(const struct recovered *recovered, const struct recover_region *region)
{
    const struct recover_series *series = recover_series_of(&recovered->path, region->name);
    return series->unhealthy_since > region->found.since.seconds;
}

static enum recover_verdict verdict_of(const struct recovered *recovered,
                                       const struct recover_region *region)
{
    static const enum recover_verdict verdicts[] = {
        [RECOVERY_RECOVERED] = RECOVER_RECOVERED,
        [RECOVERY_NOT_YET] = RECOVER_NOT_YET,
        [RECOVERY_RELAPSED] = RECOVER_RELAPSED,
        [RECOVERY_TOO_EARLY] = RECOVER_TOO_EARLY,
    };
    return is_invalid(recovered, region) ? RECOVER_INVALID : verdicts[region->found.verdict];
}

/* The gravest verdict of the struck regions; false: none was struck. */
static bool decide(struct recovered *recovered)
{
    static const int rank[] = {[RECOVER_RECOVERED] = 0,
                               [RECOVER_TOO_EARLY] = 1,
                               [RECOVER_INVALID] = 2,
                               [RECOVER_NOT_YET] = 3,
                               [RECOVER_RELAPSED] = 4};
    bool any = false;
    for (size_t i = 0; i < recovered->region_count; i++) {
        const struct recover_region *region = &recovered->regions[i];
        if (!region->found.struck) continue;
        enum recover_verdict verdict = verdict_of(recovered, region);
        if (any && rank[verdict] <= rank[recovered->verdict]) continue;
        any = true;
        recovered->verdict = verdict;
        recovered->deciding = i;
    }
    return any;
}

static void note_regions(struct recovered *recovered)
{
    for (size_t i = 0; i < recovered->region_count; i++) {
        const struct recover_region *region = &recovered->regions[i];
        if (region->found.struck) continue;
        text_printf(&recovered->notes, "Region %s was in no incident before that time: %s.\n",
                    region->name,
                    region->found.verdict == RECOVERY_NOT_YET
                        ? "but it fails more since, which the verdict does not count"
                        : "the verdict is not of it");
    }
}

/* Whether anything of a region is in the baseline that was named: without it the time before the
 * incident would stand in for it, and nobody asked for that. */
static bool has_baseline(const struct recover_request *request, const struct recovered *recovered,
                         const char *name)
{
    if (recovered->baseline.run_count > 0) {
        const struct recover_series *series = recover_series_of(&recovered->baseline, name);
        return series != NULL && series->count > 0;
    }
    if (request->baseline_hours == NULL) return true;
    const struct recover_series *own = recover_series_of(&recovered->path, name);
    for (size_t i = 0; i < own->count; i++) {
        if (is_of_baseline(&own->blocks[i], request->baseline_hours, recovered->since)) return true;
    }
    return false;
}

/* Regions that have a baseline, if one was named. */
static enum err_code pick_regions(const struct recover_request *request,
                                  struct recovered *recovered, struct error *err)
{
    const struct recover_path *path = &recovered->path;
    recovered->regions = calloc(path->region_count + 1, sizeof *recovered->regions);
    if (recovered->regions == NULL) return no_memory(err);
    for (size_t r = 0; r < path->region_count; r++) {
        const char *name = path->regions[r];
        if (!is_wanted(request, name)) continue;
        if (!has_baseline(request, recovered, name)) {
            text_printf(&recovered->notes,
                        "Region %s has no time in the baseline that counts: it is not judged.\n",
                        name);
            continue;
        }
        recovered->regions[recovered->region_count++].name = name;
    }
    if (recovered->region_count > 0) return ERR_OK;
    if (request->baseline_hours != NULL)
        return error_set(err, ERR_USAGE,
                         "--baseline %s: before --since these runs have no time in it that counts",
                         recovered->baseline_hours);
    return error_set(err, ERR_USAGE,
                     "--baseline %s: has no region of these runs with time that counts",
                     request->baseline);
}

/* Why there is nothing to recover from. */
static enum err_code nothing_struck(const struct recovered *recovered, struct error *err)
{
    double left_out = 0;
    struct text unhealthy = {0};
    for (size_t i = 0; i < recovered->region_count; i++)
        left_out =
            fmax(left_out,
                 recover_series_of(&recovered->path, recovered->regions[i].name)->unhealthy_before);
    if (left_out > 0) {
        text_puts(&unhealthy, " (left out: ");
        text_duration(&unhealthy, (int64_t)(left_out * (double)NS_PER_S));
        text_puts(&unhealthy, " in which the load generator was not healthy)");
    }
    enum err_code code = error_set(
        err, ERR_USAGE,
        recovered->began_given
            ? "it is not sure that more failed from --began on than before it%s: name another "
              "time, or what was before it with --baseline"
            : "no incident before --since is found in these runs%s: name when it began with "
              "--began, or what was before it with --baseline",
        text_str(&unhealthy));
    text_free(&unhealthy);
    return code;
}

static enum err_code judge(const struct recover_request *request, struct recovered *recovered,
                           struct error *err)
{
    enum err_code code = check_regions(request, &recovered->path, err);
    if (code == ERR_OK) code = pick_regions(request, recovered, err);
    if (code != ERR_OK) return code;
    for (size_t i = 0; i < recovered->region_count; i++) {
        struct recover_region *region = &recovered->regions[i];
        if (!judge_region(request, recovered, region->name, region)) return no_memory(err);
    }
    if (!decide(recovered)) return nothing_struck(recovered, err);
    note_regions(recovered);
    recover_find_beside(recovered);
    return find_changes(recovered, err);
}

/* ---- reading ---- */

static enum err_code check_time(const struct recovered *recovered, struct error *err)
{
    const struct recover_path *path = &recovered->path;
    double start = (double)path->runs[0]->start_ns / (double)NS_PER_S;
    double end = (double)path->runs[path->run_count - 1]->end_ns / (double)NS_PER_S;
    if (recovered->since > start && recovered->since < end) return ERR_OK;
    char from[32];
    char to[32];
    format_utc_ms(path->runs[0]->start_ns, from);
    format_utc_ms(path->runs[path->run_count - 1]->end_ns, to);
    return error_set(err, ERR_USAGE,
                     "--since lies outside of what was measured, %s to %s: name the runs before "
                     "and after it",
                     from, to);
}

static void take_notes(struct recovered *recovered, const struct recover_path *path)
{
    for (size_t i = 0; i < path->run_count; i++)
        text_puts(&recovered->notes, text_str(&path->runs[i]->notes));
}

static enum err_code read_all(const struct recover_request *request, struct recovered *recovered,
                              struct error *err)
{
    const char *const baseline[] = {request->baseline};
    const char *const beside[] = {request->beside};
    enum err_code code = recover_read(request->folders, request->folder_count, recovered->since,
                                      &recovered->path, err);
    if (code == ERR_OK) code = check_time(recovered, err);
    if (code == ERR_OK && request->baseline != NULL)
        code = recover_read(baseline, 1, INFINITY, &recovered->baseline, err);
    if (code == ERR_OK && request->beside != NULL)
        code = recover_read(beside, 1, recovered->since, &recovered->beside, err);
    take_notes(recovered, &recovered->path);
    take_notes(recovered, &recovered->baseline);
    take_notes(recovered, &recovered->beside);
    return code;
}

enum err_code recover_make(const struct recover_request *request, struct recovered **out,
                           struct error *err)
{
    *out = NULL;
    struct recovered *recovered = calloc(1, sizeof *recovered);
    if (recovered == NULL) return no_memory(err);
    recovered->since = (double)request->since_ns / (double)NS_PER_S;
    recovered->margin = request->margin;
    recovered->confidence = request->confidence;
    recovered->began_given = request->has_began;
    enum err_code code = ERR_OK;
    if (request->baseline_hours != NULL) {
        recovered->baseline_hours = strdup(request->baseline_hours->spec);
        if (recovered->baseline_hours == NULL) code = no_memory(err);
    }
    if (code == ERR_OK) code = read_all(request, recovered, err);
    if (code == ERR_OK) code = judge(request, recovered, err);
    if (code == ERR_OK && recovered->notes.failed) code = no_memory(err);
    if (code == ERR_OK) {
        *out = recovered;
    } else {
        recover_free(recovered);
    }
    return code;
}
