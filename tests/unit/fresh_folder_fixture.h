/* A folder of its own for each test, which is its working directory. */
#ifndef FRESH_FOLDER_FIXTURE_H
#define FRESH_FOLDER_FIXTURE_H

#include "base/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline int enter_fresh_folder(void **state)
{
    char root[] = "/tmp/rushhour-record-XXXXXX";
    if (mkdtemp(root) == NULL || chdir(root) != 0) return -1;
    *state = strdup(root);
    return *state == NULL ? -1 : 0;
}

static inline int leave_folder(void **state)
{
    int left = chdir("/");
    folder_remove(*state);
    free(*state);
    return left;
}

#endif
