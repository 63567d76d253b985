"""``make bench``: the figures of one-machine mode, as a table with ratios.

Each figure stands beside a reference measured in the same run, because the machines
that run this are shared and noisy: read the ratio, not the seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from . import browser, crowd, kernel

ROOT = Path(__file__).resolve().parents[2]
HUB = str(Path(sys.executable).with_name("archive-hub"))


def seconds(command: list[str]) -> float:
    """Return how long a command runs."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


@contextmanager
def a_hub(state: Path) -> Iterator[tuple[dict[str, Any], float]]:
    """Run a hub; yield its status and how long it took to be healthy."""
    started = time.perf_counter()
    launcher = subprocess.Popen(
        [HUB, "local", "up", "--state", str(state), "--port", "0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert launcher.stderr is not None
    for line in launcher.stderr:
        if "The hub is up" in line:
            break
    took = time.perf_counter() - started
    try:
        words = [HUB, "local", "status", "--state", str(state), "--json"]
        found = subprocess.run(words, capture_output=True, text=True, check=True)
        yield json.loads(found.stdout), took
    finally:
        launcher.terminate()
        launcher.communicate()


def pss_mb(pid: int) -> float:
    """Return the memory of a process and its descendants, shared pages counted once."""
    members = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in members) / 1e6


def main() -> None:
    """Measure and print."""
    table = Table("figure", "measured", "goal", "reference in the same run", "ratio")
    console = Console()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, console.status("measuring …"):
        state = Path(folder) / "state"
        imports = seconds([sys.executable, "-c", "import jupyterhub.app, kubespawner"])
        with a_hub(state):
            pass
        ups = []
        for _ in range(2):
            with a_hub(state) as (_, took):
                ups.append(took)
        with a_hub(state) as (status, took):
            ups.append(took)
            up = min(ups)
            ratio = f"{up / imports:.1f}"
            reference = f"importing JupyterHub: {imports:.1f} s"
            table.add_row("up, warm", f"{up:.1f} s", "8 s", reference, ratio)
            memory = pss_mb(status["pid"])
            row = ("all parts but servers", f"{memory:.0f} MB", "450 MB", "", "")
            table.add_row(*row)
            for row in (*kernel.rows(status["url"]), *browser.rows(status["url"])):
                table.add_row(*row)
        for row in crowd.rows(Path(folder) / "crowd"):
            table.add_row(*row)
    console.print(table)
    console.print(
        f"{os.cpu_count()} cores, load average before {load:.1f}, "
        f"best of {len(ups)} for up; {statistics.median(ups):.1f} s in the median"
    )


if __name__ == "__main__":
    main()
