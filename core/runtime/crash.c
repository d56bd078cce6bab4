/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/crash.c: nothing below "in a signal handler" allocates, locks, or calls what POSIX does not allow there.
 */
#include "core/runtime/crash.h"

#include <link.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#define SCAN_WORDS 2048u /* of the stack, for a return address of a plugin */

/* ---- gathering -------------------------------------------------------------------------------------- */

/* The last two parts of a path: "exporters/acme.so". */
static void note_file(ncl_crash_module *m, const char *path) {
  if (path == NULL || path[0] == '\0') path = "nacelle";
  const char *from = path;
  unsigned slashes = 0;
  for (const char *p = path + strlen(path); p > path && slashes < 2; p--) {
    if (p[-1] != '/') continue;
    if (++slashes == 2) from = p;
  }
  size_t len = strlen(from);
  if (len >= sizeof m->file) from += len - (sizeof m->file - 1);
  memcpy(m->file, from, strlen(from) + 1);
}

static void note_build_id(ncl_crash_module *m, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  if (len > NCL_BUILD_ID_MAX) len = NCL_BUILD_ID_MAX;
  for (size_t i = 0; i < len; i++) {
    m->build_id[2 * i] = digits[bytes[i] >> 4];
    m->build_id[2 * i + 1] = digits[bytes[i] & 15];
  }
  m->build_id[2 * len] = '\0';
}

/* A note: name's length, description's length, type, then both, each padded to 4 bytes. */
static void look_for_build_id(ncl_crash_module *m, const uint8_t *notes, size_t len) {
  size_t at = 0;
  while (len - at >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    memcpy(&note, notes + at, sizeof note);
    size_t name = at + sizeof note;
    size_t bytes = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);
    size_t next = bytes + (((size_t)note.n_descsz + 3) & ~(size_t)3);
    if (next > len || next <= at) return;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0) {
      note_build_id(m, notes + bytes, note.n_descsz);
    }
    at = next;
  }
}

static const ncl_crash_module *module_of(const ncl_crash *crash, uintptr_t address) {
  unsigned count = atomic_load_explicit(&crash->module_count, memory_order_acquire);
  for (unsigned i = 0; i < count; i++) {
    const ncl_crash_module *m = &crash->modules[i];
    if (address >= m->begin && address < m->end) return m;
  }
  return NULL;
}

static int look_at_file(struct dl_phdr_info *info, size_t size, void *arg) {
  ncl_crash *crash = arg;
  ncl_crash_module m = {.begin = UINTPTR_MAX, .base = info->dlpi_addr};
  (void)size;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t begin = info->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && begin + part->p_memsz > m.last) m.last = begin + part->p_memsz;
    if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
      if (begin < m.begin) m.begin = begin;
      if (begin + part->p_memsz > m.end) m.end = begin + part->p_memsz;
    } else if (part->p_type == PT_NOTE) {
      look_for_build_id(&m, (const uint8_t *)begin, part->p_memsz); /* NOLINT(performance-no-int-to-ptr) */
    }
  }
  unsigned count = atomic_load(&crash->module_count);
  if (m.begin >= m.end || count == NCL_CRASH_MODULES || module_of(crash, m.begin) != NULL) return 0;
  note_file(&m, info->dlpi_name);
  crash->modules[count] = m;
  atomic_store_explicit(&crash->module_count, count + 1, memory_order_release);
  return 0;
}

void ncl_crash_look(ncl_crash *crash) {
  (void)dl_iterate_phdr(look_at_file, crash);
}

static void copy(char *to, size_t size, ncl_str from) {
  size_t len = from.len < size ? from.len : size - 1;
  if (len > 0) memcpy(to, from.ptr, len);
  to[len] = '\0';
}

void ncl_crash_plugin(ncl_crash *crash, const void *address, ncl_str name, ncl_str version) {
  ncl_crash_look(crash);
  uintptr_t at = (uintptr_t)address;
  ncl_crash_module *m = crash->modules, *end = m + atomic_load(&crash->module_count);
  while (m < end && (at < m->base || at >= m->last))
    m++;
  if (m == end) return;
  copy(m->version, sizeof m->version, version);
  copy(m->plugin, sizeof m->plugin, name);
}

void ncl_crash_loop(ncl_crash *crash, ncl_loop *loop) {
  crash->thread = pthread_self();
  atomic_store(&crash->running, loop == NULL ? NULL : ncl_loop_running(loop));
}

/* ---- in a signal handler ------------------------------------------------------------------------------ */

typedef struct writer {
  char *out;
  size_t size, len;
} writer;

static void put_bytes(writer *w, const char *text, size_t len) {
  for (size_t i = 0; i < len && w->len + 1 < w->size; i++)
    w->out[w->len++] = text[i];
}

static void put(writer *w, const char *text) {
  put_bytes(w, text, strlen(text));
}

static void put_hex(writer *w, uintptr_t value) {
  char digits[2 * sizeof value];
  size_t at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value != 0);
  put(w, "0x");
  put_bytes(w, digits + at, sizeof digits - at);
}

static void put_place(writer *w, const ncl_crash_module *m, uintptr_t pc) {
  if (m == NULL) {
    put(w, "code at ");
    put_hex(w, pc);
    return;
  }
  if (m->plugin[0] != '\0') {
    put(w, "plugin ");
    put(w, m->plugin);
    put(w, " ");
    put(w, m->version);
    put(w, " (");
  }
  put(w, m->file);
  put(w, "+");
  put_hex(w, pc - m->base);
  if (m->build_id[0] != '\0') {
    put(w, ", build-id ");
    put(w, m->build_id);
  }
  if (m->plugin[0] != '\0') put(w, ")");
}

static uintptr_t pc_of(const void *context) {
  const ucontext_t *uc = context;
#if defined(__x86_64__)
  return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return (uintptr_t)uc->uc_mcontext.pc;
#else
#error "where the program counter is on this machine is not known"
#endif
}

static uintptr_t sp_of(const void *context) {
  const ucontext_t *uc = context;
#if defined(__x86_64__)
  return (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
#else
  return (uintptr_t)uc->uc_mcontext.sp;
#endif
}

/* The return address on the stack, the innermost one, that lies in a plugin; 0 = none is found. The kernel reads the
 * stack, so that a broken one is no second crash. */
static uintptr_t caller_of(const ncl_crash *crash, const void *context) {
  uintptr_t words[SCAN_WORDS / 16];
  uintptr_t sp = sp_of(context);
  for (size_t done = 0; done < SCAN_WORDS; done += sizeof words / sizeof *words) {
    struct iovec here = {words, sizeof words};
    struct iovec there = {(void *)(sp + done * sizeof *words), sizeof words}; /* NOLINT(performance-no-int-to-ptr) */
    if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)sizeof words) return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
      const ncl_crash_module *m = module_of(crash, words[i]);
      if (m != NULL && m->plugin[0] != '\0') return words[i];
    }
  }
  return 0;
}

static void put_blame(writer *w, const ncl_crash *crash, const void *context) {
  uintptr_t pc = pc_of(context);
  const ncl_crash_module *m = module_of(crash, pc);
  const ncl_loop_call *running = atomic_load(&crash->running);
  bool on_loop = running != NULL && pthread_equal(crash->thread, pthread_self());
  put(w, " in ");
  put_place(w, m, pc);
  if (m == NULL || m->plugin[0] == '\0') {
    uintptr_t caller = caller_of(crash, context);
    if (caller == 0 && on_loop) caller = running->fn;
    const ncl_crash_module *by = caller == 0 ? NULL : module_of(crash, caller);
    if (by != NULL && by->plugin[0] != '\0') {
      put(w, ", called by ");
      put_place(w, by, caller);
    }
  }
  if (!on_loop) {
    put(w, ", on another thread than the loop's");
  } else if (running->who != NULL) {
    put(w, ", while ");
    put_bytes(w, running->who->kind, strlen(running->who->kind));
    put(w, " ");
    put_bytes(w, running->who->id.ptr, running->who->id.len);
    put(w, " was called");
  }
}

static const char *name_of(int number) {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    default:
      return "a signal";
  }
}

size_t ncl_crash_line(const ncl_crash *crash, int number, const siginfo_t *info, const void *context, char *out,
                      size_t size) {
  writer w = {out, size, 0};
  put(&w, "Error: crashed: ");
  put(&w, name_of(number));
  if (info->si_code > 0 && (number == SIGSEGV || number == SIGBUS)) {
    put(&w, " at address ");
    put_hex(&w, (uintptr_t)info->si_addr);
  }
  put_blame(&w, crash, context);
  put(&w, "\n");
  return w.len;
}

size_t ncl_crash_stalled(const ncl_crash *crash, const char *words, const void *context, char *out, size_t size) {
  writer w = {out, size, 0};
  put(&w, words);
  put_blame(&w, crash, context);
  put(&w, "\n");
  return w.len;
}
