/* SPDX-License-Identifier: Apache-2.0 */
/* otlp.h: the OTLP receiver: its settings, its ports, its requests under way. */
#ifndef NACELLE_RECEIVER_OTLP_H
#define NACELLE_RECEIVER_OTLP_H

#include <nacelle/http_settings.h>
#include <nacelle/plugin.h>
#include <stdbool.h>

/* ---- settings ---------------------------------------------------------------------------------------------------- */

typedef struct ncl_otlp_settings {
  ncl_str paths[4]; /* of OTLP/HTTP, by signal */
  ncl_http_settings grpc;
  ncl_http_settings http;
  bool has_grpc;
  bool has_http;
} ncl_otlp_settings;

/* The table of fields: fields.c. */
#define NCL_OTLP_FIELDS 1u
extern const ncl_field ncl_otlp_table[NCL_OTLP_FIELDS];
extern const ncl_metric_type ncl_otlp_metrics[1];
extern const ncl_array ncl_otlp_fields;

/* Fills the settings and reports what is wrong with them. */
ncl_status ncl_otlp_settings_read(const ncl_create *create, ncl_otlp_settings *settings);
/* Looks whether the files of the tls sections can be read. */
ncl_status ncl_otlp_settings_check(const ncl_create *create, const ncl_otlp_settings *settings);

/* ---- the receiver ------------------------------------------------------------------------------------------------ */

typedef struct ncl_otlp_receiver ncl_otlp_receiver;

/* What a request and its answer look like. */
enum { NCL_OTLP_GRPC, NCL_OTLP_PROTOBUF, NCL_OTLP_JSON };

typedef struct ncl_otlp_port {
  ncl_otlp_receiver *receiver;
  ncl_http_port *port; /* NULL = closed */
  ncl_http_settings *settings;
  ncl_context *last; /* of the client that sent last, where nothing but its address is asked for; NULL = none */
} ncl_otlp_port;

/* A request that was handed on and is not answered yet: the `user` of its ncl_http_request. */
typedef struct ncl_otlp_pending {
  struct ncl_otlp_pending *next; /* among those that wait, or in the free list */
  struct ncl_otlp_pending *prev; /* among those that wait */
  ncl_otlp_port *port;
  ncl_http_stream *stream;   /* NULL = the client is gone */
  ncl_http_request *request; /* while the stream is there */
  uint64_t items;
  uint32_t signal;
  uint8_t form;
  bool is_grpc;
} ncl_otlp_pending;

/* Requests that may wait for an answer at once; each has a stream that the server's own limits allowed. */
#define NCL_OTLP_PENDING_MAX 65536u

typedef struct ncl_otlp_pending_list {
  ncl_otlp_pending *waiting;
  ncl_otlp_pending *free;
  void *blocks; /* what the entries are allocated in */
  uint32_t allocated;
} ncl_otlp_pending_list;

struct ncl_otlp_receiver {
  const ncl_host *host;
  ncl_component *me;
  ncl_create create;
  ncl_otlp_settings settings;
  ncl_output *outputs[4]; /* by signal; NULL = no pipeline takes it */
  const ncl_http_server *server;
  ncl_otlp_port grpc;
  ncl_otlp_port http;
  uint32_t draining; /* ports that are */
  bool drain_late;   /* one of them did not end in time */
  ncl_token drain_token;
  ncl_otlp_pending_list pending;
};

extern const ncl_http_handler ncl_otlp_handler;

/* ---- pending.c --------------------------------------------------------------------------------------------------- */

/* [loop] All of it. An entry that does not wait yet; NULL = no memory, or too many. */
ncl_otlp_pending *ncl_otlp_pending_take(ncl_otlp_receiver *receiver);
void ncl_otlp_pending_give(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending);
/* It waits for its answer from now on, as the `user` of its request, and until the other is called, which forgets
 * stream and request. */
void ncl_otlp_pending_add(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending);
void ncl_otlp_pending_remove(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending);
/* Removes every entry that waits: all streams are gone. */
void ncl_otlp_pending_abandon(ncl_otlp_receiver *receiver);
void ncl_otlp_pending_end(ncl_otlp_receiver *receiver);

/* ---- answer.c ---------------------------------------------------------------------------------------------------- */

/* Whom an answer is for. */
typedef struct ncl_otlp_answer {
  ncl_otlp_receiver *receiver;
  ncl_http_stream *stream;
  const ncl_http_request *request;
  uint32_t signal;
  uint8_t form;
} ncl_otlp_answer;

/* Done, but for `rejected` items. */
void ncl_otlp_answer_success(const ncl_otlp_answer *to, uint64_t rejected, ncl_str message);
/* An error: grpc_code, and what stands for it in HTTP, unless `status` is given. */
void ncl_otlp_answer_error(const ncl_otlp_answer *to, uint32_t status, uint32_t grpc_code, ncl_str message,
                           int64_t retry_after_ns);
/* The error that an outcome says. */
void ncl_otlp_answer_outcome(const ncl_otlp_answer *to, const ncl_outcome *outcome);
/* HTTP, where the form of the request is not known: a line of text. `allow` is the value of an Allow header, or NULL.
 */
void ncl_otlp_answer_text(const ncl_otlp_answer *to, uint32_t status, const char *text, const char *allow);
/* The HTTP status of a google.rpc.Code. */
uint32_t ncl_otlp_http_status(uint32_t grpc_code);

/* ---- small things ------------------------------------------------------------------------------------------------ */

bool ncl_otlp_same(ncl_str a, ncl_str b);
/* A path without its first slash, which the config may leave out. */
ncl_str ncl_otlp_path(ncl_str path);
/* Letters compare without case; `lower_case` is in lower case. */
bool ncl_otlp_same_word(ncl_str text, ncl_str lower_case);

#endif
