/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/output.c: the way of a batch through components that do as the test says. */
#include "../process_fixture.h"

typedef struct part {
  ncl_component *component;
  ncl_status answer;
  const ncl_batch *forward; /* handed over with NCL_FORWARD */
  const char *message;
  uint64_t rejected;
  const ncl_batch *remainder;
  bool early; /* completes before it answers NCL_PENDING */
  uint32_t calls;
  const ncl_batch *seen;
  const ncl_output *seen_output;
  ncl_token token;
} part;

static void complete(part *p, ncl_status status, const char *message) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = ncl_str_of(message, strlen(message));
  outcome.remainder = p->remainder;
  p->component->process->host.complete(p->component, p->token, &outcome);
}

static ncl_status part_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  part *p = self;
  p->calls++;
  p->seen = call->batch;
  p->seen_output = call->output;
  p->token = call->token;
  outcome->forward = p->forward;
  outcome->rejected = p->rejected;
  outcome->remainder = p->remainder;
  if (p->message != NULL) outcome->message = ncl_str_of(p->message, strlen(p->message));
  if (p->early) complete(p, NCL_PERMANENT, "early");
  return p->answer;
}

static void part_destroy(void *self) {
  (void)self;
}

static const ncl_component_type declared = {.type = NCL_STR("part")};
static const ncl_type type = {
    &declared, NULL, "part.so", {.struct_size = sizeof(ncl_methods), .consume = part_consume, .destroy = part_destroy}};

typedef struct stage {
  fixture f;
  ncl_component *source;
  part parts[6];
  const ncl_batch *batch;
  uint32_t answers;
  ncl_status status;
  uint64_t rejected;
  const ncl_batch *remainder; /* not owned */
  char message[64];
} stage;

static part *make(stage *s, uint32_t i, uint32_t kind, ncl_status answer) {
  part *p = &s->parts[i];
  char id[] = {'p', (char)('0' + i)};
  p->component = ncl_component_new(s->f.process, &type, kind, ncl_str_of(id, 2), NCL_SIGNAL_TRACES, (ncl_str){NULL, 0});
  p->component->self = p;
  p->component->state = NCL_STATE_STARTED;
  p->component->next = s->f.process->components;
  s->f.process->components = p->component;
  p->answer = answer;
  return p;
}

static void open_stage(stage *s) {
  memset(s, 0, sizeof *s);
  fixture_open(&s->f);
  s->source = make(s, 5, NCL_KIND_RECEIVER, NCL_OK)->component;
  s->batch = batch_of(&s->f, 3);
}

static void close_stage(stage *s) {
  ncl_batch_release(s->batch);
  settle(&s->f);
  assert_int_equal(ncl_tokens_count(s->f.process->tokens).open, 0);
  assert_int_equal(ncl_pool_used(s->f.process->pool), 0);
  fixture_close(&s->f);
}

/* An output to parts `first` to `last`, behind each of which comes `next`. */
static ncl_output *output_to(stage *s, uint32_t first, uint32_t last, ncl_output *next) {
  ncl_output *output = ncl_output_new(s->f.process, last - first + 1);
  for (uint32_t i = first; i <= last; i++)
    output->targets[output->count++] = (ncl_target){s->parts[i].component, next, 0};
  return output;
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  stage *s = arg;
  s->answers++;
  s->status = outcome->status;
  s->rejected = outcome->rejected;
  s->remainder = outcome->remainder;
  size_t len = outcome->message.len < sizeof s->message - 1 ? outcome->message.len : sizeof s->message - 1;
  if (len > 0) memcpy(s->message, outcome->message.ptr, len);
  s->message[len] = '\0';
}

static ncl_status emit_until(stage *s, ncl_output *output, int64_t deadline_ns) {
  ncl_emission emission = {sizeof emission, 0, s->batch, NULL, deadline_ns, on_done, s};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = s->f.process->host.emit(s->source, output, &emission, &outcome);
  if (status == NCL_PENDING) return status;
  on_done(s, &outcome);
  s->answers--;
  assert_int_equal(s->status, status);
  return status;
}

static ncl_status emit(stage *s, ncl_output *output) {
  return emit_until(s, output, 0);
}

static void a_fan_out_hands_the_same_batch_to_all(void **state) {
  (void)state;
  stage s;
  open_stage(&s);
  for (uint32_t i = 0; i < 3; i++)
    (void)make(&s, i, NCL_KIND_EXPORTER, NCL_OK);
  uint64_t used = ncl_pool_used(s.f.process->pool);
  s.parts[1].rejected = 2;
  assert_int_equal(emit(&s, output_to(&s, 0, 2, NULL)), NCL_OK);
  assert_int_equal(s.rejected, 2);
  for (uint32_t i = 0; i < 3; i++)
    assert_ptr_equal(s.parts[i].seen, s.batch);
  assert_int_equal(ncl_pool_used(s.f.process->pool), used);
  close_stage(&s);
}

static void the_worst_answer_wins(void **state) {
  (void)state;
  static const ncl_status rows[][3] = {
      {NCL_OK, NCL_PERMANENT, NCL_PERMANENT},
      {NCL_PERMANENT, NCL_RETRYABLE, NCL_RETRYABLE},
      {NCL_RETRYABLE, NCL_PERMANENT, NCL_RETRYABLE},
      {NCL_OK, NCL_NO_MEMORY, NCL_NO_MEMORY},
      {NCL_UNSUPPORTED, NCL_OK, NCL_PERMANENT},
      {77, NCL_OK, NCL_PERMANENT},
      {77, NCL_RETRYABLE, NCL_RETRYABLE},
  };
  for (uint32_t later = 0; later < 4; later++) { /* bit i: part i answers NCL_PENDING and completes */
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
      stage s;
      open_stage(&s);
      for (uint32_t i = 0; i < 2; i++) {
        bool pending = (later >> i & 1) != 0;
        make(&s, i, NCL_KIND_EXPORTER, pending ? NCL_PENDING : rows[row][i])->message = "now";
      }
      ncl_status status = emit(&s, output_to(&s, 0, 1, NULL));
      for (uint32_t i = 0; i < 2; i++) {
        if ((later >> i & 1) != 0) complete(&s.parts[i], rows[row][i], "later");
      }
      settle(&s.f);
      if (later > 0) assert_int_equal(status, NCL_PENDING);
      assert_int_equal(s.answers, later > 0);
      assert_int_equal(s.status, rows[row][2]);
      assert_true(s.message[0] != '\0');
      close_stage(&s);
    }
  }
}

static void a_completion_before_the_answer_is_delivered_later(void **state) {
  (void)state;
  stage s;
  open_stage(&s);
  make(&s, 0, NCL_KIND_EXPORTER, NCL_PENDING)->early = true;
  make(&s, 1, NCL_KIND_EXPORTER, NCL_PENDING)->early = true;
  assert_int_equal(emit(&s, output_to(&s, 0, 0, NULL)), NCL_PENDING);
  assert_int_equal(s.answers, 0);
  settle(&s.f);
  assert_int_equal(s.answers, 1);
  assert_int_equal(s.status, NCL_PERMANENT);
  assert_string_equal(s.message, "early");
  assert_int_equal(emit(&s, output_to(&s, 0, 1, NULL)), NCL_PENDING);
  settle(&s.f);
  assert_int_equal(s.answers, 2);
  close_stage(&s);
}

static void passes_a_batch_through_a_chain_under_one_token(void **state) {
  (void)state;
  stage s;
  open_stage(&s);
  (void)make(&s, 0, NCL_KIND_PROCESSOR, NCL_FORWARD);
  (void)make(&s, 1, NCL_KIND_PROCESSOR, NCL_FORWARD);
  (void)make(&s, 2, NCL_KIND_EXPORTER, NCL_PENDING);
  s.parts[1].forward = batch_of(&s.f, 1);
  const ncl_batch *changed = s.parts[1].forward;
  ncl_output *last = output_to(&s, 2, 2, NULL);
  assert_int_equal(emit(&s, output_to(&s, 0, 0, output_to(&s, 1, 1, last))), NCL_PENDING);
  assert_ptr_equal(s.parts[1].seen, s.batch);
  assert_ptr_equal(s.parts[1].seen_output, last);
  assert_ptr_equal(s.parts[2].seen, changed); /* and its reference was given back: close_stage looks */
  assert_int_equal(s.parts[0].token, s.parts[2].token);
  assert_int_equal(ncl_tokens_count(s.f.process->tokens).open, 1);
  complete(&s.parts[2], NCL_OK, "");
  settle(&s.f);
  assert_int_equal(s.answers, 1);
  close_stage(&s);
}

static void nothing_left_is_the_end_and_good(void **state) {
  (void)state;
  stage s;
  open_stage(&s);
  (void)make(&s, 0, NCL_KIND_PROCESSOR, NCL_FORWARD);
  (void)make(&s, 1, NCL_KIND_EXPORTER, NCL_RETRYABLE);
  ncl_arena *arena = ncl_arena_open(s.f.process->pool, 16);
  void *bytes = ncl_arena_alloc(arena, 0);
  assert_int_equal(
      ncl_batch_from_wire(s.f.process->pool, NCL_SIGNAL_TRACES, arena, bytes, 0, &s.parts[0].forward, NULL, NULL),
      NCL_OK);
  assert_int_equal(emit(&s, output_to(&s, 0, 0, output_to(&s, 1, 1, NULL))), NCL_OK);
  assert_int_equal(s.parts[1].calls, 0);
  close_stage(&s);
}

static const ncl_batch *metrics_of(stage *s) {
  ncl_arena *arena = ncl_arena_open(s->f.process->pool, 64);
  const uint8_t wire[] = {0x0a, 7, 0x12, 5, 0x12, 3, 0x0a, 1, 'm'}; /* one metric without points */
  void *bytes = ncl_arena_alloc(arena, sizeof wire);
  memcpy(bytes, wire, sizeof wire);
  const ncl_batch *batch = NULL;
  assert_int_equal(
      ncl_batch_from_wire(s->f.process->pool, NCL_SIGNAL_METRICS, arena, bytes, sizeof wire, &batch, NULL, NULL),
      NCL_OK);
  return batch;
}

/* Sending again what is left of a batch that was changed on the way would change it twice. */
static void what_is_left_of_another_batch_is_not_for_the_sender(void **state) {
  (void)state;
  for (uint32_t row = 0; row < 4; row++) {
    bool later = (row & 1) != 0, changed = (row & 2) != 0;
    stage s;
    open_stage(&s);
    const ncl_batch *rest = batch_of(&s.f, 1);
    part *processor = make(&s, 0, NCL_KIND_PROCESSOR, NCL_FORWARD);
    if (changed) processor->forward = batch_of(&s.f, 3);
    part *exporter = make(&s, 1, NCL_KIND_EXPORTER, later ? NCL_PENDING : NCL_RETRYABLE);
    if (!later) exporter->remainder = rest;
    assert_int_equal(emit(&s, output_to(&s, 0, 0, output_to(&s, 1, 1, NULL))), exporter->answer);
    exporter->remainder = rest;
    if (later) complete(exporter, NCL_RETRYABLE, "");
    settle(&s.f);
    assert_int_equal(s.status, NCL_RETRYABLE);
    assert_ptr_equal(s.remainder, changed ? NULL : rest);
    ncl_batch_release(rest);
    close_stage(&s);
  }
}

static void a_processor_cannot_turn_the_signal(void **state) {
  (void)state;
  stage s;
  open_stage(&s);
  make(&s, 0, NCL_KIND_PROCESSOR, NCL_FORWARD)->forward = metrics_of(&s);
  (void)make(&s, 1, NCL_KIND_EXPORTER, NCL_OK);
  assert_int_equal(emit(&s, output_to(&s, 0, 0, output_to(&s, 1, 1, NULL))), NCL_PERMANENT);
  assert_int_equal(s.parts[1].calls, 0);
  close_stage(&s);
}

static void a_connector_forwards_to_the_pipelines_of_the_batchs_signal(void **state) {
  (void)state;
  stage s;
  open_stage(&s);
  part *connector = make(&s, 0, NCL_KIND_CONNECTOR, NCL_FORWARD);
  (void)make(&s, 1, NCL_KIND_EXPORTER, NCL_OK);
  (void)make(&s, 2, NCL_KIND_EXPORTER, NCL_OK);
  ncl_output_info *infos = calloc(2, sizeof *infos);
  assert_non_null(infos);
  infos[0] = (ncl_output_info){output_to(&s, 1, 1, NULL), {NULL, 0}, NCL_SIGNAL_TRACES, 0};
  infos[1] = (ncl_output_info){output_to(&s, 2, 2, NULL), {NULL, 0}, NCL_SIGNAL_METRICS, 0};
  connector->component->outputs = infos;
  connector->component->output_count = 2;
  ncl_output *entry = output_to(&s, 0, 0, NULL);
  assert_int_equal(emit(&s, entry), NCL_OK);
  assert_int_equal(s.parts[1].calls, 1);
  connector->forward = metrics_of(&s);
  assert_int_equal(emit(&s, entry), NCL_OK);
  assert_int_equal(s.parts[1].calls, 1);
  assert_int_equal(s.parts[2].calls, 1);
  close_stage(&s);
}

static void refuses_what_components_must_not_answer(void **state) {
  (void)state;
  static const ncl_status answers[] = {77, UINT32_MAX, NCL_UNSUPPORTED, NCL_FORWARD};
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    stage s;
    open_stage(&s);
    (void)make(&s, 0, NCL_KIND_EXPORTER, answers[i]); /* nothing follows an exporter */
    assert_int_equal(emit(&s, output_to(&s, 0, 0, NULL)), NCL_PERMANENT);
    assert_true(s.message[0] != '\0');
    close_stage(&s);
  }
}

static void a_completion_that_is_none_is_a_refusal(void **state) {
  (void)state;
  static const ncl_status answers[] = {77, UINT32_MAX, NCL_PENDING, NCL_FORWARD};
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    stage s;
    open_stage(&s);
    (void)make(&s, 0, NCL_KIND_EXPORTER, NCL_PENDING);
    assert_int_equal(emit(&s, output_to(&s, 0, 0, NULL)), NCL_PENDING);
    complete(&s.parts[0], answers[i], "");
    settle(&s.f);
    assert_int_equal(s.answers, 1);
    assert_int_equal(s.status, NCL_PERMANENT);
    close_stage(&s);
  }
}

static void only_the_first_completion_counts(void **state) {
  (void)state;
  stage s;
  open_stage(&s);
  (void)make(&s, 0, NCL_KIND_EXPORTER, NCL_PENDING);
  (void)make(&s, 1, NCL_KIND_EXPORTER, NCL_PENDING);
  assert_int_equal(emit(&s, output_to(&s, 0, 1, NULL)), NCL_PENDING);
  complete(&s.parts[0], NCL_OK, "");
  complete(&s.parts[0], NCL_RETRYABLE, "");
  settle(&s.f);
  assert_int_equal(s.answers, 0); /* twice one way is not two ways */
  complete(&s.parts[1], NCL_OK, "");
  settle(&s.f);
  assert_int_equal(s.answers, 1);
  assert_int_equal(s.status, NCL_OK);
  assert_int_equal(ncl_tokens_count(s.f.process->tokens).stale, 1);
  /* Who answered at once has nothing to complete any more. */
  s.parts[0].answer = NCL_OK;
  s.parts[0].early = true;
  assert_int_equal(emit(&s, output_to(&s, 0, 0, NULL)), NCL_OK);
  settle(&s.f);
  assert_int_equal(s.answers, 1);
  close_stage(&s);
}

static void the_deadline_of_an_emission_ends_the_wait(void **state) {
  (void)state;
  for (uint32_t ways = 1; ways <= 2; ways++) {
    stage s;
    open_stage(&s);
    (void)make(&s, 0, NCL_KIND_EXPORTER, NCL_PENDING);
    (void)make(&s, 1, NCL_KIND_EXPORTER, NCL_PENDING);
    int64_t deadline = ncl_loop_now_ns(s.f.loop) + 1000;
    assert_int_equal(emit_until(&s, output_to(&s, 0, ways - 1, NULL), deadline), NCL_PENDING);
    advance(&s.f, 999);
    assert_int_equal(s.answers, 0);
    advance(&s.f, 1);
    assert_int_equal(s.answers, 1);
    assert_int_equal(s.status, NCL_RETRYABLE);
    complete(&s.parts[0], NCL_OK, "");
    complete(&s.parts[1], NCL_OK, "");
    settle(&s.f);
    assert_int_equal(s.answers, 1);
    close_stage(&s);
  }
}

static void who_never_answers_does_when_it_is_destroyed(void **state) {
  (void)state;
  for (uint32_t ways = 1; ways <= 3; ways++) {
    stage s;
    open_stage(&s);
    for (uint32_t i = 0; i < 3; i++)
      (void)make(&s, i, NCL_KIND_EXPORTER, NCL_PENDING);
    assert_int_equal(emit(&s, output_to(&s, 0, ways - 1, NULL)), NCL_PENDING);
    ncl_batch_release(s.batch);
    fixture_close(&s.f); /* neither the calls nor the fan are lost, which a sanitizer would see */
    assert_int_equal(s.answers, 1);
    assert_int_equal(s.status, NCL_RETRYABLE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fan_out_hands_the_same_batch_to_all),
      cmocka_unit_test(the_worst_answer_wins),
      cmocka_unit_test(a_completion_before_the_answer_is_delivered_later),
      cmocka_unit_test(passes_a_batch_through_a_chain_under_one_token),
      cmocka_unit_test(nothing_left_is_the_end_and_good),
      cmocka_unit_test(what_is_left_of_another_batch_is_not_for_the_sender),
      cmocka_unit_test(a_processor_cannot_turn_the_signal),
      cmocka_unit_test(a_connector_forwards_to_the_pipelines_of_the_batchs_signal),
      cmocka_unit_test(refuses_what_components_must_not_answer),
      cmocka_unit_test(a_completion_that_is_none_is_a_refusal),
      cmocka_unit_test(only_the_first_completion_counts),
      cmocka_unit_test(the_deadline_of_an_emission_ends_the_wait),
      cmocka_unit_test(who_never_answers_does_when_it_is_destroyed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
