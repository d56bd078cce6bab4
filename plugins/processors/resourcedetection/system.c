/* SPDX-License-Identifier: Apache-2.0 */
/* system.c: the detector system: the machine, as its kernel and its files describe it. Name servers are asked on a
 * thread. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <nacelle/config_fill.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "detection.h"
#include "system_names.h"

#define ADDRESSES_MAX 64u
#define SOURCES_MAX 4u

/* ---- files ------------------------------------------------------------------------------------------- */

/* A line of a small file that begins with `key` and then `sign`: what is behind it, without quotes. */
static bool line_of(const char *path, const char *key, char sign, char *into, size_t size) {
  char line[512];
  size_t len = strlen(key);
  bool ok = false;
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  while (!ok && fgets(line, sizeof line, file) != NULL) {
    char *at = line;
    if (len > 0) {
      if (strncmp(line, key, len) != 0) continue;
      at = strchr(line, sign);
      if (at == NULL || strspn(line + len, " \t") != (size_t)(at - line) - len) continue;
      at++;
    }
    at += strspn(at, " \t\"");
    at[strcspn(at, "\r\n\"")] = '\0';
    (void)snprintf(into, size, "%s", at);
    ok = into[0] != '\0';
  }
  (void)fclose(file);
  return ok;
}

static void put_line(ncl_found *found, const char *attribute, const char *path, const char *key, char sign) {
  char text[512];
  if (ncl_found_wants(found, attribute) && line_of(path, key, sign, text, sizeof text)) {
    ncl_found_word(found, attribute, ncl_found_str(text));
  }
}

static void put_id(ncl_found *found) {
  put_line(found, "host.id", "/etc/machine-id", "", '=');
  put_line(found, "host.id", "/var/lib/dbus/machine-id", "", '=');
}

/* Of the first processor. */
static void put_cpu(ncl_found *found) {
  static const char *const lines[][2] = {{"host.cpu.vendor.id", "vendor_id"},
                                         {"host.cpu.family", "cpu family"},
                                         {"host.cpu.model.id", "model"},
                                         {"host.cpu.model.name", "model name"},
                                         {"host.cpu.stepping", "stepping"}};
  char size[64];
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    put_line(found, lines[i][0], "/proc/cpuinfo", lines[i][1], ':');
  if (ncl_found_wants(found, "host.cpu.cache.l2.size") &&
      line_of("/proc/cpuinfo", "cache size", ':', size, sizeof size)) {
    ncl_found_int(found, "host.cpu.cache.l2.size", strtoll(size, NULL, 10));
  }
}

/* "Debian GNU/Linux 12 (bookworm) (Linux host 6.1.0 #1 SMP ... x86_64)" */
static void put_kernel(ncl_found *found) {
  static const char *const machines[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "x86"},
                                            {"armv7l", "arm32"}, {"s390x", "s390x"},   {"ppc64le", "ppc64le"}};
  struct utsname names;
  char pretty[256] = "", description[1024];
  if (uname(&names) != 0) return;
  ncl_found_word(found, "os.type", ncl_found_str("linux"));
  ncl_found_word(found, "os.build.id", ncl_found_str(names.release));
  for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
    if (strcmp(names.machine, machines[i][0]) == 0) ncl_found_word(found, "host.arch", ncl_found_str(machines[i][1]));
  }
  if (!ncl_found_wants(found, "os.description")) return;
  bool has_pretty = line_of("/etc/os-release", "PRETTY_NAME", '=', pretty, sizeof pretty);
  (void)snprintf(description, sizeof description, "%s%s%s %s %s %s %s%s", pretty, has_pretty ? " (" : "", names.sysname,
                 names.nodename, names.release, names.version, names.machine, has_pretty ? ")" : "");
  ncl_found_word(found, "os.description", ncl_found_str(description));
}

/* ---- addresses --------------------------------------------------------------------------------------- */

typedef struct addresses {
  char ip[ADDRESSES_MAX][INET6_ADDRSTRLEN], mac[ADDRESSES_MAX][18];
  uint32_t ips, macs;
} addresses;

static void take_address(addresses *a, const struct sockaddr *address) {
  if (address->sa_family == AF_INET && a->ips < ADDRESSES_MAX) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    if (inet_ntop(AF_INET, &in->sin_addr, a->ip[a->ips], sizeof a->ip[0]) != NULL) a->ips++;
  } else if (address->sa_family == AF_INET6 && a->ips < ADDRESSES_MAX) {
    const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)address;
    if (inet_ntop(AF_INET6, &in->sin6_addr, a->ip[a->ips], sizeof a->ip[0]) != NULL) a->ips++;
  } else if (address->sa_family == AF_PACKET && a->macs < ADDRESSES_MAX) {
    const struct sockaddr_ll *link = (const struct sockaddr_ll *)(const void *)address;
    const unsigned char *m = link->sll_addr;
    if (link->sll_halen != 6) return;
    (void)snprintf(a->mac[a->macs++], sizeof a->mac[0], "%02X-%02X-%02X-%02X-%02X-%02X", m[0], m[1], m[2], m[3], m[4],
                   m[5]);
  }
}

static void put_addresses(ncl_found *found) {
  struct ifaddrs *list = NULL;
  ncl_str ips[ADDRESSES_MAX], macs[ADDRESSES_MAX];
  bool is_wanted = ncl_found_wants(found, "host.ip") || ncl_found_wants(found, "host.mac");
  addresses *a = is_wanted ? calloc(1, sizeof *a) : NULL;
  if (a != NULL && getifaddrs(&list) == 0) {
    for (struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
      bool is_other = (at->ifa_flags & IFF_LOOPBACK) != 0 || (at->ifa_flags & IFF_UP) == 0;
      if (at->ifa_addr != NULL && !is_other) take_address(a, at->ifa_addr);
    }
    freeifaddrs(list);
    for (uint32_t i = 0; i < a->ips; i++)
      ips[i] = ncl_found_str(a->ip[i]);
    for (uint32_t i = 0; i < a->macs; i++)
      macs[i] = ncl_found_str(a->mac[i]);
    ncl_found_list(found, "host.ip", ips, a->ips);
    ncl_found_list(found, "host.mac", macs, a->macs);
  }
  free(a);
}

/* ---- the name ---------------------------------------------------------------------------------------- */

/* On a thread. It outlives the detector where a name server does not answer. */
typedef struct system_work {
  ncl_detector *detector; /* NULL: nobody waits any more */
  int sources[SOURCES_MAX];
  uint32_t count;
  bool is_found;
  char name[NCL_SYSTEM_NAME];
} system_work;

static void find_name(void *arg) {
  system_work *w = arg;
  for (uint32_t i = 0; !w->is_found && i < w->count; i++)
    w->is_found = ncl_system_name(w->sources[i], w->name);
}

static void take_sources(system_work *w, const ncl_value *sources) {
  const ncl_value *source;
  for (uint32_t i = 0; w->count < SOURCES_MAX && (source = ncl_config_at(sources, i)) != NULL; i++)
    w->sources[w->count++] = (int)source->i;
  if (w->count > 0) return;
  w->sources[w->count++] = NCL_NAME_DNS;
  w->sources[w->count++] = NCL_NAME_OS;
}

static void put_rest(ncl_detector *detector) {
  ncl_found *found = &detector->next;
  put_kernel(found);
  put_id(found);
  put_line(found, "os.name", "/etc/os-release", "ID", '=');
  put_line(found, "os.version", "/etc/os-release", "VERSION_ID", '=');
  put_cpu(found);
  put_addresses(found);
  ncl_detector_succeed(detector);
}

static void on_name(void *arg) {
  system_work *w = arg;
  ncl_detector *detector = w->detector;
  bool is_found = w->is_found;
  if (detector != NULL) {
    detector->work = NULL;
    if (is_found) ncl_found_word(&detector->next, "host.name", ncl_found_str(w->name));
  }
  free(w);
  if (detector == NULL) return;
  if (is_found) {
    put_rest(detector);
  } else {
    ncl_detector_fail(detector, ncl_found_str("none of hostname_sources gave a name"));
  }
}

static void begin_system(ncl_detector *detector) {
  const ncl_detection_config *config = &detector->detection->config;
  if (!ncl_found_wants(&detector->next, "host.name")) {
    put_rest(detector);
    return;
  }
  system_work *w = calloc(1, sizeof *w);
  if (w == NULL) {
    ncl_detector_fail(detector, ncl_found_str("no memory"));
    return;
  }
  w->detector = detector;
  detector->work = w;
  take_sources(w, ncl_value_get(detector->config, ncl_found_str("hostname_sources")));
  bool is_quick = w->count == 1 && w->sources[0] == NCL_NAME_OS;
  if (!is_quick && config->host->work(config->me, find_name, on_name, w) == NCL_OK) return;
  if (!is_quick) w->sources[0] = NCL_NAME_OS; /* no thread is free: what the kernel says */
  w->count = 1;
  find_name(w);
  on_name(w);
}

static void cancel_system(ncl_detector *detector) {
  system_work *w = detector->work;
  if (w != NULL) w->detector = NULL;
  detector->work = NULL;
}

const ncl_detector_type ncl_detector_system = {"system", begin_system, cancel_system};
