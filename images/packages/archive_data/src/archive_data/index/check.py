"""Compares an index with what it is of: bytes with bytes, tables with HDF5's own."""

from __future__ import annotations

import numpy as np

from ..array import Table
from ..asset import Asset
from ..blob import Blob
from ..errors import IndexRefused
from ..zarr_files import ZarrFiles
from .format import Index
from .make import make
from .zarr_format import ZarrIndex


def verify(index: Index, blob: Blob) -> list[str]:
    """Find what is wrong with an index.

    Parameters
    ----------
    index : Index
        From anybody.
    blob : Blob
        What it claims to describe; its metadata are read.

    Returns
    -------
    list of str
        One sentence for each thing that is wrong; empty if all is right.
    """
    if (index.size, index.identity) != (blob.size, blob.identity):
        found = f"{index.size} bytes with digest {index.identity!r}"
        return [f"is of {found}, this has {blob.size} and {blob.identity!r}"]
    right = make(blob)
    wrong: list[str] = []
    spans = index.spans
    for start, stop in zip(spans.starts, spans.stops, strict=True):
        expected = right.spans.find(start, stop)
        there = spans.find(start, stop)
        if (blob.read(start, stop) if expected is None else expected) != there:
            wrong.append(f"bytes {start} to {stop} are not those of the object")
    for address in index.tables:
        try:
            same = _equal(index.tables[address], right.tables.get(address))
        except IndexRefused as error:
            wrong.append(str(error))
            continue
        if not same:
            wrong.append(f"the chunk table of the dataset at {address} is wrong")
    return wrong


def verify_zarr(index: ZarrIndex, asset: Asset) -> list[str]:
    """Find what is wrong with the index of a Zarr: all is listed, and read again.

    Parameters
    ----------
    index : ZarrIndex
        From anybody.
    asset : Asset
        What it claims to describe.

    Returns
    -------
    list of str
        One sentence for each thing that is wrong; empty if all is right.
    """
    if index.identity != asset.digest:
        return [f"is of digest {index.identity!r}, this has {asset.digest!r}"]
    files = ZarrFiles(asset.url, asset.digest, skip_instance_cache=True)
    sizes = files.sizes()
    wrong = []
    if index.is_whole:
        either = sorted(sizes.keys() | index.sizes.keys())
        pairs = [(key, sizes.get(key), index.sizes.get(key)) for key in either]
        wrong += [
            f"{key}: the index says {said} bytes, there are {found}"
            for key, found, said in pairs
            if found != said
        ]
    there = files.stored([key for key in index.objects if key in sizes])
    for key, data in index.objects.items():
        if there.get(key) != data:
            wrong.append(f"{key} is not the object that is there")
    return wrong


def _equal(a: Table, b: Table | None) -> bool:
    if b is None:
        return False
    masks = [t.masks if t.masks is not None else np.zeros(len(t.sizes)) for t in (a, b)]
    pairs = ((a.offsets, b.offsets), (a.sizes, b.sizes), (masks[0], masks[1]))
    return all(np.array_equal(x, y) for x, y in pairs)
