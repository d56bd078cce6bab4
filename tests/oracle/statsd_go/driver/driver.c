/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/statsd_go/driver/driver.c: what the receiver makes of datagrams, for check.py. Lines of JSON in, lines
 * of JSON out. */
#include <arpa/inet.h>
#include <nacelle/json_doc.h>
#include <nacelle/otlp_json.h>
#include <nacelle/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define SENDERS 4
#define INTERVAL_NS INT64_C(60000000000)

static char *member(const ncl_json_doc *doc, const char *name) {
  ncl_str text = ncl_json_text(ncl_json_get(doc, ncl_json_root(doc), name));
  char *copy = calloc(1, text.len + 1);
  if (copy == NULL) exit(2);
  memcpy(copy, text.ptr, text.len);
  return copy;
}

static void say(ncl_writer *out, const char *text) {
  ncl_write_raw(out, text, strlen(text));
}

/* Where it listens is in its log. */
static struct sockaddr_in address_of(ncl_test *t) {
  static const char mark[] = "\"127.0.0.1:";
  const char *at = strstr(ncl_test_log(t), mark);
  if (at == NULL) exit(2);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  address.sin_port = htons((uint16_t)strtol(at + sizeof mark - 1, NULL, 10));
  return address;
}

static void send_all(ncl_test *t, const ncl_json_doc *doc) {
  struct sockaddr_in address = address_of(t);
  int sockets[SENDERS];
  for (int i = 0; i < SENDERS; i++)
    sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const ncl_json_value *list = ncl_json_get(doc, ncl_json_root(doc), "datagrams");
  for (const ncl_json_value *item = ncl_json_first(doc, list); item != NULL; item = ncl_json_next(doc, item)) {
    int64_t sender = 0;
    ncl_str text = ncl_json_text(ncl_json_get(doc, item, "text"));
    (void)ncl_json_int(ncl_json_get(doc, item, "sender"), &sender);
    if (sendto(sockets[sender], text.ptr, text.len, 0, (struct sockaddr *)&address, sizeof address) < 0) exit(2);
    ncl_test_turn(t);
  }
  for (int i = 0; i < SENDERS; i++)
    (void)close(sockets[i]);
}

/* [OTLP/JSON, ...], or {"mistake": ...} */
static void receive(const ncl_json_doc *doc, ncl_writer *out) {
  char *plugin = member(doc, "plugin"), *config = member(doc, "config");
  ncl_test_options options = {.plugin = plugin, .config = config, .signal = NCL_SIGNAL_METRICS};
  ncl_test *t = ncl_test_open(&options);
  if (ncl_test_status(t) == NCL_OK) {
    if (ncl_test_start(t) != NCL_OK) exit(2);
    send_all(t, doc);
    ncl_test_advance(t, INTERVAL_NS);
    say(out, "[");
    for (uint32_t sink = 0, i = 0, written = 0; i < ncl_test_sink_count(t, sink); i++) {
      const ncl_batch *batch = ncl_test_sink_at(t, sink, i)->batch;
      if (batch->signal != NCL_SIGNAL_METRICS) continue;
      if (written++ > 0) say(out, ",");
      if (ncl_batch_to_json(batch, out) != NCL_OK) exit(2);
    }
    say(out, "]");
  } else {
    const char *words = ncl_test_diagnostics(t);
    say(out, "{\"mistake\":");
    ncl_json_put_str(out, ncl_str_of(words, strlen(words)));
    say(out, "}");
  }
  if (ncl_test_close(t) != 0) exit(3);
  free(plugin);
  free(config);
}

int main(void) {
  char *line = malloc(LINE_MAX_BYTES);
  ncl_writer out;
  if (line == NULL) return 2;
  ncl_writer_heap(&out, LINE_MAX_BYTES * 4);
  while (fgets(line, (int)LINE_MAX_BYTES, stdin) != NULL) {
    ncl_json_doc doc;
    ncl_writer_reset(&out);
    if (ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)line, strlen(line)}) != NCL_OK) return 2;
    receive(&doc, &out);
    (void)fwrite(out.base, 1, out.len, stdout);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    ncl_json_doc_close(&doc);
  }
  ncl_writer_close(&out);
  free(line);
  return 0;
}
