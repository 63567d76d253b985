"""A file that is broken, or made to harm: an error, or what h5py says; in bounds."""

from __future__ import annotations

import io
import random
import struct
import time
import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data import DamagedChunk, NotReadable
from archive_data.array import CHUNKS_MOST, Array, Layout, Table
from archive_data.filters import SHUFFLE, Filter, Pipeline
from archive_data.h5 import File
from archive_data.local_blob import LocalBlob
from archive_data.tables import array_of, chunk_table

DATA = np.arange(6000, dtype="i4").reshape(1000, 6)


def opened(folder: Path, data: bytes) -> File:
    (folder / "x.h5").write_bytes(data)
    return File(LocalBlob(folder / "x.h5"))


def written(**options: Any) -> bytearray:
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.create_dataset("x", data=DATA, chunks=(50, 6), **options)
    return bytearray(memory.getvalue())


def by_h5py(data: bytes) -> Any:
    """What h5py gives, None for an error."""
    try:
        with h5py.File(io.BytesIO(data)) as file:
            return file["x"][:]
    except (OSError, RuntimeError):
        return None


@pytest.mark.parametrize("width", [0, 1, 3, 7, 599, 600, 601, 1200, 1201, 2**32 - 1])
def test_any_width_of_a_shuffle_does_what_hdf5_does(tmp_path: Path, width: int) -> None:
    data = written(shuffle=True)
    at = data.index(b"shuffle\0") + 8
    assert data[at : at + 4] == struct.pack("<I", 4)
    data[at : at + 4] = struct.pack("<I", width)
    expected, began_s = by_h5py(data), time.process_time()
    with opened(tmp_path, data) as file:
        if expected is None:
            with pytest.raises(DamagedChunk, match="the width of elements"):
                file["x"][:]
        else:
            assert (file["x"][:] == expected).all()
    assert time.process_time() - began_s < 5


@pytest.mark.parametrize("options", [(), (0,), (4, 4)])
def test_options_that_make_no_sense_are_an_error(options: tuple[int, ...]) -> None:
    pipeline = Pipeline((Filter(SHUFFLE, options),), 8)
    with pytest.raises(DamagedChunk, match="the width of elements"):
        pipeline.decode(memoryview(bytes(8)), 0, np.empty(8, np.uint8))


@pytest.mark.parametrize("width", [2, 4, 8, 63, 65, 300])
@pytest.mark.parametrize("size", [1200, 1207])
def test_a_shuffle_of_any_width_is_undone(width: int, size: int) -> None:
    data = np.random.default_rng(0).integers(0, 255, size).astype("u1")
    n = size // width
    shuffled = np.concatenate(
        [data[: n * width].reshape(n, width).T.ravel(), data[n * width :]]
    )
    into = np.empty(size, np.uint8)
    pipeline = Pipeline((Filter(SHUFFLE, (width,)),), size)
    pipeline.decode(memoryview(shuffled.tobytes()), 0, into)
    assert (into == data).all()


def test_a_damaged_chunk_is_one_clear_error_whatever_its_filters() -> None:
    """Random bytes and options for each decoder: none gets past `DamagedChunk`."""
    chance, failed = random.Random(0), 0
    for _ in range(2000):
        numbers = [
            chance.choice((-1, 1, 2, 3, 32000, 32001, 32004, 32015))
            for _ in range(chance.randint(1, 3))
        ]
        options = [
            tuple(chance.choice((0, 1, 4, 2**32 - 1)) for _ in range(n % 3))
            for n in numbers
        ]
        steps = tuple(map(Filter, numbers, options))
        stored = memoryview(chance.randbytes(chance.choice((1, 3, 8, 100, 999))))
        try:
            Pipeline(steps, 999).decode(
                stored, chance.getrandbits(2), np.empty(999, "u1")
            )
        except DamagedChunk:
            failed += 1
    assert failed > 1000


def test_a_chunk_of_another_length_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(99))
    layout = Layout((4, 4), (2, 4), np.dtype("i2"))
    for size in (0, 7, 8, 24):
        table = Table(np.zeros(2, "i8"), np.full(2, size))
        array = Array(LocalBlob(tmp_path / "x"), layout, table)
        with pytest.raises(DamagedChunk, match=f"has {size} bytes, not 16"):
            array.decode(0, memoryview(bytes(size)), None)


SPARSE = {
    "wide": ((2**32, 2**30), (1, 1)),
    "long": ((2**62,), (1,)),
    "just above": ((CHUNKS_MOST + 1,), (1,)),
    "below": ((CHUNKS_MOST,), (10,)),
}


@pytest.mark.parametrize("name", SPARSE)
def test_a_sparse_dataset_takes_no_memory_for_what_is_not_there(
    tmp_path: Path, name: str
) -> None:
    shape, chunks = SPARSE[name]
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        made = file.create_dataset("x", shape, "i1", chunks=chunks, fillvalue=3)
        made[(5,) * len(shape)] = 7
    tracemalloc.start()
    with opened(tmp_path, memory.getvalue()) as file:
        found = file["x"][(slice(4, 8), *(5,) * (len(shape) - 1))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.tolist() == [3, 7, 3, 3]
    assert peak < 32 << 20


def test_data_in_one_piece_beyond_the_end_are_left_to_hdf5(tmp_path: Path) -> None:
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file["x"] = np.arange(1000)
    with opened(tmp_path, memory.getvalue()) as file:
        blob, end = LocalBlob(tmp_path / "x.h5"), file["x"].id.get_offset() + 8000
        blob.size = end
        assert array_of(file["x"], blob, None) is not None
        blob.size = end - 1
        assert array_of(file["x"], blob, None) is None


class Lying:
    """A dataset whose tree of chunks says whatever is wanted."""

    name = "/x"

    class file:
        filename = "made"

    def __init__(self, chunks: list[Any]) -> None:
        self.id, self.chunks = self, chunks

    def chunk_iter(self, see: Any) -> None:
        for chunk in self.chunks:
            see(chunk)


class Info:
    """What h5py tells of a chunk."""

    def __init__(self, place: tuple[int, ...], at: int = 8, size: int = 2) -> None:
        self.chunk_offset, self.byte_offset, self.size = place, at, size
        self.filter_mask = 0


def test_chunks_outside_the_shape_are_not_taken_for_others() -> None:
    layout = Layout((4, 4), (2, 2), np.dtype("i2"))
    given = [Info((0, 0)), Info((0, 4), 99), Info((8, 0), 99), Info((2, 2))]
    table = chunk_table(Lying(given), layout)
    assert table.offsets.tolist() == [8, 0, 0, 8]


@pytest.mark.parametrize(
    ("chunks", "said"),
    [([Info((0, 0))] * 5, "more chunks than the 4"), ([Info((0, 0), 1 << 64)], "int")],
)
def test_a_tree_without_end_is_an_error(chunks: list[Info], said: str) -> None:
    layout = Layout((4, 4), (2, 2), np.dtype("i2"))
    with pytest.raises(NotReadable, match=f"its chunks are not found: .*{said}"):
        chunk_table(Lying(chunks), layout)


def test_a_damaged_tree_of_chunks_is_an_error_of_ours(tmp_path: Path) -> None:
    data = written()
    at = data.index(b"TREE", data.index(b"TREE") + 1)
    data[at : at + 4] = b"EERT"
    assert by_h5py(data) is None
    with opened(tmp_path, data) as file, pytest.raises(NotReadable, match="not found"):
        file["x"][:]


def test_bytes_outside_a_local_file_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"123")
    for start, stop in ((0, 4), (-1, 2), (1 << 63, (1 << 63) + 1)):
        with pytest.raises(NotReadable, match="lie outside its 3"):
            LocalBlob(tmp_path / "x").read(start, stop)
