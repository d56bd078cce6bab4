/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_own.h: the process's own metrics and log lines as OTLP requests. Part of the SDK, not of the ABI. */
#ifndef NACELLE_OTLP_OWN_H
#define NACELLE_OTLP_OWN_H

#include <nacelle/introspection.h>
#include <nacelle/otlp_write.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 = `name` is as `pattern` says, in which "*" stands for any text: "otelcol_*_refused_*". [any] */
uint32_t ncl_own_matches(ncl_str pattern, ncl_str name);

/* ---- metrics --------------------------------------------------------------------------------------- */

/* What was told of each series before, for those who want differences. */
typedef struct ncl_own_past ncl_own_past;
ncl_own_past *ncl_own_past_new(void);       /* NULL = no memory */
void ncl_own_past_free(ncl_own_past *past); /* NULL is ignored */
/* What was written last has arrived: the next one tells what came since. Without it the next one tells it again. */
void ncl_own_past_keep(ncl_own_past *past);

#define NCL_OWN_CUMULATIVE 0u
#define NCL_OWN_DELTA 1u      /* counters and histograms */
#define NCL_OWN_LOW_MEMORY 2u /* the same, but for counters that are kept elsewhere: otelcol_process_* */

typedef struct ncl_own_metrics_options {
  uint32_t level;       /* NCL_LEVEL_*: metrics above it are left out; 0 = all of them are */
  uint32_t temporality; /* NCL_OWN_* */
  ncl_own_past *past;   /* where it is not NCL_OWN_CUMULATIVE */
  ncl_array names;      /* of ncl_str with "*": only these; empty = all */
  int64_t wall_ns;      /* now */
} ncl_own_metrics_options;

/* [loop] Writes an ExportMetricsServiceRequest with the resource of the process; nothing where there is no series. The
 * writer's status says whether it fits. Returns the number of data points. Times are in seconds; labels that stand for
 * attributes of the semantic conventions have their names (server.address). */
uint32_t ncl_own_metrics_write(const ncl_introspection *process, const ncl_own_metrics_options *options,
                               ncl_writer *writer);

/* ---- log lines ------------------------------------------------------------------------------------- */

/* [any] The body of a LogRecord: severity, the message as its body, the event's name, and as attributes who speaks
 * (otelcol.component.id, .kind) and those of the line. */
void ncl_own_log_write(const ncl_log_view *line, ncl_writer *writer);

/* The resource and scope around records, which the caller writes between begin and end, each as a message
 * NCL_SCOPE_RECORD. [loop] */
typedef struct ncl_own_request {
  ncl_write_mark group;
  ncl_write_mark scope;
} ncl_own_request;
ncl_own_request ncl_own_begin(const ncl_introspection *process, ncl_writer *writer, size_t expected_len);
void ncl_own_end(ncl_own_request *request, ncl_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
