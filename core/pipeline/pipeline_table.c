/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/pipeline_table.c: measures all, then writes it into one allocation: views, names, their text. */
#include "core/pipeline/pipeline_table.h"

#include <stdlib.h>
#include <string.h>

/* Where the next name and the next text go. */
typedef struct room {
  ncl_str *names;
  char *text;
} room;

static void measure(const ncl_component_uses *uses, size_t *names, size_t *text) {
  for (size_t i = 0; i < uses->count; i++) {
    if (uses->at[i].component == NULL) continue;
    *names += 1;
    *text += uses->at[i].id.len;
  }
}

static ncl_str keep(room *r, ncl_str text) {
  ncl_str kept = {r->text, text.len};
  if (text.len > 0) memcpy(r->text, text.ptr, text.len);
  r->text += text.len;
  return kept;
}

static ncl_array keep_uses(room *r, const ncl_component_uses *uses) {
  ncl_array array = {r->names, 0, sizeof *r->names};
  for (size_t i = 0; i < uses->count; i++) {
    if (uses->at[i].component == NULL) continue;
    *r->names++ = keep(r, uses->at[i].id);
    array.count++;
  }
  return array;
}

ncl_pipeline_table *ncl_pipeline_table_new(const ncl_service_config *service) {
  size_t names = 0;
  size_t text = 0;
  for (size_t i = 0; i < service->pipeline_count; i++) {
    const ncl_pipeline_config *p = &service->pipelines[i];
    text += p->id.len;
    measure(&p->receivers, &names, &text);
    measure(&p->processors, &names, &text);
    measure(&p->exporters, &names, &text);
  }
  size_t views = service->pipeline_count * sizeof(ncl_pipeline_view);
  ncl_pipeline_table *table = malloc(sizeof *table + views + names * sizeof(ncl_str) + text);
  if (table == NULL) return NULL;
  table->count = (uint32_t)service->pipeline_count;
  table->at = (ncl_pipeline_view *)(table + 1);
  room r = {(ncl_str *)(table->at + service->pipeline_count), NULL};
  r.text = (char *)(r.names + names);
  for (size_t i = 0; i < service->pipeline_count; i++) {
    const ncl_pipeline_config *p = &service->pipelines[i];
    table->at[i] = (ncl_pipeline_view){.struct_size = sizeof table->at[i], .signal = p->signal};
    table->at[i].id = keep(&r, p->id);
    table->at[i].receivers = keep_uses(&r, &p->receivers);
    table->at[i].processors = keep_uses(&r, &p->processors);
    table->at[i].exporters = keep_uses(&r, &p->exporters);
  }
  return table;
}

void ncl_pipeline_table_free(ncl_pipeline_table *table) {
  free(table);
}
