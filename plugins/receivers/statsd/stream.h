/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h: connections over which lines come. */
#ifndef NCL_STATSD_STREAM_H
#define NCL_STATSD_STREAM_H

#include <nacelle/host.h>
#include <stdbool.h>

#define NCL_STATSD_LINE_LEN_MAX ((size_t)65536)
#define NCL_STATSD_CONNECTIONS_MAX 1024u

typedef struct ncl_statsd_streams {
  const ncl_host *host;
  ncl_component *me;
  void (*line)(void *arg, ncl_str line, ncl_str peer);
  void (*too_long)(void *arg);
  void *arg;
  ncl_listener *listener;
  struct ncl_statsd_stream *first;
  uint32_t count;
} ncl_statsd_streams;

/* Listens at `endpoint`. The fields up to `arg` are set before. NCL_OK, or an error with the reason in *outcome. */
ncl_status ncl_statsd_streams_open(ncl_statsd_streams *streams, ncl_str endpoint, ncl_outcome *outcome);
/* What has come on connections and is no whole line yet is given out, too. */
void ncl_statsd_streams_close(ncl_statsd_streams *streams);

#endif
