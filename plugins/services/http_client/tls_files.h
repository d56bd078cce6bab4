/* SPDX-License-Identifier: Apache-2.0 */
/* tls_files.h: reads certificates and keys once when a channel opens, to say early what is wrong with them. */
#ifndef NCL_HTTP_CLIENT_TLS_FILES_H
#define NCL_HTTP_CLIENT_TLS_FILES_H

#include <nacelle/http_client.h>
#include <stdbool.h>

#include "buffer.h"
#include "libraries.h"

#define NCL_HTTP_PEM_MAX ((size_t)4 << 20) /* bytes of a file of certificates */

/* Appends what the file holds. False: it cannot be read, or it is too large. */
bool ncl_http_tls_read_file(ncl_str path, ncl_http_buffer *into);

/* False with the key, the file and the reason in *outcome; the words lie in `words`. NULL or a section that is off is
 * right. */
bool ncl_http_tls_check(ncl_http_libraries *libraries, const ncl_value *tls, ncl_outcome *outcome, char *words,
                        size_t size);

#endif
