/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/otlp/host.h: a host table over core/pdata, and batches from bytes. */
#ifndef NACELLE_TESTS_ORACLE_HOST_H
#define NACELLE_TESTS_ORACLE_HOST_H

#include <nacelle/host.h>

#include "core/pdata/pool.h"

typedef struct oracle_host {
  ncl_host table;
  ncl_pool *pool;
  ncl_component *me;
} oracle_host;

void oracle_open(oracle_host *host);
/* Aborts when anything was not given back. */
void oracle_close(oracle_host *host);

/* NULL = refused; the reason is printed. */
const ncl_batch *oracle_batch(oracle_host *host, uint32_t signal, const void *bytes, size_t len);

#endif
