/*
 * The one table of every key that a profile may hold. The parser, the checks, the overrides by
 * flag, the help and the JSON Schema are all made from it.
 */
#ifndef RUSHHOUR_PROFILE_KEYS_H
#define RUSHHOUR_PROFILE_KEYS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* How a key is written, and what it is stored as. */
enum key_type {
    KEY_IGNORED,        /* any text; nothing is stored */
    KEY_STRING,         /* char * */
    KEY_HIDDEN,         /* char *, content that the manifest only counts */
    KEY_REFERENCES,     /* char *, may hold ${...}; the manifest leaves it out */
    KEY_CREDENTIAL,     /* struct auth, of the kind in `variant` */
    KEY_BOOL,           /* bool */
    KEY_EITHER,         /* bool: the second of two words is true */
    KEY_COUNT,          /* uint64_t */
    KEY_SIZE,           /* uint64_t, bytes */
    KEY_NUMBER,         /* double */
    KEY_DURATION,       /* int64_t, ns */
    KEY_RATE,           /* double, per second */
    KEY_FRACTION,       /* double, 0 to 1 */
    KEY_TIME,           /* int64_t, ns since 1970 UTC; INT64_MIN: now */
    KEY_WORD,           /* an enum whose values are the indexes of `words` */
    KEY_DURING,         /* struct window *; NULL: always */
    KEY_TARGET,         /* struct stage, its target and is_rate */
    KEY_LATENCY,        /* struct latency */
    KEY_HOURS,          /* struct hours *; NULL: left out */
    KEY_SHARE,          /* struct optional_rate */
    KEY_STRINGS,        /* char ** and its count, as all lists */
    KEY_HIDDEN_STRINGS, /* char **, content that the manifest only counts */
    KEY_FRACTIONS,      /* double * */
    KEY_WINDOWS,        /* struct window * */
    KEY_OBJECTS,        /* structs of `table` */
    KEY_HEADERS,        /* struct header *: an object of name and text */
    KEY_MAP             /* structs of `table`: an object of name (any) and object */
};

struct key_table;

struct key {
    const char *name; /* dotted path within its table; a last part of "*" stands for any name */
    enum key_type type;
    size_t offset;        /* where it is stored in the table's struct */
    size_t count_offset;  /* of lists and maps: where their length is stored */
    const char *fallback; /* the default as a profile would write it (lists: JSON); NULL: none */
    const char *first;    /* of KEY_OBJECTS: JSON list of elements that always stand before those of
                          the profile */
    const char *least; /* range, in the key's own notation (of a list: its length); NULL: no bound
                          but the type's */
    const char *most;
    const char *const *words; /* of KEY_WORD and KEY_EITHER, NULL at the end */
    const struct key_table *table;
    int variant; /* of KEY_CREDENTIAL: enum auth_kind */
    bool required;
    const char *instead; /* of a required key: another that may stand in its place, not beside it */
    /* further demands on text; NULL: none */
    enum err_code (*accept)(const char *text, struct error *err);
    const char *pattern; /* the same for the schema, as a regular expression; NULL: none */
    const char *help;    /* what it is, with the unit where the type does not say it */
};

struct key_table {
    const char *title; /* what one such object is: "a region" */
    const struct key *keys;
    size_t count;
    size_t size;                /* of the struct that it fills */
    size_t name_offset;         /* of KEY_MAP: where the struct keeps its name (char *) */
    void (*drop)(void *object); /* frees what no key stores; NULL: nothing */
};

extern const struct key_table key_profile;
extern const struct key_table key_region;
extern const struct key_table key_stage;
extern const struct key_table key_latency_rule;
extern const struct key_table key_fault_rule;
extern const struct key_table key_quota_rule;
extern const struct key_table key_price;

/* The row with this dotted name; a row "x.*" answers for every "x.name" that has no row of its own.
 * NULL: none. */
const struct key *key_find(const struct key_table *table, const char *name);

/* Whether some key lies below this dotted name, so that an object stands there. */
bool key_is_group(const struct key_table *table, const char *name);

/* What a person calls a type: "duration such as 250ms, 30s, 5m". */
const char *key_type_help(enum key_type type);

/* Walks a table as the tree that the dots make: opens and closes an object per common first part, a
 * leaf per key. */
struct key_visitor {
    void (*open)(void *context, const char *name, size_t length);
    void (*close)(void *context);
    void (*leaf)(void *context, const struct key *key,
                 const char *name); /* name: the last part of the dotted one */
};
void keys_walk(const struct key_table *table, const struct key_visitor *visitor, void *context);

#endif
