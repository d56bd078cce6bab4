/* SPDX-License-Identifier: Apache-2.0 */
/* output_archive.c: folders and archives, by libarchive. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/dist/output.h"

#define PIECE 65536u

bool ncl_output_text(const char *path, const void *text, size_t len, ncl_problem *problem) {
  FILE *file = fopen(path, "wbex");
  if (file == NULL) return ncl_problem_set(problem, "%.800s cannot be made: %s", path, strerror(errno));
  bool ok = fwrite(text, 1, len, file) == len;
  ok = fclose(file) == 0 && ok;
  return ok || ncl_problem_set(problem, "%.800s cannot be written: %s", path, strerror(errno));
}

/* ---- entries ----------------------------------------------------------------------------------------- */

static bool write_file(struct archive *out, const char *from, ncl_problem *problem) {
  static char piece[PIECE];
  ssize_t n = 0;
  int fd = open(from, O_RDONLY | O_CLOEXEC);
  bool ok = fd >= 0;
  while (ok && (n = read(fd, piece, sizeof piece)) > 0)
    ok = archive_write_data(out, piece, (size_t)n) == n;
  if (n < 0) ok = false;
  if (fd >= 0) (void)close(fd);
  return ok || ncl_problem_set(problem, "%.800s cannot be copied: %s", from, strerror(errno));
}

static bool describe(struct archive_entry *to, const ncl_entry *entry, const char *prefix, int64_t created_s,
                     ncl_problem *problem) {
  char path[PATH_MAX];
  struct stat st;
  (void)snprintf(path, sizeof path, "%s%s%s", prefix, entry->path, entry->kind == NCL_ENTRY_DIRECTORY ? "/" : "");
  archive_entry_clear(to);
  archive_entry_set_pathname(to, path);
  archive_entry_set_mtime(to, (time_t)created_s, 0);
  archive_entry_set_uid(to, 0);
  archive_entry_set_gid(to, 0);
  archive_entry_set_perm(to, (__LA_MODE_T)entry->mode);
  switch (entry->kind) {
    case NCL_ENTRY_DIRECTORY:
      archive_entry_set_filetype(to, AE_IFDIR);
      return true;
    case NCL_ENTRY_LINK:
      archive_entry_set_filetype(to, AE_IFLNK);
      archive_entry_set_symlink(to, entry->from);
      return true;
    case NCL_ENTRY_TEXT:
      archive_entry_set_filetype(to, AE_IFREG);
      archive_entry_set_size(to, (la_int64_t)entry->len);
      return true;
    case NCL_ENTRY_FILE:
      break;
  }
  if (stat(entry->from, &st) != 0) return ncl_problem_set(problem, "%.800s: %s", entry->from, strerror(errno));
  archive_entry_set_filetype(to, AE_IFREG);
  archive_entry_set_size(to, st.st_size);
  return true;
}

static bool write_entry(struct archive *out, struct archive_entry *to, const ncl_entry *entry, const char *prefix,
                        int64_t created_s, ncl_problem *problem) {
  if (!describe(to, entry, prefix, created_s, problem)) return false;
  if (archive_write_header(out, to) != ARCHIVE_OK) {
    return ncl_problem_set(problem, "%s: %s", entry->path, archive_error_string(out));
  }
  if (entry->kind == NCL_ENTRY_FILE) return write_file(out, entry->from, problem);
  if (entry->kind != NCL_ENTRY_TEXT) return true;
  return archive_write_data(out, entry->from, entry->len) == (la_ssize_t)entry->len ||
         ncl_problem_set(problem, "%s: %s", entry->path, archive_error_string(out));
}

static bool write_all(struct archive *out, const ncl_tree *tree, const char *prefix, int64_t created_s,
                      ncl_problem *problem) {
  struct archive_entry *to = archive_entry_new();
  bool ok = to != NULL || ncl_problem_set(problem, "no memory");
  for (size_t i = 0; ok && i < tree->count; i++)
    ok = write_entry(out, to, &tree->entries[i], prefix, created_s, problem);
  archive_entry_free(to);
  return ok;
}

/* ---- a folder ---------------------------------------------------------------------------------------- */

bool ncl_output_folder(const ncl_tree *tree, const char *path, int64_t created_s, ncl_problem *problem) {
  char prefix[PATH_MAX];
  if (mkdir(path, 0755) != 0) return ncl_problem_set(problem, "%.800s cannot be made: %s", path, strerror(errno));
  struct archive *out = archive_write_disk_new();
  if (out == NULL) return ncl_problem_set(problem, "no memory");
  (void)archive_write_disk_set_options(out, ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_PERM);
  (void)snprintf(prefix, sizeof prefix, "%s/", path);
  bool ok = write_all(out, tree, prefix, created_s, problem);
  if (archive_write_close(out) != ARCHIVE_OK && ok) ok = ncl_problem_set(problem, "%s", archive_error_string(out));
  (void)archive_write_free(out);
  return ok;
}

/* ---- an archive -------------------------------------------------------------------------------------- */

static struct archive *open_archive(const char *path, bool is_gzip, ncl_problem *problem) {
  struct archive *out = archive_write_new();
  bool ok = out != NULL && archive_write_set_format_pax_restricted(out) == ARCHIVE_OK &&
            archive_write_set_bytes_in_last_block(out, 1) == ARCHIVE_OK;
  /* Without the time of day in its header. */
  if (ok && is_gzip) {
    ok = archive_write_add_filter_gzip(out) == ARCHIVE_OK &&
         archive_write_set_filter_option(out, "gzip", "timestamp", NULL) == ARCHIVE_OK;
  }
  ok = ok && archive_write_open_filename(out, path) == ARCHIVE_OK;
  if (ok) return out;
  (void)ncl_problem_set(problem, "%.800s cannot be made: %s", path, out != NULL ? archive_error_string(out) : "memory");
  if (out != NULL) (void)archive_write_free(out);
  return NULL;
}

static bool write_archive(const ncl_tree *tree, const char *path, const char *prefix, int64_t created_s, bool is_gzip,
                          ncl_problem *problem) {
  struct archive *out = open_archive(path, is_gzip, problem);
  if (out == NULL) return false;
  bool ok = write_all(out, tree, prefix, created_s, problem);
  if (archive_write_close(out) != ARCHIVE_OK && ok) ok = ncl_problem_set(problem, "%s", archive_error_string(out));
  (void)archive_write_free(out);
  return ok;
}

bool ncl_output_archive(const ncl_tree *tree, const char *path, const char *prefix, int64_t created_s, char *plain,
                        ncl_problem *problem) {
  char bare[PATH_MAX];
  if (access(path, F_OK) == 0) return ncl_problem_set(problem, "%.800s is there already", path);
  if (plain != NULL) {
    /* The digest of what is compressed: of the same tar by itself. */
    (void)snprintf(bare, sizeof bare, "%.4000s.tar", path);
    bool ok =
        write_archive(tree, bare, prefix, created_s, false, problem) && ncl_digest_file(bare, plain, NULL, problem);
    (void)unlink(bare);
    if (!ok) return false;
  }
  return write_archive(tree, path, prefix, created_s, true, problem);
}
