# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, again and again, with a queue on disk: nothing that was acknowledged is lost. 20 kills by
default; NACELLE_KILLS=200 is the long form. NACELLE_SEED repeats a run."""

import itertools
import os
import random
import signal
import time

import pytest
import yaml
from account import Client, ids_in, judge
from e2e import config
from e2e.answers import Answer
from e2e.signals import TRACES

pytestmark = pytest.mark.delivery
KILLS = int(os.environ.get("NACELLE_KILLS", "20"))
SEED = int(os.environ.get("NACELLE_SEED", str(random.randrange(2**32))))
EXPORTERS = {"otlp_http": config.otlp_http, "otlp_grpc": config.otlp_grpc}


def tree(program, exporter, directory, batch, **storage):
    made = config.tree(program, exporter, processors={"batch": {"timeout": "50ms"}} if batch else None, signals=["traces"])
    made["extensions"] = {"file_storage": {"directory": str(directory), **storage}}
    made["service"]["extensions"] = ["file_storage"]
    return made


def settings():
    return {
        "sending_queue": {"storage": "file_storage", "num_consumers": 3},
        "retry_on_failure": {"initial_interval": "20ms", "max_interval": "100ms"},
    }


def delivered(sink):
    return ids_in(received.message for received in sink.of(TRACES))


def wait_delivered(sink, wanted, collector):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if wanted <= set(delivered(sink)):
            return
        time.sleep(0.05)
    collector.fail(f"{len(wanted - set(delivered(sink)))} records did not arrive within a minute")


@pytest.mark.parametrize("batch", [False, True], ids=["queue", "batch+queue"])
@pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=EXPORTERS)
def test_kill_9_loses_nothing(program, collectors, sink, tmp_path, exporter, batch):
    print(f"\nseed {SEED}")
    weather = random.Random(SEED)
    numbers = itertools.count(1)
    acknowledged = set()
    kills = max(1, KILLS // 4)  # of each of the four kinds
    made = tree(program, exporter(sink, **settings()), tmp_path / "queue", batch)
    for _ in range(kills):
        sink.answer_always(weather.choice([Answer(), Answer(503, message="busy"), Answer(delay_s=0.05)]))
        collector = collectors(made)
        with Client(collector.port("http"), numbers, spans=weather.choice([1, 7, 40])) as client:
            time.sleep(weather.uniform(0.01, 0.6))
            collector.kill()
        acknowledged |= client.acknowledged
    sink.answer_always(Answer())
    collector = collectors(made)
    wait_delivered(sink, acknowledged, collector)
    collector.stop()
    assert acknowledged
    judge(f"{kills} × kill -9, {'batch, ' if batch else ''}{next(iter(made['exporters']))}", acknowledged, delivered(sink))


def test_an_orderly_end_keeps_what_a_dead_backend_did_not_take(program, collectors, sink, tmp_path):
    made = tree(program, config.otlp_http(sink, **settings()), tmp_path / "queue", batch=False)
    sink.answer_always(Answer(503, message="busy"))
    collector = collectors(made)
    numbers = itertools.count(1)
    with Client(collector.port("http"), numbers) as client:
        while len(client.acknowledged) < 100:
            time.sleep(0.01)
    collector.stop()
    assert not delivered(sink)
    sink.answer_always(Answer())
    collector = collectors(made)
    wait_delivered(sink, client.acknowledged, collector)
    collector.stop()
    judge("SIGTERM with a dead backend and a queue on disk", client.acknowledged, delivered(sink))


def test_two_processes_do_not_share_a_directory(program, collectors, sink, tmp_path):
    made = tree(program, config.otlp_http(sink, **settings()), tmp_path / "queue", batch=False)
    collectors(made)
    second = collectors(made, ready=False)
    assert second.wait_exit() != 0
    assert "another process uses the directory" in second.output()


def test_a_directory_that_cannot_be_made_is_said(program, collectors, sink, tmp_path):
    (tmp_path / "file").write_text("in the way")
    made = tree(program, config.otlp_http(sink, **settings()), tmp_path / "file" / "queue", batch=False)
    collector = collectors(made, ready=False)
    assert collector.wait_exit() != 0
    assert "Not a directory" in collector.output()


def test_a_full_storage_refuses_and_goes_on(program, collectors, sink, tmp_path):
    made = tree(program, config.otlp_http(sink, **settings()), tmp_path / "queue", batch=False, max_size="1MiB")
    sink.answer_always(Answer(503, message="busy"))
    collector = collectors(made)
    numbers = itertools.count(1)
    with Client(collector.port("http"), numbers, spans=10, padding=5000) as client:
        deadline = time.monotonic() + 30
        while client.refused[503] < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert client.refused[503] >= 3, "a full storage must refuse with 503"
    sink.answer_always(Answer())
    wait_delivered(sink, client.acknowledged, collector)
    with Client(collector.port("http"), numbers, spans=10, padding=5000) as after:
        while len(after.acknowledged) < 50:
            time.sleep(0.01)
    wait_delivered(sink, client.acknowledged | after.acknowledged, collector)
    collector.stop()
    judge("storage full", client.acknowledged | after.acknowledged, delivered(sink))


def test_a_broken_file_is_put_aside(program, collectors, sink, tmp_path):
    directory = tmp_path / "queue"
    made = tree(program, config.otlp_http(sink, **settings()), directory, batch=False)
    sink.answer_always(Answer(503, message="busy"))
    collector = collectors(made)
    with Client(collector.port("http"), itertools.count(1)) as client:
        while len(client.acknowledged) < 20:
            time.sleep(0.01)
    collector.stop()
    (file,) = directory.glob("*.db")
    file.write_bytes(b"junk" * 10000)
    sink.answer_always(Answer())
    collector = collectors(made)
    with Client(collector.port("http"), itertools.count(10**6)) as after:
        while len(after.acknowledged) < 20:
            time.sleep(0.01)
    wait_delivered(sink, after.acknowledged, collector)
    assert list(directory.glob("*.broken-*")), "the broken file must be kept aside"
    assert "storage.broken" in collector.output()
    collector.stop()


def test_a_reload_that_exchanges_the_storage_loses_nothing(program, collectors, sink, tmp_path):
    """The first reload changes the exporter, the second the storage and so all that uses it."""
    directory = tmp_path / "queue"
    made = tree(program, config.otlp_http(sink, **settings()), directory, batch=False)
    sink.answer_always(Answer(delay_s=0.02))
    collector = collectors(made)
    with Client(collector.port("http"), itertools.count(1)) as client:
        for step in ("exporter", "storage", "exporter"):
            wanted = len(client.acknowledged) + 50
            while len(client.acknowledged) < wanted:
                time.sleep(0.01)
            if step == "exporter":
                made["exporters"]["otlp_http"]["headers"] = {"x-step": str(wanted)}
            else:
                made["extensions"]["file_storage"]["max_size"] = "512MiB"
            collector.config_file.write_text(yaml.safe_dump(made))
            taken = sum("reload.taken" in line for line in collector.output().splitlines())
            collector.signal(signal.SIGHUP)
            deadline = time.monotonic() + 20
            while sum("reload.taken" in line for line in collector.output().splitlines()) == taken:
                if time.monotonic() > deadline:
                    collector.fail(f"the reload of the {step} was not taken")
                time.sleep(0.02)
        wanted = len(client.acknowledged) + 50
        while len(client.acknowledged) < wanted:
            time.sleep(0.01)
    wait_delivered(sink, client.acknowledged, collector)
    collector.stop()
    judge("reload of exporter and storage", client.acknowledged, delivered(sink))
