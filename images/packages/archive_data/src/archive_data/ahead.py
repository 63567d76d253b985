"""Fetches what a reader that walks forward wants next, and keeps it as stored.

Stored bytes are two to three times smaller than decoded ones, so the same memory
reaches further; they are decoded straight into the result when their turn comes.
"""

from __future__ import annotations

import os
from collections.abc import Hashable

import numpy as np

from . import limits
from .array import Array, Key, grid_numbers
from .cache import Bounded, decoded
from .disk import disk
from .flight import Piece, launch
from .ranges import PART_MAX_BYTES, merge
from .selection import Axis

#: Stored chunks that are here or on their way.
store: Bounded[Key, Piece] = Bounded(limits.ahead_bytes())


def walks(array: Array, axes: tuple[Axis, ...]) -> bool:
    """Tell whether a selection goes on where the last one of this array ended."""
    if not axes or axes[0].step != 1 or axes[0].picks is not None:
        array.walk = None
        return False
    rest = tuple(_same(axis) for axis in axes[1:])
    before, array.walk = array.walk, (rest, axes[0].stop)
    return before == (rest, axes[0].start)


def look(array: Array, axes: tuple[Axis, ...]) -> None:
    """Start fetching the chunks that follow a selection along the first axis."""
    touched = [a.chunks(c) for a, c in zip(axes, array.chunks, strict=True)]
    if not all(touched):
        return
    sizes, first = array.table.sizes, touched[0][-1] + 1
    row = int(sizes[grid_numbers([[first - 1], *touched[1:]], array.layout.grid)].sum())
    budget = store.limit_bytes * 3 // 4
    rows = min(array.layout.grid[0] - first, budget // max(row, 1))
    if rows <= 0:
        return
    coordinates = [list(range(first, first + rows)), *touched[1:]]
    numbers = grid_numbers(coordinates, array.layout.grid)
    keys = [array.key(n) for n in numbers[sizes[numbers] > 0].tolist()]
    new = [n for _, n in decoded.absent(store.absent(keys))]
    at_end = first + rows == array.layout.grid[0]
    if not at_end and int(sizes[np.asarray(new, np.int64)].sum()) < budget // 4:
        return
    fetch([(array, new)], PART_MAX_BYTES)


def fetch(wanted: list[tuple[Array, list[int]]], size: int = 0) -> None:
    """Start fetching chunks of arrays of one blob into the store.

    Parameters
    ----------
    wanted : list of (Array, list of int)
        The numbers of the chunks of each.
    size : int
        Bytes for each request; 0 chooses what brings all of it soonest.
    """
    chunks = [(array, n) for array, numbers in wanted for n in numbers]
    if (kept := disk()) is not None:
        chunks = [(array, n) for array, n in chunks if not kept.has(array, n)]
    if not chunks:
        return
    spans = [array.table.span(n) for array, n in chunks]
    keys = [array.key(n) for array, n in chunks]
    runs = merge(spans, size)
    for flight, run in zip(launch(chunks[0][0].blob, runs, size), runs, strict=True):
        store.put(
            (keys[i], Piece(flight, *spans[i]), spans[i][1] - spans[i][0])
            for i in run.members
        )


def _same(axis: Axis) -> Hashable:
    picks = None if axis.picks is None else axis.picks.tobytes()
    return axis.start, axis.stop, axis.step, picks


def _after_fork() -> None:
    store.__init__(store.limit_bytes)  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
