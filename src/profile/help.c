#include "base/text.h"
#include "profile/faults.h"
#include "profile/keys.h"
#include "profile/notation.h"
#include "profile/profile.h"
#include "profile/value.h"

#include <string.h>

#define WIDTH 100

/* Appends words, wrapped into lines indented by four spaces. */
static void wrap(struct text *out, const char *words)
{
    size_t column = WIDTH;
    for (const char *s = words; *s != '\0';) {
        size_t length = strcspn(s, " ");
        bool breaks = column + 1 + length > WIDTH;
        text_puts(out, breaks ? (s == words ? "    " : "\n    ") : " ");
        column = (breaks ? 4 : column + 1) + length;
        text_append(out, s, length);
        s += length;
        s += strspn(s, " ");
    }
    text_puts(out, "\n");
}

static void describe_range(struct text *out, const struct key *key)
{
    if (value_is_composite(key->type)) {
        if (key->least != NULL) text_printf(out, ", at least %s of them", key->least);
        if (key->most != NULL) text_printf(out, ", at most %s", key->most);
        return;
    }
    if (key->least != NULL && key->most != NULL)
        text_printf(out, ", %s to %s", key->least, key->most);
    else if (key->least != NULL)
        text_printf(out, ", at least %s", key->least);
    else if (key->most != NULL)
        text_printf(out, ", at most %s", key->most);
}

static void describe_default(struct text *out, const struct key *key)
{
    if (key->required)
        text_printf(out, "; required%s%s", key->instead == NULL ? "" : " unless there is ",
                    key->instead == NULL ? "" : key->instead);
    else if (key->fallback != NULL)
        text_printf(out, "; default %s", key->fallback);
}

static void describe_key(struct text *out, const char *prefix, const struct key *key)
{
    size_t length = strlen(key->name);
    bool any = key->name[length - 1] == '*';
    text_printf(out, "%s%.*s%s\n", prefix, (int)(any ? length - 1 : length), key->name,
                any ? "NAME" : "");
    struct text facts = {0};
    text_puts(&facts, key_type_help(key->type));
    if (key->none_offset != 0) text_puts(&facts, " or none");
    for (size_t i = 0; key->words != NULL && key->words[i] != NULL; i++) {
        text_printf(&facts, "%s%s", i == 0 ? ": " : ", ", key->words[i]);
    }
    describe_range(&facts, key);
    describe_default(&facts, key);
    wrap(out, text_str(&facts));
    wrap(out, key->help);
    text_clear(&facts);
    if (key->first != NULL) {
        text_printf(&facts, "Before the first rule of the profile always stands: %s", key->first);
        wrap(out, text_str(&facts));
    }
    text_free(&facts);
}

static void describe_table(struct text *out, const char *prefix, const struct key_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct key *key = &table->keys[i];
        describe_key(out, prefix, key);
        if (key->table == NULL) continue;
        struct text below = {0};
        if (key->type == KEY_MAP)
            text_printf(&below, "%s%.*sNAME.", prefix, (int)strlen(key->name) - 1, key->name);
        else
            text_printf(&below, "%s%s[].", prefix, key->name);
        describe_table(out, text_str(&below), key->table);
        text_free(&below);
    }
}

static void describe_faults(struct text *out)
{
    static const char *const chances[] = {
        [CHANCE_PER_REGION] = "per region",   [CHANCE_PER_CONNECTION] = "per connection",
        [CHANCE_PER_CONNECT] = "per CONNECT", [CHANCE_PER_UPGRADE] = "per upgrade",
        [CHANCE_PER_SESSION] = "per session", [CHANCE_PER_RESPONSE] = "per response",
    };
    text_puts(out,
              "\nFaults of the simulator (simulator.faults[].fault), and what a rate counts:\n");
    for (int i = 0; i < FAULT_COUNT; i++) {
        const struct fault_info *fault = fault_info((enum fault_kind)i);
        text_printf(out, "  %-26s %-7s  %-14s  %s\n", fault->name, fault->number,
                    chances[fault->chance], fault->help);
    }
}

void profile_help(struct text *out)
{
    text_puts(
        out,
        "Keys of a profile (JSON; comments and trailing commas are allowed; name[] is a list of "
        "objects):\n\n");
    describe_table(out, "", &key_profile);
    describe_faults(out);
}
