/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/small_file.h: a file of a token, a password or a list of users, which may be replaced while the process runs.
 * It is looked at when it is used, once a second at most: no thread, no descriptor. Part of the plugin, not of the ABI.
 */
#ifndef NACELLE_SMALL_FILE_H
#define NACELLE_SMALL_FILE_H

#include <nacelle/abi.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_SMALL_FILE_MAX ((size_t)1 << 20) /* bytes */

/* All [loop], or any one thread. Zeroed at first; `text` and `error` are for the author to read. */
typedef struct ncl_small_file {
  char *path; /* NULL = it was not opened */
  char *text; /* what the file held when it was read last; ends with NUL; NULL = it was never read */
  size_t len;
  int error; /* errno of the last attempt to read it; 0 = it went well */
  int64_t looked_ns;
  struct stat seen;
} ncl_small_file;

/* Reads it. NCL_OK; NCL_NO_MEMORY; NCL_PERMANENT: `error` says why not, and ncl_small_file_look may find it later. */
ncl_status ncl_small_file_open(ncl_small_file *file, ncl_str path, int64_t now_ns);
/* Reads it again where it was changed or replaced since; `at_once` = 1: also within a second of the last look.
 * 1 = `text` is another one. 0: it stays as it was, also where the file has become unreadable (`error`). */
uint32_t ncl_small_file_look(ncl_small_file *file, int64_t now_ns, uint32_t at_once);
/* Overwrites the text and frees all. */
void ncl_small_file_close(ncl_small_file *file);

#ifdef __cplusplus
}
#endif
#endif
