# SPDX-License-Identifier: Apache-2.0
"""nacelle dist: folders, archives and images of chosen plugins, the same bytes each time, and they run."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from contextlib import contextmanager

import pytest
import yaml

from e2e import command, config, exposition
from e2e.program import ROOT
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import TRACES

pytestmark = [pytest.mark.process, pytest.mark.go_differs("it has no plugins to choose from")]

NAME = "sidecar-0.1.0-amd64"
IMAGES = ROOT / "configs" / "images"
SIDECAR_MOST = 20e6  # bytes of the guide's sidecar, uncompressed
START_S = 20
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="NO CHROOT: an image is run as root, with unshare"
)
needs_umoci = pytest.mark.skipif(not shutil.which("umoci"), reason="NO UMOCI: install it (scripts/install-dependencies --tests)")


@pytest.fixture(scope="module")
def installed(program, tmp_path_factory):
    """The tree that `cmake --install --strip` makes."""
    prefix = tmp_path_factory.mktemp("installed")
    build = program.path.parents[1]
    subprocess.run(["cmake", "--install", build, "--strip", "--prefix", prefix], check=True, capture_output=True, timeout=120)
    return prefix


def dist(installed, manifest, output, *options, **more):
    return subprocess.run(
        [installed / "bin" / "nacelle", "dist", "build", manifest, "--output", output, *options],
        capture_output=True, text=True, timeout=120, **more,
    )


def built(installed, manifest, output, *options):
    result = dist(installed, manifest, output, *options)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def manifest_of(directory, **keys):
    path = directory / "manifest.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "plugins": [{"name": "receivers/otlp"}], **keys}))
    return path


# ---- what is in it


def test_a_folder_holds_the_plugins_of_the_manifest_their_services_and_nothing_else(installed, tmp_path):
    manifest = manifest_of(
        tmp_path, plugins=[{"name": "receivers/otlp"}, {"name": "processors/batch"}, {"name": "exporters/otlphttp"}]
    )
    built(installed, manifest, tmp_path / "out", "--only", "folder")
    plugins = tmp_path / "out" / "mine-0.1.0-amd64" / "lib" / "nacelle"
    assert {str(file.relative_to(plugins)) for file in plugins.rglob("*.so")} == {
        "receivers/otlp.so", "processors/batch.so", "exporters/otlp_http.so", "exporters/otlphttp.so",
        "services/http_server.so", "services/http_client.so", "services/tls.so",
    }
    assert os.readlink(plugins / "exporters" / "otlphttp.so") == "otlp_http.so"


def test_a_folder_runs_where_it_was_put(installed, tmp_path, sink):
    manifest = manifest_of(
        tmp_path, plugins=[{"name": "receivers/otlp"}, {"name": "exporters/otlphttp"}], config="config.yaml"
    )
    port = exposition.free_port()
    tree = {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {"otlphttp": config.otlp_http(sink)["otlp_http"]},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlphttp"]}},
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree))
    built(installed, manifest, tmp_path / "out", "--only", "archive")
    with tarfile.open(tmp_path / "out" / "mine-0.1.0-amd64.tar.gz") as archive:
        archive.extractall(tmp_path / "there", filter="data")
    place = tmp_path / "there" / "mine-0.1.0-amd64"
    with running([place / "bin" / "nacelle", "--config", place / "etc" / "nacelle" / "config.yaml"], port):
        with GrpcSender(port) as sender:
            sender.send(TRACES, small(TRACES, 3))
        sink.wait_items(TRACES, 3)


@contextmanager
def running(arguments, port, env=None):
    """Until the port answers; ended by SIGTERM."""
    process = subprocess.Popen(
        list(map(str, arguments)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, **(env or {})},
    )
    try:
        deadline = time.monotonic() + START_S
        while True:
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline, "it does not listen"
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


# ---- images


@pytest.fixture(scope="module")
def images(installed, tmp_path_factory):
    if not (ROOT / "build" / "libcurl" / "libcurl.so.4").exists():
        pytest.skip("NO LIBCURL: scripts/libcurl builds it from Debian's source")
    out = tmp_path_factory.mktemp("images")
    for name in ("sidecar", "sidecar-shell", "minimal", "ecs"):
        built(installed, IMAGES / f"{name}.yaml", out, "--only", "image")
    return out


def blob(layout, digest):
    kind, value = digest.split(":")
    content = (layout / "blobs" / kind / value).read_bytes()
    assert hashlib.sha256(content).hexdigest() == value
    return content


def opened(layout):
    """(image config, path of the layer)"""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(layout, index["manifests"][0]["digest"]))
    layer = manifest["layers"][0]["digest"]
    blob(layout, layer)
    return json.loads(blob(layout, manifest["config"]["digest"])), layout / "blobs" / "sha256" / layer.split(":")[1]


def test_an_image_says_how_adots_is_started(images):
    image, layer = opened(images / f"{NAME}.oci")
    run = image["config"]
    assert (run["Entrypoint"], run["Cmd"], run["User"]) == (["/awscollector"], ["--config=/etc/otel-config.yaml"], "4317:4317")
    assert set(run["ExposedPorts"]) == {"4317/tcp", "55681/tcp", "2000/tcp"}
    with tarfile.open(layer) as archive:
        names = set(archive.getnames())
    assert {"awscollector", "healthcheck", "etc/otel-config.yaml", "etc/ssl/certs/ca-certificates.crt"} <= names
    assert not names & {"bin/sh", "bin/busybox", "usr/bin/sh"}
    presets = {str(path.relative_to(ROOT / "configs" / "adot")) for path in (ROOT / "configs" / "adot").rglob("*.yaml")}
    assert {f"etc/{preset}" for preset in presets} <= names


def test_an_image_has_a_volume_that_its_user_may_write_into(images):
    """ECS mounts an empty volume with the mode of the image's directory, for which the image has to name it."""
    image, layer = opened(images / f"{NAME}.oci")
    assert image["config"]["Volumes"] == {"/var/lib/nacelle": {}}
    with tarfile.open(layer) as archive:
        directory = archive.getmember("var/lib/nacelle")
    assert directory.isdir() and directory.mode == 0o1777


def test_the_sidecar_is_small_and_the_minimal_image_is_smaller(images):
    sizes = {}
    for name in ("sidecar", "minimal"):
        _, layer = opened(images / f"{name}-0.1.0-amd64.oci")
        with tarfile.open(layer) as archive:
            sizes[name] = sum(member.size for member in archive)
    assert sizes["sidecar"] <= SIDECAR_MOST and sizes["minimal"] < sizes["sidecar"], sizes


def test_the_same_manifest_gives_the_same_bytes(installed, images, tmp_path):
    built(installed, IMAGES / "sidecar.yaml", tmp_path, "--only", "image")
    _, first = opened(images / f"{NAME}.oci")
    _, second = opened(tmp_path / f"{NAME}.oci")
    assert first.name == second.name
    assert (images / f"{NAME}.oci" / "index.json").read_bytes() == (tmp_path / f"{NAME}.oci" / "index.json").read_bytes()


def test_scanners_find_what_is_inside(images):
    bill = json.loads((images / f"{NAME}.spdx.json").read_text())
    assert bill["spdxVersion"] == "SPDX-2.3"
    packages = {package["name"]: package for package in bill["packages"]}
    assert packages["libc6"]["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/libc6@2.36")
    assert len(packages["receivers/otlp"]["checksums"][0]["checksumValue"]) == 64
    related = {relation["relatedSpdxElement"] for relation in bill["relationships"]}
    assert {package["SPDXID"] for package in bill["packages"]} == related
    _, layer = opened(images / f"{NAME}.oci")
    with tarfile.open(layer) as archive:
        status = archive.extractfile("var/lib/dpkg/status.d/libc6").read().decode()
        assert status.startswith("Package: libc6\n") and "\nVersion: 2.36" in status
        assert archive.extractfile("usr/share/doc/libc6/copyright").read()
        names = archive.getnames()
    copyrights = {name.split("/")[3] for name in names if name.endswith("/copyright")}
    assert {name.split("/")[-1] for name in names if "status.d/" in name} == copyrights


def test_an_image_has_a_libcurl_that_brings_no_other_protocols(images):
    _, layer = opened(images / f"{NAME}.oci")
    with tarfile.open(layer) as archive:
        libraries = {name.rsplit("/", 1)[1] for name in archive.getnames() if ".so." in name}
    assert "libcurl.so.4" in libraries and "libssl.so.3" in libraries
    assert not {name for name in libraries if name.startswith(("libldap", "libgnutls", "librtmp", "libssh", "libkrb5"))}


@contextmanager
def contained(layout, directory, arguments, port, env):
    """The image run as a container runtime does it: its root, its own /proc, its user."""
    root = directory / "bundle" / "rootfs"
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:0.1.0", root.parent], check=True, capture_output=True, timeout=60)
    (root / "proc").mkdir(exist_ok=True)
    inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child=TERM", f"--root={root}", "--mount-proc"]
    with running([*inside, "--setuid=4317", "--setgid=4317", *arguments], port, env) as process:
        yield root, process


@needs_root
@needs_umoci
@pytest.mark.parametrize("name", ["sidecar", "sidecar-shell"])
def test_an_image_takes_otlp_and_answers_its_health_check(images, tmp_path, sink, name):
    port, health = exposition.free_port(), exposition.free_port()
    tree = {
        "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
        "processors": {"memory_limiter": {"check_interval": "1s", "limit_percentage": 80}, "batch": {"timeout": "10ms"}},
        "exporters": {"otlphttp": config.otlp_http(sink)["otlp_http"]},
        "service": {
            "extensions": ["health_check"],
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["memory_limiter", "batch"], "exporters": ["otlphttp"]}
            },
        },
    }
    layout = images / f"{name}-0.1.0-amd64.oci"
    environment = {"AOT_CONFIG_CONTENT": yaml.safe_dump(tree)}
    with contained(layout, tmp_path, ["/awscollector", "--config=/etc/otel-config.yaml"], port, environment) as (root, _):
        with GrpcSender(port) as sender:
            sender.send(TRACES, small(TRACES, 2))
        sink.wait_items(TRACES, 2)
        check = subprocess.run(["chroot", root, "/healthcheck", "-port", str(health)], capture_output=True, timeout=20)
        assert check.returncode == 0, check.stderr
        if name == "sidecar-shell":
            wget = f"wget -qO- http://127.0.0.1:{health}/ || exit 1"
            check = subprocess.run(["chroot", root, "/bin/sh", "-c", wget], capture_output=True, text=True, timeout=20)
            assert check.returncode == 0 and "Server available" in check.stdout, check


@needs_root
@needs_umoci
def test_the_images_own_configs_are_valid_with_what_is_in_the_image(images, tmp_path):
    guide = ROOT / "configs" / "ecs"
    for name, path in (
        ("sidecar", "etc/otel-config.yaml"),
        ("sidecar", guide / "collector-config.yaml"),
        ("ecs", guide / "collector-config-hardened.yaml"),
        ("ecs", guide / "daemon-config.yaml"),
        ("minimal", "etc/nacelle/config.yaml"),
    ):
        layout, bundle = images / f"{name}-0.1.0-amd64.oci", tmp_path / f"{name}-{os.path.basename(path)}"
        subprocess.run(["umoci", "unpack", "--image", f"{layout}:0.1.0", bundle], check=True, capture_output=True, timeout=60)
        (bundle / "rootfs" / "proc").mkdir(exist_ok=True)
        if os.path.isabs(path):
            path = shutil.copy(path, bundle / "rootfs" / "tmp") and f"tmp/{os.path.basename(path)}"
        inside = ["unshare", "--mount", "--pid", "--fork", f"--root={bundle / 'rootfs'}", "--mount-proc"]
        result = subprocess.run(
            [*inside, "/usr/bin/nacelle", "validate", "--config", f"/{path}"], capture_output=True, text=True, timeout=30,
            env={"BACKEND_URL": "https://otlp.example", "BACKEND_TOKEN": "t"},
        )
        assert result.returncode == 0, result.stderr


# ---- what is refused


def test_a_plugin_of_ones_own_comes_by_its_file_and_its_digest(installed, tmp_path):
    mine = tmp_path / "acme.so"
    shutil.copy(installed / "lib" / "nacelle" / "exporters" / "nop.so", mine)
    digest = hashlib.sha256(mine.read_bytes()).hexdigest()
    manifest = manifest_of(tmp_path, plugins=[{"name": "exporters/acme", "file": "acme.so", "sha256": digest}])
    built(installed, manifest, tmp_path / "out", "--only", "folder")
    there = tmp_path / "out" / "mine-0.1.0-amd64" / "lib" / "nacelle" / "exporters" / "acme.so"
    assert there.read_bytes() == mine.read_bytes()
    mine.write_bytes(mine.read_bytes() + b"\0")
    result = dist(installed, manifest, tmp_path / "again", "--only", "folder")
    assert result.returncode == 1 and digest in result.stderr and "the manifest wants" in result.stderr


@pytest.mark.parametrize(
    "keys, said",
    [
        ({"plugins": [{"name": "exporters/nosuch"}]}, "there is no plugin exporters/nosuch"),
        ({"plugins": [{"name": "otlp"}]}, "write its folder and its type"),
        ({"plugins": [{"name": "receivers/../../x"}]}, "is no name of a plugin"),
        ({"plugins": []}, "at least one is needed"),
        ({"plugin": []}, "plugin"),
        ({"layout": "docker"}, "layout"),
        ({"architecture": "arm64"}, "the manifest is for arm64"),
        ({"libraries": [{"name": "libcurl.so.4", "file": "nosuch"}]}, "nosuch cannot be read"),
        ({"config": "nosuch.yaml"}, "nosuch.yaml cannot be read"),
        ({"files": [{"source": "manifest.yaml", "target": "/../x"}]}, "is no path within a distribution"),
        ({"programs": ["nosuch"]}, "there is no program"),
        ({"name": "a/b"}, "must be letters"),
    ],
)
def test_a_wrong_manifest_is_refused_in_words(installed, tmp_path, keys, said):
    result = dist(installed, manifest_of(tmp_path, **keys), tmp_path / "out")
    assert result.returncode == 1, result.stdout
    assert result.stderr.startswith("Error: ") and said in result.stderr, result.stderr


def test_what_is_there_already_is_not_written_over(installed, tmp_path):
    manifest = manifest_of(tmp_path)
    built(installed, manifest, tmp_path / "out", "--only", "folder")
    result = dist(installed, manifest, tmp_path / "out", "--only", "folder")
    assert result.returncode == 1 and "File exists" in result.stderr


def test_help_explains_and_unknown_options_are_refused(program):
    assert "SOURCE_DATE_EPOCH" in command.good(program, "dist", "--help")
    result = command.run(program, "dist", "build", "x", "--nosuch")
    assert result.returncode == 2 and "--nosuch" in result.stderr
