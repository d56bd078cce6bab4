/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/probe/endpoint.c: a name is looked up on a thread that may outlive the one who asks. */
#include <arpa/inet.h>
#include <nacelle/probe.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NAME_MAX_BYTES 256u
#define SHOWN_MAX 3u

typedef struct lookup {
  ncl_probe_endpoint *endpoint; /* NULL: closed meanwhile */
  int error;                    /* of getaddrinfo */
  uint32_t count;               /* addresses */
  char shown[SHOWN_MAX * (INET6_ADDRSTRLEN + 2) + 32];
  char name[NAME_MAX_BYTES];
} lookup;

struct ncl_probe_endpoint {
  const ncl_host *host;
  ncl_component *me;
  ncl_str url;
  uint32_t flags;
  ncl_call_fn done;
  void *arg;
  lookup *job; /* NULL: none was possible */
  bool has_ended;
};

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static bool has(ncl_str text, const char *part) {
  return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

void ncl_probe_tell(const ncl_host *host, ncl_component *me, uint32_t result, ncl_str what, ncl_str detail,
                    ncl_str hint) {
  const ncl_finding finding = {
      .struct_size = sizeof finding, .result = result, .what = what, .detail = detail, .hint = hint};
  host->finding(me, &finding);
}

ncl_str ncl_probe_hint(ncl_str words) {
  static const char *const hints[][2] = {
      {"resolve",
       "see the host of the endpoint, and the DNS of the network: a VPC needs enableDnsSupport, and "
       "enableDnsHostnames for VPC endpoints"},
      {"Connection refused", "nothing listens there: see host and port of the endpoint, and whether the backend runs"},
      {"ertificate", "see tls::ca_file, and the name in the endpoint against those in the certificate"},
      {"SSL", "TLS meets a port that does not speak it: write http:// or tls::insecure, or see the port"},
      {"imed out",
       "nothing answers: see security groups, routes, and the NAT gateway, public address or VPC endpoint "
       "by which the task gets out"},
      {"in time",
       "nothing answers: see security groups, routes, and the NAT gateway, public address or VPC endpoint "
       "by which the task gets out"},
      {"deadline",
       "nothing answers: see security groups, routes, and the NAT gateway, public address or VPC endpoint "
       "by which the task gets out"},
      {"unreachable", "there is no route: see the subnet's route table, NAT gateway or VPC endpoint"}};
  for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
    if (has(words, hints[i][0])) return str(hints[i][1]);
  }
  return ncl_str_of(NULL, 0);
}

/* ---- names ------------------------------------------------------------------------------------------- */

/* "https://user@host:port/path", "host:port", "[::1]:4317" */
static ncl_str host_of(ncl_str url) {
  const char *at = url.len > 0 ? memmem(url.ptr, url.len, "://", 3) : NULL;
  const char *end = url.ptr + url.len;
  const char *begin = at != NULL ? at + 3 : url.ptr;
  if (url.len >= 5 && memcmp(url.ptr, "unix:", 5) == 0) return ncl_str_of(NULL, 0);
  const char *stop = begin;
  while (stop < end && *stop != '/' && *stop != '?')
    stop++;
  for (const char *c = begin; c < stop; c++) {
    if (*c == '@') begin = c + 1;
  }
  if (begin < stop && *begin == '[') {
    const char *closing = memchr(begin, ']', (size_t)(stop - begin));
    return closing == NULL ? ncl_str_of(NULL, 0) : ncl_str_of(begin + 1, (size_t)(closing - begin - 1));
  }
  const char *colon = begin < stop ? memchr(begin, ':', (size_t)(stop - begin)) : NULL;
  if (colon != NULL) stop = colon;
  return ncl_str_of(begin, (size_t)(stop - begin));
}

static void show_address(lookup *job, const struct addrinfo *found) {
  char text[INET6_ADDRSTRLEN];
  size_t len = strlen(job->shown);
  if (job->count++ >= SHOWN_MAX) return;
  if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0) return;
  (void)snprintf(job->shown + len, sizeof job->shown - len, "%s%s", len > 0 ? ", " : "", text);
}

/* On a thread: nothing but the job is touched. */
static void look_up(void *arg) {
  lookup *job = arg;
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  job->error = getaddrinfo(job->name, NULL, &hints, &found);
  for (const struct addrinfo *a = job->error == 0 ? found : NULL; a != NULL; a = a->ai_next)
    show_address(job, a);
  if (found != NULL) freeaddrinfo(found);
  size_t len = strlen(job->shown);
  if (job->count > SHOWN_MAX) {
    (void)snprintf(job->shown + len, sizeof job->shown - len, " and %u more", job->count - SHOWN_MAX);
  }
}

static void on_looked_up(void *arg) {
  lookup *job = arg;
  ncl_probe_endpoint *endpoint = job->endpoint;
  if (endpoint == NULL) {
    free(job);
    return;
  }
  endpoint->has_ended = true;
  endpoint->done(endpoint->arg);
}

static void skip_lookup(void *arg) {
  (void)arg;
}

/* ---- an endpoint ------------------------------------------------------------------------------------- */

ncl_probe_endpoint *ncl_probe_endpoint_open(const ncl_host *host, ncl_component *me, ncl_str url, uint32_t flags,
                                            ncl_call_fn done, void *arg) {
  ncl_probe_endpoint *endpoint = calloc(1, sizeof *endpoint);
  lookup *job = calloc(1, sizeof *job);
  ncl_str name = host_of(url);
  if (endpoint == NULL || job == NULL) {
    free(endpoint);
    free(job);
    return NULL;
  }
  *endpoint = (ncl_probe_endpoint){host, me, url, flags, done, arg, job, false};
  job->endpoint = endpoint;
  bool has_name = name.len > 0 && name.len < sizeof job->name;
  if (has_name) memcpy(job->name, name.ptr, name.len);
  if (host->work(me, has_name ? look_up : skip_lookup, on_looked_up, job) == NCL_OK) return endpoint;
  free(job);
  free(endpoint);
  return NULL;
}

/* A name that cannot be resolved here may be the proxy's to resolve: an answer decides. */
static void tell_name(const ncl_probe_endpoint *endpoint, bool is_reached) {
  char what[NAME_MAX_BYTES + 8], words[256];
  const lookup *job = endpoint->job;
  if (job->name[0] == '\0') return;
  (void)snprintf(what, sizeof what, "DNS %s", job->name);
  if (job->error == 0) {
    ncl_probe_tell(endpoint->host, endpoint->me, NCL_FINDING_OK, str(what), str(job->shown), str(""));
    return;
  }
  (void)snprintf(words, sizeof words, "the name cannot be resolved: %s", gai_strerror(job->error));
  ncl_probe_tell(endpoint->host, endpoint->me, is_reached ? NCL_FINDING_NOTE : NCL_FINDING_FAILED, str(what),
                 str(words), is_reached ? str("") : ncl_probe_hint(str(words)));
}

static const char *words_for(const ncl_probe_endpoint *endpoint) {
  bool is_tls = endpoint->url.len >= 8 && memcmp(endpoint->url.ptr, "https://", 8) == 0;
  if (!is_tls) return "answered, without TLS";
  return (endpoint->flags & NCL_PROBE_NO_VERIFY) != 0 ? "answered over TLS; its certificate is not verified"
                                                      : "answered over TLS; its certificate is good";
}

/* "https://host:port", or all of it where it is no such URL. */
static ncl_str without_path(ncl_str url) {
  const char *at = url.len > 0 ? memmem(url.ptr, url.len, "://", 3) : NULL;
  if (at == NULL || memcmp(url.ptr, "unix", 4) == 0) return url;
  at += 3;
  const char *slash = memchr(at, '/', (size_t)(url.ptr + url.len - at));
  return slash == NULL ? url : ncl_str_of(url.ptr, (size_t)(slash - url.ptr));
}

void ncl_probe_endpoint_tell(ncl_probe_endpoint *endpoint, ncl_str failure) {
  char what[512];
  bool is_reached = failure.len == 0;
  bool has_hint = !is_reached && endpoint->job->error == 0; /* else the name's says it */
  ncl_str url = without_path(endpoint->url);
  (void)snprintf(what, sizeof what, "connect %.*s", (int)(url.len < 400 ? url.len : 400), url.ptr);
  tell_name(endpoint, is_reached);
  ncl_probe_tell(endpoint->host, endpoint->me, is_reached ? NCL_FINDING_OK : NCL_FINDING_FAILED, str(what),
                 is_reached ? str(words_for(endpoint)) : failure, has_hint ? ncl_probe_hint(failure) : str(""));
}

void ncl_probe_endpoint_close(ncl_probe_endpoint *endpoint) {
  if (endpoint == NULL) return;
  if (endpoint->has_ended) {
    free(endpoint->job);
  } else {
    endpoint->job->endpoint = NULL;
  }
  free(endpoint);
}
