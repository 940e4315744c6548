/* JSON with comments and trailing commas, parsed strictly into a tree whose nodes know their line
 * and column. */
#ifndef RUSHHOUR_PROFILE_JSONC_H
#define RUSHHOUR_PROFILE_JSONC_H

#include "base/error.h"

#include <stddef.h>

#define JSONC_DEPTH_LIMIT 64
#define JSONC_SIZE_LIMIT ((size_t)1024 * 1024)
#define JSONC_MEMBER_LIMIT 1000 /* members per object */

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT };

/* Lines and columns count from 1, columns in characters (code points), as an editor shows them. */
struct json_node {
    enum json_kind kind;
    int line, column;         /* where the value starts; line 0: not from a file */
    int key_line, key_column; /* where the key starts, in an object */
    char *key;                /* in an object; NULL otherwise */
    char *text;               /* of a string: decoded; of a number or bool: as written; NULL
                                 otherwise */
    struct json_node *first;  /* of a list or object: its first child */
    struct json_node *next;   /* sibling */
};

/*
 * Parses RFC 8259 JSON plus // and block comments and a comma after the last element. Rejected:
 * duplicate keys, bytes that are not UTF-8, U+0000, more than 64 levels, more than 1 MiB.
 * ERR_PROFILE says "file:line:column: what and the fix" (`file` NULL: only the sentence) and never
 * quotes a value. The caller frees the tree (json_free).
 */
MUST_USE enum err_code jsonc_parse(const char *file, const char *json, size_t length,
                                   struct json_node **out, struct error *err);
void json_free(struct json_node *node);

/* Removes the element with this index from a list and frees it; does nothing if there is none. */
void json_remove(struct json_node *list, size_t index);

/* The member of an object by its key, or NULL. */
struct json_node *json_member(const struct json_node *object, const char *key);

/* The element of a list by its index, or NULL. */
struct json_node *json_element(const struct json_node *list, size_t index);

/* Number of members or elements; 0 for nodes that cannot have any. */
size_t json_count(const struct json_node *node);

/* The name of a kind for people: "an object", "a list", "text" ... */
const char *json_kind_name(enum json_kind kind);

#endif
