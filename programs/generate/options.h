/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/options.h: what `nacelle generate` is told on its command line. */
#ifndef NACELLE_PROGRAMS_GENERATE_OPTIONS_H
#define NACELLE_PROGRAMS_GENERATE_OPTIONS_H

#include <nacelle/otlp_read.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define NCL_GENERATE_LIST_MAX 64u                   /* --attribute, --resource, --header: of each */
#define NCL_GENERATE_BATCH_MAX 10000u               /* items in a request */
#define NCL_GENERATE_WORKERS_MAX 256u               /* requests under way */
#define NCL_GENERATE_SIZE_MAX ((uint64_t)64 * 1024) /* bytes of filler in an item */

typedef enum ncl_generate_protocol {
  NCL_GENERATE_GRPC,
  NCL_GENERATE_HTTP_PROTOBUF,
  NCL_GENERATE_HTTP_JSON
} ncl_generate_protocol;

/* As NCL_METRIC_DATA_*; ALL = one metric of each type. */
#define NCL_GENERATE_METRIC_ALL 0u

/* Key and value of --attribute and --resource, name and value (a string) of --header. Borrowed from argv. */
typedef struct ncl_generate_pair {
  ncl_str key;
  ncl_any value;
} ncl_generate_pair;

typedef struct ncl_generate_pairs {
  ncl_generate_pair at[NCL_GENERATE_LIST_MAX];
  uint32_t count;
} ncl_generate_pairs;

/* Texts are borrowed from argv. */
typedef struct ncl_generate_options {
  uint32_t signal; /* NCL_SIGNAL_*; 0 = only help is wanted */
  const char *endpoint;
  uint32_t protocol; /* ncl_generate_protocol */
  bool insecure;
  bool skip_verify;
  const char *ca, *cert, *key; /* files */
  int64_t timeout_ns;          /* of a request */
  uint64_t count;              /* items in all; 0 = until the duration is over */
  int64_t duration_ns;         /* 0 = until the count is reached */
  double rate;                 /* items a second; 0 = as fast as they are taken */
  uint64_t batch;              /* items in a request */
  uint64_t workers;            /* requests under way at once */
  uint64_t size;               /* bytes of filler in each item */
  const char *service;
  const char *span_name, *body, *metric_name; /* NULL = names of its own */
  uint32_t metric_type;                       /* NCL_METRIC_DATA_* or NCL_GENERATE_METRIC_ALL */
  ncl_generate_pairs attributes, resource, headers;
  const char *plugin_dir; /* NULL = as `nacelle` finds it */
  bool verbose;           /* the runtime's own log, too */
} ncl_generate_options;

/* Reads argv; argv[0] is the program. False with one line in `error`. */
bool ncl_generate_options_parse(int argc, char **argv, ncl_generate_options *options, char *error, size_t size);

/* Whether the endpoint is spoken to over TLS: https:// and http:// say so; without either it is, unless --insecure is
 * given or the endpoint is this machine. False in *good, with a line in `error`: flags and endpoint contradict. */
bool ncl_generate_uses_tls(const ncl_generate_options *options, bool *good, char *error, size_t size);

void ncl_generate_print_help(FILE *out);

#endif
