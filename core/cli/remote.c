/* SPDX-License-Identifier: Apache-2.0 */
/* Question and answer. What comes is printed without control characters, whoever it was that answered. */
#include "core/cli/remote.h"

#include <inttypes.h>
#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/control/client.h"
#include "core/telemetry/line.h"
#include "core/telemetry/names.h"

#define ANSWER_MS 5000
#define JSON_MAX ((size_t)64 << 20) /* bytes of one line */

static int fail(const char *why) {
  (void)fprintf(stderr, "Error: %s\n", why);
  return EXIT_FAILURE;
}

static ncl_client *connect_to(const ncl_options *o, char why[NCL_CLIENT_WHY]) {
  ncl_control_roots roots = ncl_control_roots_of_process();
  if (o->control_socket != NULL && strcmp(o->control_socket, "none") == 0) {
    (void)snprintf(why, NCL_CLIENT_WHY, "--control-socket none: there is nobody to ask");
    return NULL;
  }
  return ncl_client_open(o->control_socket, (pid_t)o->pid, &roots, why);
}

static void print_clean(FILE *out, ncl_range text) {
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.ptr[i];
    (void)fputc((c < ' ' && c != '\n') || c == 0x7f ? '?' : c, out);
  }
}

/* What a frame says that ends the conversation. */
static int print_answer(const ncl_control_frame *frame) {
  if (frame->kind == NCL_CONTROL_TEXT) {
    print_clean(stdout, frame->body);
    return EXIT_SUCCESS;
  }
  (void)fputs("Error: ", stderr);
  print_clean(stderr, frame->kind == NCL_CONTROL_ERROR ? frame->body : (ncl_range){NULL, 0});
  (void)fputc('\n', stderr);
  return EXIT_FAILURE;
}

static int ask(const ncl_options *options, const char *verb, const char *const *pairs) {
  char why[NCL_CLIENT_WHY] = "the collector ended without an answer";
  ncl_control_frame frame;
  int exit_code = EXIT_FAILURE;
  ncl_client *client = connect_to(options, why);
  if (client == NULL) return fail(why);
  if (ncl_client_ask(client, verb, pairs, why) && ncl_client_next(client, ANSWER_MS, &frame, why) == 1) {
    exit_code = print_answer(&frame);
  } else {
    (void)fail(why);
  }
  ncl_client_close(client);
  return exit_code;
}

int ncl_cli_status(const ncl_options *options) {
  const char *const pairs[] = {"format", options->format, NULL};
  return ask(options, "status", pairs);
}

int ncl_cli_log_level(const ncl_options *options) {
  const char *const pairs[] = {"level", options->word_count > 0 ? options->words[0] : NULL, NULL};
  return ask(options, "log-level", pairs);
}

/* ---- tap ------------------------------------------------------------------------------------------ */

/* What is being shown. */
typedef struct viewer {
  bool summary; /* a line a batch instead of all of it */
  ncl_writer json;
  uint64_t shown;
  ncl_control_lost lost;
  uint64_t told_batches, told_items;
  time_t told_s; /* when the losses were last told */
} viewer;

static void tell_losses(viewer *v, bool now) {
  time_t second = time(NULL);
  bool news = v->lost.batches != v->told_batches || v->lost.items != v->told_items;
  if (!news || (!now && second == v->told_s)) return;
  (void)fprintf(stderr,
                "not shown so far: %" PRIu64 " batches, %" PRIu64 " items (looking must not slow the pipeline)\n",
                v->lost.batches, v->lost.items);
  v->told_batches = v->lost.batches;
  v->told_items = v->lost.items;
  v->told_s = second;
}

static void print_summary(const ncl_control_batch *batch, size_t bytes) {
  char when[48];
  ncl_line line = {.buf = when, .size = sizeof when};
  ncl_str signal = ncl_name_signal(batch->signal), items = ncl_name_items(batch->signal);
  ncl_line_time(&line, batch->wall_ns);
  (void)printf("%.*s %.*s: %" PRIu64 " %.*s, ", (int)line.len, when, (int)signal.len, signal.ptr, batch->items,
               (int)items.len, items.ptr);
  if (batch->shown == batch->items) {
    (void)printf("%zu bytes\n", bytes);
  } else {
    (void)printf("%zu bytes of the first %" PRIu64 "\n", bytes, batch->shown);
  }
}

/* False: it cannot be shown, which was said. */
static bool print_json(viewer *v, const ncl_control_batch *batch, ncl_range wire) {
  ncl_writer_reset(&v->json);
  ncl_status status = ncl_message_to_json(batch->signal, wire, &v->json);
  if (status == NCL_OK) {
    (void)fwrite(v->json.base, 1, v->json.len, stdout);
    (void)fputc('\n', stdout);
    return true;
  }
  (void)fail(status == NCL_UNSUPPORTED
                 ? "there is no JSON of this signal: --format summary shows that there is something"
             : status == NCL_PERMANENT ? "what came is no OTLP"
                                       : "no memory");
  return false;
}

static bool show(viewer *v, const ncl_control_frame *frame) {
  ncl_control_batch batch;
  ncl_range wire;
  if (frame->kind == NCL_CONTROL_LOST) {
    if (ncl_control_lost_read(frame->body, &v->lost)) tell_losses(v, false);
    return true;
  }
  if (frame->kind != NCL_CONTROL_BATCH || !ncl_control_batch_read(frame->body, &batch, &wire)) {
    (void)print_answer(frame);
    return false;
  }
  if (v->summary) {
    print_summary(&batch, wire.len);
  } else if (!print_json(v, &batch, wire)) {
    return false;
  }
  v->shown++;
  return fflush(stdout) == 0;
}

int ncl_cli_tap(const ncl_options *options) {
  char why[NCL_CLIENT_WHY], count[24] = "";
  viewer v = {.summary = options->format != NULL && strcmp(options->format, "summary") == 0};
  ncl_control_frame frame;
  (void)snprintf(count, sizeof count, "%" PRId64, options->count);
  const char *const pairs[] = {"pipeline", options->words[0], "count", count, "component", options->component, NULL};
  ncl_client *client = connect_to(options, why);
  if (client == NULL) return fail(why);
  ncl_writer_heap(&v.json, JSON_MAX);
  int next = -1;
  bool good = ncl_client_ask(client, "tap", pairs, why);
  if (!good) (void)fail(why);
  while (good && (next = ncl_client_next(client, -1, &frame, why)) == 1)
    good = show(&v, &frame);
  if (good && next < 0) (void)fail(why);
  tell_losses(&v, true);
  ncl_writer_close(&v.json);
  ncl_client_close(client);
  if (!good || next != 0) return EXIT_FAILURE;
  if (options->count == 0 || v.shown == (uint64_t)options->count) return EXIT_SUCCESS;
  (void)fprintf(stderr, "Error: the collector ended after %" PRIu64 " of %" PRId64 " batches\n", v.shown,
                options->count);
  return EXIT_FAILURE;
}
