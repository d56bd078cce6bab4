# SPDX-License-Identifier: Apache-2.0
"""Runs one page: `run_page.py ROOT BIN PAGE`. Every ```sh block is run in order, in a scratch directory that looks like the
built tree, and its output compared. Meant to run in a network namespace of its own (unshare --net): the pages use the ports
that everybody uses."""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import blocks
import expect

BLOCK_S = 30  # no block may take longer
READY = "Everything is ready. Begin running and processing data."
PORTS = (4317, 4318, 8888, 13133, 55679)
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    pass


def loopback_up():
    """A new network namespace has a loopback that is down."""
    siocgifflags, siocsifflags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, siocgifflags, request))[1]
        if not flags & up:
            fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", flags | up))


def busy_ports():
    found = []
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(port)
    return found


def _die_with_parent():
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Background:
    """A command of another terminal."""

    def __init__(self, command, env, directory, output):
        with open(output, "ab") as writer:
            self.process = subprocess.Popen(
                command, cwd=directory, env=env, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer,
                preexec_fn=_die_with_parent,
            )  # fmt: skip
        self.output = open(output, "rb")
        self.seen = 0  # bytes of output that blocks have looked at

    def text(self):
        self.output.seek(self.seen)
        return self.output.read().decode("utf-8", "replace")

    def wait_for(self, fits, what, look_on=False):
        """Until what it said fits; with `look_on` that counts as not yet looked at."""
        deadline = time.monotonic() + BLOCK_S
        while not fits(self.text()):
            if self.process.poll() is not None:
                if fits(self.text()):
                    break
                raise Failed(f"it ended with {self.process.returncode} before {what}; it said:\n{self.text()}")
            if time.monotonic() > deadline:
                raise Failed(f"{what}: not seen in {BLOCK_S} s; it said:\n{self.text()}")
            time.sleep(0.02)
        if not look_on:
            self.output.seek(0, os.SEEK_END)
            self.seen = self.output.tell()

    def hang_up(self):
        """SIGHUP to the command, not to the shell that waits for it."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children or [pid]:
            os.kill(int(child), signal.SIGHUP)

    def stop(self):
        """As Ctrl-C does it, to the whole group. It must end by itself."""
        code = None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            code = self.process.wait(BLOCK_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.rest = self.text()
        self.output.close()
        return code


class Page:
    def __init__(self, root, programs, scratch):
        self.scratch, self.state = scratch, scratch / ".state"
        self.here = scratch / "nacelle"
        self.background = {}
        self.skipped = []
        self.ran = 0
        self._make_tree(root, programs)
        self.env = {
            "PATH": f"{self.here}/build/release/bin:{os.environ['PATH']}",
            "HOME": str(scratch),
            "XDG_RUNTIME_DIR": str(self.state),  # where a collector says that it runs, out of sight of others
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "COLUMNS": "80",
        }
        for name, value in os.environ.items():
            if name.startswith(("ASAN_", "UBSAN_", "TSAN_", "LSAN_")):
                self.env[name] = value

    def _make_tree(self, root, programs):
        """What a reader has after building, without what could be spoilt: files are copies."""
        (self.here / "build" / "release").mkdir(parents=True)
        (self.here / "build" / "release" / "bin").symlink_to(programs)
        (self.here / "build" / "release" / "lib").symlink_to(programs.parent / "lib")
        shutil.copytree(root / "configs", self.here / "configs")
        shutil.copytree(root / "scripts", self.here / "scripts")
        self.state.mkdir()
        (self.state / "env").write_text("")
        (self.state / "pwd").write_text(str(self.here))

    def _script(self, text, name="block"):
        """The block as a script that goes on where the last one ended: its directory and what it exported."""
        script = self.state / f"{name}.sh"
        keep = f"trap 'export -p > {self.state}/env; pwd > {self.state}/pwd' EXIT\n" if name == "block" else ""
        script.write_text(f". {self.state}/env\ncd \"$(cat {self.state}/pwd)\"\n{keep}set -e\n{text}")
        return ["bash", "--noprofile", "--norc", str(script)]

    def _compare(self, expected, actual, prefix=False):
        return expect.matches(expected, actual, more_may_follow=prefix, scratch=str(self.here))

    def run(self, block):
        if block.has("norun"):
            self.skipped.append(block)
            return
        self.ran += 1
        name = block.value("background") or ("collector" if block.has("background") else None)
        if name:
            self._run_background(name, block)
            return
        ended = subprocess.run(
            self._script(block.text), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=BLOCK_S, check=False, preexec_fn=_die_with_parent,
        )  # fmt: skip
        said = ended.stdout.decode("utf-8", "replace")
        self._check_code(block, ended.returncode, said)
        if block.expected is not None and not self._compare(block.expected, said):
            raise Failed(f"it said something else than line {block.expected_line} has:\n{said}")

    def _check_code(self, block, code, said):
        wanted = block.value("exit")
        if wanted is not None and code != int(wanted):
            raise Failed(f"exit code {code}, not {wanted}; it said:\n{said}")
        if wanted is None and (code != 0) != block.has("fails"):
            raise Failed(f"exit code {code}; it said:\n{said}")

    def _run_background(self, name, block):
        if old := self.background.pop(name, None):
            self._stop(name, old)
        running = Background(self._script(block.text, name), self.env, self.here, self.state / f"{name}-{self.ran}.out")
        self.background[name] = running
        if block.expected is None:
            running.wait_for(lambda text: READY in text, READY, look_on=True)
        else:
            running.wait_for(
                lambda text: self._compare(block.expected, text, prefix=True),
                f"what line {block.expected_line} has",
                look_on=True,
            )

    def _stop(self, name, running):
        text = running.text()
        if running.stop() is None:
            raise Failed(f"{name} did not end on SIGINT; it said:\n{text}")

    def check_output(self, block):
        """```text from=collector: what the command of the other terminal has said since it was last looked at."""
        name = block.value("from")
        if name not in self.background:
            raise Failed(f"nothing called {name} runs")
        wanted = "...\n" + block.text
        self.background[name].wait_for(lambda text: self._compare(wanted, text, prefix=True), "these lines")

    def check_hup(self, block):
        """```text hup=collector: it gets SIGHUP, and then says these lines."""
        name = block.value("hup")
        if name not in self.background:
            raise Failed(f"nothing called {name} runs")
        self.background[name].hang_up()
        wanted = "...\n" + block.text
        self.background[name].wait_for(lambda text: self._compare(wanted, text, prefix=True), "these lines")

    def check_end(self, block):
        """```text ends=collector: Ctrl-C in the other terminal, and the end of what is said there."""
        name = block.value("ends")
        if name not in self.background:
            raise Failed(f"nothing called {name} runs")
        running = self.background.pop(name)
        ended = running.stop()
        said = running.rest
        if ended is None:
            raise Failed(f"{name} did not end on SIGINT; it said:\n{said}")
        if not self._compare("...\n" + block.text, said):
            raise Failed(f"it ended with something else:\n{said}")

    def write(self, block):
        path = self.here / block.value("file")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def close(self):
        for name, running in self.background.items():
            running.stop()


def run(root, programs, page_file):
    page_blocks = blocks.parse((root / page_file).read_text())
    with tempfile.TemporaryDirectory(prefix="nacelle-docs-") as scratch:
        page = Page(root, programs, Path(scratch))
        try:
            for block in page_blocks:
                try:
                    if block.language == "sh":
                        page.run(block)
                    elif block.language in ("yaml", "json") and block.value("file"):
                        page.write(block)
                    elif block.language == "text" and block.value("from"):
                        page.check_output(block)
                    elif block.language == "text" and block.value("hup"):
                        page.check_hup(block)
                    elif block.language == "text" and block.value("ends"):
                        page.check_end(block)
                except subprocess.TimeoutExpired:
                    raise Failed(f"{page_file}:{block.line}: it took more than {BLOCK_S} s") from None
                except Failed as failure:
                    raise Failed(f"{page_file}:{block.line}: {failure}") from None
        finally:
            page.close()
        for block in page.skipped:
            print(f"{page_file}:{block.line}: not run: {block.reason}")
        print(f"{page_file}: {page.ran} blocks run, {len(page.skipped)} not")


def main():
    root, programs, page_file = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    try:
        if "--own-network" in sys.argv:
            loopback_up()
        elif busy := busy_ports():
            print(f"not run: ports {busy} are taken, and there is no network namespace to be had")
            return 77
        run(root, programs, page_file)
    except (Failed, blocks.Malformed) as failure:
        print(f"FAILED {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
