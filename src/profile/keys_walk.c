#include "profile/keys.h"

#include <string.h>

const struct key *key_find(const struct key_table *table, const char *name)
{
    const struct key *any = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct key *key = &table->keys[i];
        size_t length = strlen(key->name);
        if (strcmp(key->name, name) == 0) return key;
        /* "prices.*" matches "prices.gpt-realtime"; a model's name may contain dots */
        if (key->name[length - 1] == '*' && strncmp(key->name, name, length - 1) == 0) any = key;
    }
    return any;
}

bool key_is_group(const struct key_table *table, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < table->count; i++) {
        if (strncmp(table->keys[i].name, name, length) == 0 && table->keys[i].name[length] == '.')
            return true;
    }
    return false;
}

const char *key_type_help(enum key_type type)
{
    switch (type) {
    case KEY_IGNORED:
    case KEY_STRING:
    case KEY_HIDDEN:
        return "text";
    case KEY_REFERENCES:
        return "text with ${NAME} for secrets";
    case KEY_CREDENTIAL:
        return "reference to a secret";
    case KEY_BOOL:
        return "true or false";
    case KEY_EITHER:
    case KEY_WORD:
        return "word";
    case KEY_COUNT:
        return "whole number";
    case KEY_SIZE:
        return "size such as 4800, 64KiB";
    case KEY_NUMBER:
        return "number";
    case KEY_DURATION:
        return "duration such as 250ms, 30s, 5m, 2h";
    case KEY_RATE:
        return "rate such as 5/s, 300/m";
    case KEY_FRACTION:
    case KEY_SHARE:
        return "share such as 3%";
    case KEY_TIME:
        return "time such as 2026-04-14T06:00:00-07:00, or now";
    case KEY_DURING:
        return "time of day such as 07:00-09:00@America/Los_Angeles,mon-fri";
    case KEY_TARGET:
        return "whole number, or rate such as 5/s";
    case KEY_LATENCY:
        return "duration, or {\"median\": duration, \"p99\": duration}";
    case KEY_HOURS:
        return "list of 24 shares such as 3%, or {\"zone\": time zone, \"rates\": list of 24 "
               "shares}";
    case KEY_STRINGS:
        return "list of text";
    case KEY_PROMPTS:
        return "list of text, or of {\"text\": text, \"weight\": number}";
    case KEY_FRACTIONS:
        return "list of shares such as 50%";
    case KEY_WINDOWS:
        return "list of windows such as 1m, peak=07:00-09:00@America/Los_Angeles,mon-fri";
    case KEY_OBJECTS:
        return "list of objects";
    case KEY_HEADERS:
        return "object of header names and values";
    case KEY_JSON:
        return "object of any fields";
    case KEY_MAP:
        return "object";
    }
    return "";
}

/* The keys [first, last) share the first `skip` bytes of their names. */
static void walk(const struct key_table *table, size_t first, size_t last, size_t skip,
                 const struct key_visitor *visitor, void *context)
{
    for (size_t i = first; i < last;) {
        const char *name = table->keys[i].name + skip;
        const char *dot = strchr(name, '.');
        if (dot == NULL) {
            visitor->leaf(context, &table->keys[i], name);
            i++;
            continue;
        }
        size_t shared = skip + (size_t)(dot - name) + 1;
        size_t end = i;
        while (end < last && strncmp(table->keys[end].name, table->keys[i].name, shared) == 0)
            end++;
        visitor->open(context, name, (size_t)(dot - name));
        walk(table, i, end, shared, visitor, context);
        visitor->close(context);
        i = end;
    }
}

void keys_walk(const struct key_table *table, const struct key_visitor *visitor, void *context)
{
    walk(table, 0, table->count, 0, visitor, context);
}
