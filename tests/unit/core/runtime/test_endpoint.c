/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: what is understood, what is refused and how, and addresses as text. */
#include "core/runtime/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void understands_hosts_and_ports(void **state) {
  (void)state;
  static const struct {
    const char *text, *host;
    uint16_t port;
  } cases[] = {{"127.0.0.1:4317", "127.0.0.1", 4317},
               {"localhost:0", "localhost", 0},
               {":4318", "", 4318},
               {"[::1]:1", "::1", 1},
               {"[::]:65535", "::", 65535},
               {"[fe80::1%lo]:9", "fe80::1%lo", 9},
               {"my-host.local:80", "my-host.local", 80}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    ncl_endpoint e;
    assert_null(ncl_endpoint_parse(str(cases[i].text), &e));
    assert_false(e.is_unix);
    assert_string_equal(e.host, cases[i].host);
    assert_int_equal(e.port, cases[i].port);
  }
}

static void understands_socket_files(void **state) {
  (void)state;
  ncl_endpoint e;
  assert_null(ncl_endpoint_parse(str("unix:///run/a b.sock"), &e));
  assert_true(e.is_unix);
  assert_string_equal(e.path, "/run/a b.sock");
  char text[7 + 108 + 1] = "unix:///";
  memset(text + 8, 'x', 106);
  assert_null(ncl_endpoint_parse(ncl_str_of(text, 7 + 107), &e));
  assert_non_null(ncl_endpoint_parse(ncl_str_of(text, 7 + 108), &e));
}

static void refuses_with_what_to_write_instead(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } cases[] = {{"", "host:port"},
               {"4317", "port is missing"},
               {"localhost", "port is missing"},
               {"localhost:", "0 to 65535"},
               {"localhost:65536", "0 to 65535"},
               {"localhost:123456", "0 to 65535"},
               {"localhost:-1", "0 to 65535"},
               {"localhost:http", "0 to 65535"},
               {"::1:4317", "brackets"},
               {"[::1:4317", "not closed"},
               {"[]:4317", "not closed"},
               {"[::1]", "port"},
               {"http://localhost:4318", "scheme"},
               {"unix://relative.sock", "absolute"},
               {"unix:///", "absolute"},
               {"unix://", "absolute"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    ncl_endpoint e;
    const char *reason = ncl_endpoint_parse(str(cases[i].text), &e);
    if (reason == NULL) print_error("understood %s\n", cases[i].text);
    assert_non_null(reason);
    if (strstr(reason, cases[i].says) == NULL) print_error("%s: %s\n", cases[i].text, reason);
    assert_non_null(strstr(reason, cases[i].says));
  }
  ncl_endpoint e;
  assert_non_null(ncl_endpoint_parse(ncl_str_of("a\0b:1", 5), &e));
  char name[300 + 3];
  memset(name, 'a', 300);
  memcpy(name + 300, ":1", 3);
  assert_non_null(ncl_endpoint_parse(str(name), &e));
}

static size_t resolve(const char *text, ncl_address *addresses, const char **reason) {
  ncl_endpoint e;
  assert_null(ncl_endpoint_parse(str(text), &e));
  return ncl_endpoint_resolve(&e, addresses, reason);
}

static void resolves_to_the_best_address_first(void **state) {
  (void)state;
  static const struct {
    const char *text, *first;
  } cases[] = {{"127.0.0.1:4317", "127.0.0.1:4317"},
               {"localhost:4317", "127.0.0.1:4317"},
               {"LocalHost:4317", "127.0.0.1:4317"},
               {"[::1]:4317", "[::1]:4317"},
               {":4317", "[::]:4317"},
               {"0.0.0.0:4317", "0.0.0.0:4317"},
               {"unix:///tmp/x.sock", "unix:///tmp/x.sock"}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
    const char *reason = NULL;
    assert_true(resolve(cases[i].text, addresses, &reason) > 0);
    char text[NCL_ENDPOINT_TEXT];
    size_t len = ncl_address_format(&addresses[0], text);
    assert_string_equal(text, cases[i].first);
    assert_int_equal(len, strlen(text));
  }
}

static void says_why_a_host_is_none(void **state) {
  (void)state;
  ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
  const char *reason = NULL;
  assert_int_equal(resolve("a..b:1", addresses, &reason), 0);
  assert_non_null(reason);
}

static void formats_peers(void **state) {
  (void)state;
  char text[NCL_ENDPOINT_TEXT];
  ncl_address address = {.len = sizeof(struct sockaddr_in6)};
  struct sockaddr_in6 *sa = (struct sockaddr_in6 *)&address.sa;
  sa->sin6_family = AF_INET6;
  sa->sin6_port = htons(80);
  inet_pton(AF_INET6, "::ffff:10.1.2.3", &sa->sin6_addr);
  ncl_address_format(&address, text);
  assert_string_equal(text, "10.1.2.3:80");
  inet_pton(AF_INET6, "fe80::2", &sa->sin6_addr);
  sa->sin6_scope_id = 7;
  ncl_address_format(&address, text);
  assert_string_equal(text, "[fe80::2%7]:80");

  ncl_address unnamed = {.len = sizeof(sa_family_t)};
  ((struct sockaddr *)&unnamed.sa)->sa_family = AF_UNIX;
  ncl_address_format(&unnamed, text);
  assert_string_equal(text, "unix");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(understands_hosts_and_ports),
      cmocka_unit_test(understands_socket_files),
      cmocka_unit_test(refuses_with_what_to_write_instead),
      cmocka_unit_test(resolves_to_the_best_address_first),
      cmocka_unit_test(says_why_a_host_is_none),
      cmocka_unit_test(formats_peers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
