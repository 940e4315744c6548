#include "profile/faults.h"
#include "profile/keys.h"
#include "profile/layout.h"
#include "profile/notation.h"
#include "profile/profile.h"
#include "profile/value.h"

#include "base/text.h"

#include <string.h>

struct writer {
    struct text *out;
    const struct key *any; /* the map found in the open group, or NULL */
};

static void write_table(struct text *out, const struct key_table *table);

/* The notations of base/units.h and base/window.h as patterns. A bare 0 is a valid duration. */
static const char definitions[] =
    "\"$defs\":{"
    "\"duration\":{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^([0-9]+(\\\\.[0-9]+)?(us|ms|s|m|"
    "h|d)|0)$\"}"
    ",{\"const\":0}]},"
    "\"rate\":{\"type\":\"string\",\"pattern\":\"^[0-9]+(\\\\.[0-9]+)?/[smh]$\"},"
    "\"share\":{\"type\":\"string\",\"pattern\":\"^[0-9]+(\\\\.[0-9]+)?%$\"},"
    "\"size\":{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^[0-9]+(\\\\.[0-9]+)?(B|kB|KB|MB|GB|"
    "KiB|MiB|GiB)"
    "?$\"},"
    "{\"type\":\"integer\",\"minimum\":0}]},"
    "\"time\":{\"type\":\"string\",\"pattern\":\"^(now|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt "
    "][0-9]{2}:[0-9]{2}:[0-9]{2}(\\\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))$\"},"
    "\"during\":{\"type\":\"string\",\"pattern\":\"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}(@[^,]+)?(,["
    "a-z,-]+)?$"
    "\"},"
    "\"window\":{\"type\":\"string\",\"pattern\":\"^([0-9]+(\\\\.[0-9]+)?(s|m|h|d|ms|us)|[A-Za-z0-"
    "9_.-]{1,40}"
    "=[0-9]{2}:[0-9]{2}-"
    "[0-9]{2}:[0-9]{2}@[^,]+(,[a-z,-]+)?)$\"},"
    "\"target\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"type\":\"string\",\"pattern\":"
    "\"^[0-9]+$"
    "\"},"
    "{\"$ref\":\"#/$defs/rate\"}]},"
    "\"delay\":{\"anyOf\":[{\"$ref\":\"#/$defs/"
    "duration\"},{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"median\",\"p99\"],\"properties\":{\"median\":{\"$ref\":\"#/$defs/duration\"},"
    "\"p99\":{\"$ref\":\"#/$defs/duration\"}}}]},"
    "\"rates\":{\"type\":\"array\",\"minItems\":24,\"maxItems\":24,\"items\":{\"$ref\":\"#/$defs/"
    "share\"}},"
    "\"hours\":{\"anyOf\":[{\"$ref\":\"#/$defs/"
    "rates\"},{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"rates\"],\"properties\":{\"zone\":{\"type\":\"string\"},"
    "\"rates\":{\"$ref\":\"#/$defs/rates\"}}}]}}";

static void write_words(struct text *out, const char *const *words)
{
    text_puts(out, "\"enum\":[");
    for (size_t i = 0; words[i] != NULL; i++) {
        notation_comma(out);
        text_json(out, words[i]);
    }
    text_puts(out, "]");
}

static void write_string(struct text *out, const struct key *key)
{
    text_puts(out, "\"type\":\"string\"");
    if (key->type != KEY_IGNORED) text_puts(out, ",\"minLength\":1");
    if (key->table == NULL && strcmp(key->name, "fault") == 0) {
        text_puts(out, ",\"enum\":[");
        for (int i = 0; i < FAULT_COUNT; i++) {
            notation_comma(out);
            text_json(out, fault_info((enum fault_kind)i)->name);
        }
        text_puts(out, "]");
    }
    if (key->pattern == NULL) return;
    text_puts(out, ",\"pattern\":");
    text_json(out, key->pattern);
}

static void write_number(struct text *out, const struct key *key)
{
    bool whole = key->type == KEY_COUNT;
    text_printf(out, "\"type\":\"%s\"", whole ? "integer" : "number");
    if (key->least != NULL)
        text_printf(out, ",\"minimum\":%s", key->least);
    else if (whole)
        text_puts(out, ",\"minimum\":0");
    if (key->most != NULL) text_printf(out, ",\"maximum\":%s", key->most);
}

/* The types whose schema is the same for every key. */
static const struct {
    enum key_type type;
    bool listed; /* the schema is that of each element */
    const char *schema;
} fixed_types[] = {
    {KEY_BOOL, false, "\"type\":\"boolean\""},
    {KEY_SIZE, false, "\"$ref\":\"#/$defs/size\""},
    {KEY_DURATION, false, "\"$ref\":\"#/$defs/duration\""},
    {KEY_RATE, false, "\"$ref\":\"#/$defs/rate\""},
    {KEY_FRACTION, false, "\"$ref\":\"#/$defs/share\""},
    {KEY_SHARE, false, "\"$ref\":\"#/$defs/share\""},
    {KEY_TIME, false, "\"$ref\":\"#/$defs/time\""},
    {KEY_DURING, false, "\"$ref\":\"#/$defs/during\""},
    {KEY_TARGET, false, "\"$ref\":\"#/$defs/target\""},
    {KEY_LATENCY, false, "\"$ref\":\"#/$defs/delay\""},
    {KEY_HOURS, false, "\"$ref\":\"#/$defs/hours\""},
    {KEY_HEADERS, false, "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}"},
    {KEY_JSON, false, "\"type\":\"object\",\"minProperties\":1"},
    {KEY_STRINGS, true, "\"type\":\"string\",\"minLength\":1"},
    {KEY_PROMPTS, true,
     "\"anyOf\":[{\"type\":\"string\",\"minLength\":1},{\"type\":\"object\","
     "\"additionalProperties\":false,\"required\":[\"text\"],\"properties\":{\"text\":{"
     "\"type\":\"string\",\"minLength\":1},\"weight\":{\"type\":\"number\","
     "\"exclusiveMinimum\":0}}}]"},
    {KEY_FRACTIONS, true, "\"$ref\":\"#/$defs/share\""},
    {KEY_WINDOWS, true, "\"$ref\":\"#/$defs/window\""},
};

static bool write_fixed(struct text *out, enum key_type type)
{
    for (size_t i = 0; i < sizeof fixed_types / sizeof *fixed_types; i++) {
        if (fixed_types[i].type != type) continue;
        text_printf(out, fixed_types[i].listed ? "\"type\":\"array\",\"items\":{%s}" : "%s",
                    fixed_types[i].schema);
        return true;
    }
    return false;
}

static void write_type(struct text *out, const struct key *key)
{
    if (write_fixed(out, key->type)) return;
    switch (key->type) {
    case KEY_EITHER:
    case KEY_WORD:
        write_words(out, key->words);
        break;
    case KEY_COUNT:
    case KEY_NUMBER:
        write_number(out, key);
        break;
    case KEY_OBJECTS:
        if (key->none_offset != 0) text_puts(out, "\"anyOf\":[{\"const\":\"none\"},{");
        text_puts(out, "\"type\":\"array\",\"items\":");
        write_table(out, key->table);
        if (key->none_offset != 0) text_puts(out, "}]");
        break;
    default:
        write_string(out, key);
        break;
    }
}

/* The help text, with the range, because JSON Schema has no keyword for the range of "5s". */
static void write_description(struct text *out, const struct key *key)
{
    struct text words = {0};
    text_puts(&words, key->help);
    bool spoken =
        key->type != KEY_COUNT && key->type != KEY_NUMBER && !value_is_composite(key->type);
    if (spoken && key->least != NULL) text_printf(&words, "; at least %s", key->least);
    if (spoken && key->most != NULL) text_printf(&words, "; at most %s", key->most);
    text_puts(out, "\"description\":");
    text_json(out, text_str(&words));
    text_free(&words);
}

static void open_group(void *context, const char *name, size_t length)
{
    struct writer *writer = context;
    notation_comma(writer->out);
    text_printf(writer->out, "\"%.*s\":{\"type\":\"object\",\"properties\":{", (int)length, name);
}

/* Ends the properties of an object: any other name is a mistake, or an entry of the map. */
static void close_properties(struct writer *writer)
{
    text_puts(writer->out, "},\"additionalProperties\":");
    if (writer->any != NULL)
        write_table(writer->out, writer->any->table);
    else
        text_puts(writer->out, "false");
    writer->any = NULL;
}

static void close_group(void *context)
{
    struct writer *writer = context;
    close_properties(writer);
    text_puts(writer->out, "}");
}

static void write_leaf(void *context, const struct key *key, const char *name)
{
    struct writer *writer = context;
    if (key->type == KEY_MAP) {
        writer->any = key;
        return;
    }
    notation_comma(writer->out);
    text_json(writer->out, name);
    text_puts(writer->out, ":{");
    write_description(writer->out, key);
    text_puts(writer->out, ",");
    write_type(writer->out, key);
    if (value_is_composite(key->type) && key->least != NULL)
        text_printf(writer->out, ",\"minItems\":%s", key->least);
    if (value_is_composite(key->type) && key->most != NULL)
        text_printf(writer->out, ",\"maxItems\":%s", key->most);
    if (key->fallback != NULL) {
        text_puts(writer->out, ",\"default\":");
        notation_json(writer->out, key, key->fallback);
    }
    text_puts(writer->out, "}");
}

static void write_required(struct text *out, const struct key_table *table)
{
    text_puts(out, ",\"required\":[");
    for (size_t i = 0; i < table->count; i++) {
        if (!table->keys[i].required || table->keys[i].instead != NULL) continue;
        notation_comma(out);
        text_json(out, table->keys[i].name);
    }
    text_puts(out, "]");
    for (size_t i = 0; i < table->count; i++) {
        if (table->keys[i].instead == NULL) continue;
        text_printf(out, ",\"oneOf\":[{\"required\":[\"%s\"]},{\"required\":[\"%s\"]}]",
                    table->keys[i].name, table->keys[i].instead);
    }
}

/* The content of an object's schema, without its braces. */
static void write_content(struct text *out, const struct key_table *table)
{
    static const struct key_visitor visitor = {open_group, close_group, write_leaf};
    struct writer writer = {out, NULL};
    text_puts(out, "\"type\":\"object\",\"properties\":{");
    keys_walk(table, &visitor, &writer);
    close_properties(&writer);
    write_required(out, table);
}

static void write_table(struct text *out, const struct key_table *table)
{
    text_puts(out, "{");
    write_content(out, table);
    text_puts(out, "}");
}

void profile_schema(struct text *out)
{
    struct text compact = {0};
    text_puts(&compact,
              "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
              "\"title\":\"rushhour profile\","
              "\"$comment\":\"Made from the key table of rushhour; do not edit by hand.\",");
    write_content(&compact, &key_profile);
    text_puts(&compact, ",");
    text_puts(&compact, definitions);
    text_puts(&compact, "}");
    layout_json(out, text_str(&compact));
    if (compact.failed) out->failed = true;
    text_free(&compact);
}
