/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/otlp/rewrite.h: a request read field by field with otlp_read.h and written again with otlp_write.h. */
#ifndef NACELLE_TESTS_ORACLE_REWRITE_H
#define NACELLE_TESTS_ORACLE_REWRITE_H

#include <nacelle/otlp_write.h>

/* Everything down to the last value goes through the structs; unknown fields are lost. 0 = a reader failed. */
uint32_t rewrite_batch(const ncl_batch *batch, ncl_writer *writer);

#endif
