/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the collector: allocation number FAIL_AT of the process gives no memory (0 = none does; FAIL_COUNT of
 * them in a row), and FAIL_LOG says where that was (with FAIL_FRAMES also who called) and, at an orderly end, how many
 * there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *before, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static _Atomic unsigned long allocations;
static unsigned long first, last;
static _Atomic long live;
static int is_on, is_counting;

static void say(const char *words, unsigned long number, void *caller) {
  const char *path = getenv("FAIL_LOG");
  char line[512];
  Dl_info info = {0};
  if (path == NULL) return;
  is_on = 0; /* dladdr and backtrace may allocate */
  (void)dladdr(caller, &info);
  void *frames[24];
  int depth = backtrace(frames, 24);
  int len =
      snprintf(line, sizeof line, "%s %lu %s+0x%lx %s\n", words, number, info.dli_fname != NULL ? info.dli_fname : "?",
               (unsigned long)((char *)caller - (char *)info.dli_fbase), info.dli_sname != NULL ? info.dli_sname : "");
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return; /* and nothing else fails */
  if (write(fd, line, (size_t)len) != len) (void)fputs("the log of failures cannot be written\n", stderr);
  if (number == first && getenv("FAIL_FRAMES") != NULL) backtrace_symbols_fd(frames, depth, fd);
  (void)close(fd);
  is_on = 1;
}

static int fails(void *caller) {
  if (!is_on) return 0;
  unsigned long number = atomic_fetch_add(&allocations, 1) + 1;
  if (number < first || number > last) return 0;
  if (number == first) say("failed", number, caller);
  errno = ENOMEM;
  return 1;
}

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("FAIL_AT"), *count = getenv("FAIL_COUNT");
  if (strcmp(program_invocation_short_name, "nacelle") != 0 || at == NULL) return;
  first = strtoul(at, NULL, 10);
  last = first == 0 ? 0 : first - 1 + (count != NULL ? strtoul(count, NULL, 10) : 1);
  if (first == 0) first = 1;
  is_on = is_counting = 1;
}

__attribute__((destructor)) static void end(void) {
  if (!is_on) return;
  say("count", allocations, NULL);
  say("live", (unsigned long)live, NULL);
}

/* Blocks that are in use. */
static void *counted(void *block) {
  if (is_counting && block != NULL) atomic_fetch_add(&live, 1);
  return block;
}

void free(void *block) {
  if (is_counting && block != NULL) atomic_fetch_sub(&live, 1);
  __libc_free(block);
}

void *malloc(size_t size) {
  return fails(__builtin_return_address(0)) ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
  return fails(__builtin_return_address(0)) ? NULL : counted(__libc_calloc(count, size));
}

static void *moved(void *before, size_t size) {
  void *after = __libc_realloc(before, size);
  return before == NULL ? counted(after) : after;
}

void *realloc(void *before, size_t size) {
  return fails(__builtin_return_address(0)) ? NULL : moved(before, size);
}

void *reallocarray(void *before, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || fails(__builtin_return_address(0))) return NULL;
  return moved(before, bytes);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  void *made = fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(alignment, size));
  if (made == NULL) return ENOMEM;
  *out = made;
  return 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  static void *(*real)(void *, size_t, int, int, int, off_t);
  if ((flags & MAP_ANONYMOUS) != 0 && fails(__builtin_return_address(0))) return MAP_FAILED;
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "mmap");
  return real(at, size, protection, flags, fd, offset);
}
