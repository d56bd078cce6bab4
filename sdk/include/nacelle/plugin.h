/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/plugin.h: what a plugin is: its descriptor, its components, and the slots that the host calls. */
#ifndef NACELLE_PLUGIN_H
#define NACELLE_PLUGIN_H

#include <nacelle/call.h>
#include <nacelle/config.h>
#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_KIND_RECEIVER 1u
#define NCL_KIND_PROCESSOR 2u
#define NCL_KIND_EXPORTER 3u
#define NCL_KIND_CONNECTOR 4u /* exporter of one pipeline and receiver of others */
#define NCL_KIND_EXTENSION 5u
#define NCL_KIND_SERVICE 6u /* one instance a process, loaded when an interface of it is first asked for */
#define NCL_KIND_SOURCE 7u  /* a config scheme: --config <type>:... */

/* Flags of a component. */
#define NCL_COMPONENT_SHARED                                                                                          \
  1u                             /* one instance an id for all pipelines and signals (receiver/otlp, memory_limiter); \
                                    without it: receivers and exporters one per (id, signal), processors one          \
                                    per pipeline, connectors one per (id, signal in), the rest one per id */
#define NCL_COMPONENT_ORDERED 2u /* exporter: the queue must hand over items in order, one at a time */
#define NCL_COMPONENT_DIRECT 4u  /* exporter: no sending queue and no retry unless the user asks (debug, nop, file) */
#define NCL_COMPONENT_BUFFERS 8u /* processor: may keep what it answered OK for in memory (batch, tail sampling) */
#define NCL_COMPONENT_EXCLUSIVE                                                                                  \
  16u /* start takes what no second instance could have meanwhile: a file, a directory, a port that host->listen \
         does not know. When its config changes, the old instance is drained and shut down before the new one is \
         started, and is made and started again if that one cannot be. */

/* What `create` gets: borrowed until it returns. What it points to (host, me, id, config, outputs) lives as long as the
 * instance. */
typedef struct ncl_create {
  uint32_t struct_size;
  uint32_t signal; /* the signal that the instance is for; 0 where it serves all */
  const ncl_host *host;
  ncl_component *me;       /* first argument of the host's slots */
  ncl_str id;              /* "type" or "type/name" */
  const ncl_value *config; /* a map with every field of the component's table */
  ncl_array outputs;       /* of ncl_output_info; receivers, processors, connectors */
} ncl_create;

/* All that is behind this output answers NCL_OK only when the telemetry is delivered or on disk. A component that
 * buffers then answers NCL_PENDING and completes its input from there, so that the promise reaches the client. */
#define NCL_OUTPUT_WAITS 1u

/* One way out of an instance. A shared processor has none: it uses ncl_call.output. A connector has, for each signal
 * that it makes, one into all pipelines behind it, and then one into each of them. */
typedef struct ncl_output_info {
  ncl_output *output;
  ncl_str
      pipeline; /* id of the pipeline that it leads into (processors, connectors); "" = all pipelines of the signal */
  uint32_t signal;
  uint32_t flags; /* NCL_OUTPUT_* */
} ncl_output_info;

/* In ncl_item.flags, set by prepare: `state` holds all that send needs, so the host may let go of the batch. */
#define NCL_ITEM_TRANSLATED 1u

/* One item on its way out through an exporter. The host owns it; `state`, `bytes` and `flags` are the exporter's. */
typedef struct ncl_item {
  uint32_t struct_size;
  uint32_t attempt;       /* 0 = first try */
  const ncl_batch *batch; /* what is to be sent in this try: all of it, or the remainder of the last one; NULL where the
                             item is NCL_ITEM_TRANSLATED */
  ncl_context *context;   /* never NULL */
  void *state;            /* set by prepare, given up in release */
  uint64_t items;         /* spans, data points, log records that are still to be sent */
  uint64_t bytes;         /* size on the wire as the exporter knows it, for counters; set by prepare or send */
  int64_t enqueued_ns;    /* monotonic */
  uint32_t signal;
  uint32_t flags; /* NCL_ITEM_* */
} ncl_item;

/*
 * The slots of a component. Which of them a kind needs:
 *   all        create, destroy
 *   receiver   start, shutdown
 *   processor  consume
 *   connector  consume
 *   exporter   send (prepare and release where it translates or keeps something an item)
 *   extension, service   publish
 *   source     retrieve
 * Any slot may be NULL otherwise.
 */
typedef struct ncl_methods {
  uint32_t struct_size;
  uint32_t reserved;

  /* [loop] [create] Makes an instance and hands it over in *self. Reports every semantic error of the
   * config with host->config_error and then answers NCL_PERMANENT. Acquires nothing exclusive (port,
   * file, lock) and does no I/O: `nacelle validate` stops after it. */
  ncl_status (*create)(const ncl_create *create, void **self);

  /* [loop] [create] Optional: looks at what the config points to (files, certificates, directories)
   * without changing anything, and reports with host->config_error. */
  ncl_status (*check)(void *self);

  /* [loop] Acquires what it needs and begins to serve. NCL_OK, an error with the reason in *outcome,
   * or NCL_PENDING, then host->complete(me, token). */
  ncl_status (*start)(void *self, ncl_token token, ncl_outcome *outcome);

  /* [loop] [started] Takes no new work, finishes what it holds, emits what it buffers. `deadline_ns` is
   * when the host goes on without it. Same answers as start. */
  ncl_status (*drain)(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome);

  /* [loop] [started] Optional: the config was read again, on SIGHUP for one, and nothing of this instance's has
   * changed. What it found through the config may have: reopens files by their names, reads certificates again. What
   * fails is logged, and what was in use stays in use. */
  void (*refresh)(void *self);

  /* [loop] Gives back what start acquired. What it still holds is dropped and counted by it
   * (host->drop). Same answers as start. */
  ncl_status (*shutdown)(void *self, ncl_token token, ncl_outcome *outcome);

  /* [loop] After shutdown, or after a create that answered OK without a start. Frees everything. */
  void (*destroy)(void *self);

  /* [loop] [started] Processor, connector: takes a batch. Answers
   *   NCL_FORWARD   go on with outcome.forward, or with the same batch where that is NULL: a processor to what
   *                 follows it, a connector to all pipelines of the batch's signal behind it;
   *                 the end of the call is then the end of the next component's
   *   NCL_OK        it is kept or done with
   *   NCL_PENDING   call->token is completed later
   *   an error      nothing was taken; reason in *outcome. */
  ncl_status (*consume)(void *self, const ncl_call *call, ncl_outcome *outcome);

  /* [loop] [started] Exporter: once an item, in the order of the queue, before its first send: translate,
   * draw ids, attach `state`. NCL_OK, where outcome.rejected are given up already and are no part of what send answers
   * for; NCL_PERMANENT to drop the item; NCL_NO_MEMORY or NCL_RETRYABLE: nothing was attached, it is called again
   * later. */
  ncl_status (*prepare)(void *self, ncl_item *item, ncl_outcome *outcome);

  /* [loop] [started] Exporter: one try. NCL_OK, an error, or NCL_PENDING and then host->complete(me, token); what
   * becomes of each of item->items is said as ncl_outcome says. `deadline_ns` ends the try: the host counts it as
   * retryable and calls cancel. Several items may be under way. */
  ncl_status (*send)(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome);

  /* [loop] Exporter: the item is over; frees item->state. */
  void (*release)(void *self, ncl_item *item);

  /* [loop] [started] Advice: nobody waits for `token` any more. The work may go on. */
  void (*cancel)(void *self, ncl_token token);

  /* [loop] Extension, service: the table of interface `name` ("ncl.storage/1"), or NULL. Called after
   * create; the table lives as long as the instance, starts with struct_size and has no NULL slot. */
  const void *(*publish)(void *self, ncl_str name);

  /* [loop] Source: fetches the text behind `uri` (all after "<scheme>:"). Answers like start; the text is
   * outcome.result, a pointer to an ncl_str, given up with outcome.release. */
  ncl_status (*retrieve)(void *self, ncl_str uri, ncl_token token, ncl_outcome *outcome);

  /* [loop] [create] Optional: tries what the instance needs outside of the config: names, connections, credentials,
   * permissions. It sends no telemetry and changes nothing that stays, and tells each thing that it tried, what works
   * as well as what does not, with host->finding. Answers like start, when all is tried; an error says that it could
   * not be tried. Called instead of start (`nacelle check`), with the extensions started that are "ncl.auth.client/1";
   * the next calls are shutdown and destroy. */
  ncl_status (*probe)(void *self, ncl_token token, ncl_outcome *outcome);
} ncl_methods;

/* One component that a plugin offers. Static. */
typedef struct ncl_component_type {
  ncl_str type;         /* "otlp_http"; [a-zA-Z][0-9a-zA-Z_]{0,62} */
  ncl_array aliases;    /* of ncl_str: other names that the file may be installed under ("otlphttp") */
  uint32_t kind;        /* NCL_KIND_* */
  uint32_t flags;       /* NCL_COMPONENT_* */
  ncl_str doc;          /* one line: what it is for */
  ncl_array signals;    /* of uint32_t: signals that it takes or gives; empty = every signal */
  ncl_array fields;     /* of ncl_field: its config */
  ncl_array interfaces; /* of ncl_str: what `publish` answers to */
  const ncl_methods *methods;
  /* Exporters: defaults of the host's fields, as YAML text; empty = the host's own. */
  ncl_str dflt_timeout; /* "30s" */
  ncl_array outputs;    /* connectors: of uint32_t pairs, (signal in, signal out); empty = same to same */
  ncl_array metrics;    /* of ncl_metric_type: what it counts besides what the host counts of every component */
} ncl_component_type;

/* What a plugin is. Static and never changed. */
typedef struct ncl_plugin {
  uint32_t magic; /* NCL_PLUGIN_MAGIC: first, so that anything else is recognised as no plugin */
  uint32_t struct_size;
  uint32_t abi_major;        /* NCL_ABI_MAJOR of the headers it was built with */
  uint32_t abi_minor_built;  /* NCL_ABI_MINOR of the headers it was built with */
  uint32_t abi_minor_needed; /* the oldest host minor that it works with */
  uint32_t reserved;
  ncl_str name;         /* of the plugin: "nacelle-otlp", "acme" */
  ncl_str version;      /* "1.4.0" */
  ncl_array components; /* of ncl_component_type */
} ncl_plugin;

#define NCL_PLUGIN_MAGIC 0x314c434eu /* "NCL1" in memory, little-endian */

#if defined(__GNUC__)
#define NCL_EXPORT __attribute__((visibility("default")))
#else
#define NCL_EXPORT
#endif

/* The one symbol that a plugin exports. Pure, callable before anything else, on any thread. */
typedef const ncl_plugin *(*ncl_plugin_fn)(void);
#define NCL_PLUGIN_SYMBOL "ncl_plugin_v1"
NCL_EXPORT const ncl_plugin *ncl_plugin_v1(void);

#ifdef __cplusplus
}
#endif
#endif
