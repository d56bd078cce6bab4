/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/sources.h: config sources that are plugins: loaded when a URI names their scheme, asked, given up. */
#ifndef NACELLE_CORE_PIPELINE_SOURCES_H
#define NACELLE_CORE_PIPELINE_SOURCES_H

#include "core/config/load.h"
#include "core/plugin/registry.h"

/*
 * Stands apart from the collector that may be running meanwhile: a process and a loop of its own, made when the first
 * scheme is asked for, so that a config without such schemes costs nothing. Used by one thread; one for each load, so
 * that a reload asks again.
 */
typedef struct ncl_sources ncl_sources;

#define NCL_SOURCES_WITHIN_NS INT64_C(30000000000)      /* what a load is given where nothing else counts */
#define NCL_SOURCES_TEXT_MAX ((size_t)16 * 1024 * 1024) /* bytes, of all texts that one load fetches */

/* `registry` finds the plugins; borrowed, and used by this thread only. All that is fetched has to be there within
 * `within_ns` of the first time that something is asked for. NULL = no memory. */
ncl_sources *ncl_sources_new(ncl_registry *registry, int64_t within_ns);
void ncl_sources_free(ncl_sources *sources); /* NULL is ignored */

/* A ncl_retrieve_fn, with the sources as its ctx: waits, at most as long as said there. The same URI is fetched once.
 * The text lives until ncl_sources_free. Not from within a callback of a plugin. */
bool ncl_sources_retrieve(void *sources, ncl_str scheme, ncl_str uri, ncl_retrieved *out);

#endif
