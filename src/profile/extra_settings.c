#include "profile/extra_settings.h"

#include "base/crypto.h"
#include "profile/notation.h"

#include <stdlib.h>
#include <string.h>

/* Fields that a key of the profile sets: two places for one value would contradict each other. */
static const struct {
    const char *field, *key;
} own_keys[] = {
    {"instructions", "session.instructions"},
    {"max_output_tokens", "session.max_output_tokens"},
    {"max_response_output_tokens", "session.max_output_tokens"},
    {"type", NULL},
};

/* As long as the other names that outputs show; anything longer has the shape of encoded bytes. */
#define NAME_MAX_BYTES 63

static const char *const modality_fields[] = {"output_modalities", "modalities"};

static void write_node(struct text *out, const struct json_node *node)
{
    switch (node->kind) {
    case JSON_NULL:
        text_puts(out, "null");
        break;
    case JSON_BOOL:
    case JSON_NUMBER:
        text_puts(out, node->text);
        break;
    case JSON_STRING:
        text_json(out, node->text);
        break;
    case JSON_LIST:
    case JSON_OBJECT:
        text_puts(out, node->kind == JSON_LIST ? "[" : "{");
        for (const struct json_node *child = node->first; child != NULL; child = child->next) {
            notation_comma(out);
            if (node->kind == JSON_OBJECT) {
                text_json(out, child->key);
                text_puts(out, ":");
            }
            write_node(out, child);
        }
        text_puts(out, node->kind == JSON_LIST ? "]" : "}");
        break;
    }
}

static enum err_code check_field(const struct json_node *member, const struct place *parent)
{
    const struct place place = place_of_key(parent, member);
    for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++) {
        if (strcmp(own_keys[i].field, member->key) != 0) continue;
        if (own_keys[i].key == NULL)
            return place_fail(&place, "the dialect sets this field: leave it out");
        return place_fail(&place, "has a key of its own: write %s", own_keys[i].key);
    }
    return ERR_OK;
}

/* The names that the manifest shows: of the members of objects, at any depth. */
static enum err_code check_names(const struct json_node *node, const struct place *place)
{
    if (node->kind != JSON_OBJECT) return ERR_OK;
    for (const struct json_node *member = node->first; member != NULL; member = member->next) {
        struct place at = place_of_key(place, member);
        size_t length = strlen(member->key);
        if (length == 0 || length > NAME_MAX_BYTES) {
            memcpy(at.path, place->path, sizeof at.path); /* without the name itself */
            return place_fail(&at, "the name of a setting has 1 to %d bytes, not %zu: shorten it",
                              NAME_MAX_BYTES, length);
        }
        enum err_code code = check_names(member, &at);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

enum err_code extra_settings_read(const struct json_node *node, const struct place *place,
                                  char **out)
{
    if (node->kind != JSON_OBJECT)
        return place_fail(place, "must be an object {...}, not %s", json_kind_name(node->kind));
    if (node->first == NULL)
        return place_fail(place, "is empty: write a setting, or leave the key out");
    for (const struct json_node *member = node->first; member != NULL; member = member->next) {
        enum err_code code = check_field(member, place);
        if (code != ERR_OK) return code;
    }
    enum err_code code = check_names(node, place);
    if (code != ERR_OK) return code;
    struct text json = {0};
    write_node(&json, node);
    char *taken = text_take(&json);
    if (taken == NULL) return place_no_memory(place);
    free(*out);
    *out = taken;
    return ERR_OK;
}

/* The tree of settings that were read before; NULL for NULL, and without memory. */
static struct json_node *tree_of(const char *json)
{
    struct json_node *tree = NULL;
    struct error ignored;
    if (json == NULL || jsonc_parse(NULL, json, strlen(json), &tree, &ignored) != ERR_OK)
        return NULL;
    return tree;
}

static bool holds(const struct json_node *list, const char *word)
{
    for (const struct json_node *item = list->first; item != NULL; item = item->next) {
        if (item->kind == JSON_STRING && strcmp(item->text, word) == 0) return true;
    }
    return false;
}

bool extra_settings_allow(const char *json, const char *modality, const char **field)
{
    struct json_node *tree = tree_of(json);
    bool allowed = true;
    for (size_t i = 0; tree != NULL && i < sizeof modality_fields / sizeof *modality_fields; i++) {
        const struct json_node *list = json_member(tree, modality_fields[i]);
        if (list == NULL || holds(list, modality)) continue;
        *field = modality_fields[i];
        allowed = false;
    }
    json_free(tree);
    return allowed;
}

const char *extra_settings_of_speech(const char *json)
{
    static const struct {
        const char *path, *parts[3];
    } fields[] = {
        {"audio.input.format", {"audio", "input", "format"}},
        {"audio.input.turn_detection", {"audio", "input", "turn_detection"}},
        {"audio.output.format", {"audio", "output", "format"}},
        {"turn_detection", {"turn_detection"}},
        {"input_audio_format", {"input_audio_format"}},
        {"output_audio_format", {"output_audio_format"}},
    };
    struct json_node *tree = tree_of(json);
    const char *found = NULL;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && found == NULL; i++) {
        const struct json_node *node = tree;
        for (size_t p = 0; p < 3 && fields[i].parts[p] != NULL && node != NULL; p++)
            node = node->kind == JSON_OBJECT ? json_member(node, fields[i].parts[p]) : NULL;
        if (node != NULL) found = fields[i].path;
    }
    json_free(tree);
    return found;
}

static void write_fingerprint(struct text *out, const struct json_node *node)
{
    char hex[SHA256_HEX_SIZE];
    struct text json = {0};
    write_node(&json, node);
    struct sha256 *sum = sha256_start();
    sha256_add(sum, text_str(&json), json.length);
    if (!sha256_finish(sum, hex)) out->failed = true;
    text_printf(out, "\"#%.4s\"", hex);
    text_free(&json);
}

/* A name as a part of a path: bare, or in double quotes where it could be taken for several parts
 * or for a quoted one. */
static void put_part(struct text *out, const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (name[strspn(name, plain)] == '\0') {
        text_puts(out, name);
    } else {
        text_json(out, name);
    }
}

static void name_fields(struct text *out, const struct json_node *node, const char *path)
{
    if (node->kind == JSON_OBJECT && node->first != NULL) {
        for (const struct json_node *member = node->first; member != NULL; member = member->next) {
            struct text below = {0};
            text_printf(&below, "%s%s", path, *path == '\0' ? "" : ".");
            put_part(&below, member->key);
            name_fields(out, member, text_str(&below));
            text_free(&below);
        }
        return;
    }
    notation_comma(out);
    text_json(out, path);
    text_puts(out, ":");
    if (node->kind == JSON_NULL)
        text_puts(out, "null");
    else
        write_fingerprint(out, node);
}

void extra_settings_manifest(struct text *out, const char *json)
{
    struct json_node *tree = tree_of(json);
    text_puts(out, "{");
    if (tree != NULL)
        name_fields(out, tree, "");
    else
        out->failed = true;
    text_puts(out, "}");
    json_free(tree);
}
