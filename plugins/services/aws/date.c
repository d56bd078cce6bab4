/* SPDX-License-Identifier: Apache-2.0 */
/* date.c: days are counted by the civil calendar (proleptic Gregorian); no time zone, no locale. */
#include "date.h"

#include <stdio.h>

#include "text.h"

#define SECOND_NS INT64_C(1000000000)
#define DAY_S INT64_C(86400)
#define LAST_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Days from 1970-01-01 to the first of a month: years begin in March, so that the leap day is the last. */
static int64_t days_to(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  int64_t era = year / 400;
  int64_t of_era = year - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil(int64_t days, int64_t *year, int64_t *month, int64_t *day) {
  days += 719468;
  int64_t era = days / 146097;
  int64_t of_era = days - era * 146097;
  int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
  int64_t shifted = (5 * of_year + 2) / 153;
  *day = of_year - (153 * shifted + 2) / 5 + 1;
  *month = shifted < 10 ? shifted + 3 : shifted - 9;
  *year = years + era * 400 + (*month <= 2);
}

void ncl_aws_date_basic(int64_t wall_ns, char into[NCL_AWS_DATE_SIZE]) {
  int64_t seconds = wall_ns > 0 ? wall_ns / SECOND_NS : 0, year, month, day;
  if (seconds > LAST_S) seconds = LAST_S;
  civil(seconds / DAY_S, &year, &month, &day);
  int64_t of_day = seconds % DAY_S;
  (void)snprintf(into, NCL_AWS_DATE_SIZE, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)year % 10000u, (unsigned)month % 100u,
                 (unsigned)day % 100u, (unsigned)(of_day / 3600) % 100u, (unsigned)(of_day / 60 % 60) % 100u,
                 (unsigned)(of_day % 60) % 100u);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

/* Takes `count` digits. */
static bool digits(ncl_str *text, size_t count, int64_t *number) {
  *number = 0;
  if (text->len < count) return false;
  for (size_t i = 0; i < count; i++) {
    if (text->ptr[i] < '0' || text->ptr[i] > '9') return false;
    *number = *number * 10 + (text->ptr[i] - '0');
  }
  *text = ncl_aws_after(*text, count);
  return true;
}

/* A letter may be a small one. */
static bool sign(ncl_str *text, char c) {
  if (text->len == 0) return false;
  bool is_small = c >= 'A' && c <= 'Z' && text->ptr[0] == c - 'A' + 'a';
  if (text->ptr[0] != c && !is_small) return false;
  *text = ncl_aws_after(*text, 1);
  return true;
}

static bool put_together(int64_t year, int64_t month, int64_t day, int64_t of_day, int64_t *seconds) {
  static const int64_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1]) return false;
  *seconds = days_to(year, month, day) * DAY_S + of_day;
  return true;
}

/* "03:04:05"; a leap second counts as the one before. */
static bool clock_time(ncl_str *text, int64_t *of_day) {
  int64_t hour, minute, second;
  if (!digits(text, 2, &hour) || !sign(text, ':') || !digits(text, 2, &minute) || !sign(text, ':') ||
      !digits(text, 2, &second))
    return false;
  *of_day = hour * 3600 + minute * 60 + (second < 60 ? second : 59);
  return hour < 24 && minute < 60 && second <= 60;
}

static bool fraction(ncl_str *text, int64_t *ns) {
  int64_t digit, unit = SECOND_NS / 10;
  *ns = 0;
  if (!sign(text, '.')) return true;
  if (!digits(text, 1, &digit)) return false;
  do {
    *ns += digit * unit;
    unit /= 10;
  } while (digits(text, 1, &digit));
  return true;
}

static bool zone(ncl_str *text, int64_t *offset) {
  int64_t hours, minutes;
  *offset = 0;
  if (sign(text, 'Z')) return true;
  bool is_west = text->len > 0 && text->ptr[0] == '-';
  if (!is_west && (text->len == 0 || text->ptr[0] != '+')) return false;
  *text = ncl_aws_after(*text, 1);
  if (!digits(text, 2, &hours) || !sign(text, ':') || !digits(text, 2, &minutes)) return false;
  *offset = (hours * 60 + minutes) * (is_west ? -60 : 60);
  return hours < 24 && minutes < 60;
}

bool ncl_aws_date_read(ncl_str text, int64_t *wall_ns) {
  int64_t year, month, day, of_day, ns, offset, seconds;
  if (!digits(&text, 4, &year) || !sign(&text, '-') || !digits(&text, 2, &month) || !sign(&text, '-') ||
      !digits(&text, 2, &day) || !sign(&text, 'T') || !clock_time(&text, &of_day) || !fraction(&text, &ns) ||
      !zone(&text, &offset) || text.len > 0)
    return false;
  if (!put_together(year, month, day, of_day, &seconds)) return false;
  /* Beyond the year 2262 nanoseconds do not fit: as good as never. */
  seconds -= offset;
  *wall_ns = seconds < INT64_MAX / SECOND_NS - 1 ? seconds * SECOND_NS + ns : INT64_MAX;
  return seconds >= 0;
}

bool ncl_aws_date_read_http(ncl_str text, int64_t *wall_ns) {
  static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int64_t year, month = 0, day, of_day, seconds;
  if (text.len != 29 || text.ptr[3] != ',' || text.ptr[4] != ' ') return false;
  text = ncl_aws_after(text, 5);
  if (!digits(&text, 2, &day) || !sign(&text, ' ')) return false;
  for (int64_t i = 0; i < 12; i++) {
    if (memcmp(text.ptr, names + 3 * i, 3) == 0) month = i + 1;
  }
  text = ncl_aws_after(text, 3);
  if (text.ptr[0] != ' ') return false;
  text = ncl_aws_after(text, 1);
  if (!digits(&text, 4, &year) || text.ptr[0] != ' ') return false;
  text = ncl_aws_after(text, 1);
  if (!clock_time(&text, &of_day) || !ncl_aws_is(text, " GMT")) return false;
  if (!put_together(year, month, day, of_day, &seconds)) return false;
  *wall_ns = seconds < INT64_MAX / SECOND_NS ? seconds * SECOND_NS : INT64_MAX;
  return true;
}
