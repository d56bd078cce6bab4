# SPDX-License-Identifier: Apache-2.0
"""CloudWatch Logs, X-Ray, STS and SSM on loopback, as strict as AWS: every request is checked against botocore's model of
the service (protocol, members, types, lengths, patterns), its signature with botocore's Signature Version 4, and what
the model cannot say by the limits that the API reference names. Whatever is wrong is in `faults`.

    with AwsDouble() as double:
        ... AWS_ENDPOINT_URL or `endpoint` is double.url, the environment is double.environment(home) ...
        double.fail("PutLogEvents", error("ThrottlingException"), times=2)
        double.wait(lambda: len(double.calls_of("PutLogEvents")) >= 3, "three calls")
        assert double.messages("/app", "stream") == [...]
"""

import json
import re
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.validate import ParamValidator

from e2e.aws import Answer, Aws, Keys, environment

SERVICES = ("logs", "xray", "ssm")
KEYS = Keys("AKIDEXAMPLE", "a secret key", "a session token")
REGION = "eu-central-1"
DAY_MS = 86_400_000
_models = {}


def model(service):
    if service not in _models:
        _models[service] = botocore.session.get_session().get_service_model(service)
    return _models[service]


@dataclass
class Call:
    service: str
    operation: str
    params: dict
    request: object  # e2e.aws.Request

    @property
    def header(self):
        return self.request.header


@dataclass
class Group:
    tags: dict = field(default_factory=dict)
    retention: int = 0
    streams: dict = field(default_factory=dict)  # name -> list of (timestamp, message)


class Fault(Exception):
    """What the service answers with an error; `is_ours`: the client did something that no client should."""

    def __init__(self, code, message, status=400, is_ours=True):
        super().__init__(f"{code}: {message}")
        self.answer, self.is_ours = error(code, message, status), is_ours


def error(code, message="as the test wants it", status=None, headers=None, delay_s=0):
    """An error as AWS answers it; the status is by the code where it is not given."""
    if status is None:
        status = {"ServiceUnavailableException": 503, "InternalFailure": 500, "AccessDeniedException": 400}.get(code, 400)
    body = json.dumps({"__type": code, "message": message}).encode()
    return Answer(status, body, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code, **(headers or {})}, delay_s)


def slow(seconds):
    """The right answer, later."""
    return lambda call, answer: Answer(answer.status, answer.body, answer.headers, seconds)


# ---- against the model


def strict(shape, value, at=""):
    """What botocore's ParamValidator does not look at: the most that a length may be, patterns, enums."""
    meta = shape.metadata
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from strict(shape.members[name], member, f"{at}.{name}")
        return
    if shape.type_name == "list":
        for i, member in enumerate(value):
            yield from strict(shape.member, member, f"{at}[{i}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            yield from strict(shape.key, key, f"{at} key {key!r}")
            yield from strict(shape.value, member, f"{at}[{key!r}]")
    elif shape.type_name == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{at}: {value!r} is none of {shape.enum}"
        pattern = meta.get("pattern")
        if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value, re.DOTALL):
            yield f"{at}: {value!r} does not match {pattern}"
    size = value if isinstance(value, (int, float)) else len(value)
    if "max" in meta and size > meta["max"]:
        yield f"{at}: {size} is more than {meta['max']}"
    if "min" in meta and size < meta["min"]:
        yield f"{at}: {size} is less than {meta['min']}"


def check_params(operation, params):
    shape = operation.input_shape
    if shape is None:
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise Fault("ValidationException", report.generate_report())
    unknown = set(params) - set(shape.members)
    wrong = [f"unknown member {name}" for name in unknown] or list(strict(shape, params))
    if wrong:
        raise Fault("ValidationException", "; ".join(wrong[:5]))


def decode(request):
    """The operation of a signed request, and its parameters."""
    if request.service not in SERVICES:
        raise Fault("UnrecognizedClientException", f"signed for {request.service!r}")
    service = model(request.service)
    path = urlsplit(request.path).path
    if request.method != "POST":
        raise Fault("UnknownOperationException", f"method {request.method}")
    try:
        params = json.loads(request.body)
    except ValueError as why:
        raise Fault("SerializationException", str(why)) from why
    if service.metadata["protocol"] == "json":
        wanted = f"application/x-amz-json-{service.metadata['jsonVersion']}"
        prefix, _, name = request.header("x-amz-target").partition(".")
        if prefix != service.metadata["targetPrefix"] or name not in service.operation_names or path != "/":
            raise Fault("UnknownOperationException", f"{request.header('x-amz-target')!r} at {path}")
    else:
        wanted = "application/json"
        routes = {service.operation_model(n).http["requestUri"]: n for n in service.operation_names}
        name = routes.get(path)
        if name is None:
            raise Fault("UnknownOperationException", path)
    if request.header("content-type") != wanted:
        raise Fault("SerializationException", f"content-type {request.header('content-type')!r}")
    check_params(service.operation_model(name), params)
    return Call(request.service, name, params, request)


class AwsDouble(Aws):
    def __init__(self, tls=None, keys=KEYS, address=("127.0.0.1", 0)):
        super().__init__(tls, address)
        self.know(keys)
        self.keys = keys
        self.calls = []  # of Call, those that were refused on demand, too
        self.faults = []  # what was wrong with requests
        self.groups = {}  # CloudWatch Logs, by name
        self.segments = []  # X-Ray: documents that were taken
        self.telemetry = []
        self.parameters = {}  # SSM
        self._plans = {}

    def environment(self, home, **more):
        return environment(home, AWS_ACCESS_KEY_ID=self.keys.id, AWS_SECRET_ACCESS_KEY=self.keys.secret,
                           AWS_SESSION_TOKEN=self.keys.token, AWS_REGION=REGION, **more)

    # ---- what a test says and asks

    def fail(self, operation, answer, times=1):
        """`answer` (an Answer, or a function of the call and the right answer) in place of the right one. It comes
        before anything is taken, unless it is a function: that comes behind."""
        self._plans.setdefault(operation, []).extend([answer] * times)

    def fail_no_more(self, operation):
        self._plans.pop(operation, None)

    def calls_of(self, *operations):
        return [call for call in list(self.calls) if call.operation in operations]

    def operations(self):
        return [call.operation for call in list(self.calls)]

    def messages(self, group, stream):
        return [message for _, message in self.groups[group].streams[stream]]

    def events(self):
        return [event for group in self.groups.values() for events in group.streams.values() for event in events]

    def wait(self, condition, what, timeout_s=20):
        super().wait(lambda: self.faults or condition(), what, timeout_s)
        assert not self.faults, self.faults

    # ---- what it answers

    def _refuse(self, fault):
        code, _, message = fault.partition(": ")
        return error(code, message, 403 if "Signature" in code else 400)

    def _service(self, request):
        request.fault = self._fault(request, self.url.partition(":")[0])
        with self._changed:
            self.requests.append(request)
        if request.fault:
            return self._refuse(request.fault)
        with self._changed:
            try:
                call = decode(request)
                self.calls.append(call)
                plan = self._plans.get(call.operation)
                told = plan.pop(0) if plan else None
                if isinstance(told, Answer):
                    return told
                answer = getattr(self, "_do_" + call.operation, self._unknown)(call.params)
                answer = Answer(200, json.dumps(answer).encode() if answer is not None else b"",
                                {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": "a-request"})
                return told(call, answer) if told else answer
            except Fault as fault:
                if fault.is_ours:
                    self.faults.append(str(fault))
                return fault.answer

    @staticmethod
    def _unknown(_):
        raise Fault("UnknownOperationException", "the double does not do this")

    def _sts(self, request):
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        service = model("sts")
        action, version = form.pop("Action", ""), form.pop("Version", "")
        try:
            if action not in service.operation_names or version != service.api_version:
                raise Fault("InvalidAction", f"{action} of {version}")
            shape = service.operation_model(action).input_shape
            numbers = {name for name, member in shape.members.items() if member.type_name == "integer"}
            check_params(service.operation_model(action), {n: int(v) if n in numbers else v for n, v in form.items()})
        except Fault as fault:
            with self._changed:
                self.faults.append(str(fault))
            return self._sts_error(400, "ValidationError", str(fault))
        return super()._sts(request)

    # ---- CloudWatch Logs

    def _group(self, name):
        if name not in self.groups:
            raise Fault("ResourceNotFoundException", "The specified log group does not exist.", is_ours=False)
        return self.groups[name]

    def _do_CreateLogGroup(self, params):
        if params["logGroupName"] in self.groups:
            raise Fault("ResourceAlreadyExistsException", "The specified log group already exists", is_ours=False)
        self.groups[params["logGroupName"]] = Group(params.get("tags", {}))

    def _do_PutRetentionPolicy(self, params):
        days = params["retentionInDays"]
        if days not in (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653):
            raise Fault("InvalidParameterException", f"retention of {days} days")
        self._group(params["logGroupName"]).retention = days

    def _do_CreateLogStream(self, params):
        streams = self._group(params["logGroupName"]).streams
        if params["logStreamName"] in streams:
            raise Fault("ResourceAlreadyExistsException", "The specified log stream already exists", is_ours=False)
        streams[params["logStreamName"]] = []

    def _do_PutLogEvents(self, params):
        streams = self._group(params["logGroupName"]).streams
        if params["logStreamName"] not in streams:
            raise Fault("ResourceNotFoundException", "The specified log stream does not exist.", is_ours=False)
        events = [(event["timestamp"], event["message"]) for event in params["logEvents"]]
        sizes = [len(message.encode()) + 26 for _, message in events]
        now = int((time.time() + self.clock_s) * 1000)
        too_old = sum(at < now - 14 * DAY_MS for at, _ in events)
        too_new = sum(at > now + 7_200_000 for at, _ in events)
        valid = events[too_old:len(events) - too_new]
        if events != sorted(events, key=lambda event: event[0]):
            raise Fault("InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.")
        if sum(sizes) > 1_048_576 or max(sizes) > 1_048_576:
            raise Fault("InvalidParameterException", f"Upload too large: {sum(sizes)} bytes exceeds limit of 1048576")
        if valid and valid[-1][0] - valid[0][0] > DAY_MS:
            raise Fault("InvalidParameterException", "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
        streams[params["logStreamName"]] += valid
        info = {}
        if too_old:
            info["tooOldLogEventEndIndex"] = too_old
        if too_new:
            info["tooNewLogEventStartIndex"] = len(events) - too_new
        return {"nextSequenceToken": "1", **({"rejectedLogEventsInfo": info} if info else {})}

    # ---- X-Ray

    def _do_PutTraceSegments(self, params):
        if len(params["TraceSegmentDocuments"]) > 50:
            raise Fault("InvalidRequestException", "more than 50 documents")
        unprocessed = []
        for text in params["TraceSegmentDocuments"]:
            document = json.loads(text)
            what = self._segment_fault(document, text)
            if what:
                self.faults.append(f"segment {document.get('id')}: {what}")
                unprocessed.append({"Id": document.get("id", ""), "ErrorCode": "InvalidSegment", "Message": what})
            else:
                self.segments.append(document)
        return {"UnprocessedTraceSegments": unprocessed}

    @staticmethod
    def _segment_fault(document, text):
        if len(text.encode()) > 65536:
            return "larger than 64 KiB"
        if not re.fullmatch("[0-9a-f]{16}", document.get("id", "")):
            return "no id"
        if not re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", document.get("trace_id", "")):
            return "no trace_id"
        if not 1 <= len(document.get("name", "")) <= 200 or re.search(r"[^\w\s.:/%&#=+\-@]", document["name"]):
            return "name"
        if not isinstance(document.get("start_time"), (int, float)) or not ("end_time" in document or document.get("in_progress")):
            return "times"
        return ""

    def _do_PutTelemetryRecords(self, params):
        self.telemetry += params["TelemetryRecords"]
        return {}

    def _do_GetSamplingRules(self, _):
        return {"SamplingRuleRecords": []}

    def _do_GetSamplingTargets(self, _):
        return {"SamplingTargetDocuments": [], "LastRuleModification": 0, "UnprocessedStatistics": []}

    # ---- SSM

    def _parameter(self, name):
        if name not in self.parameters:
            raise Fault("ParameterNotFound", name, is_ours=False)
        return {"Name": name, "Type": "String", "Value": self.parameters[name], "Version": 1}

    def _do_GetParameter(self, params):
        return {"Parameter": self._parameter(params["Name"])}

    def _do_GetParameters(self, params):
        found = [name for name in params["Names"] if name in self.parameters]
        return {"Parameters": [self._parameter(name) for name in found],
                "InvalidParameters": [name for name in params["Names"] if name not in found]}
