/* SPDX-License-Identifier: Apache-2.0 */
/* detection.c: runs, pauses between them, and what is shared by the detectors. */
#include "detection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const ncl_host *host_of(const ncl_detector *detector) {
  return detector->detection->config.host;
}

static int64_t now_of(const ncl_detector *detector) {
  return host_of(detector)->now_ns(detector->detection->config.me);
}

/* ---- runs -------------------------------------------------------------------------------------------- */

static void begin(ncl_detector *detector) {
  if (detector->is_running) return;
  ncl_found_close(&detector->next);
  detector->is_running = true;
  detector->type->begin(detector);
}

static void on_retry(void *arg) {
  begin(arg);
}

static double share(void) {
  uint32_t random = 0;
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random) random = UINT32_MAX / 2;
  return (double)random / (double)UINT32_MAX;
}

/* Between 1 - jitter and 1 + jitter of first * multiplier^failures. */
static int64_t pause_of(const ncl_detector *detector) {
  const ncl_detection_config *config = &detector->detection->config;
  double pause = (double)config->first_pause_ns;
  for (uint32_t i = 1; i < detector->failures && pause < (double)config->longest_pause_ns; i++)
    pause *= config->multiplier;
  if (pause > (double)config->longest_pause_ns) pause = (double)config->longest_pause_ns;
  return (int64_t)(pause * (1 - config->jitter + 2 * config->jitter * share()));
}

static void schedule(ncl_detector *detector) {
  const ncl_detection_config *config = &detector->detection->config;
  if (!config->retries || detector->retry == NULL) return;
  int64_t now_ns = now_of(detector);
  if (config->give_up_ns > 0 && now_ns - detector->since_ns >= config->give_up_ns) return;
  config->host->timer_set(detector->retry, now_ns + pause_of(detector) + 1);
}

static void end(ncl_detector *detector, bool is_well) {
  const ncl_detection_config *config = &detector->detection->config;
  detector->is_running = false;
  detector->has_ended = true;
  detector->is_well = is_well;
  config->changed(config->arg);
}

void ncl_detector_succeed(ncl_detector *detector) {
  ncl_found before = detector->found;
  detector->found = detector->next;
  detector->next = before;
  ncl_found_close(&detector->next);
  detector->failures = 0;
  if (detector->found.has_failed) {
    ncl_detector_warn(detector, "resource.incomplete", "Some attributes were left out: no memory, or over 256.",
                      "detector", ncl_found_str(detector->type->name));
  }
  end(detector, true);
}

void ncl_detector_fail(ncl_detector *detector, ncl_str words) {
  (void)snprintf(detector->words, sizeof detector->words, "%s: %.*s", detector->type->name, (int)words.len,
                 words.len > 0 ? words.ptr : "");
  if (detector->failures++ == 0) detector->since_ns = now_of(detector);
  ncl_detector_warn(detector, "resource.failed", "The resource could not be detected.", "reason",
                    ncl_found_str(detector->words));
  schedule(detector);
  end(detector, false);
}

void ncl_detector_miss(ncl_detector *detector, ncl_str words) {
  /* What was there once is there still, and only does not answer. */
  if (detector->detection->config.must_be_there || detector->found.count > 0) {
    ncl_detector_fail(detector, words);
  } else {
    ncl_detector_succeed(detector);
  }
}

/* ---- what detectors share ---------------------------------------------------------------------------- */

const ncl_aws *ncl_detector_aws(ncl_detector *detector) {
  ncl_detection *detection = detector->detection;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (detection->aws == NULL) {
    detection->aws = detection->config.host->service(detection->config.me, ncl_found_str(NCL_AWS_1), &outcome);
  }
  if (detection->aws == NULL) ncl_detector_fail(detector, outcome.message);
  return detection->aws;
}

void ncl_detector_ask(ncl_detector *detector, uint32_t kind, const char *path, ncl_done_fn done, void *arg,
                      ncl_token *token) {
  ncl_detection *detection = detector->detection;
  const ncl_host *host = detection->config.host;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_aws_metadata wanted = {.struct_size = sizeof wanted,
                                   .kind = kind,
                                   .path = ncl_found_str(path),
                                   .max_age_ns = detection->is_fresh ? 0 : 1};
  *token = host->token_open(detection->config.me, done, arg, 0);
  outcome.status = NCL_NO_MEMORY;
  if (*token != 0) {
    outcome.status = detection->aws->metadata(detection->aws->self, detection->config.me, &wanted, *token, &outcome);
    if (outcome.status == NCL_PENDING) return;
    host->token_cancel(detection->config.me, *token);
    *token = 0;
  }
  void (*release)(void *result) = outcome.release;
  void *result = outcome.result;
  done(arg, &outcome);
  if (release != NULL) release(result);
}

void ncl_detector_unask(ncl_detector *detector, ncl_token token) {
  const ncl_detection *detection = detector->detection;
  if (token == 0) return;
  detection->aws->cancel(detection->aws->self, token);
  detection->config.host->token_cancel(detection->config.me, token);
}

ncl_str ncl_detector_env_text(const ncl_detector *detector, const char *name) {
  ncl_str text = host_of(detector)->environment(detector->detection->config.me, ncl_found_str(name));
  while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL) {
    text.ptr++;
    text.len--;
  }
  while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]) != NULL)
    text.len--;
  return text;
}

void ncl_detector_warn(const ncl_detector *detector, const char *event, const char *message, const char *key,
                       ncl_str value) {
  ncl_attr attr = {.key = ncl_found_str(key), .type = NCL_ATTR_STR, .s = value};
  host_of(detector)->log(detector->detection->config.me, NCL_LOG_WARN, ncl_found_str(event), ncl_found_str(message),
                         &attr, 1);
}

/* ---- all of them ------------------------------------------------------------------------------------- */

static void on_refresh(void *arg) {
  ncl_detection *detection = arg;
  const ncl_detection_config *config = &detection->config;
  detection->is_fresh = false;
  config->host->timer_set(detection->refresh, config->host->now_ns(config->me) + config->refresh_ns);
  for (uint32_t i = 0; i < detection->count; i++)
    begin(&detection->detectors[i]);
}

bool ncl_detection_open(ncl_detection *detection, const ncl_detection_config *config,
                        const ncl_detector_type *const *types, uint32_t count) {
  *detection = (ncl_detection){.config = *config, .count = count, .is_fresh = true};
  for (uint32_t i = 0; i < count; i++) {
    ncl_detector *detector = &detection->detectors[i];
    detector->type = types[i];
    detector->detection = detection;
    detector->config = ncl_value_get(config->settings, ncl_found_str(types[i]->name));
    const ncl_value *switches = ncl_value_get(detector->config, ncl_found_str("resource_attributes"));
    ncl_found_open(&detector->found, switches);
    ncl_found_open(&detector->next, switches);
  }
  return true;
}

void ncl_detection_begin(ncl_detection *detection) {
  const ncl_detection_config *config = &detection->config;
  for (uint32_t i = 0; i < detection->count; i++) {
    ncl_detector *detector = &detection->detectors[i];
    if (detector->retry == NULL) detector->retry = config->host->timer_open(config->me, on_retry, detector);
  }
  if (config->refresh_ns > 0 && detection->refresh == NULL) {
    detection->refresh = config->host->timer_open(config->me, on_refresh, detection);
    if (detection->refresh != NULL) {
      config->host->timer_set(detection->refresh, config->host->now_ns(config->me) + config->refresh_ns);
    }
  }
  for (uint32_t i = 0; i < detection->count; i++)
    begin(&detection->detectors[i]);
}

void ncl_detection_stop(ncl_detection *detection) {
  const ncl_host *host = detection->config.host;
  for (uint32_t i = 0; i < detection->count; i++) {
    ncl_detector *detector = &detection->detectors[i];
    if (detector->is_running) detector->type->cancel(detector);
    detector->is_running = false;
    if (detector->retry != NULL) host->timer_close(detector->retry);
    detector->retry = NULL;
  }
  if (detection->refresh != NULL) host->timer_close(detection->refresh);
  detection->refresh = NULL;
}

void ncl_detection_close(ncl_detection *detection) {
  ncl_detection_stop(detection);
  for (uint32_t i = 0; i < detection->count; i++) {
    ncl_found_close(&detection->detectors[i].found);
    ncl_found_close(&detection->detectors[i].next);
  }
  detection->count = 0;
}

bool ncl_detection_has_ended(const ncl_detection *detection) {
  for (uint32_t i = 0; i < detection->count; i++) {
    if (!detection->detectors[i].has_ended) return false;
  }
  return true;
}

const ncl_detector *ncl_detection_failed(const ncl_detection *detection) {
  for (uint32_t i = 0; i < detection->count; i++) {
    const ncl_detector *detector = &detection->detectors[i];
    if (detector->has_ended && !detector->is_well) return detector;
  }
  return NULL;
}
