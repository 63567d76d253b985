"""The file that HDF5 reads from: bytes of an index, else blocks of the blob.

HDF5 calls this inside h5py's lock.  Whatever it needs is fetched by the calling thread
over connections of its own, and no lock is taken: were another thread to fetch, and its
garbage collector to meet a dead h5py object, both would wait for ever (h5py issue
2019).
"""

from __future__ import annotations

import bisect
import io
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from . import limits
from .ranges import merge

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from .blob import Blob

#: Metadata are read in blocks of this size where no index tells the exact bytes.
BLOCK_BYTES = 64 << 10

#: A reader that walks from block to block is given at most so many at once.
_MOST_BLOCKS = 64


#: Longer reads are of data, not of metadata, and are not kept.
_DIRECT_BYTES = 4 << 20


class Spans:
    """Exact stretches of a blob, as an index holds them.

    Parameters
    ----------
    starts, stops : sequence of int
        In increasing order, not overlapping.
    body : bytes-like
        Their bytes, one after the other.
    """

    def __init__(
        self, starts: Sequence[int], stops: Sequence[int], body: memoryview
    ) -> None:
        self.starts, self.stops, self.body = list(starts), list(stops), body
        self._at = []
        at = 0
        for start, stop in zip(self.starts, self.stops, strict=True):
            self._at.append(at)
            at += stop - start

    def find(self, start: int, stop: int) -> memoryview | None:
        """Return the bytes of a range that lies within one stretch."""
        i = bisect.bisect_right(self.starts, start) - 1
        if i < 0 or stop > self.stops[i]:
            return None
        at = self._at[i] - self.starts[i]
        return self.body[at + start : at + stop]


class BlockFile(io.RawIOBase):
    """Read-only random access to a blob for HDF5.

    Parameters
    ----------
    blob : Blob
        What is read.
    spans : Spans, optional
        Bytes that are already here.
    """

    def __init__(self, blob: Blob, spans: Spans | None = None) -> None:
        self.blob, self.spans = blob, spans
        #: Blocks per page, where the file gathers its metadata in pages.
        self.page_blocks = 1
        self._blocks: dict[int, memoryview] = {}
        self._at = self._stride = 0

    def bytes(self, start: int, stop: int) -> memoryview:
        """Return a range; fetches what is missing in the calling thread."""
        if self.spans and (found := self.spans.find(start, stop)) is not None:
            return found
        if stop - start >= _DIRECT_BYTES:
            return memoryview(self.blob.read(start, stop))
        first, last = start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES
        # Another thread may let go of a block meanwhile: each is looked up once.
        here = {i: self._blocks.get(i) for i in range(first, last + 1)}
        if None in here.values():
            here |= self._fetch_near(first, last)
        parts = [
            block[max(0, start - i * BLOCK_BYTES) : stop - i * BLOCK_BYTES]
            for i, block in here.items()
            if block is not None and first <= i <= last
        ]
        return parts[0] if first == last else memoryview(b"".join(parts))

    def holds(self, start: int, stop: int) -> bool:
        """Tell whether a range is here already; fetches nothing."""
        if self.spans and self.spans.find(start, stop) is not None:
            return True
        blocks = range(start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES + 1)
        return all(i in self._blocks for i in blocks)

    def _fetch_near(self, first: int, last: int) -> dict[int, memoryview]:
        """Fetch some blocks and what will likely be wanted after them."""
        if self.page_blocks > 1:
            first -= first % self.page_blocks
            last += self.page_blocks - 1 - last % self.page_blocks
        else:
            walks = first - 1 in self._blocks
            self._stride = min(self._stride * 2, _MOST_BLOCKS) if walks else 3
            last += self._stride
        start = first * BLOCK_BYTES
        stop = min((last + 1) * BLOCK_BYTES, self.blob.size)
        return self._keep(start, memoryview(self.blob.read(start, stop)))

    def _keep(self, start: int, data: memoryview) -> dict[int, memoryview]:
        """Take bytes that begin with a block; return their blocks."""
        new = {
            (start + at) // BLOCK_BYTES: data[at : at + BLOCK_BYTES]
            for at in range(0, len(data), BLOCK_BYTES)
        }
        self._blocks.update(new)
        most = max(
            limits.cache_bytes() // BLOCK_BYTES, 2 * _DIRECT_BYTES // BLOCK_BYTES
        )
        # The oldest first; those of one read go together, and free its buffer.
        for i in list(self._blocks)[: max(0, len(self._blocks) - most)]:
            self._blocks.pop(i, None)
        return new

    def load(self, wanted: Iterable[tuple[int, int]], most_bytes: int) -> int:
        """Fetch the blocks of many ranges at once; never to be called inside HDF5.

        Parameters
        ----------
        wanted : iterable of (int, int)
            First byte and the byte after the last.
        most_bytes : int
            What is more than this is left out.

        Returns
        -------
        int
            How many bytes were fetched.
        """
        from .flight import launch

        need, most = set[int](), most_bytes // BLOCK_BYTES
        for start, stop in wanted:
            blocks = range(start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES + 1)
            need.update(i for i in blocks if i not in self._blocks)
            if len(need) >= most:
                break
        starts = [i * BLOCK_BYTES for i in sorted(need)]
        runs = merge([(at, min(at + BLOCK_BYTES, self.blob.size)) for at in starts])
        # Holes between them are read, too.
        totals = list(accumulate(run.size for run in runs))
        runs = runs[: bisect.bisect_right(totals, most_bytes)]
        for flight in launch(self.blob, runs):
            self._keep(flight.run.start, flight.landed.result().data)
        return sum(run.size for run in runs)

    def has(self, start: int) -> bool:
        """Tell whether the block of this byte is here."""
        return start // BLOCK_BYTES in self._blocks

    def readinto(self, into: WriteableBuffer) -> int:
        """Fill `into` from the current place on."""
        view = memoryview(into)
        n = min(len(view), self.blob.size - self._at)
        if n > 0:
            view[:n] = self.bytes(self._at, self._at + n)
            self._at += n
        return max(n, 0)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place."""
        self._at = offset + (0, self._at, self.blob.size)[whence]
        return self._at

    def tell(self) -> int:
        """Return the current place."""
        return self._at

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True
