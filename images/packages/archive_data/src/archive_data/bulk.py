"""Many things in one pass: several selections, the columns of a table.

Each call merges all its byte ranges, so that it costs one or two round trips.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import columns
from .array import Array
from .errors import NotReadable
from .h5 import Dataset, Group
from .job import Job
from .reading import read_all
from .selection import Unsupported, parse


def fetch(dataset: Any, selections: Sequence[Any]) -> list[Any]:
    """Read several selections of one dataset in one pass.

    Parameters
    ----------
    dataset : dataset of `open_h5`, or NWB object or ragged column from `open_nwb`
        What to read from, such as ``nwb.acquisition["lfp"]`` or
        ``nwb.units["spike_times"]``.
    selections : sequence
        What would stand between the brackets, such as ``slice(0, 30000)``, or the
        number of a row.

    Returns
    -------
    list
        What ``[dataset[s] for s in selections]`` gives; chunks that several selections
        share are fetched and decoded once.
    """
    if _is_ragged(dataset):
        return _fetch_rows(dataset, selections)
    # What refers to rows or values elsewhere is more than its numbers.
    refers = any(hasattr(dataset, name) for name in ("target", "table", "elements"))
    array = None if refers else array_of(dataset)
    if array is None:
        return [dataset[s] for s in selections]
    jobs: list[Job | None] = []
    for selection in selections:
        try:
            jobs.append(Job(array, parse(selection, array.shape)))
        except Unsupported:
            jobs.append(None)
    read_all([job for job in jobs if job is not None])
    pairs = zip(jobs, selections, strict=True)
    return [dataset[s] if job is None else job.result() for job, s in pairs]


def _is_ragged(column: Any) -> bool:
    """Tell whether a column has numbers of varying count in each row."""
    target = getattr(column, "target", None)
    if any(hasattr(target, name) for name in ("target", "table", "elements")):
        return False
    return target is not None and array_of(target) is not None


def _fetch_rows(column: Any, selections: Sequence[Any]) -> list[Any]:
    """Read rows of a ragged column; pynwb's own reads each alone, or all of it."""
    ends = np.asarray(column.data[...]).astype(np.int64)
    starts = np.concatenate([[0], ends[:-1]])
    every = np.arange(len(ends))
    rows = [every[s] for s in selections]
    flat = [int(n) for found in rows for n in np.atleast_1d(found)]
    slices = [slice(int(starts[n]), int(ends[n])) for n in flat]
    pieces = iter(fetch(column.target, slices))
    return [
        next(pieces) if np.ndim(found) == 0 else [next(pieces) for _ in found]
        for found in rows
    ]


def array_of(thing: Any) -> Array | None:
    """Return the array behind a dataset or an NWB object's ``data``, if any."""
    if isinstance(thing, Array):
        return thing
    for attribute in ("data", "dataset"):
        if isinstance(thing, Dataset):
            return thing.array
        thing = getattr(thing, attribute, thing)
    return thing.array if isinstance(thing, Dataset) else None


def prefetch(table: Any) -> int:
    """Fetch a table's columns at once, so that what follows finds them here.

    Parameters
    ----------
    table : pynwb table, or group of `open_h5`
        Such as ``nwb.units`` or ``nwb.trials``.

    Returns
    -------
    int
        How many bytes were sent for: columns of more than 1 MB are left out, they are
        read fast enough when they are asked for.

    Raises
    ------
    NotReadable
        It is no table of a file that this package opened.
    """
    return columns.fetch(columns.small_columns(_group_of(table)))


def _group_of(table: Any) -> Group:
    if isinstance(table, Group):
        return table
    for column in (getattr(table, "id", None), *getattr(table, "columns", ())):
        data = getattr(column, "data", None)
        if isinstance(data, Dataset):
            group: Group = data.parent
            return group
    raise NotReadable(
        f"prefetch: {type(table).__name__} is no table of a file from archive_data"
    )
