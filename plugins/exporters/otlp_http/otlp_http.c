/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_http.c: the exporter otlp_http: batches as OTLP/HTTP requests to any OTLP backend. */
#include "otlp_http.h"

#include <nacelle/config_fill.h>
#include <nacelle/otlp_json.h>
#include <nacelle/tls_client_fields.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- config ------------------------------------------------------------------------------------------ */

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_otlp_http_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET

static const ncl_str compressions[] = {NCL_STR("gzip"), NCL_STR("zstd"), NCL_STR("deflate"),
                                       NCL_STR("none"), NCL_STR(""),     NCL_STR("snappy"),
                                       NCL_STR("zlib"), NCL_STR("lz4"),  NCL_STR("x-snappy-framed")};
static const ncl_str encodings[] = {NCL_STR("proto"), NCL_STR("json")};

static const ncl_field header = {.type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET};
static const ncl_field any = {.type = NCL_TYPE_ANY};

static const ncl_field params_fields[] = {
    {FIELD("level", NCL_TYPE_INT, "0", "Level of gzip, deflate, zlib and zstd; 0 or less = the fastest (1)."),
     AT(level), .min = -1000, .max = 1000},
};

static const ncl_field auth_fields[] = {
    {FIELD("authenticator", NCL_TYPE_COMPONENT, "", "Extension that signs requests."), AT(authenticator),
     .kind = NCL_KIND_EXTENSION, .iface = NCL_STR(NCL_AUTH_CLIENT_1)},
};

static const ncl_field cookies_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "true", "Not supported: cookies are never stored."), NOWHERE},
};

static const ncl_field fields[] = {
    {FIELD("endpoint", NCL_TYPE_STRING, "",
           "URL of the backend, to which /v1/traces, /v1/metrics and /v1/logs are added; unix:///path for a socket."),
     AT(endpoint)},
    {FIELD("traces_endpoint", NCL_TYPE_STRING, "", "URL for traces, used as it is."), AT(signal_endpoints[0])},
    {FIELD("metrics_endpoint", NCL_TYPE_STRING, "", "URL for metrics, used as it is."), AT(signal_endpoints[1])},
    {FIELD("logs_endpoint", NCL_TYPE_STRING, "", "URL for logs, used as it is."), AT(signal_endpoints[2])},
    {FIELD("profiles_endpoint", NCL_TYPE_STRING, "", "Not supported: profiles are not exported."),
     AT(profiles_endpoint)},
    {FIELD("encoding", NCL_TYPE_ENUM, "proto", "How requests are encoded."), AT(encoding),
     .choices = NCL_ARRAY(encodings)},
    {FIELD("compression", NCL_TYPE_ENUM, "gzip", "How requests are compressed."), AT(compression),
     .choices = NCL_ARRAY(compressions)},
    {FIELD("compression_params", NCL_TYPE_SECTION, "", "More about the compression."), NOWHERE,
     .fields = NCL_ARRAY(params_fields)},
    {FIELD("headers", NCL_TYPE_MAP, "", "Headers of every request."), AT(headers), .flags = NCL_FIELD_SECRET,
     .fields = {&header, 1, sizeof header}},
    {FIELD("auth", NCL_TYPE_SECTION, "", "How requests are authenticated."), NOWHERE, .fields = NCL_ARRAY(auth_fields)},
    {FIELD("tls", NCL_TYPE_SECTION, "", "TLS towards https:// endpoints."), NOWHERE,
     .fields = NCL_ARRAY(ncl_tls_client_fields)},
    {FIELD("proxy_url", NCL_TYPE_STRING, "",
           "Proxy; empty = from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, none = no proxy."),
     AT(proxy_url), .flags = NCL_FIELD_SECRET},
    {FIELD("max_conns_per_host", NCL_TYPE_INT, "0", "Requests, and so connections, at once; 0 = 10."),
     AT(max_connections), .min = 0, .max = 1024},
    {FIELD("idle_conn_timeout", NCL_TYPE_DURATION, "90s", "Time after which an unused connection is closed."),
     AT(idle_timeout_ns), .min = 0, .max = INT64_MAX},
    {FIELD("disable_keep_alives", NCL_TYPE_BOOL, "false", "A new connection for every request."), AT(keep_alives_off)},
    {FIELD("max_idle_conns", NCL_TYPE_INT, "100",
           "Without effect: idle connections are bounded by max_conns_per_host."),
     NOWHERE},
    {FIELD("max_idle_conns_per_host", NCL_TYPE_INT, "0", "Without effect, as max_idle_conns."), NOWHERE},
    {FIELD("read_buffer_size", NCL_TYPE_INT, "0", "Without effect: buffers follow the size of the request."), NOWHERE},
    {FIELD("write_buffer_size", NCL_TYPE_INT, "0", "Without effect: buffers follow the size of the request."), NOWHERE},
    {FIELD("http2_read_idle_timeout", NCL_TYPE_DURATION, "0s", "Without effect: requests use HTTP/1.1."), NOWHERE},
    {FIELD("http2_ping_timeout", NCL_TYPE_DURATION, "0s", "Without effect: requests use HTTP/1.1."), NOWHERE},
    {FIELD("force_attempt_http2", NCL_TYPE_BOOL, "false", "Without effect: requests use HTTP/1.1."), NOWHERE},
    {FIELD("cookies", NCL_TYPE_SECTION, "", "Not supported: its presence is an error."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(cookies_fields)},
    {FIELD("middlewares", NCL_TYPE_LIST, "", "Not supported."), NOWHERE, .fields = {&any, 1, sizeof any}},
};

/* ---- life -------------------------------------------------------------------------------------------- */

typedef struct otlp_http {
  const ncl_host *host;
  ncl_component *me;
  ncl_otlp_http_settings settings;
  char *url;
  ncl_str path;
  ncl_otlp_sender *sender;
} otlp_http;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static ncl_status make_sender(otlp_http *exporter, const ncl_create *create) {
  static const ncl_pair proto[] = {{NCL_STR("Content-Type"), NCL_STR("application/x-protobuf")},
                                   {NCL_STR("Connection"), NCL_STR("close")}};
  static const ncl_pair json[] = {{NCL_STR("Content-Type"), NCL_STR("application/json")},
                                  {NCL_STR("Connection"), NCL_STR("close")}};
  const ncl_otlp_http_settings *settings = &exporter->settings;
  ncl_otlp_sender_config config = {
      .create = create,
      .channel = {.struct_size = sizeof config.channel,
                  .tls = ncl_value_get(create->config, str("tls")),
                  .proxy_url = settings->proxy_url,
                  .max_connections = (uint32_t)settings->max_connections,
                  .encoding = ncl_otlp_http_encoding(settings),
                  .level = ncl_otlp_http_level(settings),
                  .idle_timeout_ns = settings->idle_timeout_ns},
      .authenticator = settings->authenticator,
      .url = str(exporter->url),
      .path = exporter->path,
      .headers = settings->headers,
      .own = settings->encoding == NCL_OTLP_HTTP_JSON ? json : proto,
      .own_count = settings->keep_alives_off ? 2 : 1,
  };
  return ncl_otlp_sender_new(&config, &exporter->sender);
}

static void destroy(void *self) {
  otlp_http *exporter = self;
  ncl_otlp_sender_free(exporter->sender);
  free(exporter->url);
  free(exporter);
}

static ncl_status create_exporter(const ncl_create *create, void **self) {
  otlp_http *exporter = calloc(1, sizeof *exporter);
  if (exporter == NULL) return NCL_NO_MEMORY;
  exporter->host = create->host;
  exporter->me = create->me;
  const ncl_array table = NCL_ARRAY(fields);
  ncl_status status = ncl_config_fill(create->config, &table, &exporter->settings);
  if (status == NCL_OK) status = ncl_otlp_http_check(create, &exporter->settings);
  ncl_status of_url = ncl_otlp_http_url(create, &exporter->settings, &exporter->url, &exporter->path);
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
  otlp_http *exporter = self;
  return ncl_otlp_sender_check(exporter->sender);
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  otlp_http *exporter = self;
  (void)token;
  return ncl_otlp_sender_start(exporter->sender, outcome);
}

static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  otlp_http *exporter = self;
  bool is_json = exporter->settings.encoding == NCL_OTLP_HTTP_JSON;
  return ncl_otlp_sender_probe(exporter->sender, str(is_json ? "{}" : ""), token, outcome);
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  otlp_http *exporter = self;
  (void)token;
  (void)outcome;
  ncl_otlp_sender_stop(exporter->sender);
  return NCL_OK;
}

/* ---- sending ----------------------------------------------------------------------------------------- */

/* JSON is larger than the wire; by no more than this, or something is wrong. */
#define JSON_GROWTH 64u
#define JSON_LEAST ((size_t)64 << 10)

static ncl_status encode_json(ncl_otlp_try *attempt, const ncl_batch *batch) {
  ncl_writer_heap(&attempt->text, JSON_LEAST + (size_t)batch->wire_len * JSON_GROWTH);
  ncl_status status = ncl_batch_to_json(batch, &attempt->text);
  attempt->whole = ncl_writer_range(&attempt->text);
  attempt->body = (ncl_array){&attempt->whole, 1, sizeof attempt->whole};
  return status;
}

static ncl_status encode_proto(ncl_otlp_try *attempt, const ncl_batch *batch) {
  ncl_status status = ncl_gather_batch(&attempt->gather, batch);
  attempt->body = (ncl_array){attempt->gather.pieces, (uint32_t)attempt->gather.count, sizeof(ncl_range)};
  return status;
}

static ncl_status send_item(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  otlp_http *exporter = self;
  bool is_json = exporter->settings.encoding == NCL_OTLP_HTTP_JSON;
  ncl_otlp_try *attempt = ncl_otlp_sender_begin(exporter->sender);
  if (attempt == NULL) return NCL_NO_MEMORY;
  ncl_status status = is_json ? encode_json(attempt, item->batch) : encode_proto(attempt, item->batch);
  if (status != NCL_OK) {
    ncl_otlp_sender_abort(exporter->sender, attempt);
    outcome->message = status == NCL_NO_MEMORY ? str("no memory to encode a request") : str("a batch has no JSON form");
    return status == NCL_NO_MEMORY ? NCL_NO_MEMORY : NCL_PERMANENT;
  }
  item->bytes = is_json ? attempt->whole.len : attempt->gather.bytes;
  attempt->deadline_ns = deadline_ns;
  attempt->context = item->context;
  return ncl_otlp_sender_send(exporter->sender, attempt, token, outcome);
}

static void cancel(void *self, ncl_token token) {
  otlp_http *exporter = self;
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

static const ncl_str aliases[] = {NCL_STR("otlphttp")};
static const uint32_t signals[] = {NCL_SIGNAL_TRACES, NCL_SIGNAL_METRICS, NCL_SIGNAL_LOGS};

static const ncl_component_type components[] = {
    {.type = NCL_STR("otlp_http"),
     .aliases = NCL_ARRAY(aliases),
     .kind = NCL_KIND_EXPORTER,
     .doc = NCL_STR("Sends traces, metrics and logs to an OTLP backend over HTTP."),
     .signals = NCL_ARRAY(signals),
     .fields = NCL_ARRAY(fields),
     .methods = &methods,
     .dflt_timeout = NCL_STR("30s")},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-otlp-http-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
