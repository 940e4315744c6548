#include "record/parts.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPRESSED ".gz"

/* Where the number goes: before the last dot. */
static size_t stem_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? strlen(name) : (size_t)(dot - name);
}

void part_name(const char *name, unsigned number, bool compressed, char out[PART_NAME_SIZE])
{
    const size_t stem = stem_of(name);
    (void)snprintf(out, PART_NAME_SIZE, "%.*s-%04u%s%s", (int)stem, name, number, name + stem,
                   compressed ? COMPRESSED : "");
}

/* Reads a file's name as that of a part. */
static bool read_name(const char *name, const char *file, struct part *out)
{
    const size_t stem = stem_of(name);
    char again[PART_NAME_SIZE];
    if (strncmp(file, name, stem) != 0 || file[stem] != '-' ||
        !isdigit((unsigned char)file[stem + 1]))
        return false;
    const unsigned long number = strtoul(file + stem + 1, NULL, 10);
    if (number == 0 || number > PART_MOST) return false;
    for (int compressed = 0; compressed < 2; compressed++) {
        *out = (struct part){.number = (unsigned)number, .compressed = compressed == 1};
        part_name(name, out->number, out->compressed, again);
        if (strcmp(again, file) == 0) return true;
    }
    return false;
}

static int by_number(const void *a, const void *b)
{
    const struct part *left = a;
    const struct part *right = b;
    if (left->number != right->number) return left->number < right->number ? -1 : 1;
    return (int)left->compressed - (int)right->compressed;
}

static bool add(struct parts *parts, const struct part *part)
{
    struct part *grown = reallocarray(parts->list, parts->count + 1, sizeof *grown);
    if (grown == NULL) return false;
    parts->list = grown;
    parts->list[parts->count++] = *part;
    return true;
}

static bool look_through(DIR *folder, const char *name, struct parts *parts)
{
    struct part part;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (read_name(name, entry->d_name, &part) && !add(parts, &part)) return false;
    }
    return true;
}

/* Of both forms of a part the plain one stays: it is whole, as it goes last. */
static void drop_doubles(struct parts *parts)
{
    size_t kept = 0;
    if (parts->count > 1) qsort(parts->list, parts->count, sizeof *parts->list, by_number);
    for (size_t i = 0; i < parts->count; i++) {
        if (kept > 0 && parts->list[kept - 1].number == parts->list[i].number) continue;
        parts->list[kept++] = parts->list[i];
    }
    parts->count = kept;
}

enum err_code parts_find(const char *path, struct parts *out, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    *out = (struct parts){0};
    char *parent = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    if (parent == NULL) return error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
    DIR *folder = opendir(parent);
    free(parent);
    if (folder == NULL) return ERR_OK;
    const bool whole = look_through(folder, name, out);
    (void)closedir(folder);
    drop_doubles(out);
    if (whole) return ERR_OK;
    parts_free(out);
    return error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
}

void parts_free(struct parts *parts)
{
    free(parts->list);
    *parts = (struct parts){0};
}
