#include "profile/command_kin.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ENVIRONMENT_MOST ((size_t)4 << 20)
#define ROUNDS 20 /* what was found may have started others meanwhile */

void command_kin_init(struct command_kin *kin)
{
    size_t count = 0;
    (void)snprintf(kin->mark, sizeof kin->mark, "RUSHHOUR_COMMAND=%ld.%" PRIu64, (long)getpid(),
                   clock_mono_ns());
    while (environ[count] != NULL) count++;
    kin->environment = calloc(count + 2, sizeof *kin->environment);
    if (kin->environment == NULL) return;
    for (size_t i = 0; i < count; i++) kin->environment[i] = environ[i];
    kin->environment[count] = kin->mark;
}

void command_kin_free(struct command_kin *kin)
{
    free(kin->environment);
    kin->environment = NULL;
}

static bool has_mark(const struct command_kin *kin, long process)
{
    struct text environment = {0};
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%ld/environ", process);
    const size_t whole = strlen(kin->mark) + 1; /* with its NUL */
    const bool has = file_read(path, ENVIRONMENT_MOST, &environment, NULL) == ERR_OK &&
                     environment.length >= whole &&
                     memmem(environment.data, environment.length, kin->mark, whole) != NULL;
    text_free(&environment);
    return has;
}

/* Whether there was one. */
static bool end_each(const struct command_kin *kin)
{
    DIR *processes = opendir("/proc");
    if (processes == NULL) return false;
    bool any = false;
    for (const struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        const long process =
            isdigit((unsigned char)entry->d_name[0]) ? strtol(entry->d_name, NULL, 10) : 0;
        if (process <= 1 || process == (long)getpid() || !has_mark(kin, process)) continue;
        any |= kill((pid_t)process, SIGKILL) == 0;
    }
    (void)closedir(processes);
    return any;
}

void command_kin_end(const struct command_kin *kin)
{
    const struct timespec moment = {.tv_nsec = 2 * (long)NS_PER_MS};
    for (int round = 0; round < ROUNDS && end_each(kin); round++) (void)nanosleep(&moment, NULL);
}
