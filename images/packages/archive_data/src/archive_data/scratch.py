"""Decodes a chunk with HDF5's own filters, by way of a file in memory.

It serves scale-offset, n-bit, szip, Bitshuffle, Blosc2 and whatever else HDF5 has a
filter for. No byte is fetched here, so holding h5py's lock is harmless.
"""

from __future__ import annotations

import importlib
import threading
import uuid
from typing import Any

import h5py
import numpy as np

from .errors import DamagedChunk
from .filters import Bytes, Filter

#: How many values a filter puts before those that it is given; HDF5 lets it do so
#: again.
_ADDED = {32008: 3}


def available(filters: tuple[Filter, ...]) -> bool:
    """Tell whether HDF5 has all these filters, after loading hdf5plugin if need be."""
    missing = [f for f in filters if not h5py.h5z.filter_avail(f.number)]
    if missing:
        try:
            importlib.import_module("hdf5plugin")
        except ImportError:
            return False
    return all(h5py.h5z.filter_avail(f.number) for f in missing)


def decode(
    stored: memoryview,
    into: Bytes,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    filters: tuple[Filter, ...],
) -> None:
    """Decode one chunk.

    Parameters
    ----------
    stored : memoryview
        As it lies in the file.
    into : array of uint8
        Receives the data.
    dtype, shape
        Of the chunk.
    filters : tuple of Filter
        Those that were used for this chunk.

    Raises
    ------
    DamagedChunk
        HDF5 refuses the bytes.
    """
    if not filters:
        if len(stored) != len(into):
            raise DamagedChunk(f"it has {len(stored)} bytes, not {len(into)}")
        into[:] = np.frombuffer(stored, np.uint8)
        return
    try:
        dataset = _chunks.dataset((dtype, shape, filters))
        dataset.write_direct_chunk((0,) * len(shape), bytes(stored))
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, into.view(dtype).reshape(shape))
    except (OSError, RuntimeError, ValueError) as error:
        raise DamagedChunk(f"HDF5 does not decode it: {error}") from error


_Kind = tuple[np.dtype[Any], tuple[int, ...], tuple[Filter, ...]]


class _Chunks(threading.local):
    """A file in memory for each thread, with a dataset for each kind of array."""

    def __init__(self) -> None:
        self._file: h5py.File | None = None
        self._datasets: dict[object, h5py.h5d.DatasetID] = {}

    def dataset(self, like: _Kind) -> h5py.h5d.DatasetID:
        dtype, shape, filters = like
        # numpy takes an enumeration and its integers for equal, HDF5 does not.
        key = like, repr(dtype.metadata)
        if key not in self._datasets:
            if self._file is None:
                name = f"scratch-{uuid.uuid4()}"
                self._file = h5py.File(name, "w", driver="core", backing_store=False)
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_chunk(shape)
            for f in filters:
                given = f.options[_ADDED.get(f.number, 0) :]
                plan.set_filter(f.number, h5py.h5z.FLAG_OPTIONAL, given)
            self._datasets[key] = h5py.h5d.create(
                self._file.id,
                None,
                h5py.h5t.py_create(dtype, logical=True),
                h5py.h5s.create_simple(shape),
                plan,
            )
        return self._datasets[key]


_chunks = _Chunks()
