#include "profile/list.h"

#include "base/secret.h"
#include "profile/extra_settings.h"
#include "profile/form.h"
#include "profile/object.h"
#include "profile/profile.h"
#include "profile/prompts.h"
#include "profile/release.h"
#include "profile/value.h"

#include <stdlib.h>
#include <string.h>

/* A list under construction, laid out as in the structs, so that release_value can free it
 * half-built. */
struct building {
    char *elements;
    size_t count;
};

static enum err_code text_of(const struct json_node *node, const struct place *place,
                             const char *what)
{
    if (node->kind == JSON_STRING) return ERR_OK;
    return place_fail(place, "must be %s in double quotes, not %s", what,
                      json_kind_name(node->kind));
}

static enum err_code read_simple(const struct key *key, const struct json_node *node,
                                 const struct place *place, void *element)
{
    bool fraction = key->type == KEY_FRACTIONS;
    enum err_code code = ERR_OK;
    if (!(fraction && node->kind == JSON_NUMBER)) code = text_of(node, place, "text");
    if (code != ERR_OK) return code;
    if (fraction) return value_fraction(node->text, place, element);
    if (key->type == KEY_WINDOWS) return value_window(node->text, place, element);
    return value_string(key, node->text, place, element);
}

static enum err_code read_struct(const struct key *key, const struct json_node *node,
                                 const struct place *place, void *element)
{
    if (node->kind != JSON_OBJECT) {
        return place_fail(place, "must be an object {...}, not %s", json_kind_name(node->kind));
    }
    enum err_code code = object_defaults(key->table, place, element);
    if (code == ERR_OK) code = object_read(key->table, node, place, element);
    if (code != ERR_OK) release_object(key->table, element);
    return code;
}

/* A name that is a line pasted whole, which may hold a key, is left out of the path. */
static enum err_code refuse_name(const char *name, const struct place *place,
                                 const struct error *inner)
{
    static const char object[] = "headers";
    struct place around = *place;
    char *path = strpbrk(name, ": =") != NULL ? strstr(around.path, object) : NULL;
    if (path != NULL) path[sizeof object - 1] = '\0';
    return place_fail_with(&around, inner->code, inner);
}

static enum err_code read_header(const struct json_node *node, const struct place *place,
                                 struct header *header)
{
    struct error inner = {0};
    enum err_code code = text_of(node, place, "text");
    if (code != ERR_OK) return code;
    code = form_header_name(node->key, &inner);
    if (code != ERR_OK) return refuse_name(node->key, place, &inner);
    code = form_header_value(node->key, node->text, &inner);
    if (code != ERR_OK) return place_fail_with(place, code, &inner);
    header->name = strdup(node->key);
    header->source = strdup(node->text);
    header->value = secret_copy(node->text);
    if (header->name != NULL && header->source != NULL && header->value != NULL) return ERR_OK;
    free(header->name);
    free(header->source);
    secret_free(header->value);
    return place_no_memory(place);
}

static enum err_code read_named(const struct key *key, const struct json_node *node,
                                const struct place *place, char *element)
{
    enum err_code code = read_struct(key, node, place, element);
    if (code != ERR_OK) return code;
    char **name = (char **)(void *)(element + key->table->name_offset);
    *name = strdup(node->key);
    if (*name != NULL) return ERR_OK;
    release_object(key->table, element);
    return place_no_memory(place);
}

static enum err_code read_element(const struct key *key, const struct json_node *node,
                                  const struct place *place, char *element)
{
    switch (key->type) {
    case KEY_OBJECTS:
        return read_struct(key, node, place, element);
    case KEY_MAP:
        return read_named(key, node, place, element);
    case KEY_HEADERS:
        return read_header(node, place, (struct header *)(void *)element);
    case KEY_PROMPTS:
        return prompt_read(key, node, place, (struct prompt *)(void *)element);
    default:
        return read_simple(key, node, place, element);
    }
}

/* Reads the children of `node` and appends them to the list, which has room for them. */
static enum err_code read_children(const struct key *key, const struct json_node *node,
                                   const struct place *place, struct building *list)
{
    size_t size = key_element_size(key);
    size_t index = 0;
    for (const struct json_node *child = node->first; child != NULL; child = child->next, index++) {
        struct place at = node->kind == JSON_OBJECT ? place_of_member(place, child)
                                                    : place_of_element(place, child, index);
        enum err_code code = read_element(key, child, &at, list->elements + list->count * size);
        if (code != ERR_OK) return code;
        list->count++;
    }
    return ERR_OK;
}

static enum err_code build(const struct key *key, const struct json_node *first,
                           const struct json_node *node, const struct place *place,
                           struct building *list)
{
    size_t room = json_count(node) + (first == NULL ? 0 : json_count(first));
    if (room == 0) return ERR_OK;
    list->elements = calloc(room, key_element_size(key));
    if (list->elements == NULL) return place_no_memory(place);
    enum err_code code = first == NULL ? ERR_OK : read_children(key, first, place, list);
    if (code == ERR_OK) code = read_children(key, node, place, list);
    return code;
}

static void replace(const struct key *key, struct building *list, void *object)
{
    release_value(key, object);
    memcpy((char *)object + key->offset, &list->elements, sizeof list->elements);
    memcpy((char *)object + key->count_offset, &list->count, sizeof list->count);
}

/* Frees a half-built list through a key that stores it at the offsets of struct building. */
static void discard(const struct key *key, struct building *list)
{
    struct key moved = *key;
    moved.offset = offsetof(struct building, elements);
    moved.count_offset = offsetof(struct building, count);
    release_value(&moved, list);
}

/* Adds one entry per member to a map, since other keys may stand beside its entries
 * ("prices.as_of"). */
static enum err_code map_add(const struct key *key, const struct json_node *node,
                             const struct place *place, void *object)
{
    char **elements = (char **)(void *)((char *)object + key->offset);
    size_t *count = (size_t *)(void *)((char *)object + key->count_offset);
    size_t size = key_element_size(key);
    char *grown = realloc(*elements, (*count + 1) * size);
    if (grown == NULL) return place_no_memory(place);
    *elements = grown;
    memset(grown + *count * size, 0, size);
    enum err_code code = read_element(key, node, place, grown + *count * size);
    if (code == ERR_OK) (*count)++;
    return code;
}

/* The range of a list applies to its number of elements. */
static enum err_code check_length(const struct key *key, const struct json_node *node,
                                  const struct place *place)
{
    const size_t count = json_count(node);
    if (key->least != NULL && count < strtoul(key->least, NULL, 10))
        return place_fail(place, "this list is empty: write at least one element");
    if (key->most != NULL && count > strtoul(key->most, NULL, 10))
        return place_fail(place, "this list has %zu elements: write at most %s", count, key->most);
    return ERR_OK;
}

static bool *none_of(const struct key *key, void *object)
{
    return (bool *)(void *)((char *)object + key->none_offset);
}

static bool says_none(const struct key *key, const struct json_node *node)
{
    return key->none_offset != 0 && node->kind == JSON_STRING && strcmp(node->text, "none") == 0;
}

enum err_code list_read(const struct key *key, const struct json_node *node,
                        const struct place *place, void *object)
{
    if (key->type == KEY_JSON)
        return extra_settings_read(node, place, (char **)(void *)((char *)object + key->offset));
    if (key->type == KEY_MAP) return map_add(key, node, place, object);
    bool list_wanted = key->type != KEY_HEADERS;
    struct json_node *first = NULL;
    struct building list = {0};
    if (says_none(key, node)) {
        replace(key, &list, object);
        *none_of(key, object) = true;
        return ERR_OK;
    }
    if (node->kind != (list_wanted ? JSON_LIST : JSON_OBJECT)) {
        return place_fail(place, "must be %s, not %s",
                          key->none_offset != 0 ? "a list [...] or \"none\""
                          : list_wanted         ? "a list [...]"
                                                : "an object {...}",
                          json_kind_name(node->kind));
    }
    enum err_code code = check_length(key, node, place);
    if (code != ERR_OK) return code;
    if (key->first != NULL)
        code = jsonc_parse(NULL, key->first, strlen(key->first), &first, place->err);
    if (code == ERR_OK) code = build(key, first, node, place, &list);
    json_free(first);
    if (code != ERR_OK) {
        discard(key, &list);
        return code;
    }
    replace(key, &list, object);
    if (key->none_offset != 0) *none_of(key, object) = false;
    return ERR_OK;
}
