# SPDX-License-Identifier: Apache-2.0
"""AWS on loopback, as strict as AWS: a backend that verifies every signature with botocore, and endpoints of
credentials (container, EC2, STS) and metadata that answer as they are told."""

import datetime
import email.utils
import gzip
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

WAIT_S = 15
CLOCK_S = 300  # how far a signature's time may be off
NAMES = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION"


def environment(home, **variables):
    """An environment without credentials of whoever runs the tests; what is given is added."""
    clean = {name: "" for name in NAMES.split()}
    return {**clean, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "*", **variables}


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Keys:
    id: str
    secret: str
    token: str = ""
    expires: float = 0  # seconds since 1970; 0 = never

    def as_json(self):
        expires = {"Expiration": stamp(self.expires)} if self.expires else {}
        return {"AccessKeyId": self.id, "SecretAccessKey": self.secret, "Token": self.token, **expires}


@dataclass
class Request:
    method: str
    path: str  # as it came, with its query
    headers: list  # (name, value), as they came
    body: bytes
    fault: str = ""  # what is wrong with its signature
    keys: Keys = None

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def spans(self):
        body = gzip.decompress(self.body) if self.header("content-encoding") == "gzip" else self.body
        message = ExportTraceServiceRequest.FromString(body)
        return [span for r in message.resource_spans for s in r.scope_spans for span in s.spans]


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    delay_s: float = 0


class _Signer(botocore.auth.SigV4Auth):
    """botocore's signer over exactly the headers that a request says it has signed."""

    def __init__(self, keys, service, region, signed):
        super().__init__(Credentials(keys.id, keys.secret, keys.token or None), service, region)
        self._signed = signed

    def headers_to_sign(self, request):
        chosen = botocore.auth.HTTPHeaders()
        for name, value in request.headers.items():
            if name.lower() in self._signed:
                chosen[name.lower()] = value
        return chosen

    def recompute(self, request, timestamp):
        request.context["timestamp"] = timestamp
        return self.signature(self.string_to_sign(request, self.canonical_request(request)), request)


class _S3Signer(_Signer, botocore.auth.S3SigV4Auth):
    pass


class Aws:
    """One port for everything. Use as a context manager."""

    def __init__(self, tls=None, address=("127.0.0.1", 0)):
        self.known = {}  # by access key
        self.requests = []  # to services
        self.asked = []  # (method, path) of credentials and metadata
        self.forms = []  # of STS
        self.identity = "arn:aws:sts::123456789012:assumed-role/ecs-otel-task-role/task"  # of whoever asks STS
        self.clock_s = 0  # how far this clock is ahead of the machine's
        self.answers = {}  # path -> list of Answer, the last of which stays; for credentials and metadata
        self.service_answers = []  # for signed requests that are right, first come first served; then 200
        self._changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                outer._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_one

            def log_message(self, *arguments):
                pass

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + outer.clock_s, usegmt=True)

        self._server = ThreadingHTTPServer(address, Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.server_context().wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{address[0]}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def know(self, *all_keys):
        for keys in all_keys:
            self.known[keys.id] = keys
        return all_keys[0]

    # ---- what a test asks

    def wait(self, condition, what, timeout_s=WAIT_S):
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise AssertionError(f"{what} did not come; requests: {[(r.path, r.fault) for r in self.requests]}, "
                                     f"asked: {self.asked}")

    def good(self):
        return [request for request in self.requests if not request.fault]

    def wait_spans(self, count):
        self.wait(lambda: sum(len(r.spans()) for r in self.good() if "traces" in r.path) >= count, f"{count} spans")

    # ---- what it answers

    def _handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        # http.server reads headers as Latin-1; what AWS signs is their bytes, as UTF-8.
        headers = [(name, value.encode("latin-1").decode("utf-8")) for name, value in handler.headers.items()]
        request = Request(handler.command, handler.path, headers, handler.rfile.read(length))
        path = handler.path.partition("?")[0]
        try:
            if path in self.answers:
                answer = self._told(request, path)
            elif path == "/" and b"Action=" in request.body:
                answer = self._sts(request)
            else:
                answer = self._service(request)
        except Exception as error:  # a fault of the double is a fault of the test
            request.fault = f"the double failed: {error!r}"
            self.requests.append(request)
            answer = Answer(500)
        with self._changed:
            self._changed.notify_all()
        if answer.delay_s:
            time.sleep(answer.delay_s)
        handler.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)

    def _told(self, request, path):
        with self._changed:
            self.asked.append(request)
            answers = self.answers[path]
            answer = answers[0] if len(answers) == 1 else answers.pop(0)
        return answer(request) if callable(answer) else answer

    def _fault(self, request, scheme):
        """What AWS would object to, with its code; empty = nothing."""
        authorization = request.header("authorization")
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            return "MissingAuthenticationTokenException: no signature"
        parts = dict(part.strip().split("=", 1) for part in authorization.removeprefix("AWS4-HMAC-SHA256 ").split(","))
        access_key, day, region, service, terminator = parts["Credential"].split("/")
        keys = request.keys = self.known.get(access_key)
        if keys is None:
            return "UnrecognizedClientException: the security token is invalid"
        if request.header("x-amz-security-token") != keys.token:
            return "InvalidClientTokenId: wrong token"
        now = time.time() + self.clock_s
        if keys.expires and keys.expires < now:
            return "ExpiredTokenException: the security token has expired"
        timestamp = request.header("x-amz-date")
        then = datetime.datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(then - now) > CLOCK_S:
            return f"InvalidSignatureException: Signature expired: {timestamp} is now earlier than {stamp(now)}"
        signed = parts["SignedHeaders"].split(";")
        if signed != sorted(set(signed)) or "host" not in signed or terminator != "aws4_request" or timestamp[:8] != day:
            return "IncompleteSignatureException: its parts"
        signer = _S3Signer if service == "s3" else _Signer
        copy = AWSRequest(request.method, f"{scheme}://{request.header('host')}{request.path}", data=request.body)
        for name, value in request.headers:
            copy.headers.add_header(name, value)
        if signer(keys, service, region, signed).recompute(copy, timestamp) != parts["Signature"]:
            return "InvalidSignatureException: The request signature we calculated does not match"
        request.region, request.service = region, service
        return ""

    def _refuse(self, fault):
        code, _, message = fault.partition(": ")
        body = json.dumps({"__type": code, "message": message}).encode()
        return Answer(403, body, {"x-amzn-ErrorType": code, "Content-Type": "application/x-amz-json-1.1"})

    def _service(self, request):
        request.fault = self._fault(request, self.url.partition(":")[0])
        with self._changed:
            self.requests.append(request)
            if request.fault:
                return self._refuse(request.fault)
            return self.service_answers.pop(0) if self.service_answers else Answer()

    # ---- STS

    def _sts(self, request):
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        with self._changed:
            self.forms.append(form)
        action = form["Action"]
        if action in ("AssumeRole", "GetCallerIdentity"):
            fault = self._fault(request, self.url.partition(":")[0])
            if fault:
                code, _, message = fault.partition(": ")
                return self._sts_error(403, code, message)
        told = self.answers.get(action)
        if told:
            return told[0] if len(told) == 1 else told.pop(0)
        if action == "GetCallerIdentity":
            return Answer(200, f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result>
    <Arn>{escape(self.identity)}</Arn><UserId>AIDA</UserId><Account>{self.identity.split(":")[4]}</Account>
  </{action}Result>
</{action}Response>""".encode(), {"Content-Type": "text/xml"})
        keys = self.know(Keys(f"ASIA{len(self.forms):04d}", f"of {form['RoleArn']}", f"token{len(self.forms)}",
                              time.time() + self.clock_s + 3600))
        return Answer(200, f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/{escape(form['RoleSessionName'])}</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{keys.id}</AccessKeyId><SecretAccessKey>{escape(keys.secret)}</SecretAccessKey>
      <SessionToken>{keys.token}</SessionToken><Expiration>{stamp(keys.expires)}</Expiration>
    </Credentials>
  </{action}Result>
</{action}Response>""".encode(), {"Content-Type": "text/xml"})

    @staticmethod
    def _sts_error(status, code, message):
        body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
        return Answer(status, body.encode(), {"Content-Type": "text/xml"})


def credentials(keys, **more):
    """An answer of a container's or an instance's endpoint."""
    return Answer(200, json.dumps({**keys.as_json(), **more}).encode(), {"Content-Type": "application/json"})


@contextmanager
def moto(executable):
    """moto's server on a free port: its URL."""
    import socket
    import subprocess
    import sys

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Through this interpreter: the script names the one of where the packages were installed.
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, str(executable), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < deadline, "moto_server does not serve"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
