"""Turns the stored bytes of a chunk into its data, with the fastest decoders.

A pipeline of filters is described by their HDF5 numbers and client data.  What is not
decoded here is decoded by HDF5 itself, on a chunk in memory (see `scratch`), so that
every filter HDF5 knows is right, and the common ones are fast.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import imagecodecs as _imagecodecs
import numpy as np
import numpy.typing as npt

from .errors import DamagedChunk

# Its stubs know neither arrays nor views, which it takes.
imagecodecs: Any = _imagecodecs

Bytes = npt.NDArray[np.uint8]

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3
LZF, BLOSC, LZ4, ZSTD = 32000, 32001, 32004, 32015

#: HDF5 has no number for it; Zarr uses it.
GZIP = -1


@dataclass(frozen=True)
class Filter:
    """One step of a pipeline: the filter's registered number and its client data."""

    number: int
    options: tuple[int, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """The filters of an array in the order in which they were applied.

    Attributes
    ----------
    filters : tuple of Filter
        Empty for stored data.
    chunk_bytes : int
        Length of a decoded chunk.
    """

    filters: tuple[Filter, ...]
    chunk_bytes: int

    @cached_property
    def known(self) -> bool:
        """True if each filter has a decoder here."""
        return all(f.number in _DECODERS for f in self.filters)

    def decode(self, stored: memoryview, mask: int, into: Bytes) -> None:
        """Decode one chunk.

        Parameters
        ----------
        stored : memoryview
            As it lies in the file.
        mask : int
            Bit n is set if filter n was left out for this chunk.
        into : array of uint8, shape (chunk_bytes,)
            Receives the data.

        Raises
        ------
        DamagedChunk
            The bytes do not decode, or a checksum is wrong.
        """
        steps = [f for i, f in enumerate(self.filters) if not mask >> i & 1]
        data = np.frombuffer(stored, np.uint8)
        for left in range(len(steps) - 1, -1, -1):
            step = steps[left]
            out = _spares.of(left % 2, self.chunk_bytes + _SLACK) if left else into
            try:
                data = _DECODERS[step.number](data, step, out)
            except _WRONG as error:
                raise DamagedChunk(f"filter {step.number}: {error}") from error
        if len(data) != self.chunk_bytes:
            raise DamagedChunk(f"it gives {len(data)} bytes, not {self.chunk_bytes}")
        if data is not into:
            into[:] = data


def unpacked(stored: bytes, number: int, most_bytes: int) -> bytes:
    """Undo one compression, of data whose length is not known.

    Parameters
    ----------
    stored : bytes
        As it was packed.
    number : int
        Of the filter.
    most_bytes : int
        Longer data are refused.

    Raises
    ------
    DamagedChunk
        The bytes do not decode, or to more than that.
    """
    try:
        out = np.empty(most_bytes, np.uint8)
        found = _DECODERS[number](np.frombuffer(stored, np.uint8), Filter(number), out)
    except _WRONG as error:
        raise DamagedChunk(f"filter {number}: {error}") from error
    return found.tobytes()


#: What decoders say of bytes and of options that make no sense.
_WRONG = (
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)

#: An intermediate result may be longer than a chunk: by a checksum, or as stored by a
#: filter that did not shrink it.
_SLACK = 4096


def _deflate(data: Bytes, step: Filter, out: Bytes) -> Bytes:
    return _viewed(imagecodecs.deflate_decode(data, out=out), out)


#: From this width on all is taken in one go: a step for each byte would cost more.
_WIDE = 8


def _shuffle(data: Bytes, step: Filter, out: Bytes) -> Bytes:
    size = len(data)
    if len(step.options) != 1 or not step.options[0]:
        raise ValueError(f"options {step.options}, where the width of elements belongs")
    width = step.options[0]
    if width == 1 or size < 2 * width:
        # A single element is left as it is, and so is what is shorter than one.
        return data
    if size > len(out):
        raise ValueError(f"{size} bytes where at most {len(out)} were expected")
    n = size // width
    if width < _WIDE:
        for i in range(width):
            out[i : n * width : width] = data[i * n : (i + 1) * n]
    else:
        out[: n * width].reshape(n, width)[:] = data[: n * width].reshape(width, n).T
    out[n * width : size] = data[n * width :]
    return _first(out, size)


def _fletcher32(data: Bytes, step: Filter, out: Bytes) -> Bytes:
    """Verify and cut off the checksum.

    HDF5 before 1.6.3 stored it with the bytes of each half swapped; HDF5 still takes
    both.
    """
    body = data[:-4]
    (stored,) = struct.unpack("<I", bytes(data[-4:]))
    found = imagecodecs.h5checksum_fletcher32(body)
    swapped = (found & 0x00FF00FF) << 8 | (found & 0xFF00FF00) >> 8
    if stored not in (found, swapped):
        raise ValueError(f"checksum is {stored:#010x}, its bytes give {found:#010x}")
    return body


def _by(decode: Callable[..., Any]) -> Callable[[Bytes, Filter, Bytes], Bytes]:
    def run(data: Bytes, step: Filter, out: Bytes) -> Bytes:
        return _viewed(decode(data, out=out), out)

    return run


def _viewed(result: Any, out: Bytes) -> Bytes:
    """Return the part of `out` that was filled."""
    return _first(out, len(result))


def _first(out: Bytes, size: int) -> Bytes:
    """Return the first bytes, `out` itself where that is all of it."""
    return out if size == len(out) else out[:size]


class _Spares(threading.local):
    """Three buffers of the thread: fresh memory for each chunk costs time."""

    def __init__(self) -> None:
        self.kept: list[Bytes] = [np.empty(0, np.uint8)] * 3

    def of(self, which: int, size: int) -> Bytes:
        if len(self.kept[which]) < size:
            self.kept[which] = np.empty(size, np.uint8)
        return self.kept[which][:size]


_spares = _Spares()


def spare(size: int) -> Bytes:
    """Return a buffer of the calling thread, valid until the next call."""
    return _spares.of(2, size)


_DECODERS: dict[int, Callable[[Bytes, Filter, Bytes], Bytes]] = {
    DEFLATE: _deflate,
    SHUFFLE: _shuffle,
    FLETCHER32: _fletcher32,
    LZF: _by(imagecodecs.lzf_decode),
    ZSTD: _by(imagecodecs.zstd_decode),
    LZ4: _by(imagecodecs.lz4h5_decode),
    BLOSC: _by(imagecodecs.blosc_decode),
    GZIP: _by(imagecodecs.gzip_decode),
}
