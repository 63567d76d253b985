"""Asks HDF5 where chunks lie, and whether they can be read without HDF5."""

from __future__ import annotations

import math
from itertools import count
from typing import Any

import h5py
import numpy as np

from . import scratch
from .array import Array, Layout, Table, stretched
from .blob import Blob
from .errors import ArchiveDataError, IndexRefused, NotReadable
from .filters import Filter, Pipeline


def address(thing: h5py.HLObject) -> int:
    """Return where an object's header lies: its identity within the file.

    `h5py.h5o.get_info` tells it too, but first walks all of the object's chunk tree.
    """
    low, high = h5py.h5g.get_objinfo(thing.id).objno
    return int(low if not high or low >= 1 << 32 else low | high << 32)


def array_of(dataset: h5py.Dataset, blob: Blob, table: Table | None) -> Array | None:
    """Return an array that reads what the dataset reads, or None if only HDF5 can.

    Parameters
    ----------
    dataset : h5py.Dataset
        Tells shape, type and filters; so an index need not be believed in these.
    blob : Blob
        Where the file's bytes are.
    table : Table, optional
        Chunk table of an index; else HDF5 is asked for it.
    """
    if not dataset.shape or not dataset.size or not _plain(dataset):
        return None
    plan = dataset.id.get_create_plist()
    kind = plan.get_layout()
    if kind == h5py.h5d.CONTIGUOUS:
        offset = dataset.id.get_offset()
        length = math.prod(dataset.shape) * dataset.dtype.itemsize
        if offset is None or plan.get_external_count() or offset + length > blob.size:
            return None
        return stretched(blob, dataset.shape, dataset.dtype, offset)
    if kind != h5py.h5d.CHUNKED:
        return None
    layout = layout_of(dataset, plan)
    if layout is None:
        return None
    table = chunk_table(dataset, layout) if table is None else table
    _check(table, layout, f"{blob.name}{dataset.name}")
    return Array(blob, layout, table)


def _check(table: Table, layout: Layout, name: str) -> None:
    """Refuse a table that does not fit the dataset, before memory is taken for it."""
    if len(table.sizes) != layout.n_chunks:
        raise IndexRefused(
            f"{name}: the index knows {len(table.sizes)} chunks, the file has "
            f"{layout.grid}; make it again with `archive-data index make`"
        )
    if len(table.sizes) and int(table.sizes.max()) > layout.stored_max_bytes:
        raise NotReadable(
            f"{name}: a chunk of {int(table.sizes.max())} bytes as stored, where "
            f"decoded ones have {layout.chunk_bytes}; the file or its index is damaged"
        )


def _plain(dataset: h5py.Dataset) -> bool:
    """Tell whether the bytes in the file are those of the numpy type, bit for bit."""
    dtype = dataset.dtype
    if dtype.hasobject or dtype.subdtype or not dtype.itemsize:
        return False
    try:
        return bool(h5py.h5t.py_create(dtype, logical=True) == dataset.id.get_type())
    except TypeError:
        return False


def layout_of(dataset: h5py.Dataset, plan: Any) -> Layout | None:
    """Return the layout of a chunked dataset, None if its chunks cannot be decoded."""
    found = [plan.get_filter(i) for i in range(plan.get_nfilters())]
    filters = tuple(Filter(int(f[0]), tuple(int(v) for v in f[2])) for f in found)
    fill = np.asarray(dataset.fillvalue, dataset.dtype).tobytes()
    layout = Layout(dataset.shape, dataset.chunks, dataset.dtype, filters, fill)
    if not layout.fits:
        return None
    if Pipeline(filters, 0).known or scratch.available(filters):
        return layout
    return None


def chunk_table(dataset: h5py.Dataset, layout: Layout) -> Table:
    """Ask HDF5 for the chunk table: one walk, about 3 microseconds a chunk.

    Raises
    ------
    NotReadable
        HDF5 does not find its way, or finds more chunks than there can be.
    """
    n, chunks, grid = layout.n_chunks, layout.chunks, layout.grid
    offsets, sizes = np.zeros(n, np.int64), np.zeros(n, np.int64)
    masks = np.zeros(n, np.uint32)
    calls = count()

    def see(info: Any) -> None:
        if next(calls) >= n:
            # A tree whose branches lead back to each other has no end.
            raise ValueError(f"there are more chunks than the {n} of its shape")
        at = 0
        for o, c, g in zip(info.chunk_offset, chunks, grid, strict=True):
            if o // c >= g:
                # Outside the shape: HDF5 never reads it either.
                return
            at = at * g + o // c
        offsets[at], sizes[at] = info.byte_offset, info.size
        masks[at] = info.filter_mask

    try:
        dataset.id.chunk_iter(see)
    except ArchiveDataError:
        raise
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        raise NotReadable(
            f"{dataset.file.filename}{dataset.name}: its chunks are not found: {error}"
        ) from error
    return Table(offsets, sizes, masks if masks.any() else None)
