/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/memory.h: what memory the process may use and what it uses, as the kernel says. */
#ifndef NACELLE_CORE_TELEMETRY_MEMORY_H
#define NACELLE_CORE_TELEMETRY_MEMORY_H

#include <stdint.h>

/* Each reads below `root`, which is prefixed to /proc and /sys/fs/cgroup: "" or NULL in production. Bytes; UINT64_MAX =
 * there is no limit, or the file cannot be read. [any] */

/* The tightest limit of the process's cgroup and those above it that can be seen: version 2 (memory.max) or
 * 1 (memory.limit_in_bytes, and hierarchical_memory_limit of memory.stat). */
uint64_t ncl_memory_cgroup_limit(const char *root);
/* RAM of the machine (MemTotal). */
uint64_t ncl_memory_machine(const char *root);
/* The smaller of both: what the process can count on. */
uint64_t ncl_memory_limit(const char *root);
/* Resident memory of the process; UINT64_MAX = cannot be read. */
uint64_t ncl_memory_rss(const char *root);

#endif
