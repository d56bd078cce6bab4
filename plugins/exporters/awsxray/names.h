/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: names of segments and keys of annotations as X-Ray takes them. */
#ifndef NCL_XRAY_NAMES_H
#define NCL_XRAY_NAMES_H

#include <nacelle/json_write.h>

/* Bytes of a segment's name (AWS X-Ray segment documents, "Required segment fields"). */
#define NCL_XRAY_NAME_MAX 200u

typedef struct ncl_xray_name {
  char text[NCL_XRAY_NAME_MAX];
  size_t len;
} ncl_xray_name;

/* 1 = a letter of any script. */
uint32_t ncl_xray_is_letter(uint32_t c);

/* Adds what may stand in a name: letters, digits, spaces and _.:/%&#=+\-@. The rest is left out, and so is what does
 * not fit. */
void ncl_xray_name_add(ncl_xray_name *name, ncl_str text);

/* The host of an URL without its port, as Go's net/url reads it ("jdbc:" may stand before it), since names of segments
 * are made of it; "" where it has none or is no URL. */
ncl_str ncl_xray_url_host(ncl_str url);

/* The name of an annotation in a document, behind `prefix`: characters that X-Ray does not take are "_". */
void ncl_xray_annotation(ncl_writer *writer, ncl_str prefix, ncl_str name);

#endif
