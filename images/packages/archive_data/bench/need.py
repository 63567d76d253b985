"""What an operation needs: which stored bytes, and which results they fill."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from methods import Place
from operations import (
    COLUMNS,
    FRAMES,
    PATCH,
    SECOND,
    data_name,
    rows_of_stream,
)

#: Address, first byte, the byte after the last.
Ranges = list[tuple[str, int, int]]

#: First and the one after the last, for each axis.
Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Need:
    """What is needed.

    Attributes
    ----------
    ranges
        The stored bytes, a range for each chunk.
    firsts : list of tuple of int
        The first element of each chunk; empty if nothing is to be decoded.
    chunk : tuple of int
        Shape of a chunk.
    dtype : numpy.dtype
        Of the elements.
    boxes
        What each read of the operation gives.
    """

    ranges: Ranges
    firsts: list[tuple[int, ...]]
    chunk: tuple[int, ...]
    dtype: np.dtype[Any]
    boxes: list[Box]

    @property
    def chunk_bytes(self) -> int:
        """Length of a decoded chunk; 0 if nothing is to be decoded."""
        return int(np.prod(self.chunk)) * self.dtype.itemsize if self.firsts else 0


def needed(place: Place, operation: str) -> Need:
    if place.is_zarr:
        return _of_zarr(place, operation)
    with h5py.File(place.path) as file:
        if operation == "units":
            parts = [_stored(place, file["units"][name]) for name in COLUMNS]
            spans = sorted(span for part in parts for span in part)
            return Need(spans, [], (), np.dtype("u1"), [])
        return _of_hdf5(place, operation, file[data_name(operation)])


def _stored(place: Place, data: Any) -> Ranges:
    """Return where the data of a column lie, which are stored as they are."""
    if data.chunks is None:
        start = data.id.get_offset()
        return [(place.url, start, start + data.id.get_storage_size())]
    found: Ranges = []

    def see(info: Any) -> None:
        found.append((place.url, info.byte_offset, info.byte_offset + info.size))

    data.id.chunk_iter(see)
    return found


def boxes(operation: str, shape: tuple[int, ...], chunk_rows: int) -> list[Box]:
    """Return what each read of an operation gives."""
    n, width = shape[0], (0, shape[1])
    if operation in ("patch", "frames"):
        wanted = PATCH if operation == "patch" else (FRAMES, slice(None), slice(None))
        cut = [w.indices(m) for w, m in zip(wanted, shape, strict=True)]
        return [tuple((start, stop) for start, stop, _ in cut)]
    if operation == "channel":
        return [((0, n), (100, 101))]
    if operation == "second":
        return [((n // 3, n // 3 + SECOND), width)]
    rows, most = SECOND, min(n, 20 * SECOND)
    if operation == "stream":
        rows, most = rows_of_stream(chunk_rows), n
    return [((a, min(a + rows, n)), width) for a in range(0, most, rows)]


def touches(first: tuple[int, ...], chunk: tuple[int, ...], box: Box) -> bool:
    """Tell whether a chunk has elements in a box."""
    axes = zip(first, chunk, box, strict=True)
    return all(at < stop and at + n > start for at, n, (start, stop) in axes)


def _of_hdf5(place: Place, operation: str, data: Any) -> Need:
    wanted = boxes(operation, data.shape, data.chunks[0])
    found: list[tuple[tuple[str, int, int], tuple[int, ...]]] = []

    def see(info: Any) -> None:
        if any(touches(info.chunk_offset, data.chunks, box) for box in wanted):
            span = place.url, info.byte_offset, info.byte_offset + info.size
            found.append((span, info.chunk_offset))

    data.id.chunk_iter(see)
    return _sorted(found, data.chunks, data.dtype, wanted)


def _of_zarr(place: Place, operation: str) -> Need:
    folder = place.path / data_name(operation)
    if (folder / ".zarray").exists():
        meta = json.loads((folder / ".zarray").read_text())
        chunk, form, dtype = meta["chunks"], "{}.{}", meta["dtype"]
    else:
        meta = json.loads((folder / "zarr.json").read_text())
        chunk = meta["chunk_grid"]["configuration"]["chunk_shape"]
        form, dtype = "c/{}/{}", meta["data_type"]
    wanted = boxes(operation, tuple(meta["shape"]), chunk[0])
    found = []
    grid = (-(-n // c) for n, c in zip(meta["shape"], chunk, strict=True))
    for i, j in np.ndindex(*grid):
        first = i * chunk[0], j * chunk[1]
        if any(touches(first, tuple(chunk), box) for box in wanted):
            key = f"{data_name(operation)}/{form.format(i, j)}"
            size = (place.path / key).stat().st_size
            found.append(((f"{place.url}/{key}", 0, size), first))
    return _sorted(found, tuple(chunk), np.dtype(dtype), wanted)


def _sorted(
    found: list[tuple[tuple[str, int, int], tuple[int, ...]]],
    chunk: tuple[int, ...],
    dtype: np.dtype[Any],
    wanted: list[Box],
) -> Need:
    found = sorted(found)
    spans, firsts = [span for span, _ in found], [first for _, first in found]
    return Need(spans, firsts, chunk, dtype, wanted)
