/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/options.c: one table says which options there are; parsing and the help text follow from it. */
#include "programs/generate/options.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/config/scalar.h"

#define SECOND_NS INT64_C(1000000000)

typedef enum kind { TEXT, FLAG, NUMBER, RATE, DURATION, SIZE, PROTOCOL, METRIC_TYPE, PAIR, HEADER, HELP } kind;

typedef struct option {
  const char *name;
  const char *argument; /* for the help; NULL = takes none */
  kind kind;
  size_t offset;     /* in ncl_generate_options */
  uint64_t min, max; /* NUMBER, SIZE */
  const char *doc;   /* lines of the help */
} option;

#define AT(member) offsetof(ncl_generate_options, member)

static const option table[] = {
    {"--endpoint", "URL", TEXT, AT(endpoint), 0, 0,
     "Where to send (default http://localhost:4317, over\nHTTP http://localhost:4318)."},
    {"--protocol", "NAME", PROTOCOL, AT(protocol), 0, 0, "grpc (default), http/protobuf or http/json."},
    {"--header", "NAME=VALUE", HEADER, AT(headers), 0, 0, "A header of every request. May be repeated."},
    {"--insecure", NULL, FLAG, AT(insecure), 0, 0, "No TLS, for an endpoint without http:// or https://."},
    {"--ca", "FILE", TEXT, AT(ca), 0, 0, "The authority (PEM) to trust, not the system's."},
    {"--cert", "FILE", TEXT, AT(cert), 0, 0, "The certificate (PEM) to show."},
    {"--key", "FILE", TEXT, AT(key), 0, 0, "Its private key (PEM)."},
    {"--insecure-skip-verify", NULL, FLAG, AT(skip_verify), 0, 0, "TLS that takes any certificate: for tests only."},
    {"--timeout", "DURATION", DURATION, AT(timeout_ns), 0, 0, "Time for each answer (default 10s)."},
    {"--count", "N", NUMBER, AT(count), 1, UINT64_MAX, "Items in all (default 10, unless --duration)."},
    {"--duration", "DURATION", DURATION, AT(duration_ns), 0, 0, "Send for so long, or until --count is reached."},
    {"--rate", "N", RATE, AT(rate), 0, 0, "Items a second (default as fast as they are taken)."},
    {"--batch", "N", NUMBER, AT(batch), 1, NCL_GENERATE_BATCH_MAX, "Items in a request at most (default 100)."},
    {"--workers", "N", NUMBER, AT(workers), 1, NCL_GENERATE_WORKERS_MAX, "Requests under way at once (default 1)."},
    {"--size", "BYTES", SIZE, AT(size), 0, NCL_GENERATE_SIZE_MAX, "Filler in each item: 500, 2KiB (default none)."},
    {"--service", "NAME", TEXT, AT(service), 0, 0, "service.name (default nacelle-generate)."},
    {"--resource", "KEY=VALUE", PAIR, AT(resource), 0, 0, "An attribute of the resource. May be repeated."},
    {"--attribute", "KEY=VALUE", PAIR, AT(attributes), 0, 0, "An attribute of every item. May be repeated."},
    {"--span-name", "NAME", TEXT, AT(span_name), 0, 0, "traces: the name of the root span."},
    {"--metric-name", "NAME", TEXT, AT(metric_name), 0, 0, "metrics: only this one, a gauge unless\n--metric-type."},
    {"--metric-type", "TYPE", METRIC_TYPE, AT(metric_type), 0, 0,
     "metrics: gauge, sum, histogram,\nexponential_histogram, summary or all (default)."},
    {"--body", "TEXT", TEXT, AT(body), 0, 0, "logs: the body of each record."},
    {"--plugin-dir", "DIR", TEXT, AT(plugin_dir), 0, 0, "Where plugins lie (default as of nacelle)."},
    {"--verbose", NULL, FLAG, AT(verbose), 0, 0, "The runtime's own log, on standard error."},
    {"--help", NULL, HELP, 0, 0, 0, "This text; -h, too."},
};

#define OPTIONS (sizeof table / sizeof table[0])

#define COLUMN 28 /* where the text of an option begins */

static void print_option(const option *o, FILE *out) {
  int at = fprintf(out, "  %s%s%s", o->name, o->argument == NULL ? "" : " ", o->argument == NULL ? "" : o->argument);
  for (const char *line = o->doc; *line != '\0';) {
    size_t len = strcspn(line, "\n");
    (void)fprintf(out, "%*s%.*s\n", at < COLUMN ? COLUMN - at : 1, "", (int)len, line);
    line += len + (line[len] == '\n');
    at = 0;
  }
}

void ncl_generate_print_help(FILE *out) {
  (void)fputs(
      "Send telemetry to a collector, to see whether a set-up works\n"
      "\n"
      "Makes up spans, data points or log records, sends them to an OTLP endpoint, and\n"
      "says what was answered: how many were accepted, and why the others were not.\n"
      "\n"
      "A collector accepts before it hands on: whether the backend behind it took the\n"
      "data is in that collector's log.\n"
      "\n"
      "Exit codes: 0 all was accepted; 1 something was not; 2 the command line is\n"
      "wrong.\n"
      "\n"
      "Usage:\n"
      "  nacelle generate traces|metrics|logs [options]\n"
      "\n"
      "Examples:\n"
      "  # 10 spans to the collector on this machine\n"
      "  nacelle generate traces\n"
      "  # Over HTTP, 50 a second\n"
      "  nacelle generate logs --protocol http/protobuf --count 1000 --rate 50\n"
      "  # To a backend, over TLS\n"
      "  nacelle generate metrics --endpoint https://otlp.example.com:4317 --header api-key=...\n"
      "\n"
      "Options:\n",
      out);
  for (size_t i = 0; i < OPTIONS; i++)
    print_option(&table[i], out);
  (void)fputs(
      "\n"
      "KEY=VALUE is a text, KEY:=VALUE a number, true or false. An endpoint without\n"
      "http:// or https:// is spoken to over TLS, unless it is this machine or\n"
      "--insecure is given.\n",
      out);
}

/* ---- values ------------------------------------------------------------------------------------------ */

typedef struct problem {
  char *text;
  size_t size;
} problem;

static bool wrong(problem p, const option *o, const char *value, const char *what) {
  (void)snprintf(p.text, p.size, "%s %s: %s", o->name, value, what);
  return false;
}

static bool read_number(const option *o, const char *value, uint64_t *out, problem p) {
  char *end;
  bool digits = value[0] >= '0' && value[0] <= '9';
  unsigned long long number = strtoull(value, &end, 10);
  if (!digits || *end != '\0') return wrong(p, o, value, "a whole number is needed");
  if (number >= o->min && number <= o->max) {
    *out = number;
    return true;
  }
  char limits[96];
  if (o->max == UINT64_MAX) {
    (void)snprintf(limits, sizeof limits, "at least %llu is needed", (unsigned long long)o->min);
  } else {
    (void)snprintf(limits, sizeof limits, "a number from %llu to %llu is needed", (unsigned long long)o->min,
                   (unsigned long long)o->max);
  }
  return wrong(p, o, value, limits);
}

static bool read_rate(const option *o, const char *value, double *out, problem p) {
  char *end;
  *out = strtod(value, &end);
  if (end == value || *end != '\0' || !isfinite(*out) || *out <= 0) {
    return wrong(p, o, value, "items a second, a number above 0, are needed");
  }
  return true;
}

static bool read_duration(const option *o, const char *value, int64_t *out, problem p) {
  const char *reason;
  if (!ncl_duration_parse(ncl_str_of(value, strlen(value)), out, &reason) || *out <= 0) {
    return wrong(p, o, value, "a duration like 10s or 500ms is needed");
  }
  return true;
}

static bool read_size(const option *o, const char *value, uint64_t *out, problem p) {
  const char *reason;
  int64_t bytes;
  if (!ncl_size_parse(ncl_str_of(value, strlen(value)), &bytes, &reason) || bytes < 0 || (uint64_t)bytes > o->max) {
    return wrong(p, o, value, "bytes, at most 64KiB, are needed");
  }
  *out = (uint64_t)bytes;
  return true;
}

typedef struct word {
  const char *word;
  uint32_t value;
} word;

static bool read_word(const option *o, const char *value, const word *words, size_t count, uint32_t *out, problem p) {
  char known[160] = "";
  size_t len = 0;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(value, words[i].word) == 0) {
      *out = words[i].value;
      return true;
    }
    int more = snprintf(known + len, sizeof known - len, "%s%s", i == 0 ? "it is one of " : ", ", words[i].word);
    len += more > 0 ? (size_t)more : 0;
  }
  return wrong(p, o, value, known);
}

static bool read_protocol(const option *o, const char *value, uint32_t *out, problem p) {
  static const word words[] = {{"grpc", NCL_GENERATE_GRPC},
                               {"http/protobuf", NCL_GENERATE_HTTP_PROTOBUF},
                               {"http/json", NCL_GENERATE_HTTP_JSON}};
  return read_word(o, value, words, sizeof words / sizeof words[0], out, p);
}

static bool read_metric_type(const option *o, const char *value, uint32_t *out, problem p) {
  static const word words[] = {{"all", NCL_GENERATE_METRIC_ALL},
                               {"gauge", NCL_METRIC_DATA_GAUGE},
                               {"sum", NCL_METRIC_DATA_SUM},
                               {"histogram", NCL_METRIC_DATA_HISTOGRAM},
                               {"exponential_histogram", NCL_METRIC_DATA_EXP_HISTOGRAM},
                               {"summary", NCL_METRIC_DATA_SUMMARY}};
  return read_word(o, value, words, sizeof words / sizeof words[0], out, p);
}

/* ---- pairs ------------------------------------------------------------------------------------------- */

/* key:=7, key:=0.5, key:=true */
static bool read_plain(const option *o, const char *pair, ncl_str text, ncl_any *value, problem p) {
  ncl_scalar scalar = ncl_scalar_resolve(text);
  switch (scalar.kind) {
    case NCL_SCALAR_BOOL:
      value->type = NCL_ANY_BOOL;
      value->b = scalar.i != 0;
      return true;
    case NCL_SCALAR_INT:
      value->type = NCL_ANY_INT;
      value->i = scalar.i;
      return true;
    case NCL_SCALAR_DOUBLE:
      value->type = NCL_ANY_DOUBLE;
      value->d = scalar.d;
      return true;
    default:
      return wrong(p, o, pair, "a number, true or false is needed after :=, a text after =");
  }
}

/* The value of a header may be a secret, so that no message shows it. */
static bool read_pair(const option *o, const char *text, ncl_generate_pairs *pairs, problem p) {
  const char *shown = o->kind == HEADER ? "..." : text;
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text) {
    return wrong(p, o, shown, o->kind == HEADER ? "NAME=VALUE is needed" : "KEY=VALUE or KEY:=NUMBER is needed");
  }
  if (pairs->count == NCL_GENERATE_LIST_MAX) return wrong(p, o, shown, "it is given more than 64 times");
  bool plain = o->kind == PAIR && equals[-1] == ':';
  ncl_generate_pair *pair = &pairs->at[pairs->count];
  pair->key = ncl_str_of(text, (size_t)(equals - text) - plain);
  ncl_str value = ncl_str_of(equals + 1, strlen(equals + 1));
  if (pair->key.len == 0) return wrong(p, o, shown, "there is no key before :=");
  if (plain && !read_plain(o, shown, value, &pair->value, p)) return false;
  if (!plain) {
    pair->value.type = NCL_ANY_STRING;
    pair->value.string = value;
  }
  pairs->count++;
  return true;
}

/* ---- the command line -------------------------------------------------------------------------------- */

static bool take(const option *o, const char *value, ncl_generate_options *options, problem p) {
  void *member = (char *)options + o->offset;
  switch (o->kind) {
    case FLAG:
      *(bool *)member = true;
      return true;
    case NUMBER:
      return read_number(o, value, member, p);
    case RATE:
      return read_rate(o, value, member, p);
    case DURATION:
      return read_duration(o, value, member, p);
    case SIZE:
      return read_size(o, value, member, p);
    case PROTOCOL:
      return read_protocol(o, value, member, p);
    case METRIC_TYPE:
      return read_metric_type(o, value, member, p);
    case PAIR:
    case HEADER:
      return read_pair(o, value, member, p);
    case TEXT:
    case HELP:
      break;
  }
  if (value[0] == '\0') return wrong(p, o, "\"\"", "a value is needed");
  *(const char **)member = value;
  return true;
}

static const option *find(const char *arg, size_t len) {
  for (size_t i = 0; i < OPTIONS; i++) {
    if (strlen(table[i].name) == len && strncmp(table[i].name, arg, len) == 0) return &table[i];
  }
  return NULL;
}

static bool read_signal(const char *word_given, uint32_t *signal, problem p) {
  static const char *const words[] = {"traces", "metrics", "logs"};
  for (uint32_t i = 0; i < 3; i++) {
    if (strcmp(word_given, words[i]) != 0) continue;
    if (*signal != 0) {
      (void)snprintf(p.text, p.size, "%s: one signal at a time", word_given);
      return false;
    }
    *signal = NCL_SIGNAL_TRACES + i;
    return true;
  }
  (void)snprintf(p.text, p.size, "unknown %s \"%s\"; see nacelle generate --help",
                 word_given[0] == '-' ? "option" : "signal", word_given);
  return false;
}

/* What does not belong together. */
static bool check(const ncl_generate_options *options, bool typed_metric, problem p) {
  const char *says = NULL;
  bool metrics = options->signal == NCL_SIGNAL_METRICS;
  if (options->signal == 0) says = "traces, metrics or logs is needed; see nacelle generate --help";
  if (options->span_name != NULL && options->signal != NCL_SIGNAL_TRACES) says = "--span-name is for traces";
  if (options->body != NULL && options->signal != NCL_SIGNAL_LOGS) says = "--body is for logs";
  if ((options->metric_name != NULL || typed_metric) && !metrics) {
    says = "--metric-name and --metric-type are for metrics";
  }
  if (options->metric_name != NULL && typed_metric && options->metric_type == NCL_GENERATE_METRIC_ALL) {
    says = "--metric-name needs one type: five metrics cannot have the same name";
  }
  if ((options->cert == NULL) != (options->key == NULL)) says = "--cert and --key go together";
  if (says == NULL) {
    bool good;
    (void)ncl_generate_uses_tls(options, &good, p.text, p.size);
    return good;
  }
  (void)snprintf(p.text, p.size, "%s", says);
  return false;
}

/* The value behind "=" or in the next argument; "" for a flag; NULL = said what is wrong. */
static const char *value_of(const option *o, int argc, char **argv, int *i, problem p) {
  const char *equals = strchr(argv[*i], '=');
  if (o->argument == NULL) {
    if (equals == NULL) return "";
    (void)wrong(p, o, "=", "it takes no value");
    return NULL;
  }
  if (equals != NULL) return equals + 1;
  if (*i + 1 < argc) return argv[++*i];
  (void)snprintf(p.text, p.size, "%s needs a value: %s", o->name, o->argument);
  return NULL;
}

static void set_defaults(ncl_generate_options *options) {
  memset(options, 0, sizeof *options);
  options->timeout_ns = 10 * SECOND_NS;
  options->batch = 100;
  options->workers = 1;
  options->service = "nacelle-generate";
}

bool ncl_generate_options_parse(int argc, char **argv, ncl_generate_options *options, char *error, size_t size) {
  problem p = {error, size};
  bool typed_metric = false;
  set_defaults(options);
  for (int i = 1; i < argc; i++) {
    const char *name = strcmp(argv[i], "-h") == 0 ? "--help" : argv[i];
    const option *o = find(name, strcspn(name, "="));
    if (o == NULL) {
      if (!read_signal(argv[i], &options->signal, p)) return false;
      continue;
    }
    if (o->kind == HELP) {
      options->signal = 0;
      return true;
    }
    const char *value = value_of(o, argc, argv, &i, p);
    if (value == NULL || !take(o, value, options, p)) return false;
    typed_metric = typed_metric || o->kind == METRIC_TYPE;
  }
  if (!check(options, typed_metric, p)) return false;
  if (options->count == 0 && options->duration_ns == 0) options->count = 10;
  if (options->metric_name != NULL && !typed_metric) options->metric_type = NCL_METRIC_DATA_GAUGE;
  if (options->endpoint == NULL) {
    options->endpoint = options->protocol == NCL_GENERATE_GRPC ? "http://localhost:4317" : "http://localhost:4318";
  }
  return true;
}

/* ---- TLS --------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *prefix) {
  return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_this_machine(const char *endpoint) {
  size_t len = strcspn(endpoint, ":/");
  return (len == 9 && begins(endpoint, "localhost")) || begins(endpoint, "127.") || begins(endpoint, "[::1]");
}

bool ncl_generate_uses_tls(const ncl_generate_options *options, bool *good, char *error, size_t size) {
  const char *endpoint = options->endpoint == NULL ? "http://localhost" : options->endpoint;
  bool wants = options->ca != NULL || options->cert != NULL || options->skip_verify;
  bool https = begins(endpoint, "https://");
  bool plain = begins(endpoint, "http://") || begins(endpoint, "unix:");
  const char *says = NULL;
  if (options->insecure && wants) {
    says = "--insecure switches TLS off: leave the other TLS options out";
  } else if (options->insecure && https) {
    says = "--insecure contradicts https://: write http://, or leave it out";
  } else if (plain && wants) {
    says = "the endpoint is without TLS: write https://, or leave the TLS options out";
  }
  *good = says == NULL;
  if (says != NULL) (void)snprintf(error, size, "%s", says);
  if (https || plain) return https;
  return wants || (!options->insecure && !is_this_machine(endpoint));
}
