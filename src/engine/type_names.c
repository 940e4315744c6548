#include "engine/type_names.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

const char *type_names_keep(struct type_names *names, const char *name)
{
    size_t at = random_stream(name) % TYPE_NAMES_SLOTS;
    while (names->slots[at] != NULL) {
        if (strcmp(names->slots[at], name) == 0) return names->slots[at];
        at = (at + 1) % TYPE_NAMES_SLOTS;
    }
    char *kept = names->count < TYPE_NAMES_MOST ? strdup(name) : NULL;
    if (kept == NULL) return "(other)";
    names->slots[at] = kept;
    names->count++;
    return kept;
}

void type_names_free(struct type_names *names)
{
    for (size_t i = 0; i < TYPE_NAMES_SLOTS; i++) free(names->slots[i]);
    *names = (struct type_names){0};
}
