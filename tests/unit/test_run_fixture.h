/* A small profile for the tests of run/. */
#ifndef TEST_RUN_FIXTURE_H
#define TEST_RUN_FIXTURE_H

#include "base/clock.h"
#include "profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two regions, an open load of 10 sessions per second for 2 s, 3 turns each. `more`: further
 * keys. */
#define RUN_PROFILE(more)                                                                          \
    "{ \"name\": \"sample\", \"regions\": ["                                                       \
    "{\"name\": \"eastus2\", \"endpoint\": \"https://a.example.com\", \"deployment\": \"d\","      \
    " \"auth\": {\"api_key\": \"${RUN_TEST_KEY}\"}},"                                              \
    "{\"name\": \"sweden\", \"endpoint\": \"https://b.example.com\", \"deployment\": \"d\","       \
    " \"auth\": {\"api_key\": \"${RUN_TEST_KEY}\"}}],"                                             \
    "\"load\": {\"model\": \"arrivals\", \"arrival\": \"even\", \"max_sessions\": 10,"             \
    " \"stages\": [{\"duration\": \"0s\", \"target\": \"10/s\"},"                                  \
    " {\"duration\": \"2s\", \"target\": \"10/s\"}]},"                                             \
    "\"session\": {\"interactions\": 3, \"think_time\": \"0s\"}" more "}"

/* Owned by the caller. */
static inline struct profile *run_profile(const char *json)
{
    struct profile *profile = NULL;
    struct error err = {0};
    if (profile_parse("sample.json", json, strlen(json), &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    return profile;
}

#endif
