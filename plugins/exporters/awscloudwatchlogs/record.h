/* SPDX-License-Identifier: Apache-2.0 */
/* record.h: log records as messages of log events. Pure: no host, no clock. */
#ifndef NCL_CWL_RECORD_H
#define NCL_CWL_RECORD_H

#include <nacelle/json_doc.h>
#include <nacelle/json_write.h>
#include <stdbool.h>

/* What all records of a scope have in their messages: `scope` and `resource`, written once. */
typedef struct ncl_cwl_around {
  ncl_writer text; /* `,` and members, escaped as the message is */
} ncl_cwl_around;

void ncl_cwl_around_open(ncl_cwl_around *around);
void ncl_cwl_around_close(ncl_cwl_around *around);
/* For the records that follow. NCL_OK; NCL_PERMANENT: it is too large; NCL_NO_MEMORY. */
ncl_status ncl_cwl_around_set(ncl_cwl_around *around, ncl_range resource, ncl_range scope);

/* The message: an object, as the text of a JSON string. */
void ncl_cwl_record(ncl_writer *w, const ncl_cwl_around *around, const ncl_log_record *record);

/* The body alone: a text as it is, other values as JSON; nothing where there is none. */
void ncl_cwl_raw(ncl_writer *w, const ncl_any *body);

/* When it happened, in milliseconds since 1970; 0 = that is not said. */
int64_t ncl_cwl_time_ms(const ncl_log_record *record);

/* Where a body in the embedded metric format wants to go: true, and group or stream, or both. They live as long as
 * *doc, which is to be closed in any case. */
bool ncl_cwl_redirect(ncl_str body, ncl_json_doc *doc, ncl_str *group, ncl_str *stream);

#endif
