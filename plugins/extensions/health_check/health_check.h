/* SPDX-License-Identifier: Apache-2.0 */
/* health_check.h: the extension: its settings, failures of exporters over time, the answers. */
#ifndef NACELLE_EXTENSION_HEALTH_CHECK_H
#define NACELLE_EXTENSION_HEALTH_CHECK_H

#include <nacelle/http_pages.h>
#include <nacelle/introspection.h>
#include <nacelle/text.h>
#include <stdbool.h>

/* ---- settings.c -------------------------------------------------------------------------------------------------- */

typedef struct ncl_health_settings {
  ncl_str path;
  ncl_str healthy_body; /* where response_body is set: instead of the JSON */
  ncl_str unhealthy_body;
  int64_t check_pipeline; /* check_collector_pipeline.enabled */
  int64_t interval_ns;
  int64_t failure_threshold;
  int64_t use_v2;
  int64_t status_enabled; /* http.status */
  ncl_str status_path;
  int64_t status_verbose;
  int64_t config_enabled; /* http.config */
  ncl_str config_path;
  int64_t include_permanent; /* component_health */
  int64_t include_recoverable;
  int64_t recovery_ns;
  bool has_body; /* response_body is set */
  ncl_http_settings port;
} ncl_health_settings;

#define NCL_HEALTH_FIELDS 23u
extern const ncl_field ncl_health_table[NCL_HEALTH_FIELDS];

/* Fills the settings and reports what is wrong with them. */
ncl_status ncl_health_settings_read(const ncl_create *create, ncl_health_settings *settings);

/* ---- failures.c -------------------------------------------------------------------------------------------------- */

#define NCL_HEALTH_SAMPLES 61u /* 60 pieces of the interval */

/* How many tries to send failed within the newest interval. Zeroed, but for interval_ns, before the first note. */
typedef struct ncl_health_failures {
  int64_t interval_ns;
  uint64_t total; /* ever, as far as is known */
  uint64_t last;  /* the sum of all exporters when it was last looked at */
  uint32_t count; /* of samples */
  uint32_t next;
  struct {
    int64_t at_ns;
    uint64_t total;
  } samples[NCL_HEALTH_SAMPLES];
} ncl_health_failures;

/* How far apart samples are taken. */
int64_t ncl_health_tick_ns(const ncl_health_failures *failures);
/* Takes note of the sum of all exporters. A smaller one than before says that exporters were exchanged. */
void ncl_health_note(ncl_health_failures *failures, uint64_t sum);
/* Keeps a sample of what was noted. */
void ncl_health_sample(ncl_health_failures *failures, int64_t now_ns);
/* Failures of the newest interval. */
uint64_t ncl_health_recent(const ncl_health_failures *failures, int64_t now_ns);

/* ---- status.c ---------------------------------------------------------------------------------------------------- */

/* What is asked about whom. */
typedef struct ncl_health_question {
  const ncl_introspection *introspection;
  const ncl_health_settings *settings;
  int64_t wall_ns;
  uint64_t failures; /* of the interval; counts where check_pipeline is set */
} ncl_health_question;

#define NCL_HEALTH_REASON_MAX 600u

/* How the process is. */
typedef struct ncl_health {
  uint32_t state; /* NCL_PROCESS_* */
  bool healthy;
  int64_t started_ns; /* wall clock */
  int64_t uptime_ns;
  char reason[NCL_HEALTH_REASON_MAX]; /* why it is not healthy; "" = it is */
} ncl_health;

ncl_health ncl_health_of(const ncl_health_question *question);

/* The answer's body at `path`: {"status": ..., "upSince": ..., "uptime": ...}. */
void ncl_health_write(const ncl_health *health, ncl_text *out);

/* The body of the status page, of the whole process or of `pipeline` (empty = the process), with each part if
 * `verbose`. Returns the HTTP status; 404 = there is no such pipeline, and nothing is written. */
uint32_t ncl_health_write_status(const ncl_health_question *question, ncl_str pipeline, bool verbose, ncl_text *out);

#endif
