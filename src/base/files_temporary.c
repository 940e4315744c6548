#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Younger files may be between their creation and their lock. */
#define STALE_AFTER_S 60

int file_temporary(char *path, const char *ending)
{
    const int fd = mkostemps(path, (int)strlen(ending), O_CLOEXEC);
    if (fd >= 0) (void)flock(fd, LOCK_EX | LOCK_NB);
    return fd;
}

static bool has_form(const char *name, const char *beginning, const char *ending)
{
    const size_t length = strlen(name), first = strlen(beginning), last = strlen(ending);
    return length > first + last && strncmp(name, beginning, first) == 0 &&
           strcmp(name + length - last, ending) == 0;
}

static bool is_stale(int folder, const char *name)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
        time(NULL) - status.st_mtime < STALE_AFTER_S)
        return false;
    const int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return false;
    const bool free = flock(fd, LOCK_EX | LOCK_NB) == 0;
    (void)close(fd);
    return free;
}

void files_remove_stale(const char *folder, const char *beginning, const char *ending)
{
    DIR *entries = opendir(folder);
    if (entries == NULL) return;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (has_form(entry->d_name, beginning, ending) && is_stale(dirfd(entries), entry->d_name))
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    (void)closedir(entries);
}
