#include "base/calendar.h"
#include "profile/extra_settings.h"
#include "profile/keys.h"
#include "profile/notation.h"
#include "profile/profile.h"

#include <string.h>

struct writer {
    struct text *out;
    const struct key_table *table;
    const char *object; /* the struct whose keys are being walked */
};

static void write_object(struct text *out, const struct key_table *table, const char *object);

/* The host and port of a proxy, without user and password. */
static void write_proxy(struct text *out, const char *proxy)
{
    const char *at = strrchr(proxy, '@');
    struct text shown = {0};
    if (strncmp(proxy, "${", 2) == 0) { /* entirely a reference */
        text_json(out, proxy);
        return;
    }
    text_printf(&shown, "http://%s", at != NULL ? at + 1 : proxy + strlen("http://"));
    text_json(out, text_str(&shown));
    text_free(&shown);
}

static void write_strings(struct text *out, char *const *strings, size_t count)
{
    text_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        notation_comma(out);
        text_json(out, strings[i]);
    }
    text_puts(out, "]");
}

/* Writes only the number and length of content. */
static void write_hidden(struct text *out, size_t count, size_t bytes)
{
    text_printf(out, "{\"count\":%zu,\"bytes\":%zu}", count, bytes);
}

static void write_prompts(struct text *out, const struct prompt *prompts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += prompts[i].length;
    write_hidden(out, count, bytes);
}

static void write_fractions(struct text *out, const double *fractions, size_t count)
{
    text_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        notation_comma(out);
        text_puts(out, "\"");
        notation_number(out, fractions[i] * 100);
        text_puts(out, "%\"");
    }
    text_puts(out, "]");
}

static void write_windows(struct text *out, const struct window *windows, size_t count)
{
    text_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        notation_comma(out);
        text_json(out, windows[i].spec);
    }
    text_puts(out, "]");
}

static void write_headers(struct text *out, const struct header *headers, size_t count)
{
    text_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        notation_comma(out);
        text_json(out, headers[i].name);
    }
    text_puts(out, "]");
}

static void write_objects(struct text *out, const struct key_table *table, const char *elements,
                          size_t count)
{
    text_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        notation_comma(out);
        write_object(out, table, elements + i * table->size);
    }
    text_puts(out, "]");
}

static void write_list(struct text *out, const struct key *key, const char *object)
{
    const void *elements = *(void *const *)(const void *)(object + key->offset);
    size_t count = *(const size_t *)(const void *)(object + key->count_offset);
    switch (key->type) {
    case KEY_STRINGS:
        write_strings(out, elements, count);
        break;
    case KEY_PROMPTS:
        write_prompts(out, elements, count);
        break;
    case KEY_FRACTIONS:
        write_fractions(out, elements, count);
        break;
    case KEY_WINDOWS:
        write_windows(out, elements, count);
        break;
    case KEY_HEADERS:
        write_headers(out, elements, count);
        break;
    default:
        write_objects(out, key->table, elements, count);
        break;
    }
}

static void write_duration(struct text *out, int64_t ns)
{
    text_puts(out, "\"");
    notation_duration(out, ns);
    text_puts(out, "\"");
}

static void write_target(struct text *out, const struct stage *stage)
{
    text_puts(out, stage->is_rate ? "\"" : "");
    notation_number(out, stage->target);
    text_puts(out, stage->is_rate ? "/s\"" : "");
}

static void write_latency(struct text *out, const struct latency *latency)
{
    text_puts(out, "{\"median\":");
    write_duration(out, latency->median_ns);
    text_puts(out, ",\"p99\":");
    write_duration(out, latency->p99_ns);
    text_puts(out, "}");
}

static void write_hours(struct text *out, const struct hours *hours)
{
    text_puts(out, "{\"zone\":");
    text_json(out, hours->zone == NULL ? "UTC" : zone_name(hours->zone));
    text_puts(out, ",\"rates\":");
    write_fractions(out, hours->rates, 24);
    text_puts(out, "}");
}

static void write_time(struct text *out, int64_t utc_ns)
{
    char stamp[32] = "now";
    if (utc_ns != INT64_MIN) format_utc_ms(utc_ns, stamp);
    text_json(out, stamp);
}

static void write_quantity(struct text *out, double number, const char *unit)
{
    text_puts(out, "\"");
    notation_number(out, number);
    text_printf(out, "%s\"", unit);
}

/* Writes numbers with their profile unit. False for values of another kind. */
static bool write_figure(struct text *out, enum key_type type, const void *value)
{
    switch (type) {
    case KEY_COUNT:
    case KEY_SIZE:
        text_printf(out, "%llu", (unsigned long long)*(const uint64_t *)value);
        return true;
    case KEY_NUMBER:
        notation_number(out, *(const double *)value);
        return true;
    case KEY_DURATION:
        write_duration(out, *(const int64_t *)value);
        return true;
    case KEY_RATE:
        write_quantity(out, *(const double *)value, "/s");
        return true;
    case KEY_FRACTION:
        write_quantity(out, *(const double *)value * 100, "%");
        return true;
    case KEY_TIME:
        write_time(out, *(const int64_t *)value);
        return true;
    case KEY_SHARE:
        write_quantity(out, ((const struct optional_rate *)value)->value * 100, "%");
        return true;
    default:
        return false;
    }
}

static void write_value(struct text *out, const struct key *key, const char *object)
{
    const void *value = object + key->offset;
    if (write_figure(out, key->type, value)) return;
    switch (key->type) {
    case KEY_STRING:
        text_json(out, *(char *const *)value);
        break;
    case KEY_HIDDEN:
        write_hidden(out, 1, strlen(*(char *const *)value));
        break;
    case KEY_JSON:
        extra_settings_manifest(out, *(char *const *)value);
        break;
    case KEY_REFERENCES:
        write_proxy(out, *(char *const *)value);
        break;
    case KEY_CREDENTIAL: {
        const struct auth *auth = value;
        text_json(out, auth->kind == AUTH_TOKEN_COMMAND ? "command" : auth->source);
        break;
    }
    case KEY_BOOL:
        text_puts(out, *(const bool *)value ? "true" : "false");
        break;
    case KEY_EITHER:
        text_json(out, key->words[*(const bool *)value ? 1 : 0]);
        break;
    case KEY_WORD:
        text_json(out, key->words[*(const unsigned *)value]);
        break;
    case KEY_DURING:
        text_json(out, (*(struct window *const *)value)->spec);
        break;
    case KEY_TARGET:
        write_target(out, (const struct stage *)(const void *)object);
        break;
    case KEY_LATENCY:
        write_latency(out, value);
        break;
    case KEY_HOURS:
        write_hours(out, *(const struct hours *const *)value);
        break;
    default:
        if (key->none_offset != 0 && *(const bool *)(object + key->none_offset))
            text_json(out, "none");
        else
            write_list(out, key, object);
        break;
    }
}

/* Whether the profile has a value for the key: pointers may be NULL, and only one kind of
 * credential is set. */
static bool is_set(const struct key *key, const char *object)
{
    const void *value = object + key->offset;
    switch (key->type) {
    case KEY_IGNORED:
        return false;
    case KEY_STRING:
    case KEY_HIDDEN:
    case KEY_REFERENCES:
    case KEY_JSON:
        return *(char *const *)value != NULL;
    case KEY_DURING:
        return *(struct window *const *)value != NULL;
    case KEY_CREDENTIAL:
        return (int)((const struct auth *)value)->kind == key->variant;
    case KEY_LATENCY:
        return ((const struct latency *)value)->set;
    case KEY_HOURS:
        return *(const struct hours *const *)value != NULL;
    case KEY_SHARE:
        return ((const struct optional_rate *)value)->set;
    default:
        return true;
    }
}

/* The entries of a map are members of the same object as its other keys. */
static void write_map(struct text *out, const struct key *key, const char *object)
{
    const char *elements = *(char *const *)(const void *)(object + key->offset);
    size_t count = *(const size_t *)(const void *)(object + key->count_offset);
    for (size_t i = 0; i < count; i++) {
        const char *element = elements + i * key->table->size;
        notation_comma(out);
        text_json(out, *(char *const *)(const void *)(element + key->table->name_offset));
        text_puts(out, ":");
        write_object(out, key->table, element);
    }
}

static void open_group(void *context, const char *name, size_t length)
{
    struct writer *writer = context;
    notation_comma(writer->out);
    text_printf(writer->out, "\"%.*s\":{", (int)length, name);
}

static void close_group(void *context)
{
    struct writer *writer = context;
    text_puts(writer->out, "}");
}

static void write_leaf(void *context, const struct key *key, const char *name)
{
    struct writer *writer = context;
    bool replaced =
        key->instead != NULL && is_set(key_find(writer->table, key->instead), writer->object);
    if (replaced || !is_set(key, writer->object)) return;
    if (key->type == KEY_MAP) {
        write_map(writer->out, key, writer->object);
        return;
    }
    notation_comma(writer->out);
    text_json(writer->out, name);
    text_puts(writer->out, ":");
    write_value(writer->out, key, writer->object);
}

static void write_object(struct text *out, const struct key_table *table, const char *object)
{
    static const struct key_visitor visitor = {open_group, close_group, write_leaf};
    struct writer writer = {out, table, object};
    text_puts(out, "{");
    keys_walk(table, &visitor, &writer);
    if (table == &key_region) { /* reports show the host, which is derived from the endpoint */
        notation_comma(out);
        text_puts(out, "\"host\":");
        text_json(out, ((const struct region *)(const void *)object)->host);
    }
    text_puts(out, "}");
}

void profile_manifest(const struct profile *profile, struct text *out)
{
    write_object(out, &key_profile, (const char *)(const void *)profile);
}
