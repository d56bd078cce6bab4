/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/probe.h: what the slot `probe` of a component that sends is made of: a name that is resolved, a connection
 * that is tried, in the same words for all. Part of the plugin, not of the ABI. All [loop]. */
#ifndef NACELLE_PROBE_H
#define NACELLE_PROBE_H

#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tells one finding, without a text to copy. */
void ncl_probe_tell(const ncl_host *host, ncl_component *me, uint32_t result, ncl_str what, ncl_str detail,
                    ncl_str hint);

/* What to look at where a request got no answer, by the words for it (ncl_http_client's); static, "" = nothing known.
 */
ncl_str ncl_probe_hint(ncl_str words);

/* Where a component sends to. */
typedef struct ncl_probe_endpoint ncl_probe_endpoint;

#define NCL_PROBE_NO_VERIFY 1u /* certificates are not verified */

/* Resolves the host of `url` ("https://host:port/path", also "host:port"; "unix:///path" has none), then calls
 * done(arg), never before this returns. NULL = no memory. */
ncl_probe_endpoint *ncl_probe_endpoint_open(const ncl_host *host, ncl_component *me, ncl_str url, uint32_t flags,
                                            ncl_call_fn done, void *arg);
/* After done: what became of a request to it. Tells two findings, about the name and about the connection. `failure`
 * empty = an answer came, whatever it was; else the words of why none did. */
void ncl_probe_endpoint_tell(ncl_probe_endpoint *endpoint, ncl_str failure);
/* At any time; done is not called any more. NULL is ignored. */
void ncl_probe_endpoint_close(ncl_probe_endpoint *endpoint);

#ifdef __cplusplus
}
#endif
#endif
