"""A dataset as a Dask array: the tasks carry byte ranges, and workers need no HDF5."""

from __future__ import annotations

import hashlib
import math
import sys
from typing import Any

from .array import Array
from .bulk import array_of
from .errors import MissingPackage, NotReadable

#: About how much one task decodes.
TASK_BYTES = 64 << 20


def to_dask(dataset: Any, chunks: Any = "auto") -> Any:
    """Make a Dask array of a dataset.

    Parameters
    ----------
    dataset : dataset of `open_h5`, NWB object with ``data``, or Zarr array
        What to read.
    chunks : "auto", "native", or what `dask.array.from_array` takes
        "auto" takes whole rows of chunks, about 64 MB in one task: few tasks, each
        chunk is read once.  "native" takes the chunks of the file.

    Returns
    -------
    dask.array.Array
        Its name is that of the content, equal in every session.

    Raises
    ------
    NotReadable
        The dataset holds text, references or the like, which only HDF5 or zarr can
        read.
    """
    try:
        import dask.array

        from_array: Any = dask.array.from_array
    except ImportError as error:
        raise MissingPackage(
            "to_dask: needs dask; install archive-data[dask]"
        ) from error
    array = array_of(dataset)
    if array is None:
        array = _zarr_of(dataset)
    if array is None:
        name = getattr(dataset, "name", type(dataset).__name__)
        raise NotReadable(f"to_dask: {name!r} is no plain array; read it as it is")
    if isinstance(chunks, str) and chunks in ("auto", "native"):
        chunks = array.chunks if chunks == "native" else rows_of_chunks(array)
    return from_array(
        array,
        chunks=chunks,
        name=_name(array, chunks),
        lock=False,
        fancy=False,
        asarray=True,
    )


def _name(array: Any, chunks: Any) -> str | None:
    """Return the same name for the same content, or None: then dask finds one."""
    from dask.base import tokenize

    token = array.token if isinstance(array, Array) else _token_of_zarr(array)
    return f"archive-{token}-{str(tokenize(chunks))[:8]}" if token else None


def _token_of_zarr(array: Any) -> str | None:
    from .zarr_files import ZarrFiles

    # Zarr 2 has a store of its own for chunks; Zarr 3 sees ours through a wrapper.
    files = getattr(getattr(array, "chunk_store", array.store), "fs", None)
    files = getattr(files, "sync_fs", files)
    if not isinstance(files, ZarrFiles):
        return None
    text = repr((files.digest, array.path, array.shape, array.chunks, array.dtype))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _zarr_of(thing: Any) -> Any:
    """Return the Zarr array that something is, or has as its ``data``, if it is plain.

    Where zarr was not imported, nothing is one.
    """
    zarr = sys.modules.get("zarr")
    for found in (thing, getattr(thing, "data", None)):
        if zarr is not None and isinstance(found, zarr.Array):
            is_plain = found.dtype.kind != "O" and found.shape
            return found if is_plain else None
    return None


def rows_of_chunks(array: Array) -> tuple[int, ...]:
    """Return a task's shape: whole rows of chunks."""
    row = math.prod(array.shape[1:]) * array.dtype.itemsize * array.chunks[0]
    if row > 2 * TASK_BYTES:
        return array.chunks
    rows = max(1, TASK_BYTES // max(row, 1)) * array.chunks[0]
    return (min(rows, array.shape[0]), *array.shape[1:])


def to_xarray(series: Any, chunks: Any = "auto") -> Any:
    """Make an `xarray.DataArray` of a time series, lazily.

    Parameters
    ----------
    series : pynwb TimeSeries, dataset of `open_h5`, or Zarr array
        With times where the object has a rate or timestamps.
    chunks
        As of `to_dask`.

    Returns
    -------
    xarray.DataArray
        Axis ``time`` first, in seconds where known; attributes ``unit``,
        ``conversion``.
    """
    try:
        import xarray
    except ImportError as error:
        raise MissingPackage(
            "to_xarray: needs xarray; install archive-data[dask]"
        ) from error
    data = to_dask(series, chunks)
    dims = ("time", *(f"dim_{i}" for i in range(1, data.ndim)))
    names = ("unit", "conversion", "offset", "description")
    attributes = {n: getattr(series, n) for n in names if hasattr(series, n)}
    times = _times(series, data.shape[0])
    coordinates = {} if times is None else {"time": times}
    name = str(getattr(series, "name", "data")).rpartition("/")[2]
    return xarray.DataArray(
        data, coords=coordinates, dims=dims, name=name, attrs=attributes
    )


def _times(series: Any, n: int) -> Any:
    import numpy as np

    stamps = getattr(series, "timestamps", None)
    if stamps is not None:
        return np.asarray(stamps[:])
    rate = getattr(series, "rate", None)
    if not rate:
        return None
    return (getattr(series, "starting_time", None) or 0.0) + np.arange(n) / rate
