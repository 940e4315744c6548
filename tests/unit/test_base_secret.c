/* Memory for secrets: kept out of dumps, unmapped when freed. */
#include "base/secret.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_copies(void **state)
{
    (void)state;
    char *whole = secret_copy("a secret");
    char *part = secret_copy_part("a secret", 3);
    char *none = secret_copy("");
    char *large = secret_new(100000);
    assert_string_equal(whole, "a secret");
    assert_string_equal(part, "a s");
    assert_string_equal(none, "");
    for (size_t i = 0; i <= 100000; i++) assert_int_equal(large[i], 0);
    memset(large, 'x', 100000);
    assert_int_equal(strlen(large), 100000);
    secret_free(whole);
    secret_free(part);
    secret_free(none);
    secret_free(large);
    secret_free(NULL);
}

/* The flags of the mapping that contains an address, as listed by the kernel ("VmFlags: rd wr ...
 * dd ..."). */
static bool flags_of(const void *address, char *out, size_t size)
{
    char line[512];
    bool inside = false;
    FILE *file = fopen("/proc/self/smaps", "r");
    if (file == NULL) return false;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)address >= from && (uintptr_t)address < to;
        if (!inside || strncmp(line, "VmFlags:", 8) != 0) continue;
        (void)snprintf(out, size, "%s", line);
        (void)fclose(file);
        return true;
    }
    (void)fclose(file);
    return false;
}

static void test_is_not_dumped(void **state)
{
    (void)state;
    char flags[512];
    char *secret = secret_copy("a secret");
    if (flags_of(secret, flags, sizeof flags)) assert_non_null(strstr(flags, " dd"));
    secret_free(secret);
}

static void test_is_gone_when_freed(void **state)
{
    (void)state;
    char *secret = secret_copy("a secret");
    char *page = (char *)((uintptr_t)secret & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1));
    secret_free(secret);
    unsigned char resident;
    assert_int_equal(mincore(page, 1, &resident), -1); /* ENOMEM: nothing is mapped there */
}

static void test_protected_process(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit;
        secret_protect_process();
        bool kept = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                    getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 &&
                    limit.rlim_max == 0;
        _exit(kept ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_int_equal(status, 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_is_not_dumped),
        cmocka_unit_test(test_is_gone_when_freed),
        cmocka_unit_test(test_protected_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
