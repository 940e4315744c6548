#include "profile/place.h"

#include "base/redact.h"
#include "base/text.h"

#include <ctype.h>
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

#define HIDDEN "..."
#define LONG_RUN 16 /* letters and digits mixed: ids of people are shorter, keys are longer */

/* Whether the text could hold a key or a login: whoever mistypes a profile may have pasted one into
 * the wrong place. */
static bool may_be_secret(const char *text, size_t length)
{
    struct text scrubbed = {0};
    redact(&scrubbed, text, length, NULL, 0);
    bool suspect = scrubbed.failed || scrubbed.length != length ||
                   (length > 0 && memcmp(scrubbed.data, text, length) != 0);
    text_free(&scrubbed);
    size_t run = 0, digits = 0;
    for (size_t i = 0; i < length && !suspect; i++) {
        const bool digit = isdigit((unsigned char)text[i]) != 0;
        const bool part = digit || isalpha((unsigned char)text[i]);
        run = part ? run + 1 : 0;
        digits = part ? digits + digit : 0;
        suspect = (run >= LONG_RUN && digits > 0 && digits < run) || text[i] == '?' ||
                  (text[i] == '@' && memchr(text, ':', i) != NULL && memchr(text, '/', i) != NULL);
    }
    return suspect;
}

/* Copies a path of keys, or a sentence that quotes values, without what may be a secret. `quoted`:
 * only what stands between quotes is looked at. */
static void copy_safely(char *out, size_t size, const char *text, bool quoted)
{
    struct text safe = {0};
    if (!quoted) {
        text_puts(&safe, may_be_secret(text, strlen(text)) ? HIDDEN : text);
    } else {
        while (*text != '\0') {
            const size_t before = strcspn(text, "\"");
            text_append(&safe, text, before);
            text += before;
            if (*text == '\0') break;
            const size_t inside = strcspn(text + 1, "\"");
            const bool hide = may_be_secret(text + 1, inside);
            text_puts(&safe, "\"");
            text_append(&safe, hide ? HIDDEN : text + 1, hide ? strlen(HIDDEN) : inside);
            text += 1 + inside;
            if (*text == '"') {
                text_puts(&safe, "\"");
                text++;
            }
        }
    }
    text_copy(out, size, safe.failed ? HIDDEN : text_str(&safe));
    text_free(&safe);
}

enum err_code place_fail(const struct place *place, const char *format, ...)
{
    char where[512];
    char sentence[640];
    char safe[640];
    char path[sizeof place->path];
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
    copy_safely(safe, sizeof safe, sentence, true);
    copy_safely(path, sizeof path, place->path, false);
    const char *colon = place->path[0] == '\0' ? "" : ": ";
    enum err_code code = error_set(place->err, ERR_PROFILE, "%s%s%s%s", where, path, colon, safe);
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
