/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/tap.h: what goes by is shown or counted, and the pipeline sees nothing of it. */
#include "core/control/tap.h"

#include "../pipeline/graph.h"
#include "core/pipeline/graph.h"

static const char two_pipelines[] =
    "receivers: {acme: , acme/other: }\n"
    "processors: {shared: , acme/forward: }\n"
    "exporters: {direct: , acme: }\n"
    "service:\n"
    "  pipelines:\n"
    "    traces: {receivers: [acme, acme/other], processors: [shared, acme/forward], exporters: [direct, acme]}\n"
    "    traces/b: {receivers: [acme], processors: [shared], exporters: [acme]}\n"
    "    traces/plain: {receivers: [acme/other], exporters: [acme, direct]}\n";

typedef struct tapped {
  graph g;
  ncl_taps *taps;
  ncl_tap *tap;
  uint32_t wakes;
  char why[256];
} tapped;

static void on_wake(void *arg) {
  ((tapped *)arg)->wakes++;
}

static void open_on(tapped *t, const char *pipeline, const char *component, uint64_t count) {
  ncl_tap_options options = {ncl_str_of(pipeline, strlen(pipeline)), ncl_str_of(component, strlen(component)), count,
                             on_wake, t};
  t->tap = ncl_tap_open(t->taps, &options, t->why, sizeof t->why);
}

static void open_all(tapped *t) {
  memset(t, 0, sizeof *t);
  graph_open(&t->g, two_pipelines);
  t->taps = ncl_taps_new(t->g.f.process);
}

static void close_all(tapped *t) {
  ncl_tap_close(t->tap);
  assert_null(t->g.f.process->tap);
  ncl_taps_free(t->taps);
  graph_close(&t->g);
}

static fake *receiver(const char *id) {
  return fake_of(NCL_KIND_RECEIVER, id, NCL_SIGNAL_TRACES);
}

/* Takes one frame off what is pending. False = there is none. */
static bool take(tapped *t, ncl_control_frame *frame) {
  ncl_range pending = ncl_tap_pending(t->tap);
  int64_t len = ncl_control_frame_read(pending, NCL_CONTROL_ANSWER_MAX, frame);
  assert_true(len >= 0);
  if (len > 0) ncl_tap_written(t->tap, (size_t)len);
  return len > 0;
}

static uint64_t take_batch(tapped *t) {
  ncl_control_frame frame;
  ncl_control_batch batch;
  ncl_range wire;
  if (!take(t, &frame)) return 0;
  assert_int_equal(frame.kind, NCL_CONTROL_BATCH);
  assert_true(ncl_control_batch_read(frame.body, &batch, &wire));
  assert_int_equal(batch.signal, NCL_SIGNAL_TRACES);
  assert_true(wire.len > 0 && wire.ptr[0] == 0x0a);
  return batch.items;
}

static void emit(tapped *t, const char *from, uint32_t spans) {
  (void)graph_emit(&t->g, receiver(from), 0, spans, NULL, NULL);
  settle(&t->g.f);
}

static void shows_what_enters_one_pipeline_and_no_other(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  emit(&t, "acme", 1); /* nobody looks yet */
  open_on(&t, "traces/b", "", 0);
  assert_non_null(t.tap);
  emit(&t, "acme", 3);
  assert_int_equal(t.wakes, 1);
  assert_int_equal(take_batch(&t), 3);
  assert_int_equal(take_batch(&t), 0);
  emit(&t, "acme/other", 5); /* goes into the others */
  assert_int_equal(take_batch(&t), 0);
  assert_int_equal(t.wakes, 1);
  close_all(&t);
}

static void shows_a_batch_once_where_it_goes_to_several_exporters(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces/plain", "", 0);
  emit(&t, "acme/other", 2);
  assert_int_equal(take_batch(&t), 2);
  assert_int_equal(take_batch(&t), 0);
  close_all(&t);
}

static void shows_what_reaches_a_component(void **state) {
  (void)state;
  static const char *const ids[] = {"shared", "acme/forward", "direct", "acme"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    tapped t;
    open_all(&t);
    open_on(&t, "traces", ids[i], 0);
    assert_non_null(t.tap);
    emit(&t, "acme", 4);
    assert_int_equal(take_batch(&t), 4);
    assert_int_equal(take_batch(&t), 0); /* not what goes to the same component in traces/b */
    close_all(&t);
  }
}

static void shows_what_one_receiver_hands_in(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces", "acme/other", 0);
  emit(&t, "acme", 4);
  assert_int_equal(take_batch(&t), 0);
  emit(&t, "acme/other", 2);
  assert_int_equal(take_batch(&t), 2);
  assert_int_equal(take_batch(&t), 0);
  close_all(&t);
}

static void ends_after_its_count(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces/b", "", 2);
  for (int i = 0; i < 3; i++)
    emit(&t, "acme", 1);
  assert_true(ncl_tap_is_done(t.tap));
  assert_int_equal(take_batch(&t), 1);
  assert_int_equal(take_batch(&t), 1);
  assert_int_equal(take_batch(&t), 0);
  close_all(&t);
}

static void says_what_there_is(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "trace", "", 0);
  assert_null(t.tap);
  assert_string_equal(t.why, "there is no pipeline \"trace\"; the pipelines are traces, traces/b, traces/plain");
  open_on(&t, "traces/b", "direct", 0);
  assert_null(t.tap);
  assert_string_equal(t.why, "the pipeline \"traces/b\" has no component \"direct\"");
  close_all(&t);
}

static ncl_control_lost take_lost(tapped *t) {
  ncl_control_frame frame;
  ncl_control_lost lost = {0, 0};
  while (take(t, &frame)) {
    if (frame.kind == NCL_CONTROL_LOST) assert_true(ncl_control_lost_read(frame.body, &lost));
  }
  return lost;
}

/* Nobody reads, or it is too fast: what is over the rate is counted, to the item. */
static void counts_what_it_does_not_show(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces/b", "", 0);
  for (int i = 0; i < NCL_TAP_BATCHES_A_SECOND + 20; i++)
    emit(&t, "acme", 2);
  for (int i = 0; i < NCL_TAP_BATCHES_A_SECOND; i++)
    assert_int_equal(take_batch(&t), 2);
  ncl_control_lost lost = take_lost(&t);
  assert_int_equal(lost.batches, 20);
  assert_int_equal(lost.items, 40);
  advance(&t.g.f, INT64_C(1000000000)); /* a new second, a new allowance */
  emit(&t, "acme", 7);
  assert_int_equal(take_batch(&t), 7);
  assert_int_equal(take_lost(&t).batches, 0); /* nothing new */
  close_all(&t);
}

/* One request of `spans` spans, each with a name of `len` bytes. */
static const ncl_batch *large_batch(fixture *f, uint32_t spans, size_t len) {
  size_t name = len + 4, span = name + 4, scope = span * spans, size = scope + 10;
  ncl_arena *arena = ncl_arena_open(f->process->pool, size);
  uint8_t *at = ncl_arena_alloc(arena, size), *begin = at;
  const ncl_batch *batch = NULL;
#define LENGTH(n)                                \
  do {                                           \
    *at++ = (uint8_t)((n)&0x7f) | 0x80;          \
    *at++ = (uint8_t)(((n) >> 7) & 0x7f) | 0x80; \
    *at++ = (uint8_t)((n) >> 14);                \
  } while (0)
  *at++ = 0x0a;
  LENGTH(scope + 4);
  *at++ = 0x12;
  LENGTH(scope);
  for (uint32_t i = 0; i < spans; i++) {
    *at++ = 0x12;
    LENGTH(name);
    *at++ = 0x2a;
    LENGTH(len);
    memset(at, 'n', len);
    at += len;
  }
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = ncl_batch_from_wire(f->process->pool, NCL_SIGNAL_TRACES, arena, begin, (size_t)(at - begin),
                                          &batch, &outcome, NULL);
  if (status != NCL_OK) fail_msg("%.*s", (int)outcome.message.len, outcome.message.ptr);
  return batch;
}

static void shows_a_large_batch_in_part(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces/b", "", 0);
  fake *from = receiver("acme");
  const ncl_batch *batch = large_batch(&t.g.f, 100, 10000);
  ncl_emission emission = {sizeof emission, 0, batch, NULL, 0, NULL, NULL};
  (void)from->host->emit(from->me, from->outputs[0].output, &emission, NULL);
  ncl_control_frame frame;
  ncl_control_batch head;
  ncl_range wire;
  assert_true(take(&t, &frame));
  assert_true(ncl_control_batch_read(frame.body, &head, &wire));
  assert_int_equal(head.items, 100);
  assert_int_equal(head.shown, NCL_CONTROL_BATCH_MAX / 10020);
  assert_true(wire.len <= NCL_CONTROL_BATCH_MAX && wire.len > 10000 * head.shown);
  ncl_control_lost lost = take_lost(&t);
  assert_int_equal(lost.batches, 0);
  assert_int_equal(lost.items, 100 - head.shown);
  ncl_batch_release(batch);
  batch = large_batch(&t.g.f, 1, NCL_CONTROL_BATCH_MAX); /* nothing of it fits */
  emission.batch = batch;
  (void)from->host->emit(from->me, from->outputs[0].output, &emission, NULL);
  assert_int_equal(take_lost(&t).batches, 1);
  ncl_batch_release(batch);
  close_all(&t);
}

/* A reader that does not keep up: the buffer has an end, and what is in it stays whole. */
static void a_full_buffer_loses_only_what_is_new(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces/b", "", 0);
  fake *from = receiver("acme");
  const ncl_batch *batch = large_batch(&t.g.f, 20, 10000);
  ncl_emission emission = {sizeof emission, 0, batch, NULL, 0, NULL, NULL};
  for (int i = 0; i < 10; i++)
    (void)from->host->emit(from->me, from->outputs[0].output, &emission, NULL);
  assert_true(ncl_tap_pending(t.tap).len <= NCL_TAP_BUFFER);
  uint64_t shown = 0;
  ncl_control_frame frame;
  ncl_control_lost lost = {0, 0};
  while (take(&t, &frame)) {
    if (frame.kind == NCL_CONTROL_BATCH) shown++;
    if (frame.kind == NCL_CONTROL_LOST) assert_true(ncl_control_lost_read(frame.body, &lost));
  }
  assert_true(shown == 5);
  assert_int_equal(shown + lost.batches, 10);
  ncl_batch_release(batch);
  close_all(&t);
}

static void two_may_look_at_once(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces/b", "", 0);
  ncl_tap *first = t.tap;
  open_on(&t, "traces", "", 0);
  emit(&t, "acme", 3);
  assert_int_equal(take_batch(&t), 3);
  ncl_tap_close(t.tap);
  t.tap = first;
  assert_non_null(t.g.f.process->tap);
  assert_int_equal(take_batch(&t), 3);
  close_all(&t);
}

/* The ways of a reload are new; who looks goes on by name. */
static void goes_on_after_a_reload(void **state) {
  (void)state;
  tapped t;
  open_all(&t);
  open_on(&t, "traces/b", "", 0);
  graph_build_beside(&t.g,
                     "receivers: {acme: }\nprocessors: {shared: }\nexporters: {acme: }\n"
                     "service: {pipelines: {traces/new: {receivers: [acme], exporters: [acme]},\n"
                     "  traces/b: {receivers: [acme], processors: [shared], exporters: [acme]}}}\n");
  if (t.g.errors > 0) fail_msg("%s", t.g.said);
  for (ncl_component *c = ncl_graph_switch(t.g.f.process), *next; c != NULL; c = next) {
    next = c->next;
    ncl_component_free(c);
  }
  emit(&t, "acme", 6);
  assert_int_equal(take_batch(&t), 6);
  assert_int_equal(take_batch(&t), 0);
  close_all(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_what_enters_one_pipeline_and_no_other),
      cmocka_unit_test(shows_a_batch_once_where_it_goes_to_several_exporters),
      cmocka_unit_test(shows_what_reaches_a_component),
      cmocka_unit_test(shows_what_one_receiver_hands_in),
      cmocka_unit_test(ends_after_its_count),
      cmocka_unit_test(says_what_there_is),
      cmocka_unit_test(counts_what_it_does_not_show),
      cmocka_unit_test(shows_a_large_batch_in_part),
      cmocka_unit_test(a_full_buffer_loses_only_what_is_new),
      cmocka_unit_test(two_may_look_at_once),
      cmocka_unit_test(goes_on_after_a_reload),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
