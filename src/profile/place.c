#include "profile/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Terminals interpret control characters, and a key in the file can contain any. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
    }
}

enum err_code place_fail(const struct place *place, const char *format, ...)
{
    char where[512];
    char sentence[640];
    where[0] = '\0';
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (place->file != NULL && place->line > 0) {
        (void)snprintf(where, sizeof where, "%.250s:%d:%d: ", place->file, place->line,
                       place->column);
    } else if (place->file != NULL) {
        (void)snprintf(where, sizeof where, "%.250s: ", place->file);
    }
    const char *colon = place->path[0] == '\0' ? "" : ": ";
    enum err_code code =
        error_set(place->err, ERR_PROFILE, "%s%s%s%s", where, place->path, colon, sentence);
    if (place->err != NULL) make_printable(place->err->text);
    return code;
}

enum err_code place_fail_with(const struct place *place, enum err_code code,
                              const struct error *inner)
{
    if (code == ERR_NOMEM) return place_no_memory(place);
    return place_fail(place, "%s", inner->text);
}

enum err_code place_no_memory(const struct place *place)
{
    return error_set(place->err, ERR_NOMEM, "no memory for the profile");
}

static void append_name(struct place *place, const char *name)
{
    size_t length = strlen(place->path);
    (void)snprintf(place->path + length, sizeof place->path - length, "%s%.100s",
                   length > 0 ? "." : "", name);
}

struct place place_of_member(const struct place *parent, const struct json_node *member)
{
    struct place place = *parent;
    append_name(&place, member->key);
    place.line = member->line;
    place.column = member->column;
    return place;
}

struct place place_of_key(const struct place *parent, const struct json_node *member)
{
    struct place place = place_of_member(parent, member);
    place.line = member->key_line;
    place.column = member->key_column;
    return place;
}

struct place place_of_element(const struct place *list, const struct json_node *element,
                              size_t index)
{
    struct place place = *list;
    size_t length = strlen(place.path);
    (void)snprintf(place.path + length, sizeof place.path - length, "[%zu]", index);
    place.line = element->line;
    place.column = element->column;
    return place;
}

/* The child named by the first part of *path; moves *path past that part. */
static struct json_node *descend(const struct json_node *node, const char **path)
{
    const char *part = *path;
    if (*part == '[') {
        char *end = NULL;
        size_t index = strtoul(part + 1, &end, 10);
        *path = end + (*end == ']');
        return json_element(node, index);
    }
    part += *part == '.';
    size_t length = strcspn(part, ".[");
    *path = part + length;
    for (struct json_node *child = node->first; child != NULL; child = child->next) {
        if (child->key != NULL && strlen(child->key) == length &&
            memcmp(child->key, part, length) == 0) {
            return child;
        }
    }
    return NULL;
}

struct json_node *place_node(struct json_node *root, const char *path)
{
    while (*path != '\0') {
        struct json_node *child = descend(root, &path);
        if (child == NULL) return root;
        root = child;
    }
    return root;
}

struct place place_find(const struct profile *profile, const char *path, struct error *err)
{
    struct place place = {.file = profile->file, .err = err};
    (void)snprintf(place.path, sizeof place.path, "%s", path);
    const struct json_node *node = place_node(profile->source, path);
    place.line = node->line;
    place.column = node->column;
    return place;
}
