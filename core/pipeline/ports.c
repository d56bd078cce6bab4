/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/ports.c: from fields that listen to addresses, which are compared with each other and tried. */
#include "core/pipeline/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/runtime/endpoint.h"
#include "core/runtime/port_owner.h"

#define PLACES_MAX 256u /* of one config that are looked at */

typedef struct place {
  bool datagrams;
  ncl_decoded *config;
  const ncl_value *value;
  ncl_address address; /* the first that the endpoint stands for */
} place;

typedef struct checker {
  ncl_diagnostics *diagnostics;
  ncl_decoded *config; /* of the component that is looked at */
  place places[PLACES_MAX];
  uint32_t count;
} checker;

static void say(checker *c, const ncl_value *value, uint32_t severity, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void say(checker *c, const ncl_value *value, uint32_t severity, const char *hint, const char *format, ...) {
  char words[600];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  ncl_decoded_report(c->config, value, severity, ncl_str_of(words, strlen(words)), ncl_str_of(hint, strlen(hint)),
                     c->diagnostics);
}

/* ---- two at one address --------------------------------------------------------------------------- */

static bool is_any(const ncl_address *a) {
  const struct sockaddr_in *v4 = (const void *)&a->sa;
  const struct sockaddr_in6 *v6 = (const void *)&a->sa;
  if (a->sa.ss_family == AF_INET) return v4->sin_addr.s_addr == htonl(INADDR_ANY);
  return a->sa.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static uint16_t port_of(const ncl_address *a) {
  const struct sockaddr_in *v4 = (const void *)&a->sa;
  const struct sockaddr_in6 *v6 = (const void *)&a->sa;
  if (a->sa.ss_family == AF_INET) return ntohs(v4->sin_port);
  return a->sa.ss_family == AF_INET6 ? ntohs(v6->sin6_port) : 0;
}

static bool collide(const ncl_address *a, const ncl_address *b) {
  if (a->sa.ss_family == AF_UNIX || b->sa.ss_family == AF_UNIX) {
    return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
  }
  if (port_of(a) == 0 || port_of(a) != port_of(b)) return false;
  return is_any(a) || is_any(b) || (a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0);
}

/* True = another component of the config has the address. */
static bool is_taken_by_own(checker *c, const ncl_value *value, const ncl_address *address, bool datagrams) {
  for (uint32_t i = 0; i < c->count; i++) {
    place *other = &c->places[i];
    bool kinds_meet = other->datagrams == datagrams || address->sa.ss_family == AF_UNIX;
    if (!kinds_meet || !collide(&other->address, address)) continue;
    ncl_where where = ncl_decoded_where(other->config, other->value);
    say(c, value, NCL_SEVERITY_ERROR, "give one of them another port", "%.*s listens at the same address",
        (int)(where.path.len < 300 ? where.path.len : 300), where.path.ptr);
    return true;
  }
  if (c->count < PLACES_MAX) c->places[c->count++] = (place){datagrams, c->config, value, *address};
  return false;
}

/* ---- others at the address ------------------------------------------------------------------------- */

/* The same program, which is mostly the collector whose new config is looked at. */
static bool is_another_of_us(const ncl_port_owner *owner) {
  char name[sizeof owner->name] = "";
  FILE *file = fopen("/proc/self/comm", "re");
  if (file == NULL) return false;
  if (fgets(name, sizeof name, file) != NULL) name[strcspn(name, "\n")] = '\0';
  (void)fclose(file);
  return owner->pid != 0 && owner->pid != (uint32_t)getpid() && strcmp(name, owner->name) == 0;
}

static void say_in_use(checker *c, const ncl_value *value, const ncl_address *address, bool datagrams) {
  char text[NCL_ENDPOINT_TEXT], by[80] = "another process";
  ncl_port_owner owner;
  (void)ncl_address_format(address, text);
  if (ncl_port_owner_find("/proc", address, datagrams, &owner)) {
    if (is_another_of_us(&owner)) return;
    (void)snprintf(by, sizeof by, "a process of another user or container");
    if (owner.pid != 0) (void)snprintf(by, sizeof by, "process %u (%s)", owner.pid, owner.name);
  }
  say(c, value, NCL_SEVERITY_WARNING, "stop it, or choose another port", "%s is in use by %s", text, by);
}

static void say_unbound(checker *c, const ncl_value *value, const ncl_address *address, bool datagrams, int error) {
  char text[NCL_ENDPOINT_TEXT];
  (void)ncl_address_format(address, text);
  if (error == EADDRINUSE) {
    say_in_use(c, value, address, datagrams);
  } else if (error == EACCES) {
    say(c, value, NCL_SEVERITY_WARNING, "choose a port from 1024 on, or run as a user who may",
        "this user may not listen at %s", text);
  } else if (error == EADDRNOTAVAIL) {
    say(c, value, NCL_SEVERITY_WARNING, "use localhost, 0.0.0.0, or an address of the machine that runs it",
        "%s is no address of this machine", text);
  } else {
    say(c, value, NCL_SEVERITY_WARNING, "", "%s cannot be bound: %s", text, strerror(error));
  }
}

/* Whether somebody answers at the socket file. */
static bool is_unix_served(const ncl_address *address, bool datagrams) {
  int fd = socket(AF_UNIX, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  bool served = connect(fd, (const struct sockaddr *)&address->sa, address->len) == 0 || errno == EAGAIN ||
                errno == EPROTOTYPE; /* of the other kind */
  (void)close(fd);
  return served;
}

/* The directory of a socket file has to be there and writable; the file itself would stay, so it is not made. */
static void try_unix(checker *c, const ncl_value *value, const ncl_address *address, bool datagrams) {
  const struct sockaddr_un *un = (const void *)&address->sa;
  char dir[sizeof un->sun_path + 1];
  (void)snprintf(dir, sizeof dir, "%s", un->sun_path);
  char *slash = strrchr(dir, '/');
  if (slash != NULL) slash[slash == dir ? 1 : 0] = '\0';
  if (is_unix_served(address, datagrams)) {
    say_in_use(c, value, address, datagrams);
  } else if (access(dir, F_OK) != 0) {
    say(c, value, NCL_SEVERITY_WARNING, "create it before the collector starts", "the directory %s is not there", dir);
  } else if (access(dir, W_OK) != 0) {
    say(c, value, NCL_SEVERITY_WARNING, "make it writable for the user that runs the collector",
        "no socket can be made in the directory %s", dir);
  }
}

static void try_ip(checker *c, const ncl_value *value, const ncl_address *address, bool datagrams) {
  int on = 1;
  int fd = socket(address->sa.ss_family, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (fd < 0) return; /* the machine has no such addresses, which is not for this config to mend */
  if (!datagrams) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (const struct sockaddr *)&address->sa, address->len) != 0)
    say_unbound(c, value, address, datagrams, errno);
  (void)close(fd);
}

static void check_endpoint(checker *c, const ncl_value *value, ncl_str text, bool datagrams) {
  ncl_endpoint endpoint;
  ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
  const char *reason = NULL;
  if (ncl_endpoint_parse(text, &endpoint) != NULL) return; /* the component has said it */
  if (ncl_endpoint_resolve(&endpoint, addresses, &reason) == 0) {
    say(c, value, NCL_SEVERITY_WARNING, "write an address, or a name that this machine knows", "%s: %s", endpoint.host,
        reason);
    return;
  }
  if (is_taken_by_own(c, value, &addresses[0], datagrams)) return;
  if (endpoint.is_unix) {
    try_unix(c, value, &addresses[0], datagrams);
  } else {
    try_ip(c, value, &addresses[0], datagrams);
  }
}

/* ---- fields that listen ---------------------------------------------------------------------------- */

static ncl_str sibling(const ncl_value *map, const char *name) {
  const ncl_value *value = ncl_value_get(map, ncl_str_of(name, strlen(name)));
  return value != NULL ? value->s : ncl_str_of("", 0);
}

static bool starts_with(ncl_str text, const char *start) {
  return text.len >= strlen(start) && memcmp(text.ptr, start, strlen(start)) == 0;
}

/* "endpoint", whose "transport" may say that it is a path, or for datagrams (udp4, unixgram); or "port", with a "host"
 * beside it. */
static void check_field(checker *c, const ncl_field *field, const ncl_value *map, const ncl_value *value) {
  char text[512];
  ncl_str host = sibling(map, "host"), transport = sibling(map, "transport");
  int n;
  if (field->type == NCL_TYPE_INT) {
    bool v6 = host.len > 0 && host.ptr[0] != '[' && memchr(host.ptr, ':', host.len) != NULL;
    n = snprintf(text, sizeof text, "%s%.*s%s:%lld", v6 ? "[" : "", (int)host.len, host.len > 0 ? host.ptr : "",
                 v6 ? "]" : "", (long long)value->i);
  } else {
    bool bare = value->s.len > 0 && value->s.ptr[0] == '/' && starts_with(transport, "unix");
    n = snprintf(text, sizeof text, "%s%.*s", bare ? "unix://" : "", (int)value->s.len,
                 value->s.len > 0 ? value->s.ptr : "");
    if (value->s.len == 0) return;
  }
  bool datagrams = starts_with(transport, "udp") || ncl_str_eq(transport, (ncl_str)NCL_STR("unixgram"));
  if (n > 0 && (size_t)n < sizeof text) check_endpoint(c, value, ncl_str_of(text, (size_t)n), datagrams);
}

static void walk(checker *c, const ncl_array *table, const ncl_value *map);

static void walk_value(checker *c, const ncl_field *field, const ncl_value *map, const ncl_value *value) {
  if (field->flags & NCL_FIELD_LISTENS) {
    check_field(c, field, map, value);
  } else if (field->type == NCL_TYPE_SECTION && value->kind == NCL_VALUE_MAP) {
    walk(c, &field->fields, value);
  } else if ((field->type == NCL_TYPE_LIST || field->type == NCL_TYPE_MAP) && field->fields.count > 0) {
    ncl_field element = ncl_field_read(&field->fields, 0);
    for (uint32_t i = 0; i < value->children.count; i++)
      walk_value(c, &element, value, ncl_array_at(&value->children, i));
  }
}

static void walk(checker *c, const ncl_array *table, const ncl_value *map) {
  for (uint32_t i = 0; i < table->count && i < map->children.count; i++) {
    ncl_field field = ncl_field_read(table, i);
    walk_value(c, &field, map, ncl_array_at(&map->children, i));
  }
}

/* Instances of one id share their config, and are one place. */
static bool is_seen(const ncl_component *first, const ncl_component *component) {
  for (const ncl_component *other = first; other != component; other = other->next) {
    if (other->config == component->config) return true;
  }
  return false;
}

void ncl_ports_check(ncl_process *process, ncl_diagnostics *diagnostics) {
  checker c = {.diagnostics = diagnostics};
  for (ncl_component *component = process->components; component != NULL; component = component->next) {
    if (component->state != NCL_STATE_CREATED || component->config == NULL) continue;
    if (is_seen(process->components, component)) continue;
    c.config = component->config;
    walk(&c, &component->type->decl->fields, ncl_decoded_root(component->config, 0));
  }
}
