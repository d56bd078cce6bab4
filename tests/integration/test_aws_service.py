# SPDX-License-Identifier: Apache-2.0
"""services/aws through its first user, sigv4auth: OTLP to a backend that verifies every signature with botocore, with
credentials from each link of the chain."""

import json
import re
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("botocore", reason="no botocore: tests/integration/setup python installs it")

from e2e import aws as doubles
from e2e import certificates, config
from e2e.aws import Answer, Aws, Keys, credentials
from e2e.samples import everything, small
from e2e.senders import GrpcSender
from e2e.signals import TRACES

pytestmark = [pytest.mark.export, pytest.mark.grpc, pytest.mark.component("sigv4auth")]

REGION = "eu-west-1"
RETRY = {"retry_on_failure": {"initial_interval": "50ms", "max_interval": "100ms"}}
STATIC = Keys("AKIASTATIC", "a/secret+key")


@pytest.fixture
def aws():
    with Aws() as double:
        yield double


class _Endpoint:
    """What config.otlp_http wants of a sink."""

    http_endpoint = ""


@pytest.fixture
def start(program, collectors, tmp_path):
    def start(aws, extension=None, variables=None, ready=True, **exporter):
        settings = {"service": "xray", "region": REGION, **(extension or {})}
        exporter = {"auth": {"authenticator": "sigv4auth"}, "endpoint": aws.url, **RETRY, **exporter}
        built = config.tree(program, config.otlp_http(_Endpoint, **exporter), signals=("traces",))
        built["extensions"] = {"sigv4auth": settings}
        built["service"]["extensions"] = ["sigv4auth"]
        return collectors(built, ready=ready, env=doubles.environment(tmp_path, **(variables or {})))

    return start


def send(collector, request):
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(TRACES, request)
    return TRACES.items(request)


def static(keys=STATIC):
    return {"AWS_ACCESS_KEY_ID": keys.id, "AWS_SECRET_ACCESS_KEY": keys.secret, "AWS_SESSION_TOKEN": keys.token}


# ---- Signatures on the wire


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_signed_batch_arrives(start, aws, compression):
    aws.know(STATIC)
    collector = start(aws, variables=static(), compression=compression)
    aws.wait_spans(send(collector, everything(TRACES)))
    request = aws.good()[0]
    assert (request.service, request.region) == ("xray", REGION)
    assert request.path == "/v1/traces"
    signed = request.header("authorization")
    assert "content-type;" in signed and ("content-encoding;" in signed) == (compression == "gzip")
    assert not [r.fault for r in aws.requests if r.fault]


def test_a_large_batch_and_a_session_token(start, aws):
    keys = aws.know(Keys("ASIATEMP", "s", "t/+=" * 300))
    collector = start(aws, variables=static(keys))
    aws.wait_spans(send(collector, small(TRACES, 20000)))
    assert len(aws.good()[0].body) > 1 << 20
    assert not [r.fault for r in aws.requests if r.fault]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/traces",
        "/",
        "/a%20b/traces",
        "/a%2Fb%2fc/traces",
        "/a/../b/./traces/",
        "/a//b/traces",
        "/traces/~user/%C3%A9/+/*",
        "/traces?b=2&a=1&a=0&c&d=",
        "/traces?x=%2F%20&y=a+b&z=~",
    ],
)
def test_odd_urls(start, aws, path):
    aws.know(STATIC)
    collector = start(aws, variables=static(), traces_endpoint=aws.url + path)
    send(collector, small(TRACES, 3))
    aws.wait(lambda: aws.requests, "a request")
    assert [request.fault for request in aws.requests] == [""]
    assert len(aws.requests[0].spans()) == 3


def test_headers_of_the_exporter_are_signed(start, aws):
    aws.know(STATIC)
    headers = {"x-aws-log-group": "my group ", "X-Custom": "a  b", "x-amz-meta": "ä"}
    collector = start(aws, variables=static(), headers=headers)
    aws.wait_spans(send(collector, small(TRACES)))
    signed = aws.good()[0].header("authorization")
    assert "x-aws-log-group" in signed and "x-custom" in signed and "x-amz-meta" in signed


def test_over_https_with_certificates_of_aws_ca_bundle(start, tmp_path):
    authority = certificates.make(tmp_path / "tls")
    with Aws(authority) as aws:
        keys = aws.know(Keys("AKIABASE", "base"))
        collector = start(
            aws,
            extension={"assume_role": {"arn": "arn:aws:iam::123456789012:role/x"}},
            variables={**static(keys), "AWS_CA_BUNDLE": authority.path("ca.crt"), "AWS_ENDPOINT_URL_STS": aws.url},
            tls={"ca_file": authority.path("ca.crt")},
        )
        aws.wait_spans(send(collector, small(TRACES)))
        assert aws.forms[0]["Action"] == "AssumeRole"


def test_without_a_service_it_is_said_what_to_set(start, aws):
    aws.know(STATIC)
    collector = start(aws, extension={"service": ""}, variables=static())
    send(collector, small(TRACES))
    collector.wait_line("the service that a request is signed for is not known", "what to set")
    collector.stop()
    assert not aws.requests


# ---- Credentials


def test_credentials_of_a_container_are_renewed(start, aws):
    first = aws.know(Keys("ASIAFIRST", "1", "first", time.time() + 62))
    second = aws.know(Keys("ASIASECOND", "2", "second", time.time() + 3600))
    aws.answers["/creds"] = [credentials(first), credentials(second)]
    variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url + "/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret"}
    collector = start(aws, variables=variables)
    aws.wait_spans(send(collector, small(TRACES)))
    assert aws.asked[0].header("authorization") == "secret"
    assert len(aws.asked) == 1
    collector.wait_line("AWS credentials were obtained", "where they come from")
    first.expires = time.time() - 1  # revoked before its time
    time.sleep(10.5)  # what came just now is not asked for again at once
    aws.wait_spans(1 + send(collector, small(TRACES)))
    assert aws.good()[-1].keys.id == "ASIASECOND"
    assert [r.fault.partition(":")[0] for r in aws.requests] == ["", "ExpiredTokenException", ""]


def test_one_fetch_serves_many_requests(start, aws):
    keys = aws.know(Keys("ASIA", "1", "t", time.time() + 3600))
    aws.answers["/creds"] = [lambda request: (time.sleep(0.5), credentials(keys))[1]]
    collector = start(aws, variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url + "/creds"})
    sent = sum(send(collector, small(TRACES, 2)) for _ in range(8))
    aws.wait_spans(sent)
    assert len(aws.asked) == 1


def test_telemetry_waits_for_credentials_that_come_late(start, aws):
    keys = aws.know(Keys("ASIA", "1", "t", time.time() + 3600))
    refused = Answer(500, b'{"code":"InternalError","message":"agent is starting"}')
    aws.answers["/creds"] = [refused] * 4 + [credentials(keys)]
    collector = start(aws, variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url + "/creds"})
    sent = send(collector, small(TRACES, 5))
    line = collector.wait_line("aws.no_credentials|There are no AWS credentials", "why there are none")
    assert "environment: AWS_ACCESS_KEY_ID is not set" in line.text
    assert "HTTP 500, the endpoint says InternalError: agent is starting" in line.text
    aws.wait_spans(sent)


def test_a_silent_endpoint_is_bounded(start, aws):
    keys = aws.know(Keys("ASIA", "1", "t", time.time() + 3600))
    aws.answers["/creds"] = [Answer(200, delay_s=30), credentials(keys)]
    collector = start(aws, variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url + "/creds"})
    aws.wait_spans(send(collector, small(TRACES)))


def test_an_endpoint_in_clear_text_elsewhere_is_not_asked(start, aws):
    collector = start(aws, variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.invalid/creds"})
    line = collector.wait_line("There are no AWS credentials", "why there are none")
    assert "over http:// credentials are fetched from this machine" in line.text


def test_credentials_of_an_instance(start, aws):
    keys = aws.know(Keys("ASIAEC2", "1", "t", time.time() + 3600))

    def with_token(answer):
        return lambda request: answer if request.header("x-aws-ec2-metadata-token") == "imds" else Answer(401)

    roles = "/latest/meta-data/iam/security-credentials/"
    aws.answers = {
        "/latest/api/token": [lambda request: Answer(200, b"imds") if request.method == "PUT" else Answer(405)],
        roles: [with_token(Answer(200, b"my-role"))],
        roles + "my-role": [with_token(credentials(keys, Code="Success"))],
        "/latest/meta-data/placement/region": [with_token(Answer(200, b"ap-south-1"))],
    }
    variables = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.url, "AWS_EC2_METADATA_DISABLED": "false"}
    collector = start(aws, extension={"region": ""}, variables=variables)
    aws.wait_spans(send(collector, small(TRACES)))
    assert aws.good()[0].region == "ap-south-1"
    assert len([r for r in aws.asked if r.path == "/latest/api/token"]) == 1


def test_on_ecs_the_region_is_the_task_s(start, aws):
    aws.know(STATIC)
    task = {"Cluster": "default", "TaskARN": "arn:aws:ecs:us-west-2:111122223333:task/default/158d1c80", "Family": "f"}
    aws.answers["/v4/abc/task"] = [Answer(200, json.dumps(task).encode())]
    variables = {**static(), "ECS_CONTAINER_METADATA_URI_V4": aws.url + "/v4/abc"}
    collector = start(aws, extension={"region": ""}, variables=variables)
    aws.wait_spans(send(collector, small(TRACES)))
    assert aws.good()[0].region == "us-west-2"


def test_a_role_on_top_of_a_profile(start, aws, tmp_path):
    base = aws.know(Keys("AKIAFILE", "of/the+file"))
    files = tmp_path / ".aws"
    files.mkdir()
    (files / "credentials").write_text(
        f"[work]\naws_access_key_id = {base.id}\naws_secret_access_key = {base.secret}\n"
    )
    (files / "config").write_text(
        "[profile p]\nregion = eu-central-1\nrole_arn = arn:aws:iam::1:role/one\nsource_profile = work\n"
    )
    role = {"arn": "arn:aws:iam::2:role/two", "external_id": "e&x=1", "session_name": "me@here"}
    collector = start(
        aws, extension={"assume_role": role}, variables={"AWS_PROFILE": "p", "AWS_ENDPOINT_URL_STS": aws.url}
    )
    aws.wait_spans(send(collector, small(TRACES)))
    assert [form["RoleArn"] for form in aws.forms] == ["arn:aws:iam::1:role/one", "arn:aws:iam::2:role/two"]
    assert aws.forms[1]["ExternalId"] == "e&x=1" and aws.forms[1]["RoleSessionName"] == "me@here"
    assert aws.good()[0].keys.secret == "of arn:aws:iam::2:role/two"


def test_a_web_identity(start, aws, tmp_path):
    (tmp_path / "token").write_text("ey.J+x/=\n")
    variables = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/web",
        "AWS_ENDPOINT_URL_STS": aws.url,
    }
    collector = start(aws, variables=variables)
    aws.wait_spans(send(collector, small(TRACES)))
    assert aws.forms[0]["Action"] == "AssumeRoleWithWebIdentity"
    assert aws.forms[0]["WebIdentityToken"] == "ey.J+x/="


def test_a_role_that_is_refused_names_the_permission(start, aws):
    aws.know(STATIC)
    denied = (
        "User: arn:aws:iam::1:user/u is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::2:role/two"
    )
    aws.answers["AssumeRole"] = [Aws._sts_error(403, "AccessDenied", denied)]
    collector = start(
        aws,
        extension={"assume_role": {"arn": "arn:aws:iam::2:role/two"}},
        variables={**static(), "AWS_ENDPOINT_URL_STS": aws.url},
    )
    line = collector.wait_line("STS refused the role", "what to add to which policy")
    assert json.loads(line.fields["statement"]) == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:aws:iam::2:role/two",
    }
    assert line.fields["principal"] == "arn:aws:iam::1:user/u"


def test_a_role_of_moto(start, aws):
    """STS as others wrote it: moto checks no signatures, but its answers are not ours."""
    server = Path(sys.executable).parent / "moto_server"
    if not server.exists():
        pytest.skip("no moto_server: tests/integration/setup python installs it")
    aws.know(STATIC)
    role = {"arn": "arn:aws:iam::123456789012:role/x"}
    with doubles.moto(server) as url:
        collector = start(
            aws, extension={"assume_role": role}, variables={**static(), "AWS_ENDPOINT_URL_STS": url}
        )
        send(collector, small(TRACES))
        aws.wait(lambda: aws.requests, "a request")
    assert aws.requests[0].header("x-amz-security-token")
    assert "Credential=ASIA" in aws.requests[0].header("authorization")


# ---- The clock


def test_a_wrong_clock_is_corrected(start, aws):
    aws.know(STATIC)
    aws.clock_s = 7200
    collector = start(aws, variables=static())
    aws.wait_spans(send(collector, small(TRACES, 3)))
    assert len(aws.requests) == 2 and "Signature expired" in aws.requests[0].fault


# ---- Secrets


def test_no_secret_is_printed(start, aws):
    keys = aws.know(Keys("ASIASECRET", "the-secret-access-key", "the-session-token", time.time() + 3600))
    aws.answers["/creds"] = [credentials(keys)]
    echo = {"__type": "InvalidSignatureException", "message": "no. The Canonical String is the-session-token"}
    aws.service_answers = [Answer(400, json.dumps(echo).encode()), Answer(503, b"the-session-token")]
    variables = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url + "/creds",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "the-authorization-token",
    }
    collector = start(aws, variables=variables)
    send(collector, small(TRACES))
    collector.wait_line("Dropping data", "what became of a request that is refused")
    send(collector, small(TRACES))
    aws.wait(lambda: len(aws.requests) == 3, "a request that is tried again")
    collector.kill()
    assert not re.search("the-(secret|authorization)", collector.output())
