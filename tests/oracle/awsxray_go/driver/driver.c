/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/awsxray_go/driver/driver.c: what the X-Ray plugins make of requests and datagrams, for check.py. Reads
 * commands from stdin, {op, flags, texts, length, bytes}, numbers as uint32 little endian, and answers {status, length,
 * bytes}. */

#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugins/exporters/awsxray/segment.h"
#include "plugins/receivers/awsxray/spans.h"
#include "tests/oracle/otlp/host.h"

#define TEXTS_MAX 32u

/* A list of texts as the config has it. */
typedef struct list {
  ncl_value value;
  ncl_value texts[TEXTS_MAX];
} list;

typedef struct command {
  uint32_t op, flags;
  list indexed, groups;
  uint8_t *bytes;
  uint32_t len;
} command;

static bool read_exactly(void *to, size_t len) {
  return len == 0 || fread(to, 1, len, stdin) == len;
}

static uint32_t read_u32(void) {
  uint32_t n = 0;
  if (!read_exactly(&n, sizeof n)) exit(2);
  return n;
}

/* With padding behind; the caller's. */
static uint8_t *read_bytes(uint32_t *len) {
  *len = read_u32();
  uint8_t *bytes = calloc(1, (size_t)*len + NCL_PADDING);
  if (bytes == NULL || !read_exactly(bytes, *len)) exit(2);
  return bytes;
}

static void read_list(list *to) {
  uint32_t count = read_u32();
  if (count > TEXTS_MAX) exit(2);
  *to = (list){.value = {.kind = NCL_VALUE_LIST, .children = {to->texts, count, sizeof to->texts[0]}}};
  for (uint32_t i = 0; i < count; i++) {
    uint32_t len;
    const char *text = (const char *)read_bytes(&len);
    to->texts[i] = (ncl_value){.kind = NCL_VALUE_STRING, .s = ncl_str_of(text, len)};
  }
}

static void free_list(list *l) {
  for (uint32_t i = 0; i < l->value.children.count; i++)
    free((void *)(uintptr_t)l->texts[i].s.ptr);
}

/* All documents, as a JSON list of texts. */
static ncl_status export_spans(oracle_host *host, const command *c, ncl_writer *out) {
  const ncl_batch *batch = oracle_batch(host, NCL_SIGNAL_TRACES, c->bytes, c->len);
  const ncl_xray_options options = {.indexed_attributes = &c->indexed.value,
                                    .log_groups = &c->groups.value,
                                    .index_all = c->flags & 1u,
                                    .compat = (c->flags & 2u) != 0,
                                    .span_events = (c->flags & 4u) != 0};
  static ncl_xray_translator t;
  if (batch == NULL) return NCL_PERMANENT;
  ncl_xray_translator_open(&t, &options);
  ncl_write_raw(out, "[", 1);
  for (uint32_t g = 0; g < batch->groups.count; g++) {
    const ncl_group *group = ncl_batch_group(batch, g);
    ncl_xray_resource(&t, group->resource);
    for (uint32_t s = group->first_scope; s < group->first_scope + group->scope_count; s++) {
      const ncl_scope *scope = ncl_batch_scope(batch, s);
      for (uint32_t r = scope->first_record; r < scope->first_record + scope->record_count; r++) {
        const ncl_record *record = ncl_batch_record(batch, r);
        ncl_xray_document documents[NCL_XRAY_DOCUMENTS_MAX];
        uint32_t count;
        ncl_str reason;
        (void)ncl_xray_span(&t, (ncl_range){record->ptr, record->len}, out, documents, &count, &reason);
      }
    }
  }
  ncl_write_raw(out, "]", 1);
  ncl_xray_translator_close(&t);
  host->table.batch_release(batch);
  return out->status;
}

/* The request that a datagram comes to. */
static ncl_status receive_datagram(const command *c, ncl_writer *out) {
  static ncl_segment_translator t;
  ncl_range body;
  const char *why;
  uint32_t spans;
  t.compat = (c->flags & 2u) != 0;
  ncl_status status = ncl_segment_body((ncl_range){c->bytes, c->len}, &body, &why);
  if (status == NCL_OK) status = ncl_segment_write(&t, body, out, &spans, &why);
  return status;
}

int main(void) {
  oracle_host host;
  command c;
  oracle_open(&host);
  while (fread(&c.op, 1, sizeof c.op, stdin) == sizeof c.op) {
    ncl_writer out;
    c.flags = read_u32();
    read_list(&c.indexed);
    read_list(&c.groups);
    c.bytes = read_bytes(&c.len);
    ncl_writer_heap(&out, (size_t)1 << 30);
    uint32_t answer[2] = {c.op == 0 ? export_spans(&host, &c, &out) : receive_datagram(&c, &out), 0};
    answer[1] = (uint32_t)out.len;
    (void)fwrite(answer, sizeof answer, 1, stdout);
    if (out.len > 0) (void)fwrite(out.base, 1, out.len, stdout);
    (void)fflush(stdout);
    ncl_writer_close(&out);
    free_list(&c.indexed);
    free_list(&c.groups);
    free(c.bytes);
  }
  oracle_close(&host);
  return 0;
}
