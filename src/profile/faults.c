#include "profile/faults.h"

#include <string.h>

static const struct fault_info faults[FAULT_COUNT] = {
#define X(id, name, number, chance, help) [FAULT_##id] = {name, number, chance, help},
    FAULT_MAP(X)
#undef X
};

const struct fault_info *fault_info(enum fault_kind kind)
{
    return &faults[kind];
}

bool fault_find(const char *name, enum fault_kind *out)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(faults[i].name, name) == 0) {
            *out = (enum fault_kind)i;
            return true;
        }
    }
    return false;
}
