# SPDX-License-Identifier: Apache-2.0
"""Datagrams for the receiver awsxray, by name."""

import json

HEADER = '{"format":"json","version":1}\n'
TRACE = "1-5f84c7a1-e7d1852db8c4fd35d88bf49a"
ROOT = {"name": "shop", "id": "5f84c7a1e7d18520", "trace_id": TRACE, "start_time": 1700000000.25,
        "end_time": 1700000001.5}
HTTP = {"request": {"method": "GET", "url": "https://shop.example.com/a?b=c", "client_ip": "192.0.2.1",
                    "user_agent": "curl/8", "x_forwarded_for": True},
        "response": {"status": 200, "content_length": 1234}}
STACK = [{"path": "main.go", "line": 12, "label": "main.work"}, {"path": "x.go", "label": "run"}, {}]
EXCEPTION = {"id": "9a1b2c3d4e5f6071", "message": "out of stock", "type": "StockError", "remote": True,
             "truncated": 1, "skipped": 2, "cause": "9a1b2c3d4e5f6072", "stack": STACK}


def sub(number, **more):
    return {"name": f"part {number}", "id": f"{number:016x}", "start_time": 1700000000.5, "end_time": 1700000001,
            **more}


def documents():
    yield "the least", {k: v for k, v in ROOT.items() if k != "end_time"}
    yield "a segment", ROOT
    yield "digits of times", ROOT | {"start_time": 1700000000.123456, "end_time": 1700000000.1234567}
    yield "times with an exponent", ROOT | {"start_time": 1.7e9, "end_time": 1.70000000125e9}
    yield "in progress", {k: v for k, v in ROOT.items() if k != "end_time"} | {"in_progress": True}
    yield "all of http", ROOT | {"http": HTTP}
    for status in (100, 399, 404, 500, 99):
        yield f"http status {status}", ROOT | {"http": {"response": {"status": status}}}
    yield "content length as text", ROOT | {"http": {"response": {"status": 200, "content_length": "12"}}}
    yield "content length with a fraction", ROOT | {"http": {"response": {"content_length": 12.9}}}
    yield "an independent subsegment", ROOT | {"type": "subsegment", "parent_id": "0123456789abcdef",
                                               "namespace": "remote"}
    yield "a segment with a parent", ROOT | {"parent_id": "0123456789abcdef"}
    yield "namespace aws", ROOT | {"type": "subsegment", "parent_id": "0123456789abcdef", "namespace": "aws",
                                   "name": "DynamoDB", "aws": {"operation": "PutItem", "table_name": "t",
                                                               "region": "eu-central-1", "request_id": "r",
                                                               "retries": 2, "account_id": "1", "queue_url": "q"}}
    yield "namespace local", ROOT | {"type": "subsegment", "parent_id": "0123456789abcdef", "namespace": "local"}
    yield "an unknown namespace", ROOT | {"namespace": "other"}
    yield "where it runs", ROOT | {"origin": "AWS::ECS::Fargate", "aws": {
        "account_id": "123456789012",
        "ec2": {"instance_id": "i-1", "availability_zone": "eu-central-1a", "instance_size": "t3", "ami_id": "ami"},
        "ecs": {"container": "web", "container_id": "0123", "availability_zone": "eu-central-1b", "task_arn": "arn"},
        "elastic_beanstalk": {"environment_name": "prod", "version_label": "v2", "deployment_id": 32},
        "eks": {"cluster_name": "c", "pod": "p", "container_id": "0456"}}}
    yield "log groups", ROOT | {"aws": {"cloudwatch_logs": [{"log_group": "/a", "arn": "arn:a"}, {"log_group": "/b"}]}}
    yield "an SDK", ROOT | {"aws": {"xray": {"sdk": "X-Ray for Go", "sdk_version": "1.8"}}}
    yield "an SDK without a language", ROOT | {"aws": {"xray": {"sdk": "mine", "sdk_version": "1.8"}}}
    yield "an SDK with exceptions", ROOT | {"aws": {"xray": {"sdk": "X-Ray for Go"}}, "cause": {"exceptions": [EXCEPTION]}}
    yield "a cause", ROOT | {"fault": True, "cause": {"working_directory": "/srv", "paths": ["a"],
                                                      "exceptions": [EXCEPTION, {"id": "1234567890abcdef"}]}}
    yield "a cause that is an id", ROOT | {"error": True, "cause": "9a1b2c3d4e5f6071"}
    yield "a cause that is nothing", ROOT | {"cause": None}
    yield "a cause without exceptions", ROOT | {"cause": {}}
    yield "a cause that is a number", ROOT | {"cause": 5}
    yield "a cause and a good answer", ROOT | {"cause": {}, "http": {"response": {"status": 200}}}
    yield "a fault alone", ROOT | {"fault": True}
    for url in ("mysql://db.example.com:3306/customers?ssl=1", "jdbc:sqlite:test.db",
                "jdbc:postgresql://aawijb5u25wdoy.cpamxznpdoq8.us-west-2.rds.amazonaws.com:5432/ebdb",
                "postgresql://h/a/b", "no url", "mysql://host", ""):
        yield f"sql at {url!r}", ROOT | {"sql": {"url": url, "database_type": "MySQL", "user": "u",
                                                 "sanitized_query": "SELECT ?", "preparation": "call"}}
    yield "sql without url", ROOT | {"sql": {"database_type": "MySQL", "sanitized_query": "SELECT ?"}}
    yield "annotations", ROOT | {"annotations": {"text": "a", "whole": 5, "real": 1.5, "yes": True, "none": None,
                                                 "list": [1], "http.method": "mine"}, "http": HTTP}
    yield "metadata", ROOT | {"metadata": {"default": {"a": [1, {"b": None}], "é": "\"\\\n<>&\u2028"}, "other": {}}}
    yield "metadata that is no object", ROOT | {"metadata": {"default": 5}}
    yield "user, traced, arn, version", ROOT | {"user": "alice", "traced": True, "resource_arn": "arn:aws:x",
                                                "service": {"version": "1.2"}}
    yield "subsegments", ROOT | {"subsegments": [
        sub(1, subsegments=[sub(2, namespace="aws", http={"response": {"status": 400}}), sub(3)]),
        sub(4, namespace="remote", http=HTTP, cause={"exceptions": [EXCEPTION]}), sub(5, in_progress=True)]}
    yield "a cause above, a status below", ROOT | {"cause": {}, "subsegments": [
        sub(1, http={"response": {"status": 404}})]}
    yield "a subsegment without id", ROOT | {"subsegments": [{"name": "x", "start_time": 1}]}
    yield "a subsegment with a trace of its own", ROOT | {"subsegments": [sub(1, trace_id="1-00000001-" + "2" * 24)]}
    yield "links", ROOT | {"links": [{"trace_id": TRACE, "id": "0123456789abcdef", "attributes": {
        "a": "b", "n": 1, "r": 1.5, "l": [1, "x", True], "m": {"k": 1}}}]}
    for key in ("name", "id", "trace_id", "start_time"):
        yield f"no {key}", {k: v for k, v in ROOT.items() if k != key}
    yield "an id that is too short", ROOT | {"id": "0123"}
    yield "an id that is no hex", ROOT | {"id": "0123456789abcdeg"}
    yield "a trace id of another form", ROOT | {"trace_id": "5f84c7a1e7d1852db8c4fd35d88bf49a"}
    yield "upper case ids", ROOT | {"id": "0123456789ABCDEF"}
    yield "a name that is a number", ROOT | {"name": 5}
    yield "an unknown member", ROOT | {"precursor_ids": ["a"], "new": {"x": 1}}


def datagrams():
    made = {name: HEADER + json.dumps(document) for name, document in documents()}
    body = json.dumps(ROOT)
    return made | {
        "a header with blanks": '{"format": "json", "version": 1}\n' + body,
        "a header in capitals": '{"format":"JSON","version":1,"more":2}\n' + body,
        "another version": '{"format":"json","version":2}\n' + body,
        "another format": '{"format":"xml","version":1}\n' + body,
        "no header": body,
        "a header that is no JSON": "json\n" + body,
        "no document": HEADER,
        "a document that is no JSON": HEADER + "{",
        "a document that is no object": HEADER + "[]",
        "two documents": HEADER + body + "\n" + body,
    }
