/* SPDX-License-Identifier: Apache-2.0 */
/* ini.c: lines of the shared files, cut where they lie. Indented lines belong to the key above ("s3 =" and what is
 * below it) and are passed over: nothing here has use for them. */
#include "ini.h"

#include <stdbool.h>
#include <stdlib.h>

#include "text.h"

#define FIRST_ENTRIES 32u

static ncl_status add(ncl_aws_ini *ini, ncl_str section, ncl_str key, ncl_str value) {
  if (ini->count == NCL_AWS_INI_ENTRIES) return NCL_PERMANENT;
  if (ini->count == ini->capacity) {
    uint32_t capacity = ini->capacity > 0 ? ini->capacity * 2 : FIRST_ENTRIES;
    ncl_aws_ini_entry *entries = realloc(ini->entries, capacity * sizeof *entries);
    if (entries == NULL) return NCL_NO_MEMORY;
    ini->entries = entries;
    ini->capacity = capacity;
  }
  ini->entries[ini->count++] = (ncl_aws_ini_entry){section, key, value};
  return NCL_OK;
}

/* "profile   'my name'" becomes "profile my name", in place: it only gets shorter. */
static ncl_str section_name(char *text, size_t len) {
  ncl_str name = ncl_aws_trim(ncl_str_of(text, len));
  size_t space = 0, out = 0;
  while (space < name.len && name.ptr[space] != ' ' && name.ptr[space] != '\t')
    space++;
  ncl_str rest = ncl_aws_trim(ncl_aws_after(name, space));
  if (rest.len >= 2 && (rest.ptr[0] == '"' || rest.ptr[0] == '\'') && rest.ptr[rest.len - 1] == rest.ptr[0])
    rest = ncl_aws_cut(rest, 1, rest.len - 1);
  if (rest.len == 0) return ncl_aws_cut(name, 0, space);
  memmove(text, name.ptr, space);
  out = space;
  text[out++] = ' ';
  memmove(text + out, rest.ptr, rest.len);
  return ncl_str_of(text, out + rest.len);
}

/* A comment behind a value begins with a space and "#" or ";". */
static ncl_str without_comment(ncl_str value) {
  for (size_t i = 1; i < value.len; i++) {
    bool is_space = value.ptr[i - 1] == ' ' || value.ptr[i - 1] == '\t';
    if (is_space && (value.ptr[i] == '#' || value.ptr[i] == ';')) return ncl_aws_cut(value, 0, i);
  }
  return value;
}

static ncl_status take_line(ncl_aws_ini *ini, char *line, size_t len, ncl_str *section) {
  ncl_str text = ncl_str_of(line, len);
  bool is_indented = len > 0 && (line[0] == ' ' || line[0] == '\t');
  if (is_indented || ncl_aws_trim(text).len == 0 || line[0] == '#' || line[0] == ';') return NCL_OK;
  if (line[0] == '[') {
    size_t end = ncl_aws_find(text, ']');
    /* The keys of a header that cannot be read belong to nobody. */
    *section = end < len ? section_name(line + 1, end - 1) : ncl_str_of(NULL, 0);
    return section->len > 0 ? add(ini, *section, ncl_str_of(NULL, 0), ncl_str_of(NULL, 0)) : NCL_OK;
  }
  size_t equals = ncl_aws_find(text, '=');
  if (equals == len || section->len == 0) return NCL_OK;
  ncl_str key = ncl_aws_trim(ncl_aws_cut(text, 0, equals));
  ncl_str value = ncl_aws_trim(without_comment(ncl_aws_after(text, equals + 1)));
  return key.len > 0 ? add(ini, *section, key, value) : NCL_OK;
}

ncl_status ncl_aws_ini_parse(ncl_aws_ini *ini, ncl_aws_file *file) {
  ncl_str section = {NULL, 0};
  *ini = (ncl_aws_ini){.file = *file};
  *file = (ncl_aws_file){NULL, 0};
  size_t at = 0;
  if (ini->file.len >= 3 && memcmp(ini->file.text, "\xef\xbb\xbf", 3) == 0) at = 3;
  while (at < ini->file.len) {
    char *line = ini->file.text + at;
    size_t len = ncl_aws_find(ncl_str_of(line, ini->file.len - at), '\n');
    ncl_status status = take_line(ini, line, len, &section);
    if (status != NCL_OK) return status;
    at += len + 1;
  }
  return NCL_OK;
}

void ncl_aws_ini_close(ncl_aws_ini *ini) {
  ncl_aws_file_close(&ini->file);
  free(ini->entries);
  *ini = (ncl_aws_ini){0};
}

/* ---- looking ----------------------------------------------------------------------------------------- */

static bool is_section(ncl_str section, const char *kind, ncl_str name) {
  size_t len = strlen(kind);
  if (len == 0) return ncl_aws_same(section, name);
  if (!ncl_aws_begins(section, kind) || section.len <= len || section.ptr[len] != ' ') return false;
  return ncl_aws_same(ncl_aws_after(section, len + 1), name);
}

uint32_t ncl_aws_ini_has(const ncl_aws_ini *ini, const char *kind, ncl_str name) {
  for (uint32_t i = 0; i < ini->count; i++) {
    if (ini->entries[i].key.len == 0 && is_section(ini->entries[i].section, kind, name)) return 1;
  }
  return 0;
}

ncl_str ncl_aws_ini_get(const ncl_aws_ini *ini, const char *kind, ncl_str name, const char *key) {
  for (uint32_t i = ini->count; i-- > 0;) {
    const ncl_aws_ini_entry *entry = &ini->entries[i];
    if (ncl_aws_is(entry->key, key) && is_section(entry->section, kind, name)) return entry->value;
  }
  return ncl_str_of(NULL, 0);
}
