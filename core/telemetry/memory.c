/* SPDX-License-Identifier: Apache-2.0 */
/* Memory facts, from small files of /proc and /sys (cgroups(7); Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst of the kernel). */
#include "core/telemetry/memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UNKNOWN UINT64_MAX
/* Version 1 says "no limit" with LONG_MAX rounded down to a page. */
#define V1_NO_LIMIT ((uint64_t)1 << 62)
#define FILE_MAX_BYTES 16384

/* Reads up to size - 1 bytes of root/path; false when it cannot be read. */
static bool read_file(const char *root, const char *path, char *out, size_t size) {
  char full[PATH_MAX];
  int len = snprintf(full, sizeof(full), "%s%s", root == NULL ? "" : root, path);
  if (len < 0 || (size_t)len >= sizeof(full)) return false;
  int fd = open(full, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t done = 0;
  ssize_t n = 0;
  while (done < size - 1 && (n = read(fd, out + done, size - 1 - done)) > 0)
    done += (size_t)n;
  close(fd);
  out[done] = '\0';
  return n >= 0;
}

/* The decimal number at `text`, after blanks; UNKNOWN when there is none ("max") or it is too large. */
static uint64_t parse(const char *text) {
  while (*text == ' ' || *text == '\t')
    text++;
  if (*text < '0' || *text > '9') return UNKNOWN;
  uint64_t value = 0;
  for (; *text >= '0' && *text <= '9'; text++) {
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) {
      return UNKNOWN;
    }
  }
  return value;
}

/* What stands behind `key` at the beginning of a line; NULL = nowhere. */
static const char *line_value(const char *text, const char *key) {
  size_t len = strlen(key);
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, key, len) == 0) return line + len;
  }
  return NULL;
}

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t read_number(const char *root, const char *path) {
  char text[64];
  return read_file(root, path, text, sizeof(text)) ? parse(text) : UNKNOWN;
}

/* The tightest limit in `file` of the group `group` below `mount` and of the groups above it. The name of the group
 * may be the host's while only the container's part is mounted: then the mount itself is the group. */
static uint64_t walk(const char *root, const char *mount, const char *group, const char *file) {
  char path[PATH_MAX];
  char name[PATH_MAX];
  uint64_t limit = UNKNOWN;
  snprintf(name, sizeof(name), "%s", group);
  for (;;) {
    size_t len = strlen(name);
    while (len > 0 && name[len - 1] == '/')
      name[--len] = '\0';
    int path_len = snprintf(path, sizeof(path), "%s%s/%s", mount, name, file);
    if (path_len > 0 && (size_t)path_len < sizeof(path)) limit = least(limit, read_number(root, path));
    char *slash = strrchr(name, '/');
    if (slash == NULL) return limit;
    *slash = '\0';
  }
}

/* Whether a list of controllers, "cpu,memory", has this one. */
static bool lists(const char *names, size_t len, const char *controller) {
  const char *end = names + len;
  while (names < end) {
    const char *comma = memchr(names, ',', (size_t)(end - names));
    size_t name_len = (size_t)((comma != NULL ? comma : end) - names);
    if (name_len == strlen(controller) && memcmp(names, controller, name_len) == 0) return true;
    names += name_len + 1;
  }
  return false;
}

/* The group of a controller in /proc/self/cgroup, "4:cpu,memory:/a/b", or of version 2, "0::/a/b", where `controller`
 * is empty. */
static bool find_group(const char *groups, const char *controller, char *out, size_t size) {
  for (const char *line = groups; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    size_t len = strcspn(line, "\n");
    const char *names = memchr(line, ':', len);
    if (names == NULL) continue;
    names++;
    const char *group = memchr(names, ':', len - (size_t)(names - line));
    if (group == NULL) continue;
    size_t names_len = (size_t)(group - names);
    bool match = *controller == '\0' ? strncmp(line, "0::", 3) == 0 : lists(names, names_len, controller);
    group++;
    size_t group_len = len - (size_t)(group - line);
    if (!match || group_len >= size) continue;
    memcpy(out, group, group_len);
    out[group_len] = '\0';
    return true;
  }
  return false;
}

static uint64_t v1_limit(const char *root, const char *group) {
  static const char mount[] = "/sys/fs/cgroup/memory";
  uint64_t limit = walk(root, mount, group, "memory.limit_in_bytes");
  /* Groups above the container's own cannot be seen, but their limit is in the statistics (an ECS task's, say). */
  char text[FILE_MAX_BYTES];
  char path[PATH_MAX];
  int len = snprintf(path, sizeof(path), "%s%s/memory.stat", mount, group);
  bool read = len > 0 && (size_t)len < sizeof(path) && read_file(root, path, text, sizeof(text));
  if (!read) read = read_file(root, "/sys/fs/cgroup/memory/memory.stat", text, sizeof(text));
  const char *value = read ? line_value(text, "hierarchical_memory_limit ") : NULL;
  if (value != NULL) limit = least(limit, parse(value));
  return limit >= V1_NO_LIMIT ? UNKNOWN : limit;
}

uint64_t ncl_memory_cgroup_limit(const char *root) {
  char groups[FILE_MAX_BYTES];
  char group[PATH_MAX];
  uint64_t limit = UNKNOWN;
  if (!read_file(root, "/proc/self/cgroup", groups, sizeof(groups))) return UNKNOWN;
  if (find_group(groups, "memory", group, sizeof(group))) limit = v1_limit(root, group);
  if (find_group(groups, "", group, sizeof(group))) {
    limit = least(limit, walk(root, "/sys/fs/cgroup", group, "memory.max"));
    limit = least(limit, walk(root, "/sys/fs/cgroup/unified", group, "memory.max"));
  }
  return limit;
}

uint64_t ncl_memory_machine(const char *root) {
  char text[FILE_MAX_BYTES];
  if (!read_file(root, "/proc/meminfo", text, sizeof(text))) return UNKNOWN;
  const char *value = line_value(text, "MemTotal:");
  uint64_t kib = value != NULL ? parse(value) : UNKNOWN;
  return kib <= UNKNOWN / 1024 ? kib * 1024 : UNKNOWN;
}

uint64_t ncl_memory_limit(const char *root) {
  return least(ncl_memory_cgroup_limit(root), ncl_memory_machine(root));
}

uint64_t ncl_memory_rss(const char *root) {
  char text[256];
  if (!read_file(root, "/proc/self/statm", text, sizeof(text))) return UNKNOWN;
  const char *resident = strchr(text, ' '); /* the second number, in pages: proc(5) */
  uint64_t pages = resident != NULL ? parse(resident) : UNKNOWN;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  return pages <= UNKNOWN / page ? pages * page : UNKNOWN;
}
