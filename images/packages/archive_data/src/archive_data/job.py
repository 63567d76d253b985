"""One selection of one array, and the result that it fills chunk by chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import ahead
from .array import Array
from .cache import decoded
from .filters import Bytes
from .selection import Axis

#: Longest row that is copied as one element; longer ones gain nothing by it.
_ROW_MAX_BYTES = 4096


class Job:
    """What is wanted of an array.

    Parameters
    ----------
    array : Array
        Where from.
    axes : tuple of Axis
        The selection, one for each axis.

    Attributes
    ----------
    out : array
        The result, not yet without the axes of single integers.
    walking : bool
        True if this selection goes on where the last one ended.
    keeps : bool
        True if chunks that are used in part should stay decoded.
    """

    def __init__(self, array: Array, axes: tuple[Axis, ...]) -> None:
        self.array, self.axes = array, axes
        self.out: npt.NDArray[Any] = np.empty([len(a) for a in axes], array.dtype)
        self.numbers: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.walking = ahead.walks(array, axes)
        self.keeps = False
        if self.out.size:
            self.numbers = array.numbers(axes)
            self.keeps = self._should_keep()
        self._grid = array.layout.grid
        # A chunk with neighbours beside it lies in the result row by row.
        beside = zip(axes[1:], array.chunks[1:], strict=True)
        self._has_pieces = array.chunks[:1] == (1,) or all(
            len(axis) <= c for axis, c in beside
        )
        self._cuts = [
            {i: axis.within(i * c, i * c + c) for i in axis.chunks(c)}
            for axis, c in zip(axes, array.chunks, strict=True)
        ]

    def piece(self) -> tuple[int, int] | None:
        """Return the stored bytes that are the result as they are, if they are."""
        array, (first, *rest) = self.array, self.axes
        whole = all(len(a) == n for a, n in zip(rest, array.shape[1:], strict=True))
        if not array.in_one_piece or not whole or not self.out.size:
            return None
        if first.step != 1 or any(axis.picks is not None for axis in self.axes):
            return None
        row = self.out.nbytes // len(first)
        start = int(array.table.offsets[0]) + first.start * row
        return start, start + self.out.nbytes

    def _should_keep(self) -> bool:
        """Keep what fits, but not what the caller has nearly all of anyway."""
        rows = self.axes[0].chunks(self.array.chunks[0])
        n = len(self.numbers)
        if self.walking:
            # Only the last row of chunks can be wanted again.
            n = 0 if self._ends_row(rows[-1]) else n // len(rows)
        whole = n * self.array.layout.chunk_bytes
        if whole <= decoded.limit_bytes // 8:
            return True
        return whole <= decoded.limit_bytes and self.out.nbytes * 8 < whole * 7

    def _place(self, number: int) -> list[int]:
        at = []
        for n in reversed(self._grid):
            number, i = divmod(number, n)
            at.append(i)
        return at[::-1]

    def _cut(self, number: int) -> tuple[tuple[Any, ...], tuple[slice, ...]]:
        cuts = [cut[i] for cut, i in zip(self._cuts, self._place(number), strict=True)]
        return tuple(c[0] for c in cuts), tuple(c[1] for c in cuts)

    def paste(self, number: int, chunk: npt.NDArray[Any]) -> None:
        """Copy what is wanted of a decoded chunk into the result."""
        source, target = self._cut(number)
        _copy(self.out[target], chunk[source])

    def direct(self, number: int) -> Bytes | None:
        """Return the part of the result that is this whole chunk, if in one piece."""
        if not self._has_pieces:
            return None
        target = self.out[self._cut(number)[1]]
        whole = target.nbytes == self.array.layout.chunk_bytes
        if whole and target.flags.c_contiguous:
            return target.reshape(-1).view(np.uint8)
        return None

    def passed(self, number: int) -> bool:
        """Tell whether a reader that walks forward has done with this chunk."""
        if not self.walking:
            return False
        return self._ends_row(self._place(number)[0])

    def _ends_row(self, row: int) -> bool:
        end = min((row + 1) * self.array.chunks[0], self.array.shape[0])
        return self.axes[0].stop >= end

    def result(self) -> Any:
        """Return the array, without the axes that a single integer took away."""
        kept = tuple(slice(None) if axis.keep else 0 for axis in self.axes)
        return self.out[kept]


def _copy(target: npt.NDArray[Any], source: npt.NDArray[Any]) -> None:
    """Copy row by row instead of element by element, where both have rows."""
    row = source.shape[-1] * source.dtype.itemsize
    by_rows = (
        source.ndim > 1
        and source.shape[-1] > 1
        and row <= _ROW_MAX_BYTES
        and target.strides[-1] == source.strides[-1] == source.dtype.itemsize
    )
    if by_rows:
        whole = np.dtype((np.void, row))
        target, source = target.view(whole), source.view(whole)
    target[...] = source
