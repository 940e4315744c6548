#include "profile/object.h"

#include "base/text.h"
#include "profile/hours.h"
#include "profile/list.h"
#include "profile/profile.h"
#include "profile/suggest.h"
#include "profile/value.h"

#include <stdio.h>
#include <string.h>

#define NAME_LIMIT 128 /* far longer than any key's dotted name */

static enum err_code read_members(const struct key_table *table, const struct json_node *node,
                                  const struct place *place, const char *prefix, void *object);

/* {"median": "550ms", "p99": "1.5s"} */
static enum err_code read_latency(const struct key *key, const struct json_node *node,
                                  const struct place *place, struct latency *out)
{
    struct latency latency = {.set = true};
    bool median = false;
    bool p99 = false;
    for (const struct json_node *member = node->first; member != NULL; member = member->next) {
        struct place at = place_of_member(place, member);
        bool is_median = strcmp(member->key, "median") == 0;
        if (!is_median && strcmp(member->key, "p99") != 0) {
            at = place_of_key(place, member);
            return place_fail(&at, "unknown key: a scripted delay has median and p99");
        }
        if (member->text == NULL) return place_fail(&at, "must be a duration such as 250ms");
        *(is_median ? &median : &p99) = true;
        enum err_code code = value_duration(key, member->text, &at,
                                            is_median ? &latency.median_ns : &latency.p99_ns);
        if (code != ERR_OK) return code;
    }
    if (!median || !p99)
        return place_fail(place, "needs both median and p99, or one duration for a fixed delay");
    if (latency.median_ns > latency.p99_ns)
        return place_fail(place, "p99 is less than the median: swap them");
    if (latency.median_ns == 0 && latency.p99_ns > 0) {
        return place_fail(
            place,
            "a median of 0 with a larger p99 is not a log-normal delay: write a median above 0");
    }
    *out = latency;
    return ERR_OK;
}

static bool number_is_fine(enum key_type type)
{
    return type == KEY_COUNT || type == KEY_SIZE || type == KEY_NUMBER || type == KEY_TARGET;
}

/* Whether the kind of JSON value fits. Durations and the like may be numbers here: their parser
 * then says which unit is missing. */
static bool kind_fits(enum key_type type, enum json_kind kind)
{
    switch (type) {
    case KEY_BOOL:
        return kind == JSON_BOOL;
    case KEY_COUNT:
    case KEY_NUMBER:
        return kind == JSON_NUMBER;
    case KEY_SIZE:
    case KEY_DURATION:
    case KEY_RATE:
    case KEY_FRACTION:
    case KEY_SHARE:
    case KEY_LATENCY:
    case KEY_TARGET:
        return kind == JSON_NUMBER || kind == JSON_STRING;
    default:
        return kind == JSON_STRING;
    }
}

static enum err_code wrong_kind(const struct key *key, const struct json_node *node,
                                const struct place *place)
{
    if (node->kind == JSON_NULL)
        return place_fail(place, "null is not a value: leave the key out for its default");
    if (key->type == KEY_CREDENTIAL) {
        return place_fail(place, "must be a reference in double quotes: ${NAME} or ${file:PATH}");
    }
    if (key->type == KEY_BOOL) return place_fail(place, "must be true or false, without quotes");
    if (node->kind == JSON_STRING && number_is_fine(key->type)) {
        return place_fail(place, "must be a %s without quotes", key_type_help(key->type));
    }
    return place_fail(place, "must be a %s%s, not %s", key_type_help(key->type),
                      number_is_fine(key->type) ? "" : ", in double quotes",
                      json_kind_name(node->kind));
}

static enum err_code read_leaf(const struct key *key, const struct json_node *node,
                               const struct place *place, void *object)
{
    void *value = (char *)object + key->offset;
    if (value_is_composite(key->type)) return list_read(key, node, place, object);
    if (key->type == KEY_LATENCY && node->kind == JSON_OBJECT) {
        return read_latency(key, node, place, value);
    }
    if (key->type == KEY_HOURS) return hours_read(node, place, (struct hours **)value);
    if (!kind_fits(key->type, node->kind)) return wrong_kind(key, node, place);
    return value_from_text(key, node->text, place, object);
}

/* Copies the part of a dotted name after `prefix` and up to the next dot; false if the name is not
 * below prefix. */
static bool next_part(const char *name, const char *prefix, char *part, size_t size)
{
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0) return false;
    const char *rest = name + length;
    size_t end = strcspn(rest, ".");
    if (end == 0 || end >= size || rest[0] == '*') return false;
    memcpy(part, rest, end);
    part[end] = '\0';
    return true;
}

/* Lists what is known below a prefix ("a, b, c") and finds the nearest to `name`. */
static bool nearest_sibling(const struct key_table *table, const char *prefix, const char *name,
                            char *best, struct text *known)
{
    char part[NAME_LIMIT];
    char last[NAME_LIMIT] = "";
    struct suggestion suggestion = suggest_start(name);
    for (size_t i = 0; i < table->count; i++) {
        if (!next_part(table->keys[i].name, prefix, part, sizeof part) || strcmp(part, last) == 0)
            continue;
        memcpy(last, part, sizeof last);
        text_printf(known, "%s%s", known->length > 0 ? ", " : "", part);
        size_t distance = suggestion.distance;
        suggest_offer(&suggestion, part);
        if (suggestion.distance < distance) memcpy(best, part, sizeof part);
    }
    return best[0] != '\0';
}

/* The full dotted name of a key of this name elsewhere in the table, or NULL. */
static const char *elsewhere(const struct key_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *dot = strrchr(table->keys[i].name, '.');
        if (dot != NULL && strcmp(dot + 1, name) == 0) return table->keys[i].name;
    }
    return NULL;
}

/* Reports an unknown key: suggests the nearest one, or where it belongs, or what is known there. */
static enum err_code unknown_key(const struct key_table *table, const char *prefix,
                                 const char *name, const struct place *place)
{
    char best[NAME_LIMIT] = "";
    struct text known = {0};
    const char *other = elsewhere(table, name);
    enum err_code code = ERR_PROFILE;
    if (nearest_sibling(table, prefix, name, best, &known)) {
        code = place_fail(place, "unknown key: did you mean \"%s\"?", best);
    } else if (other != NULL) {
        code = place_fail(place, "unknown key here: it belongs to \"%s\"", other);
    } else {
        code = place_fail(place, "unknown key: known here are %.400s", text_str(&known));
    }
    text_free(&known);
    return code;
}

/* Reads one member of an object; `prefix` is "" or the dotted name of the object with its dot. */
static enum err_code read_member(const struct key_table *table, const struct json_node *member,
                                 const struct place *parent, const char *prefix, void *object)
{
    char name[NAME_LIMIT];
    int length = snprintf(name, sizeof name, "%s%s", prefix, member->key);
    const struct key *key = length < (int)sizeof name ? key_find(table, name) : NULL;
    bool dotted = strchr(member->key, '.') != NULL && (key == NULL || key->type != KEY_MAP);
    struct place place = place_of_member(parent, member);
    if (key != NULL && !dotted) return read_leaf(key, member, &place, object);
    if (dotted || length + 1 >= (int)sizeof name || !key_is_group(table, name)) {
        place = place_of_key(parent, member);
        if (key != NULL)
            return place_fail(&place, "no dots in a key: write an object within an object");
        return unknown_key(table, prefix, member->key, &place);
    }
    if (member->kind != JSON_OBJECT) {
        return place_fail(&place, "must be an object {...}, not %s", json_kind_name(member->kind));
    }
    name[length] = '.';
    name[length + 1] = '\0';
    return read_members(table, member, &place, name, object);
}

static enum err_code read_members(const struct key_table *table, const struct json_node *node,
                                  const struct place *place, const char *prefix, void *object)
{
    for (const struct json_node *member = node->first; member != NULL; member = member->next) {
        enum err_code code = read_member(table, member, place, prefix, object);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static enum err_code check_required(const struct key_table *table, const struct json_node *node,
                                    const struct place *place)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct key *key = &table->keys[i];
        if (!key->required) continue;
        bool there = json_member(node, key->name) != NULL;
        bool instead = key->instead != NULL && json_member(node, key->instead) != NULL;
        if (there && instead)
            return place_fail(place, "has both \"%s\" and \"%s\": remove one", key->name,
                              key->instead);
        if (there || instead) continue;
        return place_fail(place, "\"%s\" is missing: %s needs it (%s)", key->name, table->title,
                          key->help);
    }
    return ERR_OK;
}

enum err_code object_read(const struct key_table *table, const struct json_node *node,
                          const struct place *place, void *object)
{
    enum err_code code = read_members(table, node, place, "", object);
    return code == ERR_OK ? check_required(table, node, place) : code;
}

/* Sets a key to its default: for a list, JSON. */
static enum err_code set_default(const struct key *key, const struct place *place, void *object)
{
    const char *text = key->fallback;
    if (!value_is_composite(key->type)) return value_from_text(key, text, place, object);
    struct json_node *node = NULL;
    struct error inner = {0};
    enum err_code code = jsonc_parse(NULL, text, strlen(text), &node, &inner);
    if (code != ERR_OK) return place_fail_with(place, code, &inner);
    code = list_read(key, node, place, object);
    json_free(node);
    return code;
}

enum err_code object_defaults(const struct key_table *table, const struct place *place,
                              void *object)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct key *key = &table->keys[i];
        if (key->fallback == NULL) continue;
        struct place at = {.line = 0, .err = place->err};
        enum err_code code = set_default(key, &at, object);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}
