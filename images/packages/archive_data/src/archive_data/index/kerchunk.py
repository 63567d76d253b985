"""Writes the chunk tables as kerchunk's references (version 1), for zarr and xarray.

Only arrays with filters that Zarr 2 has codecs for are written; references, text and
compound types have no place in Zarr, so pynwb cannot read the result.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import h5py
import numpy as np

from ..array import Array
from ..asset import Asset
from ..h5 import Dataset, File
from ..zarr_listing import listed
from .format import Index
from .zarr_format import ZarrIndex

_CODECS: dict[int, dict[str, Any]] = {
    1: {"id": "zlib", "level": 1},
    3: {"id": "fletcher32"},
    32001: {"id": "blosc"},
    32015: {"id": "zstd", "level": 1},
}


def export(asset: Asset, index: Index) -> dict[str, Any]:
    """Return kerchunk's references of an asset.

    Parameters
    ----------
    asset : Asset
        Whose address goes into the references.
    index : Index
        Of its blob.
    """
    file = File(asset.blob, index.spans, index.tables)
    url = asset.url or asset.path
    refs: dict[str, Any] = {".zgroup": '{"zarr_format": 2}'}
    found: list[tuple[str, Any]] = []
    file.visititems(lambda name, thing: found.append((name, thing)))
    for name, thing in found:
        if isinstance(thing, h5py.Group):
            refs[f"{name}/.zgroup"] = '{"zarr_format": 2}'
        elif isinstance(thing, Dataset) and thing.array is not None:
            refs.update(_array(name, thing, url))
    return {"version": 1, "refs": refs}


def export_zarr(asset: Asset, index: ZarrIndex) -> dict[str, Any]:
    """Return kerchunk's references of a Zarr: what describes it, and the addresses.

    Parameters
    ----------
    asset : Asset
        Whose address goes into the references.
    index : ZarrIndex
        Of it; what is too many for an index is listed.
    """
    base = asset.url.rstrip("/")
    sizes = index.sizes if index.is_whole else dict(listed(base))
    refs: dict[str, Any] = {key: [f"{base}/{quote(key)}"] for key in sorted(sizes)}
    for key, data in index.objects.items():
        refs[key] = _inline(data)
    return {"version": 1, "refs": refs}


def _inline(data: bytes) -> str:
    return "base64:" + base64.b64encode(data).decode()


def _array(name: str, dataset: Dataset, url: str) -> Iterator[tuple[str, Any]]:
    array = dataset.array
    codecs = None if array is None else _codecs(array)
    if array is None or codecs is None:
        return
    fill = np.frombuffer(array.layout.fill or bytes(array.dtype.itemsize), array.dtype)
    meta = {
        "zarr_format": 2,
        "shape": array.shape,
        "chunks": array.chunks,
        "dtype": array.dtype.str,
        "order": "C",
        "fill_value": fill[0].item() if array.dtype.kind in "iufb" else None,
        "compressor": None,
        "filters": codecs or None,
    }
    yield f"{name}/.zarray", json.dumps(meta)
    yield f"{name}/.zattrs", json.dumps({"_ARRAY_DIMENSIONS": _dimensions(name, array)})
    for number, place in enumerate(np.ndindex(*array.layout.grid)):
        start, stop = array.table.span(number)
        if stop > start:
            key = f"{name}/{'.'.join(map(str, place))}"
            yield key, _chunk(array, number, url)


def _chunk(array: Array, number: int, url: str) -> Any:
    start, stop = array.table.span(number)
    short = array.layout.chunk_bytes - (stop - start)
    if array.layout.filters or short <= 0:
        return [url, start, stop - start]
    # Data stored in one piece end where they end; Zarr wants a whole chunk.
    whole = array.blob.read(start, stop) + bytes(short)
    return _inline(whole)


def _dimensions(name: str, array: Array) -> list[str]:
    return [f"{name.rpartition('/')[2]}_{i}" for i in range(array.ndim)]


def _codecs(array: Array) -> list[dict[str, Any]] | None:
    codecs = []
    for step in array.layout.filters:
        if step.number == 2 and step.options:
            codecs.append({"id": "shuffle", "elementsize": step.options[0]})
        elif step.number in _CODECS:
            codecs.append(_CODECS[step.number])
        else:
            return None
    masked = array.table.masks is not None
    return None if masked or array.dtype.kind not in "iufbc" else codecs
