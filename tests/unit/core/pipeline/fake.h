/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pipeline/fake.h: a plugin within the test with a component of each kind. What one does is in its
 * name ("acme/late") or config ({does: late}); what is done to it is written down. It takes the place of the library's
 * registry. */
#ifndef NACELLE_TESTS_FAKE_H
#define NACELLE_TESTS_FAKE_H

#include <stdbool.h>
#include <stdio.h>

#include "../process_fixture.h"

#include "core/plugin/handshake.h"

const ncl_type *ncl_registry_find_file(ncl_registry *registry, uint32_t kind, ncl_str type, char *why, size_t size);
#define ncl_registry_find ncl_registry_find_file
#include "core/plugin/registry.c"
#undef ncl_registry_find

#define FAKES_MAX 64u

typedef struct fake {
  const ncl_host *host;
  ncl_component *me;
  char id[40];
  char does[16];
  int64_t level;
  uint32_t kind;
  uint32_t signal;
  const ncl_output_info *outputs;
  uint32_t output_count;
  ncl_token start, drain, shutdown, attempt; /* answered NCL_PENDING */
  int64_t drain_deadline_ns;
  uint64_t consumed; /* items */
  uint64_t sent;
} fake;

/* What the components of one test have been through. */
static struct {
  char events[8192];
  fake *all[FAKES_MAX];
  uint32_t count;
  uint32_t starts;            /* of those that start once */
  const void *seen_interface; /* of the extension that the last exporter with a storage was created with */
} stage;

static inline void note(const char *what, const fake *f) {
  size_t len = strlen(stage.events);
  (void)snprintf(stage.events + len, sizeof stage.events - len, "%s%s %s", len > 0 ? ", " : "", what, f->id);
}

/* "acme/late" is late. */
static inline bool is(const fake *f, const char *word) {
  const char *name = strchr(f->id, '/');
  if (strcmp(f->does, word) == 0) return true;
  return name != NULL && strncmp(name + 1, word, strlen(word)) == 0;
}

static inline ncl_status fake_create(uint32_t kind, const ncl_create *create, void **self) {
  fake *f = calloc(1, sizeof *f);
  if (f == NULL) return NCL_NO_MEMORY;
  f->host = create->host;
  f->me = create->me;
  f->kind = kind;
  f->signal = create->signal;
  (void)snprintf(f->id, sizeof f->id, "%.*s", (int)create->id.len, create->id.ptr);
  f->outputs = create->outputs.base;
  f->output_count = create->outputs.count;
  note("create", f);
  const ncl_value *does = ncl_value_get(create->config, (ncl_str)NCL_STR("does"));
  const ncl_value *level = ncl_value_get(create->config, (ncl_str)NCL_STR("level"));
  if (does != NULL) (void)snprintf(f->does, sizeof f->does, "%.*s", (int)does->s.len, does->s.ptr);
  if (level != NULL) f->level = level->i;
  const ncl_value *fault = ncl_value_get(create->config, (ncl_str)NCL_STR("fault"));
  const ncl_value *ref = ncl_value_get(create->config, (ncl_str)NCL_STR("other"));
  if (ref != NULL && ref->s.len > 0) {
    stage.seen_interface = f->host->component_interface(f->me, ref->s, (ncl_str)NCL_STR("fake/1"), NULL);
  }
  bool refused = fault != NULL && fault->i != 0;
  if (refused) f->host->config_error(f->me, fault, (ncl_str)NCL_STR("it is faulty"), (ncl_str)NCL_STR("mend it"));
  if (is(f, "forgetful")) {
    f->host->config_error(f->me, NULL, (ncl_str)NCL_STR("it forgets"), (ncl_str){NULL, 0});
  } else if (refused || is(f, "dead")) {
    free(f);
    return NCL_PERMANENT;
  }
  assert_true(stage.count < FAKES_MAX);
  stage.all[stage.count++] = f;
  *self = f;
  return NCL_OK;
}

#define FAKE_CREATE(name, kind)                                            \
  static ncl_status create_##name(const ncl_create *create, void **self) { \
    return fake_create(kind, create, self);                                \
  }
FAKE_CREATE(receiver, NCL_KIND_RECEIVER)
FAKE_CREATE(processor, NCL_KIND_PROCESSOR)
FAKE_CREATE(exporter, NCL_KIND_EXPORTER)
FAKE_CREATE(connector, NCL_KIND_CONNECTOR)
FAKE_CREATE(extension, NCL_KIND_EXTENSION)
FAKE_CREATE(service, NCL_KIND_SERVICE)

static inline ncl_status fake_start(void *self, ncl_token token, ncl_outcome *outcome) {
  fake *f = self;
  note("start", f);
  if (is(f, "late")) {
    f->start = token;
    return NCL_PENDING;
  }
  if (is(f, "fatal")) f->host->fatal(f->me, (ncl_str)NCL_STR("it cannot be mended"));
  if (is(f, "complaining")) f->host->config_error(f->me, NULL, (ncl_str)NCL_STR("too late"), (ncl_str){NULL, 0});
  /* "once" starts the first time only. */
  if (!is(f, "bad") && (!is(f, "once") || stage.starts++ == 0)) return NCL_OK;
  outcome->message = (ncl_str)NCL_STR("it is bad");
  return NCL_PERMANENT;
}

static inline void fake_refresh(void *self) {
  note("refresh", self);
}

static inline ncl_status fake_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  fake *f = self;
  (void)outcome;
  note("drain", f);
  f->drain_deadline_ns = deadline_ns;
  if (!is(f, "slow")) return NCL_OK;
  f->drain = token;
  return NCL_PENDING;
}

static inline ncl_status fake_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  fake *f = self;
  (void)outcome;
  note("shutdown", f);
  if (!is(f, "stuck")) return NCL_OK;
  f->shutdown = token;
  return NCL_PENDING;
}

static inline void fake_destroy(void *self) {
  note("destroy", self);
  for (uint32_t i = 0; i < stage.count; i++) {
    if (stage.all[i] == self) stage.all[i] = NULL;
  }
  free(self);
}

static inline ncl_status fake_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  fake *f = self;
  (void)outcome;
  f->consumed += call->batch->items;
  return NCL_FORWARD;
}

static inline ncl_status fake_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns,
                                   ncl_outcome *outcome) {
  fake *f = self;
  (void)deadline_ns, (void)outcome;
  f->attempt = token;
  if (is(f, "hanging")) return NCL_PENDING;
  if (is(f, "refusing")) return NCL_RETRYABLE;
  f->sent += item->items;
  return NCL_OK;
}

static inline ncl_status fake_probe(void *self, ncl_token token, ncl_outcome *outcome) {
  fake *f = self;
  const ncl_finding finding = {
      .struct_size = sizeof finding, .result = NCL_FINDING_OK, .what = NCL_STR("the way"), .detail = NCL_STR("open")};
  if (!is(f, "probed") && !is(f, "auth")) return NCL_UNSUPPORTED;
  note("probe", f);
  f->attempt = token;
  if (is(f, "probed_late")) return NCL_PENDING;
  if (is(f, "probed_badly")) {
    outcome->message = (ncl_str)NCL_STR("it is bad");
    return NCL_PERMANENT;
  }
  f->host->finding(f->me, &finding);
  return NCL_OK;
}

static inline const void *fake_publish(void *self, ncl_str name) {
  const fake *f = self;
  if (is(f, "auth") && name.len == 17 && memcmp(name.ptr, "ncl.auth.client/1", 17) == 0) return self;
  if (f->kind == NCL_KIND_SERVICE) return self;
  return name.len == 6 && memcmp(name.ptr, "fake/1", 6) == 0 ? self : NULL;
}

#define FAKE_METHODS(name)                                                       \
  static const ncl_methods name##_methods = {.struct_size = sizeof(ncl_methods), \
                                             .create = create_##name,            \
                                             .start = fake_start,                \
                                             .refresh = fake_refresh,            \
                                             .drain = fake_drain,                \
                                             .shutdown = fake_shutdown,          \
                                             .destroy = fake_destroy,            \
                                             .consume = fake_consume,            \
                                             .send = fake_send,                  \
                                             .publish = fake_publish,            \
                                             .probe = fake_probe}
FAKE_METHODS(receiver);
FAKE_METHODS(processor);
FAKE_METHODS(exporter);
FAKE_METHODS(connector);
FAKE_METHODS(extension);
FAKE_METHODS(service);

static const ncl_field fake_fields[] = {
    {.name = NCL_STR("fault"), .type = NCL_TYPE_BOOL},
    {.name = NCL_STR("does"), .type = NCL_TYPE_STRING},
    {.name = NCL_STR("level"), .type = NCL_TYPE_INT},
    {.name = NCL_STR("other"), .type = NCL_TYPE_COMPONENT, .kind = NCL_KIND_EXTENSION, .iface = NCL_STR("fake/1")},
};
static const uint32_t fake_traces[] = {NCL_SIGNAL_TRACES};
static const uint32_t fake_counts[] = {NCL_SIGNAL_TRACES, NCL_SIGNAL_METRICS};

#define FAKE(name, of_kind, of_methods, ...) \
  { .type = NCL_STR(name), .kind = (of_kind), .methods = &of_methods, .fields = NCL_ARRAY(fake_fields), __VA_ARGS__ }
static const ncl_component_type fake_components[] = {
    FAKE("acme", NCL_KIND_RECEIVER, receiver_methods, .flags = 0),
    FAKE("shared", NCL_KIND_RECEIVER, receiver_methods, .flags = NCL_COMPONENT_SHARED),
    FAKE("acme", NCL_KIND_PROCESSOR, processor_methods, .flags = 0),
    FAKE("shared", NCL_KIND_PROCESSOR, processor_methods, .flags = NCL_COMPONENT_SHARED),
    FAKE("acme", NCL_KIND_EXPORTER, exporter_methods, .flags = 0),
    FAKE("direct", NCL_KIND_EXPORTER, exporter_methods, .flags = NCL_COMPONENT_DIRECT),
    FAKE("sole", NCL_KIND_EXPORTER, exporter_methods, .flags = NCL_COMPONENT_EXCLUSIVE),
    FAKE("sole", NCL_KIND_PROCESSOR, processor_methods, .flags = NCL_COMPONENT_EXCLUSIVE),
    FAKE("sole", NCL_KIND_EXTENSION, extension_methods, .flags = NCL_COMPONENT_EXCLUSIVE),
    FAKE("traces", NCL_KIND_EXPORTER, exporter_methods, .signals = NCL_ARRAY(fake_traces)),
    FAKE("join", NCL_KIND_CONNECTOR, connector_methods, .flags = 0),
    FAKE("count", NCL_KIND_CONNECTOR, connector_methods, .outputs = {fake_counts, 1, 2 * (uint32_t)sizeof(uint32_t)}),
    FAKE("acme", NCL_KIND_EXTENSION, extension_methods, .flags = 0),
    FAKE("one", NCL_KIND_SERVICE, service_methods, .flags = 0),
    FAKE("two", NCL_KIND_SERVICE, service_methods, .flags = 0),
    FAKE("three", NCL_KIND_SERVICE, service_methods, .flags = 0),
};
static const ncl_plugin fake_plugin = {.magic = NCL_PLUGIN_MAGIC,
                                       .struct_size = sizeof fake_plugin,
                                       .abi_major = NCL_ABI_MAJOR,
                                       .components = NCL_ARRAY(fake_components)};

static const ncl_plugin *fake_symbol(void) {
  return &fake_plugin;
}

/* Stands in for the files: the handshake is the real one. */
const ncl_type *ncl_registry_find(ncl_registry *registry, uint32_t kind, ncl_str type, char *why, size_t size) {
  static ncl_type types[sizeof fake_components / sizeof fake_components[0]];
  (void)registry;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    if (fake_components[i].kind != kind || !ncl_str_eq(fake_components[i].type, type)) continue;
    types[i].file = "fake.so";
    return ncl_handshake(fake_symbol, kind, type, &types[i], why, size) ? &types[i] : NULL;
  }
  (void)snprintf(why, size, "%s \"%.*s\" is not installed", ncl_kind_name(kind), (int)type.len, type.ptr);
  return NULL;
}

/* The newest one. */
static inline fake *fake_of(uint32_t kind, const char *id, uint32_t signal) {
  for (uint32_t i = stage.count; i > 0; i--) {
    fake *f = stage.all[i - 1];
    if (f != NULL && f->kind == kind && f->signal == signal && strcmp(f->id, id) == 0) return f;
  }
  return NULL;
}

#endif
