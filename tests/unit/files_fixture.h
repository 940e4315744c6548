/* A folder of its own for each test of files, and what it holds. */
#ifndef FILES_FIXTURE_H
#define FILES_FIXTURE_H

#include "base/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char files_folder[64];

static inline int files_begin(void **state)
{
    (void)state;
    (void)strcpy(files_folder, "/tmp/rushhour-files-XXXXXX");
    return mkdtemp(files_folder) == NULL ? -1 : 0;
}

static inline int files_end(void **state)
{
    (void)state;
    folder_remove(files_folder);
    return file_exists(files_folder) ? -1 : 0;
}

/* Up to four paths at a time. */
static inline const char *below(const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", files_folder, name);
    return path;
}

static inline void put(const char *name, const char *content, mode_t mode)
{
    FILE *file = fopen(below(name), "wb");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(below(name), mode), 0);
}

static inline void assert_content(const char *name, const char *content)
{
    char found[256];
    FILE *file = fopen(below(name), "rb");
    assert_non_null(file);
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    (void)fclose(file);
    assert_string_equal(found, content);
}

/* Of the thing itself, not of what a link leads to. */
static inline mode_t mode_of(const char *name)
{
    struct stat status;
    assert_int_equal(lstat(below(name), &status), 0);
    return status.st_mode;
}

static inline int entries(void)
{
    int count = -2; /* . and .. */
    DIR *folder = opendir(files_folder);
    assert_non_null(folder);
    while (readdir(folder) != NULL) count++;
    (void)closedir(folder);
    return count;
}

#endif
