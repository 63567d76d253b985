"""Requests, bytes and memory of what people do, against the least there can be.

The least is counted from the chunk table.  Unlike in the benchmark's floor, which joins
only what touches, what lies within 128 KiB of each other is one stretch here; as there,
it is cut so that 32 connections share the whole, into parts of 256 KiB to 4 MiB.
The first of several reads in a row cannot know of the others, and is cut to be there
soon: its least counts by itself.  Opening takes one request: `test_index.py`.  Counts
hold on a slow machine as on a fast one; seconds are the benchmark's (`bench/goals.py`).
"""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data import reset_stats, stats
from archive_data.blob import HttpBlob
from archive_data.h5 import File

KIB, MIB = 1 << 10, 1 << 20
GAP_BYTES, CONNECTIONS = 128 * KIB, 32
PART_MIN_BYTES, PART_MAX_BYTES = 256 * KIB, 4 * MIB

#: As of the benchmark: twenty seconds of 384 channels, in chunks of 10 MB and 160 kB.
SHAPE, SECOND = (600_000, 384), 30_000
CHUNKS = {"big": (78125, 64), "small": (14063, 6)}
STREAM_ROWS = {"big": 78125, "small": 8 * 14063}
COLUMNS = ("id", "spike_times", "spike_times_index", "waveform_mean", "snr", "depth")

Spans = list[tuple[int, int]]


def least_requests(spans: Spans) -> int:
    total = sum(stop - start for start, stop in spans)
    size = max(PART_MIN_BYTES, min(PART_MAX_BYTES, total // CONNECTIONS))
    stretches: Spans = []
    for start, stop in sorted(spans):
        if stretches and start - stretches[-1][1] <= GAP_BYTES:
            stretches[-1] = stretches[-1][0], stop
        else:
            stretches.append((start, stop))
    return sum(max(1, round((b - a) / size)) for a, b in stretches)


def recording(name: str) -> bytes:
    """Twofold compressible, and each chunk the same: quickly made."""
    chunks, memory = CHUNKS[name], io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 6, chunks).astype("i2")
    stored = zlib.compress(noise.tobytes(), 1)
    with h5py.File(memory, "w") as file:
        data = file.create_dataset(
            "x", SHAPE, "i2", chunks=chunks, compression="gzip", compression_opts=1
        )
        for place in np.ndindex(
            *(-(-n // c) for n, c in zip(SHAPE, chunks, strict=True))
        ):
            at = tuple(i * c for i, c in zip(place, chunks, strict=True))
            data.id.write_direct_chunk(at, stored)
        table = file.create_group("units")
        table.attrs["colnames"] = [c for c in COLUMNS if c != "id"]
        table["spike_times"] = np.random.default_rng(1).random(4_000_000)
        table["waveform_mean"] = np.zeros((600, 60, 8), "f4")
        for column in ("id", "spike_times_index", "snr", "depth"):
            table[column] = np.arange(600.0)
    return memory.getvalue()


@pytest.fixture(scope="module", params=list(CHUNKS))
def url(s3_server: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"least-{request.param}.h5"
    yield str(s3_server.put(name, recording(request.param)))
    (s3_server.bucket / name).unlink()


def reads(operation: str, file: str) -> list[tuple[slice, slice]]:
    """The rows and channels that an operation reads, one after the other."""
    if operation == "channel":
        return [(slice(0, SHAPE[0]), slice(100, 101))]
    if operation == "second":
        return [(slice(200_000, 200_000 + SECOND), slice(0, SHAPE[1]))]
    n = SECOND if operation == "windows" else STREAM_ROWS[file]
    starts = range(0, SHAPE[0], n)
    return [(slice(a, min(a + n, SHAPE[0])), slice(0, SHAPE[1])) for a in starts]


def spans_of(array: Any, numbers: Any) -> Spans:
    return [array.table.span(n) for n in numbers if array.table.sizes[n]]


def touched(array: Any, cuts: tuple[slice, ...]) -> set[int]:
    grid = np.arange(len(array.table.sizes)).reshape(array.layout.grid)
    pairs = zip(cuts, array.chunks, strict=True)
    return set(grid[tuple(slice(s.start // c, -(-s.stop // c)) for s, c in pairs)].flat)


def within(*least: Spans) -> None:
    """Compare what was read with the least for each group of spans."""
    requests = sum(map(least_requests, least))
    needed = sum(stop - start for spans in least for start, stop in spans)
    found = stats()
    assert found.received_bytes <= 1.05 * needed, (found, needed)
    assert found.requests <= 1.2 * requests, (found, requests)


@pytest.mark.parametrize("operation", ["channel", "second", "windows", "stream"])
def test_a_read_costs_little_more_than_the_least(url: str, operation: str) -> None:
    data = File(HttpBlob(url))["x"]
    cuts = reads(operation, "big" if "big" in url else "small")
    first, *rest = [touched(data.array, cut) for cut in cuts]
    later = set().union(*rest) - first
    reset_stats()
    for cut in cuts:
        assert data[cut].shape == tuple(s.stop - s.start for s in cut)
    assert stats().received_bytes > 1_000_000
    within(spans_of(data.array, first), spans_of(data.array, later))


def test_a_table_costs_little_more_than_the_least(url: str) -> None:
    units = File(HttpBlob(url))["units"]
    arrays = [units[column].array for column in COLUMNS]
    least = [s for a in arrays for s in spans_of(a, range(len(a.table.sizes)))]
    reset_stats()
    for column in COLUMNS:
        units[column][...]
    within(least)


STREAM = """
    import sys
    from archive_data.blob import HttpBlob
    from archive_data.h5 import File

    def mb(name):
        lines = open("/proc/self/status").read().splitlines()
        return int(next(l for l in lines if l.startswith(name)).split()[1]) / 1e3

    data = File(HttpBlob(sys.argv[1]))["x"]
    _ = data.array
    rows, start = int(sys.argv[2]), mb("VmRSS")
    for first in range(0, data.shape[0], rows):
        data[first : first + rows]
    print(mb("VmHWM") - start)
"""


def test_a_stream_stays_below_192_mb(url: str) -> None:
    """The recording has 460 MB decoded; three rows of its chunks would be too much."""
    rows = STREAM_ROWS["big" if "big" in url else "small"]
    command = [sys.executable, "-c", textwrap.dedent(STREAM), url, str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=100, check=True)
    assert float(done.stdout) < 192
