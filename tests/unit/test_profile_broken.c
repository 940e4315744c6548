/* Every file in tests/data/profiles has one mistake, and its first line says at which line and
 * column the error must point and which words it must contain: "// expect 4:17 words|words". */
#include "base/files.h"
#include "profile/profile.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER TEST_DATA "/profiles"

/* Whether the text contains all words between the bars. */
static bool holds_all(const char *text, char *words)
{
    char *rest = NULL;
    for (char *word = strtok_r(words, "|", &rest); word != NULL;
         word = strtok_r(NULL, "|", &rest)) {
        if (strstr(text, word) == NULL) return false;
    }
    return true;
}

static void check_file(const char *name)
{
    char path[512];
    char position[64];
    char wanted[640];
    char words[256];
    struct text content = {0};
    struct error err = {0};
    struct profile *profile = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    assert_int_equal(file_read(path, 1 << 20, &content, &err), ERR_OK);
    if (sscanf(text_str(&content), "// expect %63s %255[^\n]", position, words) != 2)
        fail_msg("%s: no expectation", name);
    text_free(&content);

    enum err_code code = profile_load(path, &profile, &err);
    (void)snprintf(wanted, sizeof wanted, "%s:%s: ", path, position);
    if (code != ERR_PROFILE)
        fail_msg("%s: accepted, or failed otherwise: %d %s", name, code, err.text);
    if (strncmp(err.text, wanted, strlen(wanted)) != 0)
        fail_msg("%s: not at %s: %s", name, position, err.text);
    if (!holds_all(err.text + strlen(path), words))
        fail_msg("%s: words are missing: %s", name, err.text);
    if (strstr(err.text, "CANARY") != NULL) fail_msg("%s: repeats a secret: %s", name, err.text);
    if (strchr(err.text, '\n') != NULL) fail_msg("%s: more than one line: %s", name, err.text);
    assert_null(profile);
}

static void test_each_mistake_is_found_where_it_is(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".json") != 0) continue;
        check_file(entry->d_name);
        count++;
    }
    (void)closedir(folder);
    assert_true(count >= 90);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct profile *profile = NULL;
    struct error err = {0};
    assert_int_equal(profile_load(FOLDER "/nowhere.json", &profile, &err), ERR_IO);
    assert_non_null(strstr(err.text, "nowhere.json"));
    assert_int_equal(profile_load(FOLDER, &profile, &err), ERR_IO);
    assert_null(profile);
}

static void test_control_characters_reach_no_terminal(void **state)
{
    (void)state;
    struct profile *profile = NULL;
    struct error err = {0};
    static const char json[] = "{ \"\\u001b[31mred\": 1 }";
    assert_int_equal(profile_parse("f", json, strlen(json), &profile, &err), ERR_PROFILE);
    assert_null(strchr(err.text, 0x1B));
    assert_non_null(strstr(err.text, "f:1:3: ?[31mred: unknown key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_mistake_is_found_where_it_is),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_control_characters_reach_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
