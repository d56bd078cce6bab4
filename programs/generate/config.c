/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/config.c: the options as YAML, every text quoted and escaped. */
#include "programs/generate/config.h"

#include <string.h>

#include "core/config/scalar.h"

static void put(ncl_writer *w, const char *text) {
  ncl_write_raw(w, text, strlen(text));
}

/* A double-quoted scalar in which nothing is expanded: `before` and `text` together. */
static void put_quoted(ncl_writer *w, const char *before, ncl_str text) {
  static const char hex[] = "0123456789abcdef";
  put(w, "\"");
  put(w, before);
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    char escape[] = {'\\', 'x', hex[c >> 4], hex[c & 15], '\0'};
    if (c == '$') {
      put(w, "$$");
    } else if (c == '"' || c == '\\' || c < 0x20 || c == 0x7f) {
      put(w, escape);
    } else {
      ncl_write_raw(w, &text.ptr[i], 1);
    }
  }
  put(w, "\"");
}

static void put_line(ncl_writer *w, const char *key, const char *before, const char *text) {
  put(w, key);
  put_quoted(w, before, ncl_str_of(text, strlen(text)));
  put(w, "\n");
}

static const char *exporter_of(const ncl_generate_options *options) {
  return options->protocol == NCL_GENERATE_GRPC ? "otlp_grpc" : "otlp_http";
}

static bool uses_tls(const ncl_generate_options *options) {
  char unused[1];
  bool good;
  return ncl_generate_uses_tls(options, &good, unused, sizeof unused);
}

static void put_tls(ncl_writer *w, const ncl_generate_options *options) {
  put(w, uses_tls(options) ? "    tls:\n      insecure: false\n" : "    tls:\n      insecure: true\n");
  if (options->skip_verify) put(w, "      insecure_skip_verify: true\n");
  if (options->ca != NULL) put_line(w, "      ca_file: ", "", options->ca);
  if (options->cert != NULL) put_line(w, "      cert_file: ", "", options->cert);
  if (options->key != NULL) put_line(w, "      key_file: ", "", options->key);
}

/* The HTTP exporter wants a scheme. */
static void put_endpoint(ncl_writer *w, const ncl_generate_options *options) {
  bool bare = strstr(options->endpoint, "://") == NULL && strncmp(options->endpoint, "unix:", 5) != 0;
  bool adds = bare && options->protocol != NCL_GENERATE_GRPC;
  put_line(w, "    endpoint: ", !adds ? "" : uses_tls(options) ? "https://" : "http://", options->endpoint);
}

static void put_headers(ncl_writer *w, const ncl_generate_options *options) {
  if (options->headers.count == 0) return;
  put(w, "    headers:\n");
  for (uint32_t i = 0; i < options->headers.count; i++) {
    put(w, "      ");
    put_quoted(w, "", options->headers.at[i].key);
    put(w, ": ");
    put_quoted(w, "", options->headers.at[i].value.string);
    put(w, "\n");
  }
}

void ncl_generate_write_config(ncl_writer *w, const ncl_generate_options *options) {
  static const char *const signals[] = {"traces", "metrics", "logs"};
  char timeout[32];
  (void)ncl_duration_format(options->timeout_ns, timeout, sizeof timeout);
  put(w, "yaml:receivers:\n  nop:\nexporters:\n  ");
  put(w, exporter_of(options));
  put(w, ":\n");
  put_endpoint(w, options);
  put(w, "    timeout: ");
  put(w, timeout);
  put(w,
      "\n    compression: none\n    sending_queue:\n      enabled: false\n    retry_on_failure:\n      enabled: "
      "false\n");
  if (options->protocol == NCL_GENERATE_HTTP_JSON) put(w, "    encoding: json\n");
  put_tls(w, options);
  put_headers(w, options);
  put(w, "service:\n  telemetry:\n    metrics:\n      level: none\n  pipelines:\n    ");
  put(w, signals[options->signal - NCL_SIGNAL_TRACES]);
  put(w, ":\n      receivers: [nop]\n      exporters: [");
  put(w, exporter_of(options));
  put(w, "]\n");
  ncl_write_raw(w, "", 1);
}

const char *ncl_generate_option_of(ncl_str path) {
  static const struct {
    const char *key;
    const char *option;
  } keys[] = {{".headers.", "--header"},  {".headers", "--header"},     {".endpoint", "--endpoint"},
              {".tls.ca_file", "--ca"},   {".tls.cert_file", "--cert"}, {".tls.key_file", "--key"},
              {".tls", "the TLS options"}};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    size_t len = strlen(keys[i].key);
    bool prefix = keys[i].key[len - 1] == '.';
    if (prefix && memmem(path.ptr, path.len, keys[i].key, len) != NULL) return keys[i].option;
    if (!prefix && path.len >= len && memcmp(path.ptr + path.len - len, keys[i].key, len) == 0) return keys[i].option;
  }
  return NULL;
}
