/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of one's own, so that nobody else can put a socket where this one is looked for. */
#include "core/control/place.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ncl_control_roots ncl_control_roots_of_process(void) {
  return (ncl_control_roots){getenv("XDG_RUNTIME_DIR"), "/run", "/tmp", "/dev/shm", geteuid()};
}

/* False: it is none, or it is too long. */
static bool dir_of(const ncl_control_roots *roots, size_t place, char dir[NCL_CONTROL_PATH]) {
  int len = 0;
  bool has_runtime = roots->runtime != NULL && roots->runtime[0] == '/';
  if (place == 0 && has_runtime) len = snprintf(dir, NCL_CONTROL_PATH, "%s/nacelle", roots->runtime);
  if (place == 1) len = snprintf(dir, NCL_CONTROL_PATH, "%s/nacelle", roots->run);
  if (place == 2) len = snprintf(dir, NCL_CONTROL_PATH, "%s/nacelle-%u", roots->tmp, (unsigned)roots->uid);
  if (place == 3) len = snprintf(dir, NCL_CONTROL_PATH, "%s/nacelle-%u", roots->shm, (unsigned)roots->uid);
  return len > 0 && (size_t)len < NCL_CONTROL_PATH;
}

/* Nobody but its owner may make or remove files in it. */
static bool is_own(const char *dir, uid_t uid) {
  struct stat st;
  return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool ncl_control_place(const ncl_control_roots *roots, size_t place, pid_t pid, char path[NCL_CONTROL_PATH]) {
  char dir[NCL_CONTROL_PATH];
  if (!dir_of(roots, place, dir)) return false;
  if (mkdir(dir, S_IRWXU) != 0 && errno != EEXIST) return false;
  if (!is_own(dir, roots->uid) || access(dir, W_OK | X_OK) != 0) return false;
  int len = snprintf(path, NCL_CONTROL_PATH, "%s/%d.sock", dir, (int)pid);
  return len > 0 && (size_t)len < NCL_CONTROL_PATH;
}

/* ---- finding -------------------------------------------------------------------------------------- */

/* The pid in "<pid>.sock"; 0 = it is another name. */
static pid_t pid_of(const char *name) {
  char *end = NULL;
  if (name[0] < '1' || name[0] > '9') return 0;
  long pid = strtol(name, &end, 10);
  return strcmp(end, ".sock") == 0 && pid <= 0x7fffffff ? (pid_t)pid : 0;
}

static void note_tried(ncl_control_found *found, const char *dir) {
  size_t len = strlen(found->tried);
  (void)snprintf(found->tried + len, sizeof found->tried - len, "%s%s", len > 0 ? ", " : "", dir);
}

static bool is_known(const ncl_control_found *found, const char *path) {
  for (size_t i = 0; i < found->count; i++) {
    if (strcmp(found->paths[i], path) == 0) return true;
  }
  return false;
}

/* A link may lead to somebody else's socket. */
static bool is_socket(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static void look_into(ncl_control_found *found, const char *path) {
  note_tried(found, path);
  DIR *dir = opendir(path);
  if (dir == NULL) return;
  for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    pid_t pid = pid_of(entry->d_name);
    if (pid == 0 || found->count == NCL_CONTROL_FOUND) continue;
    char *at = found->paths[found->count];
    int len = snprintf(at, NCL_CONTROL_PATH, "%s/%s", path, entry->d_name);
    bool fits = len > 0 && (size_t)len < NCL_CONTROL_PATH;
    if (fits && is_socket(at) && !is_known(found, at)) found->pids[found->count++] = pid;
  }
  (void)closedir(dir);
}

/* "<tmp>/nacelle-<uid>", and really of that user. */
static bool is_users(const char *dir) {
  const char *number = strrchr(dir, '-') + 1;
  char *end = NULL;
  unsigned long uid = strtoul(number, &end, 10);
  return number[0] >= '0' && number[0] <= '9' && *end == '\0' && is_own(dir, (uid_t)uid);
}

/* Root asks processes of all users: a shell that ECS Exec opens is root's, whoever the container runs as. */
static void look_everywhere(const ncl_control_roots *roots, ncl_control_found *found) {
  const char *const forms[][2] = {{roots->run, "/user/*/nacelle"},
                                  {roots->run, "/nacelle"},
                                  {roots->tmp, "/nacelle-[0-9]*"},
                                  {roots->shm, "/nacelle-[0-9]*"}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    char pattern[NCL_CONTROL_PATH];
    glob_t names;
    (void)snprintf(pattern, sizeof pattern, "%s%s", forms[i][0], forms[i][1]);
    if (glob(pattern, 0, NULL, &names) == 0) {
      for (size_t k = 0; k < names.gl_pathc; k++) {
        if (i < 2 || is_users(names.gl_pathv[k])) look_into(found, names.gl_pathv[k]);
      }
      globfree(&names);
    } else {
      note_tried(found, pattern);
    }
  }
}

void ncl_control_find(const ncl_control_roots *roots, ncl_control_found *found) {
  char dir[NCL_CONTROL_PATH];
  found->count = 0;
  found->tried[0] = '\0';
  if (roots->uid == 0) {
    if (dir_of(roots, 0, dir)) look_into(found, dir);
    look_everywhere(roots, found);
    return;
  }
  for (size_t place = 0; place < NCL_CONTROL_PLACES; place++) {
    if (!dir_of(roots, place, dir)) continue;
    /* One of another user's may pretend to be ours; a service's own is let through, for a message that helps. */
    if (place == 1 || is_own(dir, roots->uid)) {
      look_into(found, dir);
    } else {
      note_tried(found, dir);
    }
  }
}
