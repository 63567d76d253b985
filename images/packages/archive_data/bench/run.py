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
    "remfile": "remfile,requests",
    "s3fs default": "s3fs,aiobotocore.session",
    "s3fs background 4 MB": "s3fs,aiobotocore.session",
    "fsspec http + cache": "fsspec.implementations.http,aiohttp",
    "lindi, prebuilt": "lindi",
    "kerchunk, prebuilt": "s3fs,aiobotocore.session,zarr",
}
SHORT = ("local disk", "archive_data", "remfile", "s3fs background 4 MB")
PLANS = {
    "short": {
        "methods": SHORT,
        "networks": ("far",),
        "files": ("big", "small"),
        "operations": ("open", "channel", "second", "windows", "stream", "units"),
        "repeats": 1,
    },
    "full": {
        "methods": tuple(IMPORTS),
        "networks": tuple(NETWORKS),
        "files": ("big", "small", "scatter"),
        "operations": ("open", "channel", "second", "windows", "stream", "units"),
        "repeats": 2,
    },
}


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
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
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


def cells(plan: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for network in plan["networks"]:
        for file in plan["files"]:
            for operation in plan["operations"]:
                if file != "scatter" or (operation == "open" and network == "far"):
                    yield network, file, operation


def measure(server: str, folder: Path, plan: dict[str, Any]) -> list[Cell]:
    found = []
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        workers = {}
        for i, name in enumerate(plan["methods"]):
            place = Path(scratch) / str(i)
            workers[name] = Worker(server, folder, IMPORTS[name], place)
            stack.callback(workers[name].close)
        slow_down(server, {})
        for file in plan["files"]:
            made = workers["archive_data"].ask(do="prepare", file=file)
            if made:
                sys.exit(f"bench: {file}: {made['error']}")
        for network, file, operation in cells(plan):
            slow_down(server, NETWORKS[network])
            cell = Cell(network, file, operation)
            for _ in range(plan["repeats"]):
                _one_round(cell, workers, NETWORKS[network]["latency_ms"] / 1000)
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
    parser.add_argument("--folder", type=Path, default=ROOT / ".envs/bench-data")
    given = parser.parse_args()
    folder = given.folder.absolute()
    subprocess.run([BASE, HERE / "make_data.py", folder / "bench"], check=True)
    began = time.monotonic()
    with served(folder) as server:
        found = measure(server, folder, PLANS["full" if given.full else "short"])
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
