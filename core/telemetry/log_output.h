/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/log_output.h: whole lines into a descriptor whose reader may be slow, stuck or gone. */
#ifndef NACELLE_CORE_TELEMETRY_LOG_OUTPUT_H
#define NACELLE_CORE_TELEMETRY_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NCL_LOG_WAIT_NS ((int64_t)20000000) /* for a reader that does not keep up, a line */

typedef struct ncl_log_output {
  int fd;
  int kind;   /* how to write without waiting */
  bool own;   /* fd is ours to close */
  bool stuck; /* the last line found no reader: do not wait again */
  bool torn;  /* the last line was written in part */
} ncl_log_output;

/* Where it can, it opens a pipe or terminal anew, so that it does not have to change the mode of a description that it
 * shares with other processes. `fd` stays the caller's. */
void ncl_log_output_open(ncl_log_output *output, int fd);
/* A file, made at need and written at its end, or a named pipe that somebody reads. Returns 0 or errno. */
int ncl_log_output_open_path(ncl_log_output *output, const char *path);
/* errno of what would go wrong with that, as far as can be seen without making the file; 0 = nothing. */
int ncl_log_output_check_path(const char *path);
void ncl_log_output_close(ncl_log_output *output);
/* False: the line is lost, or was cut; errno says why. One caller at a time. SIGPIPE has to be ignored. */
bool ncl_log_output_write(ncl_log_output *output, const char *line, size_t len);

#endif
