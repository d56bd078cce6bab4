/* SPDX-License-Identifier: Apache-2.0 */
/* The list of components, with the keys of the Go collector's; what a component takes is told by describe.c. */
#include "core/cli/components.h"

#include <stdlib.h>
#include <string.h>

#include "core/cli/collector.h"
#include "core/config/near_miss.h"
#include "core/telemetry/names.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void write_signals(const ncl_component_type *decl, ncl_document *d) {
  static const uint32_t all[] = {NCL_SIGNAL_LOGS, NCL_SIGNAL_METRICS, NCL_SIGNAL_TRACES};
  static const ncl_array every = NCL_ARRAY(all);
  if (decl->kind > NCL_KIND_CONNECTOR) return;
  ncl_document_key(d, str("signals"));
  ncl_document_list(d);
  const ncl_array *signals = decl->signals.count > 0 ? &decl->signals : &every;
  for (uint32_t i = 0; i < signals->count && decl->outputs.count == 0; i++)
    ncl_document_str(d, ncl_name_signal(*(const uint32_t *)ncl_array_at(signals, i)));
  for (uint32_t i = 0; i < decl->outputs.count; i++) {
    const uint32_t *pair = ncl_array_at(&decl->outputs, i);
    ncl_str in = ncl_name_signal(pair[0]), out = ncl_name_signal(pair[1]);
    char text[128];
    int len = snprintf(text, sizeof text, "%.*s-to-%.*s", (int)in.len, in.ptr, (int)out.len, out.ptr);
    ncl_document_str(d, ncl_str_of(text, (size_t)len));
  }
  ncl_document_end(d);
}

static void write_names(const char *key, const ncl_array *names, ncl_document *d) {
  if (names->count == 0) return;
  ncl_document_key(d, str(key));
  ncl_document_list(d);
  for (uint32_t i = 0; i < names->count; i++)
    ncl_document_str(d, *(const ncl_str *)ncl_array_at(names, i));
  ncl_document_end(d);
}

static void write_plugin(const ncl_type *type, ncl_document *d) {
  char abi[32];
  int len = snprintf(abi, sizeof abi, "%u.%u", type->plugin->abi_major, type->plugin->abi_minor_built);
  ncl_document_key(d, str("plugin"));
  ncl_document_map(d);
  ncl_document_put(d, "name", type->plugin->name);
  ncl_document_put(d, "version", type->plugin->version);
  ncl_document_put(d, "abi", ncl_str_of(abi, (size_t)len));
  ncl_document_put(d, "file", str(type->file));
  ncl_document_end(d);
}

static void write_aliases(const ncl_installed *installed, ncl_document *d) {
  if (installed->aliases == NULL) return;
  ncl_document_key(d, str("aliases"));
  ncl_document_list(d);
  for (const char *a = ncl_installed_alias(installed, NULL); a != NULL; a = ncl_installed_alias(installed, a))
    ncl_document_str(d, str(a));
  ncl_document_end(d);
}

void ncl_component_write(const ncl_installed *installed, bool with_fields, ncl_document *d) {
  ncl_document_map(d);
  ncl_document_put(d, installed->kind == NCL_KIND_SOURCE ? "scheme" : "name", str(installed->name));
  write_aliases(installed, d);
  if (installed->type == NULL) {
    ncl_document_put(d, "error", str(installed->why));
    ncl_document_end(d);
    return;
  }
  const ncl_component_type *decl = installed->type->decl;
  if (with_fields) ncl_document_put(d, "kind", str(ncl_kind_name(decl->kind)));
  ncl_document_put(d, "description", decl->doc);
  write_signals(decl, d);
  write_names("interfaces", &decl->interfaces, d);
  write_plugin(installed->type, d);
  if (with_fields) ncl_component_write_fields(decl, d);
  ncl_document_end(d);
}

/* Schemes that need no plugin. */
static void write_own_schemes(ncl_document *d) {
  static const char *const own[] = {"env", "file", "yaml"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    ncl_document_map(d);
    ncl_document_put(d, "scheme", str(own[i]));
    ncl_document_end(d);
  }
}

void ncl_components_write(const ncl_inventory *inventory, ncl_document *d) {
  static const uint32_t order[] = {NCL_KIND_RECEIVER,  NCL_KIND_PROCESSOR, NCL_KIND_EXPORTER, NCL_KIND_CONNECTOR,
                                   NCL_KIND_EXTENSION, NCL_KIND_SERVICE,   NCL_KIND_SOURCE};
  char abi[32];
  int len = snprintf(abi, sizeof abi, "%u.%u", NCL_ABI_MAJOR, NCL_ABI_MINOR);
  ncl_document_map(d);
  ncl_document_key(d, str("buildinfo"));
  ncl_document_map(d);
  ncl_document_put(d, "command", str("nacelle"));
  ncl_document_put(d, "description", str("Nacelle, an OpenTelemetry Collector"));
  ncl_document_put(d, "version", str(NCL_VERSION));
  ncl_document_put(d, "abi", ncl_str_of(abi, (size_t)len));
  ncl_document_end(d);
  for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
    ncl_document_key(d, str(order[k] == NCL_KIND_SOURCE ? "providers" : ncl_kind_room(order[k])));
    ncl_document_list(d);
    if (order[k] == NCL_KIND_SOURCE) write_own_schemes(d);
    for (size_t i = 0; i < inventory->count; i++) {
      if (inventory->at[i].kind == order[k]) ncl_component_write(&inventory->at[i], false, d);
    }
    ncl_document_end(d);
  }
  ncl_document_end(d);
}

/* ---- the command ---------------------------------------------------------------------------------- */

/* What `components` is asked for: "otlp" of any kind, "exporters/otlp" or "exporter/otlp". */
typedef struct wanted {
  uint32_t kind; /* 0 = any */
  const char *name;
} wanted;

static wanted wanted_of(const char *text) {
  const char *slash = strchr(text, '/');
  if (slash == NULL) return (wanted){0, text};
  size_t len = (size_t)(slash - text);
  for (uint32_t kind = 1; ncl_kind_room(kind) != NULL; kind++) {
    const char *words[] = {ncl_kind_room(kind), ncl_kind_name(kind)};
    for (size_t i = 0; i < 2; i++) {
      if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0) return (wanted){kind, slash + 1};
    }
  }
  return (wanted){0, text};
}

static bool is_wanted(const ncl_installed *installed, const wanted *w) {
  return (w->kind == 0 || w->kind == installed->kind) && ncl_installed_is(installed, w->name);
}

static int refuse(const ncl_inventory *inventory, const wanted *w, const char *text) {
  ncl_near_miss near;
  ncl_near_miss_init(&near, str(w->name));
  for (size_t i = 0; i < inventory->count; i++) {
    ncl_near_miss_offer(&near, str(inventory->at[i].name));
    for (const char *a = ncl_installed_alias(&inventory->at[i], NULL); a != NULL;
         a = ncl_installed_alias(&inventory->at[i], a))
      ncl_near_miss_offer(&near, str(a));
  }
  if (near.best.len > 0) {
    (void)fprintf(stderr, "Error: no component \"%.200s\" is installed; did you mean \"%.*s\"?\n", text,
                  (int)near.best.len, near.best.ptr);
  } else {
    (void)fprintf(stderr, "Error: no component \"%.200s\" is installed; `nacelle components` lists them\n", text);
  }
  return EXIT_FAILURE;
}

static int describe(const ncl_inventory *inventory, const char *text) {
  wanted w = wanted_of(text);
  size_t found = 0;
  for (size_t i = 0; i < inventory->count; i++) {
    if (!is_wanted(&inventory->at[i], &w)) continue;
    if (found++ > 0) (void)fputc('\n', stdout);
    ncl_component_describe(&inventory->at[i], stdout);
  }
  return found > 0 ? EXIT_SUCCESS : refuse(inventory, &w, text);
}

static int write_one(const ncl_inventory *inventory, const char *text, ncl_document *d) {
  wanted w = wanted_of(text);
  size_t found = 0;
  ncl_document_list(d);
  for (size_t i = 0; i < inventory->count; i++) {
    if (!is_wanted(&inventory->at[i], &w)) continue;
    ncl_component_write(&inventory->at[i], true, d);
    found++;
  }
  ncl_document_end(d);
  return found > 0 ? EXIT_SUCCESS : refuse(inventory, &w, text);
}

static int print(ncl_document *d) {
  size_t len;
  const char *text = ncl_document_text(d, &len);
  if (text == NULL) return ncl_cli_no_memory();
  (void)fwrite(text, 1, len, stdout);
  return EXIT_SUCCESS;
}

static int answer(const ncl_options *o, const ncl_inventory *inventory) {
  bool json = o->schema || (o->format != NULL && strcmp(o->format, "json") == 0);
  const char *one = o->word_count > 0 ? o->words[0] : NULL;
  if (one != NULL && !json) return describe(inventory, one);
  ncl_document *d = ncl_document_new(json ? NCL_DOCUMENT_JSON : NCL_DOCUMENT_YAML, NULL);
  if (d == NULL) return ncl_cli_no_memory();
  int exit_code = EXIT_SUCCESS;
  if (o->schema) {
    ncl_schema_write(inventory, d);
  } else if (one != NULL) {
    exit_code = write_one(inventory, one, d);
  } else {
    ncl_components_write(inventory, d);
  }
  if (exit_code == EXIT_SUCCESS) exit_code = print(d);
  ncl_document_free(d);
  return exit_code;
}

int ncl_cli_components(const ncl_options *options) {
  ncl_collector c = {.options = options};
  ncl_inventory inventory = {NULL, 0, 0};
  int exit_code;
  if (options->schema && options->word_count > 0) {
    (void)fprintf(stderr, "Error: --schema is of the whole config: give it without \"%.200s\"\n", options->words[0]);
    return EXIT_FAILURE;
  }
  if (!ncl_collector_open_registry(&c) || !ncl_inventory_take(c.registry, &inventory)) {
    exit_code = ncl_cli_no_memory();
  } else {
    exit_code = answer(options, &inventory);
  }
  if (inventory.broken > 0) {
    for (size_t i = 0; i < inventory.count; i++) {
      if (inventory.at[i].type == NULL) (void)fprintf(stderr, "Error: %s\n", inventory.at[i].why);
    }
    exit_code = EXIT_FAILURE;
  }
  ncl_inventory_free(&inventory);
  ncl_collector_close(&c);
  return exit_code;
}
