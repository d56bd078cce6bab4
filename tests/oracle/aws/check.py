# SPDX-License-Identifier: Apache-2.0
"""Signatures compared with botocore's, header by header, for requests generated from a seed; endpoints likewise.

    check.py DRIVER [--count N] [--seed S]
"""

import argparse
import datetime
import itertools
import json
import random
import subprocess
import sys
from unittest import mock

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SIGNATURE_HEADERS = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256")
REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-southeast-3")
SERVICES = ("xray", "logs", "monitoring", "sts", "ssm", "aps", "es", "s3")
METHODS = ("POST", "GET", "PUT", "DELETE", "HEAD", "PATCH")
UNRESERVED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
# What an URL may hold as it is, and escapes in both cases.
PATH_PIECES = (*UNRESERVED, *"!$&'()*+,;=:@", "%20", "%2F", "%2f", "%25", "%C3%A9", "%e2%82%ac", "é", "€", "😀")
QUERY_PIECES = (*UNRESERVED, *"!$'()*+,;:@/?", "%20", "%26", "%3D", "%2B", "%C3%A9", "=")
VALUE_PIECES = (*UNRESERVED, " ", "  ", "   ", "\t", '"', ",", ";", "=", "é")
FIXED_PATHS = (
    "", "/", "//", "/.", "/..", "/./", "/../", "/a/", "/a//b", "/a/./b", "/a/../b", "/a/b/..", "/a/b/../",
    "/../../a", "/a/b/../../c/.", "/...", "/a/..b/.c", "/TraceSegments", "/v1/traces", "/workspaces/ws-1/api/v1/remote_write",
    "/key with%20escape".replace(" ", "%20"), "/%2e%2e/a", "/a%2Fb", "/a+b", "/*", "/~user", "/é",
)
FIXED_QUERIES = (
    "", "a", "a=", "=a", "a=b", "b=2&a=1", "a=2&a=1", "a=1&a", "&", "a&&b", "a=b=c", "A=1&a=1&B=2", "a-b=1&a=2&a.=3",
    "Action=GetCallerIdentity&Version=2011-06-15", "x%20y=%2F&x=%7E",
)
HEADER_NAMES = (
    "Content-Type", "X-Amz-Target", "X-Amzn-Logs-Format", "X-Amzn-Xray-Timestamp", "x-aws-log-group", "Content-Encoding",
    "Accept", "X-Custom", "x-custom-2", "X-Amz-Meta-Name", "Cookie", "Range", "If-None-Match", "Content-MD5",
    "User-Agent", "Expect", "Connection", "Transfer-Encoding", "X-Amzn-Trace-Id", "Keep-Alive", "TE", "traceparent",
)
HOSTS = (
    "xray.us-east-1.amazonaws.com", "localhost", "127.0.0.1:4566", "[::1]:8080", "[fd00:ec2::254]", "Example.COM",
    "logs.eu-central-1.amazonaws.com:443", "logs.eu-central-1.amazonaws.com:80", "a-b.c_d:65535", "user:pass@host:8443",
)


def text_of(rng, pieces, most):
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(most)))


def path_of(rng):
    if rng.random() < 0.4:
        return rng.choice(FIXED_PATHS)
    return "".join("/" + text_of(rng, PATH_PIECES, 12) for _ in range(rng.randrange(1, 6)))


def query_of(rng):
    chance = rng.random()
    if chance < 0.3:
        return ""
    if chance < 0.6:
        return rng.choice(FIXED_QUERIES)
    return "&".join(text_of(rng, QUERY_PIECES, 10) for _ in range(rng.randrange(1, 12)))


def headers_of(rng):
    """Some names twice: their values are joined in the order in which they came."""
    names = [rng.choice(HEADER_NAMES) for _ in range(rng.choice((0, 1, 3, 8, 20)))]
    return [(name, text_of(rng, VALUE_PIECES, 30)) for name in names]


def body_of(rng, number):
    size = {0: 0, 1: 1, 2: 63, 3: 64, 4: 1 << 20, 5: (1 << 20) - 11}.get(number, rng.choice((0, 2, 17, 500, 5000, 70000)))
    return rng.randbytes(size)


def pieces_of(rng, body):
    """Lengths of pieces that the body is gathered from; empty ones are among them."""
    left, lengths = len(body), []
    for _ in range(rng.choice((0, 0, 1, 3, 20))):
        length = rng.choice((0, rng.randrange(left + 1)))
        lengths.append(length)
        left -= length
    return lengths


def request_of(rng, number):
    body = body_of(rng, number)
    query = query_of(rng)
    scheme = rng.choice(("https", "https", "http"))
    url = f"{scheme}://{rng.choice(HOSTS)}{path_of(rng)}"
    if url.endswith(tuple(HOSTS)) and query:
        url += "/"
    return {
        "method": rng.choice(METHODS),
        "url": url + ("?" + query if query else ""),
        "headers": headers_of(rng),
        "body": body.hex(),
        "pieces": pieces_of(rng, body),
        "region": rng.choice(REGIONS),
        "service": rng.choice(SERVICES),
        "access_key_id": "AKIA" + text_of(rng, UNRESERVED[26:62], 17),
        "secret_access_key": text_of(rng, UNRESERVED + "/+", 60),
        "session_token": rng.choice(("", text_of(rng, UNRESERVED + "/+=", 1500))),
        "time": rng.randrange(0, 4102444800),
    }


def expected(question):
    """The headers of botocore's signature. What it does not sign by itself is told to, and what would change the
    request's own headers is left as it is."""
    service = question["service"]
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    request = AWSRequest(method=question["method"], url=question["url"], data=bytes.fromhex(question["body"]))
    for name, value in question["headers"]:
        request.headers.add_header(name, value)
    request.context["client_config"] = mock.Mock(s3={"payload_signing_enabled": True})
    credentials = Credentials(
        question["access_key_id"], question["secret_access_key"], question["session_token"] or None)
    now = datetime.datetime.fromtimestamp(question["time"], datetime.timezone.utc).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        signer(credentials, service, question["region"]).add_auth(request)
    return {name.lower(): request.headers[name] for name in SIGNATURE_HEADERS if name in request.headers}


def read_answer(line):
    return {name.lower(): value for name, _, value in (field.partition(": ") for field in line.split("\t"))}


# Prefix of the endpoint, and what botocore calls the service.
ENDPOINTS = {"xray": "xray", "logs": "logs", "monitoring": "cloudwatch", "sts": "sts", "ssm": "ssm", "s3": "s3",
             "ec2": "ec2", "ecs": "ecs"}
ENDPOINT_REGIONS = (*REGIONS, "us-gov-east-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "mx-central-1")
FIPS, DUALSTACK = 1, 2  # NCL_AWS_FIPS, NCL_AWS_DUALSTACK


def endpoint_questions():
    """Questions, each with botocore's answer. S3 has no FIPS endpoints in China, and botocore refuses to name any."""
    session = botocore.session.Session()
    for prefix, service in ENDPOINTS.items():
        client = session.create_client(service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        provider = client._ruleset_resolver._provider
        for region, fips, dualstack in itertools.product(ENDPOINT_REGIONS, (False, True), (False, True)):
            if prefix == "s3" and fips and region.startswith("cn-"):
                continue
            wish = {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack}
            if prefix in ("sts", "s3"):
                wish["UseGlobalEndpoint"] = False
            flags = fips * FIPS + dualstack * DUALSTACK
            yield {"endpoint_of": prefix, "region": region, "flags": flags}, provider.resolve_endpoint(**wish).url


def ask(driver, questions):
    lines = "".join(json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
    done = subprocess.run([driver], input=lines.encode(), capture_output=True, check=True, timeout=120)
    return done.stdout.decode().splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("driver")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    questions = [request_of(rng, number) for number in range(arguments.count)]
    answers = ask(arguments.driver, questions)
    wrong = 0
    for question, line in zip(questions, answers, strict=True):
        wanted, found = expected(question), read_answer(line)
        if wanted == found:
            continue
        wrong += 1
        shown = {**question, "body": question["body"][:40]}
        print(f"differs: {json.dumps(shown, ensure_ascii=False)}\n  botocore {wanted}\n  ours     {found}")
    print(f"{len(questions) - wrong} of {len(questions)} signatures are botocore's")
    endpoints = list(endpoint_questions())
    found = ask(arguments.driver, [question for question, _ in endpoints])
    differing = [(*pair, url) for pair, url in zip(endpoints, found, strict=True) if pair[1] != url]
    for question, wanted, url in differing:
        print(f"differs: {question}: botocore {wanted}, ours {url}")
    print(f"{len(endpoints) - len(differing)} of {len(endpoints)} endpoints are botocore's")
    return 1 if wrong or differing or len(questions) < 200 else 0


if __name__ == "__main__":
    sys.exit(main())
