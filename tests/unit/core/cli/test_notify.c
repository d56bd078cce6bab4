/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/notify.h: what arrives at the service manager's socket. */
#include "core/cli/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct manager {
  int fd;
  char address[100];
  char got[1024];
} manager;

static void open_manager(manager *m, const char *address) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  size_t len = strlen(address);
  (void)snprintf(m->address, sizeof m->address, "%s", address);
  memcpy(sa.sun_path, address, len);
  if (address[0] == '@') sa.sun_path[0] = '\0';
  m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (address[0] == '/'));
  assert_int_equal(bind(m->fd, (struct sockaddr *)&sa, size), 0);
}

static const char *receive(manager *m) {
  ssize_t n = recv(m->fd, m->got, sizeof m->got - 1, 0);
  m->got[n < 0 ? 0 : n] = '\0';
  return m->got;
}

static void tells_all_states(manager *m) {
  ncl_notify notify;
  ncl_notify_open(&notify, m->address);
  ncl_notify_ready(&notify, "Serving.");
  assert_string_equal(receive(m), "READY=1\nSTATUS=Serving.");
  ncl_notify_reloading(&notify, 12345678);
  assert_string_equal(receive(m), "RELOADING=1\nMONOTONIC_USEC=12345\nSTATUS=Reading the config anew.");
  ncl_notify_stopping(&notify, "Ending.");
  assert_string_equal(receive(m), "STOPPING=1\nSTATUS=Ending.");
  ncl_notify_close(&notify);
  ncl_notify_ready(&notify, "nobody hears it");
  assert_string_equal(receive(m), "");
  (void)close(m->fd);
}

static void tells_a_socket_file(void **state) {
  (void)state;
  manager m;
  char dir[] = "/tmp/nacelle-notify-XXXXXX";
  char path[64];
  assert_non_null(mkdtemp(dir));
  (void)snprintf(path, sizeof path, "%s/s", dir);
  open_manager(&m, path);
  tells_all_states(&m);
  (void)unlink(path);
  (void)rmdir(dir);
}

static void tells_a_name_in_the_abstract_space(void **state) {
  (void)state;
  manager m;
  char name[64];
  (void)snprintf(name, sizeof name, "@nacelle-notify-%d", (int)getpid());
  open_manager(&m, name);
  tells_all_states(&m);
}

static void tells_nobody_who_is_not_there(void **state) {
  (void)state;
  char longer[200];
  memset(longer, 'x', sizeof longer - 1);
  longer[0] = '/';
  longer[sizeof longer - 1] = '\0';
  const char *const addresses[] = {NULL, "", "/", "@", "vsock:2:1", "relative", "/tmp/nacelle-notify-nobody", longer};
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    ncl_notify notify;
    ncl_notify_open(&notify, addresses[i]);
    assert_int_equal(notify.fd >= 0, i == 6);
    ncl_notify_ready(&notify, "x");
    ncl_notify_close(&notify);
  }
}

static void does_not_wait_for_a_reader(void **state) {
  (void)state;
  manager m;
  char name[64];
  (void)snprintf(name, sizeof name, "@nacelle-notify-full-%d", (int)getpid());
  open_manager(&m, name);
  ncl_notify notify;
  ncl_notify_open(&notify, m.address);
  for (int i = 0; i < 10000; i++)
    ncl_notify_ready(&notify, "more than the socket holds");
  ncl_notify_close(&notify);
  (void)close(m.fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_a_socket_file),
      cmocka_unit_test(tells_a_name_in_the_abstract_space),
      cmocka_unit_test(tells_nobody_who_is_not_there),
      cmocka_unit_test(does_not_wait_for_a_reader),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
