/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/ports.h: what is said of addresses that a config wants to listen at. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/config/load.h"
#include "core/pipeline/ports.h"
#include "core/runtime/endpoint.h"

#include "../process_fixture.h"

static const ncl_field server_fields[] = {
    {.name = NCL_STR("endpoint"), .type = NCL_TYPE_STRING, .flags = NCL_FIELD_LISTENS},
    {.name = NCL_STR("transport"), .type = NCL_TYPE_STRING},
};
static const ncl_field server_element = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(server_fields)};
static const ncl_field fields[] = {
    {.name = NCL_STR("listen"), .type = NCL_TYPE_ENDPOINT, .flags = NCL_FIELD_LISTENS},
    {.name = NCL_STR("target"), .type = NCL_TYPE_ENDPOINT},
    {.name = NCL_STR("grpc"),
     .type = NCL_TYPE_SECTION,
     .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(server_fields)},
    {.name = NCL_STR("more"), .type = NCL_TYPE_LIST, .fields = {&server_element, 1, sizeof server_element}},
    {.name = NCL_STR("host"), .type = NCL_TYPE_STRING, .dflt = NCL_STR("localhost")},
    {.name = NCL_STR("port"), .type = NCL_TYPE_INT, .flags = NCL_FIELD_LISTENS, .max = 65535},
};

static ncl_status create(const ncl_create *create_with, void **self) {
  (void)create_with;
  *self = NULL;
  return NCL_OK;
}

static void destroy(void *self) {
  (void)self;
}

static const ncl_component_type decl = {
    .type = NCL_STR("acme"), .kind = NCL_KIND_EXTENSION, .fields = NCL_ARRAY(fields)};
static const ncl_type type = {.decl = &decl, .methods = {.create = create, .destroy = destroy}};

/* What is said of components with these configs; to be freed. */
static char *check(const char *const *configs, size_t count) {
  fixture f;
  char *text = NULL;
  size_t size = 0;
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *loaded[4];
  fixture_open(&f);
  ncl_component **end = &f.process->components;
  for (size_t i = 0; i < count; i++) {
    char uri[1000], path[24];
    const char *uris[] = {uri};
    (void)snprintf(uri, sizeof uri, "yaml:a: %s", configs[i]);
    (void)snprintf(path, sizeof path, "c%zu", i);
    loaded[i] = ncl_config_load(uris, 1, NULL, diagnostics);
    assert_non_null(loaded[i]);
    const ncl_node *node = ncl_node_get(ncl_config_root(loaded[i]), (ncl_str)NCL_STR("a"));
    ncl_str id = ncl_str_of(path, strlen(path));
    ncl_component *c = ncl_component_new(f.process, &type, NCL_KIND_EXTENSION, id, 0, (ncl_str){NULL, 0});
    c->config = ncl_decode(loaded[i], node, node->mark, &decl.fields, id, diagnostics);
    assert_int_equal(ncl_decoded_errors(c->config), 0);
    assert_int_equal(ncl_component_create(c, diagnostics), NCL_OK);
    *end = c;
    end = &c->next;
  }
  ncl_ports_check(f.process, diagnostics);
  FILE *out = open_memstream(&text, &size);
  for (size_t i = 0; i < ncl_diagnostics_count(diagnostics); i++)
    ncl_diagnostic_print_line(ncl_diagnostics_at(diagnostics, i), out);
  (void)fclose(out);
  fixture_close(&f);
  for (size_t i = 0; i < count; i++)
    ncl_config_free(loaded[i]);
  ncl_diagnostics_free(diagnostics);
  return text;
}

/* A socket that listens at a port of 127.0.0.1. */
static int listen_anywhere(uint16_t *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(fd, 1), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

static void expect(const char *const *configs, size_t count, const char *const *parts, size_t part_count) {
  char *said = check(configs, count);
  size_t lines = 0;
  for (const char *c = said; *c != '\0'; c++)
    lines += *c == '\n';
  for (size_t i = 0; i < part_count; i++) {
    if (strstr(said, parts[i]) == NULL) fail_msg("\"%s\" is not in:\n%s", parts[i], said);
  }
  if (lines != part_count) fail_msg("%zu lines, %zu expected:\n%s", lines, part_count, said);
  free(said);
}

static void says_nothing_of_addresses_that_are_free(void **state) {
  static const char *const configs[] = {"{listen: 'localhost:0', grpc: {endpoint: '127.0.0.1:0'}}",
                                        "{listen: '127.0.0.1:0', target: '192.0.2.1:80', port: 0}"};
  (void)state;
  expect(configs, 2, NULL, 0);
}

static void says_who_is_in_the_way(void **state) {
  char config[100], part[100];
  uint16_t port;
  int fd = listen_anywhere(&port);
  const char *configs[] = {config}, *parts[] = {part};
  (void)state;
  (void)snprintf(part, sizeof part, "127.0.0.1:%u is in use by process %d (", port, (int)getpid());
  (void)snprintf(config, sizeof config, "{listen: '127.0.0.1:%u'}", port);
  expect(configs, 1, parts, 1);
  (void)snprintf(config, sizeof config, "{host: 127.0.0.1, port: %u}", port);
  expect(configs, 1, parts, 1);
  (void)snprintf(config, sizeof config, "{more: [{endpoint: '127.0.0.1:%u'}]}", port);
  expect(configs, 1, parts, 1);
  /* What is off does not listen. */
  (void)snprintf(config, sizeof config, "{grpc: {enabled: false, endpoint: '127.0.0.1:%u'}}", port);
  expect(configs, 1, NULL, 0);
  (void)close(fd);
}

static void lets_go_of_what_it_tried(void **state) {
  char config[100];
  uint16_t port;
  const char *configs[] = {config};
  (void)state;
  (void)close(listen_anywhere(&port));
  (void)snprintf(config, sizeof config, "{listen: '127.0.0.1:%u'}", port);
  expect(configs, 1, NULL, 0);
  expect(configs, 1, NULL, 0);
}

static void refuses_two_at_one_address(void **state) {
  static const char part[] = "error: c1.grpc.endpoint: c0.listen listens at the same address; give one of them another";
  static const char *const pairs[][2] = {
      {"{listen: '127.0.0.1:47317'}", "{grpc: {endpoint: '127.0.0.1:47317'}}"},
      {"{listen: '0.0.0.0:47317'}", "{grpc: {endpoint: '127.0.0.1:47317'}}"},
      {"{listen: '127.0.0.1:47317'}", "{grpc: {endpoint: ':47317'}}"},
      {"{listen: 'unix:///tmp/nacelle-ports.sock'}", "{grpc: {endpoint: /tmp/nacelle-ports.sock, transport: unix}}"},
  };
  static const char *const others[] = {"{listen: '127.0.0.1:47317'}", "{grpc: {endpoint: '127.0.0.2:47317'}}"};
  (void)state;
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    char *said = check(pairs[i], 2);
    if (strstr(said, part) == NULL) fail_msg("%s", said);
    free(said);
  }
  char *said = check(others, 2);
  assert_null(strstr(said, "listens at the same address"));
  free(said);
}

static void datagrams_and_connections_do_not_meet(void **state) {
  static const char *const apart[] = {"{listen: '127.0.0.1:47317'}",
                                      "{grpc: {endpoint: '127.0.0.1:47317', transport: udp}}"};
  static const char *const together[] = {"{more: [{endpoint: '127.0.0.1:47317', transport: udp4}]}",
                                         "{grpc: {endpoint: 'localhost:47317', transport: udp}}"};
  (void)state;
  char *said = check(apart, 2);
  assert_null(strstr(said, "listens at the same address"));
  free(said);
  said = check(together, 2);
  assert_non_null(strstr(said, "listens at the same address"));
  free(said);
}

static void says_who_has_the_port_for_datagrams(void **state) {
  char config[100], part[100];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  const char *configs[] = {config}, *parts[] = {part};
  (void)state;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
  unsigned port = ntohs(address.sin_port);
  (void)snprintf(part, sizeof part, "127.0.0.1:%u is in use by process %d (", port, (int)getpid());
  (void)snprintf(config, sizeof config, "{grpc: {endpoint: '127.0.0.1:%u', transport: udp}}", port);
  expect(configs, 1, parts, 1);
  (void)snprintf(config, sizeof config, "{grpc: {endpoint: '127.0.0.1:%u', transport: tcp}}", port);
  expect(configs, 1, NULL, 0);
  (void)close(fd);
}

static void says_what_cannot_be_listened_at(void **state) {
  static const char *const configs[][1] = {{"{listen: '192.0.2.1:47317'}"},
                                           {"{listen: 'no-such-host.invalid:47317'}"},
                                           {"{listen: 'unix:///nonexistent/dir/a.sock'}"}};
  static const char *const parts[][1] = {{"192.0.2.1:47317 is no address of this machine"},
                                         {"no-such-host.invalid: "},
                                         {"the directory /nonexistent/dir is not there"}};
  (void)state;
  for (size_t i = 0; i < 3; i++)
    expect(configs[i], 1, parts[i], 1);
}

static void knows_a_socket_file_that_is_served(void **state) {
  char dir[] = "/tmp/nacelle-ports-XXXXXX", path[64], config[120];
  const char *configs[] = {config}, *parts[] = {"a.sock is in use by another process"};
  ncl_address address;
  ncl_endpoint endpoint;
  const char *reason;
  ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
  (void)state;
  assert_non_null(mkdtemp(dir));
  (void)snprintf(path, sizeof path, "%s/a.sock", dir);
  (void)snprintf(config, sizeof config, "{listen: 'unix://%s'}", path);
  expect(configs, 1, NULL, 0);
  assert_int_not_equal(access(path, F_OK), 0); /* no file was made */
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)snprintf(config, sizeof config, "unix://%s", path);
  assert_null(ncl_endpoint_parse(ncl_str_of(config, strlen(config)), &endpoint));
  assert_int_equal(ncl_endpoint_resolve(&endpoint, addresses, &reason), 1);
  address = addresses[0];
  assert_int_equal(bind(fd, (struct sockaddr *)&address.sa, address.len), 0);
  (void)snprintf(config, sizeof config, "{listen: 'unix://%s'}", path);
  expect(configs, 1, NULL, 0); /* nobody answers: a file that was left behind */
  assert_int_equal(listen(fd, 1), 0);
  expect(configs, 1, parts, 1);
  (void)close(fd);
  (void)unlink(path);
  (void)rmdir(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_nothing_of_addresses_that_are_free),
      cmocka_unit_test(says_who_is_in_the_way),
      cmocka_unit_test(lets_go_of_what_it_tried),
      cmocka_unit_test(refuses_two_at_one_address),
      cmocka_unit_test(datagrams_and_connections_do_not_meet),
      cmocka_unit_test(says_who_has_the_port_for_datagrams),
      cmocka_unit_test(says_what_cannot_be_listened_at),
      cmocka_unit_test(knows_a_socket_file_that_is_served),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
