/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_grpc.c: the exporter otlp_grpc: batches as OTLP/gRPC requests to any OTLP backend. */
#include "otlp_grpc.h"

#include <nacelle/config_fill.h>
#include <nacelle/tls_client_fields.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- config ------------------------------------------------------------------------------------------ */

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_otlp_grpc_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET

static const ncl_str compressions[] = {NCL_STR("gzip"), NCL_STR("zstd"), NCL_STR("none"), NCL_STR(""),
                                       NCL_STR("snappy")};

static const ncl_field header = {.type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET};
static const ncl_field any = {.type = NCL_TYPE_ANY};

static const ncl_field auth_fields[] = {
    {FIELD("authenticator", NCL_TYPE_COMPONENT, "", "Extension that authenticates requests."), AT(authenticator),
     .kind = NCL_KIND_EXTENSION, .iface = NCL_STR(NCL_AUTH_CLIENT_1)},
};

static const ncl_field keepalive_fields[] = {
    {FIELD("time", NCL_TYPE_DURATION, "10s", "Silence after which a ping is sent; at least 10s."), AT(ping_time_ns),
     .min = 0, .max = INT64_MAX},
    {FIELD("timeout", NCL_TYPE_DURATION, "10s",
           "Time that the answer to a ping may take before the connection is given up; 0 = 20s."),
     AT(ping_timeout_ns), .min = 0, .max = INT64_MAX},
    {FIELD("permit_without_stream", NCL_TYPE_BOOL, "false", "Pings also while no request is under way."),
     AT(ping_without_stream)},
};

static const ncl_field fields[] = {
    {FIELD("endpoint", NCL_TYPE_STRING, "",
           "host:port of the backend; https://host:port, dns:///host:port, unix:///path."),
     AT(endpoint)},
    {FIELD("compression", NCL_TYPE_ENUM, "gzip", "How requests are compressed."), AT(compression),
     .choices = NCL_ARRAY(compressions)},
    {FIELD("headers", NCL_TYPE_MAP, "", "Metadata of every request."), AT(headers), .flags = NCL_FIELD_SECRET,
     .fields = {&header, 1, sizeof header}},
    {FIELD("authority", NCL_TYPE_STRING, "",
           "The :authority of requests, and the name that the certificate must have."),
     AT(authority)},
    {FIELD("auth", NCL_TYPE_SECTION, "", "How requests are authenticated."), NOWHERE, .fields = NCL_ARRAY(auth_fields)},
    {FIELD("tls", NCL_TYPE_SECTION, "", "TLS towards the backend; on unless `insecure`."), NOWHERE,
     .fields = NCL_ARRAY(ncl_tls_client_fields)},
    {FIELD("keepalive", NCL_TYPE_SECTION, "",
           "Pings that find dead connections; without it TCP finds them, 30 seconds after data went unanswered."),
     NOWHERE, .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(keepalive_fields)},
    {FIELD("balancer_name", NCL_TYPE_STRING, "", "pick_first: one address at a time."), AT(balancer_name)},
    {FIELD("user_agent", NCL_TYPE_STRING, "", "The user-agent of requests; empty = Nacelle's."), AT(user_agent)},
    {FIELD("wait_for_ready", NCL_TYPE_BOOL, "false", "Without effect: retry_on_failure tries again."),
     AT(wait_for_ready)},
    {FIELD("read_buffer_size", NCL_TYPE_INT, "0", "Without effect: buffers follow the size of the request."), NOWHERE},
    {FIELD("write_buffer_size", NCL_TYPE_INT, "0", "Without effect: buffers follow the size of the request."), NOWHERE},
    {FIELD("middlewares", NCL_TYPE_LIST, "", "Not supported."), NOWHERE, .fields = {&any, 1, sizeof any}},
};

/* ---- life -------------------------------------------------------------------------------------------- */

typedef struct otlp_grpc {
  ncl_otlp_grpc_settings settings;
  ncl_pair authority; /* as the header "host" */
  char *url;
  ncl_str path;
  ncl_otlp_sender *sender;
} otlp_grpc;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static ncl_status make_sender(otlp_grpc *exporter, const ncl_create *create) {
  const ncl_otlp_grpc_settings *settings = &exporter->settings;
  exporter->authority = (ncl_pair){NCL_STR("host"), settings->authority};
  ncl_otlp_sender_config config = {
      .create = create,
      .channel = {.struct_size = sizeof config.channel,
                  .is_grpc = 1,
                  .tls = ncl_value_get(create->config, str("tls")),
                  .encoding = ncl_otlp_grpc_encoding(settings),
                  .user_agent = settings->user_agent,
                  .ping_time_ns = settings->ping_time_ns,
                  .ping_timeout_ns = settings->ping_timeout_ns,
                  .ping_without_stream = settings->ping_without_stream != 0},
      .authenticator = settings->authenticator,
      .url = str(exporter->url),
      .path = exporter->path,
      .headers = settings->headers,
      .own = &exporter->authority,
      .own_count = settings->authority.len > 0 ? 1 : 0,
  };
  return ncl_otlp_sender_new(&config, &exporter->sender);
}

static void destroy(void *self) {
  otlp_grpc *exporter = self;
  ncl_otlp_sender_free(exporter->sender);
  free(exporter->url);
  free(exporter);
}

static ncl_status create_exporter(const ncl_create *create, void **self) {
  const ncl_array table = NCL_ARRAY(fields);
  otlp_grpc *exporter = calloc(1, sizeof *exporter);
  if (exporter == NULL) return NCL_NO_MEMORY;
  ncl_status status = ncl_config_fill(create->config, &table, &exporter->settings);
  if (status == NCL_OK) status = ncl_otlp_grpc_check(create, &exporter->settings);
  ncl_status of_url = ncl_otlp_grpc_url(create, &exporter->settings, &exporter->url, &exporter->path);
  if (status == NCL_OK) status = of_url;
  if (status == NCL_OK) status = make_sender(exporter, create);
  if (status == NCL_OK) {
    *self = exporter;
  } else {
    destroy(exporter);
  }
  return status;
}

static ncl_status check(void *self) {
  otlp_grpc *exporter = self;
  return ncl_otlp_sender_check(exporter->sender);
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  otlp_grpc *exporter = self;
  (void)token;
  return ncl_otlp_sender_start(exporter->sender, outcome);
}

static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  otlp_grpc *exporter = self;
  return ncl_otlp_sender_probe(exporter->sender, str(""), token, outcome);
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  otlp_grpc *exporter = self;
  (void)token;
  (void)outcome;
  ncl_otlp_sender_stop(exporter->sender);
  return NCL_OK;
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static ncl_status send_item(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  otlp_grpc *exporter = self;
  ncl_otlp_try *attempt = ncl_otlp_sender_begin(exporter->sender);
  if (attempt == NULL) return NCL_NO_MEMORY;
  if (ncl_gather_batch(&attempt->gather, item->batch) != NCL_OK) {
    ncl_otlp_sender_abort(exporter->sender, attempt);
    return NCL_NO_MEMORY;
  }
  item->bytes = attempt->gather.bytes;
  attempt->body = (ncl_array){attempt->gather.pieces, (uint32_t)attempt->gather.count, sizeof(ncl_range)};
  attempt->deadline_ns = deadline_ns;
  attempt->context = item->context;
  return ncl_otlp_sender_send(exporter->sender, attempt, token, outcome);
}

static void cancel(void *self, ncl_token token) {
  otlp_grpc *exporter = self;
  ncl_otlp_sender_cancel(exporter->sender, token);
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_exporter,
                                    .check = check,
                                    .start = start,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .send = send_item,
                                    .cancel = cancel,
                                    .probe = probe};

static const ncl_str aliases[] = {NCL_STR("otlp")};
static const uint32_t signals[] = {NCL_SIGNAL_TRACES, NCL_SIGNAL_METRICS, NCL_SIGNAL_LOGS};

static const ncl_component_type components[] = {
    {.type = NCL_STR("otlp_grpc"),
     .aliases = NCL_ARRAY(aliases),
     .kind = NCL_KIND_EXPORTER,
     .doc = NCL_STR("Sends traces, metrics and logs to an OTLP backend over gRPC."),
     .signals = NCL_ARRAY(signals),
     .fields = NCL_ARRAY(fields),
     .methods = &methods},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-otlp-grpc-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
