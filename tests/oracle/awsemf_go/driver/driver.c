/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/awsemf_go/driver/driver.c: what awsemf makes of sequences of requests, for check.py. Reads from stdin
 * {length, config as YAML, count of requests, {length, request}...}, numbers as uint32 little endian, and answers
 * {length, JSON}: a list of the events of each request. */

#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/config/decode.h"
#include "core/config/load.h"
#include "plugins/exporters/awsemf/translate.h"
#include "tests/oracle/otlp/host.h"

#define WALL_NS INT64_C(1700000100000000000)

typedef struct events {
  ncl_writer *out;
  size_t from; /* where the event under way began */
} events;

static ncl_writer *begin(void *arg, ncl_str group, ncl_str stream, int64_t time_ms, ncl_status *status) {
  (void)status;
  events *e = arg;
  e->from = e->out->len;
  ncl_json_comma(e->out);
  ncl_json_literal(e->out, "{\"group\":");
  ncl_json_put_str(e->out, group);
  ncl_json_literal(e->out, ",\"stream\":");
  ncl_json_put_str(e->out, stream);
  ncl_json_literal(e->out, ",\"time\":");
  ncl_json_put_int(e->out, time_ms);
  ncl_json_literal(e->out, ",\"text\":\"");
  return e->out;
}

static ncl_status end(void *arg, uint32_t items) {
  events *e = arg;
  ncl_json_literal(e->out, "\",\"items\":");
  ncl_json_put_uint(e->out, items);
  ncl_json_close(e->out);
  return e->out->status;
}

static void drop(void *arg) {
  events *e = arg;
  e->out->len = e->from;
}

static void reject(void *arg, uint32_t items, const char *reason) {
  events *e = arg;
  ncl_json_comma(e->out);
  ncl_json_literal(e->out, "{\"rejected\":");
  ncl_json_put_str(e->out, ncl_str_of(reason, strlen(reason)));
  ncl_json_literal(e->out, ",\"items\":");
  ncl_json_put_uint(e->out, items);
  ncl_json_close(e->out);
}

static void complain(void *arg, const ncl_value *where, bool is_error, const char *message, const char *hint) {
  (void)arg;
  (void)where;
  (void)hint;
  (void)fprintf(stderr, "%s: %s\n", is_error ? "error" : "warning", message);
}

static bool read_exactly(void *to, size_t len) {
  return len == 0 || fread(to, 1, len, stdin) == len;
}

static uint32_t read_u32(void) {
  uint32_t n = 0;
  if (!read_exactly(&n, sizeof n)) exit(2);
  return n;
}

/* With `before` in front and padding behind; the caller's. */
static char *read_bytes(uint32_t len, const char *before) {
  size_t head = strlen(before);
  char *bytes = calloc(1, head + len + NCL_PADDING);
  if (bytes == NULL) exit(2);
  memcpy(bytes, before, head);
  if (!read_exactly(bytes + head, len)) exit(2);
  return bytes;
}

static void answer_request(oracle_host *host, ncl_emf_translator *t, uint32_t number, ncl_writer *out) {
  events e = {.out = out};
  const ncl_emf_sink sink = {&e, begin, end, drop, reject};
  uint32_t len = read_u32();
  char *bytes = read_bytes(len, "");
  const ncl_batch *batch = oracle_batch(host, NCL_SIGNAL_METRICS, (const uint8_t *)bytes, len);
  if (batch == NULL) exit(3);
  int64_t later = number * INT64_C(30000000000);
  ncl_json_comma(out);
  ncl_json_literal(out, "[");
  if (ncl_emf_translate(t, batch, WALL_NS + later, later, &sink) != NCL_OK) exit(4);
  ncl_json_literal(out, "]");
  host->table.batch_release(batch);
  free(bytes);
}

static void answer(oracle_host *host, uint32_t len) {
  char *uri = read_bytes(len, "yaml:");
  const char *uris[] = {uri};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load(uris, 1, NULL, diagnostics);
  ncl_decoded *decoded = config != NULL ? ncl_decode(config, ncl_config_root(config), NCL_MARK_NONE, &ncl_emf_fields,
                                                     (ncl_str)NCL_STR("awsemf"), diagnostics)
                                        : NULL;
  if (decoded == NULL || ncl_decoded_errors(decoded) > 0) exit(5);
  ncl_emf_settings settings = {0};
  ncl_emf_translator t;
  const ncl_emf_complain loud = {complain, NULL};
  if (ncl_config_fill(ncl_decoded_root(decoded, 0), &ncl_emf_fields, &settings) != NCL_OK) exit(6);
  if (ncl_emf_translator_open(&t, &settings, 1, &loud) != NCL_OK) exit(7);
  ncl_writer out;
  ncl_writer_heap(&out, (size_t)1 << 30);
  ncl_json_literal(&out, "[");
  uint32_t requests = read_u32();
  for (uint32_t i = 0; i < requests; i++)
    answer_request(host, &t, i, &out);
  ncl_json_literal(&out, "]");
  uint32_t size = (uint32_t)out.len;
  (void)fwrite(&size, sizeof size, 1, stdout);
  (void)fwrite(out.base, 1, out.len, stdout);
  (void)fflush(stdout);
  ncl_writer_close(&out);
  ncl_emf_translator_close(&t);
  ncl_decoded_release(decoded);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
  free(uri);
}

int main(void) {
  oracle_host host;
  uint32_t len;
  oracle_open(&host);
  while (fread(&len, 1, sizeof len, stdin) == sizeof len)
    answer(&host, len);
  oracle_close(&host);
  return 0;
}
