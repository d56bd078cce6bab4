/* SPDX-License-Identifier: Apache-2.0 */
/* numbers.h: numbers, sizes and times as people read them. */
#ifndef NACELLE_EXTENSION_ZPAGES_NUMBERS_H
#define NACELLE_EXTENSION_ZPAGES_NUMBERS_H

#include <nacelle/text.h>

/* "1 234 567", with no-break spaces. */
void ncl_zpages_count(ncl_text *out, uint64_t value);
/* Three digits and what they stand for: "0", "0.25", "12.3", "1.23k", "45.6M". */
void ncl_zpages_rate(ncl_text *out, double per_second);
/* "0 B", "12.3 KiB". */
void ncl_zpages_bytes(ncl_text *out, uint64_t bytes);
/* Its two largest parts: "3 d 4 h", "1 min 40 s", "12 s", "350 ms". */
void ncl_zpages_age(ncl_text *out, int64_t ns);
/* A <time> element that shows the time of the day, or with `date` the date, too; UTC. */
void ncl_zpages_time(ncl_text *out, int64_t wall_ns, uint32_t date);

#endif
