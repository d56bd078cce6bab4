# SPDX-License-Identifier: Apache-2.0
"""`components --schema`: a JSON Schema that takes what the collector takes, and refuses what it refuses."""

import json

import jsonschema
import pytest
import yaml

from e2e import command, config
from e2e.program import WHOLE_CONFIGS as CONFIGS

pytestmark = [pytest.mark.process, pytest.mark.go_differs("has no schema")]
ENVIRONMENT = {"OTLP_TOKEN": "t", "BACKEND_TOKEN": "t", "COLLECTOR_TOKEN": "t", "OTLP_ENDPOINT": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def schema(program):
    loaded = json.loads(command.good(program, "components", "--schema"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


def errors(schema, tree):
    return [jsonschema.exceptions.best_match([error]).message for error in schema.iter_errors(tree)]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_takes_the_configs_of_this_repository(schema, path):
    assert not errors(schema, yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_takes_what_print_config_prints(program, schema, path):
    text = command.good(program, "print-config", "--mode=unredacted", "--config", path, env=ENVIRONMENT)
    assert not errors(schema, yaml.safe_load(text))


def with_exporter(settings):
    return lambda tree: tree["exporters"].update({"otlp_http/x": {"endpoint": "http://h:1", **settings}})


def with_batch(settings):
    return lambda tree: tree.update({"processors": {"batch": settings}})


# Changes of a config, and whether it is good. Both judge: the schema, and the collector itself.
CASES = {
    "as it is": (lambda tree: None, True),
    "null for a component": (with_batch(None), True),
    "a duration": (with_batch({"timeout": "1h2m3.5s"}), True),
    "a duration of 0": (with_batch({"timeout": 0}), True),
    "a duration without a unit": (with_batch({"timeout": 5}), False),
    "a duration of an unknown unit": (with_batch({"timeout": "5d"}), False),
    "a number as text": (with_batch({"send_batch_size": "10"}), False),
    "a negative size": (with_batch({"send_batch_size": -1}), False),
    "a reference for a number": (with_batch({"send_batch_size": "${env:SIZE:-5}"}), True),
    "a list as text": (with_batch({"metadata_keys": "a,b"}), True),
    "a list": (with_batch({"metadata_keys": ["a", "b"]}), True),
    "a list of maps": (with_batch({"metadata_keys": [{"a": 1}]}), False),
    "an unknown key": (with_batch({"timout": "5s"}), False),
    "a choice": (with_exporter({"compression": "zstd"}), True),
    "no such choice": (with_exporter({"compression": "rar"}), False),
    "the host's fields": (with_exporter({"sending_queue": {"queue_size": 5}, "retry_on_failure": None}), True),
    "a wrong one of the host's": (with_exporter({"sending_queue": {"queue_size": 0}}), False),
    "an unknown one of the host's": (with_exporter({"sending_queue": {"queuesize": 5}}), False),
    "a map of text": (with_exporter({"headers": {"a": "b"}}), True),
    "a number in a map of text": (with_exporter({"headers": {"a": 5}}), False),
    "a map of text as pairs": (with_exporter({"headers": [{"name": "a", "value": "b"}]}), True),
    "a pair without a value": (with_exporter({"headers": [{"name": "a"}]}), False),
    "a duration below 0": (with_batch({"timeout": "-1s"}), False),
    "a section that is off": (lambda tree: tree["receivers"]["otlp"]["protocols"].update(http={"enabled": False}), True),
    "a section of text": (lambda tree: tree["receivers"]["otlp"]["protocols"].update(http="on"), False),
    "a component that is not installed": (lambda tree: tree["exporters"].update(acme=None), False),
    "an unknown key at the top": (lambda tree: tree.update(exporter={}), False),
    "a pipeline without receivers": (lambda tree: tree["service"]["pipelines"]["traces"].pop("receivers"), False),
    "a pipeline of an unknown signal": (
        lambda tree: tree["service"]["pipelines"].update(trace=tree["service"]["pipelines"].pop("traces")), False,
    ),
    "own log": (lambda tree: tree["service"]["telemetry"].update(logs={"level": "DEBUG", "encoding": "json"}), True),
    "own log at no level": (lambda tree: tree["service"]["telemetry"].update(logs={"level": "loud"}), False),
    "a resource as attributes": (lambda tree: tree["service"]["telemetry"].update(resource={"a": "b"}), True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_judges_as_the_collector_does(program, schema, case, tmp_path):
    change, is_good = CASES[case]
    tree = config.tree(program, {"debug": None}, signals=["traces"])
    change(tree)
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    assert bool(errors(schema, tree)) != is_good, errors(schema, tree)
    result = command.run(program, "validate", "--config", path)
    assert (result.returncode == 0) == is_good, result.stderr


def test_every_default_fits_its_own_schema(schema):
    """A default that the schema of its field refuses would be a mistake in a plugin's table."""
    wrong = []

    def visit(node, path):
        if isinstance(node, list):
            for at, item in enumerate(node):
                visit(item, f"{path}[{at}]")
        elif isinstance(node, dict):
            if "default" in node and "anyOf" in node | {"type": 0}:
                rules = {**{key: value for key, value in node.items() if key != "default"}, "$defs": schema.schema["$defs"]}
                if not jsonschema.Draft202012Validator(rules).is_valid(node["default"]):
                    wrong.append((path, node["default"]))
            for key, value in node.items():
                if key != "default":
                    visit(value, f"{path}.{key}")

    visit(schema.schema, "")
    assert not wrong
