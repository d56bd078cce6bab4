/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a config: load, read the service, decode its sections, print what is wrong. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/config/load.h"
#include "core/config/service.h"
#include "unit/core/config/decode_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
  char text[65536];
} input;

/* The text itself is behind CONFIG, and what follows its first NUL behind any other name. */
static const char *get(void *ctx, const char *name) {
  const char *text = ((input *)ctx)->text;
  if (strcmp(name, "CONFIG") == 0) return text;
  return name[0] == 'U' ? NULL : text + strlen(text) + 1;
}

/* Of any other scheme: the same text, or a reason not to have it. */
static bool retrieve(void *ctx, ncl_str scheme, ncl_str uri, ncl_retrieved *out) {
  const input *in = ctx;
  if (scheme.ptr[0] == 'n') {
    out->no_scheme = 1;
    return false;
  }
  if (uri.len == 0) {
    (void)snprintf(out->reason, sizeof(out->reason), "there is nothing");
    return false;
  }
  out->text = ncl_str_of(in->text, strlen(in->text));
  return true;
}

static void decode(ncl_config *config, const ncl_component_configs *components, ncl_diagnostics *diagnostics) {
  size_t i;
  for (i = 0; i < components->count && i < 50; i++) {
    const ncl_component_config *c = &components->at[i];
    ncl_decoded *decoded = ncl_decode(config, c->node, c->mark, &support_table, c->path, diagnostics);
    if (decoded != NULL) (void)ncl_decoded_where(decoded, ncl_decoded_root(decoded, 0));
    ncl_decoded_release(decoded);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static input in;
  static FILE *nowhere;
  const char *uris[] = {"env:CONFIG", "yaml:receivers::otlp::number: 5"};
  ncl_load_options options = {
      .uris = uris, .uri_count = 2, .environment = {get, &in}, .retrieve = retrieve, .retrieve_ctx = &in};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  const ncl_service_config *service = NULL;
  ncl_config *config;

  if (nowhere == NULL) nowhere = fopen("/dev/null", "w");
  if (size > sizeof(in.text) - 2 || diagnostics == NULL || nowhere == NULL) {
    ncl_diagnostics_free(diagnostics);
    return -1;
  }
  memcpy(in.text, data, size);
  in.text[size] = in.text[size + 1] = 0;
  config = ncl_config_load_with(&options, diagnostics);
  if (config != NULL) ncl_config_warn_of_sizes(config, true, diagnostics);
  if (config != NULL) service = ncl_service_read(config, diagnostics);
  if (service != NULL) {
    decode(config, &service->receivers, diagnostics);
    decode(config, &service->exporters, diagnostics);
  }
  ncl_config_free(config);
  ncl_diagnostics_print(diagnostics, nowhere);
  ncl_diagnostics_free(diagnostics);
  return 0;
}
