"""The whole recording through four Dask workers, each a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from methods import METHODS, Opened, Place
from operations import DATA

#: Rows of a task: one row of chunks of `big`, eight of `small`.
ROWS = {"big": 78125, "small": 112504}


@contextmanager
def cluster(names: str) -> Iterator[Any]:
    """Start the workers, with everything imported."""
    from dask.distributed import Client, LocalCluster

    options = {"n_workers": 4, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as workers, Client(workers) as client:
        client.run(_warm, names)
        yield client


def _warm(names: str) -> None:
    # What only opening needs would cost more than all the rest.
    wanted = [n for n in names.split(",") if n not in ("pynwb", "pandas", "hdmf_zarr")]
    for name in (*wanted, "dask.array", "methods", "zarr_methods"):
        try:
            __import__(name)
        except ImportError:
            continue


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


def total(method: str, place: Place, opened: Opened) -> Callable[[], int]:
    """Return what is to be timed."""
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
