"""An index that is broken, or that lies: refused, or right; within time and memory."""

from __future__ import annotations

import io
import random
import struct
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import h5py
import imagecodecs
import numpy as np
import pytest

from archive_data import IndexRefused, NotReadable, ahead, cache
from archive_data.array import Array, Layout, Table
from archive_data.blob import HttpBlob
from archive_data.errors import ArchiveDataError
from archive_data.filters import DEFLATE, Filter
from archive_data.h5 import File
from archive_data.index import format, store, zarr_format
from archive_data.index.format import Index, pack, unpack
from archive_data.index.make import make
from archive_data.index.zarr_format import ZarrIndex
from archive_data.local_blob import LocalBlob
from archive_data.zarr_chunks import Chunks, Objects
from archive_data.zarr_fetch import whole
from archive_data.zarr_metadata import Described

DATA = np.random.default_rng(0).integers(0, 500, (3000, 8)).astype("i2")
NAMES = ("plain", "sparse", "summed")


def file_bytes() -> bytes:
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        chunks = {"chunks": (100, 8)}
        packed = {**chunks, "compression": "gzip", "shuffle": True, "fletcher32": True}
        file.create_dataset("summed", data=DATA, **packed)
        file.create_dataset("plain", data=DATA, **chunks)
        file.create_dataset("sparse", DATA.shape, "i2", fletcher32=True, **chunks)
        file["sparse"][:1500] = DATA[:1500]
    return memory.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "x.h5"
    path.write_bytes(file_bytes())
    return path


def swapped(index: Index, a: int, b: int) -> Index:
    """The index in which two chunks of each dataset have changed places."""
    tables = dict(index.tables.items())
    for table in tables.values():
        for numbers in (table.offsets, table.sizes):
            numbers[[a, b]] = numbers[[b, a]]
    return Index(index.size, index.identity, index.spans, tables)


def test_a_wrong_index_spoils_nothing_for_a_right_one(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies on disk, and in memory, is found by all that decides its bytes."""
    monkeypatch.setenv("ARCHIVE_DATA_DISK_MB", "40")
    blob = HttpBlob(s3.put("poison.h5", file_bytes()))
    right = make(blob)
    wrong = swapped(unpack(pack(right), "x"), 20, 25)
    found = File(blob, wrong.spans, wrong.tables)["plain"][:]
    assert (found[2000:2100] == DATA[2500:2600]).all(), "the wrong index was followed"
    again = unpack(pack(right), "x")
    assert (File(blob, again.spans, again.tables)["plain"][:] == DATA).all()
    cache.decoded.clear()
    ahead.store.clear()
    again = unpack(pack(right), "x")
    assert (File(blob, again.spans, again.tables)["plain"][:] == DATA).all()


@pytest.mark.parametrize("changed", ["offsets", "sizes", "masks"])
def test_each_number_of_the_table_is_in_the_name(path: Path, changed: str) -> None:
    def named(value: int) -> str:
        numbers = {n: np.arange(50, dtype="i8") for n in ("offsets", "sizes")}
        numbers["masks"] = np.zeros(50, "u4")
        numbers[changed][37] = value
        layout = Layout((50,), (1,), np.dtype("u1"))
        return Array(LocalBlob(path), layout, Table(**numbers)).token

    assert named(1) == named(1)
    assert named(1) != named(2)


def test_a_name_is_quickly_made_of_many_chunks(path: Path) -> None:
    numbers = np.arange(200_000, dtype="i8")
    table, began_s = Table(numbers, numbers), time.process_time()
    assert table.digest
    assert time.process_time() - began_s < 0.5


def test_objects_of_other_names_have_other_keys() -> None:
    sizes = np.ones(4, "i8")
    given = [
        Described("x", (4, 4), (2, 2), "", "."),
        Described("x", (4, 4), (2, 2), "", "/"),
        Described("x", (4, 4), (2, 2), "c", "/"),
        Described("y", (4, 4), (2, 2), "", "."),
        Described("x", (3, 4), (2, 2), "", "."),
    ]
    keys = {Objects("http://x", how, sizes, "digest").key for how in given}
    assert len(keys) == len(given)


def flips(stored: bytes, times: int) -> Any:
    """Yield the bytes with some of them changed, cut, or longer; by a fixed chance."""
    chance = random.Random(0)
    for n in range(times):
        damaged = bytearray(stored)
        for _ in range(chance.choice((1, 1, 3, 30))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        if n % 10 == 0:
            del damaged[chance.randrange(len(damaged)) :]
        if n % 10 == 1:
            damaged += chance.randbytes(20)
        yield bytes(damaged)


def content(index: Index) -> Any:
    """All that an index says."""
    spans = (index.spans.starts, index.spans.stops, bytes(index.spans.body))
    tables = {
        address: (table.offsets.tolist(), table.sizes.tolist())
        for address, table in index.tables.items()
    }
    return index.size, index.identity, spans, tables


def test_a_damaged_index_is_refused_or_says_the_same(path: Path) -> None:
    stored = pack(make(LocalBlob(path)))
    right, refused, began_s = content(unpack(stored, "x")), 0, time.process_time()
    for damaged in flips(stored, 1000):
        try:
            assert content(unpack(damaged, "x")) == right
        except IndexRefused:
            refused += 1
    assert refused > 900
    assert time.process_time() - began_s < 20


ZARR = ZarrIndex("digest", {f"a/{i}": i for i in range(300)}, {"a/.zarray": b"{}" * 99})


def test_a_damaged_index_of_a_zarr_is_refused_or_says_the_same() -> None:
    stored, refused = zarr_format.pack(ZARR), 0
    for damaged in flips(stored, 500):
        try:
            assert zarr_format.unpack(damaged, "x") == ZARR
        except IndexRefused:
            refused += 1
    assert refused > 450


def head(magic: bytes, raw: bytes) -> bytes:
    """An index with this body, damaged or not, and a right checksum."""
    start = format._HEAD.pack(magic, format.VERSION, 0, len(raw), zlib.crc32(raw))
    return start + bytes(imagecodecs.zstd_encode(raw))


def body(stored: bytes) -> bytes:
    return bytes(imagecodecs.zstd_decode(stored[format._HEAD.size :]))


def test_a_lying_index_gives_an_error_or_what_has_the_right_sum(path: Path) -> None:
    """Five hundred with a right checksum of their own, and their arrays are read."""
    blob, index = LocalBlob(path), make(LocalBlob(path))
    raw = body(pack(Index(index.size, index.identity, index.spans, index.tables)))
    start = raw.index(struct.pack("<QI", next(iter(index.tables)), 30))
    arrays = {name: File(blob)[name].array for name in NAMES}
    addresses = dict(zip(index.tables, NAMES, strict=True))
    refused, began_s = 0, time.process_time()
    for damaged in flips(raw[start:], 500):
        try:
            lying = unpack(head(format.MAGIC, raw[:start] + damaged), "x")
            for address in lying.tables:
                right = arrays[addresses[address]]
                found = Array(blob, right.layout, lying.tables[address])[5:2900:7]
                # No other chunk has its sum; but where there is none all are zero.
                same = found == DATA[5:2900:7]
                assert addresses[address] != "summed" or (same | (found == 0)).all()
        except (ArchiveDataError, KeyError):
            refused += 1
    assert refused > 50
    assert time.process_time() - began_s < 60


def test_a_lying_index_of_a_zarr_is_refused_or_within_its_bounds() -> None:
    raw, refused = body(zarr_format.pack(ZARR)), 0
    for damaged in flips(raw, 500):
        try:
            found = zarr_format.unpack(head(zarr_format.MAGIC, damaged), "x")
            assert all(0 <= size < 1 << 40 for size in found.sizes.values())
        except IndexRefused:
            refused += 1
    assert refused > 100


def test_an_index_that_asks_for_much_memory_is_refused() -> None:
    raw = struct.pack("<I", 9 << 20) + random.Random(0).randbytes(9 << 20)
    tracemalloc.start()
    with pytest.raises(IndexRefused, match="bytes of JSON"):
        zarr_format.unpack(head(zarr_format.MAGIC, raw), "x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(raw)


def test_a_damaged_index_on_disk_makes_room_for_a_good_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_DATA_INDEX", "on")
    blob = LocalBlob(path)
    kept = store.put(make(blob))
    assert store.look_up(blob) is not None
    damaged = bytearray(kept.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    kept.write_bytes(damaged)
    assert store.look_up(blob) is None
    assert not kept.exists()


def test_an_object_of_any_length_is_not_made_room_for() -> None:
    with pytest.raises(NotReadable, match="its index may be wrong"):
        dict(whole("http://127.0.0.1:9", {"a": 1 << 39}, ["a"]))


def test_a_stored_chunk_longer_than_any_is_not_made_room_for() -> None:
    layout = Layout((4,), (2,), np.dtype("i4"), (Filter(DEFLATE),))
    described = Described("a", (4,), (2,), "", ".", layout)
    with pytest.raises(NotReadable, match="the Zarr or its index is damaged"):
        Chunks("http://127.0.0.1:9", described, {"a/1": 1 << 39}, "digest")
