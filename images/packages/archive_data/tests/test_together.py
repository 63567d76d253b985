"""Threads, processes, Dask and the garbage collector: never a hang."""

from __future__ import annotations

import gc
import io
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data import (
    fetch,
    open_h5,
    prefetch,
    reset_stats,
    stats,
    to_dask,
    to_xarray,
)
from archive_data.blob import HttpBlob
from archive_data.blockfile import BlockFile
from archive_data.h5 import File
from archive_data.local_blob import LocalBlob
from archive_data.neighbours import Neighbours

DATA = np.random.default_rng(0).integers(0, 500, (6000, 48)).astype("i2")


@pytest.fixture
def url(s3: Any) -> str:
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.create_dataset("x", data=DATA, chunks=(500, 16), compression="gzip")
        table = file.create_group("units")
        table.attrs["colnames"] = ["a", "b", "c"]
        for i, name in enumerate("abc"):
            table.create_dataset(name, data=np.arange(90_000) + i)
        for i in range(100):
            file.create_dataset(f"s{i}", data=np.arange(3000.0), chunks=(500,))
    return str(s3.put("t.h5", memory.getvalue()))


def test_many_threads_read_one_file(url: str) -> None:
    file = File(HttpBlob(url))
    with ThreadPoolExecutor(8) as pool:
        starts = [i * 100 for i in range(40)]
        found = pool.map(
            lambda a: (file["x"][a : a + 700] == DATA[a : a + 700]).all(), starts
        )
        assert all(found)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_threads_that_drop_each_others_blocks_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVE_DATA_CACHE_MB", "1")
    data = np.random.default_rng(0).bytes(24 << 20)
    (tmp_path / "x").write_bytes(data)
    file = BlockFile(LocalBlob(tmp_path / "x"))

    def read(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        starts = rng.integers(0, len(data) - 200_000, 700)
        spans = [(int(a), int(a + rng.integers(1, 200_000))) for a in starts]
        return all(file.bytes(a, b) == data[a:b] for a, b in spans)

    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as pool:
            assert all(pool.map(read, range(6)))
    finally:
        sys.setswitchinterval(switch_s)


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_child_process_reads_what_its_parent_opened(url: str, how: str) -> None:
    file = File(HttpBlob(url))
    assert (file["x"][:10] == DATA[:10]).all()
    array = file["x"].array
    context = multiprocessing.get_context(how)
    with context.Pool(2) as pool:
        pieces = pool.map_async(array.__getitem__, [slice(0, 50), slice(50, 99)]).get(
            60
        )
    assert (np.concatenate(pieces) == DATA[:99]).all()
    assert (file["x"][-10:] == DATA[-10:]).all()


def test_dead_objects_in_cycles_do_not_stop_a_reader(url: str) -> None:
    """h5py issue 2019: 600 reads with a garbage collector that meets h5py objects."""
    file, before = File(HttpBlob(url)), gc.get_threshold()
    gc.set_threshold(50, 2, 2)
    try:
        for n in range(600):
            cycle: dict[str, Any] = {
                "data": file[f"s{n % 100}"],
                "group": file["units"],
            }
            cycle["self"] = cycle
            del cycle
            dataset = file[f"s{(n + 7) % 100}"]
            ours = (
                dataset[:1000] if n % 2 else h5py.Dataset.__getitem__(dataset, slice(9))
            )
            assert ours[3] == 3.0
    finally:
        gc.set_threshold(*before)


@pytest.mark.filterwarnings("ignore")
def test_dask_workers_read_without_the_parents_file(url: str) -> None:
    from dask.distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster, Client(cluster):
        array = to_dask(File(HttpBlob(url))["x"], chunks=(1000, 48))
        found = array.astype("i8").sum().compute()
    assert found == DATA.astype("i8").sum()


def test_a_dask_array_has_the_name_of_its_content(url: str) -> None:
    a, b = (to_dask(File(HttpBlob(url))["x"]) for _ in range(2))
    assert a.name == b.name
    assert (a[100:300, 3].compute(scheduler="sync") == DATA[100:300, 3]).all()


def test_an_xarray_of_a_dataset_is_lazy(url: str) -> None:
    found = to_xarray(File(HttpBlob(url))["x"])
    assert found.dims == ("time", "dim_1")
    assert (found[10:20].compute(scheduler="sync").values == DATA[10:20]).all()


def test_several_selections_are_one_pass(url: str, s3: Any) -> None:
    dataset = File(HttpBlob(url))["x"]
    assert dataset.array is not None
    reset_stats()
    selections = [slice(0, 100), (slice(None), 5), slice(50, 3000, 7), [1, 5, 2]]
    with pytest.raises(TypeError, match="increasing"):
        fetch(dataset, selections)
    found = fetch(dataset, selections[:3])
    for ours, selection in zip(found, selections, strict=False):
        assert (ours == DATA[selection]).all()
    assert stats().decoded <= 36


def test_the_columns_of_a_table_travel_together(url: str) -> None:
    file = File(HttpBlob(url))
    reset_stats()
    assert file["units/a"][4] == 4
    assert file["units/b"][4] == 5
    assert file["units/c"][8999] == 9001
    assert stats().ahead == 3
    assert prefetch(file["units"]) >= 0


def test_a_reader_that_walks_forward_finds_the_next_chunks_here(url: str) -> None:
    dataset = File(HttpBlob(url))["x"]
    reset_stats()
    for start in range(0, 6000, 250):
        assert (dataset[start : start + 250] == DATA[start : start + 250]).all()
    assert stats().ahead > 12
    assert stats().decoded == 36


SCRIPT = """
    import sys
    from archive_data.blob import HttpBlob
    from archive_data.h5 import File
    file = File(HttpBlob(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        file["x"][:]
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_an_interrupt_ends_a_read_that_waits(url: str, s3: Any) -> None:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        s3.control("options", "PUT", {"latency_ms": 4000})
        s3.control("reset", "POST", {})
        process.stdin.write("\n")
        process.stdin.flush()
        deadline_s = time.monotonic() + 30
        while not s3.stats()["requests"] and time.monotonic() < deadline_s:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    s3.control("options", "PUT", {})
    assert said == "interrupted\n"


def test_an_open_file_does_not_crash_python_at_its_end(url: str) -> None:
    code = (
        "import sys; from archive_data.blob import HttpBlob;"
        "from archive_data.h5 import File; f = File(HttpBlob(sys.argv[1])); f['x'][0]"
    )
    command = [sys.executable, "-c", code, url]
    done = subprocess.run(command, timeout=60, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr


def test_memory_stays_within_the_budget(url: str) -> None:
    code = """
        import sys, resource
        from archive_data import ahead, cache, limits
        from archive_data.blob import HttpBlob
        from archive_data.h5 import File
        assert limits.memory_bytes() == 600_000_000, limits.memory_bytes()
        data = File(HttpBlob(sys.argv[1]))["x"]
        for i in range(0, 6000, 100):
            data[i : i + 100]
            assert cache.decoded.used_bytes <= limits.cache_bytes() <= 19_000_000
            assert ahead.store.used_bytes <= limits.flight_bytes() <= 19_000_000
    """
    environment = {**os.environ, "MEM_LIMIT": "600000000"}
    command = [sys.executable, "-c", textwrap.dedent(code), url]
    done = subprocess.run(
        command, timeout=60, env=environment, stderr=subprocess.PIPE, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_whole_file_can_be_pickled_as_its_arrays(url: str) -> None:
    arrays = [File(HttpBlob(url))[name].array for name in ("x", "s1")]
    again = pickle.loads(pickle.dumps(arrays))
    assert (again[0][5:9] == DATA[5:9]).all()


def test_fsspec_reads_an_asset(archive: Any) -> None:
    import fsspec

    archive.put("sub-1/x.txt", b"0123456789" * 1000)
    with fsspec.open("archive://000054/draft/sub-1/x.txt") as file:
        assert file.read(12) == b"012345678901"
    files = fsspec.filesystem("archive")
    assert files.cat_file("archive://000054/draft/sub-1/x.txt", 5, 8) == b"567"
    assert files.info("archive://000054/draft/sub-1/x.txt")["size"] == 10_000


def test_a_file_can_be_closed_and_opened_again(url: str) -> None:
    file = open_h5(url)
    file.close()
    assert (open_h5(url)["x"][3] == DATA[3]).all()


def test_readers_on_one_machine_share_its_connections(scratch_folder: Any) -> None:
    code = (
        "import sys; from archive_data.neighbours import neighbours;"
        "print(neighbours.share(), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    shares, readers = [], []
    for _ in range(4):
        readers.append(subprocess.Popen(command, text=True, **pipes))
        shares.append(int(readers[-1].stdout.readline()))
    for reader in readers:
        reader.communicate()
    assert shares == [32, 32, 21, 16]
    assert Neighbours().share() == 32
