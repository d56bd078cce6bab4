/* SPDX-License-Identifier: Apache-2.0 */
/* From the table of sockets (proc(5), /proc/net/tcp) to an inode, and from there to the process that has it open. */
#include "core/runtime/port_owner.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0Au
#define STATE_BOUND 0x07u /* of UDP: TCP_CLOSE, not connected */
#define LINES_MAX 100000u /* of a table of sockets that are looked at */
#define PATH_MAX_LEN 512u

/* The words of an address as the table writes them: in the byte order of the machine. */
static bool read_words(const char *text, size_t count, uint32_t words[4]) {
  for (size_t i = 0; i < count; i++) {
    char word[9];
    char *end;
    memcpy(word, text + i * 8, 8);
    word[8] = '\0';
    words[i] = (uint32_t)strtoul(word, &end, 16);
    if (*end != '\0') return false;
  }
  return true;
}

/* Whether a socket that listens at `words` (one of IPv4, four of IPv6) stands in the way of `address`. */
static bool overlaps(const uint32_t words[4], size_t count, const ncl_address *address) {
  const struct sockaddr_in *v4 = (const void *)&address->sa;
  const struct sockaddr_in6 *v6 = (const void *)&address->sa;
  bool any = true;
  for (size_t i = 0; i < count; i++)
    any = any && words[i] == 0;
  if (any) return true; /* all addresses; of IPv6 mostly those of IPv4, too */
  if (address->sa.ss_family == AF_INET) {
    if (v4->sin_addr.s_addr == htonl(INADDR_ANY)) return true;
    return count == 1 && words[0] == v4->sin_addr.s_addr;
  }
  if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)) return true;
  return count == 4 && memcmp(words, &v6->sin6_addr, sizeof v6->sin6_addr) == 0;
}

static uint16_t port_of(const ncl_address *address) {
  const struct sockaddr_in *v4 = (const void *)&address->sa;
  const struct sockaddr_in6 *v6 = (const void *)&address->sa;
  return ntohs(address->sa.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
}

/* Word number `n` of a line, 0 = the first; empty = there are fewer. */
static ncl_str word_of(const char *line, uint32_t n) {
  const char *at = line + strspn(line, " ");
  for (; n > 0 && *at != '\0'; n--) {
    at += strcspn(at, " \n");
    at += strspn(at, " \n");
  }
  return ncl_str_of(at, strcspn(at, " \n"));
}

/* The words of a line: sl, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode. */
enum { WORD_LOCAL = 1, WORD_STATE = 3, WORD_INODE = 9 };

/* The inode of a line of a table, 0 = it is not the socket. */
static uint64_t inode_of(const char *line, size_t words_count, unsigned long state, const ncl_address *address) {
  ncl_str local = word_of(line, WORD_LOCAL), inode = word_of(line, WORD_INODE);
  size_t digits = words_count * 8;
  uint32_t words[4] = {0};
  if (inode.len == 0 || local.len != digits + 5 || local.ptr[digits] != ':') return 0;
  if (strtoul(word_of(line, WORD_STATE).ptr, NULL, 16) != state) return 0;
  if (strtoul(local.ptr + digits + 1, NULL, 16) != port_of(address)) return 0;
  if (!read_words(local.ptr, words_count, words) || !overlaps(words, words_count, address)) return 0;
  return strtoull(inode.ptr, NULL, 10);
}

/* The inode of the socket in one table; 0 = there is none. */
static uint64_t find_inode(const char *proc, const char *table, size_t words_count, unsigned long state,
                           const ncl_address *address) {
  char path[PATH_MAX_LEN], line[512];
  uint64_t found = 0;
  (void)snprintf(path, sizeof path, "%s/net/%s", proc, table);
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  for (uint32_t n = 0; n < LINES_MAX && found == 0 && fgets(line, sizeof line, file) != NULL; n++)
    found = inode_of(line, words_count, state, address);
  (void)fclose(file);
  return found;
}

/* Whether process `pid` has the socket open. */
static bool holds(const char *proc, const char *pid, uint64_t inode) {
  char path[PATH_MAX_LEN], wanted[64], target[64];
  bool found = false;
  (void)snprintf(wanted, sizeof wanted, "socket:[%" PRIu64 "]", inode);
  (void)snprintf(path, sizeof path, "%s/%s/fd", proc, pid);
  DIR *dir = opendir(path);
  if (dir == NULL) return false;
  for (struct dirent *entry = readdir(dir); entry != NULL && !found; entry = readdir(dir)) {
    ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
    if (len <= 0) continue;
    target[len] = '\0';
    found = strcmp(target, wanted) == 0;
  }
  (void)closedir(dir);
  return found;
}

static void read_name(const char *proc, const char *pid, ncl_port_owner *out) {
  char path[PATH_MAX_LEN];
  (void)snprintf(path, sizeof path, "%s/%s/comm", proc, pid);
  FILE *file = fopen(path, "re");
  if (file == NULL) return;
  if (fgets(out->name, sizeof out->name, file) != NULL) out->name[strcspn(out->name, "\n")] = '\0';
  (void)fclose(file);
}

bool ncl_port_owner_find(const char *proc, const ncl_address *address, bool udp, ncl_port_owner *out) {
  unsigned long state = udp ? STATE_BOUND : STATE_LISTEN;
  *out = (ncl_port_owner){0};
  if (address->sa.ss_family != AF_INET && address->sa.ss_family != AF_INET6) return false;
  uint64_t inode = find_inode(proc, udp ? "udp" : "tcp", 1, state, address);
  if (inode == 0) inode = find_inode(proc, udp ? "udp6" : "tcp6", 4, state, address);
  if (inode == 0) return false;
  DIR *dir = opendir(proc);
  if (dir == NULL) return true;
  for (struct dirent *entry = readdir(dir); entry != NULL && out->pid == 0; entry = readdir(dir)) {
    char *end;
    unsigned long pid = strtoul(entry->d_name, &end, 10);
    if (*end != '\0' || pid == 0 || !holds(proc, entry->d_name, inode)) continue;
    out->pid = (uint32_t)pid;
    read_name(proc, entry->d_name, out);
  }
  (void)closedir(dir);
  return true;
}
