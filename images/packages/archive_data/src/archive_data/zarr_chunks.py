"""The chunks of a Zarr's array as an `Array`, though each is an object of its own."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from . import ahead
from .array import Array, Table
from .backoff import Wait
from .blob import Blob, HttpBlob
from .cache import decoded
from .errors import NotReadable
from .ranges import PART_MAX_BYTES
from .reading import read_all
from .selection import Axis
from .zarr_metadata import Described

#: Each object has this much room in the blob that they seem to lie in.
_ROOM = 40


class Objects(Blob):
    """The objects of an array, as if they lay one after the other, far apart.

    Parameters
    ----------
    url : str
        HTTP address of the Zarr.
    described : Described
        Of the array.
    sizes : array of int64, shape (n_chunks,)
        Length of each object; 0 where there is none.
    digest : str
        Of the Zarr.
    """

    def __init__(
        self, url: str, described: Described, sizes: npt.NDArray[Any], digest: str
    ) -> None:
        self.url, self.described, self.sizes = url, described, sizes
        self.name, self.digest = f"{url}/{described.path}", digest
        self.size, self.etag = len(sizes) << _ROOM, ""
        self._etags: dict[int, str] = {}

    @property
    def key(self) -> str:
        """Name of the content, by which objects it is read and of what grid."""
        how = self.described
        said = repr((how.path, how.shape, how.chunks, how.prefix, how.separator))
        return f"{super().key}-{hashlib.sha256(said.encode()).hexdigest()[:20]}"

    def __reduce__(self) -> tuple[Any, ...]:
        return Objects, (self.url, self.described, self.sizes, self.digest)

    def _object(self, start: int) -> tuple[int, HttpBlob, int]:
        number, at = start >> _ROOM, start & ((1 << _ROOM) - 1)
        place = np.unravel_index(number, self.described.grid)
        key = self.described.name(tuple(int(i) for i in place))
        etag, size = self._etags.get(number, ""), int(self.sizes[number])
        return number, HttpBlob(f"{self.url}/{quote(key)}", size, etag), at

    def read(self, start: int, stop: int) -> bytes:
        """Read a range of one object."""
        buffer = bytearray(max(0, stop - start))
        self.read_into(start, memoryview(buffer))
        return bytes(buffer)

    def read_into(self, start: int, into: memoryview, wait: Wait = time.sleep) -> None:
        """Fill `into` with a range of one object."""
        number, blob, at = self._object(start)
        blob.read_into(at, into, wait)
        # Parts of one object must be of the same.
        self._etags.setdefault(number, blob.etag)


class _Whole:
    """Whole chunks, wanted as they are: takes the place of a `Job`."""

    walking, keeps = False, True
    axes: tuple[Axis, ...] = ()

    def __init__(self, array: Array, numbers: list[int]) -> None:
        self.array, self.numbers = array, np.asarray(numbers, np.int64)
        self.out = np.empty(0, array.dtype)
        self.chunks: dict[int, npt.NDArray[np.uint8]] = {}

    def paste(self, number: int, chunk: npt.NDArray[Any]) -> None:
        """Take a decoded chunk."""
        flat = np.ascontiguousarray(chunk).reshape(-1).view(np.uint8)
        flat.flags.writeable = False
        self.chunks[number] = flat

    def passed(self, number: int) -> bool:
        """Return False: zarr may ask again for what it took a part of."""
        return False

    def piece(self) -> None:
        """Return nothing: it is chunks that are wanted."""

    def direct(self, number: int) -> None:
        """Return nothing: each chunk has memory of its own."""


class Chunks:
    """The chunks of one array, decoded.

    Parameters
    ----------
    url : str
        HTTP address of the Zarr.
    described : Described
        Of the array, with a layout.
    sizes : mapping of str to int
        Length of each object of the Zarr, by key.
    digest : str
        Of the Zarr.
    """

    def __init__(
        self, url: str, described: Described, sizes: Mapping[str, int], digest: str
    ) -> None:
        assert described.layout is not None
        grid = described.grid
        lengths = np.zeros(math.prod(grid), np.int64)
        for key, size in sizes.items():
            place = described.place(key) if key.startswith(described.path) else None
            if place is not None:
                lengths[np.ravel_multi_index(place, grid)] = size
        most = described.layout.stored_max_bytes
        if lengths.max() > most:
            raise NotReadable(
                f"{url}/{described.path}: a chunk of {lengths.max()} bytes as stored, "
                f"where {most} are the most; the Zarr or its index is damaged"
            )
        blob = Objects(url, described, lengths, digest)
        offsets = np.arange(len(lengths), dtype=np.int64) << _ROOM
        self.array = Array(blob, described.layout, Table(offsets, lengths))
        self._row, self._columns = -2, set[int]()
        self._lock = threading.Lock()
        self._asked: Counter[int] = Counter()

    def read(self, places: list[tuple[int, ...]]) -> list[Any]:
        """Return decoded chunks, each as an array of bytes."""
        grid = self.array.layout.grid
        numbers = [int(np.ravel_multi_index(p, grid)) for p in places]
        job: Any = _Whole(self.array, numbers)

        def meanwhile() -> None:
            with self._lock:
                for number in sorted(numbers):
                    self._look_ahead(number)

        # Zarr 3 asks from many threads: what one waits for, none fetches ahead.
        with self._lock:
            self._asked.update(numbers)
        try:
            read_all([job], meanwhile)
        finally:
            with self._lock:
                self._asked -= Counter(numbers)  # forgets what is at zero
        return [job.chunks[n] for n in numbers]

    def _look_ahead(self, number: int) -> None:
        """Fetch the next rows of chunks, if rows are asked for one after the other."""
        width = math.prod(self.array.layout.grid[1:])
        row, column = divmod(number, width)
        if row == self._row:
            self._columns.add(column)
            return
        walks, columns = row == self._row + 1, self._columns
        self._row, self._columns = row, {column}
        if walks:
            self._send_for(row + 1, columns, width)

    def _send_for(self, row: int, columns: set[int], width: int) -> None:
        array, left = self.array, ahead.store.limit_bytes * 3 // 4
        wanted: list[int] = []
        for number in (
            n * width + c
            for n in range(row, array.layout.grid[0])
            for c in sorted(columns)
        ):
            left -= int(array.table.sizes[number])
            if left < 0:
                break
            if array.table.sizes[number] and not self._is_coming(number):
                wanted.append(number)
        ahead.fetch([(array, wanted)], PART_MAX_BYTES)

    def _is_coming(self, number: int) -> bool:
        """Tell whether a chunk is here, or somebody has sent for it."""
        keys = [self.array.key(number)]
        return bool(self._asked[number]) or not decoded.absent(ahead.store.absent(keys))
