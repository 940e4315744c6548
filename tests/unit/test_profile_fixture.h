/* A small profile to vary in the tests of profile/. */
#ifndef TEST_PROFILE_FIXTURE_H
#define TEST_PROFILE_FIXTURE_H

#include "profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REGION_KEYS(name)                                                                          \
    "\"name\": \"" name "\", \"endpoint\": \"https://" name ".example.com\", \"deployment\": "     \
    "\"d\""
#define REGIONS "\"regions\": [{" REGION_KEYS("eastus2") "}]"
#define PROFILE(more) "{ \"name\": \"sample\", " REGIONS more "}"

/* Parses a profile that must be valid; the caller frees it. */
static inline struct profile *parsed(const char *json)
{
    struct profile *profile = NULL;
    struct error err = {0};
    if (profile_parse("sample.json", json, strlen(json), &profile, &err) != ERR_OK)
        fail_msg("%s: %s", json, err.text);
    return profile;
}

#endif
