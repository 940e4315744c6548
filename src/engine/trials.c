#include "engine/trials.h"

#include <stdlib.h>
#include <string.h>

static bool open_group(struct trials *trials)
{
    if (trials->count == trials->capacity) {
        size_t capacity = trials->capacity > 0 ? 2 * trials->capacity : 16;
        struct trial_group *groups = realloc(trials->groups, capacity * sizeof *groups);
        if (groups == NULL) return false;
        trials->groups = groups;
        trials->capacity = capacity;
    }
    trials->groups[trials->count++] = (struct trial_group){0};
    trials->open = true;
    return true;
}

bool trials_begin(struct trials *trials, uint64_t *group)
{
    if (!trials->open && !open_group(trials)) return false;
    trials->groups[trials->count - 1].under_way++;
    *group = trials->first + trials->count - 1;
    return true;
}

void trials_end(struct trials *trials, uint64_t group, enum trial_end end)
{
    struct trial_group *g = &trials->groups[group - trials->first];
    g->under_way--;
    if (end == TRIAL_WITHDRAWN) return;
    g->sums.at_risk++;
    g->sums.first_failures += end == TRIAL_FAILED;
}

void trials_tick(struct trials *trials, struct trial_sums *sums)
{
    size_t told = 0;
    trials->open = false;
    while (told < trials->count && trials->groups[told].under_way == 0) {
        sums->at_risk += trials->groups[told].sums.at_risk;
        sums->first_failures += trials->groups[told].sums.first_failures;
        told++;
    }
    if (told == 0) return;
    trials->first += told;
    trials->count -= told;
    memmove(trials->groups, trials->groups + told, trials->count * sizeof *trials->groups);
}

void trials_free(struct trials *trials)
{
    free(trials->groups);
    *trials = (struct trials){0};
}
