#include "base/secret.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Header at the start of the pages; the caller's buffer follows it. */
struct pages {
    size_t size;
    char bytes[];
};

char *secret_new(size_t size)
{
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0 || size > SIZE_MAX / 2) return NULL;
    size_t whole =
        /* including the NUL */
        (sizeof(struct pages) + size + (size_t)page) / (size_t)page * (size_t)page;
    const int access = PROT_READ | PROT_WRITE;
    /* cppcheck-suppress invalidFunctionArg ; -1 is what an anonymous mapping takes */
    struct pages *pages = mmap(NULL, whole, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    (void)madvise(pages, whole, MADV_DONTDUMP);
    (void)mlock(pages, whole); /* the limit on locked memory may be small; ignore the failure */
    pages->size = whole;
    return pages->bytes;
}

char *secret_copy_part(const char *bytes, size_t length)
{
    char *secret = secret_new(length);
    if (secret != NULL) memcpy(secret, bytes, length);
    return secret;
}

char *secret_copy(const char *string)
{
    return secret_copy_part(string, strlen(string));
}

void secret_free(char *secret)
{
    if (secret == NULL) return;
    struct pages *pages = (struct pages *)(void *)(secret - offsetof(struct pages, bytes));
    const size_t whole = pages->size;
    explicit_bzero(pages, whole);
    (void)munmap(pages, whole);
}

void secret_protect_process(void)
{
    if (SANITIZED) return;
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
