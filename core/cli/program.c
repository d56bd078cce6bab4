/* SPDX-License-Identifier: Apache-2.0 */
/* program.c: looks for programs beside this one. */
#include "core/cli/program.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "nacelle-"
#define DIRS 2u
#define ARGUMENTS_MAX 1000u

typedef struct dirs {
  size_t count;
  char paths[DIRS][PATH_MAX + 32];
} dirs;

bool ncl_program_path(char *path) {
  if (realpath("/proc/self/exe", path) != NULL) return true;
  /* The name that the kernel was given: absolute, or relative to the directory at the start. */
  const char *name = (const char *)getauxval(AT_EXECFN);
  return name != NULL && realpath(name, path) != NULL;
}

static void find_dirs(dirs *d) {
  char program[PATH_MAX];
  d->count = 0;
  if (!ncl_program_path(program)) return;
  char *slash = strrchr(program, '/');
  if (slash == NULL) return;
  *slash = '\0';
  (void)snprintf(d->paths[d->count++], sizeof d->paths[0], "%s", program);
  slash = strrchr(program, '/');
  if (slash == NULL) return;
  *slash = '\0';
  (void)snprintf(d->paths[d->count++], sizeof d->paths[0], "%s/lib/nacelle/bin", program);
}

/* What is a part of a path must not lead elsewhere. */
static bool is_name(const char *name) {
  size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");
  return len > 0 && name[len] == '\0' && len < NCL_PROGRAM_NAME_MAX;
}

static bool is_program(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool locate(const char *name, char *path, size_t size) {
  dirs d;
  find_dirs(&d);
  for (size_t i = 0; i < d.count && is_name(name); i++) {
    int len = snprintf(path, size, "%s/" PREFIX "%s", d.paths[i], name);
    if (len > 0 && (size_t)len < size && is_program(path)) return true;
  }
  return false;
}

static int by_name(const void *a, const void *b) {
  return strcmp(a, b);
}

static void add(ncl_programs *programs, const char *name) {
  for (size_t i = 0; i < programs->count; i++) {
    if (strcmp(programs->names[i], name) == 0) return;
  }
  if (programs->count < NCL_PROGRAMS_MAX) {
    (void)snprintf(programs->names[programs->count++], NCL_PROGRAM_NAME_MAX, "%s", name);
  }
}

void ncl_programs_find(ncl_programs *programs) {
  dirs d;
  find_dirs(&d);
  programs->count = 0;
  for (size_t i = 0; i < d.count; i++) {
    DIR *dir = opendir(d.paths[i]);
    if (dir == NULL) continue;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
      char path[sizeof d.paths[0] + NAME_MAX + 2];
      const char *name = entry->d_name + sizeof PREFIX - 1;
      if (strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) != 0 || !is_name(name)) continue;
      (void)snprintf(path, sizeof path, "%s/%s", d.paths[i], entry->d_name);
      if (is_program(path)) add(programs, name);
    }
    (void)closedir(dir);
  }
  qsort(programs->names, programs->count, sizeof programs->names[0], by_name);
}

const char *ncl_program_summary(const char *name) {
  if (strcmp(name, "check") == 0) return "Try what a config needs: credentials, names, connections, permissions";
  if (strcmp(name, "dist") == 0) return "Build a distribution or an image with chosen plugins";
  if (strcmp(name, "generate") == 0) return "Send telemetry to a collector, to see whether a set-up works";
  return "A program of its own: ask it with --help";
}

bool ncl_program_exec(const char *name, char **argv) {
  char path[PATH_MAX + 128];
  char *arguments[ARGUMENTS_MAX + 2];
  size_t count = 0;
  if (!locate(name, path, sizeof path)) return false;
  arguments[count++] = path;
  for (; *argv != NULL && count <= ARGUMENTS_MAX; argv++)
    arguments[count++] = *argv;
  arguments[count] = NULL;
  if (*argv != NULL) {
    (void)fprintf(stderr, "Error: %s: more than %u arguments\n", path, ARGUMENTS_MAX);
    return true;
  }
  (void)execv(path, arguments);
  (void)fprintf(stderr, "Error: %s could not be run: %s\n", path, strerror(errno));
  return true;
}
