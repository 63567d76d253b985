r"""How an index is written down: one small binary object for each blob.

It holds bytes of the blob (its *spans*: what HDF5 reads while a file is opened and
looked at) and the chunk tables of its datasets.  All numbers are little-endian::

    "ARCHIDX\n"  version u16  0 u16  length of the rest unpacked u64  its CRC-32 u32
    | zstd of:
    blob size u64   digest u16 + bytes   spans u32   tables u32
    per span: gap to the span before u64, all; then length u32, all;  then their bytes
    per table: header address u64, chunks u32, flags u32 (1: has masks);
               gaps to the end of the chunk before i64, sizes u32[, masks u32], each of
               these with the first bytes of all numbers first, then all second bytes,
               ...

An index may come from anybody.  Whatever it says is checked against the size of its
blob and against the bounds below before memory is taken for it; nothing in it is
executed.  The checksum tells one that was damaged on its way; one that was made to
deceive has a right one, and gives wrong values of its own blob, at worst.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import imagecodecs as _imagecodecs
import numpy as np
import numpy.typing as npt

from ..array import Table
from ..blockfile import Spans
from ..errors import IndexRefused

# Its stubs know neither arrays nor views, which it takes.
imagecodecs: Any = _imagecodecs

MAGIC = b"ARCHIDX\n"
VERSION = 2

#: Bounds of an index from outside: stored, unpacked, and how far it may shrink.
STORED_MAX_BYTES, UNPACKED_MAX_BYTES, RATIO_MAX = 64 << 20, 256 << 20, 1000

#: Each span and each table costs some hundred bytes once it is unpacked.
SPANS_MAX, TABLES_MAX = 500_000, 200_000

_HEAD = struct.Struct("<8sHHQI")
_TABLE = struct.Struct("<QII")
_HAS_MASKS = 1


@dataclass(frozen=True)
class Index:
    """What an index says.

    Attributes
    ----------
    size : int
        Of the blob it was made of.
    identity : str
        Digest or ETag of the blob it was made of.
    spans : Spans
        Bytes of the blob.
    tables : mapping of int to Table
        By the address of the dataset's header.
    """

    size: int
    identity: str
    spans: Spans
    tables: Mapping[int, Table]


def pack(index: Index) -> bytes:
    """Write an index down."""
    starts = np.asarray(index.spans.starts, np.uint64)
    stops = np.asarray(index.spans.stops, np.uint64)
    before = np.concatenate([np.zeros(1, np.uint64), stops[:-1]])[: len(starts)]
    identity = index.identity.encode()
    parts = [
        struct.pack("<QH", index.size, len(identity)),
        identity,
        struct.pack("<II", len(starts), len(index.tables)),
        (starts - before).astype("<u8").tobytes(),
        (stops - starts).astype("<u4").tobytes(),
        bytes(index.spans.body),
    ]
    for address, table in index.tables.items():
        parts += _packed_table(address, table)
    return packed(MAGIC, b"".join(parts))


def packed(magic: bytes, raw: bytes) -> bytes:
    """Pack the body of an index behind its head."""
    head = _HEAD.pack(magic, VERSION, 0, len(raw), zlib.crc32(raw))
    return head + bytes(imagecodecs.zstd_encode(raw, level=9))


def _packed_table(address: int, table: Table) -> Iterator[bytes]:
    masks = table.masks
    yield _TABLE.pack(address, len(table.offsets), 0 if masks is None else _HAS_MASKS)
    ends = table.offsets + table.sizes
    yield _planes(table.offsets - np.concatenate([[0], ends[:-1]]), "<i8")
    yield _planes(table.sizes, "<u4")
    if masks is not None:
        yield _planes(masks, "<u4")


def _planes(numbers: npt.NDArray[Any], dtype: str) -> bytes:
    flat = np.ascontiguousarray(numbers.astype(dtype)).view(np.uint8)
    return flat.reshape(len(numbers), -1).T.tobytes()


def unpack(stored: bytes, name: str) -> Index:
    """Read an index.

    Parameters
    ----------
    stored : bytes
        As it was written.
    name : str
        Names it in errors.

    Raises
    ------
    IndexRefused
        It is malformed, asks for too much, or points outside its blob.
    """
    try:
        return _unpacked(stored)
    except (struct.error, RuntimeError, ValueError) as error:
        raise IndexRefused(
            f"index of {name}: {error}; make it again with `archive-data index make`"
        ) from error


class _Bad(ValueError):
    pass


def _unpacked(stored: bytes) -> Index:
    cursor = _Cursor(unpacked(MAGIC, stored))
    size, identity_bytes = cursor.take("<QH")
    if size >= 1 << 62:
        raise _Bad(f"a blob of {size} bytes")
    identity = bytes(cursor.bytes(identity_bytes)).decode("utf-8", "replace")
    n_spans, n_tables = cursor.take("<II")
    if n_spans > SPANS_MAX or n_tables > TABLES_MAX:
        raise _Bad(f"{n_spans} spans and {n_tables} tables are more than the bounds")
    spans = _spans(cursor, n_spans, size)
    tables = Tables(size)
    for _ in range(n_tables):
        address, n, flags = cursor.take("<QII")
        masks = cursor.bytes(n * 12 + (n * 4 if flags & _HAS_MASKS else 0))
        tables.add(address, n, masks)
    return Index(size, identity, spans, tables)


def unpacked(expected: bytes, stored: bytes) -> memoryview:
    """Return the body of an index, within the bounds.

    Raises
    ------
    ValueError, struct.error, RuntimeError
        It is none, or asks for too much.
    """
    if stored[: len(expected)] != expected:
        raise _Bad("it is no index")
    _, version, _, length, checksum = _HEAD.unpack_from(stored)
    if version != VERSION:
        raise _Bad(f"version {version}, this package reads {VERSION}")
    most = min(UNPACKED_MAX_BYTES, (len(stored) + 1024) * RATIO_MAX)
    if len(stored) > STORED_MAX_BYTES or length > most:
        raise _Bad(f"{length} bytes in {len(stored)} are more than the bounds allow")
    out = np.empty(length, np.uint8)
    found = imagecodecs.zstd_decode(memoryview(stored)[_HEAD.size :], out=out)
    if len(found) != length:
        raise _Bad(f"{len(found)} bytes where {length} were announced")
    if zlib.crc32(out.data) != checksum:
        raise _Bad("its checksum is wrong, it was damaged")
    return out.data


class _Cursor:
    """Walks over bytes and never past their end."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def bytes(self, n: int) -> memoryview:
        if n > len(self._data) - self._at:
            raise _Bad(f"ends at {len(self._data)}, {n} more are announced")
        self._at += n
        return self._data[self._at - n : self._at]

    def take(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self.bytes(struct.calcsize(form)))


def _spans(cursor: _Cursor, n: int, size: int) -> Spans:
    gaps = np.frombuffer(cursor.bytes(8 * n), "<u8").astype(np.float64)
    lengths = np.frombuffer(cursor.bytes(4 * n), "<u4").astype(np.int64)
    # Summed as floats first: integers would wrap around.
    if n and gaps.sum() + lengths.sum() > size:
        raise _Bad(f"spans reach beyond the {size} bytes of the blob")
    steps = gaps.astype(np.int64) + lengths
    stops = np.cumsum(steps)
    body = cursor.bytes(int(lengths.sum()))
    return Spans((stops - lengths).tolist(), stops.tolist(), body)


class Tables(Mapping[int, Table]):
    """Chunk tables, unpacked and checked when one is first asked for.

    Parameters
    ----------
    size : int
        Of the blob: no chunk may lie beyond it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._packed: dict[int, tuple[int, memoryview]] = {}
        self._tables: dict[int, Table] = {}

    def add(self, address: int, n: int, packed: memoryview) -> None:
        """Take a table of `n` chunks as it was written."""
        self._packed[address] = n, packed

    def __getitem__(self, address: int) -> Table:
        if address not in self._tables:
            n, packed = self._packed[address]
            self._tables[address] = _table(n, packed, self._size)
        return self._tables[address]

    def __iter__(self) -> Iterator[int]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def _table(n: int, packed: memoryview, size: int) -> Table:
    gaps = _numbers(packed[: 8 * n], "<i8").astype(np.int64)
    sizes = _numbers(packed[8 * n : 12 * n], "<u4").astype(np.int64)
    masks = _numbers(packed[12 * n :], "<u4") if len(packed) > 12 * n else None
    # A wrap-around of these sums gives offsets that the comparison below refuses, or
    # others that lie inside the blob: wrong data at worst, never bytes from elsewhere.
    offsets = np.cumsum(gaps + np.concatenate([[0], sizes[:-1]])[:n])
    if n and ((offsets < 0) | (offsets > size - sizes)).any():
        raise IndexRefused(
            f"index: chunks lie outside the {size} bytes of the blob; "
            "make it again with `archive-data index make`"
        )
    return Table(offsets, sizes, masks)


def _numbers(planes: memoryview, dtype: str) -> npt.NDArray[Any]:
    width = np.dtype(dtype).itemsize
    flat = np.frombuffer(planes, np.uint8).reshape(width, -1).T
    return np.ascontiguousarray(flat).view(dtype).ravel()
