/* A profile around one key of any table, so that every key of every table can be tested in
 * place. */
#ifndef RUSHHOUR_TESTS_PROFILE_SITES_H
#define RUSHHOUR_TESTS_PROFILE_SITES_H

#include "profile/keys.h"
#include "test_profile_fixture.h"

/* A table, and where its objects occur in a profile: the text before and after the tested key,
 * which is on line 2 by itself. The object is complete except for that key. */
struct site {
    const struct key_table *table;
    const char *path; /* of the object: "" or "regions[0]." */
    const char *before, *behind;
    const char *needs[4]; /* the object's own required keys, NULL-terminated */
};

static const struct site sites[] = {
    {&key_profile, "", "{", "}", {"\"name\": \"x\"", REGIONS}},
    {&key_region,
     "regions[0].",
     "{\"name\": \"x\", \"regions\": [{",
     "}]}",
     {"\"name\": \"a\"", "\"endpoint\": \"https://a.example.com\"", "\"deployment\": \"d\""}},
    {&key_stage,
     "load.stages[0].",
     "{\"name\": \"x\", " REGIONS ", \"load\": {\"stages\": [{",
     "}]}}",
     {"\"duration\": \"30s\"", "\"target\": 5"}},
    {&key_latency_rule,
     "simulator.latency[0].",
     "{\"name\": \"x\", " REGIONS ", \"simulator\": {\"latency\": [{",
     "}]}}",
     {NULL}},
    {&key_fault_rule,
     "simulator.faults[0].",
     "{\"name\": \"x\", " REGIONS ", \"simulator\": {\"faults\": [{",
     "}]}}",
     {"\"fault\": \"server_error\"", "\"rate\": \"5%\""}},
    {&key_quota_rule,
     "simulator.quota[0].",
     "{\"name\": \"x\", " REGIONS ", \"simulator\": {\"quota\": [{",
     "}]}}",
     {NULL}},
    {&key_price,
     "prices.m.",
     "{\"name\": \"x\", " REGIONS ", \"prices\": {\"m\": {",
     "}}}",
     {"\"text_in\": 1", "\"text_out\": 1", NULL}},
};

#define SITE_COUNT (sizeof sites / sizeof *sites)

static inline bool is_needed_key(const char *need, const char *name)
{
    size_t length = strlen(name);
    return strncmp(need + 1, name, length) == 0 && need[1 + length] == '"';
}

/* Appends the member; dots mean nested objects: "a.b" -> "a": {"b": VALUE}. */
static inline void put_member(struct text *out, const char *name, const char *value)
{
    size_t depth = 0;
    for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(name, '.'), depth++) {
        text_printf(out, "\"%.*s\": {", (int)(dot - name), name);
        name = dot + 1;
    }
    text_printf(out, "\"%s\": %s", name, value);
    for (; depth > 0; depth--) text_puts(out, "}");
}

/* A profile that is valid except for this member, which is on line 2; value NULL: without it. */
static inline void put_profile(struct text *out, const struct site *site, const char *name,
                               const char *value)
{
    text_puts(out, site->before);
    for (size_t i = 0; i < 4 && site->needs[i] != NULL; i++) {
        if (!is_needed_key(site->needs[i], name)) text_printf(out, "%s, ", site->needs[i]);
    }
    text_puts(out, "\n");
    if (value != NULL) put_member(out, name, value);
    text_printf(out, "\n%s", site->behind);
}

static inline enum err_code parse_text(const struct text *json, struct error *err)
{
    struct profile *profile = NULL;
    *err = (struct error){0};
    enum err_code code = profile_parse("t.json", text_str(json), json->length, &profile, err);
    if (code == ERR_OK) profile_free(profile);
    return code;
}

static inline enum err_code parse_member(const struct site *site, const char *name,
                                         const char *value, struct error *err)
{
    struct text json = {0};
    put_profile(&json, site, name, value);
    enum err_code code = parse_text(&json, err);
    text_free(&json);
    return code;
}

/* The value is refused, with its line and its full name. */
static inline void refuse_value(const struct site *site, const char *name, const char *value,
                                const char *words)
{
    struct error err;
    char path[200];
    enum err_code code = parse_member(site, name, value, &err);
    (void)snprintf(path, sizeof path, ": %s%s", site->path, name);
    if (code != ERR_PROFILE) fail_msg("%s = %s: %d %s", path, value, code, err.text);
    if (strncmp(err.text, "t.json:2:", 9) != 0 || strstr(err.text, path) == NULL)
        fail_msg("%s = %s: says \"%s\"", path, value, err.text);
    if (words != NULL && strstr(err.text, words) == NULL)
        fail_msg("%s = %s: says \"%s\", without \"%s\"", path, value, err.text, words);
}

/* Calls it for every key of every table except maps, whose names are the user's. */
typedef void key_test(const struct site *site, const struct key *key);

static inline void for_every_key(key_test *test)
{
    size_t count = 0;
    for (size_t s = 0; s < SITE_COUNT; s++) {
        for (size_t i = 0; i < sites[s].table->count; i++) {
            if (sites[s].table->keys[i].type == KEY_MAP) continue;
            test(&sites[s], &sites[s].table->keys[i]);
            count++;
        }
    }
    assert_true(count > 100);
}

#endif
