"""What is done with a file; each operation gives a number to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

DATA = "acquisition/ElectricalSeriesAP/data"
VIDEO = "acquisition/TwoPhotonSeries/data"
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

#: A patch of 8 x 8 pixels over all time, and ten frames in a row.
PATCH, FRAMES = (slice(None), slice(100, 108), slice(100, 108)), slice(41, 51)


def data_name(operation: str) -> str:
    return VIDEO if operation in ("patch", "frames") else DATA


def rows_of_stream(chunk_rows: int) -> int:
    return chunk_rows if chunk_rows > 20_000 else chunk_rows * 8


def open_nwb(opened: Any) -> int:
    nwb = opened.nwb()
    found = [(type(thing).__name__, thing.name) for thing in nwb.objects.values()]
    return len(found) + len(nwb.units.colnames) + len(nwb.trials.colnames)


def channel(opened: Any) -> int:
    return _sum(opened.file[DATA][:, 100])


def second(opened: Any) -> int:
    data = opened.file[DATA]
    start = data.shape[0] // 3
    return _sum(data[start : start + SECOND][::101])


def windows(opened: Any) -> int:
    data = opened.file[DATA]
    spans = range(0, min(data.shape[0], 20 * SECOND), SECOND)
    return sum(_sum(data[a : a + SECOND][::101]) for a in spans)


def stream(opened: Any) -> int:
    data = opened.file[DATA]
    rows = rows_of_stream(data.chunks[0])
    spans = range(0, data.shape[0], rows)
    return sum(_sum(data[a : a + rows][::997]) for a in spans)


def units(opened: Any) -> int:
    table = opened.file["units"]
    return round(
        sum(float(np.asarray(table[c][...]).astype(float).sum()) for c in COLUMNS)
    )


def patch(opened: Any) -> int:
    return _sum(opened.file[VIDEO][PATCH])


def frames(opened: Any) -> int:
    return _sum(opened.file[VIDEO][FRAMES])


def _sum(values: Any) -> int:
    return int(np.asarray(values).astype(np.int64).sum())


OPERATIONS: dict[str, Callable[[Any], int]] = {
    "open": open_nwb,
    "channel": channel,
    "second": second,
    "windows": windows,
    "stream": stream,
    "units": units,
    "patch": patch,
    "frames": frames,
}
