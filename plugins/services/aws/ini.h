/* SPDX-License-Identifier: Apache-2.0 */
/* ini.h: the files ~/.aws/config and ~/.aws/credentials: sections of keys. What is no key is passed over.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
#ifndef NCL_AWS_INI_H
#define NCL_AWS_INI_H

#include "file.h"

#define NCL_AWS_INI_ENTRIES 20000u

typedef struct ncl_aws_ini_entry {
  ncl_str section; /* "default", "profile x", "sso-session x": one space, no quotes */
  ncl_str key;     /* "" = the section's header itself */
  ncl_str value;
} ncl_aws_ini_entry;

typedef struct ncl_aws_ini {
  ncl_aws_file file; /* what the entries point into; changed in place */
  ncl_aws_ini_entry *entries;
  uint32_t count;
  uint32_t capacity;
} ncl_aws_ini;

/* Takes over `file`. NCL_OK; NCL_NO_MEMORY; NCL_PERMANENT: more than 20,000 entries. To be closed in any case. */
ncl_status ncl_aws_ini_parse(ncl_aws_ini *ini, ncl_aws_file *file);
void ncl_aws_ini_close(ncl_aws_ini *ini);

/* 1 = there is a section "`kind` `name`" ("" = no kind). */
uint32_t ncl_aws_ini_has(const ncl_aws_ini *ini, const char *kind, ncl_str name);
/* The value of a key there, the last one where it comes twice; "" = none. */
ncl_str ncl_aws_ini_get(const ncl_aws_ini *ini, const char *kind, ncl_str name, const char *key);

#endif
