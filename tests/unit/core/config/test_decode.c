/* SPDX-License-Identifier: Apache-2.0 */
/* Sections decoded by their tables: values, defaults, and what is said about values that do not fit. */
#include "unit/core/config/decode_support.h"

static const char *const environment[] = {"NUM",   "5",    "TXT",  "abc",       "LIST",  "[1, 2]",    "CSV",  "x,y",
                                          "EMPTY", "",     "OCT",  "0123",      "T",     "10s",       "BARE", "10",
                                          "TRUE",  "true", "HOST", "localhost", "QUEUE", "{size: 3}", NULL};

static void decodes_what_fits(void **state) {
  static const struct {
    const char *text;
    bool only_set; /* shows only what the user wrote */
    const char *values;
  } cases[] = {
      {"{}", false,
       "{text: \"dflt\", on: true, number: 7, ratio: 0.5., timeout: 5000000000, limit: 1048576, compression: 0=gzip, "
       "names: [\"a\", \"b\"], numbers: [], rules: [], labels: {}, headers: {}, token: \"\", secrets: {}, pin: 0, "
       "protocols: {grpc: "
       "off}, queue: {enabled: true, size: 1000, storage: \"\"}, auth: \"\", target: \"\", anything: null, legacy: "
       "\"\"}"},
      {"queue: {size: 5}", false,
       "{text: \"dflt\", on: true, number: 7, ratio: 0.5., timeout: 5000000000, limit: 1048576, compression: 0=gzip, "
       "names: [\"a\", \"b\"], numbers: [], rules: [], labels: {}, headers: {}, token: \"\", secrets: {}, pin: 0, "
       "protocols: {grpc: "
       "off}, queue: {enabled: true, size: 5, storage: \"\"}, auth: \"\", target: \"\", anything: null, legacy: \"\"}"},
      {"text: x", true, "{text: \"x\"}"},
      {"text: null", true, "{text: \"\"}"},
      {"text: \"\"", true, "{text: \"\"}"},
      {"text: \"5\"", true, "{text: \"5\"}"},
      {"number: 10", true, "{number: 10}"},
      {"number: 0x1F", true, "{number: 31}"},
      {"number: 1e2", true, "{number: 100}"},
      {"number: 50.0", true, "{number: 50}"},
      {"number: null", true, "{}"},
      {"ratio: 1", true, "{ratio: 1.}"},
      {"ratio: .25", true, "{ratio: 0.25.}"},
      {"timeout: 200ms", true, "{timeout: 200000000}"},
      {"timeout: 1m30.5s", true, "{timeout: 90500000000}"},
      {"timeout: 0", true, "{timeout: 0}"},
      {"timeout: \"0\"", true, "{timeout: 0}"},
      {"timeout: null", true, "{}"},
      {"limit: 64KiB", true, "{limit: 65536}"},
      {"limit: 100", true, "{limit: 100}"},
      {"limit: 1.5MiB", true, "{limit: 1572864}"},
      {"limit: 1e3", true, "{limit: 1000}"},
      {"on: false", true, "{on: false}"},
      {"on: TRUE", true, "{on: true}"},
      {"compression: zstd", true, "{compression: 1=zstd}"},
      {"compression: \"1.2\"", true, "{compression: 3=1.2}"},
      {"compression: null", true, "{}"},
      {"names: x", true, "{names: [\"x\"]}"},
      {"names: 1,2", true, "{names: [\"1\", \"2\"]}"},
      {"names: \"x, y\"", true, "{names: [\"x\", \"y\"]}"},
      {"names: \"\"", true, "{names: []}"},
      {"names: [x, y]", true, "{names: [\"x\", \"y\"]}"},
      {"names: [~, x]", true, "{names: [\"\", \"x\"]}"},
      {"names: []", true, "{names: []}"},
      {"names:", true, "{}"},
      {"numbers: [1, 2]", true, "{numbers: [1, 2]}"},
      {"rules: [{key: a}, {key: b, keep: false}]", true, "{rules: [{key: \"a\"}, {key: \"b\", keep: false}]}"},
      {"rules: []", true, "{rules: []}"},
      {"labels: {a: x, b: ~}", true, "{labels: {a: \"x\", b: \"\"}}"},
      {"labels: {}", true, "{labels: {}}"},
      {"labels: [{name: a, value: x}, {value: \"y\", name: b}]", true, "{labels: {a: \"x\", b: \"y\"}}"},
      {"headers: {authorization: Bearer x}", true, "{headers: {authorization: \"Bearer x\"}}"},
      {"token: x", true, "{token: \"x\"}"},
      {"protocols:", true, "{protocols: {}}"},
      {"protocols: {grpc: }", true, "{protocols: {grpc: {}}}"},
      {"protocols: {grpc: {}}", true, "{protocols: {grpc: {}}}"},
      {"protocols: {grpc: {endpoint: \"0.0.0.0:4317\", max_streams: 5}}", true,
       "{protocols: {grpc: {endpoint: \"0.0.0.0:4317\", max_streams: 5}}}"},
      {"protocols: {grpc: {enabled: false}}", true, "{protocols: {grpc: off}}"},
      {"protocols: {grpc: {tls: {cert_file: a}}}", true, "{protocols: {grpc: {tls: {cert_file: \"a\"}}}}"},
      {"protocols: {grpc: {tls: {enabled: true, cert_file: a}}}", true,
       "{protocols: {grpc: {tls: {cert_file: \"a\"}}}}"},
      {"protocols: {grpc: {tls: {enabled: false}}}", true, "{protocols: {grpc: {tls: off}}}"},
      {"protocols: {grpc: {endpoint: \"[::1]:4317\"}}", true, "{protocols: {grpc: {endpoint: \"[::1]:4317\"}}}"},
      {"protocols: {grpc: {endpoint: \":4317\"}}", true, "{protocols: {grpc: {endpoint: \":4317\"}}}"},
      {"protocols: {grpc: {endpoint: \"unix:///run/x.sock\"}}", true,
       "{protocols: {grpc: {endpoint: \"unix:///run/x.sock\"}}}"},
      {"target: \"\"", true, "{target: \"\"}"},
      {"target: example.com:0", true, "{target: \"example.com:0\"}"},
      {"queue: {enabled: false}", true, "{queue: off}"},
      {"queue: {enabled: false, size: 5}", true, "{queue: off}"},
      {"queue: {storage: file_storage/a}", true, "{queue: {storage: \"file_storage/a\"}}"},
      {"queue:", true, "{queue: {}}"},
      {"auth: headers_setter", true, "{auth: \"headers_setter\"}"},
      {"auth: \"\"", true, "{auth: \"\"}"},
      {"anything: {a: [1, x, ~, 1.5, true]}", true, "{anything: {a: [1, \"x\", 1.5., true]}}"},
      {"anything: 0x10", true, "{anything: 16}"},
      {"anything: \"5\"", true, "{anything: \"5\"}"},
      {"anything:", true, "{}"},
      {"number: ~", true, "{}"},
      {"number: ${NUM}", true, "{number: 5}"},
      {"text: ${NUM}", true, "{text: \"5\"}"},
      {"text: ${OCT}", true, "{text: \"0123\"}"},
      {"number: ${OCT}", true, "{number: 83}"},
      {"names: ${CSV}", true, "{names: [\"x\", \"y\"]}"},
      {"names: ${NUM}", true, "{names: [\"5\"]}"},
      {"numbers: ${LIST}", true, "{numbers: [1, 2]}"},
      {"text: ${LIST}", true, "{text: \"[1, 2]\"}"},
      {"timeout: ${T}", true, "{timeout: 10000000000}"},
      {"on: ${TRUE}", true, "{on: true}"},
      {"number: ${EMPTY}", true, "{}"},
      {"text: ${EMPTY}", true, "{text: \"\"}"},
      {"target: ${HOST}:80", true, "{target: \"localhost:80\"}"},
      {"limit: ${NUM}KiB", true, "{limit: 5120}"},
      {"queue: ${QUEUE}", true, "{queue: {size: 3}}"},
      {"anything: ${LIST}", true, "{anything: [1, 2]}"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    support_decoded d = support_decode(cases[i].text, &support_table, environment);
    char *lines = support_lines(d.diagnostics), *values;
    SUPPORT_EXPECT(lines, "", cases[i].text);
    assert_non_null(d.decoded);
    assert_int_equal(ncl_decoded_errors(d.decoded), 0);
    values = support_value_text(ncl_decoded_root(d.decoded, 0), cases[i].only_set);
    SUPPORT_EXPECT(values, cases[i].values, cases[i].text);
    free(values);
    free(lines);
    support_decode_end(&d);
  }
}

static void says_what_does_not_fit(void **state) {
  static const struct {
    const char *text, *lines;
  } cases[] = {
      {"number: \"10\"",
       "yaml:1:9: error: exporters.x.number: must be a whole number, but \"10\" is text; remove the quotes\n"},
      {"number: 5GB",
       "yaml:1:9: error: exporters.x.number: must be a whole number, but \"5GB\" is text; write the number "
       "alone: 5000000000\n"},
      {"number: abc", "yaml:1:9: error: exporters.x.number: must be a whole number, but \"abc\" is text\n"},
      {"number: \"\"", "yaml:1:9: error: exporters.x.number: must be a whole number, but it is empty\n"},
      {"number: 1.5", "yaml:1:9: error: exporters.x.number: must be a whole number, but 1.5 has a fraction\n"},
      {"number: 101", "yaml:1:9: error: exporters.x.number: 101 is more than 100, the most that is allowed\n"},
      {"number: 0", "yaml:1:9: error: exporters.x.number: 0 is less than 1, the least that is allowed\n"},
      {"number: true", "yaml:1:9: error: exporters.x.number: must be a whole number, but true is a true/false value\n"},
      {"number: [1]",
       "yaml:1:9: error: exporters.x.number: must be a whole number, but this is a list; write one value, without \"- "
       "\" and brackets\n"},
      {"number: {a: 1}",
       "yaml:1:9: error: exporters.x.number: must be a whole number, but this is a map; write one value on the line "
       "of the key; the keys below it may be indented too far\n"},
      {"number: 99999999999999999999",
       "yaml:1:9: error: exporters.x.number: must be a whole number, but 99999999999999999999 is too large\n"},
      {"number: ${TXT}", "yaml:1:9: error: exporters.x.number: must be a whole number, but the value is text\n"},
      {"number: 1${NUM}",
       "yaml:1:9: error: exporters.x.number: must be a whole number, but \"15\" is text; a value put together from "
       "references is always text: use one ${...} alone\n"},
      {"number: ${LIST}",
       "yaml:1:9: error: exporters.x.number: must be a whole number, but this is a list; write one value, without \"- "
       "\" and brackets\n"},
      {"text: 5", "yaml:1:7: error: exporters.x.text: must be text, but 5 is a number; put it in quotes: \"5\"\n"},
      {"text: true",
       "yaml:1:7: error: exporters.x.text: must be text, but true is a true/false value; put it in quotes: "
       "\"true\"\n"},
      {"text: 1.5",
       "yaml:1:7: error: exporters.x.text: must be text, but 1.5 is a number; put it in quotes: \"1.5\"\n"},
      {"text: [a]",
       "yaml:1:7: error: exporters.x.text: must be text, but this is a list; write one value, without \"- \" and "
       "brackets\n"},
      {"text: {a: b}",
       "yaml:1:7: error: exporters.x.text: must be text, but this is a map; write one value on the line of the key; "
       "the keys below it may be indented too far\n"},
      {"on: yes", "yaml:1:5: error: exporters.x.on: must be true or false, but \"yes\" is text; write true\n"},
      {"on: \"true\"",
       "yaml:1:5: error: exporters.x.on: must be true or false, but \"true\" is text; remove the quotes\n"},
      {"on: 1", "yaml:1:5: error: exporters.x.on: must be true or false, but 1 is a number; write true\n"},
      {"on: off", "yaml:1:5: error: exporters.x.on: must be true or false, but \"off\" is text; write false\n"},
      {"on: maybe", "yaml:1:5: error: exporters.x.on: must be true or false, but \"maybe\" is text\n"},
      {"on: 7", "yaml:1:5: error: exporters.x.on: must be true or false, but 7 is a number\n"},
      {"ratio: 2", "yaml:1:8: error: exporters.x.ratio: 2 is more than 1, the most that is allowed\n"},
      {"ratio: -0.5", "yaml:1:8: error: exporters.x.ratio: -0.5 is less than 0, the least that is allowed\n"},
      {"ratio: \"0.5\"",
       "yaml:1:8: error: exporters.x.ratio: must be a number, but \"0.5\" is text; remove the quotes\n"},
      {"ratio: .nan", "yaml:1:8: error: exporters.x.ratio: must be a number, but .nan is not one\n"},
      {"ratio: .inf", "yaml:1:8: error: exporters.x.ratio: .inf is more than 1, the most that is allowed\n"},
      {"ratio: x", "yaml:1:8: error: exporters.x.ratio: must be a number, but \"x\" is text\n"},
      {"timeout: 5", "yaml:1:10: error: exporters.x.timeout: 5 has no unit; write 5s for seconds\n"},
      {"timeout: 1.5", "yaml:1:10: error: exporters.x.timeout: 1.5 has no unit; write 1.5s for seconds\n"},
      {"timeout: \"5\"", "yaml:1:10: error: exporters.x.timeout: \"5\" has no unit; write 5s for seconds\n"},
      {"timeout: ${BARE}", "yaml:1:10: error: exporters.x.timeout: 10 has no unit; write 10s for seconds\n"},
      {"timeout: 1d",
       "yaml:1:10: error: exporters.x.timeout: \"1d\" counts days, a unit that durations do not have: a day is 24h\n"},
      {"timeout: 5sec",
       "yaml:1:10: error: exporters.x.timeout: \"5sec\" has a unit that is not known: units are ns, us, ms, s, m and "
       "h\n"},
      {"timeout: 2h", "yaml:1:10: error: exporters.x.timeout: \"2h\" is more than 1h, the most that is allowed\n"},
      {"timeout: -5s", "yaml:1:10: error: exporters.x.timeout: \"-5s\" is less than 0s, the least that is allowed\n"},
      {"timeout: 5 s", "yaml:1:10: error: exporters.x.timeout: \"5 s\" is not a duration such as 200ms, 5s or 1h30m\n"},
      {"timeout: true",
       "yaml:1:10: error: exporters.x.timeout: must be a duration such as 5s or 200ms, but true is a true/false "
       "value\n"},
      {"timeout: \"\"",
       "yaml:1:10: error: exporters.x.timeout: must be a duration such as 5s or 200ms, but it is empty\n"},
      {"limit: 64K",
       "yaml:1:8: error: exporters.x.limit: \"64K\" has a unit that is not known: units are B, KiB, MiB, GiB, TiB and "
       "KB, MB, GB, TB\n"},
      {"limit: -1", "yaml:1:8: error: exporters.x.limit: -1 is negative\n"},
      {"limit: \"64\"",
       "yaml:1:8: error: exporters.x.limit: must be a size such as 64KiB, but \"64\" is text; remove the quotes\n"},
      {"limit: 1.5", "yaml:1:8: error: exporters.x.limit: must be a size such as 64KiB, but 1.5 is a number\n"},
      {"limit: \"\"", "yaml:1:8: error: exporters.x.limit: must be a size such as 64KiB, but it is empty\n"},
      {"limit: lots", "yaml:1:8: error: exporters.x.limit: \"lots\" is not a size such as 512, 64KiB or 1.5MiB\n"},
      {"compression: zip",
       "yaml:1:14: error: exporters.x.compression: \"zip\" is not one of: gzip, zstd, none, 1.2; did you mean "
       "\"gzip\"?\n"},
      {"compression: GZIP",
       "yaml:1:14: error: exporters.x.compression: \"GZIP\" is not one of: gzip, zstd, none, 1.2; did you mean "
       "\"gzip\"?\n"},
      {"compression: brotli",
       "yaml:1:14: error: exporters.x.compression: \"brotli\" is not one of: gzip, zstd, none, 1.2\n"},
      {"compression: 1.2",
       "yaml:1:14: error: exporters.x.compression: must be text, but 1.2 is a number; put it in quotes: \"1.2\"\n"},
      {"compression: \"\"", "yaml:1:14: error: exporters.x.compression: \"\" is not one of: gzip, zstd, none, 1.2\n"},
      {"names: 5",
       "yaml:1:8: error: exporters.x.names: must be a list, but this is a number; write [value], or each item on its "
       "own line behind \"- \"\n"},
      {"names: [1]",
       "yaml:1:9: error: exporters.x.names[0]: must be text, but 1 is a number; put it in quotes: \"1\"\n"},
      {"names: {a: b}",
       "yaml:1:8: error: exporters.x.names: must be a list, but this is a map; begin each item with \"- \"\n"},
      {"numbers: \"1,2\"",
       "yaml:1:10: error: exporters.x.numbers: must be a list, but this is text; write [value], or each item on its "
       "own line behind \"- \"\n"},
      {"numbers: [1, 20, \"3\"]",
       "yaml:1:14: error: exporters.x.numbers[1]: 20 is more than 9, the most that is allowed\n"
       "yaml:1:18: error: exporters.x.numbers[2]: must be a whole number, but \"3\" is text; remove the quotes\n"},
      {"rules: [{key: a}, {kee: b}]",
       "yaml:1:19: error: exporters.x.rules[1].key: is required and missing; add \"key: ...\"\n"
       "yaml:1:20: error: exporters.x.rules[1].kee: there is no such key; did you mean \"key\"?\n"},
      {"rules: {key: a}",
       "yaml:1:8: error: exporters.x.rules: must be a list, but this is a map; begin each item with \"- \"\n"},
      {"rules: a",
       "yaml:1:8: error: exporters.x.rules: must be a list, but this is text; write [value], or each item on its own "
       "line behind \"- \"\n"},
      {"rules: [a]",
       "yaml:1:9: error: exporters.x.rules[0]: must be a map of settings, but this is text; write \"key: value\" "
       "lines below the key, indented\n"},
      {"labels: [a]",
       "yaml:1:9: error: exporters.x.labels: must be a map, but this is a list; write \"key: value\" lines without "
       "\"- \"\n"},
      {"labels: [{name: a}]",
       "yaml:1:10: error: exporters.x.labels[0]: an item of this list must have a name and a value, and nothing else; "
       "write \"key: value\" lines without \"- \", or \"- name: key\" with \"value: ...\"\n"},
      {"labels: [{name: a, value: x}, {name: a, value: y}]",
       "yaml:1:31: error: exporters.x.labels[1]: the name is written twice, first on line 1; keep one of them\n"},
      {"headers: [{name: a, value: 1}]",
       "yaml:1:28: error: exporters.x.headers.a: must be text, but the value is a number; put it in quotes\n"},
      /* A line that is in the way may be anything. */
      {"compression: gzip\n    SECRET",
       "yaml:1:14: error: exporters.x.compression: the value is not one of: gzip, zstd, none, 1.2\n"},
      {"labels: x",
       "yaml:1:9: error: exporters.x.labels: must be a map, but this is text; write \"key: value\" lines below the "
       "key, indented\n"},
      {"labels: {a: 1, b: ~}",
       "yaml:1:13: error: exporters.x.labels.a: must be text, but 1 is a number; put it in quotes: \"1\"\n"},
      {"headers: {a: 5, b: [x]}",
       "yaml:1:14: error: exporters.x.headers.a: must be text, but the value is a number; put it in quotes\n"
       "yaml:1:20: error: exporters.x.headers.b: must be text, but this is a list; write one value, without \"- \" "
       "and brackets\n"},
      {"token: 5", "yaml:1:8: error: exporters.x.token: must be text, but the value is a number; put it in quotes\n"},
      {"token: [x]",
       "yaml:1:8: error: exporters.x.token: must be text, but this is a list; write one value, without \"- \" and "
       "brackets\n"},
      {"pin: 99999", "yaml:1:6: error: exporters.x.pin: the value is more than 9999, the most that is allowed\n"},
      {"pin: \"123\"",
       "yaml:1:6: error: exporters.x.pin: must be a whole number, but the value is text; remove the quotes\n"},
      {"pin: abcd", "yaml:1:6: error: exporters.x.pin: must be a whole number, but the value is text\n"},
      {"protocols: [grpc]",
       "yaml:1:12: error: exporters.x.protocols: must be a map of settings, but this is a list; write \"key: value\" "
       "lines without \"- \"\n"},
      {"protocols: grpc",
       "yaml:1:12: error: exporters.x.protocols: must be a map of settings, but this is text; write \"key: value\" "
       "lines below the key, indented\n"},
      {"protocols: {grcp: {}}",
       "yaml:1:13: error: exporters.x.protocols.grcp: there is no such key; did you mean \"grpc\"?\n"},
      {"endpoint: a:1",
       "yaml:1:1: error: exporters.x.endpoint: there is no such key; it belongs under \"protocols.grpc\", indented\n"},
      {"grpc: {}",
       "yaml:1:1: error: exporters.x.grpc: there is no such key; it belongs under \"protocols\", indented\n"},
      {"batcher: {}",
       "yaml:1:1: error: exporters.x.batcher: there is no such key; collectors v0.96 to v0.125 had it; it is \"batch\" "
       "under \"sending_queue\" now, and the processor batch does the same\n"},
      {"protocols: {grpc: {timeout: 5s}}",
       "yaml:1:20: error: exporters.x.protocols.grpc.timeout: there is no such key; it is a key of \"exporters.x\": "
       "indent it less\n"},
      {"protocols: {grpc: endpoint:localhost:4317}",
       "yaml:1:19: error: exporters.x.protocols.grpc: there is no space behind \"endpoint:\", so this is text; write "
       "\"key: value\" with a space behind the \":\"\n"},
      {"protocols: {grpc: {tls: }}",
       "yaml:1:20: error: exporters.x.protocols.grpc.tls.cert_file: is required and missing; add \"cert_file: "
       "...\"\n"},
      {"protocols: {grpc: {tls: {cert_file: }}}",
       "yaml:1:26: error: exporters.x.protocols.grpc.tls.cert_file: is required and missing; add \"cert_file: "
       "...\"\n"},
      {"protocols: {grpc: {tls: {enabled: maybe, cert_file: x}}}",
       "yaml:1:35: error: exporters.x.protocols.grpc.tls.enabled: must be true or false, but \"maybe\" is text\n"},
      {"protocols: {grpc: {tls: {enabled: [], cert_file: x}}}",
       "yaml:1:35: error: exporters.x.protocols.grpc.tls.enabled: must be true or false, but this is a list; write "
       "one value, without \"- \" and brackets\n"},
      {"protocols: {grpc: {endpoint: localhost}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"localhost\" is not an address: it has no port; write "
       "host:port, for example localhost:4317, or unix:///path\n"},
      {"protocols: {grpc: {endpoint: 4317}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: must be an address host:port, but 4317 is a number; "
       "write the host too, for example localhost:4317\n"},
      {"protocols: {grpc: {endpoint: \"::1:4317\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"::1:4317\" is not an address: its host holds a "
       "\":\"; write an IPv6 address in brackets: [::1]:4317\n"},
      {"protocols: {grpc: {endpoint: \"http://x:4317\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"http://x:4317\" is not an address: it begins like a "
       "URL; leave out what stands before the host\n"},
      {"protocols: {grpc: {endpoint: \"x:4317/v1\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"x:4317/v1\" is not an address: a path stands behind "
       "its port; write host:port, for example localhost:4317, or unix:///path\n"},
      {"protocols: {grpc: {endpoint: \"x:99999\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"x:99999\" is not an address: its port is more than "
       "65535; write host:port, for example localhost:4317, or unix:///path\n"},
      {"protocols: {grpc: {endpoint: \"x:65536\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"x:65536\" is not an address: its port is more than "
       "65535; write host:port, for example localhost:4317, or unix:///path\n"},
      {"protocols: {grpc: {endpoint: \"x:\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"x:\" is not an address: its port is empty; write "
       "host:port, for example localhost:4317, or unix:///path\n"},
      {"protocols: {grpc: {endpoint: \"x y:1\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"x y:1\" is not an address: its host holds a "
       "character that hosts do not have; write host:port, for example localhost:4317, or unix:///path\n"},
      {"protocols: {grpc: {endpoint: \"unix:/run/x\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"unix:/run/x\" is not an address: behind unix:// "
       "stands no absolute path; write host:port, for example localhost:4317, or unix:///path\n"},
      {"protocols: {grpc: {endpoint: \"\"}}",
       "yaml:1:30: error: exporters.x.protocols.grpc.endpoint: \"\" is not an address: it has no port; write "
       "host:port, for example localhost:4317, or unix:///path\n"},
      {"target: \"https://user:word@host\"",
       "yaml:1:9: error: exporters.x.target: \"https://***@host\" is not an address: it begins like a URL; leave out "
       "what stands before the host\n"},
      {"queue: {storage: \"a b\"}",
       "yaml:1:18: error: exporters.x.queue.storage: \"a b\" cannot be the id of a component: its type may hold "
       "letters, digits and \"_\" only; an id is \"type\" or \"type/name\"\n"},
      {"queue: {storage: 5}",
       "yaml:1:18: error: exporters.x.queue.storage: 5 cannot be the id of a component: it is not text; an id is "
       "\"type\" or \"type/name\"\n"},
      {"queue: false",
       "yaml:1:8: error: exporters.x.queue: must be a map of settings, but this is a true/false value; write "
       "\"enabled: false\" below the key, indented\n"},
      {"queue: {enabled: \"no\"}",
       "yaml:1:18: error: exporters.x.queue.enabled: must be true or false, but \"no\" is text; write false\n"},
      {"auth: 1x",
       "yaml:1:7: error: exporters.x.auth: \"1x\" cannot be the id of a component: its type does not begin with a "
       "letter; an id is \"type\" or \"type/name\"\n"},
      {"auth: a/",
       "yaml:1:7: error: exporters.x.auth: \"a/\" cannot be the id of a component: its name behind the \"/\" is "
       "empty; an id is \"type\" or \"type/name\"\n"},
      {"{old_text: x, text: y}",
       "yaml:1:2: error: exporters.x.old_text: is the old name of \"text\", and both are set; keep one of them\n"},
      {"timeut: 5s", "yaml:1:1: error: exporters.x.timeut: there is no such key; did you mean \"timeout\"?\n"},
      {"Number: 5", "yaml:1:1: error: exporters.x.Number: there is no such key; did you mean \"number\"?\n"},
      {"foo: x", "yaml:1:1: error: exporters.x.foo: there is no such key\n"},
      {"queue: {foo: x}",
       "yaml:1:9: error: exporters.x.queue.foo: there is no such key; the keys here are enabled, size, storage\n"},
      {"[a, b]",
       "yaml:1:1: error: a config is a map, and this is a list; a config begins with keys at the left margin: "
       "receivers:, exporters:, service:\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    support_decoded d = support_decode(cases[i].text, &support_table, environment);
    char *lines = support_lines(d.diagnostics);
    SUPPORT_EXPECT(lines, cases[i].lines, cases[i].text);
    if (d.decoded != NULL) assert_int_not_equal(ncl_decoded_errors(d.decoded), 0);
    free(lines);
    support_decode_end(&d);
  }
}

static void warns_of_keys_with_nothing_behind_them(void **state) {
  static const struct {
    const char *text, *lines;
  } cases[] = {
      {"number: ",
       "yaml:1:8: warning: exporters.x.number: nothing is written behind the key; remove the key for its default; if a "
       "${VARIABLE} stood there, a shell took it away: keep the text in single quotes\n"},
      {"headers: {a: }",
       "yaml:1:14: warning: exporters.x.headers.a: nothing is written behind the key; remove the key for its default; "
       "if a ${VARIABLE} stood there, a shell took it away: keep the text in single quotes\n"},
      {"labels: {a: }", ""}, /* the user's own key */
      {"{number: null, text: ~}", ""},
      {"text: ${EMPTY}", ""},
      {"{protocols: {grpc: }, names: , anything: }", ""},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    support_decoded d = support_decode(cases[i].text, &support_table, environment);
    char *lines = support_lines(d.diagnostics);
    SUPPORT_EXPECT(lines, cases[i].lines, cases[i].text);
    assert_int_equal(ncl_decoded_errors(d.decoded), 0);
    free(lines);
    support_decode_end(&d);
  }
}

static void reports_every_mistake_of_a_section(void **state) {
  support_decoded d = support_decode(
      "number: x\n"
      "timeout: 5\n"
      "labels:\n"
      "  a: 1\n"
      "  b: 2\n"
      "protocols:\n"
      "  grpc:\n"
      "    endpoint: localhost\n"
      "    tls: {}\n"
      "bogus: 1\n",
      &support_table, NULL);
  (void)state;
  assert_int_equal(ncl_diagnostics_errors(d.diagnostics), 7);
  assert_int_equal(ncl_decoded_errors(d.decoded), 7);
  support_decode_end(&d);
}

static void warns_of_deprecated_keys_and_old_names(void **state) {
  support_decoded d = support_decode("old_text: x\nlegacy: y\n", &support_table, NULL);
  char *lines = support_lines(d.diagnostics);
  (void)state;
  SUPPORT_EXPECT(lines,
                 "yaml:1:1: warning: exporters.x.old_text: this is the old name of \"text\"; write \"text\"\n"
                 "yaml:2:1: warning: exporters.x.legacy: is deprecated: it does nothing any more\n",
                 "warnings");
  assert_int_equal(ncl_decoded_errors(d.decoded), 0);
  free(lines);
  support_decode_end(&d);
}

static void counts_a_failed_reference_once(void **state) {
  support_decoded d = support_decode("number: ${1}\ntoken: ${foo:x}\n", &support_table, NULL);
  (void)state;
  assert_int_equal(ncl_diagnostics_errors(d.diagnostics), 2);
  assert_int_equal(ncl_decoded_errors(d.decoded), 2);
  support_decode_end(&d);
}

static void takes_an_absent_section_for_one_of_defaults(void **state) {
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_decoded *decoded =
      ncl_decode(NULL, NULL, NCL_MARK_NONE, &support_table, (ncl_str)NCL_STR("exporters.x"), diagnostics);
  const ncl_value *root = ncl_decoded_root(decoded, 0);
  (void)state;
  assert_int_equal(root->is_set, 0);
  assert_int_equal(root->children.count, support_table.count);
  assert_int_equal(ncl_value_get(root, (ncl_str)NCL_STR("timeout"))->i, INT64_C(5000000000));
  assert_null(ncl_decoded_root(decoded, 1));
  ncl_decoded_release(decoded);
  ncl_diagnostics_free(diagnostics);
}

static void keeps_every_field_in_the_order_of_the_table(void **state) {
  support_decoded d = support_decode("timeout: 1s\ntext: x\n", &support_table, NULL);
  const ncl_value *root = ncl_decoded_root(d.decoded, 0);
  uint32_t i;
  (void)state;
  for (i = 0; i < support_table.count; i++) {
    const ncl_value *child = ncl_array_at(&root->children, i);
    assert_true(ncl_str_eq(child->key, support_fields[i].name));
  }
  support_decode_end(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decodes_what_fits),
      cmocka_unit_test(says_what_does_not_fit),
      cmocka_unit_test(warns_of_keys_with_nothing_behind_them),
      cmocka_unit_test(reports_every_mistake_of_a_section),
      cmocka_unit_test(warns_of_deprecated_keys_and_old_names),
      cmocka_unit_test(counts_a_failed_reference_once),
      cmocka_unit_test(takes_an_absent_section_for_one_of_defaults),
      cmocka_unit_test(keeps_every_field_in_the_order_of_the_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
