"""Guesses where a file's metadata lie, to fetch them a level at a time.

HDF5 asks for one node, waits for it, learns of the next: some twenty to two hundred
round trips before a file is open.  The walk here follows the same addresses (symbol
tables, object headers and their continuations, small data of the old formats) breadth
first, all of a level at once.  Nothing is believed: it only decides what is fetched
beforehand, and what it does not understand is left to HDF5.  Layouts: HDF5 file format
specification, III.A to IV.A; version 0 and 1 superblocks, version 1 object headers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from .blockfile import BLOCK_BYTES, BlockFile

#: Enough for the metadata of large files, far from their data.
MOST_BYTES = 48 << 20

#: A node is assumed to be no longer than this; most are below one kilobyte.
_NODE_BYTES = 3000

_OLD_SUPERBLOCKS = frozenset({0, 1})
_CONTINUATION, _SYMBOL_TABLE, _LAYOUT = 0x10, 0x11, 0x08
_CONTIGUOUS = 1

#: What may lie at an address: kind and place; a header's rest has a length, too.
Place = tuple[str, int, int]


def metadata(file: BlockFile) -> None:
    """Fetch what HDF5 will read while the file is opened and looked at.

    Parameters
    ----------
    file : BlockFile
        Receives the blocks.
    """
    size = file.blob.size
    file.load([(0, min(BLOCK_BYTES, size))])
    head = bytes(file.bytes(0, min(96, size)))
    if len(head) < 96 or head[8] not in _OLD_SUPERBLOCKS:
        return
    root = struct.unpack_from("<Q", head, 64 + 4 * (head[8] == 1))[0]
    todo: list[Place] = [("header", root, 0)]
    seen: set[tuple[str, int]] = set()
    while todo and file.loaded_bytes < MOST_BYTES:
        todo = [p for p in todo if p[:2] not in seen and 0 < p[1] < size]
        seen.update(p[:2] for p in todo)
        file.load([(at, min(at + (n or _NODE_BYTES), size)) for _, at, n in todo])
        todo = [found for place in todo for found in _understood(file, place)]


def _understood(file: BlockFile, place: Place) -> list[Place]:
    """Return where a node leads; nothing if it is not what it was taken for."""
    kind, at, length = place
    try:
        return list(_READERS[kind](file, at, length))
    except (struct.error, IndexError):
        return []


def _bytes(file: BlockFile, at: int, n: int) -> bytes:
    """Return bytes that are here; a node that reaches beyond them is cut short."""
    stop = at
    while stop < at + n and file.has(stop):
        stop = min(at + n, (stop // BLOCK_BYTES + 1) * BLOCK_BYTES)
    stop = min(stop, file.blob.size)
    return bytes(file.bytes(at, stop)) if stop > at else b""


def _tree(file: BlockFile, at: int, _: int) -> Iterator[Place]:
    """Follow a version 1 B-tree of a group to its children (III.A.1)."""
    head = _bytes(file, at, 24)
    kind, level, n = struct.unpack_from("<BBH", head, 4)
    if head[:4] != b"TREE" or kind:
        return
    node = _bytes(file, at, 24 + 16 * n + 8)
    for i in range(n):
        child = struct.unpack_from("<Q", node, 32 + 16 * i)[0]
        yield ("tree" if level else "names"), child, 0


def _names(file: BlockFile, at: int, _: int) -> Iterator[Place]:
    """Follow a symbol table node to the objects in it (III.B, III.C)."""
    head = _bytes(file, at, 8)
    if head[:4] != b"SNOD":
        return
    n = struct.unpack_from("<H", head, 6)[0]
    node = _bytes(file, at, 8 + 40 * n)
    for i in range(n):
        _, header, cached = struct.unpack_from("<QQI", node, 8 + 40 * i)
        yield "header", header, 0
        if cached == 1:
            tree, heap = struct.unpack_from("<QQ", node, 8 + 40 * i + 24)
            yield "tree", tree, 0
            yield "heap", heap, 0


def _header(file: BlockFile, at: int, _: int) -> Iterator[Place]:
    """Follow a version 1 object header (IV.A.1.a)."""
    head = _bytes(file, at, 16)
    if head[0] != 1:
        return
    size = struct.unpack_from("<I", head, 8)[0]
    yield from _messages(file, at + 16, min(size, BLOCK_BYTES))


def _messages(file: BlockFile, at: int, size: int) -> Iterator[Place]:
    """Follow the messages of a header, or of a part of it that lies elsewhere."""
    data, i = _bytes(file, at, size), 0
    while i + 8 <= len(data):
        kind, n = struct.unpack_from("<HH", data, i)
        body = data[i + 8 : i + 8 + n]
        i += 8 + n
        if kind == _CONTINUATION:
            start, length = struct.unpack_from("<QQ", body)
            yield "messages", start, min(length, BLOCK_BYTES)
        elif kind == _SYMBOL_TABLE:
            tree, heap = struct.unpack_from("<QQ", body)
            yield "tree", tree, 0
            yield "heap", heap, 0
        elif kind == _LAYOUT and body[:2] == bytes((3, _CONTIGUOUS)):
            start, length = struct.unpack_from("<QQ", body, 2)
            if length <= 4 * BLOCK_BYTES:
                yield "data", start, length


def _heap(file: BlockFile, at: int, _: int) -> Iterator[Place]:
    """Follow a local heap to its names (III.D)."""
    head = _bytes(file, at, 32)
    if head[:4] == b"HEAP":
        size, _free, start = struct.unpack_from("<QQQ", head, 8)
        yield "data", start, min(size, BLOCK_BYTES)


def _data(_file: BlockFile, _at: int, _size: int) -> Iterator[Place]:
    """Follow nothing: to have it here is all."""
    return iter(())


_READERS: dict[str, Callable[[BlockFile, int, int], Iterator[Place]]] = {
    "tree": _tree,
    "names": _names,
    "header": _header,
    "messages": _messages,
    "heap": _heap,
    "data": _data,
}
