# SPDX-License-Identifier: Apache-2.0
"""The command line without a running process: help, print-config, components, healthcheck, completion, gates, options."""

import json
import os
import shutil
import socket
import socketserver
import subprocess
import threading

import pytest
import yaml

from e2e import command, config
from e2e.program import WHOLE_CONFIGS as CONFIGS
from e2e.route import Route
from e2e.samples import small
from e2e.signals import TRACES

pytestmark = [pytest.mark.process, pytest.mark.go_differs("has other commands")]
CANARY = "c4n4ry-s3cr3t"
COMMANDS = (
    "run", "validate", "print-config", "components", "status", "log-level", "tap", "healthcheck", "featuregate",
    "completion", "help", "version",
)  # fmt: skip
# What configs/ take from the environment.
ENVIRONMENT = {
    "OTLP_TOKEN": CANARY,
    "BACKEND_TOKEN": CANARY,
    "COLLECTOR_TOKEN": CANARY,
    "OTLP_ENDPOINT": "http://127.0.0.1:4318",
}


def secret_tree(program):
    """A config with the canary at every kind of place that may hold a secret."""
    exporters = {
        "otlp_http": {
            "endpoint": f"http://user:{CANARY}@127.0.0.1:1",
            "headers": {"authorization": f"Bearer {CANARY}", "x-other": CANARY},
            "proxy_url": f"http://proxy:{CANARY}@127.0.0.1:2",
        }
    }
    tree = config.tree(program, exporters, signals=["traces"])
    tree["receivers"]["otlp"]["protocols"]["http"]["response_headers"] = {"x-secret": CANARY}
    tree["service"]["telemetry"]["logs"] = {"initial_fields": {"any": CANARY}}
    return tree


def write(tmp_path, tree, name="config.yaml"):
    path = tmp_path / name
    path.write_text(yaml.safe_dump(tree))
    return path


# ---- help


def test_help_names_every_command_and_explains_each(program):
    overview = command.good(program, "help")
    assert command.good(program, "--help") == command.good(program, "-h") == overview
    for name in COMMANDS:
        assert f"\n  {name} " in overview
        text = command.good(program, "help", name)
        assert name == "help" or command.good(program, name, "--help") == text
        assert "\nUsage:\n" in text and "\nExamples:\n" in text
        assert max(map(len, text.splitlines())) <= 130
    assert max(map(len, overview.splitlines())) <= 80


def test_the_version(program):
    texts = {command.good(program, words) for words in ("--version", "-v", "version")}
    assert len(texts) == 1
    assert texts.pop().startswith("nacelle version 0.")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["valdate"], 'did you mean "validate"?'),
        (["help", "helthcheck"], 'did you mean "healthcheck"?'),
        (["validate", "--confg", "x"], "did you mean --config?"),
        (["--log-level=debug", "--config=x"], "--set service.telemetry.logs.level=debug"),
        (["run"], "no config"),
        (["validate", "--config=x", "--port=1"], "validate does not take --port"),
        (["--config=x", "--feature-gates=nope"], 'no feature gate "nope"'),
        (["print-config", "--config=x", "--format=xml"], "yaml|json"),
        (["components", "btch"], 'did you mean "batch"?'),
        (["completion", "tcsh"], "bash, zsh or fish"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_1(program, words, says):
    assert says in command.bad(program, *words)


def test_output_that_cannot_be_written_is_an_error(program):
    with open("/dev/full", "w") as full:
        result = subprocess.run([program.path, "help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert result.returncode == 1
    assert "standard output could not be written" in result.stderr


# ---- programs beside it


def test_a_program_beside_it_is_a_command(program, tmp_path):
    bin_dir, libexec = tmp_path / "bin", tmp_path / "lib" / "nacelle" / "bin"
    bin_dir.mkdir()
    libexec.mkdir(parents=True)
    copy = bin_dir / "nacelle"
    shutil.copy(program.path, copy)
    for directory, name in ((bin_dir, "nacelle-here"), (libexec, "nacelle-there"), (bin_dir, "nacelle-not")):
        script = directory / name
        script.write_text('#!/bin/sh\necho "$0" "$@"\nexit 7\n')
        script.chmod(0o644 if name == "nacelle-not" else 0o755)
    here = command.run(program, "here", "--config", "x y", argv0=copy)
    assert (here.returncode, here.stdout) == (7, f"{bin_dir}/nacelle-here --config x y\n")
    assert command.run(program, "there", argv0=copy).stdout == f"{libexec}/nacelle-there\n"
    assert command.run(program, "help", "here", argv0=copy).stdout == f"{bin_dir}/nacelle-here --help\n"
    overview = command.run(program, "help", argv0=copy).stdout
    assert "\n  here " in overview and "\n  there " in overview and "nacelle-not" not in overview
    assert 'did you mean "there"?' in command.run(program, "thre", argv0=copy).stderr
    assert command.run(program, "../here", argv0=copy).returncode == 1
    assert command.run(program, "not", argv0=copy).returncode == 1


# ---- print-config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_print_config_gives_a_config_that_means_the_same(program, path, tmp_path):
    arguments = ["print-config", "--mode", "unredacted", "--config"]
    first = command.good(program, *arguments, path, env=ENVIRONMENT)
    again = tmp_path / "again.yaml"
    again.write_text(first)
    assert command.good(program, *arguments, again, env=ENVIRONMENT) == first


def test_print_config_merges_expands_and_fills_in(program, tmp_path):
    first = write(tmp_path, config.tree(program, {"debug": None}, processors={"batch": None}, signals=["traces"]))
    second = write(tmp_path, {"processors": {"batch": {"timeout": "${env:BATCH_TIMEOUT}"}}}, "second.yaml")
    arguments = ["--config", first, "--config", second, "--set", "processors.batch.send_batch_size=9"]
    environment = {"BATCH_TIMEOUT": "3s"}
    shown = yaml.safe_load(command.good(program, "print-config", *arguments, env=environment))
    assert shown["processors"]["batch"] == {
        "timeout": "3s",
        "send_batch_size": 9,
        "send_batch_max_size": 0,
        "metadata_keys": [],
        "metadata_cardinality_limit": 1000,
    }
    assert shown["service"]["pipelines"] == {
        "traces": {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["debug"]}
    }
    assert shown["service"]["telemetry"]["logs"]["level"] == "info"
    as_json = json.loads(command.good(program, "print-config", "--format", "json", *arguments, env=environment))
    assert as_json == shown


def test_print_config_shows_what_is_defined_and_not_used(program, tmp_path):
    tree = config.tree(program, {"debug": None, "nop": None}, signals=["traces"])
    tree["service"]["pipelines"]["traces"]["exporters"] = ["debug"]
    tree["exporters"]["acme"] = None
    result = command.run(program, "print-config", "--config", write(tmp_path, tree))
    assert result.returncode == 0
    assert set(yaml.safe_load(result.stdout)["exporters"]) == {"debug", "nop"}
    assert "it is left out here" in result.stderr and "exporters/acme.so" in result.stderr


def test_print_config_refuses_what_is_wrong_unless_told_otherwise(program, tmp_path):
    tree = config.tree(program, {"otlp_http": {}}, signals=["traces"])
    path = write(tmp_path, tree)
    assert "exporters.otlp_http" in command.bad(program, "print-config", "--config", path)
    result = command.run(program, "print-config", "--validate=false", "--config", path)
    assert result.returncode == 0
    assert "exporters.otlp_http" in result.stderr
    assert yaml.safe_load(result.stdout)["exporters"]["otlp_http"]["compression"] == "gzip"


def test_no_command_shows_a_secret(program, tmp_path):
    path = write(tmp_path, secret_tree(program))
    broken = secret_tree(program)
    broken["exporters"]["otlp_http"]["heders"] = {"authorization": CANARY}
    broken["receivers"]["otlp"]["unknown"] = [CANARY, {"deep": CANARY}]
    wrong = write(tmp_path, broken, "wrong.yaml")
    text = path.read_text()
    for arguments in (
        ["print-config", "--config", path],
        ["print-config", "--config", path, "--format", "json"],
        ["print-config", "--config", f"yaml:{text}"],
        ["print-config", "--config", "env:WHOLE"],
        ["print-config", "--config", path, "--set", f"exporters.otlp_http.headers.more={CANARY}"],
        ["print-config", "--config", wrong],
        ["print-config", "--config", wrong, "--validate=false"],
        ["validate", "--config", path],
        ["validate", "--config", wrong],
        ["validate", "--config", path, "--set", f"={CANARY}"],
        ["validate", "--config", path, f"--token={CANARY}"],
        ["components", "--format", "json"],
    ):
        result = command.run(program, *arguments, env={"WHOLE": text})
        assert CANARY not in result.stdout + result.stderr, arguments
    assert command.good(program, "print-config", "--mode=unredacted", "--config", path).count(CANARY) == 6


# ---- components


def test_components_lists_what_is_installed(program):
    listing = yaml.safe_load(command.good(program, "components"))
    assert listing == json.loads(command.good(program, "components", "--format=json"))
    assert listing["buildinfo"]["command"] == "nacelle"
    assert "otlp" in {component["name"] for component in listing["receivers"]}
    aliases = {component["name"]: component.get("aliases", []) for component in listing["exporters"]}
    assert aliases["otlp_grpc"] == ["otlp"] and aliases["otlp_http"] == ["otlphttp"]
    assert {"env", "file", "yaml"} <= {provider["scheme"] for provider in listing["providers"]}
    for room in ("receivers", "processors", "exporters", "connectors", "extensions"):
        for component in listing[room]:
            assert component["description"] and component["plugin"]["abi"] and os.path.exists(component["plugin"]["file"])


def test_a_component_is_explained_as_a_config(program):
    text = command.good(program, "components", "receivers/otlp")
    protocols = yaml.safe_load(text)["receivers"]["otlp"]["protocols"]
    assert protocols["grpc"]["endpoint"] == "localhost:4317"
    assert protocols["http"]["endpoint"] == "localhost:4318"
    assert command.good(program, "components", "receiver/otlp") == text
    both = command.good(program, "components", "otlp")
    assert text in both and "# exporter otlp_grpc" in both and "sending_queue" in both
    fields = json.loads(command.good(program, "components", "processors/batch", "--format=json"))[0]["fields"]
    timeout = next(field for field in fields if field["name"] == "timeout")
    assert (timeout["type"], timeout["default"]) == ("duration", "200ms")


def test_a_plugin_that_cannot_be_loaded_is_shown(program, tmp_path):
    (tmp_path / "exporters").mkdir()
    (tmp_path / "exporters" / "broken.so").write_bytes(b"\x7fELF")
    result = command.run(program, "components", "--plugin-dir", tmp_path)
    assert result.returncode == 1
    assert "broken.so" in result.stderr and result.stderr.startswith("Error: ")
    assert yaml.safe_load(result.stdout)["exporters"][0]["name"] == "broken"


# ---- AOT_CONFIG_CONTENT and feature gates


def test_aot_config_content_is_the_config(program, collectors):
    """ADOT's image has a default --config, and the task definition puts the whole config into the variable."""
    text = yaml.safe_dump(config.tree(program, {"debug": None}))
    collector = collectors(arguments=["--config=/nonexistent.yaml"], env={"AOT_CONFIG_CONTENT": text})
    with Route(collector, None).sender("grpc") as sender:
        sender.send(TRACES, small(TRACES))
    collector.wait_debug_items(TRACES, 1)
    collector.wait_line(lambda line: line.fields.get("event") == "config.aot_content", "where the config is from")


def test_with_aot_config_content_set_does_not_count(program):
    text = yaml.safe_dump(config.tree(program, {"debug": None}))
    environment = {"AOT_CONFIG_CONTENT": text}
    result = command.run(program, "print-config", "--set", "exporters.debug.verbosity=detailed", env=environment)
    assert result.returncode == 0
    assert yaml.safe_load(result.stdout)["exporters"]["debug"]["verbosity"] == "basic"
    assert "--set does not count" in result.stderr
    assert "AOT_CONFIG_CONTENT" in command.bad(program, "validate", env={"AOT_CONFIG_CONTENT": "a: b: c"})


def test_adots_command_line_is_understood(program, tmp_path):
    path = write(tmp_path, config.tree(program, {"debug": None}))
    arguments = ["validate", f"-config={path}", "-feature-gates", "+service.partialReload,exporter.xray.allowDot"]
    assert command.run(program, *arguments, "-set=exporters.debug.verbosity=normal").stderr == ""
    result = command.run(program, "validate", "--config", path, "--feature-gates=service.profilesSupport")
    assert result.returncode == 0
    assert "Warning: the feature gate service.profilesSupport cannot be switched on" in result.stderr


def test_feature_gates_are_listed(program):
    listing = command.good(program, "featuregate").splitlines()
    assert listing[0].split() == ["ID", "Enabled", "Stage", "Description"]
    assert len(listing) > 20
    assert command.good(program, "featuregate", "service.profilesSupport").splitlines()[1].split()[1] == "false"
    assert "did you mean" in command.bad(program, "featuregate", "service.profileSupport")


# ---- completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_can_be_read_by_their_shell(program, shell, tmp_path):
    script = tmp_path / "script"
    script.write_text(command.good(program, "completion", shell))
    for name in COMMANDS:
        assert name in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", script], check=True, timeout=30)


def complete(script, *words):
    """What bash offers for the last of the words."""
    line = " ".join(words)
    program = f'source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _nacelle; printf "%s\\n" "${{COMPREPLY[@]}}"'
    if words[-1] == "''":
        program = program.replace(f"({line})", "(" + " ".join(words[:-1]) + " '')")
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True, timeout=30).stdout.split()


def test_bash_completes_commands_options_and_values(program, tmp_path):
    script = tmp_path / "script"
    script.write_text(command.good(program, "completion", "bash"))
    assert complete(script, "nacelle", "va") == ["validate"]
    assert complete(script, "nacelle", "print-config", "--mo") == ["--mode"]
    assert complete(script, "nacelle", "print-config", "--mode", "un") == ["unredacted"]
    assert complete(script, "nacelle", "print-config", "--format", "''") == ["yaml", "json"]
    assert complete(script, "nacelle", "status", "--format", "''") == ["text", "json"]
    assert complete(script, "nacelle", "completion", "b") == ["bash"]
    assert complete(script, "nacelle", "log-level", "d") == ["debug"]
    assert "--port" in complete(script, "nacelle", "healthcheck", "--")
    assert "--port" not in complete(script, "nacelle", "validate", "--")


# ---- healthcheck


class Health(socketserver.ThreadingTCPServer):
    """Answers each connection with the same bytes; what was asked is in `asked`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), None)
        self.answer, self.asked = answer, []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def finish_request(self, request, client_address):
        self.asked.append(request.recv(4096).decode())
        for byte in self.answer:  # one by one, as a slow network would
            request.sendall(bytes([byte]))

    def __exit__(self, *arguments):
        self.shutdown()
        super().__exit__(*arguments)

    @property
    def port(self):
        return self.server_address[1]


@pytest.mark.parametrize("argv0", [None, "healthcheck"])
def test_healthcheck_succeeds_for_200(program, tmp_path, argv0):
    arguments = ["healthcheck"]
    link = None
    if argv0:
        link = tmp_path / argv0
        os.symlink(program.path, link)
        arguments = []
    with Health(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as health:
        result = command.run(program, *arguments, "-port", health.port, argv0=link)
        assert (result.returncode, result.stdout) == (0, "STATUS: 200\n")
        assert health.asked[0].startswith("GET / HTTP/1.1\r\nHost: 127.0.0.1:")
        endpoint = f"http://localhost:{health.port}/health?x=1"
        assert command.run(program, *arguments, "--endpoint", endpoint, argv0=link).returncode == 0
        assert health.asked[1].startswith("GET /health?x=1 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "STATUS: 503"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "STATUS: 204"),
        (b"SSH-2.0-OpenSSH_9\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 2", "does not speak HTTP"),
        (b"", "could not read the answer"),
    ],
)
def test_healthcheck_fails_for_anything_else(program, answer, says):
    with Health(answer) as health:
        assert says in command.bad(program, "healthcheck", "--port", health.port)


def test_healthcheck_fails_when_nobody_answers(program):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert "nothing listens there" in command.bad(program, "healthcheck", "--port", port)
        listener.listen()
        arguments = ["healthcheck", "--port", port, "--timeout", "300ms"]
        assert "could not read the answer: Connection timed out" in command.bad(program, *arguments)


def test_healthcheck_asks_the_extension(program, collectors):
    tree = config.tree(program, {"debug": None})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tree["extensions"] = {"health_check": {"endpoint": f"127.0.0.1:{port}"}}
    tree["service"]["extensions"] = ["health_check"]
    collectors(tree)
    assert command.good(program, "healthcheck", "--port", port) == "STATUS: 200\n"
