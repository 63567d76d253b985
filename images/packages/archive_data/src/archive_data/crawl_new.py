"""Where the structures of newer HDF5 files lead (superblocks 2 and 3); for `crawl`.

HDF5 file format specification: new object headers IV.A.1.b, fractal heap III.G, version
2 B-tree III.A.2, fixed and extensible arrays VII.C and D.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from .blockfile import BLOCK_BYTES, BlockFile
from .crawl_messages import UNDEFINED, Place, follow, here, link

#: Of a heap, an array or a tree so many blocks are followed at most.
_MOST_CHILDREN = 100_000

#: Trees are no deeper than this, with a hundred thousand millions of records or more.
_MOST_DEPTH = 16

#: The blocks of a heap double from row to row, so there are no more rows than this.
_MOST_ROWS = 64


def header(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow an object header."""
    head = here(file, place.at, 64)
    flags = head[5]
    at = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(head[at : at + width], "little")
    data = here(file, place.at + at + width, min(size, BLOCK_BYTES))
    yield from _messages(data, bool(flags & 4))


def messages(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a part of a header that lies elsewhere."""
    data = here(file, place.at, place.length)
    if data[:4] != b"OCHK":
        return
    # Whether the order of creation is noted stands in the header; what does not fit is
    # no message.
    for ordered in (False, True):
        yield from _messages(data[4:-4], ordered)


def _messages(data: bytes, ordered: bool) -> Iterator[Place]:
    at = 0
    while at + 4 <= len(data):
        kind, n = data[at], struct.unpack_from("<H", data, at + 1)[0]
        at += 6 if ordered else 4
        if at + n > len(data):
            return
        try:
            yield from follow(kind, data[at : at + n], new=True)
        except (struct.error, IndexError):
            return
        at += n


def heap(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow the head of a fractal heap."""
    head = here(file, place.at, 144)
    if head[:4] != b"FRHP":
        return
    filtered = struct.unpack_from("<H", head, 7)[0]
    summed = head[9] >> 1 & 1
    width, start, most, bits = struct.unpack_from("<HQQH", head, 110)
    root, rows = struct.unpack_from("<QH", head, 132)
    if filtered or root == UNDEFINED or not 0 < start <= most <= 1 << 24:
        return
    if rows > _MOST_ROWS or not 0 < width * max(rows, 1) <= _MOST_CHILDREN:
        return
    skip = 13 + -(-bits // 8) + 4 * summed
    more = (*place.more, skip, width, start, most, rows, bits)
    if rows:
        length = 17 + -(-bits // 8) + 8 * width * rows
        yield Place("heap rows", root, length, more)
    else:
        yield Place("heap block", root, start, more)


def heap_rows(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow the table of a fractal heap to its blocks."""
    _, _, width, start, most, rows, bits = place.more
    data = here(file, place.at, place.length)
    if data[:4] != b"FHIB":
        return
    at = 13 + -(-bits // 8)
    for row in range(rows):
        size = start << max(0, row - 1)
        for _ in range(width):
            (child,) = struct.unpack_from("<Q", data, at)
            at += 8
            if child == UNDEFINED:
                continue
            if size <= most:
                yield Place("heap block", child, size, place.more)
            else:
                below = (size // (start * width)).bit_length()
                more = (*place.more[:5], below, bits)
                length = 17 + -(-bits // 8) + 8 * width * below
                yield Place("heap rows", child, length, more)


def heap_block(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow the links in a block of a fractal heap; attributes lead nowhere."""
    is_links, skip = place.more[:2]
    if not is_links:
        return
    data = here(file, place.at, place.length)
    at = skip
    while data[:4] == b"FHDB" and at < len(data):
        try:
            target, at = link(data, at)
        except (struct.error, IndexError):
            return
        yield Place("header", target)


def tree(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow the head of a version 2 B-tree."""
    head = here(file, place.at, 38)
    if head[:4] != b"BTHD":
        return
    node, record, depth = struct.unpack_from("<IHH", head, 6)
    root, count = struct.unpack_from("<QH", head, 16)
    if root != UNDEFINED and node <= 1 << 20 and record and depth <= _MOST_DEPTH:
        yield Place("new node", root, node, (record, depth, count))


def node(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a node of a version 2 B-tree to its children."""
    record, depth, count = place.more
    data = here(file, place.at, place.length)
    if not depth or data[:4] != b"BTIN":
        return
    width, total = _pointer(place.length, record, depth)
    at = 6 + count * record
    for _ in range(count + 1):
        (child,) = struct.unpack_from("<Q", data, at)
        n = int.from_bytes(data[at + 8 : at + 8 + width], "little")
        at += 8 + width + total
        yield Place("new node", child, place.length, (record, depth - 1, n))


def _pointer(size: int, record: int, depth: int) -> tuple[int, int]:
    """Return how many bytes tell a child's records, its own and all below."""
    most = every = (size - 10) // record
    width, total = _bytes_for(most), 0
    for _ in range(1, depth):
        pointer = 8 + width + total
        most = (size - 10 - pointer) // (record + pointer)
        every = (most + 1) * every + most
        total = _bytes_for(every)
    return width, total


def _bytes_for(number: int) -> int:
    return (number.bit_length() - 1) // 8 + 1


def fixed_array(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a fixed array to its one block."""
    head = here(file, place.at, 28)
    if head[:4] != b"FAHD":
        return
    width, bits = head[6], head[7]
    count, block = struct.unpack_from("<QQ", head, 8)
    pages = count >> bits
    length = 18 + count * width + (pages + 1) * 4 + pages // 8 + 8
    yield Place("data", block, min(length, 64 << 20))


def extensible_array(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow an extensible array to its first block."""
    head = here(file, place.at, 72)
    if head[:4] != b"EAHD":
        return
    width, bits, own, least, pointers, page = head[6:12]
    (index,) = struct.unpack_from("<Q", head, 60)
    blocks = 2 * (pointers - 1)
    above = 1 + bits - (least.bit_length() - 1) - 2 * (pointers.bit_length() - 1)
    length = 14 + own * width + 8 * (blocks + above) + 4
    more = (width, bits, own, least, pointers, page)
    yield Place("array index", index, length, more)


def array_index(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow the first block of an extensible array to the others."""
    width, bits, own, least, pointers, page = place.more
    data = here(file, place.at, place.length)
    if data[:4] != b"EAIB":
        return
    direct = 2 * (pointers.bit_length() - 1)
    sizes = [
        _of_super(u, least)[1]
        for u in range(direct)
        for _ in range(_of_super(u, least)[0])
    ]
    at = 14 + own * width
    for count in sizes:
        yield from _array_block(data, at, count, place.more)
        at += 8
    for u in range(direct, direct + (len(data) - 4 - at) // 8):
        (child,) = struct.unpack_from("<Q", data, at)
        at += 8
        blocks, count = _of_super(u, least)
        pages = count >> page if count > 1 << page else 0
        length = 14 + -(-bits // 8) + blocks * (8 + -(-pages // 8)) + 4
        if child != UNDEFINED and length < 64 << 20:
            more = (*place.more, blocks, count, pages)
            yield Place("array blocks", child, length, more)


def array_blocks(file: BlockFile, place: Place) -> Iterator[Place]:
    """Follow a block of an extensible array that only has addresses."""
    bits, (blocks, count, pages) = place.more[1], place.more[6:]
    data = here(file, place.at, place.length)
    if data[:4] != b"EASB":
        return
    at = 14 + -(-bits // 8) + blocks * -(-pages // 8)
    for i in range(min(blocks, _MOST_CHILDREN)):
        yield from _array_block(data, at + 8 * i, count, place.more)


def _array_block(
    data: bytes, at: int, count: int, more: tuple[int, ...]
) -> Iterator[Place]:
    (child,) = struct.unpack_from("<Q", data, at)
    width, bits, page = more[0], more[1], more[5]
    length = 18 + -(-bits // 8) + count * width + 4 * (count >> page)
    if child != UNDEFINED:
        yield Place("data", child, min(length, 64 << 20))


def _of_super(u: int, least: int) -> tuple[int, int]:
    """Return how many blocks a super block has, and how many elements each."""
    return 1 << (u // 2), (1 << ((u + 1) // 2)) * least


READERS: dict[str, Callable[[BlockFile, Place], Iterator[Place]]] = {
    "new header": header,
    "new messages": messages,
    "new heap": heap,
    "heap rows": heap_rows,
    "heap block": heap_block,
    "new tree": tree,
    "new chunk tree": tree,
    "new node": node,
    "fixed array": fixed_array,
    "extensible array": extensible_array,
    "array index": array_index,
    "array blocks": array_blocks,
}
