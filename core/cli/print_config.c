/* SPDX-License-Identifier: Apache-2.0 */
/* Builds what `run` would start, starts nothing, and prints what its components were given. */
#include "core/cli/print_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/collector.h"
#include "core/pipeline/config_view.h"
#include "core/pipeline/fields.h"

/* Components that are defined and used nowhere: `run` does not look at them, but they are part of the config. */
typedef struct unused_list {
  size_t count;
  ncl_unused_component *at;
} unused_list;

static void free_unused(unused_list *list) {
  for (size_t i = 0; i < list->count; i++)
    ncl_decoded_release((ncl_decoded *)(uintptr_t)list->at[i].config);
  free(list->at);
}

/* False = no memory. */
static bool add_unused(ncl_collector *c, const ncl_component_config *config, unused_list *list) {
  char why[512];
  ncl_component_fields fields;
  const ncl_type *type = ncl_registry_find(c->registry, config->kind, config->type, why, sizeof why);
  if (type == NULL) {
    ncl_warning_at(c->diagnostics, config->mark, config->path, "it is left out here", "%s", why);
    return true;
  }
  ncl_component_fields_of(type->decl, &fields);
  ncl_decoded *decoded = ncl_decode_tables(c->config, config->node, config->mark, fields.tables, fields.count,
                                           config->path, c->diagnostics);
  if (decoded == NULL) return false;
  list->at[list->count++] = (ncl_unused_component){config->kind, config->id, type->decl, decoded};
  return true;
}

static bool find_unused(ncl_collector *c, unused_list *list) {
  const ncl_component_configs *const all[] = {&c->service->receivers, &c->service->processors, &c->service->exporters,
                                              &c->service->connectors, &c->service->extensions};
  size_t most = 1;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    most += all[i]->count;
  list->at = calloc(most, sizeof *list->at);
  if (list->at == NULL) return false;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    for (size_t k = 0; k < all[i]->count; k++) {
      if (!all[i]->at[k].used && !add_unused(c, &all[i]->at[k], list)) return false;
    }
  }
  return true;
}

static int print(const ncl_collector *c, const unused_list *unused) {
  const ncl_options *o = c->options;
  bool json = o->format != NULL && strcmp(o->format, "json") == 0;
  bool show_secrets = o->mode != NULL && strcmp(o->mode, "unredacted") == 0;
  ncl_document *document = ncl_document_new(json ? NCL_DOCUMENT_JSON : NCL_DOCUMENT_YAML, NULL);
  const char *text = NULL;
  size_t len = 0;
  if (document != NULL) {
    ncl_process_write_config(c->process, unused->at, unused->count, show_secrets, document);
    text = ncl_document_text(document, &len);
  }
  if (text != NULL) (void)fwrite(text, 1, len, stdout);
  ncl_document_free(document);
  return text != NULL ? EXIT_SUCCESS : ncl_cli_no_memory();
}

int ncl_cli_print_config(const ncl_options *options) {
  ncl_collector c = {.options = options, .only_looks = true};
  unused_list unused = {0, NULL};
  int exit_code = EXIT_FAILURE;
  bool good = ncl_collector_prepare(&c, false);
  if (good && c.process != NULL && !find_unused(&c, &unused)) {
    good = false;
    (void)ncl_cli_no_memory();
  }
  if (good && (ncl_collector_report(&c) || !options->validate) && c.process != NULL) exit_code = print(&c, &unused);
  free_unused(&unused);
  ncl_collector_close(&c);
  return exit_code;
}
