/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.c: the closure of shared libraries. */
#include "programs/dist/libraries.h"

#include <elf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *ncl_libraries_triplet(const ncl_libraries *libraries) {
  return libraries->machine == EM_AARCH64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}

/* The one that the manifest gives in the place of the installed one. */
static char *find_other(const ncl_libraries *libraries, const char *name) {
  char path[PATH_MAX];
  for (size_t i = 0; i < libraries->other_count; i++) {
    const ncl_manifest_library *other = &libraries->others[i];
    if (strcmp(other->name, name) != 0) continue;
    bool is_whole = other->file[0] == '/';
    (void)snprintf(path, sizeof path, "%s%s%s", is_whole ? "" : libraries->base, is_whole ? "" : "/", other->file);
    return realpath(path, NULL);
  }
  return NULL;
}

/* The installed file of a library, behind all links; NULL = it is nowhere. The caller's. */
static char *find_installed(const ncl_libraries *libraries, const char *name) {
  static const char *const folders[] = {"/lib/", "/usr/lib/", "/usr/local/lib/"};
  char path[PATH_MAX];
  for (size_t i = 0; i < 2 * (sizeof folders / sizeof folders[0]); i++) {
    const char *triplet = i % 2 == 0 ? ncl_libraries_triplet(libraries) : "";
    (void)snprintf(path, sizeof path, "%s%s%s/%s", libraries->root, folders[i / 2], triplet, name);
    if (access(path, R_OK) == 0) return realpath(path, NULL);
  }
  return NULL;
}

static char *find_file(const ncl_libraries *libraries, const char *name) {
  char *other = find_other(libraries, name);
  return other != NULL ? other : find_installed(libraries, name);
}

typedef struct walk {
  ncl_libraries *libraries;
  const char *of;
  ncl_problem *problem;
} walk;

static bool add_linked(ncl_libraries *libraries, const ncl_elf *elf, const char *path, ncl_problem *problem);

static bool is_known(const ncl_libraries *libraries, const char *name) {
  for (size_t i = 0; i < libraries->count; i++) {
    if (strcmp(libraries->files[i].name, name) == 0) return true;
  }
  return false;
}

static bool add_library(walk *w, const char *name, char *path) {
  ncl_libraries *libraries = w->libraries;
  ncl_elf elf;
  char *copy = strdup(name);
  if (copy == NULL || libraries->count == NCL_LIBRARIES_MAX) {
    free(copy);
    free(path);
    return ncl_problem_set(w->problem, "no memory, or more than %u libraries", NCL_LIBRARIES_MAX);
  }
  libraries->files[libraries->count++] = (ncl_library_file){copy, path, find_installed(libraries, name)};
  if (!ncl_elf_open(&elf, path, w->problem)) return false;
  bool ok = elf.machine == libraries->machine ||
            ncl_problem_set(w->problem, "%s is for another machine than the program", path);
  ok = ok && add_linked(libraries, &elf, path, w->problem);
  ncl_elf_close(&elf);
  return ok;
}

static bool on_needed(void *arg, const char *name) {
  walk *w = arg;
  if (is_known(w->libraries, name)) return true;
  char *path = strchr(name, '/') == NULL ? find_file(w->libraries, name) : NULL;
  if (path == NULL) {
    return ncl_problem_set(w->problem, "%s needs %s, which is not installed", w->of, name);
  }
  return add_library(w, name, path);
}

static bool add_linked(ncl_libraries *libraries, const ncl_elf *elf, const char *path, ncl_problem *problem) {
  walk w = {libraries, path, problem};
  return ncl_elf_needed(elf, on_needed, &w, problem);
}

/* "libcurl.so.4": a name with a version, so that words of messages are none. */
static bool is_library_name(const char *text) {
  const char *so = strstr(text, ".so.");
  if (strncmp(text, "lib", 3) != 0 || so == NULL) return false;
  return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-") == strlen(text) &&
         so[4] >= '0' && so[4] <= '9';
}

static bool is_omitted(const ncl_libraries *libraries, const char *name) {
  for (size_t i = 0; i < libraries->omit_count; i++) {
    if (strcmp(libraries->omit[i], name) == 0) return true;
  }
  return false;
}

/* What it may open and this machine has not, it does without: it says so when it is asked to. */
static bool on_text(void *arg, const char *text) {
  walk *w = arg;
  if (!is_library_name(text) || is_known(w->libraries, text) || is_omitted(w->libraries, text)) return true;
  char *path = find_file(w->libraries, text);
  return path == NULL || add_library(w, text, path);
}

bool ncl_libraries_add(ncl_libraries *libraries, const char *path, ncl_problem *problem) {
  ncl_elf elf;
  walk w = {libraries, path, problem};
  if (!ncl_elf_open(&elf, path, problem)) return false;
  const char *interpreter = ncl_elf_interpreter(&elf);
  bool ok = true;
  if (libraries->machine == 0) libraries->machine = elf.machine;
  if (elf.machine != libraries->machine) ok = ncl_problem_set(problem, "%s is for another machine than the rest", path);
  if (ok && interpreter != NULL && libraries->interpreter == NULL) {
    libraries->interpreter = strdup(interpreter);
    ok = libraries->interpreter != NULL || ncl_problem_set(problem, "no memory");
  }
  ok = ok && add_linked(libraries, &elf, path, problem) && ncl_elf_texts(&elf, on_text, &w);
  ncl_elf_close(&elf);
  return ok;
}

void ncl_libraries_free(ncl_libraries *libraries) {
  for (size_t i = 0; i < libraries->count; i++) {
    free(libraries->files[i].name);
    free(libraries->files[i].path);
    free(libraries->files[i].installed);
  }
  free(libraries->interpreter);
  libraries->count = 0;
  libraries->interpreter = NULL;
}
