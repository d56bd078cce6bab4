/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/context.h: who sent a request: immutable pairs, counted. The context slots of nacelle/host.h. */
#ifndef NACELLE_CORE_PIPELINE_CONTEXT_H
#define NACELLE_CORE_PIPELINE_CONTEXT_H

#include <nacelle/call.h>

/* Bytes of all names and values of one context; what is larger is refused. */
#define NCL_CONTEXT_BYTES_MAX ((size_t)64 << 10)

/* [any] A context with these pairs (copied), one reference for the caller. NULL = no memory or too large. */
ncl_context *ncl_context_new(ncl_str peer, const ncl_pair *pairs, uint32_t count);
void ncl_context_retain(ncl_context *context);           /* [any] */
void ncl_context_release(ncl_context *context);          /* [any] NULL is ignored */
ncl_array ncl_context_pairs(const ncl_context *context); /* [any] of ncl_pair, as long as the context lives */
ncl_str ncl_context_peer(const ncl_context *context);    /* [any] */

#endif
