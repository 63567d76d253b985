"""An index opens a file in one request; a wrong one is refused."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import h5py
import imagecodecs
import numpy as np
import pytest
from hdmf.backends.hdf5.h5_utils import H5DataIO
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from archive_data import IndexRefused, open_h5, open_nwb, reset_stats, stats
from archive_data.cli import main
from archive_data.errors import ArchiveDataError
from archive_data.h5 import File
from archive_data.index import store
from archive_data.index.format import _HEAD, MAGIC, VERSION, pack, unpack
from archive_data.index.make import make
from archive_data.local_blob import LocalBlob

PATH = "sub-1/sub-1_ecephys.nwb"


@pytest.fixture(scope="module")
def nwb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nwb") / "x.nwb"
    from datetime import UTC, datetime

    nwb = NWBFile(
        session_description="d",
        identifier="i",
        session_start_time=datetime(2024, 1, 1, tzinfo=UTC),
    )
    data = np.random.default_rng(0).integers(0, 9000, (300_000, 4)).astype("i2")
    for i in range(5):
        packed = H5DataIO(data, compression="gzip", chunks=(20_000, 4))
        nwb.add_acquisition(TimeSeries(name=f"s{i}", data=packed, unit="V", rate=10.0))
    for i in range(40):
        nwb.add_unit(spike_times=np.arange(i + 1.0))
    with NWBHDF5IO(path, "w") as file:
        file.write(nwb)
    return path


def opened(index_bytes: bytes, path: Path) -> File:
    index = unpack(index_bytes, "x")
    return File(LocalBlob(path), index.spans, index.tables)


@pytest.fixture
def hub_store(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    (s3.root / "indexes").mkdir(exist_ok=True)
    monkeypatch.setenv("ARCHIVE_DATA_INDEX", "on")
    monkeypatch.setenv("ARCHIVE_HUB_INDEX", f"{s3.url}/indexes")
    return Path(s3.root / "indexes")


def test_an_nwb_file_opens_in_one_request(
    archive: Any, hub_store: Path, s3: Any, nwb: Path
) -> None:
    archive.put(PATH, nwb.read_bytes())
    assert main(["index", "make", "000054/draft", PATH, "--to", str(hub_store)]) == 0
    s3.control("reset", "POST", {})
    reset_stats()
    found = open_nwb("DANDI:000054/draft", PATH)
    assert stats().requests == 1
    assert stats().received_bytes < 150_000
    assert (
        found.acquisition["s3"].data[7, 1]
        == h5py.File(nwb)["acquisition/s3/data"][7, 1]
    )
    assert list(found.units["spike_times"][3]) == [0, 1, 2, 3]


def test_the_first_read_makes_the_index_for_the_next(
    archive: Any, nwb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_DATA_INDEX", "on")
    archive.put(PATH, nwb.read_bytes())
    open_h5("DANDI:000054/draft", PATH)
    store.wait_for_makers(60)
    (made,) = store.local_folder().glob("*.idx")
    reset_stats()
    assert "s3" in open_h5("DANDI:000054/draft", PATH)["acquisition"]
    assert stats().requests == 0
    assert made.stat().st_size < 100_000


def test_an_index_of_another_blob_is_not_used(
    archive: Any, nwb: Path, hub_store: Path
) -> None:
    archive.put(PATH, nwb.read_bytes())
    main(["index", "make", "000054/draft", PATH, "--to", str(hub_store)])
    (made,) = hub_store.glob("*.idx")
    index = unpack(made.read_bytes(), "x")
    wrong = type(index)(index.size, "other", index.spans, index.tables)
    made.write_bytes(pack(wrong))
    reset_stats()
    assert "s3" in open_h5("DANDI:000054/draft", PATH)["acquisition"]
    assert stats().requests > 1


def test_a_store_that_does_not_answer_is_done_without(
    archive: Any, nwb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.put(PATH, nwb.read_bytes())
    monkeypatch.setenv("ARCHIVE_DATA_INDEX", "on")
    monkeypatch.setenv("ARCHIVE_HUB_INDEX", "http://127.0.0.1:9/indexes")
    assert "s3" in open_h5("DANDI:000054/draft", PATH)["acquisition"]
    store.wait_for_makers(60)


def test_verify_finds_a_changed_byte(nwb: Path, tmp_path: Path, capsys: Any) -> None:
    index = make(LocalBlob(nwb))
    path = tmp_path / "x.idx"
    path.write_bytes(pack(index))
    assert main(["index", "verify", str(nwb), "--to", str(path)]) == 0
    body = bytearray(index.spans.body)
    body[100] ^= 1
    index.spans.body = memoryview(bytes(body))
    path.write_bytes(pack(index))
    assert main(["index", "verify", str(nwb), "--to", str(path)]) == 1
    assert "are not those of the object" in capsys.readouterr().err


def test_show_and_export_say_what_is_in_it(nwb: Path, capsys: Any) -> None:
    assert main(["index", "show", str(nwb)]) == 0
    assert "chunks" in capsys.readouterr().out
    assert main(["index", "export", "--kerchunk", str(nwb)]) == 0
    refs = json.loads(capsys.readouterr().out)["refs"]
    assert "acquisition/s3/data/.zarray" in refs


@pytest.mark.filterwarnings("ignore")
def test_the_kerchunk_export_reads_with_zarr(nwb: Path, capsys: Any) -> None:
    import fsspec
    import zarr

    main(["index", "export", "--kerchunk", str(nwb)])
    references = json.loads(capsys.readouterr().out)
    mapper = fsspec.filesystem("reference", fo=references).get_mapper("")
    data = zarr.open(mapper, mode="r")["acquisition/s3/data"]
    assert (data[:100] == h5py.File(nwb)["acquisition/s3/data"][:100]).all()


def test_a_whole_dandiset_is_made_and_not_made_twice(
    archive: Any, nwb: Path, tmp_path: Path, capsys: Any
) -> None:
    for i in range(3):
        archive.put(
            f"sub-{i}/x.nwb", nwb.read_bytes()[: -i or None] + b"!" * i, "000123"
        )
    archive.put("sub-9/broken.nwb", b"no HDF5 at all", "000123")
    run = ["index", "make", "--all", "000123/draft", "--to", str(tmp_path)]
    assert main(run) == 1
    assert "3 of 4 indexes are there" in capsys.readouterr().out
    before = {p: p.stat().st_mtime_ns for p in tmp_path.glob("*.idx")}
    assert len(before) == 3
    main(run)
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.glob("*.idx")}
    damaged = min(before)
    damaged.write_bytes(damaged.read_bytes()[:-9])
    main(run)
    assert unpack(damaged.read_bytes(), "x").tables


def packed(raw: bytes, **other: int) -> bytes:
    """An index of this body, all of whose head is right but what is given."""
    head = {"version": VERSION, "length": len(raw), "sum": zlib.crc32(raw), **other}
    start = _HEAD.pack(MAGIC, head["version"], 0, head["length"], head["sum"])
    return start + bytes(imagecodecs.zstd_encode(raw))


COUNTS = struct.Struct("<QHII")

BAD = {
    "nothing": b"",
    "no index": b"x" * 100,
    "cut in its head": MAGIC + b"\2",
    "another version": packed(b"0" * 99, version=1),
    "a bomb": packed(b"0" * 999, length=1 << 40),
    "another length": packed(b"0" * 99, length=98),
    "another sum": packed(COUNTS.pack(9, 0, 0, 0), sum=5),
    "not packed": _HEAD.pack(MAGIC, VERSION, 0, 100, 0) + b"x" * 100,
    "many spans": packed(COUNTS.pack(9, 0, 600_000, 0) + bytes(12 * 600_000)),
    "many tables": packed(COUNTS.pack(9, 0, 0, 300_000) + bytes(16 * 300_000)),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_index_is_refused(name: str) -> None:
    with pytest.raises(IndexRefused, match="make it again"):
        unpack(BAD[name], "x")


def test_chunks_outside_the_blob_are_refused(nwb: Path) -> None:
    index = make(LocalBlob(nwb))
    (address, table), *_ = index.tables.items()
    table.offsets[0] = index.size - 3
    with pytest.raises(IndexRefused, match="outside"):
        unpack(pack(index), "x").tables[address]


def test_no_garbled_index_reads_outside_or_takes_memory(nwb: Path) -> None:
    """Up to 2,000 with random bytes changed: refused, or pointing inside the blob."""
    stored = pack(make(LocalBlob(nwb)))
    raw = bytes(imagecodecs.zstd_decode(stored[_HEAD.size :]))
    chance, limit_s = random.Random(0), time.monotonic() + 30
    for _ in range(2000):
        if time.monotonic() > limit_s:
            break
        garbled = bytearray(raw)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(min(len(raw), chance.choice((40, 4000, len(raw)))))
            garbled[at] = chance.randrange(256)
        try:
            index = unpack(packed(bytes(garbled)), "x")
            for table in index.tables.values():
                assert (table.offsets + table.sizes <= index.size).all()
                assert (table.offsets >= 0).all()
        except IndexRefused:
            continue


def test_a_garbled_table_gives_wrong_data_or_an_error_never_a_crash(nwb: Path) -> None:
    index = make(LocalBlob(nwb))
    rng = np.random.default_rng(0)
    for _ in range(50):
        again = unpack(pack(index), "x")
        file = File(LocalBlob(nwb), again.spans, again.tables)
        table = again.tables[next(iter(again.tables))]
        table.offsets[rng.integers(len(table.offsets))] = rng.integers(index.size)
        table.sizes[rng.integers(len(table.sizes))] = rng.integers(1 << 20)
        try:
            assert file["acquisition/s0/data"][:].shape == (300_000, 4)
        except ArchiveDataError:
            continue


def test_the_index_is_small(tmp_path: Path) -> None:
    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as file:
        data = np.random.default_rng(0).integers(0, 9, 400_000).astype("u1")
        file.create_dataset("x", data=data, chunks=(20,), compression="gzip")
    packed = pack(make(LocalBlob(path)))
    assert len(packed) < 1.0 * 20_000 + 100_000
    assert os.path.getsize(path) > 10 * len(packed)


def test_a_folder_that_others_own_is_not_used(monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("ARCHIVE_DATA_FOLDER", str(tmp_path / "link"))
    with pytest.raises(ArchiveDataError, match="not a folder of this account"):
        store.local_folder()


def test_garbage_in_memory_is_no_index() -> None:
    with pytest.raises(IndexRefused):
        unpack(io.BytesIO(b"\0" * 64).getvalue(), "x")
