/* SPDX-License-Identifier: Apache-2.0 */
/* contents.c: plugins with the services that they ask for, programs, and the libraries of all of them. */
#include "programs/dist/contents.h"

#include <elf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLUGINS "lib/nacelle"

const char *ncl_contents_architecture(const ncl_contents *contents) {
  return contents->libraries.machine == EM_AARCH64 ? "arm64" : "amd64";
}

const char *ncl_contents_version(const ncl_contents *contents) {
  return contents->manifest->version != NULL ? contents->manifest->version : NCL_VERSION;
}

const char *ncl_contents_user(const ncl_contents *contents) {
  if (contents->manifest->user != NULL) return contents->manifest->user;
  return contents->manifest->layout == NCL_LAYOUT_ADOT ? "4317:4317" : "65532:65532";
}

const char *ncl_contents_config(const ncl_contents *contents) {
  if (contents->manifest->config == NULL) return NULL;
  return contents->manifest->layout == NCL_LAYOUT_ADOT ? "etc/otel-config.yaml" : "etc/nacelle/config.yaml";
}

/* ---- parts ------------------------------------------------------------------------------------------- */

static bool has_part(const ncl_contents *contents, const char *name) {
  for (size_t i = 0; i < contents->part_count; i++) {
    if (strcmp(contents->parts[i].name, name) == 0) return true;
  }
  return false;
}

static bool add_part(ncl_contents *contents, const char *name, const char *file, const char *alias,
                     ncl_problem *problem) {
  if (has_part(contents, name)) return true;
  if (contents->part_count == NCL_CONTENTS_PLUGINS_MAX) return ncl_problem_set(problem, "too many plugins");
  ncl_part *part = &contents->parts[contents->part_count];
  memset(part, 0, sizeof *part);
  if (!ncl_digest_file(file, part->sha256, NULL, problem)) return false;
  part->name = strdup(name);
  part->file = strdup(file);
  part->alias = alias != NULL ? strdup(alias) : NULL;
  contents->part_count++;
  if (part->name == NULL || part->file == NULL || (alias != NULL && part->alias == NULL)) {
    return ncl_problem_set(problem, "no memory");
  }
  return ncl_libraries_add(&contents->libraries, file, problem);
}

static bool is_interface(const char *text) {
  const char *slash = strchr(text, '/');
  if (slash == NULL || slash == text || strchr(text, '.') == NULL || strchr(text, '.') > slash) return false;
  return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.") == (size_t)(slash - text) && slash[1] != '\0' &&
         strspn(slash + 1, "0123456789") == strlen(slash + 1);
}

typedef struct service_walk {
  ncl_contents *contents;
  ncl_problem *problem;
} service_walk;

static bool add_services_of(ncl_contents *contents, const char *file, ncl_problem *problem);

/* "ncl.tls/1" is served by services/tls.so, and another vendor's "acme.x/1" by services/acme.x.so. What no service
 * has is an interface of an extension, which the config names. */
static bool on_text(void *arg, const char *text) {
  service_walk *w = arg;
  char file[PATH_MAX], name[300];
  if (!is_interface(text)) return true;
  const char *type = strncmp(text, "ncl.", 4) == 0 ? text + 4 : text;
  (void)snprintf(name, sizeof name, "services/%.*s", (int)strcspn(type, "/"), type);
  (void)snprintf(file, sizeof file, "%s/%s/%s.so", w->contents->prefix, PLUGINS, name);
  if (has_part(w->contents, name) || access(file, R_OK) != 0) return true;
  return add_part(w->contents, name, file, NULL, w->problem) && add_services_of(w->contents, file, w->problem);
}

static bool add_services_of(ncl_contents *contents, const char *file, ncl_problem *problem) {
  service_walk w = {contents, problem};
  ncl_elf elf;
  if (!ncl_elf_open(&elf, file, problem)) return false;
  bool ok = ncl_elf_texts(&elf, on_text, &w);
  ncl_elf_close(&elf);
  return ok;
}

static bool check_digest(const ncl_manifest_plugin *plugin, const char *file, ncl_problem *problem) {
  char found[NCL_DIGEST_HEX];
  if (plugin->sha256 == NULL) return true;
  if (!ncl_digest_file(file, found, NULL, problem)) return false;
  if (strcmp(found, plugin->sha256) == 0) return true;
  return ncl_problem_set(problem, "%.128s (%.600s) has the sha256 %s, and the manifest wants %s", plugin->name, file,
                         found, plugin->sha256);
}

/* The file of an installed plugin: an alias is a link to it. */
static bool find_installed(const ncl_contents *contents, const char *name, char file[PATH_MAX], ncl_problem *problem) {
  char path[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s/%s/%s.so", contents->prefix, PLUGINS, name);
  if (realpath(path, file) != NULL) return true;
  return ncl_problem_set(problem, "there is no plugin %s: %.700s does not exist (`nacelle components` lists what does)",
                         name, path);
}

static bool add_plugin(ncl_contents *contents, const ncl_manifest_plugin *plugin, ncl_problem *problem) {
  char file[PATH_MAX], name[PATH_MAX];
  size_t room = strcspn(plugin->name, "/");
  bool is_given = plugin->file != NULL;
  if (is_given) {
    (void)snprintf(file, sizeof file, "%s%s%s", plugin->file[0] == '/' ? "" : contents->base,
                   plugin->file[0] == '/' ? "" : "/", plugin->file);
    (void)snprintf(name, sizeof name, "%s", plugin->name);
  } else {
    if (!find_installed(contents, plugin->name, file, problem)) return false;
    const char *base = strrchr(file, '/') + 1;
    (void)snprintf(name, sizeof name, "%.*s/%.*s", (int)room, plugin->name, (int)strcspn(base, "."), base);
  }
  bool is_alias = strcmp(name, plugin->name) != 0;
  return check_digest(plugin, file, problem) &&
         add_part(contents, name, file, is_alias ? plugin->name : NULL, problem) &&
         add_services_of(contents, file, problem);
}

static bool add_program(ncl_contents *contents, const char *name, ncl_problem *problem) {
  char file[PATH_MAX];
  (void)snprintf(file, sizeof file, "%s/bin/%s", contents->prefix, name);
  if (access(file, X_OK) != 0) return ncl_problem_set(problem, "there is no program %.800s", file);
  return add_part(contents, name, file, NULL, problem) && add_services_of(contents, file, problem);
}

/* Of the manifest's programs only their own names are given: "generate". */
static bool add_programs(ncl_contents *contents, ncl_problem *problem) {
  char name[128];
  if (!add_program(contents, "nacelle", problem)) return false;
  for (unsigned i = 0; i < contents->manifest->programs_count; i++) {
    (void)snprintf(name, sizeof name, "nacelle-%.100s", contents->manifest->programs[i]);
    if (!add_program(contents, name, problem)) return false;
  }
  return true;
}

static bool check_machine(const ncl_contents *contents, ncl_problem *problem) {
  const char *wanted = contents->manifest->architecture, *is = ncl_contents_architecture(contents);
  if (wanted == NULL || strcmp(wanted, is) == 0) return true;
  return ncl_problem_set(problem, "the manifest is for %s, and %s/bin/nacelle is for %s", wanted, contents->prefix, is);
}

/* Notes the packages of what else comes from the system. */
static bool note_packages(ncl_contents *contents, ncl_problem *problem) {
  const ncl_debian_package *package;
  for (size_t i = 0; i < contents->libraries.count; i++) {
    const char *file = contents->libraries.files[i].installed;
    if (file != NULL && !ncl_debian_note(&contents->debian, file, &package, problem)) return false;
  }
  if (!ncl_debian_note(&contents->debian, "/usr/sbin/update-ca-certificates", &package, problem)) return false;
  return !contents->manifest->shell || ncl_debian_note(&contents->debian, "/bin/busybox", &package, problem);
}

/* Those of the manifest's own: one that is missing would silently be the installed one. */
static bool check_libraries(const ncl_contents *contents, ncl_problem *problem) {
  const ncl_manifest *m = contents->manifest;
  char path[PATH_MAX];
  for (unsigned i = 0; i < m->libraries_count; i++) {
    const char *file = m->libraries[i].file;
    (void)snprintf(path, sizeof path, "%s%s%s", file[0] == '/' ? "" : contents->base, file[0] == '/' ? "" : "/", file);
    if (access(path, R_OK) != 0) return ncl_problem_set(problem, "libraries: %.800s cannot be read", path);
  }
  return true;
}

bool ncl_contents_find(ncl_contents *contents, ncl_problem *problem) {
  if (!check_libraries(contents, problem)) return false;
  contents->libraries.root = contents->debian.root = contents->root;
  contents->libraries.base = contents->base;
  contents->libraries.others = contents->manifest->libraries;
  contents->libraries.other_count = contents->manifest->libraries_count;
  contents->libraries.omit = contents->manifest->omit;
  contents->libraries.omit_count = contents->manifest->omit_count;
  if (!add_programs(contents, problem) || !check_machine(contents, problem)) return false;
  for (unsigned i = 0; i < contents->manifest->plugins_count; i++) {
    if (!add_plugin(contents, &contents->manifest->plugins[i], problem)) return false;
  }
  return note_packages(contents, problem);
}

void ncl_contents_free(ncl_contents *contents) {
  for (size_t i = 0; i < contents->part_count; i++) {
    free(contents->parts[i].name);
    free(contents->parts[i].file);
    free(contents->parts[i].alias);
  }
  contents->part_count = 0;
  ncl_libraries_free(&contents->libraries);
  ncl_debian_free(&contents->debian);
}

/* ---- trees ------------------------------------------------------------------------------------------- */

static bool put_part(const ncl_part *part, const char *prefix, ncl_tree *tree, ncl_problem *problem) {
  char path[PATH_MAX];
  const char *slash = strchr(part->name, '/');
  if (slash == NULL) {
    (void)snprintf(path, sizeof path, "%sbin/%s", prefix, part->name);
    return ncl_tree_file(tree, path, part->file, 0755, problem);
  }
  (void)snprintf(path, sizeof path, "%s%s/%s.so", prefix, PLUGINS, part->name);
  if (!ncl_tree_file(tree, path, part->file, 0644, problem)) return false;
  if (part->alias == NULL) return true;
  char target[PATH_MAX];
  (void)snprintf(path, sizeof path, "%s%s/%s.so", prefix, PLUGINS, part->alias);
  (void)snprintf(target, sizeof target, "%s.so", slash + 1);
  return ncl_tree_link(tree, path, target, problem);
}

static bool put_parts(const ncl_contents *contents, const char *prefix, ncl_tree *tree, ncl_problem *problem) {
  for (size_t i = 0; i < contents->part_count; i++) {
    if (!put_part(&contents->parts[i], prefix, tree, problem)) return false;
  }
  return true;
}

static bool put_own_file(const ncl_contents *contents, const char *source, const char *target, uint32_t mode,
                         ncl_tree *tree, ncl_problem *problem) {
  char from[PATH_MAX];
  bool is_whole = source[0] == '/';
  (void)snprintf(from, sizeof from, "%s%s%s", is_whole ? "" : contents->base, is_whole ? "" : "/", source);
  if (access(from, R_OK) != 0) return ncl_problem_set(problem, "%.800s cannot be read", from);
  return ncl_tree_file(tree, target, from, mode, problem);
}

bool ncl_contents_plain(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem) {
  const char *config = contents->manifest->config;
  if (!put_parts(contents, "", tree, problem)) return false;
  return config == NULL || put_own_file(contents, config, "etc/nacelle/config.yaml", 0644, tree, problem);
}

static bool put_libraries(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem) {
  const ncl_libraries *libraries = &contents->libraries;
  char path[PATH_MAX];
  for (size_t i = 0; i < libraries->count; i++) {
    (void)snprintf(path, sizeof path, "usr/lib/%s/%s", ncl_libraries_triplet(libraries), libraries->files[i].name);
    if (!ncl_tree_file(tree, path, libraries->files[i].path, 0755, problem)) return false;
    const char *interpreter = libraries->interpreter;
    if (interpreter == NULL || strcmp(strrchr(interpreter, '/') + 1, libraries->files[i].name) != 0) continue;
    char target[PATH_MAX + 1];
    (void)snprintf(target, sizeof target, "/%s", path);
    /* Of arm64 it lies in /lib, which is a link. */
    if (strncmp(interpreter, "/lib/", 5) == 0) {
      (void)snprintf(path, sizeof path, "usr%s", interpreter);
    } else {
      (void)snprintf(path, sizeof path, "%s", interpreter + 1);
    }
    if (!ncl_tree_link(tree, path, target, problem)) return false;
  }
  return ncl_tree_link(tree, "lib", "usr/lib", problem);
}

#define put_text(tree, path, text, problem) ncl_tree_text((tree), (path), (text), strlen(text), 0644, (problem))

static bool put_system(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem) {
  char text[512], certificates[PATH_MAX];
  const char *user = ncl_contents_user(contents), *group = strchr(user, ':');
  int uid_len = (int)strcspn(user, ":");
  group = group != NULL ? group + 1 : user;
  (void)snprintf(text, sizeof text, "root:x:0:0:root:/:/sbin/nologin\nnacelle:x:%.*s:%s:nacelle:/:/sbin/nologin\n",
                 uid_len, user, group);
  if (!put_text(tree, "etc/passwd", text, problem)) return false;
  (void)snprintf(text, sizeof text, "root:x:0:\nnacelle:x:%s:\n", group);
  (void)snprintf(certificates, sizeof certificates, "%s/etc/ssl/certs/ca-certificates.crt", contents->root);
  if (access(certificates, R_OK) != 0) {
    return ncl_problem_set(problem, "%.800s is missing: install ca-certificates", certificates);
  }
  return put_text(tree, "etc/group", text, problem) &&
         put_text(tree, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n", problem) &&
         ncl_tree_file(tree, "etc/ssl/certs/ca-certificates.crt", certificates, 0644, problem) &&
         ncl_tree_directory(tree, "tmp", 01777, problem) && ncl_tree_directory(tree, NCL_IMAGE_VOLUME, 01777, problem);
}

static bool put_packages(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem) {
  char path[PATH_MAX];
  for (size_t i = 0; i < contents->debian.count; i++) {
    const ncl_debian_package *package = &contents->debian.packages[i];
    int len = (int)strcspn(package->name, ":");
    (void)snprintf(path, sizeof path, "var/lib/dpkg/status.d/%.*s", len, package->name);
    if (!put_text(tree, path, package->status, problem)) return false;
    if (package->copyright == NULL) continue;
    (void)snprintf(path, sizeof path, "usr/share/doc/%.*s/copyright", len, package->name);
    if (!ncl_tree_file(tree, path, package->copyright, 0644, problem)) return false;
  }
  return true;
}

static bool put_shell(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem) {
  static const char *const tools[] = {"sh",    "cat",  "df",  "echo", "env",    "grep",     "head",
                                      "id",    "kill", "ls",  "ping", "ps",     "nslookup", "tail",
                                      "sleep", "stat", "top", "wget", "netstat"};
  char busybox[PATH_MAX], path[64];
  (void)snprintf(busybox, sizeof busybox, "%s/bin/busybox", contents->root);
  if (access(busybox, X_OK) != 0) {
    return ncl_problem_set(problem, "shell: %.800s is missing: install busybox-static", busybox);
  }
  if (!ncl_tree_file(tree, "bin/busybox", busybox, 0755, problem)) return false;
  for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
    (void)snprintf(path, sizeof path, "bin/%s", tools[i]);
    if (!ncl_tree_link(tree, path, "busybox", problem)) return false;
  }
  return true;
}

static bool put_layout(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem) {
  const char *config = ncl_contents_config(contents);
  if (config != NULL && !put_own_file(contents, contents->manifest->config, config, 0644, tree, problem)) return false;
  if (!ncl_tree_link(tree, "healthcheck", "usr/bin/nacelle", problem)) return false;
  if (contents->manifest->layout == NCL_LAYOUT_ADOT) {
    return ncl_tree_link(tree, "awscollector", "usr/bin/nacelle", problem);
  }
  return ncl_tree_link(tree, "nacelle", "usr/bin/nacelle", problem);
}

bool ncl_contents_image(const ncl_contents *contents, ncl_tree *tree, ncl_problem *problem) {
  const ncl_manifest *m = contents->manifest;
  if (!put_parts(contents, "usr/", tree, problem) || !put_libraries(contents, tree, problem) ||
      !put_system(contents, tree, problem) || !put_packages(contents, tree, problem) ||
      !put_layout(contents, tree, problem)) {
    return false;
  }
  for (unsigned i = 0; i < m->files_count; i++) {
    const ncl_manifest_file *file = &m->files[i];
    if (file->target[0] != '/') return ncl_problem_set(problem, "files: \"%s\" must begin with /", file->target);
    uint32_t mode = file->executable ? 0755 : 0644;
    if (!put_own_file(contents, file->source, file->target + 1, mode, tree, problem)) return false;
  }
  return !m->shell || put_shell(contents, tree, problem);
}
