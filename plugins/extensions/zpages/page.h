/* SPDX-License-Identifier: Apache-2.0 */
/* page.h: the status page as HTML. */
#ifndef NACELLE_EXTENSION_ZPAGES_PAGE_H
#define NACELLE_EXTENSION_ZPAGES_PAGE_H

#include <nacelle/text.h>

#include "rates.h"

/* Parts that a page may have. */
#define NCL_ZPAGES_SUMMARY 1u
#define NCL_ZPAGES_GRAPH 2u
#define NCL_ZPAGES_TABLE 4u
#define NCL_ZPAGES_CONFIG 8u
#define NCL_ZPAGES_LOG 16u
#define NCL_ZPAGES_GATES 32u
#define NCL_ZPAGES_ALL 31u

#define NCL_ZPAGES_NONCE 32u /* letters */

typedef struct ncl_zpages_page {
  const ncl_zpages_model *model;
  ncl_zpages_base base;
  uint32_t parts;     /* NCL_ZPAGES_* */
  uint32_t kinds;     /* of the table: 1 << NCL_KIND_*; 0 = all */
  uint32_t refresh_s; /* 0 = the page stays as it is */
  const char *title;
  ncl_str path; /* of the page itself */
  ncl_str yaml; /* the effective config; empty = not to be had */
  ncl_memory memory;
  int64_t wall_ns;
  ncl_str open_endpoint; /* where others may reach the page; empty = only this machine does */
  char nonce[NCL_ZPAGES_NONCE + 1];
} ncl_zpages_page;

void ncl_zpages_write(const ncl_zpages_page *page, ncl_text *out);

/* Parts, for page.c. */
void ncl_zpages_write_graph(const ncl_zpages_page *page, ncl_text *out);
void ncl_zpages_write_table(const ncl_zpages_page *page, ncl_text *out);
void ncl_zpages_write_log(const ncl_zpages_page *page, ncl_text *out);
extern const char ncl_zpages_style[];

/* Words for both. */
const char *ncl_zpages_kind(uint32_t kind);
const char *ncl_zpages_signal(uint32_t signal); /* "traces"; 0 = "all signals" */
const char *ncl_zpages_items(uint32_t signal);  /* "spans" */
/* A state as a word with a colour, since when, and why. */
void ncl_zpages_write_state(const ncl_zpages_page *page, const ncl_component_view *component, ncl_text *out);

#endif
