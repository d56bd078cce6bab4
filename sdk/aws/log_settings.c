/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_settings.c: what can be wrong with the keys for log groups that are created. */
#include <nacelle/config_fill.h>
#include <nacelle/log_events.h>
#include <stdbool.h>
#include <string.h>

/* Limits of CreateLogGroup (API reference of CloudWatch Logs). */
#define TAGS_MAX 50u
#define TAG_KEY_MAX 128u
#define TAG_VALUE_MAX 256u

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static ncl_status refuse(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, str(message), str(hint));
  return NCL_PERMANENT;
}

/* ---- retention --------------------------------------------------------------------------------------- */

static ncl_status check_retention(const ncl_create *create, int64_t days) {
  static const int16_t allowed[] = {0,   1,   3,   5,   7,    14,   30,   60,   90,   120,  150, 180,
                                    365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
  for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
    if (allowed[i] == days) return NCL_OK;
  }
  return refuse(create, ncl_value_get(create->config, str("log_retention")),
                "CloudWatch Logs has no retention of so many days",
                "write 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, "
                "3288, 3653, or 0 for ever");
}

/* ---- tags -------------------------------------------------------------------------------------------- */

/* Letters, digits, white space and _.:/=+-@; of other alphabets AWS knows which are letters. */
static bool is_tag_text(ncl_str s, size_t max) {
  size_t characters = 0;
  for (size_t i = 0; i < s.len; i++) {
    uint8_t c = (uint8_t)s.ptr[i];
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
    if (!is_letter && (c == '\0' || strchr(" _.:/=+-@", c) == NULL)) return false;
    characters += (c & 0xc0u) != 0x80u;
  }
  return characters > 0 && characters <= max;
}

static ncl_status check_tags(const ncl_create *create, const ncl_value *tags) {
  const ncl_value *tag;
  if (tags == NULL || tags->is_set == 0) return NCL_OK;
  if (ncl_config_count(tags) > TAGS_MAX) return refuse(create, tags, "a log group has 50 tags at most", "");
  ncl_status status = NCL_OK;
  for (uint32_t i = 0; (tag = ncl_config_at(tags, i)) != NULL; i++) {
    if (is_tag_text(tag->key, TAG_KEY_MAX) && is_tag_text(tag->s, TAG_VALUE_MAX)) continue;
    status = refuse(create, tag, "this cannot be a tag",
                    "keys have 1 to 128 and values 1 to 256 letters, digits, spaces and _.:/=+-@");
  }
  return status;
}

ncl_status ncl_log_settings_check(const ncl_create *create, int64_t retention_days, const ncl_value *tags) {
  ncl_status status = check_retention(create, retention_days);
  return check_tags(create, tags) != NCL_OK ? NCL_PERMANENT : status;
}
