#include "record/code_names.h"

#include "record/seen.h"

#include <string.h>

const char *code_names_take(struct code_names *names, const char *code)
{
    const size_t slots = sizeof names->slots / sizeof *names->slots;
    const size_t length = strnlen(code, CODE_NAMES_SIZE - 1);
    const uint64_t hash = seen_hash(SEEN_HASH, code, length);
    size_t at = (size_t)(hash ^ hash >> 32) % slots;
    for (; names->slots[at] != 0; at = (at + 1) % slots) {
        const char *name = names->names[names->slots[at] - 1];
        if (strncmp(name, code, length) == 0 && name[length] == '\0') return name;
    }
    if (names->count == CODE_NAMES_MOST) {
        names->rest++;
        return CODE_NAMES_REST;
    }
    char *name = names->names[names->count++];
    names->slots[at] = (uint16_t)names->count;
    memcpy(name, code, length);
    name[length] = '\0';
    return name;
}
