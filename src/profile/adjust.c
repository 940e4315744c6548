#include "profile/adjust.h"

#include "base/text.h"
#include "profile/check.h"
#include "profile/jsonc.h"
#include "profile/keys.h"
#include "profile/place.h"
#include "profile/release.h"
#include "profile/suggest.h"
#include "profile/threshold.h"

#include <stdlib.h>
#include <string.h>

/* Removes one element from an array of structs, and from the parsed file. */
static void remove_element(const struct key_table *table, void *elements, size_t *count,
                           size_t index)
{
    char *element = (char *)elements + index * table->size;
    release_object(table, element);
    memmove(element, element + table->size, (*count - index - 1) * table->size);
    (*count)--;
}

static void remove_from_source(struct profile *profile, const char *list, size_t index)
{
    struct json_node *node = place_node(profile->source, list);
    if (node->kind == JSON_LIST) json_remove(node, index);
}

static bool region_is_known(const struct profile *profile, const char *name)
{
    return check_find_region(profile, name) != NULL;
}

static bool deployment_is_known(const struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->region_count; i++) {
        if (check_has_deployment(&profile->regions[i], name)) return true;
    }
    return false;
}

/* Removes dropped names from a rule; false if it named some and none is left, so that it can never
 * apply. */
static bool prune_names(const struct profile *profile,
                        bool (*known)(const struct profile *profile, const char *name),
                        char **names, size_t *count)
{
    size_t kept = 0;
    bool named = *count > 0;
    for (size_t i = 0; i < *count; i++) {
        if (known(profile, names[i])) {
            names[kept++] = names[i];
        } else {
            free(names[i]);
        }
    }
    *count = kept;
    return kept > 0 || !named;
}

static void prune_latency(struct profile *profile)
{
    struct simulator_plan *plan = &profile->simulator;
    for (size_t i = plan->latency_count; i-- > 0;) {
        struct latency_rule *rule = &plan->latency[i];
        if (prune_names(profile, region_is_known, rule->regions, &rule->region_count)) continue;
        remove_element(&key_latency_rule, plan->latency, &plan->latency_count, i);
        /* the built-in rule is not in the file */
        remove_from_source(profile, "simulator.latency", i - 1);
    }
}

static void prune_faults(struct profile *profile)
{
    struct simulator_plan *plan = &profile->simulator;
    for (size_t i = plan->fault_count; i-- > 0;) {
        struct fault_rule *rule = &plan->faults[i];
        bool here = prune_names(profile, region_is_known, rule->regions, &rule->region_count);
        bool deployed =
            prune_names(profile, deployment_is_known, rule->deployments, &rule->deployment_count);
        if (here && deployed) continue;
        remove_element(&key_fault_rule, plan->faults, &plan->fault_count, i);
        remove_from_source(profile, "simulator.faults", i);
    }
}

static void prune_quota(struct profile *profile)
{
    struct simulator_plan *plan = &profile->simulator;
    for (size_t i = plan->quota_count; i-- > 0;) {
        struct quota_rule *rule = &plan->quota[i];
        if (prune_names(profile, region_is_known, rule->regions, &rule->region_count)) continue;
        remove_element(&key_quota_rule, plan->quota, &plan->quota_count, i);
        remove_from_source(profile, "simulator.quota", i);
    }
}

static void prune_thresholds(struct profile *profile)
{
    for (size_t i = profile->threshold_count; i-- > 0;) {
        struct threshold threshold = {0};
        if (threshold_parse(profile->thresholds[i], &threshold, NULL) != ERR_OK) continue;
        if (threshold.region[0] == '\0' || check_find_region(profile, threshold.region) != NULL)
            continue;
        free(profile->thresholds[i]);
        memmove(&profile->thresholds[i], &profile->thresholds[i + 1],
                (profile->threshold_count - i - 1) * sizeof profile->thresholds[0]);
        profile->threshold_count--;
        remove_from_source(profile, "thresholds", i);
    }
}

static bool is_wanted(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) return true;
    }
    return false;
}

static enum err_code find_all(const struct profile *profile, const char *const *names, size_t count,
                              struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (check_find_region(profile, names[i]) != NULL) continue;
        struct suggestion suggestion = suggest_start(names[i]);
        struct text known = {0};
        for (size_t k = 0; k < profile->region_count; k++) {
            suggest_offer(&suggestion, profile->regions[k].name);
            text_printf(&known, "%s%s", k > 0 ? ", " : "", profile->regions[k].name);
        }
        const char *best = suggestion.best;
        enum err_code code =
            error_set(err, ERR_USAGE, "%.200s has no region \"%.64s\"%s%s%s (it has %.300s)",
                      profile->file, names[i], best == NULL ? "" : ": did you mean \"",
                      best == NULL ? "" : best, best == NULL ? "" : "\"?", text_str(&known));
        text_free(&known);
        return code;
    }
    return ERR_OK;
}

enum err_code profile_keep_regions(struct profile *profile, const char *const *names, size_t count,
                                   struct error *err)
{
    if (count == 0) return ERR_OK;
    enum err_code code = find_all(profile, names, count, err);
    if (code != ERR_OK) return code;
    for (size_t i = profile->region_count; i-- > 0;) {
        if (is_wanted(profile->regions[i].name, names, count)) continue;
        remove_element(&key_region, profile->regions, &profile->region_count, i);
        remove_from_source(profile, "regions", i);
    }
    prune_latency(profile);
    prune_faults(profile);
    prune_quota(profile);
    prune_thresholds(profile);
    return ERR_OK;
}

static enum err_code resize(struct load *load, size_t count, struct error *err)
{
    struct stage *stages = realloc(load->stages, count * sizeof *stages);
    if (stages == NULL) return error_set(err, ERR_NOMEM, "no memory for the stages of the load");
    load->stages = stages;
    load->stage_count = count;
    return ERR_OK;
}

enum err_code load_hold(struct load *load, double target, struct error *err)
{
    int64_t whole_ns = load_duration_ns(load);
    bool is_rate = load->model == LOAD_ARRIVALS;
    enum err_code code = resize(load, 2, err);
    if (code != ERR_OK) return code;
    load->stages[0] = (struct stage){.duration_ns = 0, .target = target, .is_rate = is_rate};
    load->stages[1] = (struct stage){.duration_ns = whole_ns, .target = target, .is_rate = is_rate};
    return ERR_OK;
}

enum err_code load_cut(struct load *load, int64_t duration_ns, struct error *err)
{
    int64_t left_ns = duration_ns;
    double from = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        struct stage *stage = &load->stages[i];
        if (stage->duration_ns >= left_ns) {
            stage->target =
                from + (stage->target - from) * ((double)left_ns / (double)stage->duration_ns);
            stage->duration_ns = left_ns;
            load->stage_count = i + 1;
            return ERR_OK;
        }
        left_ns -= stage->duration_ns;
        from = stage->target;
    }
    enum err_code code = resize(load, load->stage_count + 1, err);
    if (code != ERR_OK) return code;
    struct stage *last = &load->stages[load->stage_count - 1];
    *last = (struct stage){.duration_ns = left_ns, .target = from, .is_rate = last[-1].is_rate};
    return ERR_OK;
}
