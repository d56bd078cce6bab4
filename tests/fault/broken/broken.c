/* SPDX-License-Identifier: Apache-2.0 */
/* An exporter and a processor that break the contract of a plugin in the way that their config names. */
#include <nacelle/config_fill.h>
#include <nacelle/nacelle.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct broken {
  const ncl_host *host;
  ncl_component *me;
  ncl_timer *timer;
  int64_t how;
} broken;

enum {
  COMPLETES_TWICE,
  NEVER_COMPLETES,
  BLOCKS,
  BLOCKS_IN_TIMER,
  SPINS,
  WRITES_TO_NULL,
  ABORTS,
  CRASHES_IN_LIBC,
  EXECUTES_NOTHING,
  OVERFLOWS,
  CRASHES_IN_THREAD,
  CALLS_NULL
};
static const ncl_str ways[] = {NCL_STR("completes_twice"),
                               NCL_STR("never_completes"),
                               NCL_STR("blocks"),
                               NCL_STR("blocks_in_timer"),
                               NCL_STR("spins"),
                               NCL_STR("writes_to_null"),
                               NCL_STR("aborts"),
                               NCL_STR("crashes_in_libc"),
                               NCL_STR("executes_nothing"),
                               NCL_STR("overflows"),
                               NCL_STR("crashes_in_thread"),
                               NCL_STR("calls_null")};
static const ncl_field fields[] = {
    {.name = NCL_STR("how"),
     .type = NCL_TYPE_ENUM,
     .flags = NCL_FIELD_REQUIRED,
     .choices = NCL_ARRAY(ways),
     .doc = NCL_STR("What it does wrong."),
     .offset = offsetof(broken, how)},
};
static const ncl_array field_table = NCL_ARRAY(fields);

static void block(void *arg) {
  const struct timespec day = {86400, 0};
  (void)arg;
  for (;;)
    (void)nanosleep(&day, NULL);
}

static void spin(volatile unsigned *at) {
  for (;;)
    (*at)++;
}

static unsigned overflow(volatile unsigned *at) {
  volatile char room[65536];
  room[*at % sizeof room] = 1;
  (*at)++;
  return overflow(at) + (unsigned)room[0];
}

static void crash(void *arg) {
  *(volatile int *)arg = 1;
}

static void nothing(void *arg) {
  (void)arg;
}

static ncl_status break_it(broken *b, ncl_token token) {
  static const ncl_outcome ok = NCL_OUTCOME_INIT;
  volatile unsigned count = 0;
  char *volatile null = NULL;
  void (*volatile nobody)(void) = NULL;
  switch (b->how) {
    case COMPLETES_TWICE:
      b->host->complete(b->me, token, &ok);
      b->host->complete(b->me, token, &ok);
      return NCL_PENDING;
    case NEVER_COMPLETES:
      return NCL_PENDING;
    case BLOCKS:
      block(NULL);
      break;
    case BLOCKS_IN_TIMER:
      b->host->timer_set(b->timer, b->host->now_ns(b->me));
      return NCL_OK;
    case SPINS:
      spin(&count);
      break;
    case WRITES_TO_NULL:
      crash(null);
      break;
    case ABORTS:
      abort();
    case CRASHES_IN_LIBC:
      return strlen(null) == 7 ? NCL_OK : NCL_PERMANENT;
    case EXECUTES_NOTHING:
      __builtin_trap();
    case OVERFLOWS:
      return overflow(&count) == 7 ? NCL_OK : NCL_PERMANENT;
    case CRASHES_IN_THREAD:
      return b->host->work(b->me, crash, nothing, NULL);
    default:
      nobody();
      break;
  }
  return NCL_OK;
}

static ncl_status broken_create(const ncl_create *create, void **self) {
  broken *b = calloc(1, sizeof *b);
  if (b == NULL) return NCL_NO_MEMORY;
  b->host = create->host;
  b->me = create->me;
  b->timer = b->host->timer_open(b->me, block, NULL);
  *self = b;
  return ncl_config_fill(create->config, &field_table, b);
}

static ncl_status broken_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  (void)outcome;
  return break_it(self, call->token);
}

static ncl_status broken_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  (void)item, (void)deadline_ns, (void)outcome;
  return break_it(self, token);
}

static void broken_destroy(void *self) {
  broken *b = self;
  b->host->timer_close(b->timer);
  free(b);
}

static const ncl_methods exporter = {
    .struct_size = sizeof exporter, .create = broken_create, .send = broken_send, .destroy = broken_destroy};
static const ncl_methods processor = {
    .struct_size = sizeof processor, .create = broken_create, .consume = broken_consume, .destroy = broken_destroy};
static const ncl_component_type components[] = {
    {.type = NCL_STR("broken"),
     .kind = NCL_KIND_EXPORTER,
     .doc = NCL_STR("Breaks its contract."),
     .fields = NCL_ARRAY(fields),
     .methods = &exporter},
    {.type = NCL_STR("broken"),
     .kind = NCL_KIND_PROCESSOR,
     .doc = NCL_STR("Breaks its contract."),
     .fields = NCL_ARRAY(fields),
     .methods = &processor},
};
static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .abi_minor_needed = 0,
    .name = NCL_STR("acme-broken"),
    .version = NCL_STR("6.6.6"),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
