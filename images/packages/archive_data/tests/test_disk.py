"""The cache on local disk: within its bytes, shared by processes, never trusted."""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data import ahead, cache, reset_stats, stats
from archive_data.array import Array, Layout, Table
from archive_data.blob import HttpBlob
from archive_data.disk import Disk
from archive_data.errors import ArchiveDataError
from archive_data.h5 import File
from archive_data.ledger import held
from archive_data.local_blob import LocalBlob

DATA = np.random.default_rng(0).integers(0, 500, (6000, 48)).astype("i2")
SIZE = DATA.nbytes


@pytest.fixture
def url(s3: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ARCHIVE_DATA_DISK_MB", "40")
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.create_dataset("x", data=DATA, chunks=(500, 16), compression="gzip")
        file.create_dataset("plain", data=DATA)
    return str(s3.put("disk.h5", memory.getvalue()))


def read(url: str, name: str = "x") -> int:
    """Read all in a fresh memory; return how many requests that took."""
    cache.decoded.clear()
    ahead.store.clear()
    dataset = File(HttpBlob(url))[name]
    _ = dataset.array
    reset_stats()
    assert (dataset[:] == DATA).all()
    return int(stats().requests)


def kept(folder: Path) -> list[Path]:
    return [p for p in (folder / "chunks").rglob("*") if p.is_file()]


@pytest.mark.parametrize("name", ["x", "plain"])
def test_what_was_read_once_is_read_from_disk(
    url: str, scratch_folder: Path, name: str
) -> None:
    assert read(url, name) > 0
    assert kept(scratch_folder)
    assert read(url, name) == 0
    assert stats().from_disk > 0


def test_without_the_setting_nothing_is_kept(
    url: str, scratch_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARCHIVE_DATA_DISK_MB")
    assert read(url) > 0
    assert not (scratch_folder / "chunks").exists()


def test_a_reader_that_walks_forward_fetches_nothing_twice(url: str) -> None:
    read(url)
    cache.decoded.clear()
    ahead.store.clear()
    dataset = File(HttpBlob(url))["x"]
    _ = dataset.array
    reset_stats()
    for start in range(0, 6000, 250):
        assert (dataset[start : start + 250] == DATA[start : start + 250]).all()
    assert stats().requests == 0


@pytest.mark.parametrize("how", ["a byte", "cut", "longer", "empty"])
def test_a_damaged_chunk_is_fetched_again(
    url: str, scratch_folder: Path, how: str
) -> None:
    read(url)
    for path in kept(scratch_folder):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        body = {"a byte": data, "cut": data[:-9], "longer": data + b"x", "empty": b""}
        path.write_bytes(body[how])
    assert read(url) > 0
    assert read(url) == 0


def test_an_object_that_changed_is_not_taken_from_disk(url: str, s3: Any) -> None:
    read(url)
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.create_dataset("x", data=DATA + 1, chunks=(500, 16), compression="gzip")
    s3.put("disk.h5", memory.getvalue())
    cache.decoded.clear()
    assert (File(HttpBlob(url))["x"][:] == DATA + 1).all()


def write(folder: Path, seed: int, most: int, times: int) -> None:
    disk, blob = Disk(folder, most), LocalBlob(__file__)
    layout = Layout((times,), (1,), np.dtype("u1"), fill=b"%d" % seed)
    table = Table(np.arange(times), np.full(times, 10_000))
    array, body = Array(blob, layout, table), memoryview(bytes(range(250)) * 40)
    for n in range(times):
        disk.put(array, n, body)
        found = disk.get(array, n)
        assert found is None or found == body, n


def writer(folder: Path, seed: int, most: int, times: int) -> Any:
    context = multiprocessing.get_context("fork")
    process = context.Process(target=write, args=(folder, seed, most, times))
    process.start()
    return process


def test_several_writers_stay_within_the_bytes(tmp_path: Path) -> None:
    most = 2_000_000
    writers = [writer(tmp_path / "chunks", seed, most, 150) for seed in range(8)]
    for process in writers:
        process.join(100)
        assert process.exitcode == 0
    assert 0.3 * most < used(tmp_path) <= most


def used(folder: Path) -> int:
    return sum(p.stat().st_size for p in kept(folder))


@pytest.fixture
def small_chunks(tmp_path: Path) -> Array:
    """A thousand chunks that seem to have 10 kB each."""
    (tmp_path / "blob").write_bytes(b"1")
    layout, sizes = Layout((1000,), (1,), np.dtype("u1")), np.full(1000, 10_000)
    return Array(LocalBlob(tmp_path / "blob"), layout, Table(np.arange(1000), sizes))


BODY = memoryview(bytes(10_000))


def test_the_limit_holds_at_every_moment(tmp_path: Path, small_chunks: Array) -> None:
    """Eight that know nothing of each other, each writing in its turn."""
    most = 500_000
    disks = [Disk(tmp_path / "chunks", most) for _ in range(8)]
    highest = 0
    for number in range(200):
        disks[number % 8].put(small_chunks, number, BODY)
        highest = max(highest, used(tmp_path))
    assert 0.8 * most < highest <= most
    found = [n for n in range(200) if disks[0].has(small_chunks, n)]
    assert len(found) > 40, "the newest are kept"
    assert max(found) == 199


@pytest.mark.parametrize("said", [b"", b"no number", (1 << 60).to_bytes(8, "little")])
def test_a_ledger_that_is_wrong_is_put_right(
    tmp_path: Path, small_chunks: Array, said: bytes
) -> None:
    disk = Disk(tmp_path / "chunks", 1_000_000)
    for number in range(50):
        disk.put(small_chunks, number, BODY)
    (tmp_path / "chunks.ledger").write_bytes(said)
    disk.put(small_chunks, 50, BODY)
    assert used(tmp_path) == 51 * 10_004
    ledger = (tmp_path / "chunks.ledger").read_bytes()
    assert int.from_bytes(ledger, "little") == 51 * 10_004


def test_parts_of_others_take_room(tmp_path: Path, small_chunks: Array) -> None:
    part = tmp_path / "chunks/00/.part-of-another"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(960_000))
    disk = Disk(tmp_path / "chunks", 1_000_000)
    for number in range(20):
        disk.put(small_chunks, number, BODY)
        assert used(tmp_path) <= 1_000_000
    assert part.exists()


def test_a_lock_that_is_kept_is_not_waited_for(
    tmp_path: Path, small_chunks: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive_data.ledger._WAIT_S", 0.05)
    disk = Disk(tmp_path / "chunks", 1_000_000)
    with held(tmp_path / "chunks.ledger"):
        disk.put(small_chunks, 1, BODY)
        assert not kept(tmp_path)
    disk.put(small_chunks, 1, BODY)
    assert len(kept(tmp_path)) == 1


def test_a_killed_writer_leaves_nothing_that_is_wrong(tmp_path: Path) -> None:
    process = writer(tmp_path / "chunks", 1, 40_000_000, 1_000_000)
    deadline_s = time.monotonic() + 60
    while len(kept(tmp_path)) < 20 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    process.kill()
    process.join()
    part = tmp_path / "chunks/00/.part-left"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half")
    os.utime(part, (1, 1))
    # The limit is low now, so that room has to be made.
    again = writer(tmp_path / "chunks", 1, 400_000, 50)
    again.join(60)
    assert again.exitcode == 0
    assert not part.exists()


def test_the_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ArchiveDataError, match="lies in the home"):
        Disk(tmp_path / "chunks", 1_000_000)


def test_a_size_that_is_no_number_is_said(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_DATA_DISK_MB", "20 GB")
    with pytest.raises(ArchiveDataError, match="'20 GB' is no number"):
        read(url)


def test_a_full_disk_is_no_error(url: str, scratch_folder: Path) -> None:
    code = """
        import resource, sys
        from archive_data.blob import HttpBlob
        from archive_data.h5 import File
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        print(int(File(HttpBlob(sys.argv[1]))["x"][:].astype("i8").sum()))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), url]
    done = subprocess.run(command, timeout=60, capture_output=True, check=False)
    assert done.stdout.decode().strip() == str(DATA.astype("i8").sum()), done.stderr
    assert not kept(scratch_folder)
