"""Decodes a chunk with HDF5's own filters, by way of a file in memory.

It serves scale-offset, n-bit, szip, Bitshuffle, Blosc2 and whatever else HDF5 has a
filter for. No byte is fetched here, so holding h5py's lock is harmless.
"""

from __future__ import annotations

import importlib
import threading

import h5py
import numpy as np
import numpy.typing as npt

from .errors import DamagedChunk
from .filters import Bytes, Filter


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
    mask: int,
    into: Bytes,
    like: tuple[npt.DTypeLike, tuple[int, ...], tuple[Filter, ...]],
) -> None:
    """Decode one chunk.

    Parameters
    ----------
    stored, mask, into
        As of `filters.Pipeline.decode`.
    like : (dtype, shape of a chunk, filters)
        What the array is like.

    Raises
    ------
    DamagedChunk
        HDF5 refuses the bytes.
    """
    dtype, shape, _ = like
    array = into.view(dtype).reshape(shape)
    try:
        dataset = _chunks.dataset(like)
        dataset.write_direct_chunk((0,) * len(shape), bytes(stored), mask)
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, array)
    except (OSError, RuntimeError, ValueError) as error:
        raise DamagedChunk(f"HDF5 does not decode it: {error}") from error


class _Chunks(threading.local):
    """A file in memory for each thread, with a dataset for each kind of array."""

    def __init__(self) -> None:
        self._file: h5py.File | None = None
        self._datasets: dict[object, h5py.h5d.DatasetID] = {}

    def dataset(
        self, like: tuple[npt.DTypeLike, tuple[int, ...], tuple[Filter, ...]]
    ) -> h5py.h5d.DatasetID:
        if like not in self._datasets:
            dtype, shape, filters = like
            if self._file is None:
                name = f"scratch-{threading.get_ident()}"
                self._file = h5py.File(name, "w", driver="core", backing_store=False)
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_chunk(shape)
            for f in filters:
                plan.set_filter(f.number, h5py.h5z.FLAG_OPTIONAL, f.options)
            self._datasets[like] = h5py.h5d.create(
                self._file.id,
                None,
                h5py.h5t.py_create(np.dtype(dtype), logical=True),
                h5py.h5s.create_simple(shape),
                plan,
            )
        return self._datasets[like]


_chunks = _Chunks()
