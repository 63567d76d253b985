"""Measures one method: reads tasks from standard input, answers each by a line.

One process for each method, so that imports are paid once and never on the clock; the
file is opened anew for each measurement.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import dask_rows
import floor
from methods import METHODS, WHOLE, Place, tidy
from need import needed
from operations import OPERATIONS, data_name
from pipeline import Pipeline
from prepare import prepare
from standin import control

warnings.simplefilter("ignore")

#: So many threads decode in what readers are held against.
CORES = 2


class Peak(threading.Thread):
    """The largest resident set over what it was at the start."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.base = self.top = _rss_mb()
        self.on = True

    def run(self) -> None:
        while self.on:
            self.top = max(self.top, _rss_mb())
            time.sleep(0.01)


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def measure(method: str, place: Place, operation: str) -> dict[str, Any]:
    tidy()
    control(place.server, "reset", "POST", {})
    peak = Peak()
    peak.start()
    began, cpu = time.perf_counter(), time.process_time()
    opened = METHODS[method](place)
    run: Callable[[], Any] = partial(OPERATIONS[operation], opened)
    if operation != "open" and method not in WHOLE:
        if operation != "units":
            getattr(opened.file[data_name(operation)], "array", None)
        control(place.server, "reset", "POST", {})
        began, cpu = time.perf_counter(), time.process_time()
    result = run()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak.on = False
    stats = control(place.server, "stats")
    return {
        "seconds": seconds,
        "cpu": cpu,
        "requests": stats["requests"],
        "mb": stats["bytes"] / 1e6,
        "rss_mb": peak.top - peak.base,
        "result": result,
    }


def lowest(place: Place, operation: str, latency_s: float) -> dict[str, Any]:
    need = needed(place, operation)
    network, requests = floor.network_s(need.ranges)
    decoding = floor.decoding_s(place, need.ranges, need.chunk_bytes, CORES)
    seconds = max(network, latency_s + decoding)
    return {
        "seconds": seconds,
        "network": network,
        "decoding": decoding,
        "pipeline": Pipeline(need, CORES).seconds(),
        "requests": requests,
        "mb": sum(b - a for _, a, b in need.ranges) / 1e6,
    }


def answer(task: dict[str, Any], server: str, folder: Path) -> dict[str, Any]:
    place = Place(server, folder, task["file"])
    has_dask = "dask.distributed" in sys.argv[3].split(",")
    if task["do"] == "hello":
        if has_dask:
            dask_rows.cluster(sys.argv[3])
        return {}
    if task["do"] == "prepare":
        prepare(place)
        return {}
    if task["do"] == "floor":
        return lowest(place, task["operation"], task["latency_s"])
    if has_dask:
        return dask_rows.measure(dask_rows.cluster(sys.argv[3]), task["method"], place)
    return measure(task["method"], place, task["operation"])


def main() -> None:
    server, folder = sys.argv[1], Path(sys.argv[2])
    # Some of the libraries print; the answers have the real standard output alone.
    answers, sys.stdout = sys.stdout, sys.stderr
    for name in (*sys.argv[3].split(","), "zarr_methods"):
        try:
            __import__(name)
        except ImportError:
            continue
    for line in sys.stdin:
        try:
            found = answer(json.loads(line), server, folder)
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
