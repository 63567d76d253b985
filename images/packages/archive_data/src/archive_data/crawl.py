"""Guesses where a file's metadata lie, to fetch them a level at a time.

HDF5 asks for one node, waits for it, learns of the next: some twenty to two hundred
round trips before a file is open.  The walk here follows the same addresses breadth
first, all of a level at once.  Nothing is believed: it only decides what is fetched
beforehand, and what it does not understand is left to HDF5.  Layouts: HDF5 file format
specification; here the older structures (III.A.1, III.B to D, IV.A.1.a), the newer ones
in `crawl_new`.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from itertools import islice

from . import crawl_new
from .blockfile import BLOCK_BYTES, BlockFile
from .crawl_messages import Place, follow, here

#: Enough for the metadata of large files, far from their data.
MOST_BYTES = 48 << 20

#: A damaged file may lead to ever new places, or in circles: so far a walk goes, in
#: levels, in places, and in seconds of the processor.
_MOST_LEVELS, _MOST_PLACES, _MOST_CPU_S = 250, 200_000, 10.0

#: A node is assumed to be no longer than this; most are below one kilobyte.
_NODE_BYTES = 3000

#: Where the chunks of a dataset are written down: followed when it is read.
_CHUNKS = frozenset({"chunk tree", "new chunk tree", "fixed array", "extensible array"})


def metadata(file: BlockFile) -> None:
    """Fetch what HDF5 will read while the file is opened and looked at.

    Parameters
    ----------
    file : BlockFile
        Receives the blocks.
    """
    size = file.blob.size
    file.load([(0, min(BLOCK_BYTES, size))], BLOCK_BYTES)
    head = bytes(file.bytes(0, min(96, size)))
    if len(head) < 96 or head[8] > 3:
        return
    if head[8] < 2:
        root = struct.unpack_from("<Q", head, 64 + 4 * (head[8] == 1))[0]
    else:
        root = struct.unpack_from("<Q", head, 36)[0]
    _walk(file, [Place("header", root)], chunks=False)


def chunk_index(file: BlockFile, address: int) -> None:
    """Fetch what HDF5 will read to find the chunks of a dataset.

    Parameters
    ----------
    file : BlockFile
        Receives the blocks.
    address : int
        Of the dataset's header.
    """
    _walk(file, [Place("header", address)], chunks=True)


def _walk(file: BlockFile, todo: list[Place], chunks: bool) -> None:
    seen: set[tuple[str, int]] = set()
    size, left = file.blob.size, MOST_BYTES
    ends_s = time.thread_time() + _MOST_CPU_S
    for _ in range(_MOST_LEVELS):
        todo = [p for p in todo if p[:2] not in seen and 0 < p.at < size]
        todo = [p for p in todo if chunks or p.kind not in _CHUNKS]
        # A place that is named twice is looked at once.
        todo = list({p[:2]: p for p in todo}.values())
        if not todo or left <= 0:
            return
        seen.update(p[:2] for p in todo)
        spans = [(p.at, min(p.at + (p.length or _NODE_BYTES), size)) for p in todo]
        left -= file.load(spans, left)
        todo = list(islice(_lead(file, todo, ends_s), _MOST_PLACES - len(seen)))


def _lead(file: BlockFile, places: list[Place], ends_s: float) -> Iterator[Place]:
    """Yield where the nodes of a level lead, until the time is over."""
    for place in places:
        if time.thread_time() > ends_s:
            return
        yield from _understood(file, place)


def _understood(file: BlockFile, place: Place) -> list[Place]:
    """Return where a node leads; nothing if it is not what it was taken for."""
    try:
        return list(_READERS[place.kind](file, place))
    except (struct.error, ArithmeticError, LookupError, ValueError):
        return []


def _tree(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a version 1 B-tree of a group to its children (III.A.1)."""
    head = here(file, place.at, 24)
    kind, level, n = struct.unpack_from("<BBH", head, 4)
    if head[:4] != b"TREE" or kind:
        return
    node = here(file, place.at, 24 + 16 * n + 8)
    for i in range(n):
        child = struct.unpack_from("<Q", node, 32 + 16 * i)[0]
        yield Place("tree" if level else "names", child)


def _chunk_tree(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a version 1 B-tree of chunks to its nodes (III.A.1)."""
    head = here(file, place.at, 24)
    kind, level, n = struct.unpack_from("<BBH", head, 4)
    if head[:4] != b"TREE" or kind != 1 or not level:
        return
    # A key has the chunk's size and mask, and a place along each axis and the element.
    key = 8 + 8 * place.more[0]
    node = here(file, place.at, 24 + (key + 8) * n + key)
    for i in range(n):
        child = struct.unpack_from("<Q", node, 24 + key + (key + 8) * i)[0]
        yield Place("chunk tree", child, 24 + (key + 8) * 64 + key, place.more)


def _names(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a symbol table node to the objects in it (III.B, III.C)."""
    head = here(file, place.at, 8)
    if head[:4] != b"SNOD":
        return
    n = struct.unpack_from("<H", head, 6)[0]
    node = here(file, place.at, 8 + 40 * n)
    for i in range(n):
        _, header, cached = struct.unpack_from("<QQI", node, 8 + 40 * i)
        yield Place("header", header)
        if cached == 1:
            tree, heap = struct.unpack_from("<QQ", node, 8 + 40 * i + 24)
            yield Place("tree", tree)
            yield Place("heap", heap)


def _header(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow an object header of either version (IV.A.1)."""
    head = here(file, place.at, 16)
    if head[:4] == b"OHDR":
        yield from crawl_new.header(file, place)
    elif head[0] == 1:
        size = struct.unpack_from("<I", head, 8)[0]
        rest = Place("messages", place.at + 16, min(size, BLOCK_BYTES))
        yield from _messages(file, rest)


def _messages(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow the messages of a header, or of a part of it that lies elsewhere."""
    data, i = here(file, place.at, place.length), 0
    while i + 8 <= len(data):
        kind, n = struct.unpack_from("<HH", data, i)
        yield from follow(kind, data[i + 8 : i + 8 + n], new=False)
        i += 8 + n


def _heap(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a local heap to its names (III.D)."""
    head = here(file, place.at, 32)
    if head[:4] == b"HEAP":
        size, _free, start = struct.unpack_from("<QQQ", head, 8)
        yield Place("data", start, min(size, BLOCK_BYTES))


def _data(_file: BlockFile, _place: Place) -> Iterator[Place]:
    """Follow nothing: to have it here is all."""
    return iter(())


_READERS: dict[str, Callable[[BlockFile, Place], Iterator[Place]]] = {
    **crawl_new.READERS,
    "tree": _tree,
    "chunk tree": _chunk_tree,
    "names": _names,
    "header": _header,
    "messages": _messages,
    "heap": _heap,
    "data": _data,
}
