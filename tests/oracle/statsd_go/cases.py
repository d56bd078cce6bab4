# SPDX-License-Identifier: Apache-2.0
"""What is sent to the Go receiver and to ours: an interval's datagrams, each of a sender."""

import json

# Names of cases that differ, and why.
DIFFERENCES = {
    "histograms with max_size": "there max_size of histograms and distributions becomes that of timers",
    "a line that ends with a carriage return": "taken: there it is no type",
    "lines with blanks around them": "taken: there they belong to name and type",
    "a disabled type": "a word of its own code, which its validation does not know",
    "a bound that comes twice": "says there that it is refused, and is not",
    "a value with underscores": "Go's words and its deeds differ: there it is 1000",
}


def case(name, *lines, **config):
    """Lines of one sender, each in a datagram of its own; (sender, text) of another."""
    datagrams = [{"sender": 0, "text": d} if isinstance(d, str) else {"sender": d[0], "text": d[1]} for d in lines]
    return {"name": name, "config": json.dumps({"endpoint": "127.0.0.1:0", **config}), "datagrams": datagrams}


def mapped(observer, *types, **more):
    return [{"statsd_type": t, "observer_type": observer, **more} for t in types or ("timing", "histogram", "distribution")]


TIMES = [f"t:{v}|{k}|#a:b" for k in ("ms", "h", "d") for v in (3, 1, 2, 10, 0.5)]
SPREAD = [f"t:{v}|ms" for v in (0.001, 0.5, 1, 2, 3, 7, 100, 1e6, 0, -3, -0.1, 1e-300, 1e300)]


def cases():
    yield case("a counter", "c:1|c")
    yield case("counters add up", "c:1|c", "c:2|c", "c:-5|c", "c:+1|c")
    yield case("counters with rates", "c:3000|c|#k:v", "c:20|c|@0.25|#k:v", "c:1|c|@0.3|#k:v", "c:1|c|@2|#k:v", "c:1|c|@0|#k:v")
    yield case("counters with fractions", "c:1.5|c", "c:1.5|c", "c:-0.5|c")
    yield case("float counters", "c:1.5|c", "c:1.25|c", "c:1|c|@0.3", counter_type="float")
    yield case("stochastic counters of whole numbers", "c:2|c", "c:3|c", counter_type="stochastic_int")
    yield case("monotonic counters", "c:1|c", is_monotonic_counter=True)
    yield case("a gauge", "g:1.5|g")
    yield case("a gauge is set", "g:1|g", "g:2|g", "g:0.25|g|@0.5")
    yield case("a gauge is moved", "g:500|g|#k:v", "g:+2|g|#k:v", "g:-1|g|#k:v")
    yield case("a gauge begins below nought", "g:-5|g", "g:+1|g", "h:+3|g")
    yield case("a gauge is set, moved and set", "g:10|g", "g:-1|g", "g:4|g", "g:+1|g")
    yield case("sets are not known", "s:1|s", "c:1|c")
    yield case("several lines in a datagram", "a:1|c\nb:2|g\n\nc:3|c\n", "a:1|c\n")
    yield case("tags in any order", "c:1|c|#a:1,b:2", "c:1|c|#b:2,a:1", "c:1|c|#a:1", "c:1|c|#a:1,b:3")
    yield case("a tag that comes twice", "c:1|c|#a:1,a:2", "c:1|c|#a:2")
    yield case("tags with colons and blanks", "c:1|c|#url:http://x:1/y,t:a b,é:ü")
    yield case("empty tags", "c:1|c|#", "c:1|c|#,a:1,,", "c:1|c")
    yield case("tags without value", "c:1|c|#a", "c:2|c|#a:1")
    yield case("tags without value are taken", "c:1|c|#a", "c:2|c|#a:1", "c:1|c|#a:", "c:4|c|#x,y", enable_simple_tags=True)
    yield case("two parts of tags", "c:1|c|#a:1|#b:2", "c:1|c|#a:1,b:2")
    yield case("rates and tags in any order", "c:1|c|#a:1|@0.5", "c:1|c|@0.5|#a:1")
    yield case("a container", "c:1|c|#a:1|c:abc", "c:1|c|c:abc", "c:1|c|c:", "g:1|g|c:x|#container.id:y")
    yield case("a time", "c:1|c|T1", "c:1|c|T2", "d:1|c", "d:1|c|T3", "g:1|g|T4")
    yield case("a time of what has none", "t:1|ms|T1", "t:1|h|T1", "t:1|d|T1")
    yield case("times that are none", "a:1|c|T", "b:1|c|Tx", "c:1|c|T-1", "d:1|c|T+1", "e:1|c|T1.5", "ok:1|c")
    yield case("an empty part ends a line", "c:1|c||#a:1", "c:1|c|")
    yield case("metric types", "c:1|c|#x:y", "c:1|g", "c:1|ms", "c:1|h", "c:1|d", enable_metric_type=True)
    yield case("the same name in all types", "c:1|c", "c:2|g", "c:3|ms", "c:4|h", "c:5|d")
    yield case("no lines", "", "a", "a:1", ":1|c", "a:|c", "a|c", "a:x|c", "a:1|x", "a:1|c|?", "a:1|c|@x", "a:1|c|#:x", "a:1:2|c", "a:1|C")
    yield case("no numbers", "a:nan|c", "a:inf|g", "a:-inf|g", "a:1e999|c", "a:NaN|ms", "ok:1|c")
    yield case("numbers of all kinds", "a:1e3|g", "b:.5|g", "c:5.|g", "d:0x10p0|g", "e:-0|g", "f:1e-320|g", "g: 1|g", "h:1_0x|g")
    yield case("a value with underscores", "a:1_000|c")
    yield case("large counters", "a:9007199254740993|c", "b:1e18|c", "b:1e18|c")
    yield case("a line that ends with a carriage return", "c:1|c\r\n")
    yield case("lines with blanks around them", " c:1|c ")
    yield case("names of all kinds", "a b:1|c", "a/b.c-d_e:1|c", "é:1|c", "a#b@c:1|c")
    yield case("two senders", "c:1|c", (1, "c:2|c"), (1, "g:1|g"), "g:2|g")
    yield case("two senders, by address", "c:1|c", (1, "c:2|c"), (1, "g:1|g"), "g:2|g", enable_ip_only_aggregation=True)
    yield case("two senders, all in one", "c:1|c", (1, "c:2|c"), (2, "c:4|c"), ignore_host=True)
    yield case("timers as gauges", *TIMES)
    yield case("timers as gauges, by word", *TIMES, timer_histogram_mapping=mapped("gauge"))
    yield case("nothing is mapped", *TIMES, "c:1|c", timer_histogram_mapping=[])
    yield case("only timers are mapped", *TIMES, timer_histogram_mapping=mapped("summary", "timer"))
    yield case("a disabled type", *TIMES, timer_histogram_mapping=mapped("disabled", "timer") + mapped("gauge", "histogram"))
    yield case("the last mapping counts", *TIMES, timer_histogram_mapping=mapped("gauge", "histogram") + mapped("summary", "distribution"))
    yield case("summaries", *TIMES, timer_histogram_mapping=mapped("summary"))
    yield case("summaries of one value", "t:7|ms", timer_histogram_mapping=mapped("summary"))
    yield case("summaries with rates", "t:1|ms|@0.1", "t:5|ms", "t:9|ms|@0.5", "t:2|ms|@0.3", timer_histogram_mapping=mapped("summary"))
    yield case("summaries with percentiles", *[f"t:{v}|h" for v in range(100, 0, -1)],
               timer_histogram_mapping=mapped("summary", summary={"percentiles": [0, 1, 12.5, 50, 99, 99.9, 100]}))
    yield case("summaries of values below nought", "t:-1|ms", "t:-7|ms", "t:+3|ms", timer_histogram_mapping=mapped("summary"))
    yield case("histograms", *TIMES, timer_histogram_mapping=mapped("histogram"))
    yield case("histograms over a wide range", *SPREAD, timer_histogram_mapping=mapped("histogram"))
    yield case("timers with max_size", *SPREAD, timer_histogram_mapping=mapped("histogram", "timing", histogram={"max_size": 10}))
    yield case("timers with the least max_size", *SPREAD, timer_histogram_mapping=mapped("histogram", "timing", histogram={"max_size": 2}))
    yield case("histograms with max_size", *[s.replace("|ms", "|h") for s in SPREAD],
               timer_histogram_mapping=mapped("histogram", "histogram", histogram={"max_size": 10}))
    yield case("histograms with rates", "t:3|ms|@0.1", "t:4|ms|@0.3", "t:0|ms|@0.5", timer_histogram_mapping=mapped("histogram"))
    yield case("histograms of noughts", "t:0|ms", "t:0|ms", timer_histogram_mapping=mapped("histogram"))
    yield case("histograms of powers of two", *[f"t:{2 ** i}|ms" for i in range(-3, 9)], timer_histogram_mapping=mapped("histogram"))
    yield case("histograms of one value", "t:3.14|d", "t:3.14|d", timer_histogram_mapping=mapped("histogram"))
    buckets = {"explicit_buckets": [{"matcher_pattern": "^foo.*", "buckets": [1, 10, 100]},
                                    {"matcher_pattern": "o$", "buckets": [0.5]}]}
    yield case("explicit buckets", *[f"{n}:{v}|ms" for n in ("foo.a", "foo", "o", "bar") for v in (0.5, 1, 1.5, 100, 1000, -1)],
               timer_histogram_mapping=mapped("histogram", "timing", histogram=buckets))
    yield case("explicit buckets with rates", "foo:5|ms|@0.1", "foo:500|ms|@0.25", timer_histogram_mapping=mapped("histogram", "timing", histogram=buckets))
    yield case("explicit buckets of distributions", "foo:5|d", "foo:7|h", timer_histogram_mapping=mapped("histogram", "distribution", histogram=buckets))

    def wrong(**more):
        return {"timer_histogram_mapping": [{"statsd_type": "timing", "observer_type": "histogram", **more}]}

    yield case("no interval", aggregation_interval="0s")
    yield case("an unknown counter_type", counter_type="double")
    yield case("an unknown statsd_type", **wrong(statsd_type="set"))
    yield case("an unknown observer_type", **wrong(observer_type="sum"))
    yield case("no observer_type", timer_histogram_mapping=[{"statsd_type": "timing"}])
    yield case("no statsd_type", timer_histogram_mapping=[{"observer_type": "gauge"}])
    yield case("max_size too small", **wrong(histogram={"max_size": 1}))
    yield case("max_size too large", **wrong(histogram={"max_size": 16385}))
    yield case("max_size of a gauge", **wrong(observer_type="gauge", histogram={"max_size": 10}))
    yield case("percentiles of a histogram", **wrong(summary={"percentiles": [1]}))
    yield case("a percentile beyond 100", **wrong(observer_type="summary", summary={"percentiles": [101]}))
    yield case("a pattern that is none", **wrong(histogram={"explicit_buckets": [{"matcher_pattern": "(", "buckets": [1]}]}))
    yield case("an empty pattern", **wrong(histogram={"explicit_buckets": [{"matcher_pattern": "", "buckets": [1]}]}))
    yield case("no buckets", **wrong(histogram={"explicit_buckets": [{"matcher_pattern": "a", "buckets": []}]}))
    yield case("bounds that descend", **wrong(histogram={"explicit_buckets": [{"matcher_pattern": "a", "buckets": [2, 1]}]}))
    yield case("a bound that comes twice", **wrong(histogram={"explicit_buckets": [{"matcher_pattern": "a", "buckets": [1, 1]}]}))
    yield case("an unknown key", agregation_interval="1s")
