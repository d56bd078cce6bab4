# SPDX-License-Identifier: Apache-2.0
"""Spans of all kinds for the exporter awsxray, each with the config that it is sent under."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SPAN = bytes.fromhex("eee19b7ec3c1b174")
PARENT = bytes.fromhex("eee19b7ec3c1b173")
START = 1_700_000_000_250_000_000
END = 1_700_000_001_500_000_000
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
OK, ERROR = 1, 2

JAVA = """java.lang.IllegalStateException: state is not legal
\tat io.opentelemetry.sdk.trace.RecordEventsReadableSpanTest.recordException(RecordEventsReadableSpanTest.java:626)
\tat java.base/java.lang.reflect.Method.invoke(Unknown Source)
\tat native.call(Native Method)
Caused by: java.lang.IllegalArgumentException: bad argument
more of the message
\tat org.junit.platform.Descriptor.invoke(Descriptor.java:12)
\t... 3 more
Caused by: java.io.IOException
\tat a.b.C.d(C.java)"""
PYTHON = """Traceback (most recent call last):
  File "main.py", line 14, in <module>
    greet_many(['Chad', 'Dan', 1])
  File "/srv/app/greetings.py", line 2, in greet
    print('Hello, ' + who_to_greet(someone))
TypeError: must be str, not int

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "main.py", line 20, in run
    raise ValueError('more') from e
ValueError: more"""
PYTHON_CAUSE = """Traceback (most recent call last):
  File "bar.py", line 10, in greet_many
    greet(person)
TypeError: must be str, not int

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "main.py", line 14, in <module>
    greet_many(['Chad', 'Dan', 1])
ValueError: greet_many failed"""
JAVASCRIPT = """TypeError: Cannot read property 'value' of null
    at speedy (/home/gbusey/file.js:6:11)
    at makeFaster (/home/gbusey/file.js:5:3)
    at Object.<anonymous> (/home/gbusey/file.js:10:1)
    at node.js:906:3
    at Module.load (module.js)
    at async fn (file:///srv/app/x.js:12:7)"""
DOTNET = """System.FormatException: Input string was not in a correct format.
   at System.Number.ThrowOverflowOrFormatException(ParsingStatus status, TypeCode type)
   at System.Int32.Parse(String s)
   at MyNamespace.IntParser.Parse(String s) in C:\\apps\\MyNamespace\\IntParser.cs:line 11
   at MyNamespace.Program.Main(String[] args) in /srv/Program.cs:line 12"""
GO = """goroutine 19 [running]:
go.opentelemetry.io/otel/sdk/trace.recordStackTrace(0x0, 0x0)
\totel-go-core/opentelemetry-go/sdk/trace/span.go:323 +0x9b
go.opentelemetry.io/otel/sdk/trace.(*span).RecordError(0xc0003a6000, 0x14a5f00, 0xc00038c000)
\totel-go-core/opentelemetry-go/sdk/trace/span.go:302 +0x3fc
main.work(...)
\t/srv/main.go:25
created by main.main in goroutine 1
\t/srv/main.go:12 +0x1d0"""
PHP = """Exception: Thrown from grandparent
 at grandparent_func(test.php:56)
 at parent_func(test.php:51)
 at child_func(test.php:44)
 at {main}(test.php:63)
Caused by: Exception: Thrown from class A
 at A.baz(test.php:22)
 ... 1 more"""


def put(attributes, values):
    for key, value in values.items():
        put_value(attributes.add(key=key).value, value)


def put_value(to, value):
    if isinstance(value, bool):
        to.bool_value = value
    elif isinstance(value, int):
        to.int_value = value
    elif isinstance(value, float):
        to.double_value = value
    elif isinstance(value, bytes):
        to.bytes_value = value
    elif isinstance(value, list):
        to.array_value.SetInParent()
        for one in value:
            put_value(to.array_value.values.add(), one)
    elif isinstance(value, dict):
        to.kvlist_value.SetInParent()
        for key, one in value.items():
            put_value(to.kvlist_value.values.add(key=key).value, one)
    elif value is not None:
        to.string_value = value


class Case:
    def __init__(self, name, kind=SERVER, attributes=None, *, resource=None, config=None, parent=None, span="a span",
                 status=None, message="", events=(), links=(), end=END, trace=TRACE, state=""):
        self.name, self.config = name, config or {}
        request = ExportTraceServiceRequest()
        group = request.resource_spans.add()
        put(group.resource.attributes, {"service.name": "shop"} if resource is None else resource)
        to = group.scope_spans.add().spans.add(
            trace_id=trace, span_id=SPAN, name=span, kind=kind, start_time_unix_nano=START, end_time_unix_nano=end,
            trace_state=state)
        if parent or (parent is None and kind in (INTERNAL, CLIENT, PRODUCER)):
            to.parent_span_id = PARENT
        put(to.attributes, attributes or {})
        if status is not None:
            to.status.code = status
            to.status.message = message
        for event, values in events:
            put(to.events.add(name=event, time_unix_nano=START + 1000).attributes, values)
        for values in links:
            put(to.links.add(trace_id=TRACE[::-1], span_id=PARENT).attributes, values)
        self.request = request.SerializeToString(deterministic=True)


def exception(**more):
    """An event of an exception; its keys with "_" for "."."""
    return ("exception", {f"exception.{key}": value for key, value in more.items()})


def sdk(language, **more):
    return {"service.name": "shop", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": language,
            "telemetry.sdk.version": "1.2.3", **more}


AWS = {"service.name": "shop", "cloud.provider": "aws", "cloud.account.id": "123456789012",
       "cloud.availability_zone": "eu-central-1a", "cloud.region": "eu-central-1"}
ECS = AWS | {"cloud.platform": "aws_ecs", "aws.ecs.cluster.arn": "arn:aws:ecs:eu-central-1:123456789012:cluster/c",
             "aws.ecs.task.arn": "arn:aws:ecs:eu-central-1:123456789012:task/c/0123", "aws.ecs.task.family": "family",
             "aws.ecs.launchtype": "fargate", "aws.ecs.container.arn": "arn:aws:ecs:eu-central-1:123456789012:container/a"}
DYNAMODB = {"rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem", "aws.region": "us-east-1",
            "aws.table_name": "orders", "aws.request_id": "75107C82-EC8A-4F75"}


def http():
    old = {"http.method": "GET", "http.url": "https://api.example.com/users/junit", "http.status_code": 200}
    new = {"http.request.method": "POST", "url.full": "https://api.example.com/v2/orders?id=1",
           "http.response.status_code": 201, "server.address": "api.example.com", "server.port": 443}
    yield Case("http client", CLIENT, old)
    yield Case("http client, stable conventions", CLIENT, new)
    yield Case("http client of parts", CLIENT, {"http.method": "GET", "http.scheme": "https", "http.host": "foo.com",
                                                "http.target": "/users/junit?x=1", "http.status_code": 200})
    yield Case("http client by name and port", CLIENT, {"http.method": "GET", "http.scheme": "https",
                                                        "net.peer.name": "example.com", "net.peer.port": 9443,
                                                        "http.target": "/a"})
    yield Case("http client by address", CLIENT, {"http.method": "GET", "http.scheme": "http", "net.peer.ip": "10.8.17.36",
                                                  "net.peer.port": "8080", "http.target": "/a"})
    yield Case("http client with peer.service", CLIENT, {**old, "peer.service": "cats & dogs: *the* api"})
    yield Case("http client, long and odd name", CLIENT, {"http.method": "GET"}, span="GET /ä/{id}\t!?" + "x" * 220)
    yield Case("http server", SERVER, {"http.method": "GET", "http.scheme": "https", "http.host": "api.example.com",
                                       "http.target": "/users/junit", "http.client_ip": "192.168.15.32",
                                       "http.user_agent": "PostmanRuntime/7.21.0", "http.status_code": 200,
                                       "http.response_content_length": 452})
    yield Case("http server, stable conventions", SERVER,
               {"http.request.method": "GET", "url.scheme": "https", "server.address": "api.example.com",
                "server.port": 8443, "url.path": "/users", "url.query": "a=b", "client.address": "192.168.15.32",
                "network.peer.address": "10.0.0.1", "user_agent.original": "curl/8", "http.response.status_code": 204,
                "http.response.body.size": 12})
    yield Case("http server by its own name", SERVER, {"http.method": "GET", "http.scheme": "https",
                                                       "http.server_name": "api.example.com", "net.host.port": 9443,
                                                       "http.target": "/users/junit"})
    yield Case("http server by host name and port", SERVER, {"http.method": "GET", "http.scheme": "http",
                                                             "net.host.name": "kub-1", "net.host.port": 8080,
                                                             "http.target": "/users", "net.peer.ip": "10.2.3.4"})
    yield Case("http server with both addresses", SERVER, {"http.method": "GET", "http.client_ip": "1.2.3.4",
                                                           "net.peer.ip": "10.2.3.4", "net.sock.peer.addr": "10.2.3.5"})
    yield Case("http with only a status", SERVER, {"http.status_code": 302})
    yield Case("http with content length as text", CLIENT, {**old, "http.response_content_length": "12452"})
    yield Case("http content length from the message event", CLIENT, old,
               events=[("message", {"message.type": "RECEIVED", "messaging.message_payload_size_bytes": 4711})])
    for code in (400, 404, 418, 429, 499, 500, 503, 599):
        yield Case(f"http client answered {code}", CLIENT, {**old, "http.status_code": code}, status=ERROR)
    yield Case("http server answered 500 with a message", SERVER, {"http.method": "GET", "http.status_code": 500},
               status=ERROR, message="it broke")
    yield Case("http 404 that the span calls fine", SERVER, {"http.method": "GET", "http.status_code": 404}, status=OK)
    yield Case("http status as text", CLIENT, {**old, "http.status_code": "503"})


def database():
    sql = {"db.system": "mysql", "db.name": "customers", "db.statement": "SELECT * FROM user WHERE user_id = ?",
           "db.user": "readonly_user", "db.connection_string": "mysql://db.example.com:3306"}
    yield Case("sql", CLIENT, sql, span="SELECT customers")
    yield Case("sql without connection string", CLIENT, {k: v for k, v in sql.items() if k != "db.connection_string"})
    yield Case("sql at an address", CLIENT, {**sql, "net.peer.name": "db.example.com"})
    yield Case("sql with a jdbc url", CLIENT, {**sql, "db.connection_string": "jdbc:postgresql://db.example.com:5432",
                                               "db.system": "postgresql"})
    yield Case("sql, unreadable connection string", CLIENT, {**sql, "db.connection_string": "a b://%zz"})
    for text in ("postgresql://user:pw@db.example.com:5432/customers", "Server=db.example.com;Database=x;Uid=u;",
                 "localhost:3306", "db.example.com:5432/customers", "//db.example.com/x", "mysql://[::1]:3306", "mysql:///x",
                 "mysql://db.example.com:port/", "tcp(127.0.0.1:3306)/db", "mysql://a%20b/x", "mysql://a b/x", ""):
        yield Case(f"sql at {text!r}", CLIENT, {**sql, "db.connection_string": text})
    yield Case("redis is no sql", CLIENT, {"db.system": "redis", "db.statement": "GET x", "db.name": "0",
                                           "db.redis.database_index": 3})
    yield Case("sql, stable conventions", CLIENT, {"db.system.name": "postgresql", "db.namespace": "customers",
                                                   "db.query.text": "SELECT 1", "server.address": "db.example.com"})
    for system in ("other_sql", "mssql", "sqlite", "mongodb", "cassandra"):
        yield Case(f"database {system}", CLIENT, {"db.system": system, "db.name": "n", "db.statement": "s"})


def aws():
    yield Case("dynamodb", CLIENT, DYNAMODB, span="DynamoDB.GetItem")
    yield Case("dynamodb with several tables", CLIENT,
               {**{k: v for k, v in DYNAMODB.items() if k != "aws.table_name"},
                "aws.dynamodb.table_names": ["a", "b"]})
    yield Case("dynamodb with one table in a list", CLIENT,
               {**{k: v for k, v in DYNAMODB.items() if k != "aws.table_name"}, "aws.dynamodb.table_names": ["a"]})
    yield Case("sqs", CLIENT, {"rpc.system": "aws-api", "rpc.service": "SQS", "rpc.method": "SendMessage",
                               "aws.queue_url": "https://sqs.eu-central-1.amazonaws.com/123456789012/q",
                               "aws.requestId": "r-1"})
    yield Case("sqs by other names", PRODUCER, {"rpc.system": "aws-api", "aws.service": "SQS", "aws.operation": "SendMessage",
                                                "aws.queue.url": "https://q", "messaging.url": "https://other"})
    yield Case("s3", CLIENT, {"rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": "PutObject",
                              "http.method": "PUT", "http.status_code": 200, "http.url": "https://b.s3.amazonaws.com/k"})
    yield Case("aws.service without rpc.system", CLIENT, {"aws.service": "S3", "aws.operation": "GetObject"})
    yield Case("an aws api in another account", CLIENT, {**DYNAMODB, "aws.account_id": "210987654321"})
    yield Case("a failed request of an aws sdk", CLIENT, DYNAMODB, status=ERROR, events=[
        ("HTTP request failure", {"http.response.status_code": "503", "aws.http.error_message": "ThrottlingException"}),
        ("HTTP request failure", {"http.response.status_code": "500", "aws.http.error_message": "Internal"})])
    yield Case("a failed request of an aws sdk without its code", CLIENT, DYNAMODB, status=ERROR, events=[
        ("HTTP request failure", {"http.status_code": 503, "aws.http.error_message": "ThrottlingException"})])
    yield Case("a failed request of another sdk", CLIENT, {"rpc.system": "grpc"}, status=ERROR, events=[
        ("HTTP request failure", {"http.response.status_code": "503", "aws.http.error_message": "no"})])
    yield Case("an aws sdk's remote service", CLIENT, DYNAMODB | {"aws.remote.service": "AWS.SDK.DynamoDB"})
    yield Case("a remote service that only looks like an aws sdk's", CLIENT, {"aws.remote.service": "AWS.SDK.DynamoDB"})
    yield Case("ecs on fargate", SERVER, {"aws.operation": "o"}, resource=ECS | {
        "container.name": "web", "container.id": "0123456789ab", "container.image.tag": "v7"})
    yield Case("ecs on ec2", SERVER, resource=ECS | {"aws.ecs.launchtype": "ec2", "host.id": "i-0123",
                                                     "host.type": "t3.small", "host.image.id": "ami-1"})
    yield Case("ecs without launch type", SERVER,
               resource={k: v for k, v in ECS.items() if k != "aws.ecs.launchtype"})
    yield Case("ecs, client span", CLIENT, resource=ECS)
    yield Case("ec2", SERVER, resource=AWS | {"cloud.platform": "aws_ec2", "host.id": "i-0123", "host.type": "t3.small",
                                              "host.image.id": "ami-1"})
    yield Case("eks", SERVER, resource=AWS | {"cloud.platform": "aws_eks", "k8s.cluster.name": "production",
                                              "k8s.pod.name": "pod-1", "k8s.namespace.name": "ns",
                                              "k8s.deployment.name": "my-deployment", "container.id": "0123",
                                              "container.name": "web", "host.id": "i-0123"})
    yield Case("beanstalk", SERVER, resource=AWS | {"cloud.platform": "aws_elastic_beanstalk",
                                                    "service.namespace": "production", "service.instance.id": "32",
                                                    "service.version": "2.1.4"})
    yield Case("beanstalk with an odd deployment", SERVER, resource=AWS | {
        "cloud.platform": "aws_elastic_beanstalk", "service.namespace": "production", "service.instance.id": "one"})
    yield Case("apprunner", SERVER, resource=AWS | {"cloud.platform": "aws_app_runner"})
    yield Case("lambda", SERVER, {"faas.id": "arn:aws:lambda:eu-central-1:123456789012:function:f"},
               resource=AWS | {"cloud.platform": "aws_lambda", "faas.name": "f"})
    yield Case("another provider", SERVER, resource={"service.name": "s", "cloud.provider": "gcp",
                                                     "cloud.platform": "gcp_compute_engine", "host.id": "1"})
    yield Case("no provider", SERVER, {"aws.operation": "o"}, resource={"service.name": "s", "host.id": "i-9"})
    yield Case("log groups of the resource", SERVER, resource=ECS | {
        "aws.log.group.names": ["/ecs/a", "/ecs/b"]})
    yield Case("log group arns before names", SERVER, resource=ECS | {
        "aws.log.group.names": ["/ecs/a"],
        "aws.log.group.arns": ["arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/b:*"]})
    yield Case("log groups of the config", SERVER, resource=AWS, config={"aws_log_groups": ["/a", "/b"]})
    yield Case("log groups of the resource before the config", SERVER, resource=AWS | {"aws.log.group.names": ["/r"]},
               config={"aws_log_groups": ["/a"]})
    yield Case("sdk", SERVER, resource=sdk("python", **{"telemetry.auto.version": "0.32"}))
    yield Case("sdk of x-ray", SERVER, resource={"service.name": "s", "telemetry.sdk.name": "X-Ray for Go",
                                                 "telemetry.sdk.language": "go", "telemetry.sdk.version": "1"})
    yield Case("service version", SERVER, resource={"service.name": "s", "service.version": "1.0"})
    yield Case("image tag as version", SERVER, resource={"service.name": "s", "container.image.tag": "v1"})


def causes():
    for language, stack, kind in (("java", JAVA, "java.lang.IllegalStateException"), ("python", PYTHON, "ValueError"),
                                  ("python", PYTHON_CAUSE, "ValueError"), ("javascript", JAVASCRIPT, "TypeError"),
                                  ("nodejs", JAVASCRIPT, "TypeError"), ("dotnet", DOTNET, "System.FormatException"),
                                  ("go", GO, "*errors.errorString"), ("php", PHP, "Exception"),
                                  ("ruby", "a.rb:1:in `x'", "RuntimeError"), ("", JAVA, "E")):
        name = f"exception, {language or 'no language'}"
        name += " with a direct cause" if stack is PYTHON_CAUSE else ""
        yield Case(name, SERVER, resource=sdk(language), status=ERROR, message="failed",
                   events=[exception(type=kind, message="state is not legal", stacktrace=stack)])
    for language in ("java", "python", "javascript", "dotnet", "go", "php"):
        yield Case(f"exception, {language}, no readable stack", SERVER, resource=sdk(language),
                   events=[exception(type="E", message="m", stacktrace="not a stack\n\n  at\n")])
    yield Case("two exceptions", SERVER, resource=sdk("java"), events=[
        exception(type="A", message="1", stacktrace=JAVA), ("other", {"a": 1}), exception(type="B", message="2")])
    yield Case("exception without message", SERVER, resource=sdk("java"), events=[exception(type="A")])
    yield Case("exception without type", SERVER, resource=sdk("java"), events=[exception(message="A")])
    yield Case("exception of a client", CLIENT, {"http.status_code": 500}, resource=sdk("java"), status=ERROR,
               events=[exception(type="A", message="1", stacktrace=JAVA)])
    yield Case("error without message", SERVER, status=ERROR)
    yield Case("error with a message", INTERNAL, status=ERROR, message="out of stock")
    yield Case("error of a client with a message", CLIENT, status=ERROR, message="refused")
    yield Case("error with its message in http", SERVER, {"http.status_text": "Not there", "http.status_code": 404},
               status=ERROR)


def rest():
    mixed = {"text": "a", "number": 5, "real": 1.5, "yes": True, "list": ["a", 1, False], "map": {"k": [1, {"x": None}]},
             "bytes": b"\x01\x02", "empty": "", "odd key/ä": "v", "nothing": None, "large": 2**53 + 1, "ö": 1}
    for kind in (0, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER):
        for parent in (False, True):
            yield Case(f"kind {kind} {'with' if parent else 'without'} parent", kind, parent=parent)
    yield Case("metadata of all types", SERVER, mixed)
    yield Case("metadata of a subsegment", INTERNAL, mixed, resource={"service.name": "s", "r": 1})
    yield Case("indexed attributes", SERVER, mixed, resource={"service.name": "s", "r.x": "v", "list": [1]}, config={
        "indexed_attributes": ["text", "number", "real", "yes", "list", "map", "odd key/ä", "otel.resource.r.x",
                               "missing", "otel.resource.list"]})
    yield Case("all attributes indexed", SERVER, mixed, resource={"service.name": "s", "r.x": "v", "list": [1]},
               config={"index_all_attributes": True})
    yield Case("annotations by attribute", SERVER, {**mixed, "aws.xray.annotations": ["text", "number", "missing"]})
    yield Case("metadata by namespace", SERVER, {"aws.xray.metadata.default": '{"a": [1, {"b": null}]}',
                                                 "aws.xray.metadata.mine": '{"x": "y"}', "plain": 1})
    yield Case("metadata by namespace that is not JSON", SERVER, {"aws.xray.metadata.mine": "no JSON", "plain": 1})
    yield Case("metadata by namespace that is no object", SERVER, {"aws.xray.metadata.a": "[1]", "aws.xray.metadata.b": '"x"',
                                                                  "aws.xray.metadata.c": "null", "aws.xray.metadata.d": 5,
                                                                  "aws.xray.metadata.": '{"k": 1}'})
    yield Case("user", SERVER, {"enduser.id": "alice"})
    yield Case("in progress", SERVER, {"aws.xray.inprogress": True}, end=0)
    yield Case("in progress, false", SERVER, {"aws.xray.inprogress": False})
    yield Case("traced", CLIENT, {"aws.xray.traced": True})
    yield Case("resource arn and retries", SERVER, {"aws.xray.retries": 3},
               resource={"service.name": "s", "aws.xray.resource_arn": "arn:aws:x"})
    yield Case("links", SERVER, links=[{}, {"a": "b", "n": 1, "l": [1, "x"], "f": 1.5, "m": {"a": 1}, "b": True}])
    yield Case("producer", PRODUCER, {"messaging.system": "kafka", "messaging.destination": "orders",
                                      "messaging.operation": "publish"}, span="orders publish")
    yield Case("consumer", CONSUMER, {"messaging.system": "rabbitmq", "messaging.destination.name": "orders"},
               span="orders process", parent=True)
    yield Case("sqs consumer", CONSUMER, {"messaging.system": "AmazonSQS", "messaging.url": "https://q"}, parent=True)
    yield Case("rpc client", CLIENT, {"rpc.system": "grpc", "rpc.service": "myservice.EchoService", "rpc.method": "Echo",
                                      "rpc.grpc.status_code": 14}, span="myservice.EchoService/Echo")
    yield Case("rpc server", SERVER, {"rpc.system": "grpc", "rpc.service": "myservice.EchoService", "rpc.method": "Echo"},
               resource={})
    yield Case("no service", SERVER, resource={})
    yield Case("no service, client at a host", CLIENT, {"http.host": "h.example.com"}, resource={})
    yield Case("no service, client at a peer", CLIENT, {"net.peer.name": "p.example.com"}, resource={})
    yield Case("name of nothing but bad characters", INTERNAL, span="!!!???", resource={})
    yield Case("no name", CLIENT, span="", resource={})
    yield Case("text with all that needs an escape", SERVER, {"t": "a\"b\\c\n\t\u0001\u007f</script>&\u2028é😀"})
    yield Case("trace id of another epoch", SERVER, trace=bytes.fromhex("00000001000000000000000000000002"))
    yield Case("trace id from the future", SERVER, trace=bytes.fromhex("ffffffff000000000000000000000002"))
    yield Case("trace state", SERVER, state="a=b,c=d")
    yield Case("peer service and remote service", CLIENT, {"peer.service": "p", "aws.remote.service": "r"})
    yield Case("local root, client", CLIENT, {"aws.span.kind": "LOCAL_ROOT", "aws.remote.service": "r",
                                              "aws.local.service": "l", "http.method": "GET"}, parent=True)
    yield Case("local root, server", SERVER, {"aws.span.kind": "LOCAL_ROOT", "aws.local.service": "l"})


def cases():
    return [*http(), *database(), *aws(), *causes(), *rest()]
