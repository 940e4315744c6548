/* The one table of all profile keys. The parser, the checks, the help and the JSON Schema are all
 * generated from it. */
#ifndef RUSHHOUR_PROFILE_KEYS_H
#define RUSHHOUR_PROFILE_KEYS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* How a key is written, and how it is stored. */
enum key_type {
    KEY_IGNORED,    /* any text; not stored */
    KEY_STRING,     /* char * */
    KEY_HIDDEN,     /* char *, content of which the manifest gives only the length */
    KEY_REFERENCES, /* char *, may hold ${...}; omitted from the manifest */
    KEY_CREDENTIAL, /* struct auth, of the kind in `variant` */
    KEY_BOOL,       /* bool */
    KEY_EITHER,     /* bool: the second of two words is true */
    KEY_COUNT,      /* uint64_t */
    KEY_SIZE,       /* uint64_t, bytes */
    KEY_NUMBER,     /* double */
    KEY_DURATION,   /* int64_t, ns */
    KEY_RATE,       /* double, per second */
    KEY_FRACTION,   /* double, 0 to 1 */
    KEY_TIME,       /* int64_t, ns since 1970 UTC; INT64_MIN: now */
    KEY_WORD,       /* an enum whose values are the indexes of `words` */
    KEY_DURING,     /* struct window *; NULL: always */
    KEY_TARGET,     /* struct stage, its target and is_rate */
    KEY_LATENCY,    /* struct latency */
    KEY_HOURS,      /* struct hours *; NULL if absent */
    KEY_SHARE,      /* struct optional_rate */
    KEY_STRINGS,    /* char ** and its count, as all lists */
    KEY_PROMPTS,    /* struct prompt *, of which the manifest gives only number and length */
    KEY_FRACTIONS,  /* double * */
    KEY_WINDOWS,    /* struct window * */
    KEY_OBJECTS,    /* structs of `table` */
    KEY_HEADERS,    /* struct header *: an object of names and texts */
    KEY_JSON,       /* char *: an object of any fields; the manifest only names them */
    KEY_MAP         /* structs of `table`: an object of arbitrary names and objects */
};

struct key_table;

struct key {
    const char *name; /* dotted path within its table; a last part of "*" stands for any name */
    enum key_type type;
    size_t offset;        /* where it is stored in the table's struct */
    size_t count_offset;  /* of lists and maps: where their length is stored */
    const char *fallback; /* the default in profile notation (lists: JSON); NULL if none */
    const char *first;    /* of KEY_OBJECTS: a JSON list of elements that always precede those of
                             the profile */
    size_t none_offset;   /* of KEY_OBJECTS: a bool that is true when "none" stands there instead
                             of a list; 0: it may not */
    const char *least;    /* range, in the key's own notation (of a list: its length); NULL: only
                          the type's bound */
    const char *most;
    const char *const *words; /* of KEY_WORD and KEY_EITHER, NULL-terminated */
    const struct key_table *table;
    int variant; /* of KEY_CREDENTIAL: enum auth_kind */
    bool required;
    const char *instead; /* of a required key: another key that may be given instead, but not as
                            well */
    /* further constraints on the text; NULL if none */
    enum err_code (*accept)(const char *text, struct error *err);
    const char *pattern; /* the same for the schema, as a regular expression; NULL if none */
    const char *help;    /* description, with the unit unless the type implies it */
};

struct key_table {
    const char *title; /* what one such object is called: "a region" */
    const struct key *keys;
    size_t count;
    size_t size;                /* of the struct it fills */
    size_t name_offset;         /* of KEY_MAP: where the struct keeps its name (char *) */
    void (*drop)(void *object); /* frees what no key stores; may be NULL */
};

extern const struct key_table key_profile;
extern const struct key_table key_region;
extern const struct key_table key_stage;
extern const struct key_table key_latency_rule;
extern const struct key_table key_fault_rule;
extern const struct key_table key_quota_rule;
extern const struct key_table key_price;

/* The row with this dotted name; a row "x.*" matches every "x.name" without a row of its own. NULL
 * if none. */
const struct key *key_find(const struct key_table *table, const char *name);

/* Whether any key lies below this dotted name, so that it denotes an object. */
bool key_is_group(const struct key_table *table, const char *name);

/* A description of a type for people: "duration such as 250ms, 30s, 5m". */
const char *key_type_help(enum key_type type);

/* Walks a table as the tree formed by the dots: open and close for each common prefix, leaf for
 * each key. */
struct key_visitor {
    void (*open)(void *context, const char *name, size_t length);
    void (*close)(void *context);
    void (*leaf)(void *context, const struct key *key,
                 const char *name); /* name: the last part of the dotted name */
};
void keys_walk(const struct key_table *table, const struct key_visitor *visitor, void *context);

#endif
