/* SPDX-License-Identifier: Apache-2.0 */
/* Texts out of small XML answers, and what is no XML. */
#include "aws_test.h"

#include "plugins/services/aws/xml.h"

static ncl_status get(const char *xml, const char *path, char *into, size_t size) {
  size_t len;
  ncl_str text = exact(xml);
  ncl_status status = ncl_aws_xml_get(text, path, into, size, &len);
  if (status == NCL_OK) assert_int_equal(len, strlen(into));
  exact_free(text);
  return status;
}

static const char answer[] =
    "<?xml version=\"1.0\"?>\n<!-- <x> --><AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
    "  <AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>\n"
    "    <Credentials><AccessKeyId>ASIA</AccessKeyId><Token "
    "a='>'>a&amp;b&lt;&#x20AC;&#65;</Token><Empty/></Credentials>\n"
    "  </AssumeRoleResult></AssumeRoleResponse>\n";

static void finds_texts_by_their_path(void **state) {
  (void)state;
  char into[64];
  assert_int_equal(get(answer, "AssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId", into, 64), NCL_OK);
  assert_string_equal(into, "ASIA");
  assert_int_equal(get(answer, "*/*/Credentials/Token", into, 64), NCL_OK);
  assert_string_equal(into,
                      "a&b<\xe2\x82\xac"
                      "A");
  assert_int_equal(get(answer, "*/*/Credentials/Empty", into, 64), NCL_OK);
  assert_string_equal(into, "");
  assert_int_equal(get(answer, "*/*/Credentials/Other", into, 64), NCL_UNSUPPORTED);
  assert_int_equal(get(answer, "Credentials/AccessKeyId", into, 64), NCL_UNSUPPORTED);
  assert_int_equal(get("<a><b>x</b><b>y</b></a>", "a/b", into, 64), NCL_OK);
  assert_string_equal(into, "x");
  assert_int_equal(get("<a><![CDATA[<b>&amp;]]></a>", "a", into, 64), NCL_OK);
  assert_string_equal(into, "<b>&amp;");
  assert_int_equal(get("<a>x<b>y</b>z</a>", "a", into, 64), NCL_OK);
  assert_string_equal(into, "xz");
}

static void refuses_what_does_not_fit(void **state) {
  (void)state;
  char into[5];
  assert_int_equal(get("<a>1234</a>", "a", into, sizeof into), NCL_OK);
  assert_int_equal(get("<a>12345</a>", "a", into, sizeof into), NCL_PERMANENT);
  assert_int_equal(get("<a>123&amp;4</a>", "a", into, sizeof into), NCL_PERMANENT);
}

static void refuses_what_is_not_well_formed(void **state) {
  (void)state;
  static const char *const texts[] = {"<a>",
                                      "<a></b>",
                                      "<a><b></a></b>",
                                      "</a>",
                                      "<a>&x;</a>",
                                      "<a>&#0;</a>",
                                      "<a>&amp</a>",
                                      "<a",
                                      "<!-- ",
                                      "<![CDATA[",
                                      "<a b='></a>",
                                      "<>x</>",
                                      "<a<b></a>",
                                      "<a>&#xd800;</a>",
                                      "<a>&#x110000;</a>",
                                      "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
                                      "<a>&#99999999;</a>",
                                      "<a>&#x;</a>",
                                      "<?xml"};
  for (size_t i = 0; i < ROWS(texts); i++) {
    char into[64];
    if (get(texts[i], "a", into, sizeof into) != NCL_PERMANENT) fail_msg("%s is taken", texts[i]);
  }
  char deep[17 * 3 + 1] = "", into[8];
  for (size_t i = 0; i < 17; i++)
    memcpy(deep + 3 * i, "<a>", 4);
  assert_int_equal(get(deep, "a/b", into, sizeof into), NCL_PERMANENT);
}

static void nothing_is_there_in_no_text(void **state) {
  (void)state;
  char into[8];
  assert_int_equal(get("", "a", into, sizeof into), NCL_UNSUPPORTED);
  assert_int_equal(get("no markup", "a", into, sizeof into), NCL_UNSUPPORTED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_texts_by_their_path),
      cmocka_unit_test(refuses_what_does_not_fit),
      cmocka_unit_test(refuses_what_is_not_well_formed),
      cmocka_unit_test(nothing_is_there_in_no_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
