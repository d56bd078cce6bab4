/* SPDX-License-Identifier: Apache-2.0 */
/* awscloudwatchlogs.c: the exporter awscloudwatchlogs: its config, its life. */
#include "awscloudwatchlogs.h"

#include <nacelle/config_fill.h>
#include <stddef.h>
#include <stdlib.h>

#define SECOND_NS INT64_C(1000000000)
#define NAME_MAX_BYTES 4096u /* a name with its placeholders filled in; AWS takes 512 characters of it */

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_cwl_settings, member)

static const ncl_field text = {.type = NCL_TYPE_STRING};

static const ncl_field fields[] = {
    {FIELD("log_group_name", NCL_TYPE_STRING, "", "Log group, with placeholders: \"/ecs/{ClusterName}\"."), AT(group),
     .flags = NCL_FIELD_REQUIRED},
    {FIELD("log_stream_name", NCL_TYPE_STRING, "", "Log stream, with placeholders: \"{TaskId}\"."), AT(stream),
     .flags = NCL_FIELD_REQUIRED},
    {FIELD("log_retention", NCL_TYPE_INT, "0", "Days that groups which are created keep their logs; 0 = for ever."),
     AT(retention)},
    {FIELD("tags", NCL_TYPE_MAP, "", "Tags of groups that are created, 50 at most."), AT(tags),
     .fields = {&text, 1, sizeof text}},
    {FIELD("raw_log", NCL_TYPE_BOOL, "false", "Sends the body alone, as logs in the embedded metric format need it."),
     AT(raw)},
    NCL_AWS_SESSION_FIELDS(ncl_cwl_settings, session, "CloudWatch Logs"),
};

static const ncl_metric_type metrics[] = {NCL_LOG_METRIC_TYPES};

static void destroy(void *self) {
  ncl_cwl_exporter *x = self;
  ncl_cwl_stop(x);
  ncl_log_sender_free(x->sender);
  ncl_cwl_around_close(&x->around);
  ncl_text_close(&x->group);
  ncl_text_close(&x->stream);
  free(x);
}

static ncl_status create_exporter(const ncl_create *create, void **self) {
  ncl_cwl_exporter *x = calloc(1, sizeof *x);
  if (x == NULL) return NCL_NO_MEMORY;
  x->host = create->host;
  x->me = create->me;
  const ncl_array table = NCL_ARRAY(fields);
  ncl_status status = ncl_config_fill(create->config, &table, &x->settings);
  if (status == NCL_OK) status = ncl_cwl_check(create, &x->settings);
  if (status != NCL_OK) {
    free(x);
    return status;
  }
  const ncl_cwl_settings *s = &x->settings;
  const ncl_log_sender_config config = {.client = ncl_aws_session_client(&s->session, create->config),
                                        .request_timeout_ns = s->session.request_timeout * SECOND_NS,
                                        .retention_days = s->retention,
                                        .tags = s->tags,
                                        .max_calls = (uint32_t)s->session.num_workers,
                                        .is_emf = s->raw != 0};
  ncl_cwl_around_open(&x->around);
  ncl_text_open(&x->group, NAME_MAX_BYTES);
  ncl_text_open(&x->stream, NAME_MAX_BYTES);
  x->sender = ncl_log_sender_new(x->host, x->me, &config);
  if (x->sender == NULL) {
    destroy(x);
    return NCL_NO_MEMORY;
  }
  *self = x;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)token;
  (void)outcome;
  ncl_cwl_stop(self);
  return NCL_OK;
}

static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_cwl_exporter *x = self;
  return ncl_log_sender_probe(x->sender, x->settings.group, token, outcome);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_exporter,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .send = ncl_cwl_send,
                                    .cancel = ncl_cwl_cancel,
                                    .probe = probe};

static const uint32_t signals[] = {NCL_SIGNAL_LOGS};

static const ncl_component_type components[] = {
    {.type = NCL_STR("awscloudwatchlogs"),
     .kind = NCL_KIND_EXPORTER,
     .doc = NCL_STR("Sends log records to CloudWatch Logs."),
     .signals = NCL_ARRAY(signals),
     .fields = NCL_ARRAY(fields),
     .methods = &methods,
     .dflt_timeout = NCL_STR("30s"),
     .metrics = NCL_ARRAY(metrics)},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-awscloudwatchlogs-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
