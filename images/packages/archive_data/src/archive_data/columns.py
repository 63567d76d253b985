"""A table's small columns travel together: whoever reads one will read the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import h5py

from . import ahead
from .array import Array

#: Columns up to this stored size are fetched together.
COLUMN_BYTES = 1 << 20

#: Most that is fetched of a table without being asked for.
TABLE_BYTES = 16 << 20


def small_columns(group: h5py.Group) -> Iterator[Array]:
    """Yield the arrays of a group that are small; `group` is one of `h5.Group`."""
    total = 0
    for name in group:
        # Not by `getclass`: h5py asks HDF5 for a storage size with it, and HDF5 then
        # walks every chunk tree of the table, a request each.
        column = group.get(name)
        array: Array | None = getattr(column, "array", None)
        stored = 0 if array is None else int(array.table.sizes.sum())
        if array is None or not 0 < stored <= COLUMN_BYTES:
            continue
        total += stored
        if total > TABLE_BYTES:
            return
        yield array


def fetch(arrays: Iterable[Array]) -> int:
    """Start fetching whole arrays of one blob; return how many bytes that is."""
    wanted = [(array, _absent(array)) for array in arrays]
    ahead.fetch(wanted)
    return sum(int(array.table.sizes[numbers].sum()) for array, numbers in wanted)


def _absent(array: Array) -> list[int]:
    numbers = array.table.sizes.nonzero()[0].tolist()
    return [n for _, n in ahead.store.absent(array.key(n) for n in numbers)]


def is_table(group: Any) -> bool:
    """Tell whether a group is a table of NWB."""
    return "colnames" in group.attrs
