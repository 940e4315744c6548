/* Arbitrary bytes as a profile: rejected with a one-line message, or accepted, described and
 * freed. */
#include "profile/profile.h"
#include "profile/threshold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile *profile = NULL;
    struct error err = {0};
    enum err_code code = profile_parse("fuzz.json", (const char *)data, size, &profile, &err);
    if (code != ERR_OK) {
        must(code == ERR_PROFILE && profile == NULL);
        must(strncmp(err.text, "fuzz.json:", 10) == 0 && strchr(err.text, '\n') == NULL);
        return 0;
    }
    struct text out = {0};
    profile_manifest(profile, &out);
    text_free(&out);
    must(profile_check(profile, &err) == ERR_OK);
    profile_free(profile);
    return 0;
}
