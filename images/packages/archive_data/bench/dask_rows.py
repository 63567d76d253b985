"""The whole recording through four Dask workers, each a process of its own.

The workers live as long as the process that measures: to start them takes longer than
to read, and is on no row's clock.  What they have read before is forgotten each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from methods import METHODS, Opened, Place, forget, tidy
from operations import DATA
from standin import control

#: Rows of a task: one row of chunks of `big`, eight of `small`.
ROWS = {"big": 78125, "small": 112504}

_base_mb = 0.0


@lru_cache(maxsize=1)
def cluster(names: str) -> Any:
    """Return a client of the workers; the first time, start them with their imports."""
    import dask.array
    from dask.distributed import Client, LocalCluster

    options = {"n_workers": 4, "threads_per_worker": 1, "dashboard_address": None}
    client = Client(LocalCluster(processes=True, **options))
    client.run(_warm, names)
    # The first array and the first task of all pay for what Dask brings late.
    dask.array.ones((8, 8), chunks=2).map_blocks(_tally, dtype="i8").compute()
    dask.compute(*[dask.delayed(_more_mb)() for _ in range(8)])
    return client


def _warm(names: str) -> None:
    # What only opening needs would cost more than all the rest.
    wanted = [n for n in names.split(",") if n not in ("pynwb", "pandas", "hdmf_zarr")]
    for name in (*wanted, "methods", "zarr_methods"):
        try:
            __import__(name)
        except ImportError:
            continue


def measure(client: Any, method: str, place: Place) -> dict[str, Any]:
    """Read once; CPU is that of all workers, memory that of the largest."""
    _begin()
    client.run(_begin)
    run = _total(method, place, METHODS[method](place))
    control(place.server, "reset", "POST", {})
    cpu, began = _cpu_s(client), time.perf_counter()
    result = run()
    seconds = time.perf_counter() - began
    stats = control(place.server, "stats")
    return {
        "seconds": seconds,
        "cpu": _cpu_s(client) - cpu,
        "requests": stats["requests"],
        "mb": stats["bytes"] / 1e6,
        "rss_mb": max(client.run(_more_mb).values()),
        "result": result,
    }


def _begin() -> None:
    """Forget what was read, and count memory from here on."""
    global _base_mb
    _kept.cache_clear()
    forget()
    tidy()
    Path("/proc/self/clear_refs").write_text("5")
    _base_mb = _peak_mb()


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 / 1e6


def _more_mb() -> float:
    return _peak_mb() - _base_mb


def _cpu_s(client: Any) -> float:
    return float(sum(client.run(time.process_time).values()))


@lru_cache(maxsize=2)
def _kept(method: str, place: Place) -> Opened:
    return METHODS[method](place)


def _block(method: str, place: Place, a: int, b: int, fresh: bool) -> int:
    if fresh:
        _kept.cache_clear()
    block = _kept(method, place).file[DATA][a:b]
    return int(np.asarray(block)[::997].astype("i8").sum())


def _tally(block: Any) -> Any:
    return np.array([[block[::997].astype("i8").sum()]])


def _total(method: str, place: Place, opened: Opened) -> Callable[[], int]:
    data = opened.file[DATA]
    rows, n = ROWS[place.name], data.shape[0]
    if method == "archive_data":
        from archive_data import to_dask

        def ours() -> int:
            blocks = to_dask(data, chunks=(rows, data.shape[1]))
            tallied = blocks.map_blocks(_tally, dtype="i8", chunks=(1, 1))
            return int(tallied.sum().compute())

        return ours
    import dask

    def theirs() -> int:
        spans = ((a, min(a + rows, n)) for a in range(0, n, rows))
        fresh = "each task" in method
        parts = [dask.delayed(_block)(method, place, a, b, fresh) for a, b in spans]
        return int(sum(dask.compute(*parts)))

    return theirs
