"""The processes of a run: the server, and a worker for each way to read.

A worker that does not answer in time is ended and started anew, so that no way to read
can keep the run from its end.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from plan import IMPORTS, ZARR3

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
BASE = ROOT / ".envs/base/bin/python"
HUB = ROOT / ".venv/bin/python"

#: The environment of the kernel zarr3, and two peers that want Zarr 3.
PEERS = ROOT / ".envs/bench-zarr3"

#: How long a worker may import what it needs; one that takes longer is left alone.
START_S = 240


class Worker:
    """A process that measures one way to read.

    Parameters
    ----------
    name : str
        The way.
    server, folder
        Address of the server, and the folder that it serves.
    scratch : Path
        For the worker's own files.
    """

    def __init__(self, name: str, server: str, folder: Path, scratch: Path) -> None:
        self.name, self.server, self.folder = name, server, folder
        self.scratch = scratch
        self.process = self._start()
        self._is_ready = False
        #: Why it does not start; empty if it does.
        self._broken = ""

    def _start(self) -> subprocess.Popen[bytes]:
        names = ",".join(filter(None, ("numpy,pynwb,h5py,pandas", IMPORTS[self.name])))
        python = PEERS / "bin/python" if self.name in ZARR3 else BASE
        source = HERE.parent / "src"
        environment = {
            **os.environ,
            "PYTHONPATH": str(source),
            "ARCHIVE_HUB_INDEX": f"{self.server}/indexes",
            "ARCHIVE_DATA_FOLDER": str(self.scratch),
            "AWS_ENDPOINT_URL": self.server,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self.name == "zarr and s3fs":
            # The only way in which it opens an NWB file at all; the file is our own.
            environment["NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE"] = "1"
        return subprocess.Popen(
            [python, HERE / "worker.py", self.server, self.folder, names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def ask(self, limit_s: float, **task: Any) -> dict[str, Any]:
        """Send a task and wait for its answer, so long and no longer."""
        if self._broken:
            return {"error": self._broken}
        if not self._is_ready:
            # Its imports are on no row's clock.
            self._is_ready = True
            found = self._ask(START_S, {"do": "hello", "file": ""})
            if "error" in found:
                self._broken = f"it does not start: {found['error']}"
                return {"error": self._broken}
        return self._ask(limit_s, task)

    def _ask(self, limit_s: float, task: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(task).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            return self._again("it died")
        ready, _, _ = select.select([self.process.stdout], [], [], limit_s)
        if not ready:
            return self._again(f"over {limit_s:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            return self._again("it died")
        found: dict[str, Any] = json.loads(line)
        return found

    def _again(self, why: str) -> dict[str, Any]:
        self.close()
        self.process = self._start()
        self._is_ready = False
        return {"error": why}

    def close(self) -> None:
        """End the process and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as S3; the address."""
    command = [HUB, HERE / "serve.py", folder]
    # A reader that hangs up in the middle is no news.
    quiet = subprocess.DEVNULL
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": quiet}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def make_peers() -> str:
    """Make the environment with Zarr 3; return why it is not there, or nothing."""
    if (PEERS / ".made").exists():
        return ""
    python = _new_python()
    if not python:
        return "no Python 3.12 or newer here"
    uv = ROOT / ".venv/bin/uv"
    lock = ROOT / "images/base/zarr3.lock"
    install = [uv, "pip", "install", "-q", "--python", PEERS / "bin/python"]
    steps = (
        [uv, "venv", "-q", "--clear", "--python", python, PEERS],
        [*install, "--require-hashes", "-r", lock],
        [*install, "virtualizarr>=2.8", "obstore>=0.12"],
    )
    for step in steps:
        done = subprocess.run(step, stderr=subprocess.PIPE, text=True, timeout=600)
        if done.returncode:
            return f"its environment was not made: {done.stderr[-200:]}"
    (PEERS / ".made").touch()
    return ""


def _new_python() -> str:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    folders += [str(p) for p in Path.home().glob(".pyenv/versions/3.1[2-9]*/bin")]
    for folder in folders:
        for name in ("python3.13", "python3.12"):
            path = Path(folder, name)
            if path.exists() and _runs(path):
                return str(path)
    return ""


def _runs(python: Path) -> bool:
    done = subprocess.run([python, "-c", ""], stderr=subprocess.DEVNULL)
    return done.returncode == 0


def make_data(folder: Path, names: list[str], seconds: float) -> None:
    """Make the files that are missing."""
    for version, python in (("2", BASE), ("3", PEERS / "bin/python")):
        zarr = f"zarr{version}"
        mine = [n for n in names if (n == zarr or (version == "2" and n != "zarr3"))]
        if mine and python.exists():
            command = [python, HERE / "make_data.py", folder, str(seconds), *mine]
            # Written, not read: hdmf-zarr looks at its own references once more.
            unsafe = {"NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE": "1"}
            environment = {**os.environ, **unsafe, "PYTHONWARNINGS": "ignore"}
            print("making", *mine, file=sys.stderr)
            subprocess.run(command, check=True, env=environment)
