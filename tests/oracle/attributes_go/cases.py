# SPDX-License-Identifier: Apache-2.0
"""What is asked of the Go components and of ours: actions on attributes, what is included and excluded, patterns."""

import json

# Names of cases that differ, and why.
DIFFERENCES = {
    "convert int of a fraction out of range": "no 64-bit integer holds it: left as it is, where Go leaves it to the machine",
    "a key that comes twice is deleted": "OTLP forbids it: none is left, where Go leaves the second",
    "a key that comes twice is updated": "OTLP forbids it: one is left, where Go leaves the second",
    "convert '1_0' to double": "Go's words and its deeds differ: there it is 10, against the documentation of ParseFloat",
    "convert '1_0' to double, of a resource": "likewise",
    "convert a deep value": "U+2028 is as good in JSON as its escape",
    "convert a deep value, of a resource": "likewise",
    "pattern '(a*)*' in 'aab'": "of a group that is repeated the last round counts, here an empty one",
    "pattern '^*' in 'a'": "repeating what has no length is a mistake",
    "metrics by resource": "documented there, but not done: it matches everything",
    "metrics by metric and resource": "documented there, but not done: the resource is not looked at",
    "match_type is missing": "documented as required there: looked at where it is used only",
    "severity out of range": "there are 24",
    "default_value with delete": "of no use to it: a mistake here, read without effect there",
    "from_context with delete": "of no use to it: a mistake here, read without effect there",
}


def value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, str):
        return {"stringValue": v}
    if isinstance(v, bytes):
        import base64
        return {"bytesValue": base64.b64encode(v).decode()}
    if isinstance(v, list):
        return {"arrayValue": {"values": [value(i) for i in v]}}
    if isinstance(v, dict):
        return {"kvlistValue": {"values": attributes(v)}}
    return {}


def attributes(pairs):
    pairs = pairs.items() if isinstance(pairs, dict) else pairs
    return [{"key": k, "value": value(v)} for k, v in pairs]


def span(name="s", kind=1, **attrs):
    return {"traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708", "name": name, "kind": kind,
            "attributes": attributes(attrs)}


def traces(*groups):
    return {"resourceSpans": [
        {"resource": {"attributes": attributes(resource)},
         "scopeSpans": [{"scope": {"name": name, "version": version}, "spans": spans}]}
        for resource, (name, version), spans in groups]}


def logs(*records, resource=(), scope=("lib", "1")):
    return {"resourceLogs": [{"resource": {"attributes": attributes(resource)},
                              "scopeLogs": [{"scope": {"name": scope[0], "version": scope[1]},
                                             "logRecords": list(records)}]}]}


def log(body, number=0, text="", **attrs):
    return {"body": value(body), "severityNumber": number, "severityText": text, "attributes": attributes(attrs)}


def points(kind, *attrs):
    number = {"asDouble": 1.5} if kind in ("gauge", "sum") else {}
    data = {"dataPoints": [{**number, "timeUnixNano": "1", "attributes": attributes(a)} for a in attrs]}
    return {"name": f"a.{kind}", kind: data}


def metrics(*groups):
    return {"resourceMetrics": [{"resource": {"attributes": attributes(resource)},
                                 "scopeMetrics": [{"scope": {"name": "lib"}, "metrics": list(items)}]}
                                for resource, items in groups]}


MANY = {"s": "text", "n": 7, "d": 2.5, "b": True, "l": [1, "x", None, [2.5]], "m": {"z": 1, "a": {"q": False}},
        "y": b"\x00\xff", "e": None}


def case(name, component, signal, config, request, **more):
    return {"name": name, "component": component, "signal": signal, "config": json.dumps(config),
            "request": json.dumps(request), **more}


def act(name, actions, attrs=MANY, **more):
    """One span, and one resource, with these attributes."""
    yield case(name, "attributes", "traces", {"actions": actions},
               traces(({}, ("lib", "1"), [{"name": "s", "attributes": attributes(attrs)}])), **more)
    yield case(name + ", of a resource", "resource", "traces", {"attributes": actions},
               traces((attrs, ("lib", "1"), [span()])), **more)


def action(action, key=None, **more):
    return {**({"key": key} if key is not None else {}), "action": action, **more}


def actions():
    for v in ("x", 1, -1, 1.5, 1e300, 1.0, True, False, [1, "a", [True]], {"b": 1, "a": {"c": []}}, "", [], {}, "7"):
        yield from act(f"insert {v!r}", [action("insert", "new", value=v)])
    yield from act("insert what is there", [action("insert", "n", value=1)])
    yield from act("update what is there", [action("update", "n", value="other")])
    yield from act("update what is not there", [action("update", "new", value=1)])
    yield from act("upsert both", [action("upsert", "n", value=8), action("upsert", "new", value=1)])
    yield from act("upper case", [action("UPSERT", "n", value=8), action("Delete", "s")])
    yield from act("delete", [action("delete", "s"), action("delete", "m"), action("delete", "none")])
    yield from act("delete and insert again", [action("delete", "s"), action("insert", "s", value=1)])
    yield from act("delete by pattern", [action("delete", pattern="^[a-m]$")])
    yield from act("delete by key and pattern", [action("delete", "s", pattern="^[l-n]")])
    yield from act("delete everything", [action("delete", pattern="")])
    yield from act("delete what was inserted", [action("insert", "lately", value=1), action("delete", pattern="^l")])
    for key in MANY:
        yield from act(f"hash {key}", [action("hash", key)])
        yield from act(f"copy {key}", [action("upsert", "copy", from_attribute=key)])
        for kind in ("int", "double", "string"):
            yield from act(f"convert {key} to {kind}", [action("convert", key, converted_type=kind)])
    yield from act("hash by pattern", [action("hash", pattern="^[bdn]$")])
    yield from act("hash by key and pattern", [action("hash", "s", pattern="^[sn]$")])
    yield from act("hash twice", [action("hash", "s"), action("hash", "s")])
    yield from act("hash of an empty text", [action("hash", "t")], {"t": ""})
    yield from act("copy of what is not there", [action("upsert", "copy", from_attribute="none")])
    yield from act("copy, then delete", [action("insert", "copy", from_attribute="s"), action("delete", "s")])
    yield from act("copy onto itself", [action("update", "s", from_attribute="s")])
    yield from act("copy of a copy", [action("insert", "c1", from_attribute="m"), action("insert", "c2", from_attribute="c1")])
    yield from act("swap", [action("upsert", "t", from_attribute="s"), action("upsert", "s", from_attribute="n"),
                            action("upsert", "n", from_attribute="t"), action("delete", "t")])
    yield from act("default", [action("upsert", "a", from_attribute="none", default_value=3),
                               action("upsert", "c", from_attribute="n", default_value=3),
                               action("insert", "d2", default_value="x"), action("upsert", "f", value=1, default_value=2)])
    url = "^(?P<scheme>\\w+)://(?P<host>[^/:]+)(?::(?P<port>\\d+))?(?P<path>/.*)?$"
    for text in ("https://a.example:8080/x/y?z", "http://b", "none", ""):
        yield from act(f"extract {text!r}", [action("extract", "u", pattern=url)], {"host": "old", "u": text})
    yield from act("extract of a number", [action("extract", "n", pattern="(?P<x>.)")])
    yield from act("extract of what is not there", [action("extract", "none", pattern="(?P<x>.)")])
    yield from act("extract onto itself", [action("extract", "s", pattern="^(?P<s>.)(?P<t>.)")])
    yield from act("extract an empty group", [action("extract", "s", pattern="^t(?P<x>q)?")])
    for text in ("12", "+12", "-9223372036854775808", "9223372036854775808", "1.5", "0x10", " 1", "1_000", "", "007"):
        yield from act(f"convert {text!r} to int", [action("convert", "k", converted_type="int")], {"k": text})
    for text in ("1.5", "1e3", ".5", "5.", "inf", "-Infinity", "nan", "0x1p4", "0x10", "1e400", "1e-400", " 1", "1_0", "x"):
        yield from act(f"convert {text!r} to double", [action("convert", "k", converted_type="double")], {"k": text})
    for number in (0.1, 1e21, 123456789012345680.0, 1e-7, 0.000001, -2.0, 5e-324, 1.7976931348623157e308, 100.0):
        yield from act(f"convert {number!r} to string", [action("convert", "k", converted_type="string")], {"k": number})
    for number in (2.9, -2.9, 1e15):
        yield from act(f"convert {number!r} to int", [action("convert", "k", converted_type="int")], {"k": number})
    yield next(act("convert int of a fraction out of range", [action("convert", "k", converted_type="int")], {"k": 1e300}))
    yield from act("convert a deep value", [action("convert", "k", converted_type="string")],
                   {"k": {"ü": "<&>\u2028\"\\\n\x01", "l": [{}, [], None, b"ab", 1.0, 1e21, True]}})
    yield from act("many", [action("delete", "s"), action("hash", "n"), action("convert", "d", converted_type="string"),
                            action("insert", "i", from_attribute="d"), action("update", "b", value="no"),
                            action("delete", pattern="^[lm]$"), action("extract", "i", pattern="(?P<whole>\\d)\\.")])
    yield next(act("a key that comes twice is deleted", [action("delete", "k")], [("k", 1), ("o", 2), ("k", 3)]))
    yield next(act("a key that comes twice is updated", [action("update", "k", value=9)], [("k", 1), ("o", 2), ("k", 3)]))
    pairs = {"x-tenant": ["a", "b"], "x-one": ["1"], "auth.subject": ["me"]}
    for key in ("metadata.x-tenant", "x-tenant", "metadata.X-One", "X-One", "metadata.none", "auth.subject", "auth.none",
                "client.address"):
        yield from act(f"from context {key}", [action("upsert", "k", from_context=key)], {"o": 1}, metadata=pairs)
        yield from act(f"from context {key} or a default", [action("upsert", "k", from_context=key, default_value=0)],
                       {"k": 1}, metadata=pairs)


def signals():
    both = [action("insert", "new", from_attribute="k"), action("delete", "o")]
    plain = [action("insert", "new", value=1)]
    for name, todo in (("same", plain), ("each", both)):
        for kind in ("gauge", "sum", "histogram", "exponentialHistogram", "summary"):
            yield case(f"points of a {kind}, {name}", "attributes", "metrics", {"actions": todo},
                       metrics(({}, [points(kind, {"k": 1, "o": 2}, {}, {"k": "x"})])))
        yield case(f"log records, {name}", "attributes", "logs", {"actions": todo},
                   logs(log("a", k=1, o=2), log("b")))
    for signal, request in (("logs", logs(log("a"), resource={"k": 1, "o": 2})),
                            ("metrics", metrics(({"k": 1, "o": 2}, [points("gauge", {})])))):
        yield case(f"resource of {signal}", "resource", signal, {"attributes": both}, request)


SPANS = traces(
    ({"service.name": "shop", "env": "prod", "n": 1}, ("lib", "1.0"),
     [span("GET /a", 2, http=200, user="u1"), span("POST /b", 3, http=500), span("sql", 1, user="x")]),
    ({"service.name": "cart", "env": "test"}, ("other", ""), [span("GET /a", 5, http=200), span("job", 4, l=[1, "a"])]),
    ({"service.name": 7}, ("lib", "2.0"), [span("GET /c", 0)]),
    ({}, ("", ""), [span("", 2, m={"a": 1, "b": "2"})]))
LOGS = logs(log("text one", 9, "INFO", k="v"), log(12.5, 17, "ERROR"), log({"b": 1, "a": [2]}, 0, ""), log(None, 5, "DEBUG"),
            log("two", 13, "WARN", k=2), resource={"service.name": "shop"})
METRICS = metrics(({"env": "prod"}, [points("gauge", {"k": 1}), points("sum", {})]),
                  ({"env": "test"}, [points("histogram", {}, {}), points("gauge", {})]))

MARK = [action("insert", "mark", value=True)]


def match(name, signal, request, include=None, exclude=None):
    config = {"actions": MARK}
    if include is not None:
        config["include"] = include
    if exclude is not None:
        config["exclude"] = exclude
    return case(name, "attributes", signal, config, request)


def strict(**more):
    return {"match_type": "strict", **more}


def regexp(**more):
    return {"match_type": "regexp", **more}


def matches():
    spans = {
        "a service": strict(services=["shop"]),
        "services": strict(services=["none", "cart", "shop"]),
        "a service by pattern": regexp(services=["^s", "7"]),
        "no service": strict(services=["<nil-service-name>"]),
        "a name": strict(span_names=["GET /a"]),
        "names by pattern": regexp(span_names=["^GET", "job$"]),
        "an empty name": strict(span_names=[""]),
        "a kind": strict(span_kinds=["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"]),
        "kinds by pattern": regexp(span_kinds=["CLI|CONS", "UNSPEC"]),
        "an attribute": strict(attributes=[{"key": "http"}]),
        "a value": strict(attributes=[{"key": "http", "value": 200}]),
        "a value of another type": strict(attributes=[{"key": "http", "value": "200"}]),
        "two attributes": strict(attributes=[{"key": "http", "value": 200}, {"key": "user", "value": "u1"}]),
        "a value by pattern": regexp(attributes=[{"key": "user", "value": "^u"}]),
        "a number by pattern": regexp(attributes=[{"key": "http", "value": "^2"}]),
        "a list by pattern": regexp(attributes=[{"key": "l", "value": "."}]),
        "a list": strict(attributes=[{"key": "l", "value": [1, "a"]}]),
        "another list": strict(attributes=[{"key": "l", "value": ["a", 1]}]),
        "a map": strict(attributes=[{"key": "m", "value": {"b": "2", "a": 1}}]),
        "another map": strict(attributes=[{"key": "m", "value": {"a": 1}}]),
        "a resource": strict(resources=[{"key": "env", "value": "prod"}]),
        "two of a resource": strict(resources=[{"key": "env", "value": "prod"}, {"key": "n", "value": 1}]),
        "a key of a resource": strict(resources=[{"key": "env"}]),
        "a resource by pattern": regexp(resources=[{"key": "env", "value": "t"}]),
        "a library": strict(libraries=[{"name": "lib"}]),
        "a library with a version": strict(libraries=[{"name": "lib", "version": "1.0"}]),
        "a library with an empty version": strict(libraries=[{"name": "other", "version": ""}]),
        "a library by pattern": regexp(libraries=[{"name": "^l", "version": "^2"}]),
        "two libraries": strict(libraries=[{"name": "lib"}, {"name": "other"}]),
        "two libraries by pattern": regexp(libraries=[{"name": "li"}, {"name": "ib"}]),
        "all at once": strict(services=["shop"], span_names=["GET /a", "sql"], span_kinds=["SPAN_KIND_SERVER"],
                              attributes=[{"key": "user"}], resources=[{"key": "env"}], libraries=[{"name": "lib"}]),
        "with a cache": regexp(regexp={"cacheenabled": True, "cachemaxnumentries": 5}, span_names=["GET"]),
        "a pattern that comes twice": regexp(span_names=["GET", "GET"]),
    }
    for name, section in spans.items():
        yield match(f"spans by {name}", "traces", SPANS, section)
        yield match(f"spans but {name}", "traces", SPANS, None, section)
    yield match("spans by service but name", "traces", SPANS, strict(services=["shop", "cart"]), regexp(span_names=["^GET"]))
    records = {
        "a body": strict(log_bodies=["two", "12.5"]),
        "a body that is a map": strict(log_bodies=['{"a":[2],"b":1}']),
        "an empty body": strict(log_bodies=[""]),
        "a body by pattern": regexp(log_bodies=["o(ne)?$", "^12"]),
        "a severity text": strict(log_severity_texts=["ERROR", ""]),
        "a severity text by pattern": regexp(log_severity_texts=["^[DI]"]),
        "a severity": strict(log_severity_number={"min": 9}),
        "a severity or none": strict(log_severity_number={"min": 17, "match_undefined": True}),
        "no severity": strict(log_severity_number={"match_undefined": True}),
        "an attribute": strict(attributes=[{"key": "k", "value": "v"}]),
        "a resource": strict(resources=[{"key": "service.name", "value": "shop"}]),
        "a library": strict(libraries=[{"name": "lib", "version": "2"}]),
    }
    for name, section in records.items():
        yield match(f"log records by {name}", "logs", LOGS, section)
        yield match(f"log records but {name}", "logs", LOGS, None, section)
    yield match("metrics by name", "metrics", METRICS, strict(metric_names=["a.gauge"]))
    yield match("metrics but name", "metrics", METRICS, None, strict(metric_names=["a.gauge"]))
    yield match("metrics by pattern", "metrics", METRICS, regexp(metric_names=["^a\\.[hs]"]))
    yield match("metrics by resource", "metrics", METRICS, strict(resources=[{"key": "env", "value": "prod"}]))
    yield match("metrics by metric and resource", "metrics", METRICS,
                strict(metric_names=["a.gauge"], resources=[{"key": "env", "value": "prod"}]))


def mistakes():
    configs = {
        "no actions": {},
        "an empty list": {"actions": []},
        "no action": {"actions": [{"key": "a", "value": 1}]},
        "an unknown action": {"actions": [action("put", "a", value=1)]},
        "no key": {"actions": [action("insert", value=1)]},
        "no value": {"actions": [action("insert", "a")]},
        "two values": {"actions": [action("insert", "a", value=1, from_attribute="b")]},
        "value and context": {"actions": [action("insert", "a", value=1, from_context="b")]},
        "insert with pattern": {"actions": [action("insert", "a", value=1, pattern="b")]},
        "upsert with type": {"actions": [action("upsert", "a", value=1, converted_type="int")]},
        "delete nothing": {"actions": [action("delete")]},
        "delete with value": {"actions": [action("delete", "a", value=1)]},
        "delete with attribute": {"actions": [action("delete", "a", from_attribute="b")]},
        "default_value with delete": {"actions": [action("delete", "a", default_value=1)]},
        "from_context with delete": {"actions": [action("delete", "a", from_context="b")]},
        "delete with type": {"actions": [action("delete", "a", converted_type="int")]},
        "hash nothing": {"actions": [action("hash")]},
        "a pattern that is none": {"actions": [action("delete", pattern="(")]},
        "extract without pattern": {"actions": [action("extract", "a")]},
        "extract without groups": {"actions": [action("extract", "a", pattern="b")]},
        "extract with a nameless group": {"actions": [action("extract", "a", pattern="(?P<b>b)(c)")]},
        "extract with value": {"actions": [action("extract", "a", pattern="(?P<b>b)", value=1)]},
        "convert without type": {"actions": [action("convert", "a")]},
        "convert to bool": {"actions": [action("convert", "a", converted_type="bool")]},
        "convert with pattern": {"actions": [action("convert", "a", converted_type="int", pattern="b")]},
        "convert with value": {"actions": [action("convert", "a", converted_type="int", value=1)]},
        "an unknown key": {"actions": [action("insert", "a", value=1, valu=2)]},
        "nothing to match": {"actions": MARK, "include": strict()},
        "a match_type that is none": {"actions": MARK, "include": {"match_type": "glob", "services": ["a"]}},
        "match_type is missing": {"actions": MARK, "include": {"attributes": [{"key": "http"}]}},
        "match_type is missing with a name": {"actions": MARK, "include": {"span_names": ["http"]}},
        "bodies of spans": {"actions": MARK, "include": strict(log_bodies=["a"])},
        "severities of spans": {"actions": MARK, "include": strict(services=["a"], log_severity_number={"min": 1})},
        "metrics of spans": {"actions": MARK, "exclude": strict(services=["a"], metric_names=["a"])},
        "a kind that is none": {"actions": MARK, "include": strict(span_kinds=["SERVER"])},
        "an attribute without key": {"actions": MARK, "include": strict(attributes=[{"value": 1}])},
        "a pattern that is a number": {"actions": MARK, "include": regexp(attributes=[{"key": "a", "value": 1}])},
        "a pattern in include that is none": {"actions": MARK, "include": regexp(services=["("])},
        "a pattern in exclude that is none": {"actions": MARK, "exclude": regexp(libraries=[{"name": "(?=a)"}])},
    }
    for name, config in configs.items():
        yield case(name, "attributes", "traces", config, SPANS)
    for name, section in {"names of log records": strict(span_names=["a"]), "services of log records": strict(services=["a"]),
                          "severity out of range": strict(log_severity_number={"min": 99})}.items():
        yield match(name, "logs", LOGS, section)
    for name, section in {"services of metrics": strict(services=["a"]), "attributes of metrics": strict(attributes=[{"key": "a"}]),
                          "libraries of metrics": strict(libraries=[{"name": "a"}])}.items():
        yield match(name, "metrics", METRICS, section)
    yield case("an empty list, of a resource", "resource", "traces", {"attributes": []}, SPANS)


PATTERNS = [
    ("a+b", "xaab"), ("^a$", "a\n"), ("(?m)^a$", "b\na\nc"), ("(?m)^", "a\n"), ("a.b", "a\nb"), ("(?s)a.b", "a\nb"),
    ("(?i)straSSe", "STRASSE"), ("(?i)k", "\u212a"), ("(?U)a+", "aaa"), ("(?U)a+?", "aaa"), ("a*?", "aaa"), ("(a|ab)(c|bcd)", "abcd"),
    ("(a*)*", "aab"), ("(a*)+", "b"), ("(a|b)*", "abba"), ("x{2,3}", "xxxx"), ("x{2,3}?", "xxxx"), ("x{,2}", "x{,2}"), ("x{2", "x{2"), ("}", "}"),
    ("{", "{"), ("a{0}", "a"), ("[a-c]+", "xabcd"), ("[^a-c]+", "abx\ny"), ("[]a]+", "]a"), ("[^]a]", "]b"), ("[a-]", "-"), ("[-a]", "-"),
    ("[a\\-z]+", "a-z"), ("[[:alpha:]]+", "1ab2"), ("[[:^digit:]]+", "12ab"), ("[[:word:]]+", "!a_1"), ("[\\d_]+", "a1_"), ("[^\\s]+", " a\vb "),
    ("[\\s\\S]+", "a\nb"), ("\\s+", " \t\n\r\f\v"), ("\\S+", "\va "), ("\\bfoo\\b", "a foo b"), ("\\Boo", "foo"), ("\\Aa", "ba"), ("a\\z", "a"), ("\\pL+", "1äb"),
    ("\\p{Greek}+", "aβγ"), ("\\PL+", "a12"), ("\\p{^L}+", "a12"), ("[\\pN.]+", "a1.2"), ("\\x41\\x{263a}", "A☺"), ("\\101", "A"), ("\\07", "\x07"),
    ("\\Qa.b\\E.", "a.bc"), ("\\Qa", "a"), ("\\a\\f\\t\\n\\r\\v", "\a\f\t\n\r\v"), ("\\.\\*\\[\\]", ".*[]"), ("\\_", "_"), ("\\-", "-"), ("ä+", "xää"), (".", "☺"),
    ("(?P<n>a)(?<m>b)", "ab"), ("(?:a)(b)?", "a"), ("(a)|(b)", "b"), ("(?i:A)b", "ab"), ("(?i:A)B", "ab"), ("(?-i)a", "A"), ("(?im-s)^b.", "a\nBc"),
    ("", "abc"), ("|a", "a"), ("a||b", "b"), ("()", "a"), ("(|a)+", "aa"), ("^*", "a"), ("$^", ""), ("a$b", "a$b"), ("\\$", "$"),
    ("(?i)[a-c]+", "ABC"), ("(?i)\\x{e4}", "Ä"), ("[[.a.]]", "a.]"), ("[[=a=]]", "a=]"), ("[a-c-e]+", "-e"), ("#", "#"), ("a b", "a b"), ("[\\]]", "]"),
    ("[\\n]", "\n"), ("[\\x00-\\x1f]", "\x01"), ("\\C", "a"), ("\\Z", "a"), ("(a)\\1", "aa"), ("(?=a)", "a"), ("(?!a)", "a"), ("(?<=a)b", "ab"), ("(?<!a)b", "b"), ("(?>a)", "a"),
    ("a++", "a"), ("a*+", "a"), ("a**", "a"), ("a{2}{3}", "aaaaaa"), ("a{1001}", "a"), ("a{2,1}", "a"), ("*a", "a"), ("+", "+"), ("(*UTF8)a", "a"), ("(?#c)a", "a"),
    ("(?x)a", "a"), ("(?P=n)", "a"), ("(?P>n)", "a"), ("(?R)", "a"), ("(", "("), (")", ")"), ("[", "["), ("[a", "a"), ("\\", "\\"), ("\\8", "8"), ("\\g1", "a"),
    ("\\K", "a"), ("\\R", "\n"), ("\\X", "a"), ("\\h", " "), ("\\N", "a"), ("\\G", "a"), ("\\u0041", "A"), ("\\cA", "\x01"), ("\\e", "\x1b"), ("[b-a]", "a"), ("[a-\\d]", "a"), ("[[:foo:]]", "a"),
    ("\\p{Nothing}", "a"), ("\\pQ", "a"), ("(?P<a>x)(?P<a>y)", "xy"), ("(?P<>x)", "x"), ("(?P<a-b>x)", "x"), ("(?P<1>x)", "x"), ("(?i", "a"), ("(?)", "a"), ("(?-)", "a"), ("(?ii)a", "A"),
    ("(?i-)a", "A"), ("\\x{110000}", "a"), ("\\x4", "a"), ("\\x{}", "a"), ("[\\b]", "\b"), ("[\\B]", "B"), ("[\\Q]", "Q"), ("a{,", "a{,"), ("a{1,2}{", "aa{"),
]


def cases():
    out = [*actions(), *signals(), *matches(), *mistakes()]
    out += [{"name": f"pattern {p!r} in {t!r}", "pattern": p, "text": t} for p, t in PATTERNS if p]
    return out
