"""What is done with a file; each operation gives a number to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

DATA = "acquisition/ElectricalSeriesAP/data"
COLUMNS = (
    "id",
    "spike_times",
    "spike_times_index",
    "waveform_mean",
    "snr",
    "amp",
    "depth",
    "rate",
)
SECOND = 30_000


def open_nwb(file: Any) -> int:
    from pynwb import NWBHDF5IO

    nwb = NWBHDF5IO(file=file, mode="r", load_namespaces=True).read()
    found = [(type(thing).__name__, thing.name) for thing in nwb.objects.values()]
    return len(found) + len(nwb.units.colnames) + len(nwb.trials.colnames)


def channel(file: Any) -> int:
    return _sum(file[DATA][:, 100])


def second(file: Any) -> int:
    data = file[DATA]
    start = data.shape[0] // 3
    return _sum(data[start : start + SECOND][::101])


def windows(file: Any) -> int:
    data = file[DATA]
    spans = range(0, 20 * SECOND, SECOND)
    return sum(_sum(data[a : a + SECOND][::101]) for a in spans)


def stream(file: Any) -> int:
    data = file[DATA]
    rows = data.chunks[0] if data.chunks[0] > 20_000 else data.chunks[0] * 8
    spans = range(0, data.shape[0], rows)
    return sum(_sum(data[a : a + rows][::997]) for a in spans)


def units(file: Any) -> int:
    table = file["units"]
    return round(
        sum(float(np.asarray(table[c][...]).astype(float).sum()) for c in COLUMNS)
    )


def _sum(values: Any) -> int:
    return int(np.asarray(values).astype(np.int64).sum())


OPERATIONS: dict[str, Callable[[Any], int]] = {
    "open": open_nwb,
    "channel": channel,
    "second": second,
    "windows": windows,
    "stream": stream,
    "units": units,
}
