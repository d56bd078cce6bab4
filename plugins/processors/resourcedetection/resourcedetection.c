/* SPDX-License-Identifier: Apache-2.0 */
/* resourcedetection.c: the processor resourcedetection: adds to every resource what detectors find out about where the
 * collector runs. Batches that come before that is known are held, for `timeout` at most. */
#include <nacelle/config_fill.h>
#include <nacelle/plugin.h>
#include <nacelle/probe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detection.h"
#include "ec2_tags.h"
#include "hold.h"

/* After start, until detection begins by itself: services and their libraries are not on the path to ready. The first
 * batch does not wait for that. */
#define WARM_UP_NS INT64_C(100000000)
#define OPS_MAX (NCL_DETECTORS_MAX * NCL_FOUND_MAX)

/* ---- config ------------------------------------------------------------------------------------------ */

typedef struct settings {
  const ncl_value *detectors;
  int64_t override;
  int64_t timeout_ns;
  int64_t refresh_ns;
  int64_t must_be_there;
  const ncl_value *attributes;
  int64_t retries;
  int64_t first_pause_ns, longest_pause_ns, give_up_ns;
  double multiplier, jitter;
} settings;

#define AT(member) .offset = offsetof(settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET
#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)

/* In the same order. */
static const ncl_str detector_names[] = {NCL_STR("env"), NCL_STR("ecs"), NCL_STR("ec2"), NCL_STR("system")};
static const ncl_detector_type *const detector_types[] = {&ncl_detector_env, &ncl_detector_ecs, &ncl_detector_ec2,
                                                          &ncl_detector_system};
static const ncl_field detector_name = {.type = NCL_TYPE_ENUM, .choices = NCL_ARRAY(detector_names)};

static const ncl_str source_names[] = {NCL_STR("dns"), NCL_STR("os"), NCL_STR("cname"), NCL_STR("lookup")};
static const ncl_field source_name = {.type = NCL_TYPE_ENUM, .choices = NCL_ARRAY(source_names)};

static const ncl_field text = {.type = NCL_TYPE_STRING};

static const ncl_field on[] = {{FIELD("enabled", NCL_TYPE_BOOL, "true", "Adds the attribute."), NOWHERE}};
static const ncl_field off[] = {{FIELD("enabled", NCL_TYPE_BOOL, "false", "Adds the attribute."), NOWHERE}};
#define ON(n, text) \
  { FIELD(n, NCL_TYPE_SECTION, "", text), .fields = NCL_ARRAY(on), NOWHERE }
#define OFF(n, text) \
  { FIELD(n, NCL_TYPE_SECTION, "", text), .fields = NCL_ARRAY(off), NOWHERE }

static const ncl_field ecs_attributes[] = {
    ON("cloud.provider", "Always aws."),
    ON("cloud.platform", "Always aws_ecs."),
    ON("cloud.account.id", "Account, from the task's ARN."),
    ON("cloud.region", "Region, from the task's ARN."),
    ON("cloud.availability_zone", "Availability zone of the task."),
    ON("aws.ecs.cluster.arn", "ARN of the cluster."),
    ON("aws.ecs.launchtype", "ec2 or fargate; metadata of version 4 only."),
    ON("aws.ecs.task.arn", "ARN of the task."),
    ON("aws.ecs.task.family", "Family of the task definition."),
    ON("aws.ecs.task.id", "Id of the task: the end of its ARN."),
    ON("aws.ecs.task.revision", "Revision of the task definition."),
    ON("aws.log.group.names", "Log groups of the task's other containers that log with awslogs; version 4 only."),
    ON("aws.log.group.arns", "ARNs of the same."),
    ON("aws.log.stream.names", "Log streams of the same containers."),
    ON("aws.log.stream.arns", "ARNs of the same."),
};

static const ncl_field ec2_attributes[] = {
    ON("cloud.provider", "Always aws."),
    ON("cloud.platform", "Always aws_ec2."),
    ON("cloud.account.id", "Account of the instance."),
    ON("cloud.region", "Region of the instance."),
    ON("cloud.availability_zone", "Availability zone of the instance."),
    ON("host.id", "Id of the instance."),
    ON("host.image.id", "AMI of the instance."),
    ON("host.name", "Host name of the instance, as its metadata has it."),
    ON("host.type", "Type of the instance."),
};

static const ncl_field system_attributes[] = {
    ON("host.name", "Name of the machine, see hostname_sources."),
    ON("os.type", "Always linux."),
    OFF("host.id", "Machine id (/etc/machine-id)."),
    OFF("host.arch", "amd64, arm64, ..."),
    OFF("host.ip", "Addresses of the interfaces that are up, without loopback."),
    OFF("host.mac", "Hardware addresses of the same."),
    OFF("host.cpu.vendor.id", "Of the first processor, as /proc/cpuinfo has it."),
    OFF("host.cpu.family", "Likewise."),
    OFF("host.cpu.model.id", "Likewise."),
    OFF("host.cpu.model.name", "Likewise."),
    OFF("host.cpu.stepping", "Likewise."),
    OFF("host.cpu.cache.l2.size", "Likewise, in KiB."),
    OFF("os.description", "Name and version of the system, in words."),
    OFF("os.name", "Id of the distribution (/etc/os-release)."),
    OFF("os.version", "Version of the distribution."),
    OFF("os.build.id", "Release of the kernel."),
};

#define ATTRIBUTES(table)                                                                                          \
  {                                                                                                                \
    FIELD("resource_attributes", NCL_TYPE_SECTION, "", "Which attributes are added."), .fields = NCL_ARRAY(table), \
                                                                                       NOWHERE                     \
  }

static const ncl_field env_fields[] = {
    {FIELD("allowlist", NCL_TYPE_LIST, "", "Keys that are taken; empty = all."), .fields = {&text, 1, sizeof text},
     NOWHERE},
};

static const ncl_field ecs_fields[] = {ATTRIBUTES(ecs_attributes)};

static const ncl_field ec2_fields[] = {
    ATTRIBUTES(ec2_attributes),
    {FIELD("tags", NCL_TYPE_LIST, "",
           "Regular expressions (POSIX, extended): tags whose keys they are found in become ec2.tag.<key>."),
     .fields = {&text, 1, sizeof text}, NOWHERE},
    {FIELD("tags_from_imds", NCL_TYPE_BOOL, "true",
           "Without effect: tags always come from the instance's metadata, which has to allow them."),
     NOWHERE},
    {FIELD("max_attempts", NCL_TYPE_INT, "3", "Without effect: see retry."), NOWHERE},
    {FIELD("max_backoff", NCL_TYPE_DURATION, "20s", "Without effect: see retry."), NOWHERE},
    {FIELD("fail_on_missing_metadata", NCL_TYPE_BOOL, "false", "use fail_on_missing_metadata of the processor."),
     .flags = NCL_FIELD_DEPRECATED, NOWHERE},
};

static const ncl_field system_fields[] = {
    ATTRIBUTES(system_attributes),
    {FIELD("hostname_sources", NCL_TYPE_LIST, "dns, os", "Where host.name comes from: the first that has one."),
     .fields = {&source_name, 1, sizeof source_name}, NOWHERE},
};

static const ncl_field retry_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "true", "Asks again after a failure."), AT(retries)},
    {FIELD("initial_interval", NCL_TYPE_DURATION, "1s", "Pause before the first retry."), AT(first_pause_ns),
     .min = 1000000, .max = INT64_MAX},
    {FIELD("randomization_factor", NCL_TYPE_DOUBLE, "0.5", "Share of a pause that is random."), AT(jitter), .min = 0,
     .max = 1},
    {FIELD("multiplier", NCL_TYPE_DOUBLE, "2", "Growth of the pause from retry to retry."), AT(multiplier), .min = 1,
     .max = 1000},
    {FIELD("max_interval", NCL_TYPE_DURATION, "30s", "No pause grows beyond this."), AT(longest_pause_ns),
     .min = 1000000, .max = INT64_MAX},
    {FIELD("max_elapsed_time", NCL_TYPE_DURATION, "0s", "Gives up after this; 0 = never."), AT(give_up_ns), .min = 0,
     .max = INT64_MAX},
};

static const ncl_field fields[] = {
    {FIELD("detectors", NCL_TYPE_LIST, "env", "Who looks: of two that find the same attribute the first one wins."),
     .fields = {&detector_name, 1, sizeof detector_name}, AT(detectors)},
    {FIELD("override", NCL_TYPE_BOOL, "true", "Replaces what a resource has already."), AT(override)},
    {FIELD("timeout", NCL_TYPE_DURATION, "5s",
           "Telemetry is held so long for what is not detected yet; detection goes on after it."),
     AT(timeout_ns), .min = 0, .max = INT64_MAX},
    {FIELD("refresh_interval", NCL_TYPE_DURATION, "0s", "Detects again so often; 0 = once."), AT(refresh_ns), .min = 0,
     .max = INT64_MAX},
    {FIELD("fail_on_missing_metadata", NCL_TYPE_BOOL, "false",
           "Does not start where a detector finds nothing within the timeout."),
     AT(must_be_there)},
    {FIELD("attributes", NCL_TYPE_LIST, "",
           "use resource_attributes of the detectors; attributes to add, empty = all."),
     .flags = NCL_FIELD_DEPRECATED, .fields = {&text, 1, sizeof text}, AT(attributes)},
    {FIELD("retry", NCL_TYPE_SECTION, "", "When a detector that failed looks again."),
     .fields = NCL_ARRAY(retry_fields), NOWHERE},
    {FIELD("env", NCL_TYPE_SECTION, "", "OTEL_RESOURCE_ATTRIBUTES, else OTEL_RESOURCE."),
     .fields = NCL_ARRAY(env_fields), NOWHERE},
    {FIELD("ecs", NCL_TYPE_SECTION, "", "The ECS task, from its metadata of version 4 or 3."),
     .fields = NCL_ARRAY(ecs_fields), NOWHERE},
    {FIELD("ec2", NCL_TYPE_SECTION, "", "The EC2 instance, from its metadata (IMDSv2)."),
     .fields = NCL_ARRAY(ec2_fields), NOWHERE},
    {FIELD("system", NCL_TYPE_SECTION, "", "The machine."), .fields = NCL_ARRAY(system_fields), NOWHERE},
};
static const ncl_array field_table = NCL_ARRAY(fields);

/* ---- what is added ----------------------------------------------------------------------------------- */

typedef struct resourcedetection {
  const ncl_host *host;
  ncl_component *me;
  settings settings;
  ncl_detection detection;
  ncl_hold hold;
  ncl_attribute_op *ops; /* of every resource */
  uint32_t op_count;
  ncl_timer *timer;      /* until detection begins, then until the timeout */
  ncl_token start_token; /* of a start that waits; 0 = none */
  ncl_token probe_token; /* of `nacelle check`; 0 = none */
  bool has_begun;
  bool is_settled; /* nothing is held any more */
  bool has_said;
  uint32_t said; /* how many attributes */
  char words[NCL_DETECTOR_WORDS];
} resourcedetection;

static bool has_op(const resourcedetection *p, ncl_str key) {
  for (uint32_t i = 0; i < p->op_count; i++) {
    if (p->ops[i].key.len == key.len && memcmp(p->ops[i].key.ptr, key.ptr, key.len) == 0) return true;
  }
  return false;
}

static void merge_one(resourcedetection *p, const ncl_found *found) {
  for (uint32_t i = 0; i < found->count && p->op_count < OPS_MAX; i++) {
    const ncl_found_attribute *attribute = &found->attributes[i];
    bool is_wanted =
        ncl_config_count(p->settings.attributes) == 0 || ncl_config_list_has(p->settings.attributes, attribute->key);
    if (!is_wanted || has_op(p, attribute->key)) continue;
    p->ops[p->op_count++] =
        (ncl_attribute_op){.type = p->settings.override != 0 ? NCL_ATTRIBUTE_UPSERT : NCL_ATTRIBUTE_INSERT,
                           .key = attribute->key,
                           .value = attribute->value};
  }
}

/* Of two detectors that find the same attribute the first listed wins. */
static void merge(resourcedetection *p) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < p->detection.count; i++)
    count += p->detection.detectors[i].found.count;
  ncl_attribute_op *ops = count > 0 ? realloc(p->ops, count * sizeof *ops) : p->ops;
  p->op_count = 0;
  if (ops == NULL) return;
  p->ops = ops;
  for (uint32_t i = 0; i < p->detection.count; i++)
    merge_one(p, &p->detection.detectors[i].found);
}

static uint32_t change_resource(void *arg, const ncl_edit_at *at, ncl_change *change) {
  const resourcedetection *p = arg;
  (void)at;
  change->ops = p->ops;
  change->op_count = p->op_count;
  return NCL_EDIT_CHANGE;
}

static ncl_status change(void *arg, const ncl_batch *batch, const ncl_batch **out) {
  const resourcedetection *p = arg;
  ncl_edit edit = {.arg = arg, .resource = p->op_count > 0 ? change_resource : NULL};
  return ncl_batch_edit(p->host, p->me, batch, &edit, out, NULL);
}

/* ---- how far it is ----------------------------------------------------------------------------------- */

/* Once, and again when there are others. */
static void say(resourcedetection *p) {
  char keys[1024] = "";
  size_t len = 0;
  if (p->has_said && p->said == p->op_count) return;
  p->has_said = true;
  p->said = p->op_count;
  for (uint32_t i = 0; i < p->op_count && len + p->ops[i].key.len + 3 < sizeof keys; i++) {
    len += (size_t)snprintf(keys + len, sizeof keys - len, "%s%.*s", i > 0 ? " " : "", (int)p->ops[i].key.len,
                            p->ops[i].key.ptr);
  }
  ncl_attr attrs[] = {{.key = NCL_STR("attributes"), .type = NCL_ATTR_INT, .i = p->op_count},
                      {.key = NCL_STR("keys"), .type = NCL_ATTR_STR, .s = ncl_found_str(keys)}};
  p->host->log(p->me, NCL_LOG_INFO, ncl_found_str("resource.detected"), ncl_found_str("detected resource information"),
               attrs, 2);
}

static void answer_start(resourcedetection *p, const ncl_detector *failed) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = p->start_token;
  if (token == 0) return;
  p->start_token = 0;
  if (failed != NULL || !ncl_detection_has_ended(&p->detection)) {
    outcome.status = NCL_PERMANENT;
    outcome.message = ncl_found_str(failed != NULL ? p->words : "detection did not end within the timeout");
  }
  p->host->complete(p->me, token, &outcome);
}

/* What is held goes on with what is known by now. */
static void settle(resourcedetection *p) {
  const ncl_detector *failed = ncl_detection_failed(&p->detection);
  bool is_whole = failed == NULL && ncl_detection_has_ended(&p->detection);
  p->is_settled = true;
  if (p->timer != NULL) p->host->timer_set(p->timer, 0);
  merge(p);
  if (is_whole) {
    say(p);
    p->host->status(p->me, NCL_OK, ncl_found_str(""));
  } else {
    (void)snprintf(p->words, sizeof p->words, "%s",
                   failed != NULL ? failed->words : "resource detection goes on; telemetry flows without it");
    p->host->status(p->me, NCL_RETRYABLE, ncl_found_str(p->words));
  }
  answer_start(p, failed);
  ncl_hold_flush(&p->hold, change, p);
}

/* What one detector has found, for `nacelle check`. */
static void tell(const resourcedetection *p, const ncl_detector *detector) {
  char what[64], words[NCL_DETECTOR_WORDS];
  uint32_t result = NCL_FINDING_OK;
  (void)snprintf(what, sizeof what, "detector %s", detector->type->name);
  if (!detector->is_well) {
    result = p->settings.must_be_there != 0 ? NCL_FINDING_FAILED : NCL_FINDING_NOTE;
    (void)snprintf(words, sizeof words, "%s", detector->words);
  } else if (detector->found.count == 0) {
    if (detector->type != &ncl_detector_env) result = NCL_FINDING_NOTE;
    (void)snprintf(words, sizeof words, "there is nothing of this kind here");
  } else {
    (void)snprintf(words, sizeof words, "%u attribute%s", detector->found.count, detector->found.count == 1 ? "" : "s");
  }
  ncl_probe_tell(p->host, p->me, result, ncl_found_str(what), ncl_found_str(words),
                 ncl_found_str(detector->is_well ? "" : "telemetry flows without these attributes until it answers"));
}

static void end_probe(resourcedetection *p) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = p->probe_token;
  p->probe_token = 0;
  for (uint32_t i = 0; i < p->detection.count; i++)
    tell(p, &p->detection.detectors[i]);
  p->host->complete(p->me, token, &outcome);
}

/* A detector has ended a run. */
static void on_changed(void *arg) {
  resourcedetection *p = arg;
  if (p->probe_token != 0) {
    if (ncl_detection_has_ended(&p->detection)) end_probe(p);
    return;
  }
  bool is_over = ncl_detection_has_ended(&p->detection) && ncl_detection_failed(&p->detection) == NULL;
  if (p->is_settled || is_over) settle(p);
}

static void begin(resourcedetection *p) {
  if (p->has_begun) return;
  p->has_begun = true;
  if (p->timer != NULL) {
    p->host->timer_set(p->timer, p->host->now_ns(p->me) + p->settings.timeout_ns + 1);
  }
  ncl_detection_begin(&p->detection);
}

static void on_timer(void *arg) {
  resourcedetection *p = arg;
  if (!p->has_begun) {
    begin(p);
  } else if (!p->is_settled) {
    settle(p);
  }
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static bool check_settings(const ncl_create *create, const settings *s) {
  const ncl_value *ec2 = ncl_value_get(create->config, ncl_found_str("ec2"));
  const ncl_value *wrong = ncl_ec2_tags_mistake(ncl_value_get(ec2, ncl_found_str("tags")));
  uint32_t count = ncl_config_count(s->detectors);
  bool is_good = wrong == NULL;
  if (wrong != NULL) {
    create->host->config_error(create->me, wrong, ncl_found_str("this is no regular expression"),
                               ncl_found_str("POSIX extended ones are known, as of `grep -E`"));
  }
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t k = 0; k < i; k++) {
      if (ncl_config_at(s->detectors, i)->i != ncl_config_at(s->detectors, k)->i) continue;
      create->host->config_error(create->me, ncl_config_at(s->detectors, i),
                                 ncl_found_str("this detector is listed twice"), ncl_str_of(NULL, 0));
      is_good = false;
    }
  }
  return is_good;
}

static bool open_detection(resourcedetection *p, const ncl_create *create) {
  const settings *s = &p->settings;
  const ncl_detector_type *types[NCL_DETECTORS_MAX];
  uint32_t count = 0;
  const ncl_value *name;
  for (uint32_t i = 0; count < NCL_DETECTORS_MAX && (name = ncl_config_at(s->detectors, i)) != NULL; i++)
    types[count++] = detector_types[name->i];
  ncl_detection_config config = {.host = p->host,
                                 .me = p->me,
                                 .settings = create->config,
                                 .must_be_there = s->must_be_there != 0,
                                 .retries = s->retries != 0,
                                 .first_pause_ns = s->first_pause_ns,
                                 .longest_pause_ns = s->longest_pause_ns,
                                 .give_up_ns = s->give_up_ns,
                                 .multiplier = s->multiplier,
                                 .jitter = s->jitter,
                                 .refresh_ns = s->refresh_ns,
                                 .changed = on_changed,
                                 .arg = p};
  return ncl_detection_open(&p->detection, &config, types, count);
}

static void destroy(void *self) {
  resourcedetection *p = self;
  ncl_detection_close(&p->detection);
  if (p->timer != NULL) p->host->timer_close(p->timer);
  free(p->ops);
  free(p);
}

static ncl_status create_processor(const ncl_create *create, void **self) {
  resourcedetection *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  const ncl_output_info *output = ncl_array_at(&create->outputs, 0);
  p->host = create->host;
  p->me = create->me;
  p->hold = (ncl_hold){.host = create->host, .me = create->me, .output = output->output};
  ncl_status status = ncl_config_fill(create->config, &field_table, &p->settings);
  if (status == NCL_OK && !check_settings(create, &p->settings)) status = NCL_PERMANENT;
  if (status == NCL_OK && !open_detection(p, create)) status = NCL_NO_MEMORY;
  if (status != NCL_OK) {
    destroy(p);
    return status;
  }
  *self = p;
  return NCL_OK;
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  resourcedetection *p = self;
  p->timer = p->host->timer_open(p->me, on_timer, p);
  if (p->timer == NULL) return NCL_NO_MEMORY;
  if (p->settings.must_be_there == 0) {
    p->host->timer_set(p->timer, p->host->now_ns(p->me) + WARM_UP_NS);
    return NCL_OK;
  }
  begin(p);
  if (!p->is_settled) {
    p->start_token = token;
    return NCL_PENDING;
  }
  (void)outcome;
  return NCL_OK;
}

static ncl_status consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  resourcedetection *p = self;
  begin(p);
  if (!p->is_settled) {
    ncl_status status = ncl_hold_add(&p->hold, call);
    if (status == NCL_RETRYABLE) {
      outcome->message = ncl_found_str("1,024 requests wait for resource detection already");
    }
    return status;
  }
  if (p->op_count == 0) return NCL_FORWARD;
  ncl_status status = change(p, call->batch, &outcome->forward);
  return status == NCL_OK ? NCL_FORWARD : status;
}

/* What is held goes on at once. */
static ncl_status drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  resourcedetection *p = self;
  (void)deadline_ns, (void)token, (void)outcome;
  if (!p->is_settled && p->hold.count > 0) settle(p);
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  resourcedetection *p = self;
  (void)token, (void)outcome;
  ncl_detection_stop(&p->detection);
  ncl_hold_drop(&p->hold);
  if (p->timer != NULL) p->host->timer_close(p->timer);
  p->timer = NULL;
  return NCL_OK;
}

/* Once, with as many attempts as the first run makes. */
static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  resourcedetection *p = self;
  (void)outcome;
  if (p->detection.count == 0) return NCL_OK;
  p->probe_token = token;
  ncl_detection_begin(&p->detection);
  return NCL_PENDING;
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_processor,
                                    .start = start,
                                    .drain = drain,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .consume = consume,
                                    .probe = probe};

static const ncl_str aliases[] = {NCL_STR("resource_detection")};

static const ncl_component_type components[] = {{
    .type = NCL_STR("resourcedetection"),
    .aliases = NCL_ARRAY(aliases),
    .kind = NCL_KIND_PROCESSOR,
    .doc = NCL_STR("Adds to resources what is found out about where the collector runs."),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-resourcedetection-processor"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
