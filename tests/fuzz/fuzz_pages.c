/* SPDX-License-Identifier: Apache-2.0 */
/* What the SDK makes of bytes from outside on their way to a page: queries, and text as HTML and as JSON. */
#include <nacelle/http_pages.h>
#include <nacelle/text.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
  if (!good) abort();
}

static void try_query(ncl_str query) {
  static const char *const names[] = {"refresh", "verbose", "pipeline", ""};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char *room = malloc(16);
    ncl_str value = {NULL, 0};
    if (ncl_pages_query(query, ncl_str_of(names[i], strlen(names[i])), room, 16, &value)) {
      check(value.ptr == room && value.len <= 16);
    }
    free(room);
  }
}

/* No character that could end a text or an attribute, and no control character. */
static void try_html(ncl_str text) {
  ncl_text out;
  ncl_text_open(&out, (size_t)1 << 20);
  ncl_text_html(&out, text);
  for (size_t i = 0; i < out.len; i++) {
    unsigned char c = (unsigned char)out.ptr[i];
    check(strchr("<>\"'", c) == NULL || c == 0);
    check(c >= 0x20 || c == '\n' || c == '\t');
  }
  ncl_text_close(&out);
}

static void try_json(ncl_str text) {
  ncl_text out;
  ncl_text_open(&out, (size_t)1 << 20);
  ncl_text_json(&out, text);
  check(out.failed || (out.len >= 2 && out.ptr[0] == '"' && out.ptr[out.len - 1] == '"'));
  for (size_t i = 1; !out.failed && i + 1 < out.len; i++) {
    check((unsigned char)out.ptr[i] >= 0x20);
    if (out.ptr[i] == '\\') i++;
    check(i + 1 < out.len); /* the quote at the end is not escaped */
    check(out.ptr[i] != '"' || out.ptr[i - 1] == '\\');
  }
  ncl_text_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *copy = malloc(size + 1); /* of its own size, so that reading beyond it is seen */
  if (copy == NULL) return 0;
  if (size > 0) memcpy(copy, data, size);
  ncl_str text = {copy, size};
  try_query(text);
  try_html(text);
  try_json(text);
  (void)ncl_pages_is_local(text);
  free(copy);
  return 0;
}
