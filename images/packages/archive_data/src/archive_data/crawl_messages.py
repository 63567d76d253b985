"""What the messages of an object header lead to; for `crawl`.

HDF5 file format specification, IV.A.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .blockfile import BLOCK_BYTES, BlockFile

LINK_INFO, LINK, LAYOUT, CONTINUATION = 0x02, 0x06, 0x08, 0x10
SYMBOL_TABLE, ATTRIBUTE_INFO = 0x11, 0x15

#: Kinds of layout, and of the index of chunks in a layout of version 4.
_CONTIGUOUS, _CHUNKED = 1, 2
_CHUNK_INDEX = {3: "fixed array", 4: "extensible array", 5: "new chunk tree"}

#: Small data in one piece are fetched with the metadata.
_SMALL_BYTES = 4 * BLOCK_BYTES

UNDEFINED = (1 << 64) - 1


class Place(NamedTuple):
    """What may lie at an address.

    Attributes
    ----------
    kind : str
        Which reader understands it.
    at : int
        Its address.
    length : int
        In bytes; 0 where it is not known.
    more : tuple of int
        What the reader has to know besides.
    """

    kind: str
    at: int
    length: int = 0
    more: tuple[int, ...] = ()


def here(file: BlockFile, at: int, n: int) -> bytes:
    """Return bytes that are here; a node that reaches beyond them is cut short."""
    stop = at
    while stop < at + n and file.has(stop):
        stop = min(at + n, (stop // BLOCK_BYTES + 1) * BLOCK_BYTES)
    stop = min(stop, file.blob.size)
    return bytes(file.bytes(at, stop)) if stop > at else b""


def follow(kind: int, body: bytes, new: bool) -> Iterator[Place]:
    """Yield where a message leads; `new` tells of which version its header is."""
    if kind == CONTINUATION:
        start, length = struct.unpack_from("<QQ", body)
        name = "new messages" if new else "messages"
        yield Place(name, start, min(length, BLOCK_BYTES))
    elif kind == SYMBOL_TABLE:
        tree, heap = struct.unpack_from("<QQ", body)
        yield Place("tree", tree)
        yield Place("heap", heap)
    elif kind == LAYOUT:
        yield from _layout(body)
    elif kind == LINK:
        target, _ = link(body, 0)
        yield Place("header", target)
    elif kind in (LINK_INFO, ATTRIBUTE_INFO):
        yield from _dense(kind, body)


def _dense(kind: int, body: bytes) -> Iterator[Place]:
    """Follow the heap and the tree of many links, or of many attributes."""
    ordered = 8 if kind == LINK_INFO else 2
    at = 2 + (ordered if body[1] & 1 else 0)
    heap, tree = struct.unpack_from("<QQ", body, at)
    if heap != UNDEFINED:
        yield Place("new heap", heap, 0, (int(kind == LINK_INFO),))
        yield Place("new tree", tree)


def link(body: bytes, at: int) -> tuple[int, int]:
    """Read a link.

    Returns
    -------
    target : int
        Address of the object, 0 if it is no hard link.
    stop : int
        Where the link ends.

    Raises
    ------
    IndexError, struct.error
        It is no link.
    """
    version, flags = body[at], body[at + 1]
    if version != 1:
        raise IndexError("no link")
    at += 2
    kind = 0
    if flags & 8:
        kind = body[at]
        at += 1
    at += (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    name = int.from_bytes(body[at : at + width], "little")
    at += width + name
    if kind == 0:
        return struct.unpack_from("<Q", body, at)[0], at + 8
    (n,) = struct.unpack_from("<H", body, at)
    return 0, at + 2 + n


def _layout(body: bytes) -> Iterator[Place]:
    version, kind = body[0], body[1]
    if version not in (3, 4, 5):
        return
    if kind == _CONTIGUOUS:
        start, length = struct.unpack_from("<QQ", body, 2)
        if length <= _SMALL_BYTES:
            yield Place("data", start, length)
    elif kind == _CHUNKED and version == 3:
        rank = body[2]
        yield Place("chunk tree", struct.unpack_from("<Q", body, 3)[0], 0, (rank,))
    elif kind == _CHUNKED:
        rank, width = body[3], body[4]
        at = 5 + rank * width
        index = body[at]
        skip = {3: 1, 4: 5, 5: 6}.get(index)
        if skip is not None:
            address = struct.unpack_from("<Q", body, at + 1 + skip)[0]
            yield Place(_CHUNK_INDEX[index], address)
