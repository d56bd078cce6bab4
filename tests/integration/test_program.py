# SPDX-License-Identifier: Apache-2.0
"""What the program links and what a process loads: the core no plugin, no OpenSSL and no libcurl; a plugin nothing of
the core; a process only what its YAML names."""

import re

import pytest

from e2e import config, elf
from e2e.route import Route
from e2e.samples import small
from e2e.senders import HttpSender
from e2e.signals import TRACES

pytestmark = [pytest.mark.process, pytest.mark.go_differs("is one program without plugins")]
ENTRY = "ncl_plugin_v1"
COSTLY = re.compile(r"lib(ssl|crypto|curl)[.-]")
FOREIGN = re.compile(r"lib(ssl|crypto|curl|nghttp2|protobuf|protobuf-c|z|zstd|deflate|sqlite3|lmdb)[.-]")
PLUGIN = re.compile(r"/nacelle/(?P<name>\w+/\w+)\.so$")
SERVICES = {"services/http_server", "services/http_client", "services/tls"}


@pytest.fixture(scope="module")
def plugins(program):
    """{room/type: path} of every plugin that was built or installed with the program, aliases left out."""
    found = {}
    for path in sorted(program.path.parent.parent.glob("lib*/**/nacelle/*/*.so")):
        if not path.is_symlink():
            found[f"{path.parent.name}/{path.stem}"] = path
    assert found, f"no plugins near {program.path}"
    return found


def unless_sanitized(program):
    if program.is_sanitized:
        pytest.skip("a sanitizer links its own runtime and exports its symbols")


def test_the_core_links_no_plugin_and_no_costly_library(program, plugins):
    unless_sanitized(program)
    own = elf.needed(program.path)
    assert not {name for name in own if FOREIGN.match(name)}, own
    every = elf.libraries(program.path)
    assert not {name for name in every if COSTLY.match(name)}, every
    assert not {path.name for path in plugins.values()} & set(every)


def test_the_core_exports_nothing(program):
    unless_sanitized(program)
    own = {symbol.name for symbol in elf.symbols(program.path) if symbol.defined and not symbol.versioned}
    assert own <= {"_IO_stdin_used", "__data_start", "data_start"}, own


def test_a_plugin_exports_its_entry_and_nothing_else(program, plugins):
    unless_sanitized(program)
    wrong = {name: elf.exports(path) for name, path in plugins.items() if elf.exports(path) != {ENTRY}}
    assert not wrong


def test_a_plugin_resolves_nothing_from_the_core_or_another_plugin(program, plugins):
    unless_sanitized(program)
    files = {path.name for path in plugins.values()} | {program.path.name}
    for name, path in plugins.items():
        assert not elf.unresolved(path), f"{name}: {elf.unresolved(path)} must come from the program"
        assert not files & set(elf.needed(path)), f"{name} links {files & set(elf.needed(path))}"


def test_only_tls_and_outgoing_http_link_their_libraries(program, plugins):
    unless_sanitized(program)
    for name, path in plugins.items():
        costly = {library for library in elf.needed(path) if COSTLY.match(library)}
        assert not costly or name.startswith("services/"), f"{name} links {costly}"


def loaded(collector):
    return {match["name"] for path in collector.mapped_files() if (match := PLUGIN.search(path))}


def libraries(collector):
    return {path.rpartition("/")[2] for path in collector.mapped_files() if ".so" in path}


@pytest.mark.grpc
def test_only_what_the_yaml_names_is_loaded(program, collectors):
    collector = collectors(config.tree(program, {"debug": None}))
    with Route(collector, None).sender("grpc") as sender:
        sender.send(TRACES, small(TRACES))
    collector.wait_debug_items(TRACES, 1)
    assert loaded(collector) == {"receivers/otlp", "exporters/debug", "services/http_server"}
    costly = {name for name in libraries(collector) if COSTLY.match(name)}
    assert not costly, f"nothing here needs {costly}"


CODECS = {"gzip": "libdeflate", "zstd": "libzstd"}


@pytest.mark.http
@pytest.mark.compression
def test_a_compression_is_loaded_with_its_first_body(program, collectors):
    collector = collectors(config.tree(program, {"debug": None}))
    codec = re.compile(r"(lib(?:deflate|zstd|lz4|snappy))[.-]")
    for number, encoding in enumerate(["", *CODECS], 1):
        with HttpSender(collector.port("http"), encoding=encoding) as sender:
            sender.send(TRACES, small(TRACES))
        collector.wait_debug_items(TRACES, number)
        expected = set(list(CODECS.values())[: number - 1])
        assert {match[1] for name in libraries(collector) if (match := codec.match(name))} == expected, encoding


@pytest.mark.grpc
@pytest.mark.export
@pytest.mark.parametrize("kind", ["otlp_http", "otlphttp", "otlp_grpc", "otlp"])
def test_an_alias_loads_its_plugin_and_no_other(program, collectors, sink, kind):
    exporter = (config.otlp_http if "http" in kind else config.otlp_grpc)(sink, kind)
    processors = {"batch": {"timeout": "10ms"}}
    collector = collectors(config.tree(program, exporter, processors=processors, signals=["traces"]))
    with Route(collector, None).sender("grpc") as sender:
        sender.send(TRACES, small(TRACES))
    sink.wait_items(TRACES, 1)
    names = loaded(collector)
    real = {"otlphttp": "otlp_http", "otlp": "otlp_grpc"}.get(kind, kind)
    assert names - SERVICES == {"receivers/otlp", "processors/batch", f"exporters/{real}"}
    assert "services/tls" not in names


@pytest.mark.grpc
def test_what_is_configured_but_in_no_pipeline_is_not_started(program, collectors):
    """It may be loaded, to be checked, but it does nothing: nobody listens on its port."""
    receivers = {**config.otlp_receiver(), "otlp/idle": config.otlp_receiver()["otlp"]}
    pipelines = {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}}
    collector = collectors(config.tree(program, {"debug": None}, receivers=receivers, pipelines=pipelines))
    assert {component for component, _ in collector.ports} == {"otlp"}
