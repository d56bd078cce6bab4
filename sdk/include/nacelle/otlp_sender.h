/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_sender.h: the part of an OTLP exporter that talks to ncl.http_client: its channel, its tries under way,
 * what the answers mean. Part of the plugin, not of the ABI. All [loop]. */
#ifndef NACELLE_OTLP_SENDER_H
#define NACELLE_OTLP_SENDER_H

#include <nacelle/http_client.h>
#include <nacelle/otlp_export.h>
#include <nacelle/otlp_write.h>
#include <nacelle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ncl_otlp_sender ncl_otlp_sender;

/* One try, to be filled in by the exporter: `body` is what is sent. The room of `gather` and `text` is the sender's to
 * keep or to free afterwards. */
typedef struct ncl_otlp_try {
  ncl_gather gather; /* for protobuf: ncl_gather_batch */
  ncl_writer text;   /* for JSON: ncl_writer_heap */
  ncl_range whole;   /* a place for the one piece of it */
  ncl_array body;    /* of ncl_range */
  int64_t deadline_ns;
  ncl_context *context; /* of the item: for the authenticator */
} ncl_otlp_try;

/* What all it points to lives as long as the exporter. */
typedef struct ncl_otlp_sender_config {
  const ncl_create *create;        /* of the exporter */
  ncl_http_channel_config channel; /* `auth` is the sender's to fill in */
  ncl_str authenticator;           /* id of an extension that is "ncl.auth.client/1"; empty = none */
  ncl_str url;                     /* as in ncl_http_call */
  ncl_str path;
  const ncl_value *headers; /* map that the user wrote; NULL = none */
  const ncl_pair *own;      /* headers of the exporter's; the user's of the same name win */
  uint32_t own_count;
} ncl_otlp_sender_config;

/* NCL_OK; NCL_NO_MEMORY; NCL_PERMANENT after host->config_error: a header that cannot be sent. Does no I/O. */
ncl_status ncl_otlp_sender_new(const ncl_otlp_sender_config *config, ncl_otlp_sender **sender);
/* Reports with host->config_error the files of the tls section that cannot be read: for the slot `check`. */
ncl_status ncl_otlp_sender_check(ncl_otlp_sender *sender);
/* Finds the authenticator. The channel is opened a moment later, or with the first try, so that neither the service
 * nor its libraries are on the path to ready. */
ncl_status ncl_otlp_sender_start(ncl_otlp_sender *sender, ncl_outcome *outcome);
/* For the slot `probe`: tries name, connection, TLS and the authenticator with a request that has no telemetry in it,
 * and completes `token` when that is done; ncl_otlp_sender_stop ends it. `body` is that request as it is encoded, and
 * stays: "" for protobuf, "{}" for JSON. */
ncl_status ncl_otlp_sender_probe(ncl_otlp_sender *sender, ncl_str body, ncl_token token, ncl_outcome *outcome);
/* Ends the tries under way as retryable, and closes the channel. */
void ncl_otlp_sender_stop(ncl_otlp_sender *sender);
void ncl_otlp_sender_free(ncl_otlp_sender *sender); /* stops it, too; NULL is ignored */

/* A try to be filled in. NULL = no memory. */
ncl_otlp_try *ncl_otlp_sender_begin(ncl_otlp_sender *sender);
/* Sends: `token` is completed with what the backend's answer means. NCL_PENDING, or an error with the reason in
 * *outcome. The try is the sender's again in either case. */
ncl_status ncl_otlp_sender_send(ncl_otlp_sender *sender, ncl_otlp_try *attempt, ncl_token token, ncl_outcome *outcome);
/* Gives up a try that was begun and not sent. */
void ncl_otlp_sender_abort(ncl_otlp_sender *sender, ncl_otlp_try *attempt);
/* Nobody waits for `token` any more: ends its exchange. */
void ncl_otlp_sender_cancel(ncl_otlp_sender *sender, ncl_token token);

#ifdef __cplusplus
}
#endif
#endif
