#include "profile/jsonc.h"

#include "base/text.h"
#include "profile/jsonc_string.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *file;
    const char *at;
    const char *end;
    const char *line_start;
    int line;
    const char *column_at; /* where column_of continues, so that a long line is not counted again
                              and again */
    int column;
    int depth;
    struct error *err;
};

static enum err_code read_value(struct reader *reader, struct json_node **out);

static int column_of(struct reader *reader, const char *at)
{
    if (reader->column_at < reader->line_start || reader->column_at > at) {
        reader->column_at = reader->line_start;
        reader->column = 1;
    }
    for (; reader->column_at < at; reader->column_at++) {
        if (((unsigned char)*reader->column_at & 0xC0) != 0x80) reader->column++;
    }
    return reader->column;
}

static enum err_code fail(struct reader *reader, const char *at, const char *what)
{
    if (reader->file == NULL) return error_set(reader->err, ERR_PROFILE, "%s", what);
    return error_set(reader->err, ERR_PROFILE, "%s:%d:%d: %s", reader->file, reader->line,
                     column_of(reader, at), what);
}

static enum err_code no_memory(const struct reader *reader)
{
    return error_set(reader->err, ERR_NOMEM, "no memory to read the profile");
}

static bool starts_with(const struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(reader->end - reader->at) >= length && memcmp(reader->at, word, length) == 0;
}

static void step(struct reader *reader)
{
    if (*reader->at == '\n') {
        reader->line++;
        reader->line_start = reader->at + 1;
    }
    reader->at++;
}

static enum err_code skip_block_comment(struct reader *reader)
{
    struct reader opening = *reader;
    reader->at += 2;
    while (reader->at < reader->end && !starts_with(reader, "*/")) step(reader);
    if (reader->at == reader->end)
        return fail(&opening, opening.at, "this comment has no end: add */");
    reader->at += 2;
    return ERR_OK;
}

/* Skips white space and comments. */
static enum err_code skip(struct reader *reader)
{
    while (reader->at < reader->end) {
        if (strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0') {
            step(reader);
        } else if (starts_with(reader, "//")) {
            while (reader->at < reader->end && *reader->at != '\n') reader->at++;
        } else if (starts_with(reader, "/*")) {
            enum err_code code = skip_block_comment(reader);
            if (code != ERR_OK) return code;
        } else {
            break;
        }
    }
    return ERR_OK;
}

static enum err_code read_string(struct reader *reader, char **out)
{
    struct jsonc_string result;
    jsonc_string_read(reader->at, reader->end, &result);
    if (result.problem != NULL) return fail(reader, result.at, result.problem);
    if (result.decoded == NULL) return no_memory(reader);
    reader->at = result.at;
    *out = result.decoded;
    return ERR_OK;
}

static bool is_digit(const struct reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

static bool skip_digits(struct reader *reader)
{
    if (!is_digit(reader)) return false;
    while (is_digit(reader)) reader->at++;
    return true;
}

static bool skip_one_of(struct reader *reader, const char *characters)
{
    if (reader->at == reader->end || *reader->at == '\0') return false;
    if (strchr(characters, *reader->at) == NULL) return false;
    reader->at++;
    return true;
}

/* The grammar of RFC 8259, section 6. */
static bool skip_number(struct reader *reader)
{
    (void)skip_one_of(reader, "-");
    if (!skip_one_of(reader, "0") && !skip_digits(reader)) return false;
    if (skip_one_of(reader, ".") && !skip_digits(reader)) return false;
    if (skip_one_of(reader, "eE")) {
        (void)skip_one_of(reader, "+-");
        if (!skip_digits(reader)) return false;
    }
    return !is_digit(reader);
}

static enum err_code keep_text(const struct reader *reader, const char *start,
                               struct json_node *node)
{
    size_t length = (size_t)(reader->at - start);
    node->text = calloc(1, length + 1);
    if (node->text == NULL) return no_memory(reader);
    memcpy(node->text, start, length); /* the source need not end in a NUL */
    return ERR_OK;
}

static enum err_code read_number(struct reader *reader, struct json_node *node)
{
    const char *start = reader->at;
    if (!skip_number(reader)) {
        return fail(reader, start, "not a number of JSON: write it as 12, 0.5 or 1e3");
    }
    node->kind = JSON_NUMBER;
    return keep_text(reader, start, node);
}

static enum err_code read_word(struct reader *reader, struct json_node *node)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"true", JSON_BOOL}, {"false", JSON_BOOL}, {"null", JSON_NULL}};
    const char *start = reader->at;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!starts_with(reader, words[i].word)) continue;
        reader->at += strlen(words[i].word);
        node->kind = words[i].kind;
        return keep_text(reader, start, node);
    }
    if (*start == '\'')
        return fail(reader, start, "text stands in double quotes (\"), not in single ones");
    return fail(reader, start,
                "expected a value: text in double quotes, a number, true, false, a list [...] or "
                "an object {...}");
}

/* Reads `"key":` and leaves the reader at the value. */
static enum err_code read_key(struct reader *reader, const struct json_node *object,
                              struct json_node *member)
{
    if (*reader->at != '"')
        return fail(reader, reader->at, "expected a key in double quotes, or }");
    int line = reader->line;
    const char *start = reader->at;
    int column = column_of(reader, start);
    enum err_code code = read_string(reader, &member->key);
    if (code != ERR_OK) return code;
    member->key_line = line;
    member->key_column = column;
    if (json_member(object, member->key) != NULL) {
        /* the key as written in the file, in which no text may hold control characters */
        char what[128];
        (void)snprintf(what, sizeof what, "%.*s stands here twice: remove one of the two",
                       (int)(reader->at - start < 64 ? reader->at - start : 64), start);
        return fail(reader, start, what);
    }
    code = skip(reader);
    if (code != ERR_OK) return code;
    if (reader->at == reader->end || *reader->at != ':') {
        return fail(reader, reader->at, "expected : after the key");
    }
    reader->at++;
    return skip(reader);
}

static enum err_code read_member(struct reader *reader, const struct json_node *parent,
                                 struct json_node **out)
{
    if (parent->kind == JSON_LIST) return read_value(reader, out);
    struct json_node keyed = {0};
    enum err_code code = read_key(reader, parent, &keyed);
    if (code == ERR_OK) code = read_value(reader, out);
    if (code != ERR_OK) {
        free(keyed.key);
        return code;
    }
    (*out)->key = keyed.key;
    (*out)->key_line = keyed.key_line;
    (*out)->key_column = keyed.key_column;
    return ERR_OK;
}

/* After an element: takes a comma, or stops at the closing bracket. */
static enum err_code read_separator(struct reader *reader, const struct json_node *parent,
                                    char closing)
{
    enum err_code code = skip(reader);
    if (code != ERR_OK) return code;
    if (reader->at < reader->end && *reader->at == closing) return ERR_OK;
    if (reader->at < reader->end && *reader->at == ',') {
        reader->at++;
        return skip(reader);
    }
    return fail(reader, reader->at,
                parent->kind == JSON_LIST ? "expected , or ] after the element"
                                          : "expected , or } after the value");
}

/* Elements of a list or members of an object, up to the closing bracket. */
static enum err_code read_members(struct reader *reader, struct json_node *parent, char closing)
{
    struct json_node **last = &parent->first;
    size_t count = 0;
    struct reader opening = *reader;
    reader->at++;
    enum err_code code = skip(reader);
    if (code != ERR_OK) return code;
    while (reader->at < reader->end && *reader->at != closing) {
        if (parent->kind == JSON_OBJECT && ++count > JSONC_MEMBER_LIMIT) {
            return fail(reader, reader->at, "more than 1000 keys in one object");
        }
        code = read_member(reader, parent, last);
        if (code != ERR_OK) return code;
        last = &(*last)->next;
        code = read_separator(reader, parent, closing);
        if (code != ERR_OK) return code;
    }
    if (reader->at == reader->end) {
        return fail(&opening, opening.at,
                    closing == ']' ? "this [ is never closed" : "this { is never closed");
    }
    reader->at++;
    return ERR_OK;
}

static enum err_code read_collection(struct reader *reader, struct json_node *node)
{
    bool list = *reader->at == '[';
    node->kind = list ? JSON_LIST : JSON_OBJECT;
    if (reader->depth == JSONC_DEPTH_LIMIT)
        return fail(reader, reader->at, "nested more than 64 levels deep");
    reader->depth++;
    enum err_code code = read_members(reader, node, list ? ']' : '}');
    reader->depth--;
    return code;
}

static enum err_code read_value(struct reader *reader, struct json_node **out)
{
    if (reader->at == reader->end) {
        return fail(reader, reader->at, "the file ends where a value is expected");
    }
    struct json_node *node = calloc(1, sizeof *node);
    if (node == NULL) return no_memory(reader);
    node->line = reader->line;
    node->column = column_of(reader, reader->at);
    enum err_code code = ERR_OK;
    char c = *reader->at;
    if (c == '{' || c == '[') {
        code = read_collection(reader, node);
    } else if (c == '"') {
        node->kind = JSON_STRING;
        code = read_string(reader, &node->text);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        code = read_number(reader, node);
    } else {
        code = read_word(reader, node);
    }
    if (code != ERR_OK) {
        json_free(node);
        return code;
    }
    *out = node;
    return ERR_OK;
}

enum err_code jsonc_parse(const char *file, const char *json, size_t length, struct json_node **out,
                          struct error *err)
{
    struct reader reader = {file, json, json + length, json, 1, json, 1, 0, err};
    if (length > JSONC_SIZE_LIMIT)
        return fail(&reader, json, "larger than 1 MiB, which is the most that is read");
    if (starts_with(&reader, "\xEF\xBB\xBF")) { /* a byte order mark, written by some editors */
        reader.at += 3;
        reader.line_start = reader.at;
    }
    enum err_code code = skip(&reader);
    if (code != ERR_OK) return code;
    struct json_node *node = NULL;
    code = read_value(&reader, &node);
    if (code == ERR_OK) code = skip(&reader);
    if (code == ERR_OK && reader.at < reader.end) {
        code = fail(&reader, reader.at, "expected the end of the file after the closing bracket");
    }
    if (code != ERR_OK) {
        json_free(node);
        return code;
    }
    *out = node;
    return ERR_OK;
}

/* Iterates over siblings, because a list may be long; recurses into children, because depth is
 * bounded. */
static void free_content(struct json_node *node)
{
    for (struct json_node *child = node->first; child != NULL;) {
        struct json_node *next = child->next;
        json_free(child);
        child = next;
    }
    free(node->text);
    node->first = NULL;
    node->text = NULL;
}

void json_free(struct json_node *node)
{
    if (node == NULL) return;
    free_content(node);
    free(node->key);
    free(node);
}

void json_remove(struct json_node *list, size_t index)
{
    struct json_node **link = &list->first;
    while (*link != NULL && index > 0) {
        link = &(*link)->next;
        index--;
    }
    struct json_node *removed = *link;
    if (removed == NULL) return;
    *link = removed->next;
    json_free(removed);
}

struct json_node *json_member(const struct json_node *object, const char *key)
{
    for (struct json_node *node = object->first; node != NULL; node = node->next) {
        if (node->key != NULL && strcmp(node->key, key) == 0) return node;
    }
    return NULL;
}

struct json_node *json_element(const struct json_node *list, size_t index)
{
    struct json_node *node = list->first;
    while (node != NULL && index > 0) {
        node = node->next;
        index--;
    }
    return node;
}

size_t json_count(const struct json_node *node)
{
    size_t count = 0;
    for (const struct json_node *child = node->first; child != NULL; child = child->next) count++;
    return count;
}

const char *json_kind_name(enum json_kind kind)
{
    switch (kind) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "true or false";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "text";
    case JSON_LIST:
        return "a list";
    case JSON_OBJECT:
        return "an object";
    }
    return "";
}
