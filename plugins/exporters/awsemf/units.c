/* SPDX-License-Identifier: Apache-2.0 */
/* units.c: units of OpenTelemetry as those of CloudWatch. */
#include "units.h"

#include "hash.h"

static const ncl_str known[] = {
    NCL_STR("Seconds"),
    NCL_STR("Microseconds"),
    NCL_STR("Milliseconds"),
    NCL_STR("Bytes"),
    NCL_STR("Kilobytes"),
    NCL_STR("Megabytes"),
    NCL_STR("Gigabytes"),
    NCL_STR("Terabytes"),
    NCL_STR("Bits"),
    NCL_STR("Kilobits"),
    NCL_STR("Megabits"),
    NCL_STR("Gigabits"),
    NCL_STR("Terabits"),
    NCL_STR("Percent"),
    NCL_STR("Count"),
    NCL_STR("Bytes/Second"),
    NCL_STR("Kilobytes/Second"),
    NCL_STR("Megabytes/Second"),
    NCL_STR("Gigabytes/Second"),
    NCL_STR("Terabytes/Second"),
    NCL_STR("Bits/Second"),
    NCL_STR("Kilobits/Second"),
    NCL_STR("Megabits/Second"),
    NCL_STR("Gigabits/Second"),
    NCL_STR("Terabits/Second"),
    NCL_STR("Count/Second"),
    NCL_STR("None"),
};

typedef struct word {
  ncl_str from, to;
} word;

/* What ADOT maps. */
static const word old[] = {
    {NCL_STR("1"), NCL_STR("")},        {NCL_STR("ns"), NCL_STR("")},      {NCL_STR("ms"), NCL_STR("Milliseconds")},
    {NCL_STR("s"), NCL_STR("Seconds")}, {NCL_STR("By"), NCL_STR("Bytes")}, {NCL_STR("us"), NCL_STR("Microseconds")},
    {NCL_STR("bit"), NCL_STR("Bits")},
};

/* And what else CloudWatch has a word for. */
static const word further[] = {
    {NCL_STR("%"), NCL_STR("Percent")},
    {NCL_STR("kBy"), NCL_STR("Kilobytes")},
    {NCL_STR("MBy"), NCL_STR("Megabytes")},
    {NCL_STR("GBy"), NCL_STR("Gigabytes")},
    {NCL_STR("TBy"), NCL_STR("Terabytes")},
    {NCL_STR("kbit"), NCL_STR("Kilobits")},
    {NCL_STR("Mbit"), NCL_STR("Megabits")},
    {NCL_STR("Gbit"), NCL_STR("Gigabits")},
    {NCL_STR("Tbit"), NCL_STR("Terabits")},
    {NCL_STR("By/s"), NCL_STR("Bytes/Second")},
    {NCL_STR("kBy/s"), NCL_STR("Kilobytes/Second")},
    {NCL_STR("MBy/s"), NCL_STR("Megabytes/Second")},
    {NCL_STR("GBy/s"), NCL_STR("Gigabytes/Second")},
    {NCL_STR("TBy/s"), NCL_STR("Terabytes/Second")},
    {NCL_STR("bit/s"), NCL_STR("Bits/Second")},
    {NCL_STR("kbit/s"), NCL_STR("Kilobits/Second")},
    {NCL_STR("Mbit/s"), NCL_STR("Megabits/Second")},
    {NCL_STR("Gbit/s"), NCL_STR("Gigabits/Second")},
    {NCL_STR("Tbit/s"), NCL_STR("Terabits/Second")},
};

static const ncl_str *find(const word *words, size_t count, ncl_str unit) {
  for (size_t i = 0; i < count; i++) {
    if (ncl_emf_same(words[i].from, unit)) return &words[i].to;
  }
  return NULL;
}

bool ncl_emf_unit_is_known(ncl_str unit) {
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (ncl_emf_same(known[i], unit)) return true;
  }
  return false;
}

/* An annotation counts things: {request}, {request}/s. */
static ncl_str annotation(ncl_str unit) {
  const char *end = unit.len > 0 && unit.ptr[0] == '{' ? memchr(unit.ptr, '}', unit.len) : NULL;
  if (end == NULL) return (ncl_str)NCL_STR("None");
  size_t rest = unit.len - (size_t)(end + 1 - unit.ptr);
  if (rest == 0) return (ncl_str)NCL_STR("Count");
  if (rest == 2 && end[1] == '/' && end[2] == 's') return (ncl_str)NCL_STR("Count/Second");
  return (ncl_str)NCL_STR("None");
}

ncl_str ncl_emf_unit(ncl_str unit, bool compat) {
  const ncl_str *to = find(old, sizeof old / sizeof old[0], unit);
  if (to == NULL && !compat) to = find(further, sizeof further / sizeof further[0], unit);
  if (to != NULL && (compat || to->len > 0)) return *to;
  if (to != NULL) return (ncl_str)NCL_STR("None");
  if (compat) return unit.ptr != NULL ? unit : ncl_str_of("", 0);
  return ncl_emf_unit_is_known(unit) ? unit : annotation(unit);
}
