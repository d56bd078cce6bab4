/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/rotate.c: names as the Go collector's file exporter gives them (timberjack's), and those that it gave
 * before (lumberjack's, without "-size"), so that either's old files are counted and removed. */
#include "rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MS_NS INT64_C(1000000)
#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (INT64_C(86400) * SECOND_NS)
#define STAMP_LEN 23u      /* "2026-01-02T03-04-05.678" */
#define SAME_TIME_MAX 1000 /* files moved away within a second that get a name all the same */
#define BACKUPS_SEEN 65536u

/* The parts of a path: directory with its slash ("" = none), name without its extension, extension with its dot. */
typedef struct parts {
  char dir[NCL_FILE_PATH_MAX];
  char stem[NCL_FILE_PATH_MAX];
  char ext[NCL_FILE_PATH_MAX];
} parts;

static bool split(const char *path, parts *p) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(name, '.'), *end = name + strlen(name);
  if (strlen(path) >= NCL_FILE_PATH_MAX) return false;
  if (dot == NULL) dot = end;
  (void)snprintf(p->dir, sizeof p->dir, "%.*s", (int)(name - path), path);
  (void)snprintf(p->stem, sizeof p->stem, "%.*s", (int)(dot - name), name);
  (void)snprintf(p->ext, sizeof p->ext, "%s", dot);
  return true;
}

/* ---- names ------------------------------------------------------------------------------------------- */

static void print_stamp(int64_t wall_ns, bool local, char stamp[STAMP_LEN + 1]) {
  time_t seconds = (time_t)(wall_ns / SECOND_NS);
  char text[48];
  struct tm tm;
  if (local) {
    (void)localtime_r(&seconds, &tm);
  } else {
    (void)gmtime_r(&seconds, &tm);
  }
  size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%S", &tm);
  (void)snprintf(text + len, sizeof text - len, ".%03d", (int)(wall_ns % SECOND_NS / MS_NS));
  text[STAMP_LEN] = '\0';
  memcpy(stamp, text, STAMP_LEN + 1);
}

/* A time in a name; -1 = it is none. */
static int64_t read_stamp(const char *text, bool local) {
  static const char form[STAMP_LEN + 1] = "0000-00-00T00-00-00.000";
  int numbers[7] = {0};
  size_t at = 0;
  for (size_t i = 0; i < STAMP_LEN; i++) {
    if (form[i] != '0') {
      if (text[i] != form[i]) return -1;
      at++;
    } else if (text[i] >= '0' && text[i] <= '9') {
      numbers[at] = numbers[at] * 10 + (text[i] - '0');
    } else {
      return -1; /* the end of a shorter text, too */
    }
  }
  struct tm tm = {.tm_year = numbers[0] - 1900, .tm_mon = numbers[1] - 1, .tm_mday = numbers[2], .tm_isdst = -1};
  tm.tm_hour = numbers[3];
  tm.tm_min = numbers[4];
  tm.tm_sec = numbers[5];
  time_t seconds = local ? mktime(&tm) : timegm(&tm);
  return seconds < 0 ? -1 : (int64_t)seconds * SECOND_NS + numbers[6] * MS_NS;
}

/* When a file of this name was moved away; -1 = it is not one of the path's. */
static int64_t moved_at(const char *name, const parts *p, bool local) {
  size_t len = strlen(name), stem = strlen(p->stem), ext = strlen(p->ext);
  char reason[NCL_FILE_PATH_MAX];
  if (len < stem + 1 + STAMP_LEN + ext || strncmp(name, p->stem, stem) != 0 || name[stem] != '-') return -1;
  if (strcmp(name + len - ext, p->ext) != 0) return -1;
  int64_t at = read_stamp(name + stem + 1, local);
  size_t from = stem + 1 + STAMP_LEN;
  if (len - ext - from >= sizeof reason) return -1;
  (void)snprintf(reason, sizeof reason, "%.*s", (int)(len - ext - from), name + from);
  bool is_ours = *reason == '\0' || (*reason == '-' && reason[1] != '\0' &&
                                     strspn(reason + 1, "abcdefghijklmnopqrstuvwxyz") == strlen(reason + 1));
  return is_ours ? at : -1;
}

static int rename_new(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  /* A file system that does not know the flag. */
  if (access(to, F_OK) == 0) return EEXIST;
  return rename(from, to) == 0 ? 0 : errno;
}

int ncl_file_move_away(const char *path, const ncl_file_rotation *rotation, int64_t wall_ns,
                       char moved[NCL_FILE_PATH_MAX]) {
  char stamp[STAMP_LEN + 1];
  parts p;
  int error = ENAMETOOLONG;
  if (!split(path, &p)) return error;
  for (int i = 0; i < SAME_TIME_MAX; i++) {
    print_stamp(wall_ns + i * MS_NS, rotation->localtime != 0, stamp);
    int n = snprintf(moved, NCL_FILE_PATH_MAX, "%s%s-%s-size%s", p.dir, p.stem, stamp, p.ext);
    if (n < 0 || (size_t)n >= NCL_FILE_PATH_MAX) return ENAMETOOLONG;
    error = rename_new(path, moved);
    if (error != EEXIST) return error;
  }
  return error;
}

/* ---- old ones ---------------------------------------------------------------------------------------- */

typedef struct backup {
  int64_t at_ns;
  char *name;
} backup;

static int newest_first(const void *a, const void *b) {
  int64_t x = ((const backup *)a)->at_ns, y = ((const backup *)b)->at_ns;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* Those of the path, in the order in which the directory has them. Returns how many; *list is to be freed. */
static size_t find_backups(DIR *dir, const parts *p, bool local, backup **list) {
  size_t count = 0, room = 0;
  const struct dirent *entry;
  *list = NULL;
  while (count < BACKUPS_SEEN && (entry = readdir(dir)) != NULL) {
    int64_t at = moved_at(entry->d_name, p, local);
    if (at < 0) continue;
    if (count == room) {
      room = room > 0 ? room * 2 : 16;
      backup *more = realloc(*list, room * sizeof *more);
      if (more == NULL) break;
      *list = more;
    }
    (*list)[count].at_ns = at;
    (*list)[count].name = strdup(entry->d_name);
    if ((*list)[count].name == NULL) break;
    count++;
  }
  return count;
}

int ncl_file_remove_old(const char *path, const ncl_file_rotation *rotation, int64_t wall_ns) {
  parts p;
  backup *list;
  int error = 0;
  if (rotation->max_backups == 0 && rotation->max_days == 0) return 0;
  if (!split(path, &p)) return ENAMETOOLONG;
  DIR *dir = opendir(*p.dir != '\0' ? p.dir : ".");
  if (dir == NULL) return errno;
  size_t count = find_backups(dir, &p, rotation->localtime != 0, &list);
  if (count > 0) qsort(list, count, sizeof *list, newest_first);
  for (size_t i = 0; i < count; i++) {
    bool too_many = rotation->max_backups > 0 && i >= (size_t)rotation->max_backups;
    bool too_old = rotation->max_days > 0 && list[i].at_ns < wall_ns - rotation->max_days * DAY_NS;
    if ((too_many || too_old) && unlinkat(dirfd(dir), list[i].name, 0) != 0 && errno != ENOENT && error == 0) {
      error = errno;
    }
    free(list[i].name);
  }
  free(list);
  (void)closedir(dir);
  return error;
}
