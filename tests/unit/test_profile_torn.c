/*
 * Every shipped profile, torn at every byte and damaged all along, as an editor that crashed or a
 * disk that was full leaves it: refused at a line that the file has, or read, and never half of
 * each.
 */
#include "base/files.h"
#include "test_profile_fixture.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#define PROFILES PROJECT_DIR "/profiles"
#define DAMAGE_EVERY 5 /* a reader under sanitizers on a busy machine takes its time */

static size_t lines_of(const char *json, size_t length)
{
    size_t lines = 1;
    for (size_t i = 0; i < length; i++) lines += json[i] == '\n';
    return lines;
}

/* Read or refused: a complaint is one line of print that begins with the file, a line of it and a
 * column. */
static bool is_read(const char *json, size_t length)
{
    struct profile *profile = NULL;
    struct error err = {0};
    unsigned line = 0;
    unsigned column = 0;
    enum err_code code = profile_parse("torn.json", json, length, &profile, &err);
    if (code == ERR_OK) {
        assert_non_null(profile);
        profile_free(profile);
        return true;
    }
    assert_null(profile);
    if (code != ERR_PROFILE || sscanf(err.text, "torn.json:%u:%u: ", &line, &column) != 2 ||
        line < 1 || line > lines_of(json, length) || column < 1)
        fail_msg("%zu bytes: %d \"%s\"", length, code, err.text);
    for (const char *s = err.text; *s != '\0'; s++) {
        if (iscntrl((unsigned char)*s)) fail_msg("%zu bytes: \"%s\"", length, err.text);
    }
    return false;
}

/* Where the outermost object ends: before it a file is torn, behind it nothing is missing. */
static size_t end_of_object(const char *json, size_t length)
{
    while (length > 0 && json[length - 1] != '}') length--;
    return length;
}

static void tear(const char *json, size_t length)
{
    size_t end = end_of_object(json, length);
    for (size_t cut = 0; cut <= length; cut++) {
        /* A copy of its own, so that a reader that goes beyond it is seen by the sanitizers. */
        char *torn = malloc(cut + 1);
        assert_non_null(torn);
        memcpy(torn, json, cut);
        torn[cut] = '\0';
        if (is_read(torn, cut) != (cut >= end)) fail_msg("torn at %zu of %zu", cut, length);
        free(torn);
    }
}

/* At every fifth byte, which moves along each file: missing, or another one in its place. Not every
 * damage can be seen ("2s" and "3s"). */
static void damage(const char *json, size_t length)
{
    static const char others[] = {'\0', '"', '{', ']', ',', '\\', '\n', '\x80'};
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    size_t refused = 0;
    for (size_t at = length % DAMAGE_EVERY; at < length; at += DAMAGE_EVERY) {
        size_t gone = at % 2;
        memcpy(copy, json, length + 1);
        copy[at] = others[at / 2 % sizeof others];
        if (gone != 0) memcpy(copy + at, json + at + 1, length - at); /* including the NUL */
        refused += !is_read(copy, length - gone);
    }
    assert_true(refused > length / DAMAGE_EVERY / 8);
    free(copy);
}

static void for_every_profile(void (*test)(const char *json, size_t length))
{
    DIR *folder = opendir(PROFILES);
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[512];
        struct text json = {0};
        struct error err = {0};
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".json") != 0 || strstr(entry->d_name, ".schema.") != NULL)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", PROFILES, entry->d_name);
        assert_int_equal(file_read(path, 1 << 20, &json, &err), ERR_OK);
        test(text_str(&json), json.length);
        text_free(&json);
        count++;
    }
    (void)closedir(folder);
    assert_true(count >= 10);
}

static void torn_at_every_byte(void **state)
{
    (void)state;
    for_every_profile(tear);
}

static void damaged_all_along(void **state)
{
    (void)state;
    for_every_profile(damage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torn_at_every_byte),
        cmocka_unit_test(damaged_all_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
