/* SPDX-License-Identifier: Apache-2.0 */
/* Memory facts from trees of files as the kernel shows them. */
#include "core/telemetry/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

static char root[64];
static char made[64][256]; /* files and directories, in the order in which they were made */
static size_t made_count;

static int open_root(void **state) {
  (void)state;
  snprintf(root, sizeof(root), "/tmp/nacelle-test-memory-XXXXXX");
  made_count = 0;
  return mkdtemp(root) != NULL ? 0 : -1;
}

static int remove_root(void **state) {
  (void)state;
  while (made_count > 0)
    remove(made[--made_count]);
  return rmdir(root);
}

static void note(const char *path) {
  snprintf(made[made_count++], sizeof(made[0]), "%s", path);
}

/* Writes a file below the root, and the directories on its way. */
static void put(const char *path, const char *text) {
  char full[256];
  snprintf(full, sizeof(full), "%s%s", root, path);
  for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
    *slash = '\0';
    if (mkdir(full, 0700) == 0) note(full);
  }
  int fd = open(full, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  close(fd);
  note(full);
}

static void takes_the_tightest_of_the_groups_above(void **state) {
  (void)state;
  put("/proc/self/cgroup", "0::/a/b/c\n");
  put("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
  put("/sys/fs/cgroup/a/b/memory.max", "67108864\n");
  put("/sys/fs/cgroup/a/memory.max", "134217728\n");
  assert_true(ncl_memory_cgroup_limit(root) == 64 * MIB);
}

static void a_container_sees_its_own_group_as_the_root(void **state) {
  (void)state;
  put("/proc/self/cgroup", "0::/\n");
  put("/sys/fs/cgroup/memory.max", "33554432\n");
  assert_true(ncl_memory_cgroup_limit(root) == 32 * MIB);
}

static void a_group_of_the_host_that_is_not_mounted_is_the_mount(void **state) {
  (void)state;
  put("/proc/self/cgroup", "0::/ecs/task/container\n");
  put("/sys/fs/cgroup/memory.max", "33554432\n");
  assert_true(ncl_memory_cgroup_limit(root) == 32 * MIB);
}

static void reads_version_1_with_the_limit_of_what_cannot_be_seen(void **state) {
  (void)state;
  put("/proc/self/cgroup", "12:cpuset:/x\n5:hugetlb,memory:/ecs/t\n1:name=systemd:/y\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
  assert_true(ncl_memory_cgroup_limit(root) == 256 * MIB);
  put("/sys/fs/cgroup/memory/ecs/t/memory.limit_in_bytes", "134217728\n");
  assert_true(ncl_memory_cgroup_limit(root) == 128 * MIB);
  put("/sys/fs/cgroup/memory/memory.stat", "cache 1\nhierarchical_memory_limit 100663296\n");
  assert_true(ncl_memory_cgroup_limit(root) == 96 * MIB);
  put("/sys/fs/cgroup/memory/ecs/t/memory.stat", "cache 1\nrss 2\nhierarchical_memory_limit 50331648\ntotal 3\n");
  assert_true(ncl_memory_cgroup_limit(root) == 48 * MIB);
}

static void the_largest_number_of_version_1_is_no_limit(void **state) {
  (void)state;
  put("/proc/self/cgroup", "5:memory:/\n0::/z\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  assert_true(ncl_memory_cgroup_limit(root) == UINT64_MAX);
  put("/sys/fs/cgroup/unified/z/memory.max", "1048576\n");
  assert_true(ncl_memory_cgroup_limit(root) == MIB);
}

static void what_is_not_there_or_not_a_number_is_no_limit(void **state) {
  (void)state;
  assert_true(ncl_memory_cgroup_limit(root) == UINT64_MAX);
  assert_true(ncl_memory_machine(root) == UINT64_MAX);
  assert_true(ncl_memory_rss(root) == UINT64_MAX);
  assert_true(ncl_memory_limit(root) == UINT64_MAX);
  static const char *const groups[] = {"", "\n", "garbage", "0:", "0:x", "::", "0::", "5:memory", "\n\n0::/\n"};
  put("/sys/fs/cgroup/memory.max", "99999999999999999999999\n");
  for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
    put("/proc/self/cgroup", groups[i]);
    assert_true(ncl_memory_cgroup_limit(root) == UINT64_MAX);
  }
  put("/sys/fs/cgroup/memory.max", "");
  assert_true(ncl_memory_cgroup_limit(root) == UINT64_MAX);
  put("/proc/meminfo", "MemTotal: 99999999999999999999 kB\n");
  put("/proc/self/statm", "12");
  assert_true(ncl_memory_machine(root) == UINT64_MAX);
  assert_true(ncl_memory_rss(root) == UINT64_MAX);
}

static void reads_the_machine_and_the_process(void **state) {
  (void)state;
  put("/proc/meminfo", "MemFree:  5 kB\nXMemTotal: 6 kB\nMemTotal:        2048 kB\nMemAvailable: 3 kB\n");
  put("/proc/self/statm", "1000 250 30 4 0 500 0\n");
  assert_true(ncl_memory_machine(root) == 2 * MIB);
  assert_true(ncl_memory_rss(root) == 250 * (uint64_t)sysconf(_SC_PAGESIZE));
  assert_true(ncl_memory_limit(root) == 2 * MIB);
  put("/proc/self/cgroup", "0::/\n");
  put("/sys/fs/cgroup/memory.max", "1048576\n");
  assert_true(ncl_memory_limit(root) == MIB);
}

static void this_very_machine_has_memory(void **state) {
  (void)state;
  assert_true(ncl_memory_machine(NULL) > 16 * MIB && ncl_memory_machine(NULL) < UINT64_MAX);
  assert_true(ncl_memory_rss(NULL) > 0 && ncl_memory_rss("") < ncl_memory_machine(""));
  assert_true(ncl_memory_limit(NULL) <= ncl_memory_machine(NULL));
}

int main(void) {
#define IN_A_TREE(test) cmocka_unit_test_setup_teardown(test, open_root, remove_root)
  const struct CMUnitTest tests[] = {
      IN_A_TREE(takes_the_tightest_of_the_groups_above),
      IN_A_TREE(a_container_sees_its_own_group_as_the_root),
      IN_A_TREE(a_group_of_the_host_that_is_not_mounted_is_the_mount),
      IN_A_TREE(reads_version_1_with_the_limit_of_what_cannot_be_seen),
      IN_A_TREE(the_largest_number_of_version_1_is_no_limit),
      IN_A_TREE(what_is_not_there_or_not_a_number_is_no_limit),
      IN_A_TREE(reads_the_machine_and_the_process),
      cmocka_unit_test(this_very_machine_has_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
