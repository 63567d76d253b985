"""What a Zarr says of its arrays, and how it is shown to whoever reads it.

Arrays whose codecs we know are shown as stored plainly: `zarr_files` gives their chunks
decoded, with the fastest decoders and on all cores, and zarr has only to place them.
References that hdmf-zarr pickled are shown as JSON (see `pickled`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import pickled
from .array import Layout
from .errors import DamagedChunk, NotReadable
from .filters import BLOSC, DEFLATE, GZIP, SHUFFLE, ZSTD, Filter, unpacked

#: JSON takes up to twenty times its length in memory; what is longer is not looked at.
DESCRIPTION_MAX_BYTES = 32 << 20

#: References that were pickled may have this length.
_REFERENCES_MAX_BYTES = 64 << 20

#: No array has more axes, or more filters.
_AXES_MAX = _FILTERS_MAX = 32

#: A type as Zarr 2 or 3 writes it; numpy would understand much more.
_NUMERIC = re.compile(r"[<>|=]?[iufbc]\d{1,2}|bool|u?int\d+|float\d+|complex\d+")

#: A chunk's place along an axis, as it is written in its name.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")

CONSOLIDATED = (".zmetadata", "zarr.json")

#: Objects that describe, in Zarr 2 and 3.
DESCRIBING = frozenset({".zgroup", ".zarray", ".zattrs", "zarr.json", ".zmetadata"})

_V2 = {"zlib": DEFLATE, "gzip": GZIP, "blosc": BLOSC, "zstd": ZSTD}
_V3 = {
    **{"gzip": GZIP, "blosc": BLOSC, "zstd": ZSTD},
    **{f"numcodecs.{name}": number for name, number in _V2.items()},
}


@dataclass(frozen=True)
class Described:
    """How the chunks of one array are found and read.

    Attributes
    ----------
    path : str
        Of the array within the Zarr.
    layout : Layout or None
        None for chunks that are given as they are.
    prefix, separator : str
        Of the names of the chunks.
    references : dict or None
        The compressor of pickled references.
    shape, chunks
        Of the array.
    """

    path: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    prefix: str
    separator: str
    layout: Layout | None = None
    references: dict[str, Any] | None = None

    @property
    def grid(self) -> tuple[int, ...]:
        """Number of chunks along each axis."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.chunks, strict=True))

    def name(self, place: tuple[int, ...]) -> str:
        """Return the key of a chunk."""
        text = self.separator.join(map(str, place))
        if not place:
            text = "" if self.prefix else "0"
        joined = self.separator.join(filter(None, (self.prefix, text)))
        return f"{self.path}/{joined}" if self.path else joined

    def place(self, key: str) -> tuple[int, ...] | None:
        """Return where in the grid a chunk lies, None if it is none."""
        start = f"{self.path}/" if self.path else ""
        if not key.startswith(start):
            return None
        name = key[len(start) :]
        parts = name.split(self.separator)
        if self.prefix and parts.pop(0) != self.prefix:
            return None
        if not self.shape:
            return () if parts in ([], ["0"]) else None
        if len(parts) != len(self.shape) or not all(map(_NUMBER.fullmatch, parts)):
            return None
        place = tuple(map(int, parts))
        inside = all(i < n for i, n in zip(place, self.grid, strict=True))
        return place if inside else None

    @property
    def is_sound(self) -> bool:
        """True if shape and chunks are such as there can be, below the Zarr."""
        numbers = (*self.shape, *self.chunks)
        if {".", ".."} & set(self.path.split("/")) or self.separator not in (".", "/"):
            return False
        if len(self.shape) > _AXES_MAX:
            return False
        whole = all(type(n) is int and 0 <= n < 1 << 62 for n in numbers)
        return whole and len(self.shape) == len(self.chunks) and 0 not in self.chunks

    @property
    def is_small(self) -> bool:
        """True for one chunk of text, or of little else: opening reads such."""
        if any(n != 1 for n in self.grid):
            return False
        return self.layout is None or self.layout.chunk_bytes <= 4096


def nodes(key: str, data: bytes) -> dict[str, Any]:
    """Return the describing objects that a consolidated one holds, by their keys.

    An empty dictionary: it is not consolidated.
    """
    found = parsed(data)
    if key == ".zmetadata":
        return _dictionary(found.get("metadata"))
    inner = _dictionary(_dictionary(found.get("consolidated_metadata")).get("metadata"))
    if not inner:
        return {}
    named = {f"{path}/zarr.json": node for path, node in inner.items()}
    return {"zarr.json": found, **named}


def describe(key: str, node: Mapping[str, Any]) -> Described | None:
    """Read what ``.zarray`` or ``zarr.json`` says; None if it is of no array."""
    path, _, name = key.rpartition("/")
    found = None
    try:
        if name == ".zarray":
            found = _describe_2(path, node)
        if name == "zarr.json" and node.get("node_type") == "array":
            found = _describe_3(path, node)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        # What we do not understand is zarr's.
        return None
    return found if found and found.is_sound else None


def _describe_2(path: str, node: Mapping[str, Any]) -> Described:
    shape, chunks = tuple(node["shape"]), tuple(node["chunks"])
    separator = node.get("dimension_separator") or "."
    codecs = [*(node["filters"] or ()), *filter(None, [node["compressor"]])]
    plain = Described(path, shape, chunks, "", separator)
    if node["dtype"] == "|O":
        is_pickle = [c["id"] for c in node["filters"] or ()] == ["pickle"]
        given = {"compressor": node["compressor"]} if is_pickle else None
        return Described(path, shape, chunks, "", separator, references=given)
    filters = [_filter(c, _V2.get(c["id"]), c["id"]) for c in codecs]
    if node["order"] != "C" or not _NUMERIC.fullmatch(str(node["dtype"])):
        return plain
    layout = _layout(shape, chunks, np.dtype(node["dtype"]), filters)
    return Described(path, shape, chunks, "", separator, layout)


def _describe_3(path: str, node: Mapping[str, Any]) -> Described:
    shape = tuple(node["shape"])
    chunks = tuple(node["chunk_grid"]["configuration"]["chunk_shape"])
    encoding = node["chunk_key_encoding"]
    form = encoding.get("configuration") or {}
    old = encoding["name"] == "v2"
    prefix, separator = ("", ".") if old else ("c", "/")
    separator = form.get("separator", separator)
    plain = Described(path, shape, chunks, prefix, separator)
    first, *rest = node["codecs"]
    endian = (first.get("configuration") or {}).get("endian", "little")
    if first["name"] != "bytes" or not _NUMERIC.fullmatch(str(node["data_type"])):
        return plain
    dtype = np.dtype(node["data_type"]).newbyteorder("<" if endian == "little" else ">")
    filters = [
        _filter(c.get("configuration") or {}, _V3.get(c["name"]), c["name"])
        for c in rest
    ]
    layout = _layout(shape, chunks, dtype, filters)
    return Described(path, shape, chunks, prefix, separator, layout)


def _filter(given: Mapping[str, Any], number: int | None, name: str) -> Filter | None:
    if name in ("shuffle", "numcodecs.shuffle"):
        return Filter(SHUFFLE, (max(1, int(given.get("elementsize", 4))),))
    return None if number is None else Filter(number)


def _layout(
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    dtype: np.dtype[Any],
    filters: list[Filter | None],
) -> Layout | None:
    known = tuple(f for f in filters if f is not None)
    if len(known) != len(filters) or not known or dtype.kind not in "iufbc":
        return None
    if not shape or min(shape) < 1 or min(chunks) < 1 or len(known) > _FILTERS_MAX:
        return None
    layout = Layout(shape, chunks, dtype, known)
    return layout if layout.fits else None


def shown(node: dict[str, Any], described: Described) -> dict[str, Any]:
    """Return the description of an array as its chunks are given."""
    if described.references is not None:
        from numcodecs import JSON

        return {**node, "filters": [JSON().get_config()], "compressor": None}
    if described.layout is None:
        return node
    if node.get("zarr_format") == 3:
        return {**node, "codecs": node["codecs"][:1]}
    return {**node, "filters": None, "compressor": None}


def references(described: Described, stored: bytes) -> bytes:
    """Turn a chunk of pickled references into one of JSON.

    Raises
    ------
    NotReadable
        They are more than data, or more than `_REFERENCES_MAX_BYTES`.
    """
    import numcodecs

    given = (described.references or {}).get("compressor")
    shape, found = pickled.values(_decompressed(given, stored) if given else stored)
    array = np.empty(len(found), object)
    for i, value in enumerate(found):
        array[i] = value
    return bytes(numcodecs.JSON().encode(array.reshape(shape)))


def _decompressed(given: Any, stored: bytes) -> bytes:
    """Undo one of the compressors that are known here, never any other codec."""
    number = _V2.get(str(_dictionary(given).get("id")))
    if number is None:
        raise NotReadable(
            f"pickled references: are packed by {given!r}; known are {sorted(_V2)}"
        )
    try:
        return unpacked(stored, number, _REFERENCES_MAX_BYTES)
    except DamagedChunk as error:
        raise NotReadable(f"pickled references: {error}") from error


def parsed(data: bytes) -> dict[str, Any]:
    """Read a describing object; an empty dictionary if it is none."""
    if len(data) > DESCRIPTION_MAX_BYTES:
        return {}
    try:
        return _dictionary(json.loads(data))
    except (ValueError, RecursionError):
        return {}


def _dictionary(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def dumped(key: str, node: dict[str, Any], arrays: Mapping[str, Described]) -> bytes:
    """Write a describing object down as it is shown."""
    path, _, name = key.rpartition("/")
    if name in (".zarray", "zarr.json") and path in arrays:
        node = shown(node, arrays[path])
    return json.dumps(node).encode()


def consolidated(key: str, data: bytes, arrays: Mapping[str, Described]) -> bytes:
    """Write a consolidated object down as it is shown."""
    found = parsed(data)
    if key == ".zmetadata":
        inner = _dictionary(found.get("metadata"))
        names = {k: k.rpartition("/")[0] for k in inner if k.endswith(".zarray")}
    else:
        outer = _dictionary(found.get("consolidated_metadata"))
        inner = _dictionary(outer.get("metadata"))
        names = {k: k for k in inner}
    for name, path in names.items():
        if path in arrays:
            inner[name] = shown(inner[name], arrays[path])
    return json.dumps(found).encode()
