# SPDX-License-Identifier: Apache-2.0
"""What `nacelle validate` finds outside of the text: addresses that are taken, files, sizes that no parameter has."""

import os
import socket
import subprocess

import pytest
import yaml

from e2e import config

pytestmark = [pytest.mark.process, pytest.mark.go_differs("its validate looks at the text alone")]


def validate(program, tree, *arguments, env=None):
    text = yaml.safe_dump(tree)
    done = subprocess.run(
        [str(program.path), "validate", "--config", "env:COLLECTOR_CONFIG", *arguments],
        env={**os.environ, "COLLECTOR_CONFIG": text, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def at(tree, endpoint):
    for protocol in tree["receivers"]["otlp"]["protocols"].values():
        protocol["endpoint"] = endpoint
        break
    return tree


def test_a_port_that_another_program_has(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        code, said = validate(program, at(config.tree(program, {"debug": None}), endpoint))
    assert code == 0, said  # it may be free where the config is for
    assert f"warning: receivers.otlp.protocols.grpc.endpoint: {endpoint} is in use by process {os.getpid()} (" in said


def test_the_collector_that_runs_is_not_in_the_way(program, collectors):
    tree = config.tree(program, {"debug": None})
    collector = collectors(tree)
    assert validate(program, at(tree, f"127.0.0.1:{collector.port('grpc')}")) == (0, "")


def test_it_lets_go_of_the_ports_that_it_tried(program, collectors):
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    tree = at(config.tree(program, {"debug": None}), endpoint)
    for _ in range(3):
        assert validate(program, tree) == (0, "")
    collectors(tree)


def test_two_at_one_port(program):
    tree = at(config.tree(program, {"debug": None}), "127.0.0.1:4317")
    tree["receivers"]["otlp/2"] = {"protocols": {"grpc": {"endpoint": "0.0.0.0:4317"}}}
    for pipeline in tree["service"]["pipelines"].values():
        pipeline["receivers"] = ["otlp", "otlp/2"]
    code, said = validate(program, tree)
    assert code == 1
    assert "listens at the same address; give one of them another port" in said


def test_files_and_keys_in_one_go(program, tmp_path):
    """What is wrong with a setting does not hide what is wrong with a file."""
    (tmp_path / "x.crt").write_text("no certificate")
    tree = config.tree(
        program, {"otlp_http": {"endpoint": "https://localhost:1", "tls": {"ca_file": f"{tmp_path}/x.crt"}}}
    )
    tree["exporters"]["debug"] = {"verbosity": "loud"}
    code, said = validate(program, tree)
    assert code == 1
    assert "exporters.otlp_http.tls.ca_file: the file is not PEM" in said
    assert 'exporters.debug.verbosity: "loud" is not one of' in said


def test_where_the_log_goes(program, tmp_path):
    """A file that is not there yet may be made; validate makes none."""
    tree = config.tree(program, {"debug": None})
    logs = tree["service"]["telemetry"]["logs"] = {"output_paths": ["stderr", f"{tmp_path}/new.log"]}
    assert validate(program, tree) == (0, "")
    assert list(tmp_path.iterdir()) == []
    for wrong, why in ((f"{tmp_path}/no/x.log", "No such file or directory"), (str(tmp_path), "Is a directory")):
        logs["output_paths"] = ["stderr", wrong]
        code, said = validate(program, tree)
        assert code == 1
        assert f'service.telemetry.logs.output_paths: the log cannot be written to "{wrong}": {why}; check the path' in said


TO = {"protocol": "grpc", "endpoint": "http://127.0.0.1:4317"}


@pytest.mark.parametrize(
    "telemetry,says",
    [
        (
            {"metrics": {"readers": [{"periodic": {"interval": "60s", "exporter": {"otlp": TO}}}]}},
            'readers[0].periodic.interval: must be a whole number, but "60s" is text; write it in milliseconds: 60000',
        ),
        (
            {"metrics": {"readers": [{"periodic": {"exporter": {"otlp": {**TO, "compression": "zstd"}}}}]}},
            'readers[0].periodic.exporter.otlp.compression: "zstd" is not one of: gzip, none',
        ),
        (
            {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": "localhost", "port": 99999}}}}]}},
            "readers[0].pull.exporter.prometheus.port: 99999 is more than 65535, the most that is allowed",
        ),
        (
            {"logs": {"processors": [{"batch": {"exporter": {"otlp": {"endpoint": "http://127.0.0.1:4317"}}}}]}},
            'processors[0].batch.exporter.otlp.protocol: is required and missing; add "protocol: grpc"',
        ),
        (
            {"logs": {"processors": [{"batch": {"exporter": {"otlp": {**TO, "headers": [{"name": "a", "value": None}]}}}}]}},
            "processors[0].batch.exporter.otlp.headers[0]: this header has no value; give it one, or leave the header out",
        ),
    ],
    ids=["a duration", "a choice", "a port", "no protocol", "no value"],
)
def test_mistakes_in_own_telemetry_are_said_once_and_where(program, telemetry, says):
    """The section is read twice: as a part of service, and by the extension that does what it says."""
    tree = config.tree(program, {"debug": None})
    tree["service"]["telemetry"] = telemetry
    code, said = validate(program, tree)
    assert code == 1
    assert said.count(says) == 1 and said.endswith("Error: the config has 1 error\n"), said


@pytest.mark.parametrize("size, says", [(4000, ""), (5000, "more than a standard SSM"), (9000, "more than any SSM")])
def test_a_text_that_no_parameter_holds(program, size, says):
    tree = config.tree(program, {"otlp_http": {"endpoint": "http://localhost:1", "headers": {"x": ""}}})
    tree["exporters"]["otlp_http"]["headers"]["x"] = "x" * (size - len(yaml.safe_dump(tree)))
    code, said = validate(program, tree)
    assert code == 0, said
    assert (says in said) if says else said == ""


@pytest.mark.parametrize("size, says", [(4000, ""), (5000, "more than a standard SSM"), (9000, "more than any SSM")])
def test_of_a_file_it_is_said_when_asked_for(program, tmp_path, size, says):
    text = yaml.safe_dump(config.tree(program, {"otlp_http": {"endpoint": "http://localhost:1"}}))
    (tmp_path / "c.yaml").write_text(text + "#" * (size - len(text)))

    def run(*options):
        command = [program.path, "validate", "--config", str(tmp_path / "c.yaml"), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run().stderr == ""
    asked = run("--for-parameter")
    assert asked.returncode == 0 and ((says in asked.stderr) if says else asked.stderr == "")
