/* CPU quotas of control groups, from folders in the formats of both versions. */
#include "base/limits.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[] = "/tmp/rushhour-limits-XXXXXX";

/* Writes root/name, creating its folders. */
static void put(const char *name, const char *content)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + 5, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool read_quota(const char *proc, const char *groups, struct cpu_quota *out)
{
    char proc_path[512];
    char groups_path[512];
    (void)snprintf(proc_path, sizeof proc_path, "%s/%s", root, proc);
    (void)snprintf(groups_path, sizeof groups_path, "%s/%s", root, groups);
    return cpu_quota_read(proc_path, groups_path, out);
}

#define STAT "usage_usec 5\nnr_periods 120\nnr_throttled 30\nthrottled_usec 99\n"

static void version_2_tells_in_one_file(void **state)
{
    struct cpu_quota quota;
    (void)state;
    put("v2/proc", "0::/user.slice/run-7.scope\n");
    put("v2/fs/user.slice/run-7.scope/cpu.max", "150000 100000\n");
    put("v2/fs/user.slice/run-7.scope/cpu.stat", STAT);
    put("v2/fs/user.slice/cpu.max", "max 100000\n");
    assert_true(read_quota("v2/proc", "v2/fs", &quota));
    assert_true(quota.cores == 1.5);
    assert_int_equal(quota.periods, 120);
    assert_int_equal(quota.throttled, 30);
}

static void the_tightest_on_the_way_up_holds(void **state)
{
    struct cpu_quota quota;
    (void)state;
    put("up/proc", "0::/a/b\n");
    put("up/fs/a/b/cpu.max", "400000 100000\n");
    put("up/fs/a/cpu.max", "50000 100000\n");
    put("up/fs/a/cpu.stat", "nr_periods 7\nnr_throttled 1\n");
    assert_true(read_quota("up/proc", "up/fs", &quota));
    assert_true(quota.cores == 0.5);
    assert_int_equal(quota.periods, 7);
}

/* Inside a container the path is the host's, and its group is the root of what is mounted. */
static void a_container_sees_its_group_as_the_root(void **state)
{
    struct cpu_quota quota;
    (void)state;
    put("box/proc", "12:cpu,cpuacct:/docker/0123\n11:memory:/docker/0123\n0::/\n");
    put("box/fs/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    put("box/fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("box/fs/cpu,cpuacct/cpu.stat", "nr_periods 40\nnr_throttled 8\nthrottled_time 1\n");
    assert_true(read_quota("box/proc", "box/fs", &quota));
    assert_true(quota.cores == 2);
    assert_int_equal(quota.throttled, 8);
}

static void without_a_quota_there_is_none(void **state)
{
    static const struct {
        const char *proc, *quota;
    } rows[] = {{"0::/x\n", "max 100000\n"}, {"0::/x\n", "\n"},      {"0::/x\n", "100000\n"},
                {"0::/x\n", "-1 100000\n"},  {"garbage\n", "1 2\n"}, {"", "1 2\n"}};
    struct cpu_quota quota;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put("none/proc", rows[i].proc);
        put("none/fs/x/cpu.max", rows[i].quota);
        assert_false(read_quota("none/proc", "none/fs", &quota));
    }
    assert_false(cpu_quota_read("/nowhere", "/nowhere", &quota));
}

static void the_soft_limit_is_raised_to_the_hard_one(void **state)
{
    struct rlimit limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit low = {.rlim_cur = 100, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    uint64_t now = limits_raise_descriptors();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(limit.rlim_cur, now);
    assert_true(now == limit.rlim_max || now == LIMITS_DESCRIPTORS);
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

/* By the CPU set, as `taskset` and containers set it, and by the quota. */
static void cores_are_those_that_may_be_used(void **state)
{
    cpu_set_t all, one;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    const unsigned count = (unsigned)CPU_COUNT(&all);
    assert_int_equal(limits_cores(0), count);
    assert_int_equal(limits_cores(count), count);
    assert_int_equal(limits_cores(count + 0.5), count);
    assert_int_equal(limits_cores(count - 0.5), count > 1 ? count - 1 : 1);
    assert_int_equal(limits_cores(0.1), 1);
    int first = 0;
    while (!CPU_ISSET((size_t)first, &all)) first++;
    CPU_ZERO(&one);
    CPU_SET((size_t)first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(limits_cores(0), 1);
    assert_int_equal(limits_cores(8), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_tells_in_one_file),
        cmocka_unit_test(the_tightest_on_the_way_up_holds),
        cmocka_unit_test(a_container_sees_its_group_as_the_root),
        cmocka_unit_test(without_a_quota_there_is_none),
        cmocka_unit_test(cores_are_those_that_may_be_used),
        cmocka_unit_test(the_soft_limit_is_raised_to_the_hard_one),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
