"""A chunked dataset as a table of byte ranges: read without HDF5, and picklable."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from . import scratch
from .blob import Blob
from .errors import DamagedChunk
from .filters import Bytes, Filter, Pipeline
from .selection import Axis, parse

#: Stored data without chunks is read as if it had chunks of this size.
STRETCH_BYTES = 64 << 10

#: What is larger is left to HDF5 and to zarr: a chunk needs a line of a table here, if
#: it was written or not, and a buffer.
CHUNKS_MOST, CHUNK_MAX_BYTES = 4_000_000, 1 << 30

#: How much longer than its data a stored chunk may be, beside an eighth of it.
_STORED_SLACK_BYTES = 64 << 10

#: Name of a chunk in the caches: token of its array, number of the chunk.
Key = tuple[str, int]


@dataclass(frozen=True)
class Table:
    """Where the chunks lie, in row-major order of the chunk grid.

    Attributes
    ----------
    offsets, sizes : array of int64, shape (n_chunks,)
        First byte and stored length; a chunk of length 0 was never written.
    masks : array of uint32, shape (n_chunks,), optional
        Which filters were left out; None if none was.
    """

    offsets: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    masks: npt.NDArray[np.uint32] | None = None

    def span(self, number: int) -> tuple[int, int]:
        """Return first byte and the byte after the last of a chunk."""
        start = int(self.offsets[number])
        return start, start + int(self.sizes[number])

    def mask(self, number: int) -> int:
        """Return which filters were left out for a chunk."""
        return 0 if self.masks is None else int(self.masks[number])

    @cached_property
    def digest(self) -> str:
        """Digest of every number in the table: 1 ms for 100,000 chunks."""
        found = hashlib.sha256()
        for numbers in (self.offsets, self.sizes, self.masks):
            if numbers is not None:
                found.update(np.ascontiguousarray(numbers).data)
        return found.hexdigest()


@dataclass(frozen=True)
class Layout:
    """What an array is like, apart from where its bytes lie.

    Attributes
    ----------
    shape, chunks : tuple of int
        Of the array and of each chunk.
    dtype : numpy.dtype
        Of the elements as they lie in the file.
    filters : tuple of Filter
        In the order in which they were applied.
    fill : bytes
        One element, the value of chunks that were never written.
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    filters: tuple[Filter, ...] = ()
    fill: bytes = b""

    @cached_property
    def grid(self) -> tuple[int, ...]:
        """Number of chunks along each axis."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.chunks, strict=True))

    @cached_property
    def chunk_bytes(self) -> int:
        """Length of a decoded chunk."""
        # Python's own numbers: those of numpy wrap around.
        return math.prod(self.chunks) * self.dtype.itemsize

    @property
    def n_chunks(self) -> int:
        """Number of chunks, whether they were written or not."""
        return math.prod(self.grid)

    @property
    def fits(self) -> bool:
        """True if a table of the chunks and a buffer for each are within the bounds."""
        return self.n_chunks <= CHUNKS_MOST and self.chunk_bytes <= CHUNK_MAX_BYTES

    @property
    def stored_max_bytes(self) -> int:
        """The longest that a stored chunk can be."""
        return self.chunk_bytes + self.chunk_bytes // 8 + _STORED_SLACK_BYTES

    @cached_property
    def pipeline(self) -> Pipeline:
        """The decoders."""
        return Pipeline(self.filters, self.chunk_bytes)


class Array:
    """An array on S3 that is read like a numpy array.

    Parameters
    ----------
    blob : Blob
        Where the bytes are.
    layout : Layout
        Shape, chunks, type, filters.
    table : Table
        Where in the blob each chunk lies.
    in_one_piece : bool
        True if the chunks lie one after the other as they are.
    """

    def __init__(
        self, blob: Blob, layout: Layout, table: Table, in_one_piece: bool = False
    ) -> None:
        self.blob, self.layout, self.table = blob, layout, table
        self.in_one_piece = in_one_piece
        #: Where a reader that walks forward will go on; see `ahead`.
        self.walk: tuple[object, int] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Array, (self.blob, self.layout, self.table, self.in_one_piece)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.layout.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self.layout.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk."""
        return self.layout.chunks

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.layout.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Length of the decoded data in bytes."""
        return self.size * self.dtype.itemsize

    @cached_property
    def token(self) -> str:
        """Name of the content: equal in every process that opens the same array.

        All that decides its bytes goes in, so that what was read by a wrong index is
        never taken for what a right one leads to.
        """
        text = repr((self.blob.name, self.blob.key, self.layout, self.table.digest))
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def key(self, number: int) -> Key:
        """Return the name of a chunk."""
        return self.token, number

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        """Read a selection.

        Raises
        ------
        selection.Unsupported
            Only h5py can answer it.
        """
        from .reading import read

        return read(self, parse(key, self.shape))

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.asarray(self[...], dtype)

    def numbers(self, axes: tuple[Axis, ...]) -> npt.NDArray[np.int64]:
        """Return the numbers of the chunks that a selection touches."""
        touched = [a.chunks(c) for a, c in zip(axes, self.chunks, strict=True)]
        return grid_numbers(touched, self.layout.grid)

    def decode(
        self, number: int, stored: memoryview, into: Bytes | None
    ) -> npt.NDArray[Any]:
        """Decode one chunk.

        Parameters
        ----------
        number : int
            Which chunk.
        stored : memoryview
            Its bytes as they lie in the file.
        into : array of uint8, optional
            Where to put the data; without it data that need no decoding are not copied.

        Returns
        -------
        array
            Of the chunk's shape (shorter along the first axis where the stored data
            end).

        Raises
        ------
        DamagedChunk
            The bytes do not decode to a chunk.
        """
        layout, mask = self.layout, self.table.mask(number)
        if not layout.filters:
            if len(stored) != layout.chunk_bytes and not self.in_one_piece:
                raise DamagedChunk(
                    f"it has {len(stored)} bytes, not {layout.chunk_bytes}"
                )
            data = np.frombuffer(stored, layout.dtype).reshape(-1, *self.chunks[1:])
            return data if into is None else data.copy()
        into = np.empty(layout.chunk_bytes, np.uint8) if into is None else into
        if layout.pipeline.known:
            layout.pipeline.decode(stored, mask, into)
        else:
            scratch.decode(stored, into, layout.dtype, layout.chunks, self._used(mask))
        return into.view(layout.dtype).reshape(self.chunks)

    def _used(self, mask: int) -> tuple[Filter, ...]:
        filters = enumerate(self.layout.filters)
        return tuple(f for i, f in filters if not mask >> i & 1)

    def missing(self) -> npt.NDArray[Any]:
        """Return what stands for a chunk that was never written."""
        one = np.frombuffer(self.layout.fill or bytes(self.dtype.itemsize), self.dtype)
        return np.broadcast_to(one[0], self.chunks)


def grid_numbers(
    touched: Iterable[list[int]], grid: tuple[int, ...]
) -> npt.NDArray[np.int64]:
    """Return the row-major numbers of a product of per-axis chunk coordinates."""
    numbers = np.zeros(1, np.int64)
    for coordinates, n in zip(touched, grid, strict=True):
        numbers = (numbers[:, None] * n + np.asarray(coordinates, np.int64)).ravel()
    return numbers


def stretched(
    blob: Blob, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int
) -> Array:
    """Make an array of data that are stored in one piece from `offset` on."""
    row = math.prod(shape[1:]) * dtype.itemsize
    rows = max(1, min(shape[0], STRETCH_BYTES // max(row, 1)))
    starts = np.arange(0, shape[0], rows, dtype=np.int64)
    sizes = np.minimum(rows, shape[0] - starts) * row
    layout = Layout(shape, (rows, *shape[1:]), dtype)
    return Array(blob, layout, Table(offset + starts * row, sizes), True)
