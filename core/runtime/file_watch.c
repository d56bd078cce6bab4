/* SPDX-License-Identifier: Apache-2.0 */
/* Files by their names, through inotify on directories: a name is followed link by link, and each directory where
 * something decides what it leads to is watched. An event only says that it is time to look. */
#include "core/runtime/file_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40u /* of one name, as the kernel's own limit */
#define DELAYS_MAX 10 /* a directory that never rests holds a change back so many times `quiet_ns` at most */
#define EVENTS \
  (IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

typedef struct file {
  char *path; /* absolute */
  ncl_file_state seen;
} file;

typedef struct directory {
  int wd;
  bool needed;
} directory;

struct ncl_file_watch {
  ncl_loop *loop;
  int64_t quiet_ns;
  ncl_call_fn fn;
  void *arg;
  int fd;
  ncl_watch *watch;
  ncl_timer *timer;
  int64_t first_event_ns; /* since the last look; 0 = none */
  file files[NCL_FILE_WATCH_FILES];
  size_t file_count;
  directory directories[NCL_FILE_WATCH_DIRECTORIES];
  size_t directory_count;
  int error; /* of a directory that cannot be watched */
};

ncl_file_state ncl_file_look(const char *path) {
  struct stat s;
  if (stat(path, &s) != 0) return (ncl_file_state){0, 0, 0, 0, 0};
  return (ncl_file_state){(uint64_t)s.st_dev, (uint64_t)s.st_ino, (uint64_t)s.st_size,
                          (int64_t)s.st_ctim.tv_sec * 1000000000 + s.st_ctim.tv_nsec,
                          (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec};
}

static bool is_same(const ncl_file_state *a, const ncl_file_state *b) {
  return a->device == b->device && a->number == b->number && a->size == b->size && a->changed_ns == b->changed_ns &&
         a->written_ns == b->written_ns;
}

/* ---- following a name ------------------------------------------------------------------------------------------ */

static void watch_directory(ncl_file_watch *w, const char *path) {
  int wd = inotify_add_watch(w->fd, path[0] == '\0' ? "/" : path, EVENTS | IN_ONLYDIR);
  if (wd < 0) {
    if (w->error == 0) w->error = errno;
    return;
  }
  for (size_t i = 0; i < w->directory_count; i++) {
    if (w->directories[i].wd != wd) continue;
    w->directories[i].needed = true;
    return;
  }
  if (w->directory_count == NCL_FILE_WATCH_DIRECTORIES) {
    (void)inotify_rm_watch(w->fd, wd);
    w->error = ENOSPC;
    return;
  }
  w->directories[w->directory_count++] = (directory){wd, true};
}

/* A name while it is followed: what is behind, without links, and what is still ahead. */
typedef struct walk {
  char done[PATH_MAX];
  char rest[PATH_MAX];
} walk;

/* Puts the target of a link before the rest. False: too long. */
static bool follow_link(walk *at, const char *link, const char *rest) {
  char next[PATH_MAX];
  int len = snprintf(next, sizeof next, "%s%s%s", link, rest[0] == '\0' ? "" : "/", rest);
  if (len < 0 || (size_t)len >= sizeof next) return false;
  if (link[0] == '/') at->done[0] = '\0';
  memcpy(at->rest, next, (size_t)len + 1);
  return true;
}

static void step_up(walk *at) {
  char *slash = strrchr(at->done, '/');
  if (slash != NULL) *slash = '\0';
}

/* One part of the name. False: the end, or it leads nowhere for now. */
static bool follow_part(ncl_file_watch *w, walk *at, uint32_t *links) {
  char path[2 * PATH_MAX];
  char link[PATH_MAX];
  char *part = at->rest + strspn(at->rest, "/");
  if (*part == '\0') return false;
  size_t len = strcspn(part, "/");
  char *rest = part + len + strspn(part + len, "/");
  if (len == 1 && part[0] == '.') return memmove(at->rest, rest, strlen(rest) + 1), true;
  if (len == 2 && memcmp(part, "..", 2) == 0) {
    step_up(at);
    return memmove(at->rest, rest, strlen(rest) + 1), true;
  }
  int n = snprintf(path, sizeof path, "%s/%.*s", at->done, (int)len, part);
  if (n < 0 || (size_t)n >= sizeof at->done) return false;
  ssize_t target = readlink(path, link, sizeof link - 1);
  if (target > 0) {
    link[target] = '\0';
    watch_directory(w, at->done);
    return ++*links <= LINKS_MAX && follow_link(at, link, rest);
  }
  /* It is the file, or what is missing on the way to it, which may come back. */
  if (*rest == '\0' || access(path, F_OK) != 0) {
    watch_directory(w, at->done);
    return false;
  }
  memcpy(at->done, path, (size_t)n + 1);
  memmove(at->rest, rest, strlen(rest) + 1);
  return true;
}

static void follow(ncl_file_watch *w, const char *path) {
  walk at = {.done = ""};
  uint32_t links = 0;
  (void)snprintf(at.rest, sizeof at.rest, "%s", path);
  while (follow_part(w, &at, &links))
    continue;
}

/* Watches what the names lead over now, and no longer what they do not. */
static void follow_all(ncl_file_watch *w) {
  size_t kept = 0;
  w->error = 0;
  for (size_t i = 0; i < w->directory_count; i++)
    w->directories[i].needed = false;
  for (size_t i = 0; i < w->file_count; i++)
    follow(w, w->files[i].path);
  for (size_t i = 0; i < w->directory_count; i++) {
    if (w->directories[i].needed) {
      w->directories[kept++] = w->directories[i];
    } else {
      (void)inotify_rm_watch(w->fd, w->directories[i].wd); /* a directory that is gone took its watch with it */
    }
  }
  w->directory_count = kept;
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

static void on_quiet(void *arg) {
  ncl_file_watch *w = arg;
  bool changed = false;
  w->first_event_ns = 0;
  follow_all(w);
  for (size_t i = 0; i < w->file_count; i++) {
    ncl_file_state now = ncl_file_look(w->files[i].path);
    if (now.number == 0 || is_same(&now, &w->files[i].seen)) continue;
    w->files[i].seen = now;
    changed = true;
  }
  if (changed) w->fn(w->arg);
}

static void on_events(void *arg, uint32_t events) {
  ncl_file_watch *w = arg;
  char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
  (void)events;
  while (read(w->fd, buffer, sizeof buffer) > 0)
    continue;
  int64_t now = ncl_loop_now_ns(w->loop);
  if (w->first_event_ns == 0) w->first_event_ns = now;
  int64_t latest = w->first_event_ns + DELAYS_MAX * w->quiet_ns;
  ncl_timer_set(w->timer, now + w->quiet_ns < latest ? now + w->quiet_ns : latest);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

ncl_file_watch *ncl_file_watch_open(ncl_loop *loop, int64_t quiet_ns, ncl_call_fn fn, void *arg) {
  ncl_file_watch *w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->loop = loop;
  w->quiet_ns = quiet_ns;
  w->fn = fn;
  w->arg = arg;
  w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  int error = errno;
  if (w->fd >= 0) {
    error = ENOMEM;
    w->timer = ncl_timer_open(loop, on_quiet, w);
    w->watch = w->timer == NULL ? NULL : ncl_watch_open(loop, w->fd, NCL_EVENT_READ, on_events, w);
  }
  if (w->watch != NULL) return w;
  ncl_file_watch_close(w);
  errno = error;
  return NULL;
}

static void forget_files(ncl_file_watch *w) {
  for (size_t i = 0; i < w->file_count; i++)
    free(w->files[i].path);
  w->file_count = 0;
}

static char *absolute(const char *path) {
  char dir[PATH_MAX];
  char *out = NULL;
  if (path[0] == '/') return strdup(path);
  if (getcwd(dir, sizeof dir) == NULL || asprintf(&out, "%s/%s", dir, path) < 0) return NULL;
  return out;
}

bool ncl_file_watch_set(ncl_file_watch *w, const ncl_watched_file *files, size_t count) {
  int error = 0;
  forget_files(w);
  for (size_t i = 0; i < count; i++) {
    char *path = w->file_count == NCL_FILE_WATCH_FILES ? NULL : absolute(files[i].path);
    if (path == NULL) {
      error = w->file_count == NCL_FILE_WATCH_FILES ? ENOSPC : ENOMEM;
      continue;
    }
    w->files[w->file_count++] = (file){path, files[i].state};
  }
  follow_all(w);
  if (error == 0) error = w->error;
  /* What happened before anybody watched made no event. */
  w->first_event_ns = ncl_loop_now_ns(w->loop);
  ncl_timer_set(w->timer, w->first_event_ns + w->quiet_ns);
  errno = error;
  return error == 0;
}

void ncl_file_watch_close(ncl_file_watch *w) {
  if (w == NULL) return;
  ncl_watch_close(w->watch);
  ncl_timer_close(w->timer);
  if (w->fd >= 0) (void)close(w->fd);
  forget_files(w);
  free(w);
}
