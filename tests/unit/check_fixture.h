/* A profile with regions, and the results of a check on them, for the tests of check/. */
#ifndef CHECK_FIXTURE_H
#define CHECK_FIXTURE_H

#include "check/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FIXTURE_UNUSED __attribute__((unused))

/* A profile with this JSON as its `regions`. */
static struct profile *fixture_profile(const char *regions)
{
    char json[4096];
    struct profile *profile = NULL;
    struct error err = {0};
    int length = snprintf(
        json, sizeof json,
        "{\"name\": \"p\", \"load\": {\"model\": \"sessions\", \"stages\": [{\"duration\": "
        "\"1s\", \"target\": 1}]}, \"regions\": [%s], \"prices\": {\"gpt-\": {\"text_in\": 1, "
        "\"text_out\": 1}}}",
        regions);
    if (profile_parse("p.json", json, (size_t)length, &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    return profile;
}

#define FIXTURE_REGION(name, more)                                                                 \
    "{\"name\": \"" name                                                                           \
    "\", \"endpoint\": \"https://contoso.openai.azure.com\", \"deployment\": "                     \
    "\"gpt-realtime\"" more "}"

static FIXTURE_UNUSED bool has_note(const struct check_region *told, const char *words)
{
    for (size_t i = 0; i < told->note_count; i++) {
        if (strstr(told->notes[i].text, words) != NULL) return true;
    }
    return false;
}

#endif
