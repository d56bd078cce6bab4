/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/crash.h: names whose code an address is, from within a signal handler: what is needed for that is
 * gathered when a file is loaded. */
#ifndef NACELLE_CORE_RUNTIME_CRASH_H
#define NACELLE_CORE_RUNTIME_CRASH_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "core/runtime/loop.h"

#define NCL_CRASH_MODULES 192u   /* files; what is beyond has no name */
#define NCL_CRASH_LINE_MAX 1024u /* bytes */
#define NCL_BUILD_ID_MAX 20u     /* bytes */

/* A file that was loaded: the program, a library, a plugin. */
typedef struct ncl_crash_module {
  uintptr_t begin, end; /* of its code */
  uintptr_t last;       /* of all that it has in memory */
  uintptr_t base;       /* what offsets count from, as in the file */
  char file[64];        /* the end of its path */
  char plugin[40];      /* "" = it is none */
  char version[24];
  char build_id[2 * NCL_BUILD_ID_MAX + 1];
} ncl_crash_module;

/* Zeroed, it knows nothing and can be used. */
typedef struct ncl_crash {
  ncl_crash_module modules[NCL_CRASH_MODULES];
  atomic_uint module_count;
  const ncl_loop_call *_Atomic running; /* what the loop has called; NULL = there is no loop */
  pthread_t thread;                     /* of the loop */
} ncl_crash;

/* [loop] Notes the files that were loaded since. */
void ncl_crash_look(ncl_crash *crash);
/* [loop] The file that `address` lies in is this plugin. */
void ncl_crash_plugin(ncl_crash *crash, const void *address, ncl_str name, ncl_str version);
/* [loop] The calling thread is the loop's from now on; NULL = no loop's any more. */
void ncl_crash_loop(ncl_crash *crash, ncl_loop *loop);

/* Both [any], in a signal handler, too. */

/* "SIGSEGV at address 0x10 in plugin acme 1.0 (build-id ..., exporters/acme.so+0x1a2b), while exporter acme was
 * called", with a line break. `context` is the third argument of the handler. Returns the length. */
size_t ncl_crash_line(const ncl_crash *crash, int number, const siginfo_t *info, const void *context, char *out,
                      size_t size);
/* The same for a loop that does not come back: the words before it. */
size_t ncl_crash_stalled(const ncl_crash *crash, const char *words, const void *context, char *out, size_t size);

#endif
