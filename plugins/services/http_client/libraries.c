/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.c: dlopen of libcurl and OpenSSL, and the functions that are used of them. */
#include "libraries.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* As the headers' major versions name them; libcurl itself needs the same OpenSSL. */
static const char *const files[3] = {"libcrypto.so.3", "libssl.so.3", "libcurl.so.4"};

/* The object pointer that dlsym returns, as the function that it is (POSIX guarantees the representation). */
static bool find_call(void *library, const char *name, void *slot) {
  void *symbol = dlsym(library, name);
  memcpy(slot, &symbol, sizeof symbol);
  return symbol != NULL;
}

static const char *find_calls(ncl_http_libraries *l) {
#define NCL_HTTP_FIND(name) \
  if (!find_call(library, #name, &l->name)) return #name;
  void *library = l->opened[0];
  NCL_HTTP_CRYPTO_CALLS(NCL_HTTP_FIND)
  library = l->opened[1];
  NCL_HTTP_SSL_CALLS(NCL_HTTP_FIND)
  library = l->opened[2];
  NCL_HTTP_CURL_CALLS(NCL_HTTP_FIND)
#undef NCL_HTTP_FIND
  return NULL;
}

static void forget(ncl_http_libraries *l) {
  for (size_t i = 0; i < 3; i++) {
    if (l->opened[i] != NULL) (void)dlclose(l->opened[i]);
  }
  *l = (ncl_http_libraries){0};
}

bool ncl_http_libraries_open(ncl_http_libraries *libraries, char *words, size_t size) {
  if (libraries->opened[0] != NULL) return true;
  for (size_t i = 0; i < 3; i++) {
    libraries->opened[i] = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
    if (libraries->opened[i] != NULL) continue;
    (void)snprintf(words, size, "https, TLS and proxies need a library that cannot be opened: %s", dlerror());
    forget(libraries);
    return false;
  }
  const char *missing = find_calls(libraries);
  if (missing != NULL) {
    (void)snprintf(words, size, "https, TLS and proxies need a newer libcurl or OpenSSL 3: %s is missing", missing);
    forget(libraries);
    return false;
  }
  /* OpenSSL's allocators stay as they are: libcurl leaves them alone, and so does this. */
  if (libraries->curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) return true;
  (void)snprintf(words, size, "libcurl could not be initialised");
  forget(libraries);
  return false;
}

void ncl_http_libraries_close(ncl_http_libraries *libraries) {
  if (libraries->opened[0] == NULL) return;
  libraries->curl_global_cleanup();
  forget(libraries);
}
