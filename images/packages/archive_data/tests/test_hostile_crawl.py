"""The walk through a file's metadata only guesses: it ends soon, whatever is there."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest

from archive_data import crawl, crawl_new
from archive_data.blob import Blob
from archive_data.blockfile import BLOCK_BYTES, BlockFile
from archive_data.crawl_messages import Place

ROOT = 96


class Made(Blob):
    """Bytes in memory, and zeros after them; it counts what is read."""

    def __init__(self, data: bytes, size: int = 0) -> None:
        self.data, self.size = data, size or len(data)
        self.name, self.etag, self.read_bytes, self.requests = "made", "x", 0, 0

    def read(self, start: int, stop: int) -> bytes:
        buffer = bytearray(stop - start)
        self.read_into(start, memoryview(buffer))
        return bytes(buffer)

    def read_into(self, start: int, into: memoryview, *wait: Any) -> None:
        found = self.data[start : start + len(into)]
        into[: len(found)] = found
        self.read_bytes += len(into)
        self.requests += 1


def loaded(data: bytes) -> BlockFile:
    """A file whose first blocks are here."""
    file = BlockFile(Made(data + bytes(200)))
    file.load([(0, len(data))], 64 << 20)
    return file


def old_file(*parts: tuple[int, bytes], size: int) -> Made:
    """A file of the oldest format whose root leads to a tree at 256."""
    data = bytearray(max(at + len(part) for at, part in parts))
    data[:9] = b"\x89HDF\r\n\x1a\n\0"
    data[64:72] = struct.pack("<Q", ROOT)
    data[ROOT : ROOT + 12] = struct.pack("<BBHII", 1, 0, 1, 1, 24)
    body = struct.pack("<HHIQQ", 0x11, 16, 0, 256, 0)
    data[ROOT + 16 : ROOT + 16 + len(body)] = body
    for at, part in parts:
        data[at : at + len(part)] = part
    return Made(bytes(data), size)


def tree(children: list[int], level: int) -> bytes:
    head = struct.pack("<4sBBHQQ", b"TREE", 0, level, len(children), 0, 0)
    return head + b"".join(struct.pack("<QQ", 0, child) for child in children)


def test_what_a_level_fetches_is_bounded() -> None:
    """Four thousand children lie 64 kB apart: 262 MB, all in one level."""
    children = [(i + 2) * BLOCK_BYTES for i in range(4000)]
    blob = old_file((256, tree(children, 1)), size=300 << 20)
    crawl.metadata(BlockFile(blob))
    assert 1 << 20 < blob.read_bytes <= crawl.MOST_BYTES + BLOCK_BYTES


def test_what_all_levels_fetch_is_bounded_where_memory_is_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Old blocks are let go of: what is kept does not tell what was fetched."""
    monkeypatch.setenv("ARCHIVE_DATA_CACHE_MB", "1")
    parts, at = [], 256
    for i in range(40):
        after = (i + 1) * (4 << 20) + 256
        far = [after + (j + 2) * BLOCK_BYTES for j in range(60)]
        parts.append((at, tree([after, *far], 1)))
        at = after
    blob = old_file(*parts, size=200 << 20)
    crawl.metadata(BlockFile(blob))
    assert 32 << 20 < blob.read_bytes <= crawl.MOST_BYTES + BLOCK_BYTES


def test_a_chain_of_parts_comes_to_an_end() -> None:
    def part(after: int) -> bytes:
        return struct.pack("<HHIQQ", 0x10, 16, 0, after, 24)

    n, step = 700, BLOCK_BYTES
    chain = [((i + 1) * step, part((i + 2) * step)) for i in range(n)]
    start = (ROOT + 16, part(step))
    blob = old_file((256, b"x"), start, *chain, size=(n + 3) * step)
    crawl.metadata(BlockFile(blob))
    assert 100 < blob.requests <= 260


def test_the_processor_is_not_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers overlap, each of them 64 kB of messages."""
    monkeypatch.setattr(crawl, "_MOST_CPU_S", 0.5)
    headers = (b"\1" + bytes(9) + b"\1" + bytes(5)) * (1 << 18)
    names = struct.pack("<4sBBH", b"SNOD", 1, 0, 1600) + b"".join(
        struct.pack("<QQIIQQ", 0, (1 << 20) + 16 * i, 0, 0, 0, 0) for i in range(40_000)
    )
    nodes = [2 * BLOCK_BYTES]
    parts = ((256, tree(nodes, 0)), (nodes[0], names), (1 << 20, headers))
    blob, began_s = old_file(*parts, size=8 << 20), time.process_time()
    crawl.metadata(BlockFile(blob))
    assert time.process_time() - began_s < 3
    assert blob.requests == 3


def test_places_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawl, "_MOST_PLACES", 100)
    children = [(i + 2) * BLOCK_BYTES for i in range(3000)]
    blob = old_file((256, tree(children, 1)), size=300 << 20)
    crawl.metadata(BlockFile(blob))
    assert blob.read_bytes <= 102 * BLOCK_BYTES


def tree_head(depth: int) -> bytes:
    return b"BTHD" + struct.pack("<BBIHHBBQH", 0, 5, 512, 11, depth, 0, 0, 64, 9)


def test_a_deep_tree_is_not_followed() -> None:
    assert len(list(crawl_new.tree(loaded(tree_head(16)), Place("new tree", 0)))) == 1
    for depth in (17, 65_535):
        file = loaded(tree_head(depth))
        assert list(crawl_new.tree(file, Place("new tree", 0))) == []


def heap_head(width: int, rows: int, start: int = 512) -> bytes:
    table = struct.pack("<HQQHHQH", width, start, 1 << 16, 32, 0, 500, rows)
    return b"FRHP" + bytes(106) + table


@pytest.mark.parametrize(("width", "rows"), [(4, 65), (0, 3), (60_000, 40), (0, 0)])
def test_a_heap_of_any_size_is_not_followed(width: int, rows: int) -> None:
    place = Place("new heap", 0, 0, (1,))
    assert len(list(crawl_new.heap(loaded(heap_head(4, 30)), place))) == 1
    assert list(crawl_new.heap(loaded(heap_head(width, rows)), place)) == []


@pytest.mark.parametrize("kind", crawl_new.READERS)
def test_no_reader_fails_or_runs_on_whatever_is_there(kind: str) -> None:
    """Random bytes behind each signature: no error but those that are expected."""
    import random

    chance, began_s = random.Random(0), time.process_time()
    for _ in range(150):
        data = chance.choice(SIGNATURES) + chance.randbytes(chance.choice((150, 9000)))
        more: Any = [chance.choice((0, 1, 3, 60, 255, 65_535)) for _ in range(9)]
        more = more[: 3 if kind == "new node" else 7 if kind == "heap rows" else 9]
        if kind in ("heap rows", "new node"):
            more = {"heap rows": [1, 9, 4, 512, 1 << 16, 40, 32]}.get(kind, [11, 16, 9])
        if kind == "array index":
            more = more[:6]
        place = Place(kind, 0, chance.choice((0, 100, 9000)), tuple(more))
        assert len(crawl._understood(loaded(data), place)) <= 300_000
    assert time.process_time() - began_s < 30


SIGNATURES = [
    *(b"OHDR", b"OCHK", b"FRHP", b"FHIB", b"FHDB", b"BTHD", b"BTIN"),
    *(b"FAHD", b"EAHD", b"EAIB", b"EASB"),
]
