/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/retrieve.h: the text behind a URI: files, environment variables, the command line, and added schemes. */
#ifndef NCL_CORE_CONFIG_RETRIEVE_H
#define NCL_CORE_CONFIG_RETRIEVE_H

#include "core/config/load.h"

/* Divides "scheme:rest"; a scheme has two characters at least. false = there is no scheme. */
bool ncl_uri_split(ncl_str uri, ncl_str *scheme, ncl_str *rest);

/* A URI for messages: user, password and the query of an address ("https://user:pw@host/path?token=x"), which may be
 * secrets, as "***". Returns the length; `size` bytes are written at most, with a NUL. */
#define NCL_URI_SHOWN_MAX 300u
size_t ncl_uri_show(ncl_str uri, char *out, size_t size);

/* [a-zA-Z_][a-zA-Z0-9_]* */
#define NCL_VARIABLE_NAME_MAX 255u /* bytes of one that is looked up */
bool ncl_is_variable_name(ncl_str name);

/* Fetches `rest` (NUL behind it) by `scheme`. false = failed, with out->reason and out->hint; true with out->unset =
 * there is no such variable. On true the caller ends with ncl_retrieved_end. */
bool ncl_retrieve(const ncl_load_options *options, ncl_str scheme, ncl_str rest, ncl_retrieved *out);
void ncl_retrieved_end(ncl_retrieved *retrieved);

#endif
