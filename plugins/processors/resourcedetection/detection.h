/* SPDX-License-Identifier: Apache-2.0 */
/* detection.h: all detectors of an instance: they run at the same time, again after a failure, and of two that find the
 * same attribute the first listed wins. */
#ifndef NCL_RESOURCEDETECTION_DETECTION_H
#define NCL_RESOURCEDETECTION_DETECTION_H

#include <nacelle/aws.h>
#include <nacelle/host.h>

#include "found.h"

#define NCL_DETECTORS_MAX 4u
#define NCL_DETECTOR_WORDS 500u

typedef struct ncl_detection ncl_detection;
typedef struct ncl_detector ncl_detector;

/* One kind of detector. */
typedef struct ncl_detector_type {
  const char *name;
  /* Begins to look. It ends with ncl_detector_succeed or ncl_detector_fail, at once or later. */
  void (*begin)(ncl_detector *detector);
  /* Gives up what is under way, and frees `work`. */
  void (*cancel)(ncl_detector *detector);
} ncl_detector_type;

struct ncl_detector {
  const ncl_detector_type *type;
  ncl_detection *detection;
  const ncl_value *config; /* its section; NULL = it has none */
  ncl_found found;         /* of the newest run that succeeded */
  ncl_found next;          /* of the run that is under way */
  bool is_running;
  bool has_ended; /* at least one run has */
  bool is_well;   /* the newest run succeeded */
  uint32_t failures;
  int64_t since_ns; /* when the first of these failures was */
  ncl_timer *retry;
  char words[NCL_DETECTOR_WORDS]; /* why the newest run failed */
  void *work;                     /* its own, while it runs */
};

typedef struct ncl_detection_config {
  const ncl_host *host;
  ncl_component *me;
  const ncl_value *settings; /* of the processor */
  bool must_be_there;        /* fail_on_missing_metadata */
  bool retries;
  int64_t first_pause_ns, longest_pause_ns, give_up_ns; /* give_up_ns 0 = never */
  double multiplier, jitter;
  int64_t refresh_ns; /* 0 = once */
  /* A run of a detector has ended: what is found may have changed. */
  void (*changed)(void *arg);
  void *arg;
} ncl_detection_config;

struct ncl_detection {
  ncl_detection_config config;
  const ncl_aws *aws; /* NULL until the first need */
  ncl_detector detectors[NCL_DETECTORS_MAX];
  uint32_t count;
  ncl_timer *refresh;
  bool is_fresh; /* cached metadata will do; a refresh asks anew */
};

extern const ncl_detector_type ncl_detector_env, ncl_detector_ecs, ncl_detector_ec2, ncl_detector_system;

/* False: no memory. To be closed in any case. */
bool ncl_detection_open(ncl_detection *detection, const ncl_detection_config *config,
                        const ncl_detector_type *const *types, uint32_t count);
void ncl_detection_begin(ncl_detection *detection);
/* Gives up what is under way; what was found stays. */
void ncl_detection_stop(ncl_detection *detection);
void ncl_detection_close(ncl_detection *detection);

/* Every detector has ended a run. */
bool ncl_detection_has_ended(const ncl_detection *detection);
/* The first detector whose newest run failed; NULL = none. */
const ncl_detector *ncl_detection_failed(const ncl_detection *detection);

/* ---- for detectors ----------------------------------------------------------------------------------- */

/* What is in detector->next is what there is. */
void ncl_detector_succeed(ncl_detector *detector);
/* It is not known what there is: what was found before stays. */
void ncl_detector_fail(ncl_detector *detector, ncl_str words);
/* There is nothing of this kind here: a success without attributes, or a failure where the config says so. */
void ncl_detector_miss(ncl_detector *detector, ncl_str words);

/* The service of AWS; NULL: the detector has failed. */
const ncl_aws *ncl_detector_aws(ncl_detector *detector);
/* Asks for a document of the metadata (NCL_AWS_..._METADATA). *token is that of the question; `done` puts it back to 0,
 * and may be called at once. */
void ncl_detector_ask(ncl_detector *detector, uint32_t kind, const char *path, ncl_done_fn done, void *arg,
                      ncl_token *token);
/* Nobody waits for the answer any more. */
void ncl_detector_unask(ncl_detector *detector, ncl_token token);
/* A variable of the environment, without spaces around it. */
ncl_str ncl_detector_env_text(const ncl_detector *detector, const char *name);
void ncl_detector_warn(const ncl_detector *detector, const char *event, const char *message, const char *key,
                       ncl_str value);

#endif
