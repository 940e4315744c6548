/*
 * What holds for the name of every key of every table: twice, with a slip in it, with dots, or left
 * out where it is needed, it is refused at its line with the fix. A key that is added is held to
 * all of it without a new line here.
 */
#include "profile_sites.h"

/* ---- the table and this test ---- */

/* Each site is a valid profile by itself, so what is refused below is refused for its key. */
static void the_sites_are_right(void **state)
{
    (void)state;
    for (size_t s = 0; s < SITE_COUNT; s++) {
        struct error err;
        if (sites[s].table->count == 0 || parse_member(&sites[s], "", NULL, &err) != ERR_OK)
            fail_msg("%s: %s", sites[s].table->title, err.text);
    }
}

static void find_itself(const struct site *site, const struct key *key)
{
    char group[128];
    assert_ptr_equal(key_find(site->table, key->name), key); /* no name occurs twice */
    assert_true(strlen(key->name) < sizeof group);
    for (const char *dot = strchr(key->name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        (void)snprintf(group, sizeof group, "%.*s", (int)(dot - key->name), key->name);
        assert_true(key_is_group(site->table, group));
        assert_null(key_find(site->table, group)); /* an object or a value, not both */
    }
    assert_false(key_is_group(site->table, key->name));
    assert_true(key->help != NULL && strlen(key->help) > 8);
    assert_true(strlen(key_type_help(key->type)) > 3);
    assert_int_equal(key->words != NULL, key->type == KEY_WORD || key->type == KEY_EITHER);
    assert_int_equal(key->table != NULL, key->type == KEY_OBJECTS || key->type == KEY_MAP);
}

static void every_key_is_found_by_its_name(void **state)
{
    (void)state;
    for_every_key(find_itself);
    assert_null(key_find(&key_profile, ""));
    assert_null(key_find(&key_profile, "load"));
    assert_true(key_is_group(&key_profile, "load"));
    assert_false(key_is_group(&key_profile, "loa"));
    assert_int_equal(key_find(&key_profile, "prices.any-name")->type, KEY_MAP);
    assert_int_equal(key_find(&key_profile, "prices.as_of")->type, KEY_STRING);
}

/* The word that the key's own default or requirement uses, so that the value is valid. */
static const char *right_value(const struct key *key)
{
    switch (key->type) {
    case KEY_BOOL:
        return "true";
    case KEY_COUNT:
    case KEY_NUMBER:
    case KEY_SIZE:
    case KEY_TARGET:
        return "10";
    case KEY_DURATION:
    case KEY_LATENCY:
        return "\"10s\"";
    default:
        return "\"word\"";
    }
}

/* ---- names ---- */

static void refuse_a_second_one(const struct site *site, const struct key *key)
{
    const char *dot = strrchr(key->name, '.');
    const char *last = dot == NULL ? key->name : dot + 1;
    struct text twice = {0};
    struct text json = {0};
    struct error err;
    char name[64];
    /* "key": VALUE,<line 3>"key": VALUE within the same object */
    text_printf(&twice, "%s,\n\"%s\": %s", right_value(key), last, right_value(key));
    put_profile(&json, site, key->name, text_str(&twice));
    enum err_code code = parse_text(&json, &err);
    (void)snprintf(name, sizeof name, "\"%s\"", last);
    if (code != ERR_PROFILE || strncmp(err.text, "t.json:3:", 9) != 0 ||
        strstr(err.text, name) == NULL)
        fail_msg("%s twice: %d \"%s\"", key->name, code, err.text);
    text_free(&twice);
    text_free(&json);
}

static void a_key_that_stands_twice_is_refused(void **state)
{
    (void)state;
    for_every_key(refuse_a_second_one);
}

static void refuse_a_slip(const struct site *site, const struct key *key)
{
    char name[128];
    char words[128];
    const char *dot = strrchr(key->name, '.');
    (void)snprintf(name, sizeof name, "%sx", key->name);
    (void)snprintf(words, sizeof words, "unknown key: did you mean \"%s\"?",
                   dot == NULL ? key->name : dot + 1);
    if (key_find(site->table, name) != NULL) return; /* prices.as_ofx names a model */
    refuse_value(site, name, right_value(key), words);
}

static void a_slip_in_a_name_is_put_right(void **state)
{
    (void)state;
    for_every_key(refuse_a_slip);
}

static void refuse_dots(const struct site *site, const struct key *key)
{
    struct text json = {0};
    struct error err;
    if (strchr(key->name, '.') == NULL) return;
    text_printf(&json, "%s", site->before);
    for (size_t i = 0; i < 4 && site->needs[i] != NULL; i++)
        text_printf(&json, "%s, ", site->needs[i]);
    text_printf(&json, "\n\"%s\": %s\n%s", key->name, right_value(key), site->behind);
    enum err_code code = parse_text(&json, &err);
    if (code != ERR_PROFILE || strncmp(err.text, "t.json:2:", 9) != 0 ||
        strstr(err.text, "no dots in a key: write an object within an object") == NULL)
        fail_msg("%s: %d \"%s\"", key->name, code, err.text);
    text_free(&json);
}

/* As a flag or another tool's file would write it. */
static void a_dotted_name_is_an_object_within_an_object(void **state)
{
    (void)state;
    for_every_key(refuse_dots);
}

static void refuse_its_absence(const struct site *site, const struct key *key)
{
    char words[128];
    struct error err;
    if (!key->required) return;
    enum err_code code = parse_member(site, key->name, NULL, &err);
    (void)snprintf(words, sizeof words, "\"%s\" is missing: %s needs it", key->name,
                   site->table->title);
    if (code != ERR_PROFILE || strncmp(err.text, "t.json:1:", 9) != 0 ||
        strstr(err.text, words) == NULL)
        fail_msg("without %s: %d \"%s\"", key->name, code, err.text);
}

static void a_key_that_is_needed_is_asked_for(void **state)
{
    (void)state;
    for_every_key(refuse_its_absence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sites_are_right),
        cmocka_unit_test(every_key_is_found_by_its_name),
        cmocka_unit_test(a_key_that_stands_twice_is_refused),
        cmocka_unit_test(a_slip_in_a_name_is_put_right),
        cmocka_unit_test(a_dotted_name_is_an_object_within_an_object),
        cmocka_unit_test(a_key_that_is_needed_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
