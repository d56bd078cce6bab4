/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/host.h: all that a plugin can ask of the host. */
#ifndef NACELLE_HOST_H
#define NACELLE_HOST_H

#include <nacelle/call.h>
#include <nacelle/config.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_LOG_DEBUG 0u
#define NCL_LOG_INFO 1u
#define NCL_LOG_WARN 2u
#define NCL_LOG_ERROR 3u
#define NCL_LOG_ALWAYS                                                                          \
  0x100u /* added to a level: not subject to the limit of the rate; the caller keeps one itself \
          */

/* A key and a value of a log line. */
#define NCL_ATTR_STR 1u
#define NCL_ATTR_INT 2u
#define NCL_ATTR_DOUBLE 3u
#define NCL_ATTR_BOOL 4u
typedef struct ncl_attr {
  ncl_str key;
  uint32_t type; /* NCL_ATTR_* */
  uint32_t reserved;
  ncl_str s;
  int64_t i; /* INT, BOOL */
  double d;
} ncl_attr;

/* Memory, in bytes. Exact: chunks handed out, plus what was charged. */
typedef struct ncl_memory {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t used;         /* arenas and charges of the whole process */
  uint64_t budget;       /* what `used` may grow to; UINT64_MAX = no limit known */
  uint64_t cgroup_limit; /* of the container or the machine; UINT64_MAX = unknown */
  uint64_t baseline;     /* what the process took besides when it became ready */
} ncl_memory;

#define NCL_EVENT_READ 1u
#define NCL_EVENT_WRITE 2u

typedef struct ncl_timer ncl_timer;
typedef struct ncl_watch ncl_watch;
typedef struct ncl_listener ncl_listener;
typedef struct ncl_builder ncl_builder;
typedef struct ncl_metric ncl_metric;

typedef void (*ncl_call_fn)(void *arg);
typedef void (*ncl_watch_fn)(void *arg, uint32_t events);
/* [loop] A connection was accepted: `fd` is non-blocking, close-on-exec and the callee's; `peer` is "ip:port". */
typedef void (*ncl_accept_fn)(void *arg, int32_t fd, ncl_str peer);

#define NCL_DATAGRAM_CUT 1u /* it was longer than what is taken: its end is lost */
/* [loop] A datagram came from `peer`, "ip:port" ("unix" of a socket file): borrowed until the call returns or the
 * listener is closed, and followed by NCL_PADDING readable bytes. `flags`: NCL_DATAGRAM_*. */
typedef void (*ncl_datagram_fn)(void *arg, ncl_range bytes, uint32_t flags, ncl_str peer);

#define NCL_DATAGRAM_MAX 1048576u /* bytes that a datagram may have at most */

/* How datagrams are taken. */
typedef struct ncl_datagrams {
  uint32_t struct_size;
  uint32_t max;            /* bytes of one that are taken, at most NCL_DATAGRAM_MAX; 0 = 65,535, what UDP has */
  uint32_t receive_buffer; /* bytes that wait in the kernel, as far as it allows (net.core.rmem_max); 0 = its default */
  uint32_t file_mode;      /* rights of a socket file, as chmod(2) has them; 0 = by the umask */
} ncl_datagrams;

#define NCL_METRIC_COUNTER 1u /* only grows */
#define NCL_METRIC_GAUGE 2u   /* a level: set or moved by differences */
#define NCL_METRIC_HISTOGRAM 3u

/* From which level of service.telemetry.metrics on a metric is exported. */
#define NCL_LEVEL_BASIC 1u
#define NCL_LEVEL_NORMAL 2u
#define NCL_LEVEL_DETAILED 3u

/* A metric that a component counts, also named in its descriptor (ncl_component_type.metrics), from which the reference
 * is made. Static. */
typedef struct ncl_metric_type {
  ncl_str name;     /* without prefix: "batch_size_trigger_send" */
  uint32_t type;    /* NCL_METRIC_* */
  uint32_t level;   /* NCL_LEVEL_*; 0 = basic */
  ncl_str unit;     /* UCUM: "{time}", "By", "s" */
  ncl_str doc;      /* one sentence */
  ncl_str labels;   /* their names besides the component's own, for the reference: "transport, reason" */
  ncl_array bounds; /* HISTOGRAM: of int64_t, upper bounds of the buckets, inclusive, growing, at most 31; empty =
                       OpenTelemetry's default */
} ncl_metric_type;

#define NCL_FINDING_OK 0u     /* it works */
#define NCL_FINDING_NOTE 1u   /* it does not, or could not be tried, but telemetry is delivered all the same */
#define NCL_FINDING_FAILED 2u /* telemetry will not be delivered as long as this is so */

/* One thing that ncl_methods.probe tried. Texts without secrets. */
typedef struct ncl_finding {
  uint32_t struct_size;
  uint32_t result; /* NCL_FINDING_* */
  ncl_str what;    /* what was tried, in a few words: "xray:PutTraceSegments" */
  ncl_str detail;  /* how it went: "refused to arn:..." */
  ncl_str hint;    /* what to do about it; "" = nothing */
  ncl_str text;    /* what the hint says to add, to be copied as it stands: a policy statement; "" = none */
} ncl_finding;

typedef struct ncl_host {
  uint32_t struct_size;
  uint32_t abi_minor;
  ncl_str version; /* of the program */

  /* ---- words ------------------------------------------------------------------------------- */

  /* [any] 1 if a line of this level would be written. */
  uint32_t (*log_enabled)(ncl_component *me, uint32_t level);
  /* [any] Writes one line. `event` is a stable key for filters ("export.failed"), `message` a sentence. The
   * host adds component, kind and signal, and limits the rate of equal events. No secrets. */
  void (*log)(ncl_component *me, uint32_t level, ncl_str event, ncl_str message, const ncl_attr *attrs, uint32_t count);
  /* [loop] [create] Reports a mistake in the config at `where` (NULL = the component itself); the host adds
   * file, line, column and key path. `hint` says what to do and may be empty. */
  void (*config_error)(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint);
  /* [loop] [create] The same for something that works but is not what the user wants. */
  void (*config_warning)(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint);

  /* ---- counters ---------------------------------------------------------------------------- */

  /* [loop] A metric of the component's own with `labels` besides the component's id. The same name and labels give the
   * same metric, also in other instances of the id. NULL = no memory, or over the limit of 1,000 series a component;
   * the slots below accept NULL. */
  ncl_metric *(*metric)(ncl_component *me, const ncl_metric_type *type, const ncl_pair *labels, uint32_t count);
  /* [loop] [create] Exporters: labels that the host's counts of what was sent and what failed carry besides the id:
   * where it goes (server.address as "server_address", ...). No more than 8. */
  void (*metric_labels)(ncl_component *me, const ncl_pair *labels, uint32_t count);
  /* [any] Counter, gauge: adds. Histogram: records one value. */
  void (*metric_add)(ncl_metric *metric, int64_t value);
  /* [any] Gauge: sets. */
  void (*metric_set)(ncl_metric *metric, int64_t value);
  /* [any] Telemetry that was taken and is now given up: `items` under `reason` ("oversize"), a word of a small
   * fixed set. The host counts it and logs it at a bounded rate. */
  void (*drop)(ncl_component *me, uint32_t signal, uint64_t items, ncl_str reason);
  /* [any] Telemetry that is left out on purpose, as the config says (a filter, a sampler): counted, and no line. */
  void (*filtered)(ncl_component *me, uint32_t signal, uint64_t items, ncl_str reason);
  /* [any] What a receiver took in from `transport` ("grpc", "http"): counts as
   * accepted, refused (the client was told to retry) or failed (its own error). */
  void (*received)(ncl_component *me, uint32_t signal, ncl_str transport, uint64_t items, ncl_status outcome);

  /* ---- memory ------------------------------------------------------------------------------ */

  /* [any] Charges (or gives back) memory that the component holds outside arenas. A positive charge that the
   * budget does not allow answers NCL_NO_MEMORY and is not made. */
  ncl_status (*memory_charge)(ncl_component *me, int64_t bytes);
  /* [any] */
  void (*memory_state)(ncl_component *me, ncl_memory *out);

  /* ---- batches ----------------------------------------------------------------------------- */

  /* [loop] An arena with room for `reserve` contiguous bytes and their padding. NULL = over the budget or no
   * memory. Owned by the caller until a batch takes it. */
  ncl_arena *(*arena_open)(ncl_component *me, size_t reserve);
  /* [loop] `size` contiguous bytes, aligned to 16, followed by NCL_PADDING readable bytes; NULL = as above. */
  void *(*arena_alloc)(ncl_arena *arena, size_t size);
  /* [loop] Grows (or shrinks) the newest allocation of the arena in place or by moving it. */
  void *(*arena_resize)(ncl_arena *arena, void *ptr, size_t old_size, size_t new_size);
  /* [loop] Gives the arena back unused. NULL is ignored. */
  void (*arena_close)(ncl_arena *arena);

  /* [loop] Makes a batch of an encoded request that lies in `arena` (from arena_alloc, so that it is padded).
   * Validates all of it. The arena is the batch's on NCL_OK and stays the caller's otherwise.
   * NCL_PERMANENT: malformed, with the reason and the byte offset in outcome.message, which lives until the next call
   * of this slot. NCL_NO_MEMORY.
   * A request without items gives NCL_OK and *batch with items == 0. */
  ncl_status (*batch_from_wire)(ncl_component *me, uint32_t signal, ncl_arena *arena, const void *bytes, size_t len,
                                const ncl_batch **batch, ncl_outcome *outcome);
  /* [any] */
  void (*batch_retain)(const ncl_batch *batch);
  /* [any] NULL is ignored. */
  void (*batch_release)(const ncl_batch *batch);

  /* [loop] Builds a batch from parts of others and from new bytes. The SDK's editors (nacelle/otlp_edit.h) are
   * made of these. What is added is trusted to be canonical (pdata.h); it is not validated again. */
  ncl_builder *(*builder_open)(ncl_component *me, uint32_t signal);
  /* [loop] New contiguous, padded bytes that live as long as the batch. NULL = over the budget, or an earlier step has
   * failed; from then on every step of this builder fails, too, and builder_finish gives no batch. */
  uint8_t *(*builder_bytes)(ncl_builder *builder, size_t size);
  /* [loop] Keeps the memory of `batch` alive as long as the new one: its ranges may then be used. */
  ncl_status (*builder_reference)(ncl_builder *builder, const ncl_batch *batch);
  /* [loop] Begins a group, a scope in it, and records in that. Only the ranges of `group` and `scope` are read. */
  ncl_status (*builder_group)(ncl_builder *builder, const ncl_group *group);
  ncl_status (*builder_scope)(ncl_builder *builder, const ncl_scope *scope);
  ncl_status (*builder_records)(ncl_builder *builder, const ncl_record *records, uint32_t count);
  /* [loop] The request's own fields. */
  ncl_status (*builder_request)(ncl_builder *builder, ncl_range request);
  /* [loop] Ends it, with a batch (the caller's reference) or, after a step that failed, NULL. */
  const ncl_batch *(*builder_finish)(ncl_builder *builder);
  /* [loop] Ends it without a batch. */
  void (*builder_abort)(ncl_builder *builder);

  /* ---- calls ------------------------------------------------------------------------------- */

  /* [loop] [started] Hands a batch to what follows. NCL_OK, an error with the reason in *outcome (may be NULL;
   * its message lives until the calling slot returns), or NCL_PENDING: emission.done is called later, exactly once: at
   * the latest between the component's shutdown and its destroy, then with NCL_RETRYABLE. */
  ncl_status (*emit)(ncl_component *me, ncl_output *output, const ncl_emission *emission, ncl_outcome *outcome);
  /* [any] Completes a call that was answered NCL_PENDING. May be called before that answer is given. `me` is the one
   * who completes. */
  void (*complete)(ncl_component *me, ncl_token token, const ncl_outcome *outcome);
  /* [loop] A token of the component's own, to give to an interface that answers later: `done` runs on the
   * component's loop exactly once, also when `deadline_ns` (0 = none) passes first or the component is about to be
   * destroyed (both NCL_RETRYABLE), unless token_cancel came before. 0 = no memory. */
  ncl_token (*token_open)(ncl_component *me, ncl_done_fn done, void *arg, int64_t deadline_ns);
  /* [loop] Gives up a token of one's own: done will not run. */
  void (*token_cancel)(ncl_component *me, ncl_token token);

  /* [loop] A context with these pairs (copied), one reference for the caller. NULL = no memory. */
  ncl_context *(*context_new)(ncl_component *me, ncl_str peer, const ncl_pair *pairs, uint32_t count);
  void (*context_retain)(ncl_context *context);  /* [any] */
  void (*context_release)(ncl_context *context); /* [any] NULL is ignored */
  /* [any] Pairs of a context: of ncl_pair, as long as the context lives. */
  ncl_array (*context_pairs)(const ncl_context *context);
  /* [any] Who sent it, as it was given to context_new ("ip:port"); empty where that is not known. As long as the
   * context lives. */
  ncl_str (*context_peer)(const ncl_context *context);

  /* ---- runtime ----------------------------------------------------------------------------- */

  int64_t (*now_ns)(ncl_component *me);  /* [any] monotonic; tests can move it */
  int64_t (*wall_ns)(ncl_component *me); /* [any] since 1970-01-01 UTC */

  /* [loop] A timer, not yet set. NULL = no memory. */
  ncl_timer *(*timer_open)(ncl_component *me, ncl_call_fn fn, void *arg);
  /* [loop] Runs once at `at_ns` (monotonic); 0 = never. Setting it again moves it. */
  void (*timer_set)(ncl_timer *timer, int64_t at_ns);
  void (*timer_close)(ncl_timer *timer); /* [loop] NULL is ignored */

  /* [loop] Watches a non-blocking descriptor. The component closes the watch before it closes the fd. */
  ncl_watch *(*watch_open)(ncl_component *me, int32_t fd, uint32_t events, ncl_watch_fn fn, void *arg);
  void (*watch_set)(ncl_watch *watch, uint32_t events); /* [loop] */
  void (*watch_close)(ncl_watch *watch);                /* [loop] NULL is ignored */

  /* [any] Runs fn(arg) on the component's loop, later, in the order of the posts. NCL_NO_MEMORY. */
  ncl_status (*post)(ncl_component *me, ncl_call_fn fn, void *arg);
  /* [loop] Runs work(arg) on a thread that may wait, then done(arg) on the loop. At most 4 a component run at
   * once, 64 wait; beyond that NCL_RETRYABLE. Shutdown does not wait for work, but destroy does: it is called
   * after every done has run, or, where the process ends meanwhile, not at all. */
  ncl_status (*work)(ncl_component *me, ncl_call_fn work, ncl_call_fn done, void *arg);

  /* [loop] A listening socket of the host's at `endpoint` ("host:port", "[::1]:4317", "unix:///path"; port 0 =
   * any) for `me`. Connections come to `fn`. Of a component whose config is not in force yet they come once it is; one
   * that takes the place of another at the same address gets that one's socket, so that no connection is lost. NULL
   * with the reason in *outcome. */
  ncl_listener *(*listen)(ncl_component *me, ncl_str endpoint, ncl_accept_fn fn, void *arg, ncl_outcome *outcome);
  /* [loop] The same for datagrams: UDP at "host:port", or a datagram socket at "unix:///path". The slots below are for
   * both kinds. `how` may be NULL. */
  ncl_listener *(*listen_datagrams)(ncl_component *me, ncl_str endpoint, const ncl_datagrams *how, ncl_datagram_fn fn,
                                    void *arg, ncl_outcome *outcome);
  /* [loop] Datagrams that the kernel threw away since this listener took the port, its buffer being full: as the newest
   * one that came tells. Of UDP only. */
  uint64_t (*listener_lost)(const ncl_listener *listener);
  /* [loop] Where it listens, with the port that was chosen: lives as long as the listener. */
  ncl_str (*listener_endpoint)(const ncl_listener *listener);
  /* [loop] 0 = stops accepting or reading for now (at a limit), 1 = goes on. */
  void (*listener_accept)(ncl_listener *listener, uint32_t on);
  void (*listener_close)(ncl_listener *listener); /* [loop] NULL is ignored */

  /* ---- others ------------------------------------------------------------------------------ */

  /* [loop] The table of interface `name` of the one service that has it, loaded at first need; NULL with the
   * reason in *outcome. Lives as long as the process. */
  const void *(*service)(ncl_component *me, ncl_str name, ncl_outcome *outcome);
  /* [loop] The table of interface `name` of component `id`, which a NCL_TYPE_COMPONENT field of the config
   * names (so that it starts earlier and ends later); NULL with the reason in *outcome. */
  const void *(*component_interface)(ncl_component *me, ncl_str id, ncl_str name, ncl_outcome *outcome);
  /* [loop] The component's state for health checks: NCL_OK, NCL_RETRYABLE (recoverable) or NCL_PERMANENT. */
  void (*status)(ncl_component *me, ncl_status status, ncl_str message);
  /* [loop] Asks the process to end in order, exit code 1: something is wrong that cannot be mended. */
  void (*fatal)(ncl_component *me, ncl_str message);
  /* [any] The environment variable `name`; ptr == NULL: it is not set. The text lives as long as the process: the
   * environment is the host's, and nobody changes it. */
  ncl_str (*environment)(ncl_component *me, ncl_str name);
  /* [loop] Tells what was found, during ncl_methods.probe; nobody hears it otherwise. */
  void (*finding)(ncl_component *me, const ncl_finding *finding);
} ncl_host;

#ifdef __cplusplus
}
#endif
#endif
