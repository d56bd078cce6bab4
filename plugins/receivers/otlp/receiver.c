/* SPDX-License-Identifier: Apache-2.0 */
/* receiver.c: the life of the receiver: its ports from start to shutdown. */
#include "receiver.h"

#include <nacelle/config_fill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- create and destroy ----------------------------------------------------------------------------------------- */

static ncl_status take_headers(ncl_otlp_receiver *receiver) {
  const ncl_value *map = receiver->settings.http.response_headers;
  uint32_t count = ncl_config_count(map);
  if (count == 0) return NCL_OK;
  receiver->headers = calloc(count, sizeof(*receiver->headers));
  if (receiver->headers == NULL) return NCL_NO_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    const ncl_value *item = ncl_config_at(map, i);
    receiver->headers[i].name = item->key;
    receiver->headers[i].value = item->s;
  }
  receiver->header_count = count;
  return NCL_OK;
}

/* exposed_headers as one value, ", " between them. */
static ncl_status join_exposed(ncl_otlp_receiver *receiver) {
  const ncl_value *list = receiver->settings.http.exposed_headers;
  const ncl_value *item;
  size_t len = 0, at = 0;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++)
    len += item->s.len + 2;
  if (len == 0) return NCL_OK;
  receiver->exposed_text = malloc(len);
  if (receiver->exposed_text == NULL) return NCL_NO_MEMORY;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    if (at > 0) {
      memcpy(receiver->exposed_text + at, ", ", 2);
      at += 2;
    }
    if (item->s.len > 0) memcpy(receiver->exposed_text + at, item->s.ptr, item->s.len);
    at += item->s.len;
  }
  receiver->exposed = ncl_str_of(receiver->exposed_text, at);
  return NCL_OK;
}

ncl_status ncl_otlp_create(const ncl_create *create, void **self) {
  ncl_otlp_receiver *receiver = calloc(1, sizeof(*receiver));
  if (receiver == NULL) return NCL_NO_MEMORY;
  receiver->host = create->host;
  receiver->me = create->me;
  receiver->create = *create;
  ncl_status status = ncl_otlp_settings_read(create, &receiver->settings);
  if (status == NCL_OK) status = take_headers(receiver);
  if (status == NCL_OK) status = join_exposed(receiver);
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
  receiver->grpc.include_metadata = receiver->settings.grpc.include_metadata;
  receiver->grpc.limit_key = "max_recv_msg_size_mib";
  receiver->http.receiver = receiver;
  receiver->http.include_metadata = receiver->settings.http.include_metadata;
  receiver->http.limit_key = "max_request_body_size";
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
  free(receiver->headers);
  free(receiver->exposed_text);
  free(receiver);
}

/* ---- start ------------------------------------------------------------------------------------------------------- */

/* 0 in the config means never; 0 for the server means its default. */
static int64_t or_never(int64_t ns) {
  return ns > 0 ? ns : NCL_HTTP_NO_TIMEOUT;
}

static ncl_http_port_config grpc_config(const ncl_otlp_receiver *receiver) {
  const ncl_otlp_grpc *grpc = &receiver->settings.grpc;
  ncl_http_port_config config = {.struct_size = sizeof(config)};
  config.max_concurrent_streams = (uint32_t)grpc->max_concurrent_streams;
  config.tls = ncl_value_get(receiver->settings.grpc_section, (ncl_str)NCL_STR("tls"));
  config.max_body = (uint64_t)grpc->max_recv_msg_size_mib << 20;
  config.max_connection_age_ns = grpc->max_connection_age_ns;
  config.max_connection_age_grace_ns = grpc->max_connection_age_grace_ns;
  config.max_connection_idle_ns = grpc->max_connection_idle_ns;
  config.ping_time_ns = grpc->ping_time_ns;
  config.ping_timeout_ns = grpc->ping_timeout_ns;
  return config;
}

static ncl_http_port_config http_config(const ncl_otlp_receiver *receiver) {
  const ncl_otlp_http *http = &receiver->settings.http;
  ncl_http_port_config config = {.struct_size = sizeof(config)};
  config.tls = ncl_value_get(receiver->settings.http_section, (ncl_str)NCL_STR("tls"));
  config.max_body = (uint64_t)http->max_request_body_size;
  config.read_timeout_ns = or_never(http->read_timeout_ns);
  config.read_header_timeout_ns = or_never(http->read_header_timeout_ns);
  config.write_timeout_ns = or_never(http->write_timeout_ns);
  config.idle_timeout_ns = or_never(http->idle_timeout_ns);
  config.keep_alive_off = http->keep_alives_enabled ? 0 : 1;
  return config;
}

/* Opens one port and says where; false = the reason is in *outcome. */
static bool open_port(ncl_otlp_receiver *receiver, ncl_otlp_port *port, ncl_http_port_config *config, ncl_str endpoint,
                      int64_t transport, ncl_str message, ncl_outcome *outcome) {
  static const ncl_str event = NCL_STR("otlp.starting");
  static const char scheme[] = "unix://";
  char socket[128];
  port->max_body = config->max_body;
  config->endpoint = endpoint;
  bool has_scheme = endpoint.len >= sizeof(scheme) - 1 && memcmp(endpoint.ptr, scheme, sizeof(scheme) - 1) == 0;
  if (transport == NCL_OTLP_TRANSPORT_UNIX && !has_scheme) {
    int n = snprintf(socket, sizeof(socket), "%s%.*s", scheme, (int)endpoint.len, endpoint.ptr);
    if (n < 0 || (size_t)n >= sizeof(socket)) {
      outcome->message = (ncl_str)NCL_STR("the path of the socket is longer than the system allows");
      return false;
    }
    config->endpoint = ncl_str_of(socket, (size_t)n);
  }
  port->port = receiver->server->open(receiver->server->self, receiver->me, config, &ncl_otlp_handler, port, outcome);
  if (port->port == NULL) return false;
  const ncl_attr attr = {NCL_STR("endpoint"), NCL_ATTR_STR, 0, receiver->server->endpoint(port->port), 0, 0};
  receiver->host->log(receiver->me, NCL_LOG_INFO, event, message, &attr, 1);
  return true;
}

static void close_ports(ncl_otlp_receiver *receiver) {
  ncl_otlp_port *ports[] = {&receiver->grpc, &receiver->http};
  for (size_t i = 0; i < 2; i++) {
    if (ports[i]->port != NULL) receiver->server->close(ports[i]->port);
    ports[i]->port = NULL;
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
  if (settings->grpc_section != NULL) {
    ncl_http_port_config config = grpc_config(receiver);
    ok = open_port(receiver, &receiver->grpc, &config, settings->grpc.endpoint, settings->grpc.transport,
                   (ncl_str)NCL_STR("Starting GRPC server"), outcome);
  }
  if (ok && settings->http_section != NULL) {
    ncl_http_port_config config = http_config(receiver);
    ok = open_port(receiver, &receiver->http, &config, settings->http.endpoint, settings->http.transport,
                   (ncl_str)NCL_STR("Starting HTTP server"), outcome);
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
