/* SPDX-License-Identifier: Apache-2.0 */
/* awsemf.c: the exporter awsemf: its config, its life. */
#include "awsemf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "units.h"

#define SECOND_NS INT64_C(1000000000)

const ncl_metric_type ncl_emf_metrics[NCL_EMF_METRICS] = {
    {.name = NCL_STR("skipped_points"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{datapoint}"),
     .doc = NCL_STR("Data points that make no document: the first of cumulative series, and what has no value."),
     .labels = NCL_STR("reason")},
    {.name = NCL_STR("capped_dimension_sets"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{set}"),
     .doc = NCL_STR("Sets of dimensions that were cut down to the 30 that CloudWatch takes.")},
    {.name = NCL_STR("remembered_series"),
     .type = NCL_METRIC_GAUGE,
     .unit = NCL_STR("{series}"),
     .doc = NCL_STR("Cumulative series whose last value is remembered.")},
    {.name = NCL_STR("stdout_bytes"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("By"),
     .doc = NCL_STR("Bytes of documents that were written to standard output.")},
    NCL_LOG_METRIC_TYPES,
};

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

/* ---- what can be wrong ------------------------------------------------------------------------------- */

static void complain(void *arg, const ncl_value *where, bool is_error, const char *message, const char *hint) {
  const ncl_create *create = arg;
  if (is_error) {
    create->host->config_error(create->me, where, str(message), str(hint));
  } else {
    create->host->config_warning(create->me, where, str(message), str(hint));
  }
}

static void check_descriptors(const ncl_create *create, const ncl_value *descriptors) {
  const ncl_value *one;
  for (uint32_t i = 0; (one = ncl_config_at(descriptors, i)) != NULL; i++) {
    const ncl_value *unit = ncl_value_get(one, str("unit"));
    if (ncl_config_str(one, str("metric_name"), str("")).len == 0) {
      complain((void *)(uintptr_t)create, one, false, "a descriptor without a metric_name has no effect",
               "name the metric");
    } else if (unit == NULL || !ncl_emf_unit_is_known(unit->s)) {
      complain((void *)(uintptr_t)create, unit != NULL ? unit : one, false,
               "this is none of CloudWatch's units, so the descriptor has no effect",
               "write Seconds, Milliseconds, Bytes, Percent, Count, Count/Second, None or another of MetricDatum's");
    }
  }
}

static ncl_status check(const ncl_create *create, const ncl_emf_settings *s) {
  ncl_status status = ncl_aws_session_check(create, &s->session);
  if (ncl_log_settings_check(create, s->retention, s->tags) != NCL_OK) status = NCL_PERMANENT;
  check_descriptors(create, s->descriptors);
  return status;
}

/* ---- life -------------------------------------------------------------------------------------------- */

/* A stream of the exporter's own: a random UUID (RFC 9562, version 4). */
static void name_stream(ncl_emf_exporter *x, uint8_t random[16]) {
  const uint8_t *r = random;
  random[6] = (uint8_t)((random[6] & 0x0fu) | 0x40u);
  random[8] = (uint8_t)((random[8] & 0x3fu) | 0x80u);
  (void)snprintf(x->own_stream, sizeof x->own_stream,
                 "otel-stream-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2],
                 r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

static void destroy(void *self) {
  ncl_emf_exporter *x = self;
  if (x->sender != NULL) {
    ncl_log_sender_stop(x->sender);
    ncl_log_sender_free(x->sender);
  }
  ncl_emf_translator_close(&x->translator);
  if (x->charged > 0) (void)x->host->memory_charge(x->me, -x->charged);
  ncl_writer_close(&x->lines);
  free(x);
}

static ncl_status open_all(ncl_emf_exporter *x, const ncl_create *create) {
  const ncl_emf_complain complaints = {complain, (void *)(uintptr_t)create};
  const ncl_emf_settings *s = &x->settings;
  uint8_t random[24] = {0};
  uint64_t seed;
  if (getrandom(random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random) {
    int64_t now = x->host->now_ns(x->me);
    memcpy(random, &now, sizeof now);
  }
  memcpy(&seed, random + 16, sizeof seed);
  name_stream(x, random);
  ncl_status status = ncl_emf_translator_open(&x->translator, s, seed, &complaints);
  if (status != NCL_OK || s->destination == NCL_EMF_TO_STDOUT) return status;
  const ncl_log_sender_config config = {.client = ncl_aws_session_client(&s->session, create->config),
                                        .request_timeout_ns = s->session.request_timeout * SECOND_NS,
                                        .retention_days = s->retention,
                                        .tags = s->tags,
                                        .max_calls = (uint32_t)s->session.num_workers,
                                        .is_emf = 1};
  x->sender = ncl_log_sender_new(x->host, x->me, &config);
  return x->sender != NULL ? NCL_OK : NCL_NO_MEMORY;
}

static ncl_status create_exporter(const ncl_create *create, void **self) {
  ncl_emf_exporter *x = calloc(1, sizeof *x);
  if (x == NULL) return NCL_NO_MEMORY;
  x->host = create->host;
  x->me = create->me;
  ncl_writer_heap(&x->lines, NCL_EMF_LINES_MAX);
  ncl_status status = ncl_config_fill(create->config, &ncl_emf_fields, &x->settings);
  if (status == NCL_OK) {
    status = check(create, &x->settings);
    ncl_status opened = open_all(x, create);
    if (opened != NCL_OK) status = opened;
  }
  if (status != NCL_OK) {
    destroy(x);
    return status;
  }
  *self = x;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_emf_exporter *x = self;
  (void)token;
  (void)outcome;
  if (x->sender != NULL) {
    ncl_log_sender_stop(x->sender);
  } else {
    (void)ncl_emf_flush(x);
  }
  x->host->timer_close(x->timer);
  x->timer = NULL;
  return NCL_OK;
}

/* Standard output is there. The name of a group is as in translate.c, as far as it is known. */
static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_emf_exporter *x = self;
  ncl_str group = x->settings.log_group, space = x->settings.name_space;
  if (x->sender == NULL) return NCL_OK;
  if (group.len == 0 && space.len > 0) {
    (void)snprintf(x->probed, sizeof x->probed, "/metrics/%.*s", (int)space.len, space.ptr);
    group = str(x->probed);
  }
  return ncl_log_sender_probe(x->sender, group.len > 0 ? group : str("/metrics/{ServiceName}"), token, outcome);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_exporter,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .prepare = ncl_emf_prepare,
                                    .send = ncl_emf_send,
                                    .release = ncl_emf_release,
                                    .cancel = ncl_emf_cancel,
                                    .probe = probe};

static const uint32_t signals[] = {NCL_SIGNAL_METRICS};

static const ncl_component_type components[] = {
    {.type = NCL_STR("awsemf"),
     .kind = NCL_KIND_EXPORTER,
     .doc = NCL_STR("Sends metrics to CloudWatch as log events in the embedded metric format."),
     .signals = NCL_ARRAY(signals),
     .fields = {ncl_emf_field_list, NCL_EMF_FIELDS, sizeof ncl_emf_field_list[0]},
     .methods = &methods,
     .dflt_timeout = NCL_STR("30s"),
     .metrics = NCL_ARRAY(ncl_emf_metrics)},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-awsemf-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
