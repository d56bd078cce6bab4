/* SPDX-License-Identifier: Apache-2.0 */
/* bench/stores/stores.h: what an embedded store has to do for a queue, so that stores are measured by the same program.
 */
#ifndef NACELLE_BENCH_STORES_H
#define NACELLE_BENCH_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens or makes the store in a directory. False: words on standard error. */
bool store_open(const char *directory, bool fsync);
/* `count` entries of `size` bytes with keys from `first` on, in one transaction. */
bool store_put(uint64_t first, uint32_t count, const void *value, size_t size);
/* Deletes so many keys from `first` on, in one transaction. */
bool store_delete(uint64_t first, uint32_t count);
/* How many entries can be read, each to its end; -1 = the store says that it cannot. */
int64_t store_count(void);
void store_close(void);

#endif
