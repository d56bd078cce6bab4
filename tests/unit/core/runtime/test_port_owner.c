/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/port_owner.h: who listens, by tables that the test wrote and by those of the machine. */
#include "core/runtime/port_owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char proc[64];

static void path_of(const char *name, char path[160]) {
  (void)snprintf(path, 160, "%s/%s", proc, name);
}

static void write_file(const char *name, const char *text) {
  char path[160];
  path_of(name, path);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  (void)fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static const char *const dirs[] = {"net", "42", "42/fd", "43", "43/fd"};

/* 127.0.0.1:4317 is listened at (inode 100), and connected to (101); [::]:4318 (102), [::1]:4319 (103). */
static int make_proc(void **state) {
  char path[160];
  (void)state;
  (void)snprintf(proc, sizeof proc, "/tmp/nacelle-proc-XXXXXX");
  if (mkdtemp(proc) == NULL) return 1;
  for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
    path_of(dirs[i], path);
    if (mkdir(path, 0700) != 0) return 1;
  }
  write_file(
      "net/tcp",
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:10DD 0200007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 101 1 0 20 4 30\n"
      "   1: 0100007F:10DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 100 1 0 100 0\n"
      "   2: broken\n");
  write_file("net/tcp6",
             "  sl  local_address                         remote_address st tx_queue rx_queue tr tm->when\n"
             "   0: 00000000000000000000000000000000:10DE 00000000000000000000000000000000:0000 0A 00000000:00000000 "
             "00:00000000 00000000  1000        0 102 1 0 100 0\n"
             "   1: 00000000000000000000000001000000:10DF 00000000000000000000000000000000:0000 0A 00000000:00000000 "
             "00:00000000 00000000  1000        0 103 1 0 100 0\n");
  write_file(
      "net/udp",
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer\n"
      " 411: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 102 2 0 0\n");
  write_file("42/comm", "nacelle\n");
  path_of("42/fd/3", path);
  if (symlink("/dev/null", path) != 0) return 1;
  path_of("42/fd/7", path);
  if (symlink("socket:[100]", path) != 0) return 1;
  write_file("43/comm", "a name");
  path_of("43/fd/1", path);
  return symlink("socket:[102]", path);
}

static int remove_proc(void **state) {
  static const char *const files[] = {"net/tcp", "net/tcp6", "net/udp", "42/comm",
                                      "42/fd/3", "42/fd/7",  "43/comm", "43/fd/1"};
  char path[160];
  (void)state;
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    path_of(files[i], path);
    (void)unlink(path);
  }
  for (size_t i = sizeof dirs / sizeof dirs[0]; i > 0; i--) {
    path_of(dirs[i - 1], path);
    (void)rmdir(path);
  }
  return rmdir(proc);
}

static ncl_address address_of(const char *endpoint) {
  ncl_endpoint parsed;
  ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
  const char *reason;
  assert_null(ncl_endpoint_parse(ncl_str_of(endpoint, strlen(endpoint)), &parsed));
  assert_true(ncl_endpoint_resolve(&parsed, addresses, &reason) > 0);
  return addresses[0];
}

static void finds_who_listens(void **state) {
  static const struct {
    const char *endpoint;
    bool found;
    uint32_t pid;
    const char *name;
  } cases[] = {
      {"127.0.0.1:4317", true, 42, "nacelle"},
      {"0.0.0.0:4317", true, 42, "nacelle"}, /* stands in the way of all addresses */
      {"127.0.0.2:4317", false, 0, ""},
      {"127.0.0.1:4318", true, 43, "a name"}, /* dual-stack */
      {"[::1]:4318", true, 43, "a name"},
      {"[::1]:4319", true, 0, ""}, /* nobody that can be seen has it open */
      {"[::2]:4319", false, 0, ""},
      {"[::]:4319", true, 0, ""},
      {"127.0.0.1:4320", false, 0, ""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_address address = address_of(cases[i].endpoint);
    ncl_port_owner owner;
    bool found = ncl_port_owner_find(proc, &address, false, &owner);
    if (found != cases[i].found || owner.pid != cases[i].pid || strcmp(owner.name, cases[i].name) != 0) {
      fail_msg("%s: %d, %u %s", cases[i].endpoint, found, owner.pid, owner.name);
    }
  }
}

static void knows_datagrams_from_connections(void **state) {
  ncl_address udp = address_of("127.0.0.1:2000"), tcp = address_of("127.0.0.1:4317");
  ncl_port_owner owner;
  (void)state;
  assert_true(ncl_port_owner_find(proc, &udp, true, &owner));
  assert_int_equal(owner.pid, 43);
  assert_false(ncl_port_owner_find(proc, &udp, false, &owner));
  assert_false(ncl_port_owner_find(proc, &tcp, true, &owner));
}

static void finds_nobody_where_there_is_no_proc(void **state) {
  ncl_address address = address_of("127.0.0.1:4317");
  ncl_address file = address_of("unix:///tmp/x.sock");
  ncl_port_owner owner;
  (void)state;
  assert_false(ncl_port_owner_find("/nonexistent", &address, false, &owner));
  assert_false(ncl_port_owner_find(proc, &file, false, &owner));
}

static void finds_this_process(void **state) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ncl_address address = address_of("127.0.0.1:0");
  ncl_port_owner owner;
  (void)state;
  assert_int_equal(bind(fd, (struct sockaddr *)&address.sa, address.len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address.sa, &address.len), 0);
  assert_false(ncl_port_owner_find("/proc", &address, false, &owner)); /* it is bound, and does not listen */
  assert_int_equal(listen(fd, 1), 0);
  assert_true(ncl_port_owner_find("/proc", &address, false, &owner));
  assert_int_equal(owner.pid, getpid());
  assert_true(owner.name[0] != '\0');
  (void)close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_who_listens),
      cmocka_unit_test(knows_datagrams_from_connections),
      cmocka_unit_test(finds_nobody_where_there_is_no_proc),
      cmocka_unit_test(finds_this_process),
  };
  return cmocka_run_group_tests(tests, make_proc, remove_proc);
}
