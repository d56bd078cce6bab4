/* SPDX-License-Identifier: Apache-2.0 */
/* debian.c: dpkg's own files: lists of files and the status of packages. */
#include "programs/dist/debian.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE 4096u

static bool has_suffix(const char *text, const char *suffix) {
  size_t len = strlen(text), more = strlen(suffix);
  return len > more && strcmp(text + len - more, suffix) == 0;
}

/* /lib and /usr/lib are the same directory: the list may name the file either way. */
static bool is_line_of(const char *line, const char *path) {
  if (strcmp(line, path) == 0) return true;
  if (strncmp(path, "/usr/", 5) == 0 && strcmp(line, path + 4) == 0) return true;
  return strncmp(line, "/usr/", 5) == 0 && strcmp(line + 4, path) == 0;
}

static bool lists(const char *list, const char *path) {
  char line[LINE];
  bool found = false;
  FILE *file = fopen(list, "re");
  while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    found = is_line_of(line, path);
  }
  if (file != NULL) (void)fclose(file);
  return found;
}

/* The package whose list has the path; "" = none. */
static bool find_owner(const ncl_debian *debian, const char *path, char name[NCL_DEBIAN_NAME], ncl_problem *problem) {
  char folder[PATH_MAX], list[PATH_MAX + NAME_MAX + 2];
  name[0] = '\0';
  (void)snprintf(folder, sizeof folder, "%s/var/lib/dpkg/info", debian->root);
  DIR *dir = opendir(folder);
  if (dir == NULL) return ncl_problem_set(problem, "%.800s: %s", folder, strerror(errno));
  for (const struct dirent *entry; name[0] == '\0' && (entry = readdir(dir)) != NULL;) {
    if (!has_suffix(entry->d_name, ".list")) continue;
    (void)snprintf(list, sizeof list, "%s/%s", folder, entry->d_name);
    size_t len = strlen(entry->d_name) - 5;
    if (len >= NCL_DEBIAN_NAME || !lists(list, path)) continue;
    memcpy(name, entry->d_name, len);
    name[len] = '\0';
  }
  (void)closedir(dir);
  return true;
}

/* ---- status ------------------------------------------------------------------------------------------ */

typedef struct paragraph {
  char *text;
  size_t len, capacity;
  char package[NCL_DEBIAN_NAME], architecture[NCL_DEBIAN_NAME], version[NCL_DEBIAN_NAME], source[NCL_DEBIAN_NAME];
} paragraph;

static void take_field(const char *line, const char *field, char value[NCL_DEBIAN_NAME]) {
  size_t len = strlen(field);
  if (strncmp(line, field, len) != 0) return;
  (void)snprintf(value, NCL_DEBIAN_NAME, "%s", line + len);
  value[strcspn(value, "\n")] = '\0';
}

static bool add_line(paragraph *p, const char *line) {
  size_t len = strlen(line);
  if (p->len + len + 1 > p->capacity) {
    size_t capacity = (p->capacity + len + 1) * 2;
    char *grown = realloc(p->text, capacity);
    if (grown == NULL) return false;
    p->text = grown;
    p->capacity = capacity;
  }
  memcpy(p->text + p->len, line, len + 1);
  p->len += len;
  take_field(line, "Package: ", p->package);
  take_field(line, "Architecture: ", p->architecture);
  take_field(line, "Version: ", p->version);
  take_field(line, "Source: ", p->source);
  return true;
}

static bool is_of(const paragraph *p, const char *name) {
  size_t len = strlen(p->package);
  if (len == 0 || strncmp(p->package, name, len) != 0) return false;
  return name[len] == '\0' || (name[len] == ':' && strcmp(name + len + 1, p->architecture) == 0);
}

static void clear(paragraph *p) {
  p->len = 0;
  p->package[0] = p->architecture[0] = p->version[0] = p->source[0] = '\0';
}

static bool find_status(const ncl_debian *debian, ncl_debian_package *package, ncl_problem *problem) {
  char path[PATH_MAX], line[LINE];
  paragraph p = {0};
  bool found = false, ok = true;
  (void)snprintf(path, sizeof path, "%s/var/lib/dpkg/status", debian->root);
  FILE *file = fopen(path, "re");
  if (file == NULL) return ncl_problem_set(problem, "%.800s: %s", path, strerror(errno));
  while (ok && !found && fgets(line, sizeof line, file) != NULL) {
    ok = add_line(&p, line);
    if (line[0] != '\n') continue;
    found = is_of(&p, package->name);
    if (!found) clear(&p);
  }
  (void)fclose(file);
  if (!ok || !found) {
    free(p.text);
    return ncl_problem_set(problem, "%.200s has no package %s", path, package->name);
  }
  package->status = p.text;
  memcpy(package->version, p.version, sizeof package->version);
  memcpy(package->source, p.source[0] != '\0' ? p.source : p.package, sizeof package->source);
  package->source[strcspn(package->source, " ")] = '\0';
  return true;
}

static void find_copyright(const ncl_debian *debian, ncl_debian_package *package) {
  char path[PATH_MAX];
  size_t len = strcspn(package->name, ":");
  (void)snprintf(path, sizeof path, "%s/usr/share/doc/%.*s/copyright", debian->root, (int)len, package->name);
  if (access(path, R_OK) == 0) package->copyright = strdup(path);
}

bool ncl_debian_note(ncl_debian *debian, const char *path, const ncl_debian_package **package, ncl_problem *problem) {
  ncl_debian_package found = {0};
  size_t skipped = strlen(debian->root);
  *package = NULL;
  if (skipped > 0 && strncmp(path, debian->root, skipped) == 0) path += skipped;
  if (!find_owner(debian, path, found.name, problem)) return false;
  if (found.name[0] == '\0') return true;
  for (size_t i = 0; i < debian->count && *package == NULL; i++) {
    if (strcmp(debian->packages[i].name, found.name) == 0) *package = &debian->packages[i];
  }
  if (*package != NULL) return true;
  if (debian->count == NCL_DEBIAN_PACKAGES_MAX) return ncl_problem_set(problem, "more than 256 packages");
  if (!find_status(debian, &found, problem)) return false;
  find_copyright(debian, &found);
  debian->packages[debian->count] = found;
  *package = &debian->packages[debian->count++];
  return true;
}

void ncl_debian_free(ncl_debian *debian) {
  for (size_t i = 0; i < debian->count; i++) {
    free(debian->packages[i].status);
    free(debian->packages[i].copyright);
  }
  debian->count = 0;
}
