"""Measures one method: reads tasks from standard input, answers each by a line.

One process for each method, so that imports are paid once and never on the clock; the
file is opened anew for each measurement.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
import urllib.request
import warnings
from pathlib import Path
from typing import Any

import floor
from methods import METHODS, Place, prepare
from operations import OPERATIONS

warnings.simplefilter("ignore")


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


def control(server: str, what: str, method: str = "GET", body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{server}/_standin/{what}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def measure(method: str, place: Place, operation: str) -> dict[str, Any]:
    run = OPERATIONS[operation]
    gc.collect()
    control(place.server, "reset", "POST", {})
    peak = Peak()
    peak.start()
    began, cpu = time.perf_counter(), time.process_time()
    opened = METHODS[method](place)
    if operation == "open" and not opened.is_h5:
        raise TypeError("pynwb wants an HDF5 file")
    if operation != "open":
        if operation != "units":
            _ = opened.file["acquisition/ElectricalSeriesAP/data"]
            getattr(_, "array", None)
        control(place.server, "reset", "POST", {})
        began, cpu = time.perf_counter(), time.process_time()
    result = run(opened.file)
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
    ranges, chunk_bytes = floor.needed(place, operation)
    network = floor.network_s(place.url, ranges)
    decoding = floor.decoding_s(place, ranges, chunk_bytes, 2)
    seconds = max(network, latency_s + decoding)
    return {
        "seconds": seconds,
        "network": network,
        "decoding": decoding,
        "requests": len(floor.merged(ranges)),
        "mb": sum(b - a for a, b in ranges) / 1e6,
    }


def answer(task: dict[str, Any], server: str, folder: Path) -> dict[str, Any]:
    place = Place(server, folder, task["file"])
    if task["do"] == "prepare":
        prepare(place)
        return {}
    if task["do"] == "floor":
        return lowest(place, task["operation"], task["latency_s"])
    return measure(task["method"], place, task["operation"])


def main() -> None:
    server, folder = sys.argv[1], Path(sys.argv[2])
    for name in sys.argv[3].split(","):
        try:
            __import__(name)
        except ImportError:
            continue
    for line in sys.stdin:
        try:
            found = answer(json.loads(line), server, folder)
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(found), flush=True)


main()
