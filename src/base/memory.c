#include "base/memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What libcrypto takes until it can compute a sum or talk TLS, and libuv's table of a few thousand
 * descriptors. */
#define RESERVE ((size_t)4 * 1024 * 1024)
#define ALIGNMENT 16
#define LARGE (128 * 1024) /* glibc's own limit until the first such block is freed */

static atomic_bool ran_out;

bool memory_ran_out(void)
{
    return atomic_load(&ran_out);
}

void memory_forget(void)
{
    atomic_store(&ran_out, false);
}

void memory_return_large(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker gives to --wrap */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *string);
char *__real_strndup(const char *string, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *string);
char *__wrap_strndup(const char *string, size_t length);

static void *noted(void *got)
{
    if (got == NULL) atomic_store(&ran_out, true);
    return got;
}

void *__wrap_malloc(size_t size)
{
    return noted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return noted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    return noted(__real_realloc(old, size));
}

char *__wrap_strdup(const char *string)
{
    return noted(__real_strdup(string));
}

char *__wrap_strndup(const char *string, size_t length)
{
    return noted(__real_strndup(string, length));
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- the reserve ---- */

static _Alignas(ALIGNMENT) unsigned char reserve[RESERVE]; /* costs nothing until it is used */
static size_t reserve_used, reserve_held;
static pthread_mutex_t reserve_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_of_reserve(const void *memory)
{
    return (uintptr_t)memory - (uintptr_t)reserve < RESERVE;
}

static void *take(size_t size)
{
    if (size > RESERVE) return NULL;
    void *got = NULL;
    const size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    (void)pthread_mutex_lock(&reserve_lock);
    if (whole <= RESERVE - reserve_used) {
        got = reserve + reserve_used;
        reserve_used += whole;
        reserve_held++;
    }
    (void)pthread_mutex_unlock(&reserve_lock);
    return got;
}

/* All of it can be used again once nobody holds any of it. */
static void give_back(void)
{
    (void)pthread_mutex_lock(&reserve_lock);
    if (--reserve_held == 0) reserve_used = 0;
    (void)pthread_mutex_unlock(&reserve_lock);
}

/* ---- what libcrypto takes and gives back for every TLS record ---- */

/* Its buffer of a record, and the part of a message in which it lays out the head. One of each goes
 * round in a thread: neither lock nor search, and the same memory is read into again. */
static const struct {
    size_t least, most; /* bytes that can be used */
} passing[] = {{33, 40}, {16384, 17408}};
#define PASSING (sizeof passing / sizeof *passing)

static _Thread_local void *spare[PASSING];
static _Thread_local bool ended; /* libcrypto gives back the thread's own state after that */

static void *take_spare(size_t size)
{
    for (size_t i = 0; i < PASSING; i++) {
        if (size < passing[i].least || size > passing[i].most) continue;
        void *got = spare[i];
        if (got == NULL || malloc_usable_size(got) < size) return NULL;
        spare[i] = NULL;
        return got;
    }
    return NULL;
}

static bool keep_spare(void *memory)
{
    if (ended) return false;
    const size_t size = malloc_usable_size(memory);
    for (size_t i = 0; i < PASSING; i++) {
        if (size < passing[i].least || size > passing[i].most) continue;
        if (spare[i] != NULL) return false;
        spare[i] = memory;
        return true;
    }
    return false;
}

void memory_thread_ends(void)
{
    ended = true;
    for (size_t i = 0; i < PASSING; i++) {
        free(spare[i]);
        spare[i] = NULL;
    }
}

void *memory_allocate(size_t size)
{
    void *got = take_spare(size);
    if (got == NULL) got = malloc(size);
    if (got == NULL) got = take(size);
    return got;
}

void *memory_allocate_clear(size_t count, size_t size)
{
    void *got = calloc(count, size);
    if (got != NULL || size == 0 || count > RESERVE / size) return got;
    got = take(count * size);
    return got == NULL ? NULL : memset(got, 0, count * size);
}

void memory_release(void *memory)
{
    if (memory != NULL && is_of_reserve(memory)) {
        give_back();
    } else if (memory != NULL && !keep_spare(memory)) {
        free(memory);
    }
}

static void *enlarge_reserved(void *old, size_t size)
{
    const size_t had = (size_t)(reserve + RESERVE - (unsigned char *)old); /* at most */
    void *got = memory_allocate(size);
    if (got == NULL) return NULL;
    memmove(got, old, had < size ? had : size);
    give_back();
    return got;
}

void *memory_enlarge(void *old, size_t size)
{
    if (old == NULL) return memory_allocate(size);
    if (is_of_reserve(old)) return enlarge_reserved(old, size);
    const size_t had = malloc_usable_size(old);
    void *got = realloc(old, size);
    if (got != NULL) return got;
    got = take(size);
    if (got == NULL) return NULL;
    memcpy(got, old, had < size ? had : size);
    free(old);
    return got;
}
