# SPDX-License-Identifier: Apache-2.0
"""The double of AWS is as strict as it says: what boto3 sends is right, and each mistake is found."""

import time

import pytest

boto3 = pytest.importorskip("boto3", reason="no boto3: tests/integration/setup python installs it")

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from e2e.aws import Keys
from e2e.aws_double import KEYS, REGION, AwsDouble, Group, error

pytestmark = pytest.mark.process
NOW_MS = int(time.time() * 1000)


@pytest.fixture
def double():
    with AwsDouble() as it:
        it.groups["g"] = Group(streams={"s": []})
        yield it


def client(double, service, keys=KEYS):
    return boto3.client(
        service,
        REGION,
        endpoint_url=double.url,
        aws_access_key_id=keys.id,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token or None,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def put(double, *events, keys=KEYS):
    listed = [{"timestamp": at, "message": message} for at, message in events]
    return client(double, "logs", keys).put_log_events(logGroupName="g", logStreamName="s", logEvents=listed)


def raw(double, body, **headers):
    """A request that is signed and may be anything else."""
    wanted = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.PutLogEvents"}
    wanted |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("POST", double.url + "/", data=body, headers=wanted)
    SigV4Auth(Credentials(KEYS.id, KEYS.secret, KEYS.token), "logs", REGION).add_auth(request)
    return URLLib3Session().send(request.prepare()).status_code


def test_what_boto3_sends_is_right(double):
    logs, xray, ssm = (client(double, service) for service in ("logs", "xray", "ssm"))
    logs.create_log_group(logGroupName="h", tags={"a": "b"})
    logs.put_retention_policy(logGroupName="h", retentionInDays=7)
    logs.create_log_stream(logGroupName="h", logStreamName="s")
    assert put(double, (NOW_MS, "a"), (NOW_MS, "b"))["nextSequenceToken"]
    document = '{"id":"0000000000000001","trace_id":"1-5b8efff7-98038103d269b633813fc60c","name":"x","start_time":1,"end_time":2}'
    assert xray.put_trace_segments(TraceSegmentDocuments=[document])["UnprocessedTraceSegments"] == []
    double.parameters["/a"] = "b"
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "b"
    role = client(double, "sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/x", RoleSessionName="me")
    assert put(double, (NOW_MS, "c"), keys=Keys(*[role["Credentials"][n] for n in ("AccessKeyId", "SecretAccessKey", "SessionToken")]))
    assert double.messages("g", "s") == ["a", "b", "c"] and not double.faults


@pytest.mark.parametrize(
    "events, part",
    [
        ([(NOW_MS, "b"), (NOW_MS - 1, "a")], "chronological"),
        ([(NOW_MS, "x" * 600_000), (NOW_MS, "x" * 600_000)], "Upload too large"),
        ([(NOW_MS - 86_400_001, "a"), (NOW_MS, "b")], "24 hours"),
        ([(NOW_MS, "")], "message"),
        ([], "logEvents"),
        ([(-1, "x")], "timestamp"),
    ],
)
def test_calls_that_aws_would_refuse_are_faults(double, events, part):
    with pytest.raises(ClientError):
        put(double, *events)
    assert len(double.faults) == 1 and part in double.faults[0]
    assert double.events() == []


@pytest.mark.parametrize(
    "body, headers",
    [
        (b"no JSON", {}),
        (b'{"logGroupName":"g","logStreamName":"s","logEvents":[],"more":1}', {}),
        (b'{"logGroupName":"g g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"x"}]}', {}),
        (b'{"logGroupName":"g","logStreamName":"s:","logEvents":[{"timestamp":1,"message":"x"}]}', {}),
        (b"{}", {"X_Amz_Target": "Logs_20140328.PutEverything"}),
        (b"{}", {"Content_Type": "application/json"}),
    ],
)
def test_requests_that_are_not_of_the_model_are_faults(double, body, headers):
    assert raw(double, body, **headers) == 400
    assert len(double.faults) == 1


def test_roles_are_assumed_with_parameters_of_the_model_only(double):
    sts = client(double, "sts")
    for role, name in (("x", "me"), ("arn:aws:iam::123456789012:role/x", "a name")):
        with pytest.raises(ClientError):
            sts.assume_role(RoleArn=role, RoleSessionName=name)
    assert len(double.faults) == 2


def test_events_out_of_time_are_rejected_and_the_others_kept(double):
    day = 86_400_000
    answer = put(double, (NOW_MS - 15 * day, "old"), (NOW_MS, "fine"), (NOW_MS + day, "new"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert double.messages("g", "s") == ["fine"]


def test_signatures_and_credentials_are_checked(double):
    expired = double.know(Keys("AKIDEXPIRED", "secret", "token", expires=time.time() - 1))
    for keys, code in (
        (Keys(KEYS.id, "another secret", KEYS.token), "InvalidSignatureException"),
        (Keys("AKIDUNKNOWN", "x"), "UnrecognizedClientException"),
        (expired, "ExpiredTokenException"),
    ):
        with pytest.raises(ClientError) as refused:
            put(double, (NOW_MS, "x"), keys=keys)
        assert refused.value.response["Error"]["Code"] == code
    assert not double.calls


def test_failures_come_on_demand_and_once(double):
    double.fail("PutLogEvents", error("ThrottlingException", status=400))
    with pytest.raises(ClientError) as refused:
        put(double, (NOW_MS, "x"))
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    put(double, (NOW_MS, "x"))
    assert double.messages("g", "s") == ["x"] and not double.faults
