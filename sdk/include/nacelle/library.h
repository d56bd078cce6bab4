/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/library.h: a shared library that is loaded when it is first needed, so that a process that never meets what
 * it does pays nothing for it. Part of the plugin, not of the ABI. */
#ifndef NACELLE_LIBRARY_H
#define NACELLE_LIBRARY_H

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_LIBRARY_CALLS 8u

/* Zeroed at first. `calls` holds the functions in the order of their names: copy it into a struct of function pointers
 * with NCL_LIBRARY_GET. The header of the library serves for types and constants only. */
typedef struct ncl_library {
  void *handle;
  uint32_t is_loaded;
  uint32_t is_missing; /* it was looked for in vain: not looked for again */
  void *calls[NCL_LIBRARY_CALLS];
} ncl_library;

/* Loads `file` ("libzstd.so.1") and finds its functions. 1 = they are there. Takes the time of a few file reads at the
 * first call. [any], but one thread at a time for one library. */
static inline uint32_t ncl_library_load(ncl_library *library, const char *file, const char *const *names,
                                        uint32_t count) {
  uint32_t i;
  if (library->is_loaded || library->is_missing) return library->is_loaded;
  if (count <= NCL_LIBRARY_CALLS) library->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  library->is_missing = library->handle == NULL;
  for (i = 0; i < count && !library->is_missing; i++) {
    library->calls[i] = dlsym(library->handle, names[i]);
    library->is_missing = library->calls[i] == NULL;
  }
  library->is_loaded = !library->is_missing;
  return library->is_loaded;
}

/* The functions of a loaded library, as the author's struct has them (POSIX guarantees the representation). */
#define NCL_LIBRARY_GET(library, table)                                        \
  do {                                                                         \
    (void)sizeof(char[sizeof(*(table)) <= sizeof((library)->calls) ? 1 : -1]); \
    memcpy((table), (library)->calls, sizeof(*(table)));                       \
  } while (0)

/* Gives it back. What it allocated must have been freed. */
static inline void ncl_library_close(ncl_library *library) {
  if (library->handle != NULL) (void)dlclose(library->handle);
  memset(library, 0, sizeof(*library));
}

#ifdef __cplusplus
}
#endif
#endif
