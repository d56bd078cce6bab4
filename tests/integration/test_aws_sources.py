# SPDX-License-Identifier: Apache-2.0
"""Configs from SSM and S3: against moto, whose answers are not ours, and against the double that verifies signatures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

boto3 = pytest.importorskip("boto3", reason="no boto3: tests/integration/setup python installs it")

from e2e import aws as doubles
from e2e import config
from e2e.aws import Answer, Aws, Keys

pytestmark = [pytest.mark.process, pytest.mark.go_differs("ADOT alone has s3, and nobody ssm")]

REGION = "eu-west-1"
KEYS = Keys("AKIASOURCE", "a/secret+key", "token")
CANARY = "canary-7f3a9c"


@pytest.fixture(scope="module")
def moto():
    server = Path(sys.executable).parent / "moto_server"
    if not server.exists():
        pytest.skip("no moto_server: tests/integration/setup python installs it")
    with doubles.moto(server) as url:
        yield url


@pytest.fixture
def aws():
    with Aws() as double:
        double.know(KEYS)
        yield double


def variables(home, url, **more):
    return doubles.environment(
        home,
        **{
            "AWS_ACCESS_KEY_ID": KEYS.id,
            "AWS_SECRET_ACCESS_KEY": KEYS.secret,
            "AWS_SESSION_TOKEN": KEYS.token,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": url,
            **more,
        },
    )


def validate(program, home, url, *uris, **more):
    """Exit code and what it said."""
    import os

    arguments = [argument for uri in uris for argument in ("--config", uri)]
    done = subprocess.run(
        [str(program.path), "validate", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables(home, url, **more)},
    )
    assert CANARY not in done.stdout + done.stderr and KEYS.secret not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def page(program, exporters=None):
    return yaml.safe_dump(config.tree(program, exporters or {"debug": None}))


def client(service, url):
    return boto3.client(
        service, REGION, endpoint_url=url, aws_access_key_id=KEYS.id, aws_secret_access_key=KEYS.secret
    )


# ---- moto


def test_a_collector_serves_with_a_config_from_a_secure_string(program, collectors, tmp_path, moto):
    ssm = client("ssm", moto)
    ssm.put_parameter(Name="/otel/config", Type="SecureString", Value=page(program), Overwrite=True)
    collectors(arguments=["--config", "ssm:/otel/config"], env=variables(tmp_path, moto))


def test_a_value_a_version_and_an_arn(program, tmp_path, moto):
    ssm = client("ssm", moto)
    exporters = {"otlp_http": {"endpoint": "http://127.0.0.1:9", "headers": {"key": "${ssm:otel-key}"}}}
    (tmp_path / "c.yaml").write_text(page(program, exporters))
    ssm.put_parameter(Name="otel-key", Type="String", Value=CANARY, Overwrite=True)
    assert validate(program, tmp_path, moto, str(tmp_path / "c.yaml"))[0] == 0
    ssm.put_parameter(Name="/otel/v", Type="String", Value=page(program), Overwrite=True)
    ssm.put_parameter(Name="/otel/v", Type="String", Value="receivers: [", Overwrite=True)
    assert validate(program, tmp_path, moto, "ssm:/otel/v:1")[0] == 0
    code, said = validate(program, tmp_path, moto, "ssm:/otel/v")
    assert code == 1 and "ssm:/otel/v" in said
    code, said = validate(program, tmp_path, moto, "ssm:/otel/none")
    assert code == 1 and 'there is no parameter "/otel/none" (ParameterNotFound)' in said


def test_an_object_of_a_bucket(program, tmp_path, moto):
    s3 = client("s3", moto)
    s3.create_bucket(Bucket="my-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="my-bucket", Key="otel/a b+é.yaml", Body=page(program).encode())
    assert validate(program, tmp_path, moto, "s3://my-bucket/otel/a%20b+%C3%A9.yaml")[0] == 0
    assert validate(program, tmp_path, moto, f"s3://my-bucket.s3.{REGION}.amazonaws.com/otel/a b+é.yaml")[0] == 0
    code, said = validate(program, tmp_path, moto, "s3://my-bucket/none.yaml")
    assert code == 1 and 'there is no such object (NoSuchKey): bucket "my-bucket", key "none.yaml"' in said
    code, said = validate(program, tmp_path, moto, "s3://no-bucket/none.yaml")
    assert code == 1 and "NoSuchBucket" in said


# ---- The double that verifies


def test_a_question_to_ssm_is_signed(program, tmp_path, aws):
    aws.service_answers = [Answer(200, json.dumps({"Parameter": {"Name": "x", "Value": page(program)}}).encode())]
    arn = "ssm:arn:aws:ssm:us-west-2:123456789012:parameter/otel/config"
    assert validate(program, tmp_path, aws.url, arn)[0] == 0
    request = aws.requests[0]
    assert (request.fault, request.service, request.region) == ("", "ssm", "us-west-2")
    assert request.header("x-amz-target") == "AmazonSSM.GetParameter"
    assert json.loads(request.body) == {"Name": arn.removeprefix("ssm:"), "WithDecryption": True}


def test_a_text_that_needs_an_advanced_parameter_is_said(program, tmp_path, aws):
    text = page(program)
    value = text + "#" * (5000 - len(text))
    aws.service_answers = [Answer(200, json.dumps({"Parameter": {"Name": "x", "Value": value}}).encode())]
    code, said = validate(program, tmp_path, aws.url, "ssm:/otel/config")
    assert code == 0 and "more than a standard SSM parameter holds (4096)" in said


@pytest.mark.parametrize("key", ["a", "a b/%C3%A9+~x", "a//b/../c/./d", "~a/*'()!", "%25%2F"])
def test_odd_keys_of_s3_are_signed(program, tmp_path, aws, key):
    aws.service_answers = [Answer(200, page(program).encode())]
    assert validate(program, tmp_path, aws.url, f"s3://my-bucket/{key}?region=us-west-2")[0] == 0
    request = aws.requests[0]
    assert (request.fault, request.service, request.region) == ("", "s3", "us-west-2")
    assert request.path.startswith("/my-bucket/") and request.header("x-amz-content-sha256")


def test_a_refused_permission_says_which_policy_to_add(program, tmp_path, aws):
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/otel/config"
    message = f"User: arn:aws:iam::1:user/u is not authorized to perform: ssm:GetParameter on resource: {arn}"
    denial = {"__type": "AccessDeniedException", "Message": message}
    aws.service_answers = [Answer(400, json.dumps(denial).encode())]
    code, said = validate(program, tmp_path, aws.url, "ssm:/otel/config")
    assert code == 1
    assert f'{{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"{arn}"}}' in said


def test_a_bucket_elsewhere_is_named_with_its_address(program, tmp_path, aws):
    aws.service_answers = [Answer(301, b"<Error><Code>PermanentRedirect</Code></Error>", {"x-amz-bucket-region": "sa-east-1"})]
    code, said = validate(program, tmp_path, aws.url, "s3://my-bucket/k.yaml")
    assert code == 1 and "write s3://my-bucket.s3.sa-east-1.amazonaws.com/k.yaml" in said


def test_without_credentials_each_link_is_named(program, tmp_path, aws):
    code, said = validate(program, tmp_path, aws.url, "ssm:/x", AWS_ACCESS_KEY_ID="")
    assert code == 1
    assert "environment: AWS_ACCESS_KEY_ID is not set" in said and "AWS_EC2_METADATA_DISABLED" in said
    assert not aws.requests


@pytest.mark.parametrize(
    "uri, words",
    [
        ("ssm:", "it names no parameter"),
        ("ssm:/a b", "letters, digits"),
        ("ssm:/a?version=1", "only region is known"),
        ("ssm:/a?region=US", "the region has characters that no region has"),
        ("s3:bucket/key", "write s3://BUCKET/KEY"),
        ("s3://bucket", "no key behind the bucket"),
    ],
)
def test_addresses_that_cannot_be(program, tmp_path, aws, uri, words):
    code, said = validate(program, tmp_path, aws.url, uri)
    assert code == 1 and words in said, said
    assert not aws.requests
