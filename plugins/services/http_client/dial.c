/* SPDX-License-Identifier: Apache-2.0 */
/* dial.c: name → addresses (on a thread) → the first that can be connected to. */
#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)
/* A connection whose peer acknowledges nothing for so long is dead: the kernel alone would try for a quarter of an
 * hour. */
#define UNACKNOWLEDGED_MS 30000u
#define KEEPALIVE_IDLE_S 30
#define KEEPALIVE_INTERVAL_S 10

typedef struct address {
  socklen_t len;
  struct sockaddr_storage at;
} address;

/* What the thread works on. It outlives a dial that was cancelled. */
typedef struct lookup {
  ncl_dial *dial; /* NULL: cancelled */
  int error;      /* of getaddrinfo */
  uint32_t count;
  address addresses[NCL_DIAL_ADDRESSES_MAX];
  char port[8];
  char name[];
} lookup;

struct ncl_dial {
  const ncl_host *host;
  ncl_component *me;
  ncl_dial_fn done;
  void *arg;
  ncl_timer *timer; /* when this address, or all of it, has taken too long */
  int64_t deadline_ns;
  lookup *job;
  bool is_looking_up;
  bool is_unix;
  uint32_t at; /* the address that is tried */
  int fd;
  ncl_watch *watch;
  int error; /* errno of the newest address that failed */
};

/* ---- names ------------------------------------------------------------------------------------------- */

static void take_addresses(lookup *job, int flags) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
  struct addrinfo *found = NULL;
  job->error = getaddrinfo(job->name, job->port, &hints, &found);
  for (struct addrinfo *a = job->error == 0 ? found : NULL; a != NULL; a = a->ai_next) {
    if (job->count == NCL_DIAL_ADDRESSES_MAX || a->ai_addrlen > sizeof(struct sockaddr_storage)) continue;
    job->addresses[job->count].len = a->ai_addrlen;
    memcpy(&job->addresses[job->count++].at, a->ai_addr, a->ai_addrlen);
  }
  if (found != NULL) freeaddrinfo(found);
}

/* Known without asking: a container may have no /etc/hosts. */
static void take_localhost(lookup *job) {
  uint16_t port = htons((uint16_t)strtoul(job->port, NULL, 10));
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  job->addresses[0].len = sizeof v4;
  memcpy(&job->addresses[0].at, &v4, sizeof v4);
  job->addresses[1].len = sizeof v6;
  memcpy(&job->addresses[1].at, &v6, sizeof v6);
  job->count = 2;
}

static bool take_path(lookup *job) {
  struct sockaddr_un path = {.sun_family = AF_UNIX};
  size_t len = strlen(job->name);
  if (len >= sizeof path.sun_path) return false;
  memcpy(path.sun_path, job->name, len);
  job->addresses[0].len = sizeof path;
  memcpy(&job->addresses[0].at, &path, sizeof path);
  job->count = 1;
  return true;
}

/* [any] */
static void look_up(void *arg) {
  take_addresses(arg, AI_ADDRCONFIG);
}

/* ---- the end ----------------------------------------------------------------------------------------- */

static void close_attempt(ncl_dial *dial) {
  if (dial->watch != NULL) dial->host->watch_close(dial->watch);
  if (dial->fd >= 0) (void)close(dial->fd);
  dial->watch = NULL;
  dial->fd = -1;
}

static void free_dial(ncl_dial *dial) {
  close_attempt(dial);
  dial->host->timer_close(dial->timer);
  if (dial->is_looking_up) {
    dial->job->dial = NULL;
  } else {
    free(dial->job);
  }
  free(dial);
}

static void finish(ncl_dial *dial, int fd, const char *words) {
  ncl_dial_fn done = dial->done;
  void *arg = dial->arg;
  free_dial(dial);
  done(arg, fd, words);
}

void ncl_dial_cancel(ncl_dial *dial) {
  if (dial != NULL) free_dial(dial);
}

/* ---- addresses --------------------------------------------------------------------------------------- */

static void try_next(ncl_dial *dial);

static void next_after(ncl_dial *dial, int error) {
  dial->error = error;
  close_attempt(dial);
  dial->at++;
  try_next(dial);
}

static void succeed(ncl_dial *dial) {
  int fd = dial->fd, on = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTERVAL_S;
  unsigned unacknowledged = UNACKNOWLEDGED_MS;
  dial->host->watch_close(dial->watch);
  dial->watch = NULL;
  dial->fd = -1;
  if (!dial->is_unix) {
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
  }
  finish(dial, fd, NULL);
}

static void on_writable(void *arg, uint32_t events) {
  ncl_dial *dial = arg;
  int error = 0;
  socklen_t len = sizeof error;
  (void)events;
  if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) error = errno;
  if (error != 0) {
    next_after(dial, error);
  } else {
    succeed(dial);
  }
}

/* Every address but the last gets an equal share of the time that is left. */
static void set_timer(ncl_dial *dial) {
  int64_t now = dial->host->now_ns(dial->me);
  int64_t left = dial->deadline_ns - now;
  uint32_t more = dial->job->count - dial->at;
  dial->host->timer_set(dial->timer, left > 0 && more > 1 ? now + left / more : dial->deadline_ns);
}

/* 0: it is under way; else errno. */
static int begin_attempt(ncl_dial *dial, const address *to) {
  dial->fd = socket(to->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (dial->fd < 0) return errno;
  /* A unix socket whose queue is full says EAGAIN, and would never become writable. */
  int result = connect(dial->fd, (const struct sockaddr *)&to->at, to->len);
  if (result != 0 && errno != EINPROGRESS) return errno;
  dial->watch = dial->host->watch_open(dial->me, dial->fd, NCL_EVENT_WRITE, on_writable, dial);
  return dial->watch != NULL ? 0 : ENOMEM;
}

static void try_next(ncl_dial *dial) {
  for (; dial->at < dial->job->count; dial->at++) {
    int error = begin_attempt(dial, &dial->job->addresses[dial->at]);
    if (error == 0) {
      set_timer(dial);
      return;
    }
    close_attempt(dial);
    dial->error = error;
  }
  char words[160], reason[100];
  const char *why = dial->error == 0 ? "the name has no address" : strerror_r(dial->error, reason, sizeof reason);
  (void)snprintf(words, sizeof words, "could not connect: %s", why);
  finish(dial, -1, words);
}

static void on_late(void *arg) {
  ncl_dial *dial = arg;
  if (dial->is_looking_up) {
    finish(dial, -1, "could not connect: the name was not resolved in time");
  } else if (dial->fd < 0) {
    try_next(dial); /* the first turn: addresses are known */
  } else {
    next_after(dial, ETIMEDOUT);
  }
}

static void on_looked_up(void *arg) {
  lookup *job = arg;
  ncl_dial *dial = job->dial;
  if (dial == NULL) {
    free(job);
    return;
  }
  dial->is_looking_up = false;
  if (job->error == 0) {
    try_next(dial);
    return;
  }
  char words[200];
  (void)snprintf(words, sizeof words, "the name cannot be resolved: %s", gai_strerror(job->error));
  finish(dial, -1, words);
}

/* ---- start ------------------------------------------------------------------------------------------- */

static lookup *new_lookup(const ncl_dial_target *target) {
  lookup *job = calloc(1, sizeof *job + target->host.len + 1);
  if (job == NULL) return NULL;
  memcpy(job->name, target->host.ptr, target->host.len);
  size_t len = target->port.len < sizeof job->port ? target->port.len : sizeof job->port - 1;
  memcpy(job->port, len > 0 ? target->port.ptr : "80", len > 0 ? len : 2);
  return job;
}

/* True: the addresses are known already. */
static bool is_known(lookup *job, bool is_unix) {
  if (is_unix) return take_path(job);
  if (strcasecmp(job->name, "localhost") == 0) {
    take_localhost(job);
  } else {
    take_addresses(job, AI_NUMERICHOST);
  }
  return job->count > 0;
}

ncl_dial *ncl_dial_start(const ncl_host *host, ncl_component *me, const ncl_dial_target *target, ncl_dial_fn done,
                         void *arg) {
  ncl_dial *dial = calloc(1, sizeof *dial);
  if (dial == NULL) return NULL;
  *dial = (ncl_dial){.host = host, .me = me, .done = done, .arg = arg, .is_unix = target->is_unix, .fd = -1};
  dial->deadline_ns = host->now_ns(me) + target->timeout_ns;
  dial->timer = host->timer_open(me, on_late, dial);
  dial->job = new_lookup(target);
  if (dial->timer == NULL || dial->job == NULL) goto fail;
  dial->job->dial = dial;
  dial->error = target->is_unix ? ENAMETOOLONG : 0;
  bool known = is_known(dial->job, target->is_unix);
  if (!known && !target->is_unix) {
    dial->is_looking_up = host->work(me, look_up, on_looked_up, dial->job) == NCL_OK;
    if (!dial->is_looking_up) goto fail;
  }
  /* Even the quickest answer comes on a later turn of the loop. */
  host->timer_set(dial->timer, dial->is_looking_up ? dial->deadline_ns : host->now_ns(me));
  return dial;
fail:
  free_dial(dial);
  return NULL;
}
