/*
 * Put before a program with LD_PRELOAD: counts its allocations, and lets some of them fail.
 *
 * FAIL_FILE  a file for struct told, shared with whoever looks on; without it nothing happens
 * FAIL_AT    the number of the first allocation that fails, from 1; 0: none
 * FAIL_REST  set: every later one fails too
 * FAIL_TRACE set: the first failure tells on stderr who asked
 *
 * What the program starts itself is left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACKS 4000000
#define DEPTH 24

/* What the sweep (tests/end_to_end/allocation_sweep.py) reads. */
struct told {
    _Atomic uint64_t count, failed;
    uint32_t
        stacks[STACKS]; /* of allocation 1, 2, ...: a hash of its callers, if none is to fail */
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static struct told *told;
static uint64_t first;
static bool rest, trace;
static _Thread_local bool inside; /* what looking at the stack allocates is not the program's */

static uint32_t hash_of_stack(void)
{
    void *callers[DEPTH];
    const int depth = backtrace(callers, DEPTH);
    uint64_t hash = 14695981039346656037U;
    for (int i = 2; i < depth; i++) hash = (hash ^ (uintptr_t)callers[i]) * 1099511628211U;
    return (uint32_t)(hash ^ hash >> 32);
}

static void tell_stack(void)
{
    void *callers[DEPTH];
    inside = true;
    backtrace_symbols_fd(callers, backtrace(callers, DEPTH), STDERR_FILENO);
    inside = false;
}

static bool fails(void)
{
    if (told == NULL || inside) return false;
    const uint64_t number = ++told->count;
    if (first == 0 && number <= STACKS) {
        inside = true;
        told->stacks[number - 1] = hash_of_stack();
        inside = false;
    }
    if (first == 0 || number < first || (number > first && !rest)) return false;
    if (told->failed++ == 0 && trace) tell_stack();
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);
    if (made != NULL) *out = made;
    return made != NULL ? 0 : ENOMEM;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAIL_FILE"), *at = getenv("FAIL_AT");
    void *callers[DEPTH];
    if (path == NULL) return;
    (void)backtrace(callers, DEPTH); /* loads what it needs */
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    void *shared =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) (void)close(fd);
    first = at == NULL ? 0 : strtoull(at, NULL, 10);
    rest = getenv("FAIL_REST") != NULL;
    trace = getenv("FAIL_TRACE") != NULL;
    (void)unsetenv("LD_PRELOAD");
    if (shared != MAP_FAILED) told = shared;
}
