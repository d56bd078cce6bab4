/* SPDX-License-Identifier: Apache-2.0 */
/* An exporter that appends the name of every span to a file. */
#include <nacelle/config_fill.h>
#include <nacelle/nacelle.h>
#include <nacelle/otlp_read.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct acme {
  const ncl_host *host;
  ncl_component *me;
  ncl_str path;
  FILE *file;
} acme;

static const ncl_field fields[] = {
    {.name = NCL_STR("path"),
     .type = NCL_TYPE_STRING,
     .flags = NCL_FIELD_REQUIRED,
     .doc = NCL_STR("File that the names are appended to."),
     .offset = offsetof(acme, path)},
};
static const ncl_array field_table = NCL_ARRAY(fields);

static ncl_status acme_create(const ncl_create *create, void **self) {
  acme *a = calloc(1, sizeof *a);
  if (a == NULL) return NCL_NO_MEMORY;
  a->host = create->host;
  a->me = create->me;
  *self = a;
  return ncl_config_fill(create->config, &field_table, a);
}

static ncl_status acme_start(void *self, ncl_token token, ncl_outcome *outcome) {
  acme *a = self;
  char path[512];
  (void)token;
  (void)snprintf(path, sizeof path, "%.*s", (int)a->path.len, a->path.ptr);
  a->file = fopen(path, "a");
  if (a->file != NULL) return NCL_OK;
  outcome->message = (ncl_str)NCL_STR("the file cannot be opened");
  return NCL_PERMANENT;
}

static ncl_status acme_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  acme *a = self;
  (void)token, (void)deadline_ns, (void)outcome;
  for (uint32_t i = 0; i < item->batch->records.count; i++) {
    const ncl_record *record = ncl_batch_record(item->batch, i);
    ncl_range body = {record->ptr, record->len};
    ncl_span span;
    if (!ncl_span_read(body, &span)) return NCL_PERMANENT;
    (void)fprintf(a->file, "%.*s\n", (int)span.name.len, span.name.ptr);
  }
  (void)fflush(a->file);
  return NCL_OK;
}

static ncl_status acme_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  acme *a = self;
  (void)token, (void)outcome;
  if (a->file != NULL) (void)fclose(a->file);
  a->file = NULL;
  return NCL_OK;
}

static void acme_destroy(void *self) {
  free(self);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = acme_create,
                                    .start = acme_start,
                                    .shutdown = acme_shutdown,
                                    .destroy = acme_destroy,
                                    .send = acme_send};

static const uint32_t signals[] = {NCL_SIGNAL_TRACES};
static const ncl_component_type components[] = {{
    .type = NCL_STR("acme"),
    .kind = NCL_KIND_EXPORTER,
    .doc = NCL_STR("Appends the names of spans to a file."),
    .signals = NCL_ARRAY(signals),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("acme"),
    .version = NCL_STR("1.0.0"),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
