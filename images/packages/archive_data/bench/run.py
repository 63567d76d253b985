"""Measures archive_data against its peers and against the floor, and writes the table.

``.venv/bin/python images/packages/archive_data/bench/run.py [--full]``.  Methods take
turns within each cell, so that a busy machine hits all alike; a result that differs
from that of the local file fails the run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import Cell, write

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
BASE = ROOT / ".envs/base/bin/python"
HUB = ROOT / ".venv/bin/python"
PAGE = ROOT / "docs/reference/reading.md"

FAR = {"latency_ms": 30, "connection_mb_s": 80}
NETWORKS: dict[str, dict[str, float]] = {
    "far": FAR,
    "capped": {**FAR, "bandwidth_mb_s": 100},
    "near": {"latency_ms": 10, "connection_mb_s": 80},
}
IMPORTS = {
    "local disk": "",
    "archive_data": "archive_data,imagecodecs",
    "archive_data no index": "archive_data,imagecodecs",
    "remfile": "remfile,requests",
    "s3fs default": "s3fs,aiobotocore.session",
    "s3fs background 4 MB": "s3fs,aiobotocore.session",
    "fsspec http + cache": "fsspec.implementations.http,aiohttp",
    "lindi, prebuilt": "lindi",
    "kerchunk, prebuilt": "s3fs,aiobotocore.session,zarr",
}
SHORT = ("local disk", "archive_data", "remfile", "s3fs background 4 MB")
ALL = ("open", "channel", "second", "windows", "stream", "units")
BULK = ("channel", "second", "stream")


@dataclass(frozen=True)
class Part:
    """What is measured over one network."""

    network: str
    methods: tuple[str, ...]
    operations: tuple[str, ...]
    files: tuple[str, ...] = ("big", "small")

    def cells(self) -> Iterator[tuple[str, str]]:
        for file in self.files:
            for operation in self.operations:
                if file != "scatter" or operation == "open":
                    yield file, operation


#: About 3 minutes, and 15, on two idle cores.
SHORT_PLAN = (Part("far", SHORT, ALL),)
FULL_PLAN = (
    Part("far", tuple(IMPORTS), ALL, ("big", "small", "scatter")),
    Part("capped", (*SHORT, "kerchunk, prebuilt"), BULK),
    Part("near", (*SHORT, "kerchunk, prebuilt"), BULK),
)


class Worker:
    """A process that measures one method."""

    def __init__(self, server: str, folder: Path, imports: str, scratch: Path) -> None:
        names = ",".join(filter(None, ("numpy,pynwb,h5py,pandas", imports)))
        environment = {
            **os.environ,
            "ARCHIVE_HUB_INDEX": f"{server}/indexes",
            "ARCHIVE_DATA_FOLDER": str(scratch),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.process = subprocess.Popen(
            [BASE, HERE / "worker.py", server, folder, names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(self, **task: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {"error": "it died"}
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def served(folder: Path) -> Iterator[str]:
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


def slow_down(server: str, options: dict[str, float]) -> None:
    import urllib.request

    request = urllib.request.Request(
        f"{server}/_standin/options",
        method="PUT",
        data=json.dumps(options).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


Plan = tuple[Part, ...]


def measure(server: str, folder: Path, plan: Plan, times: int) -> list[Cell]:
    found = []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = {}
        for name in dict.fromkeys(name for part in plan for name in part.methods):
            place = scratch / str(len(workers))
            workers[name] = Worker(server, folder, IMPORTS[name], place)
            stack.callback(workers[name].close)
        slow_down(server, {})
        for file in dict.fromkeys(file for part in plan for file in part.files):
            made = workers["archive_data"].ask(do="prepare", file=file)
            if made:
                sys.exit(f"bench: {file}: {made['error']}")
        for part in plan:
            slow_down(server, NETWORKS[part.network])
            latency_s = NETWORKS[part.network]["latency_ms"] / 1000
            chosen = {name: workers[name] for name in part.methods}
            for file, operation in part.cells():
                cell = Cell(part.network, file, operation)
                for _ in range(times):
                    _one_round(cell, chosen, latency_s)
                found.append(cell)
                print(cell.line(), flush=True)
    return found


def _one_round(cell: Cell, workers: dict[str, Worker], latency_s: float) -> None:
    task = {"file": cell.file, "operation": cell.operation}
    if cell.operation != "open":
        floor = workers["local disk"].ask(do="floor", latency_s=latency_s, **task)
        cell.add("floor", floor)
    for name, worker in workers.items():
        cell.add(name, worker.ask(do="measure", method=name, **task))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="every peer and network")
    parser.add_argument("--times", type=int, default=1, help="rounds; the best counts")
    parser.add_argument("--folder", type=Path, default=ROOT / ".envs/bench-data")
    given = parser.parse_args()
    folder = given.folder.absolute()
    subprocess.run([BASE, HERE / "make_data.py", folder / "bench"], check=True)
    began = time.monotonic()
    with served(folder) as server:
        plan = FULL_PLAN if given.full else SHORT_PLAN
        found = measure(server, folder, plan, given.times)
    minutes = (time.monotonic() - began) / 60
    different = [cell for cell in found if not cell.is_equal]
    for cell in different:
        print(f"bench: {cell.name}: unequal results {cell.results()}", file=sys.stderr)
    today = datetime.date.today().isoformat()
    load = os.getloadavg()[1]
    write(PAGE, found, f"{today}, {minutes:.0f} minutes, load {load:.1f}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
