/* SPDX-License-Identifier: Apache-2.0 */
/* Tries the sockets that are there; a process that is gone leaves one behind, on which nobody listens. */
#include "core/control/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_BYTES 65536u

struct ncl_client {
  int fd;
  uint8_t *bytes;
  size_t len, capacity;
  size_t taken; /* of the last frame */
};

/* -1 with errno. */
static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = errno;
  (void)close(fd);
  errno = error;
  return -1;
}

/* The socket of a process that was killed. */
static void remove_left_over(const char *path, pid_t pid) {
  if (errno == ECONNREFUSED && kill(pid, 0) != 0 && errno == ESRCH) (void)unlink(path);
}

typedef struct search {
  ncl_control_found found;
  int fd;            /* of the first that answers; -1 = none */
  size_t alive;      /* how many answer */
  char pids[256];    /* of those */
  char refused[256]; /* a socket that is there and may not be used, and why */
} search;

static void try_one(search *s, size_t i) {
  int fd = connect_to(s->found.paths[i]);
  if (fd < 0) {
    bool denied = errno == EACCES || errno == EPERM;
    if (denied) {
      (void)snprintf(s->refused, sizeof s->refused, "%s: %s: ask as the user that it runs as, or as root",
                     s->found.paths[i], strerror(errno));
    }
    remove_left_over(s->found.paths[i], s->found.pids[i]);
    return;
  }
  size_t len = strlen(s->pids);
  (void)snprintf(s->pids + len, sizeof s->pids - len, "%s%d", len > 0 ? ", " : "", (int)s->found.pids[i]);
  if (s->alive++ == 0) {
    s->fd = fd;
  } else {
    (void)close(fd);
  }
}

/* -1 with the reason. */
static int find(pid_t pid, const ncl_control_roots *roots, char why[NCL_CLIENT_WHY]) {
  search *s = calloc(1, sizeof *s);
  if (s == NULL) return (void)snprintf(why, NCL_CLIENT_WHY, "no memory"), -1;
  s->fd = -1;
  ncl_control_find(roots, &s->found);
  for (size_t i = 0; i < s->found.count; i++) {
    if (pid == 0 || pid == s->found.pids[i]) try_one(s, i);
  }
  int fd = s->fd;
  if (s->alive > 1) {
    (void)close(fd);
    fd = -1;
    (void)snprintf(why, NCL_CLIENT_WHY, "several collectors run: say which one with --pid, of %s", s->pids);
  } else if (fd < 0 && s->refused[0] != '\0') {
    (void)snprintf(why, NCL_CLIENT_WHY, "%s", s->refused);
  } else if (fd < 0 && pid != 0) {
    (void)snprintf(why, NCL_CLIENT_WHY, "process %d has no control socket in %s", (int)pid, s->found.tried);
  } else if (fd < 0) {
    (void)snprintf(why, NCL_CLIENT_WHY,
                   "no running collector was found: there is no socket of one in %s. Was it started with "
                   "--control-socket? Then give the same here",
                   s->found.tried);
  }
  free(s);
  return fd;
}

ncl_client *ncl_client_open(const char *path, pid_t pid, const ncl_control_roots *roots, char why[NCL_CLIENT_WHY]) {
  int fd;
  if (path != NULL && strlen(path) >= NCL_CONTROL_PATH) {
    (void)snprintf(why, NCL_CLIENT_WHY, "the path of the control socket is longer than %u bytes", NCL_CONTROL_PATH - 1);
    return NULL;
  }
  if (path != NULL) {
    fd = connect_to(path);
    if (fd < 0) {
      (void)snprintf(why, NCL_CLIENT_WHY, "%s: %s%s", path, strerror(errno),
                     errno == ECONNREFUSED || errno == ENOENT ? ": no collector listens there" : "");
    }
  } else {
    fd = find(pid, roots, why);
  }
  if (fd < 0) return NULL;
  ncl_client *client = calloc(1, sizeof *client);
  if (client == NULL) {
    (void)close(fd);
    (void)snprintf(why, NCL_CLIENT_WHY, "no memory");
    return NULL;
  }
  client->fd = fd;
  return client;
}

void ncl_client_close(ncl_client *client) {
  if (client == NULL) return;
  (void)close(client->fd);
  free(client->bytes);
  free(client);
}

bool ncl_client_ask(ncl_client *client, const char *verb, const char *const *pairs, char why[NCL_CLIENT_WHY]) {
  uint8_t frame[NCL_CONTROL_HEAD + NCL_CONTROL_ASK_MAX];
  size_t len = ncl_control_ask_write(frame, sizeof frame, verb, pairs);
  if (len == 0) return (void)snprintf(why, NCL_CLIENT_WHY, "the question is too long"), false;
  for (size_t sent = 0; sent < len;) {
    ssize_t n = send(client->fd, frame + sent, len - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return (void)snprintf(why, NCL_CLIENT_WHY, "the collector hung up: %s", strerror(errno)), false;
    sent += (size_t)n;
  }
  return true;
}

/* Room for more bytes. */
static bool grow(ncl_client *client) {
  if (client->len < client->capacity) return true;
  size_t capacity = client->capacity == 0 ? FIRST_BYTES : client->capacity * 2;
  uint8_t *bytes = realloc(client->bytes, capacity);
  if (bytes == NULL) return false;
  client->bytes = bytes;
  client->capacity = capacity;
  return true;
}

/* 1 = some came, 0 = the end, -1 = failed. */
static int receive(ncl_client *client, int timeout_ms, char why[NCL_CLIENT_WHY]) {
  struct pollfd fd = {.fd = client->fd, .events = POLLIN};
  int ready = poll(&fd, 1, timeout_ms);
  if (ready < 0 && errno == EINTR) return 1;
  if (ready == 0) return (void)snprintf(why, NCL_CLIENT_WHY, "the collector does not answer"), -1;
  if (!grow(client)) return (void)snprintf(why, NCL_CLIENT_WHY, "no memory"), -1;
  ssize_t got = recv(client->fd, client->bytes + client->len, client->capacity - client->len, 0);
  if (got == 0) return 0;
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 1;
  if (got < 0) return (void)snprintf(why, NCL_CLIENT_WHY, "the collector hung up: %s", strerror(errno)), -1;
  client->len += (size_t)got;
  return 1;
}

int ncl_client_next(ncl_client *client, int timeout_ms, ncl_control_frame *frame, char why[NCL_CLIENT_WHY]) {
  if (client->taken > 0) {
    memmove(client->bytes, client->bytes + client->taken, client->len - client->taken);
    client->len -= client->taken;
    client->taken = 0;
  }
  for (;;) {
    int64_t taken = ncl_control_frame_read((ncl_range){client->bytes, client->len}, NCL_CONTROL_ANSWER_MAX, frame);
    if (taken < 0) return (void)snprintf(why, NCL_CLIENT_WHY, "what answers is no collector of this version"), -1;
    if (taken > 0) {
      client->taken = (size_t)taken;
      return 1;
    }
    int got = receive(client, timeout_ms, why);
    if (got == 0 && client->len > 0) return (void)snprintf(why, NCL_CLIENT_WHY, "the answer was cut off"), -1;
    if (got <= 0) return got;
  }
}
