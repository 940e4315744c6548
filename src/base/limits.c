#include "base/limits.h"

#include "base/files.h"
#include "base/text.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define CPUS_MOST 65536 /* that a kernel may have */
#define SMALL_FILE ((size_t)65536)

static uint64_t count_of(rlim_t limit)
{
    return limit == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit;
}

uint64_t limits_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const bool bounded = count_of(limit.rlim_max) < LIMITS_DESCRIPTORS;
    const rlim_t wanted = bounded ? limit.rlim_max : (rlim_t)LIMITS_DESCRIPTORS;
    const struct rlimit raised = {.rlim_cur = wanted, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) return count_of(limit.rlim_cur);
    return count_of(wanted);
}

/* The number of CPUs in this process's set; 1 if it cannot be told. */
static unsigned cpus_allowed(void)
{
    for (int most = CPU_SETSIZE; most <= CPUS_MOST; most *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)most);
        if (set == NULL) return 1;
        const size_t size = CPU_ALLOC_SIZE((size_t)most);
        const bool known = sched_getaffinity(0, size, set) == 0;
        const int count = known ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (known) return count > 0 ? (unsigned)count : 1;
    }
    return 1;
}

unsigned limits_cores(double quota_cores)
{
    const unsigned cpus = cpus_allowed();
    if (!(quota_cores > 0) || quota_cores >= (double)cpus) return cpus;
    return quota_cores < 1 ? 1 : (unsigned)quota_cores;
}

/* ---- control groups ---- */

/* Where each version of control groups keeps its CPU figures. */
struct generation {
    const char *mount;          /* below the root */
    const char *quota, *period; /* file names, values in microseconds; period NULL: both are in
                                   `quota` */
    const char *controller;     /* its name in /proc/self/cgroup */
};

static const struct generation generations[] = {
    {"", "cpu.max", NULL, ""},
    {"/cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu"},
    {"/cpu,cpuacct", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu"},
};

static bool read_below(const char *folder, const char *name, struct text *out)
{
    struct text path = {0};
    text_clear(out);
    text_printf(&path, "%s/%s", folder, name);
    bool read = !path.failed && file_read(text_str(&path), SMALL_FILE, out, NULL) == ERR_OK;
    text_free(&path);
    return read;
}

/* The number after a word at the beginning of a line; 0 if there is none. */
static uint64_t value_of(const char *lines, const char *word)
{
    size_t length = strlen(word);
    for (const char *line = lines; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, length) == 0 && line[length] == ' ')
            return strtoull(line + length + 1, NULL, 10);
    }
    return 0;
}

/* Cores that one group allows; 0 if unlimited. */
static double cores_of(const struct generation *generation, const char *folder)
{
    struct text file = {0};
    double quota = 0;
    double period = 0;
    if (read_below(folder, generation->quota, &file)) {
        char *rest = NULL;
        quota = strtod(text_str(&file), &rest); /* "max" and -1 mean no quota */
        period = strtod(rest, NULL);
    }
    if (generation->period != NULL && read_below(folder, generation->period, &file))
        period = strtod(text_str(&file), NULL);
    text_free(&file);
    return quota > 0 && period > 0 ? quota / period : 0;
}

/* Takes the group's quota if it is tighter than those found below it. */
static void consider(const struct generation *generation, const char *folder,
                     struct cpu_quota *best)
{
    struct text stat = {0};
    double cores = cores_of(generation, folder);
    if (cores > 0 && (!(best->cores > 0) || cores < best->cores)) {
        *best = (struct cpu_quota){.cores = cores};
        if (read_below(folder, "cpu.stat", &stat)) {
            best->periods = value_of(text_str(&stat), "nr_periods");
            best->throttled = value_of(text_str(&stat), "nr_throttled");
        }
    }
    text_free(&stat);
}

static bool names_controller(const char *list, size_t length, const char *controller)
{
    size_t size = strlen(controller);
    if (size == 0) return length == 0;
    for (const char *at = list; at < list + length;) {
        const char *comma = memchr(at, ',', (size_t)(list + length - at));
        const char *end = comma == NULL ? list + length : comma;
        if ((size_t)(end - at) == size && memcmp(at, controller, size) == 0) return true;
        at = end + 1;
    }
    return false;
}

/* Finds the process's group in a line "number:controllers:/path"; false if there is none. */
static bool group_of(const char *lines, const struct generation *generation, char *out, size_t size)
{
    for (const char *line = lines; line != NULL && *line != '\0';) {
        const char *list = strchr(line, ':');
        const char *path = list == NULL ? NULL : strchr(list + 1, ':');
        if (path == NULL) return false;
        if (names_controller(list + 1, (size_t)(path - list - 1), generation->controller)) {
            (void)snprintf(out, size, "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
            return true;
        }
        line = strchr(path, '\n');
        if (line != NULL) line++;
    }
    return false;
}

/* Walks from the process's group up to the root. Inside a container the path may be the host's and
 * not exist; then the root is the container's group. */
static void climb(const struct generation *generation, const char *root, char *group,
                  struct cpu_quota *best)
{
    struct text folder = {0};
    for (char *slash = group; slash != NULL;) {
        text_clear(&folder);
        text_printf(&folder, "%s%s%s", root, generation->mount, group);
        consider(generation, text_str(&folder), best);
        slash = strrchr(group, '/');
        if (slash != NULL) *slash = '\0';
    }
    text_free(&folder);
}

bool cpu_quota_read(const char *proc, const char *root, struct cpu_quota *out)
{
    struct text lines = {0};
    char group[2048];
    *out = (struct cpu_quota){0};
    bool known = file_read(proc, SMALL_FILE, &lines, NULL) == ERR_OK;
    for (size_t i = 0; known && i < sizeof generations / sizeof *generations; i++) {
        if (group_of(text_str(&lines), &generations[i], group, sizeof group))
            climb(&generations[i], root, group, out);
    }
    text_free(&lines);
    return out->cores > 0;
}
