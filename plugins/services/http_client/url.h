/* SPDX-License-Identifier: Apache-2.0 */
/* url.h: where a request goes: the parts of its URL, and whether a proxy of the environment is on the way. */
#ifndef NCL_HTTP_CLIENT_URL_H
#define NCL_HTTP_CLIENT_URL_H

#include <nacelle/abi.h>
#include <stdbool.h>

typedef struct ncl_http_url {
  bool is_https;
  bool is_unix;  /* host is the path of a socket */
  ncl_str host;  /* of an IPv6 address: without brackets */
  ncl_str port;  /* as written; empty = the scheme's */
  ncl_str place; /* "host:port" as written, without user and password: what messages may name */
  ncl_str path;  /* from the first "/" on, with the query; may be empty */
} ncl_http_url;

/* Takes "http://…", "https://…" or "unix:///socket" apart. NULL, or what is wrong with it. */
const char *ncl_http_url_parse(ncl_str url, ncl_http_url *out);

/* Whether the host is this machine: such a request never goes through a proxy of the environment (as in Go). */
bool ncl_http_url_is_local(const ncl_http_url *url);

/* The environment's proxy for `url`, "" = none; NO_PROXY is libcurl's to obey. HTTPS_PROXY and https_proxy count where
 * the request is tunnelled, HTTP_PROXY and http_proxy otherwise. `get` is getenv. */
const char *ncl_http_url_proxy(const ncl_http_url *url, bool is_tunnel, char *(*get)(const char *name));

#endif
