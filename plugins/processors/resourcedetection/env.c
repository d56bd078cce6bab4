/* SPDX-License-Identifier: Apache-2.0 */
/* env.c: the detector env: OTEL_RESOURCE_ATTRIBUTES, "a=b,c=d", values percent-encoded (the specification of
 * OpenTelemetry, "Specifying resource information via an environment variable"). */
#include <stdlib.h>
#include <string.h>

#include <nacelle/config_fill.h>

#include "detection.h"
#include "env.h"

static ncl_str trim(ncl_str s) {
  while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
    s.ptr++;
    s.len--;
  }
  while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
    s.len--;
  return s;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* False: an escape that is none. */
static bool decode(ncl_str text, char *into, size_t *len) {
  *len = 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c == '%') {
      int high = i + 2 < text.len ? hex(text.ptr[i + 1]) : -1;
      int low = high >= 0 ? hex(text.ptr[i + 2]) : -1;
      if (low < 0) return false;
      c = (char)(high * 16 + low);
      i += 2;
    }
    into[(*len)++] = c;
  }
  return true;
}

/* Attributes are UTF-8. */
static bool is_utf8(const char *text, size_t len) {
  const uint8_t *at = (const uint8_t *)text, *end = at + len;
  while (at < end) {
    size_t more = *at < 0x80 ? 0 : *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;
    if (more > 0 && (*at < 0xc2 || *at > 0xf4 || (size_t)(end - at) <= more)) return false;
    if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f)) return false;
    if ((*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f)) return false;
    for (size_t i = 1; i <= more; i++) {
      if ((at[i] & 0xc0u) != 0x80u) return false;
    }
    at += more + 1;
  }
  return true;
}

static bool take_part(ncl_found *found, const ncl_value *allowed, ncl_str part) {
  const char *equals = part.len > 0 ? memchr(part.ptr, '=', part.len) : NULL;
  if (equals == NULL) return false;
  size_t at = (size_t)(equals - part.ptr), len;
  ncl_str key = trim(ncl_str_of(part.ptr, at)), value = trim(ncl_str_of(equals + 1, part.len - at - 1));
  char *decoded = malloc(value.len + 1);
  if (decoded == NULL) {
    found->has_failed = true;
    return true;
  }
  bool ok = key.len > 0 && decode(value, decoded, &len) && is_utf8(decoded, len) && is_utf8(key.ptr, key.len);
  bool is_allowed = ncl_config_count(allowed) == 0 || ncl_config_list_has(allowed, key);
  if (ok && is_allowed) ncl_found_text(found, key, ncl_str_of(decoded, len));
  free(decoded);
  return ok;
}

void ncl_env_read(ncl_str text, const ncl_value *allowed, ncl_found *found, void (*bad)(void *arg, ncl_str part),
                  void *arg) {
  text = trim(text);
  while (text.len > 0) {
    const char *comma = memchr(text.ptr, ',', text.len);
    size_t len = comma != NULL ? (size_t)(comma - text.ptr) : text.len;
    ncl_str part = ncl_str_of(text.ptr, len);
    if (!take_part(found, allowed, part)) bad(arg, part);
    size_t skipped = comma != NULL ? len + 1 : len;
    text = ncl_str_of(text.ptr + skipped, text.len - skipped);
  }
}

/* Values stay out of the log: they may be secrets, or parts of some. */
static void warn_of(void *arg, ncl_str part) {
  const char *equals = part.len > 0 ? memchr(part.ptr, '=', part.len) : NULL;
  ncl_str key = equals != NULL ? trim(ncl_str_of(part.ptr, (size_t)(equals - part.ptr))) : ncl_str_of(NULL, 0);
  ncl_detector_warn(arg, "resource.bad_attribute",
                    "A part of OTEL_RESOURCE_ATTRIBUTES is no key=value with a percent-encoded value; it is left out.",
                    "attribute", key.len > 0 ? key : ncl_found_str("(no key)"));
}

static void begin_env(ncl_detector *detector) {
  const ncl_value *allowed = ncl_value_get(detector->config, ncl_found_str("allowlist"));
  ncl_str text = ncl_detector_env_text(detector, "OTEL_RESOURCE_ATTRIBUTES");
  if (text.len == 0) text = ncl_detector_env_text(detector, "OTEL_RESOURCE");
  ncl_env_read(text, allowed, &detector->next, warn_of, detector);
  ncl_detector_succeed(detector);
}

static void cancel_env(ncl_detector *detector) {
  (void)detector;
}

const ncl_detector_type ncl_detector_env = {"env", begin_env, cancel_env};
