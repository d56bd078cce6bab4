/* SPDX-License-Identifier: Apache-2.0 */
/* receiver.c: the life of the receiver: its ports from start to shutdown. */
#include "receiver.h"

#include <stdlib.h>

/* ---- create and destroy ----------------------------------------------------------------------------------------- */

ncl_status ncl_otlp_create(const ncl_create *create, void **self) {
  ncl_otlp_receiver *receiver = calloc(1, sizeof(*receiver));
  if (receiver == NULL) return NCL_NO_MEMORY;
  receiver->host = create->host;
  receiver->me = create->me;
  receiver->create = *create;
  ncl_status status = ncl_otlp_settings_read(create, &receiver->settings);
  if (status != NCL_OK) {
    ncl_otlp_destroy(receiver);
    return status;
  }
  for (uint32_t i = 0; i < create->outputs.count; i++) {
    const ncl_output_info *info = ncl_array_at(&create->outputs, i);
    if (info->signal >= NCL_SIGNAL_TRACES && info->signal <= NCL_SIGNAL_LOGS) {
      receiver->outputs[info->signal] = info->output;
    }
  }
  receiver->grpc.receiver = receiver;
  receiver->grpc.settings = &receiver->settings.grpc;
  receiver->http.receiver = receiver;
  receiver->http.settings = &receiver->settings.http;
  *self = receiver;
  return NCL_OK;
}

ncl_status ncl_otlp_check(void *self) {
  ncl_otlp_receiver *receiver = self;
  return ncl_otlp_settings_check(&receiver->create, &receiver->settings);
}

void ncl_otlp_destroy(void *self) {
  ncl_otlp_receiver *receiver = self;
  ncl_otlp_pending_end(receiver);
  free(receiver);
}

/* ---- start ------------------------------------------------------------------------------------------------------- */

/* Opens one port and says where; false = the reason is in *outcome. */
static bool open_port(ncl_otlp_receiver *receiver, ncl_otlp_port *port, ncl_str message, ncl_outcome *outcome) {
  static const ncl_str event = NCL_STR("otlp.starting");
  const ncl_http_server *server = receiver->server;
  if (ncl_http_settings_bind(receiver->host, receiver->me, port->settings, outcome) != NCL_OK) return false;
  port->port = server->open(server->self, receiver->me, &port->settings->config, &ncl_otlp_handler, port, outcome);
  if (port->port == NULL) return false;
  const ncl_attr attr = {NCL_STR("endpoint"), NCL_ATTR_STR, 0, server->endpoint(port->port), 0, 0};
  receiver->host->log(receiver->me, NCL_LOG_INFO, event, message, &attr, 1);
  return true;
}

static void close_ports(ncl_otlp_receiver *receiver) {
  ncl_otlp_port *ports[] = {&receiver->grpc, &receiver->http};
  for (size_t i = 0; i < 2; i++) {
    if (ports[i]->port != NULL) receiver->server->close(ports[i]->port);
    ports[i]->port = NULL;
    receiver->host->context_release(ports[i]->last);
    ports[i]->last = NULL;
  }
  ncl_otlp_pending_abandon(receiver);
}

ncl_status ncl_otlp_start(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_otlp_receiver *receiver = self;
  const ncl_otlp_settings *settings = &receiver->settings;
  bool ok = true;
  (void)token;
  receiver->server = receiver->host->service(receiver->me, (ncl_str)NCL_STR(NCL_HTTP_SERVER_1), outcome);
  if (receiver->server == NULL) return NCL_PERMANENT;
  if (settings->has_grpc) {
    ok = open_port(receiver, &receiver->grpc, (ncl_str)NCL_STR("Starting GRPC server"), outcome);
  }
  if (ok && settings->has_http) {
    ok = open_port(receiver, &receiver->http, (ncl_str)NCL_STR("Starting HTTP server"), outcome);
  }
  if (ok) return NCL_OK;
  close_ports(receiver);
  return outcome->status == NCL_OK ? NCL_PERMANENT : outcome->status;
}

/* ---- drain and shutdown ------------------------------------------------------------------------------------------ */

static void on_drained(void *arg, const ncl_outcome *drained) {
  ncl_otlp_receiver *receiver = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (drained->status != NCL_OK) receiver->drain_late = true;
  if (--receiver->draining > 0) return;
  if (receiver->drain_late) {
    outcome.status = NCL_RETRYABLE;
    outcome.message = (ncl_str)NCL_STR("some clients did not end their requests or connections in time");
  }
  receiver->host->complete(receiver->me, receiver->drain_token, &outcome);
}

ncl_status ncl_otlp_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  ncl_otlp_receiver *receiver = self;
  ncl_http_port *ports[] = {receiver->grpc.port, receiver->http.port};
  ncl_token tokens[2] = {0, 0};
  (void)outcome;
  receiver->drain_token = token;
  for (size_t i = 0; i < 2; i++) {
    if (ports[i] == NULL) continue;
    tokens[i] = receiver->host->token_open(receiver->me, on_drained, receiver, deadline_ns);
    if (tokens[i] != 0) receiver->draining++;
  }
  for (size_t i = 0; i < 2; i++) {
    if (ports[i] != NULL) receiver->server->drain(ports[i], tokens[i]);
  }
  return receiver->draining > 0 ? NCL_PENDING : NCL_OK;
}

ncl_status ncl_otlp_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)token;
  (void)outcome;
  close_ports(self);
  return NCL_OK;
}
