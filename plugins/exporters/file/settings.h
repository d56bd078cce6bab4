/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/settings.h: the config of the exporter. */
#ifndef NACELLE_FILE_SETTINGS_H
#define NACELLE_FILE_SETTINGS_H

#include <nacelle/nacelle.h>
#include <sys/types.h>

typedef struct ncl_file_settings {
  ncl_str path;
  ncl_str directory_permissions;
  mode_t directory_mode; /* the same as a number */
  int64_t format;
  int64_t append;
  int64_t create_directory;
  int64_t compression; /* place in the choices: 0 and 2 = none, 1 = zstd */
  int64_t rotates;     /* 1 = the section is there */
  int64_t max_megabytes;
  int64_t max_days;
  int64_t max_backups;
  int64_t localtime;
  int64_t groups; /* 1 = group_by is enabled */
  ncl_str group_attribute;
  int64_t max_open_files;
} ncl_file_settings;

#define NCL_FILE_FIELDS 10u
extern const ncl_field ncl_file_fields[NCL_FILE_FIELDS];

/* Fills them in and reports what makes no sense. NCL_OK, NCL_PERMANENT. */
ncl_status ncl_file_settings_read(const ncl_create *create, ncl_file_settings *settings);

#endif
