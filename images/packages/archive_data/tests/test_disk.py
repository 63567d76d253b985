"""The cache on local disk: within its bytes, shared by processes, never trusted."""

from __future__ import annotations

import io
import os
import signal
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
from archive_data.blob import HttpBlob
from archive_data.disk import Disk
from archive_data.errors import ArchiveDataError
from archive_data.h5 import File

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


WRITER = """
    import sys
    import numpy as np
    from pathlib import Path
    from archive_data.array import Array, Layout, Table
    from archive_data.disk import Disk
    from archive_data.local_blob import LocalBlob
    folder, seed, most, times = Path(sys.argv[1]), *map(int, sys.argv[2:])
    disk = Disk(folder, most)
    blob = LocalBlob(__import__("os").__file__)
    sizes = np.full(times, 10_000)
    layout = Layout((times,), (1,), np.dtype("u1"), fill=b"%d" % seed)
    array = Array(blob, layout, Table(np.arange(times), sizes))
    body = memoryview(bytes(range(250)) * 40)
    print("ready", flush=True)
    for n in range(times):
        disk.put(array, n, body)
        found = disk.get(array, n)
        assert found is None or found == body, n
"""


def writer(folder: Path, seed: int, most: int, times: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder)]
    numbers = [str(n) for n in (seed, most, times)]
    return subprocess.Popen([*command, *numbers], stdout=subprocess.PIPE)


def test_several_writers_stay_within_the_bytes(tmp_path: Path) -> None:
    most = 2_000_000
    writers = [writer(tmp_path / "chunks", seed, most, 300) for seed in range(4)]
    for process in writers:
        process.communicate(timeout=100)
        assert process.returncode == 0
    used = sum(p.stat().st_size for p in kept(tmp_path))
    assert 0.3 * most < used <= most


def test_a_killed_writer_leaves_nothing_that_is_wrong(tmp_path: Path) -> None:
    process = writer(tmp_path / "chunks", 1, 40_000_000, 1_000_000)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    deadline_s = time.monotonic() + 60
    while len(kept(tmp_path)) < 20 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    part = tmp_path / "chunks/00/.part-left"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half")
    os.utime(part, (1, 1))
    again = writer(tmp_path / "chunks", 1, 40_000_000, 50)
    again.communicate(timeout=60)
    assert again.returncode == 0
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
