/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/settings.c: the table of fields, and what it cannot check by itself. */
#include "settings.h"

#include <nacelle/config_fill.h>
#include <stdbool.h>
#include <string.h>

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_file_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET

static const ncl_str formats[] = {NCL_STR("json"), NCL_STR("proto")};
static const ncl_str compressions[] = {NCL_STR("none"), NCL_STR("zstd"), NCL_STR("")};

static const ncl_field rotation_fields[] = {
    {FIELD("max_megabytes", NCL_TYPE_INT, "100",
           "Size in MiB from which on the file is moved away and a new one begun; 0 = 100."),
     AT(max_megabytes), .min = 0, .max = INT64_C(1) << 30},
    {FIELD("max_days", NCL_TYPE_INT, "0", "Removes moved files that are older than so many days; 0 = never."),
     AT(max_days), .min = 0, .max = 36500},
    {FIELD("max_backups", NCL_TYPE_INT, "100", "Moved files that are kept; 0 = all."), AT(max_backups), .min = 0,
     .max = 60000},
    {FIELD("localtime", NCL_TYPE_BOOL, "false", "Times in their names are the machine's; false = UTC."), AT(localtime)},
};

static const ncl_field group_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "false", "Writes a file for each value of a resource attribute."), AT(groups)},
    {FIELD("resource_attribute", NCL_TYPE_STRING, "fileexporter.path_segment",
           "The attribute, whose value stands in place of the * in path; resources without it are dropped."),
     AT(group_attribute)},
    {FIELD("max_open_files", NCL_TYPE_INT, "100", "Files that are open at once."), AT(max_open_files), .min = 1,
     .max = 10000},
};

const ncl_field ncl_file_fields[NCL_FILE_FIELDS] = {
    {FIELD("path", NCL_TYPE_STRING, "", "The file that is written; with group_by one * in it."), AT(path),
     .flags = NCL_FIELD_REQUIRED},
    {FIELD("format", NCL_TYPE_ENUM, "json",
           "OTLP as JSON, a line for each batch, or as protobuf, each batch behind its length."),
     AT(format), .choices = NCL_ARRAY(formats)},
    {FIELD("compression", NCL_TYPE_ENUM, "none", "zstd: each batch is a frame of its own behind its length, JSON too."),
     AT(compression), .choices = NCL_ARRAY(compressions)},
    {FIELD(
         "append", NCL_TYPE_BOOL, "false",
         "Keep what is in the file at the start, as is always done with rotation and group_by; false = it is emptied."),
     AT(append)},
    {FIELD("create_directory", NCL_TYPE_BOOL, "false",
           "Make the directories of the path that are not there, as is always done with group_by."),
     AT(create_directory)},
    {FIELD("directory_permissions", NCL_TYPE_STRING, "\"0755\"", "Of directories that are made: octal digits."),
     AT(directory_permissions)},
    {FIELD("flush_interval", NCL_TYPE_DURATION, "1s",
           "Accepted for the Go collector's sake: here every batch is written at once."),
     NOWHERE, .max = INT64_MAX},
    {FIELD("rotation", NCL_TYPE_SECTION, "", "When the file is moved away under a name with the time in it."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(rotation_fields)},
    {FIELD("group_by", NCL_TYPE_SECTION, "", "Several files, by resource."), NOWHERE,
     .fields = NCL_ARRAY(group_fields)},
    {FIELD("encoding", NCL_TYPE_ANY, "", "Encoding extensions are not supported: an error."), NOWHERE},
};

/* ---- checks ------------------------------------------------------------------------------------------ */

typedef struct report {
  const ncl_create *create;
  ncl_status status;
} report;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static const ncl_value *key(const report *r, const char *name) {
  return ncl_value_get(r->create->config, str(name));
}

static void refuse(report *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_error(r->create->me, where, str(message), str(hint));
  r->status = NCL_PERMANENT;
}

static bool read_permissions(ncl_file_settings *settings) {
  ncl_str text = settings->directory_permissions;
  mode_t value = 0;
  if (text.len == 0 || text.len > 5) return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '7') return false;
    value = value * 8 + (mode_t)(text.ptr[i] - '0');
  }
  settings->directory_mode = value;
  return value <= 07777;
}

static void check_path(report *r, const ncl_file_settings *settings) {
  const ncl_value *where = key(r, "path");
  ncl_str path = settings->path;
  if (path.len == 0) {
    refuse(r, where, "the path is empty", "name a file");
  } else if (memchr(path.ptr, '\0', path.len) != NULL || path.len > 4000) {
    refuse(r, where, "this cannot be a path", "");
  } else if (path.ptr[path.len - 1] == '/') {
    refuse(r, where, "the path is that of a directory", "name a file");
  }
}

static void check_groups(report *r, const ncl_file_settings *settings) {
  ncl_str path = settings->path;
  uint32_t stars = 0;
  if (!settings->groups) return;
  for (size_t i = 0; i < path.len; i++)
    stars += path.ptr[i] == '*';
  if (stars != 1) {
    refuse(r, key(r, "path"), "with group_by the path has one * in it, for the value of the resource's attribute",
           "write it as /var/lib/telemetry/*.json");
  } else if (path.ptr[0] == '*') {
    refuse(r, key(r, "path"), "with group_by the path cannot begin with *", "write it as ./*.json");
  }
  if (settings->group_attribute.len == 0) {
    refuse(r, ncl_value_get(key(r, "group_by"), str("resource_attribute")), "the name of the attribute is empty",
           "name a resource attribute");
  }
}

ncl_status ncl_file_settings_read(const ncl_create *create, ncl_file_settings *settings) {
  static const ncl_array fields = NCL_ARRAY(ncl_file_fields);
  report r = {create, NCL_OK};
  memset(settings, 0, sizeof *settings);
  ncl_status status = ncl_config_fill(create->config, &fields, settings);
  if (status != NCL_OK) return status;
  settings->rotates = ncl_config_is_on(key(&r, "rotation"));
  if (settings->max_megabytes == 0) settings->max_megabytes = 100;
  check_path(&r, settings);
  check_groups(&r, settings);
  if (!read_permissions(settings)) {
    refuse(&r, key(&r, "directory_permissions"), "these are no permissions", "write them as octal digits: \"0755\"");
  }
  const ncl_value *encoding = key(&r, "encoding");
  if (encoding != NULL && encoding->is_set != 0) {
    refuse(&r, encoding, "encoding extensions are not supported", "remove this key; `format` knows json and proto");
  }
  return r.status;
}
