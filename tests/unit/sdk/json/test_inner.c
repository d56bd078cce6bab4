/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/json/test_inner.c: JSON as the text of a JSON string, read back through both levels. */

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <nacelle/json_doc.h>
#include <nacelle/json_write.h>

static void assert_json(ncl_writer *writer, const char *expected) {
  assert_int_equal(writer->status, NCL_OK);
  ncl_write_raw(writer, "", 1);
  assert_string_equal((const char *)writer->base, expected);
  ncl_writer_reset(writer);
}

static ncl_str text_of(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* What the document that is the string in `writer` says, as a document of its own. */
static void read_inner(ncl_writer *writer, ncl_json_doc *outer, ncl_json_doc *inner) {
  assert_int_equal(writer->status, NCL_OK);
  if (ncl_json_doc_open(outer, ncl_writer_range(writer)) != NCL_OK) fail_msg("%s", outer->message);
  ncl_str text = ncl_json_text(ncl_json_root(outer));
  if (ncl_json_doc_open(inner, (ncl_range){(const uint8_t *)text.ptr, text.len}) != NCL_OK) {
    fail_msg("%s in %.*s", inner->message, (int)text.len, text.ptr);
  }
}

static void any_text_comes_back(void **state) {
  (void)state;
  for (uint32_t c = 0; c < 0x80; c++) {
    for (size_t lead = 0; lead < 18; lead++) {
      char text[20] = "aaaaaaaaaaaaaaaaaa";
      ncl_writer w;
      ncl_json_doc outer, inner;
      text[lead] = (char)c;
      ncl_writer_heap(&w, 4096);
      ncl_json_literal(&w, "\"[");
      ncl_json_inner_text(&w, ncl_str_of(text, lead + 2));
      ncl_json_literal(&w, "]\"");
      read_inner(&w, &outer, &inner);
      ncl_str back = ncl_json_text(ncl_json_first(&inner, ncl_json_root(&inner)));
      assert_int_equal(back.len, lead + 2);
      assert_memory_equal(back.ptr, text, back.len);
      ncl_json_doc_close(&inner);
      ncl_json_doc_close(&outer);
      ncl_writer_close(&w);
    }
  }
}

static void members(void **state) {
  ncl_writer w;
  (void)state;
  ncl_writer_heap(&w, 4096);
  ncl_json_open(&w);
  ncl_json_inner_key(&w, "a");
  ncl_json_put_int(&w, -1);
  ncl_json_inner_member(&w, "none", text_of(""));
  ncl_json_inner_member(&w, "b", text_of("x\"\xc3\xa9\t"));
  ncl_json_inner_name(&w, text_of("c."), text_of("\\"));
  ncl_json_inner_double(&w, 0.5);
  ncl_json_close(&w);
  assert_json(&w, "{\\\"a\\\":-1,\\\"b\\\":\\\"x\\\\\\\"\xc3\xa9\\\\t\\\",\\\"c.\\\\\\\\\\\":0.5}");
  ncl_writer_close(&w);
}

static void what_is_no_number_is_a_text(void **state) {
  ncl_writer w;
  (void)state;
  ncl_writer_heap(&w, 4096);
  ncl_json_literal(&w, "[");
  ncl_json_inner_double(&w, (double)NAN);
  ncl_json_comma(&w);
  ncl_json_inner_double(&w, (double)INFINITY);
  ncl_json_comma(&w);
  ncl_json_inner_double(&w, (double)-INFINITY);
  ncl_json_literal(&w, "]");
  assert_json(&w, "[\\\"NaN\\\",\\\"Infinity\\\",\\\"-Infinity\\\"]");
  ncl_writer_close(&w);
}

/* Between levels: what is well-formed by itself is so within a string, and comes out of it as it was. */
static void down_and_up(void **state) {
  static const char json[] = "{\"a\": [1,\"\\\"\\u00e9\\n\\\\\"],\n\t\"b\":null}";
  static const char flat[] = "{\"a\": [1,\"\\\"\\u00e9\\n\\\\\"],  \"b\":null}";
  ncl_writer w, back;
  (void)state;
  ncl_writer_heap(&w, 4096);
  ncl_writer_heap(&back, 4096);
  ncl_json_inner_raw(&w, text_of(json));
  assert_int_equal(ncl_json_inner_len(ncl_writer_range(&w)), strlen(flat));
  ncl_json_inner_plain(&back, ncl_writer_range(&w));
  assert_json(&back, flat);
  ncl_json_inner_plain(&back, (ncl_range){(const uint8_t *)"a\\", 2}); /* the end of an escape is missing */
  assert_json(&back, "a");
  ncl_writer_close(&w);
  ncl_writer_close(&back);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_text_comes_back),
      cmocka_unit_test(members),
      cmocka_unit_test(what_is_no_number_is_a_text),
      cmocka_unit_test(down_and_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
