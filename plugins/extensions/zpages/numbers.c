/* SPDX-License-Identifier: Apache-2.0 */
/* numbers.c: see numbers.h. */
#include "numbers.h"

#include <inttypes.h>
#include <math.h>

#define SECOND_NS INT64_C(1000000000)
#define NBSP "\xc2\xa0"
#define THIN "\xe2\x80\xaf" /* narrow no-break space */

void ncl_zpages_count(ncl_text *out, uint64_t value) {
  uint64_t unit = 1;
  while (value / unit >= 1000)
    unit *= 1000;
  ncl_text_format(out, "%" PRIu64, value / unit);
  for (unit /= 1000; unit > 0; unit /= 1000)
    ncl_text_format(out, THIN "%03" PRIu64, value / unit % 1000);
}

/* Three digits, or fewer where the rest are zeros. */
static void three_digits(ncl_text *out, double value) {
  int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  double rounded = round(value * (digits == 2   ? 100
                                  : digits == 1 ? 10
                                                : 1)) /
                   (digits == 2   ? 100
                    : digits == 1 ? 10
                                  : 1);
  if (rounded == floor(rounded)) digits = 0;
  if (digits == 2 && rounded * 10 == floor(rounded * 10)) digits = 1;
  ncl_text_format(out, "%.*f", digits, rounded);
}

void ncl_zpages_rate(ncl_text *out, double per_second) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  size_t unit = 0;
  if (per_second > 0 && per_second < 0.005) {
    ncl_text_put(out, "&lt;0.01");
    return;
  }
  while (per_second >= 999.5 && unit < 4) {
    per_second /= 1000;
    unit++;
  }
  three_digits(out, per_second);
  ncl_text_put(out, units[unit]);
}

void ncl_zpages_bytes(ncl_text *out, uint64_t bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = (double)bytes;
  size_t unit = 0;
  while (value >= 999.5 && unit < 4) {
    value /= 1024;
    unit++;
  }
  three_digits(out, value);
  ncl_text_format(out, NBSP "%s", units[unit]);
}

void ncl_zpages_age(ncl_text *out, int64_t ns) {
  static const struct {
    int64_t seconds;
    const char *name;
  } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  if (ns < 0) ns = 0;
  if (ns < SECOND_NS) {
    ncl_text_format(out, "%" PRId64 NBSP "ms", ns / 1000000);
    return;
  }
  int64_t left = ns / SECOND_NS;
  size_t unit = 0;
  while (left < units[unit].seconds)
    unit++;
  ncl_text_format(out, "%" PRId64 NBSP "%s", left / units[unit].seconds, units[unit].name);
  left %= units[unit].seconds;
  if (unit == 3) return;
  if (left / units[unit + 1].seconds == 0) return;
  ncl_text_format(out, " %" PRId64 NBSP "%s", left / units[unit + 1].seconds, units[unit + 1].name);
}

void ncl_zpages_time(ncl_text *out, int64_t wall_ns, uint32_t date) {
  ncl_text full;
  int64_t ms = wall_ns - ((wall_ns % 1000000) + 1000000) % 1000000;
  ncl_text_open(&full, 64);
  ncl_text_time(&full, ms);
  ncl_str text = ncl_text_str(&full);
  if (full.failed || text.len < 19) {
    out->failed = 1;
    ncl_text_close(&full);
    return;
  }
  ncl_text_put(out, "<time datetime=\"");
  ncl_text_html(out, text);
  ncl_text_put(out, "\">");
  if (date) {
    ncl_text_html(out, ncl_str_of(text.ptr, 10));
    ncl_text_put(out, " ");
  }
  ncl_text_html(out, ncl_str_of(text.ptr + 11, 8));
  ncl_text_put(out, "</time>");
  ncl_text_close(&full);
}
