/* SPDX-License-Identifier: Apache-2.0 */
/* The top level of a config: which components there are, how pipelines join them, and what is wrong with that. */
#include "core/config/service.h"

#include "unit/core/config/support.h"

typedef struct read_service {
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  const ncl_service_config *service;
} read_service;

static read_service read_text(const char *text) {
  read_service r = {ncl_diagnostics_new(NULL), NULL, NULL};
  const char *pairs[] = {"CONFIG", text, NULL}, *uris[] = {"env:CONFIG"};
  ncl_environment env = support_environment(pairs);
  r.config = ncl_config_load(uris, 1, &env, r.diagnostics);
  assert_non_null(r.config);
  r.service = ncl_service_read(r.config, r.diagnostics);
  assert_non_null(r.service);
  return r;
}

static void end(read_service *r) {
  ncl_config_free(r->config);
  ncl_diagnostics_free(r->diagnostics);
}

static void expect_str(ncl_str found, const char *expected) {
  char text[300];
  (void)snprintf(text, sizeof(text), "%.*s", (int)found.len, found.len > 0 ? found.ptr : "");
  SUPPORT_EXPECT(text, expected, "string");
}

static const char whole[] =
    "extensions:\n"
    "  health_check:\n"
    "receivers:\n"
    "  otlp:\n"
    "    protocols: {grpc: }\n"
    "  nop/2: {a: 1}\n"
    "processors:\n"
    "  batch:\n"
    "exporters:\n"
    "  debug:\n"
    "connectors:\n"
    "  forward:\n"
    "service:\n"
    "  extensions: [health_check]\n"
    "  telemetry: {logs: {level: debug}}\n"
    "  pipelines:\n"
    "    traces/in:\n"
    "      receivers: [otlp, nop/2]\n"
    "      processors: [batch]\n"
    "      exporters: [forward]\n"
    "    traces:\n"
    "      receivers: forward\n"
    "      exporters: \"debug\"\n"
    "    metrics: {receivers: [otlp], exporters: [debug]}\n"
    "    logs/a_b: {receivers: [otlp], exporters: [debug]}\n";

static void reads_components_and_pipelines(void **state) {
  read_service r = read_text(whole);
  const ncl_service_config *s;
  const ncl_pipeline_config *in;
  char *lines;
  (void)state;
  s = r.service;
  lines = support_lines(r.diagnostics);
  SUPPORT_EXPECT(lines, "", "diagnostics");
  free(lines);

  assert_int_equal(s->receivers.count, 2);
  expect_str(s->receivers.at[1].id, "nop/2");
  expect_str(s->receivers.at[1].type, "nop");
  expect_str(s->receivers.at[1].name, "2");
  expect_str(s->receivers.at[1].path, "receivers.nop/2");
  assert_int_equal(s->receivers.at[1].kind, NCL_KIND_RECEIVER);
  assert_int_equal(s->receivers.at[1].used, 1);
  assert_int_equal(s->receivers.at[1].mark.line, 6);
  assert_int_equal(s->receivers.at[1].node->kind, NCL_NODE_MAP);
  assert_int_equal(s->processors.count, 1);
  assert_int_equal(s->processors.at[0].node->kind, NCL_NODE_NULL);
  assert_int_equal(s->connectors.count, 1);
  assert_int_equal(s->extensions.count, 1);
  assert_int_equal(s->service_extensions.count, 1);
  assert_ptr_equal(s->service_extensions.at[0].component, &s->extensions.at[0]);
  assert_non_null(s->telemetry);
  assert_int_equal(s->telemetry_mark.line, 15);

  assert_int_equal(s->pipeline_count, 4);
  in = &s->pipelines[0];
  expect_str(in->id, "traces/in");
  expect_str(in->path, "service.pipelines.traces/in");
  assert_int_equal(in->signal, NCL_SIGNAL_TRACES);
  assert_int_equal(in->mark.line, 17);
  assert_int_equal(in->receivers.count, 2);
  assert_ptr_equal(in->receivers.at[1].component, &s->receivers.at[1]);
  expect_str(in->receivers.at[1].path, "service.pipelines.traces/in.receivers[1]");
  assert_int_equal(in->receivers.at[1].mark.line, 18);
  assert_int_equal(in->processors.count, 1);
  assert_ptr_equal(in->exporters.at[0].component, &s->connectors.at[0]);
  assert_ptr_equal(s->pipelines[1].receivers.at[0].component, &s->connectors.at[0]);
  assert_ptr_equal(s->pipelines[1].exporters.at[0].component, &s->exporters.at[0]);
  assert_int_equal(s->pipelines[2].signal, NCL_SIGNAL_METRICS);
  assert_int_equal(s->pipelines[3].signal, NCL_SIGNAL_LOGS);

  assert_ptr_equal(ncl_service_find(s, NCL_KIND_RECEIVER, (ncl_str)NCL_STR("nop/2")), &s->receivers.at[1]);
  assert_null(ncl_service_find(s, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("nop/2")));
  end(&r);
}

static void warns_of_what_nothing_uses(void **state) {
  read_service r = read_text(
      "receivers: {a: , unused: }\n"
      "processors: {p: }\n"
      "exporters: {b: }\n"
      "connectors: {c: }\n"
      "extensions: {e: }\n"
      "service: {pipelines: {traces: {receivers: [a], exporters: [b]}}}\n");
  char *lines = support_lines(r.diagnostics);
  (void)state;
  SUPPORT_EXPECT(lines,
                 "env:CONFIG:1:18: warning: receivers.unused: the receiver is defined and used in no pipeline; list it "
                 "in a pipeline, or remove it\n"
                 "env:CONFIG:2:14: warning: processors.p: the processor is defined and used in no pipeline; list it in "
                 "a pipeline, or remove it\n"
                 "env:CONFIG:4:14: warning: connectors.c: the connector is defined and used in no pipeline; list it in "
                 "a pipeline, or remove it\n"
                 "env:CONFIG:5:14: warning: extensions.e: the extension is defined and not started; list it under "
                 "service.extensions, or remove it\n",
                 "warnings");
  assert_int_equal(ncl_diagnostics_errors(r.diagnostics), 0);
  free(lines);
  end(&r);
}

static void says_what_is_wrong(void **state) {
  static const struct {
    const char *text, *lines;
  } cases[] = {
      {"receivers: {a: }\n",
       "error: service: there is no pipeline, so there is nothing to run; add \"service:\" with \"pipelines:\" below "
       "it, which say what goes where\n"},
      {"service: \n",
       "env:CONFIG:1:1: error: service: there is no pipeline, so there is nothing to run; add \"service:\" with "
       "\"pipelines:\" below it, which say what goes where\n"},
      {"service: {pipelines: }\nreceivers: {a: }\nexporters: {b: }\n",
       "env:CONFIG:1:11: error: service: there is no pipeline; add at least one below \"pipelines:\", for example "
       "\"traces: {receivers: [otlp], exporters: [debug]}\"\n"},
      {"service: {pipelines: {}}\nreceivers: {a: }\nexporters: {b: }\n",
       "env:CONFIG:1:11: error: service: there is no pipeline; add at least one below \"pipelines:\", for example "
       "\"traces: {receivers: [otlp], exporters: [debug]}\"\n"},
      {"service: {pipelines: [traces]}\nreceivers: {a: }\nexporters: {b: }\n",
       "env:CONFIG:1:22: error: service.pipelines: must be a map of pipelines, but this is a list\n"},
      {"service: [a]\nreceivers: {a: }\nexporters: {b: }\n",
       "env:CONFIG:1:10: error: service: must be a map of settings, but this is a list\n"},
      {"recievers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:1:1: error: recievers: there is no such key at the top level; did you mean \"receivers\"?\n"},
      {"exporter: {b: }\nreceivers: {a: }\nservice: {pipelines: {traces: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:1:1: error: exporter: there is no such key at the top level; did you mean \"exporters\"?\n"},
      {"foo: 1\nreceivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:1:1: error: foo: there is no such key at the top level; the keys are receivers, processors, "
       "exporters, connectors, extensions, service\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipline: {}, pipelines: {traces: {receivers: [a], exporters: "
       "[b]}}}\n",
       "env:CONFIG:3:11: error: service.pipline: there is no such key of the service; did you mean \"pipelines\"?\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {reciever: [a], receivers: [a], exporters: "
       "[b]}}}\n",
       "env:CONFIG:3:32: error: service.pipelines.traces.reciever: there is no such key of a pipeline; did you mean "
       "\"receivers\"?\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {trace: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:3:23: error: service.pipelines.trace: a pipeline carries traces, metrics or logs, and \"trace\" is "
       "none of them; did you mean \"traces\"?\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {profiles: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:3:23: error: service.pipelines.profiles: a pipeline carries traces, metrics or logs, and "
       "\"profiles\" is none of them; name it traces, metrics or logs\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces/: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:3:23: error: service.pipelines.traces/: this cannot be the id of a pipeline: its name behind the "
       "\"/\" is empty; an id is \"traces\", \"metrics\" or \"logs\", or one of them with a name: traces/slow\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: [a]}}}\n",
       "env:CONFIG:3:23: error: service.pipelines.traces: the pipeline has no exporter; add \"exporters: [...]\"\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {exporters: [b]}}}\n",
       "env:CONFIG:3:23: error: service.pipelines.traces: the pipeline has no receiver; add \"receivers: [...]\"\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: }}\n",
       "env:CONFIG:3:23: error: service.pipelines.traces: the pipeline has no receiver; add \"receivers: [...]\"\n"
       "env:CONFIG:3:23: error: service.pipelines.traces: the pipeline has no exporter; add \"exporters: [...]\"\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: [], exporters: [b]}}}\n",
       "env:CONFIG:3:32: error: service.pipelines.traces: the pipeline has no receiver; add \"receivers: [...]\"\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: [a, b]}}\n",
       "env:CONFIG:3:31: error: service.pipelines.traces: must be a map with receivers, processors and exporters, but "
       "this is a list\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: {a: }, exporters: [b]}}}\n",
       "env:CONFIG:3:43: error: service.pipelines.traces.receivers: must be a list of ids, but this is a map; write "
       "[a, b], or each id on its own line behind \"- \"\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: [{a: 1}], exporters: [b]}}}\n",
       "env:CONFIG:3:44: error: service.pipelines.traces.receivers[0]: must be the id of a component, but this is a "
       "map; write the id alone, and its settings where it is defined\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: [aa], exporters: [b, b]}}}\n",
       "env:CONFIG:3:44: error: service.pipelines.traces.receivers[0]: the receiver \"aa\" is not defined; define it "
       "under \"receivers\"\n"
       "env:CONFIG:3:64: warning: service.pipelines.traces.exporters[1]: \"b\" is listed twice, and counts once; name "
       "it "
       "once\n"},
      {"receivers: {otlp: , nop: }\nexporters: {debug: }\nservice: {pipelines: {traces: {receivers: [otpl, nop], "
       "exporters: [debg, nop, x]}}}\n",
       "env:CONFIG:3:44: error: service.pipelines.traces.receivers[0]: the receiver \"otpl\" is not defined; did you "
       "mean \"otlp\"?\n"
       "env:CONFIG:3:68: error: service.pipelines.traces.exporters[0]: the exporter \"debg\" is not defined; did you "
       "mean \"debug\"?\n"
       "env:CONFIG:3:74: error: service.pipelines.traces.exporters[1]: the exporter \"nop\" is not defined; there is a "
       "receiver \"nop\"; define the exporter under \"exporters\", or list it elsewhere\n"
       "env:CONFIG:3:79: error: service.pipelines.traces.exporters[2]: the exporter \"x\" is not defined; define it "
       "under \"exporters\"\n"},
      {"receivers: {otlp/1x y: , 1a: , 'a/': , '': }\nexporters: {b: }\nservice: {pipelines: {traces: {receivers: [9], "
       "exporters: [b]}}}\n",
       "env:CONFIG:1:13: error: receivers.otlp/1x...: this cannot be the id of a component: its name holds a space or "
       "a "
       "control character; an id is \"type\" or \"type/name\"\n"
       "env:CONFIG:1:26: error: receivers.1a: this cannot be the id of a component: its type does not begin with a "
       "letter; an id is \"type\" or \"type/name\"\n"
       "env:CONFIG:1:32: error: receivers.a/: this cannot be the id of a component: its name behind the \"/\" is "
       "empty; an id is \"type\" or \"type/name\"\n"
       "env:CONFIG:1:40: error: receivers.: this cannot be the id of a component: its type is empty; an id is \"type\" "
       "or \"type/name\"\n"
       "env:CONFIG:3:44: error: service.pipelines.traces.receivers[0]: \"9\" cannot be the id of a component: its type "
       "does not begin with a letter; an id is \"type\" or \"type/name\"\n"},
      {"receivers: {a: }\nexporters: {b: }\nprocessors: {p: }\nservice: {pipelines: {traces: {receivers: [a], "
       "processors: [p, q, p], exporters: [b]}}}\n",
       "env:CONFIG:4:64: error: service.pipelines.traces.processors[1]: the processor \"q\" is not defined; define it "
       "under \"processors\"\n"
       "env:CONFIG:4:67: error: service.pipelines.traces.processors[2]: \"p\" is listed twice; name it once\n"},
      {"receivers: {a: }\nexporters: {b: }\nprocessors: {p: }\nextensions: {e: , f: }\nservice: {extensions: [f, g], "
       "pipelines: {traces: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:5:27: error: service.extensions[1]: the extension \"g\" is not defined; define it under "
       "\"extensions\"\n"},
      {"receivers: {a: }\nexporters: {b: }\nconnectors: {c: }\nservice: {pipelines: {traces: {receivers: [a], "
       "exporters: [b, c]}}}\n",
       "env:CONFIG:3:14: error: connectors.c: the connector joins two pipelines, and none has it as its receiver; list "
       "it among the receivers of the pipeline that it leads into\n"},
      {"receivers: {a: }\nexporters: {b: }\nconnectors: {c: }\nservice: {pipelines: {traces: {receivers: [a, c], "
       "exporters: [b]}}}\n",
       "env:CONFIG:3:14: error: connectors.c: the connector joins two pipelines, and none has it as its exporter; list "
       "it among the exporters of the pipeline that it takes from\n"},
      {"receivers: {a: }\nexporters: {b: }\nconnectors: {a: }\nservice: {pipelines: {traces: {receivers: [a], "
       "exporters: [b]}}}\n",
       "env:CONFIG:3:14: error: connectors.a: a receiver has the same id, on line 1: a pipeline could not tell them "
       "apart; give one of them another name: type/name\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {pipelines: {trace: {receivers: [a], exporters: [b]}, traces: "
       "{exporters: [b]}}}\n",
       "env:CONFIG:3:23: error: service.pipelines.trace: a pipeline carries traces, metrics or logs, and \"trace\" is "
       "none of them; did you mean \"traces\"?\n"
       "env:CONFIG:3:64: error: service.pipelines.traces: the pipeline has no receiver; add \"receivers: [...]\"\n"},
      {"receivers: [a]\nexporters: b\nservice: {pipelines: {traces: {receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:1:12: error: receivers: must be a map of components, but this is a list\n"
       "env:CONFIG:2:12: error: exporters: must be a map of components, but this is text\n"
       "env:CONFIG:3:44: error: service.pipelines.traces.receivers[0]: the receiver \"a\" is not defined; define it "
       "under \"receivers\"\n"
       "env:CONFIG:3:60: error: service.pipelines.traces.exporters[0]: the exporter \"b\" is not defined; define it "
       "under \"exporters\"\n"},
      {"receivers: {a: }\nexporters: {b: }\nservice: {telemetry: [x], extensions: {x: }, pipelines: {traces: "
       "{receivers: [a], exporters: [b]}}}\n",
       "env:CONFIG:3:22: error: service.telemetry: must be a map of settings, but this is a list\n"
       "env:CONFIG:3:39: error: service.extensions: must be a list of ids, but this is a map; write [a, b], or each id "
       "on its own line behind \"- \"\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    read_service r = read_text(cases[i].text);
    char *lines = support_lines(r.diagnostics);
    SUPPORT_EXPECT(lines, cases[i].lines, cases[i].text);
    free(lines);
    end(&r);
  }
}

static void shows_the_ids_in_its_excerpts(void **state) {
  read_service r = read_text(
      "receivers: {otlp: {token: CANARY}}\n"
      "exporters: {debug: }\n"
      "service:\n"
      "  pipelines:\n"
      "    traces: {receivers: [otpl], processors: CANARY, exporters: [debug]} # CANARY\n"
      "  foo: {receivers: [CANARY]}\n");
  char *printed = support_printed(r.diagnostics);
  (void)state;
  assert_non_null(strstr(printed, "    traces: {receivers: [otpl], processors: CANARY, exporters: [debug]} # ...\n"));
  assert_non_null(strstr(printed, "  foo: {receivers: [***]}\n"));
  free(printed);
  end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_components_and_pipelines),
      cmocka_unit_test(warns_of_what_nothing_uses),
      cmocka_unit_test(says_what_is_wrong),
      cmocka_unit_test(shows_the_ids_in_its_excerpts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
