"""What the field's tools give from a file on S3 equals what they give from disk."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive_data import (
    NotReadable,
    open_file,
    open_h5,
    open_nwb,
    open_zarr,
    to_dask,
    to_xarray,
    zarr_fetch,
    zarr_files,
)
from archive_data.zarr_chunks import Chunks

# The tools take long to import, and longer on a busy machine.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

MAKE = """
    import sys
    import numpy as np
    from datetime import UTC, datetime
    from pynwb import NWBHDF5IO, NWBFile, H5DataIO
    from pynwb.ecephys import ElectricalSeries

    def made(zarr):
        nwb = NWBFile(session_description="d", identifier="i",
            session_start_time=datetime(2024, 1, 1, tzinfo=UTC))
        probe = nwb.create_device(name="probe")
        group = nwb.create_electrode_group(name="shank", description="g",
            location="CA1", device=probe)
        for i in range(8):
            nwb.add_electrode(x=1.0, y=2.0, z=float(i), location="CA1", group=group)
        region = nwb.create_electrode_table_region(
            region=list(range(8)), description="all")
        data = np.random.default_rng(0).integers(-90, 90, (20_000, 8)).astype("i2")
        if not zarr:
            data = H5DataIO(data, chunks=(2000, 4), compression="gzip")
        nwb.add_acquisition(ElectricalSeries(name="raw", data=data,
            electrodes=region, rate=1000.0, conversion=1e-6))
        nwb.add_trial(start_time=1.0, stop_time=2.0)
        for i in range(5):
            nwb.add_unit(spike_times=np.arange(50) / 7 + i, electrodes=[i],
                electrode_group=group)
        return nwb

    with NWBHDF5IO(sys.argv[1] + "/x.nwb", "w") as io:
        io.write(made(False))
    from hdmf_zarr import NWBZarrIO
    with NWBZarrIO(sys.argv[1] + "/x.nwb.zarr", "w") as io:
        io.write(made(True))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an NWB file and the same as a Zarr 2, by hdmf-zarr 0.13."""
    folder = tmp_path_factory.mktemp("tools")
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(MAKE), str(folder)]
    # It looks at the references that it has just pickled itself.
    unsafe = {"NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE": "1"}
    subprocess.run(command, check=True, env={**os.environ, **unsafe}, timeout=380)
    return folder


@pytest.fixture
def path(made: Path) -> Path:
    return made / "x.nwb"


@pytest.fixture
def url(s3: Any, path: Path) -> str:
    return str(s3.put("tools.nwb", path.read_bytes()))


@pytest.fixture
def zarr_url(s3: Any, made: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    root = made / "x.nwb.zarr"
    for file in (p for p in root.rglob("*") if p.is_file()):
        s3.put(f"zarr/tools/{file.relative_to(root)}", file.read_bytes())
    return f"{s3.url}/bucket/zarr/tools"


def raw(path: Path) -> Any:
    import h5py

    with h5py.File(path) as file:
        return file["acquisition/raw/data"][:]


def test_pynapple_takes_the_spikes(url: str, path: Path) -> None:
    nap = pytest.importorskip("pynapple")
    ours, theirs = nap.NWBFile(open_nwb(url)), nap.NWBFile(str(path))
    assert (ours["raw"][100:200].values == theirs["raw"][100:200].values).all()
    for i in range(5):
        assert (ours["units"][i].t == theirs["units"][i].t).all()


def test_spikeinterface_takes_the_recording(url: str, path: Path) -> None:
    pytest.importorskip("spikeinterface")
    extractors = importlib.import_module("spikeinterface.extractors")
    ours = extractors.read_nwb_recording(file=open_file(url))
    theirs = extractors.read_nwb_recording(file_path=path)
    assert ours.get_sampling_frequency() == theirs.get_sampling_frequency()
    span = {"start_frame": 500, "end_frame": 900}
    assert (ours.get_traces(**span) == theirs.get_traces(**span)).all()


def test_nwbwidgets_show_a_file(url: str) -> None:
    pytest.importorskip("nwbwidgets")
    shown = importlib.import_module("nwbwidgets").nwb2widget(open_nwb(url))
    assert type(shown).__module__.startswith("ipywidgets")
    assert len(shown.children) > 3


def test_the_server_part_of_h5web_reads_a_file(url: str, path: Path) -> None:
    content = pytest.importorskip("h5grove.content")
    encoders = pytest.importorskip("h5grove.encoders")
    with open_h5(url) as file:
        data = content.create_content(file, "/acquisition/raw/data")
        assert tuple(data.metadata()["shape"]) == (20_000, 8)
        found = data.data("5:9,:")
        assert (found == raw(path)[5:9]).all()
        assert encoders.encode(found, "npy").content
        group = content.create_content(file, "/")
        assert {child["name"] for child in group.metadata()["children"]} >= {"units"}


def test_xarray_takes_a_series(url: str, path: Path) -> None:
    pytest.importorskip("xarray")
    series = open_nwb(url).acquisition["raw"]
    found = to_xarray(series).sel(time=slice(1.0, 1.5))
    assert (found.compute(scheduler="sync").values == raw(path)[1000:1501]).all()


def test_an_nwb_file_in_a_zarr_opens_without_unpickling(
    zarr_url: str, path: Path
) -> None:
    nwb = open_nwb(zarr_url)
    assert nwb.electrodes["group"][3].name == "shank"
    assert nwb.units["electrode_group"][2] is nwb.electrode_groups["shank"]
    assert (nwb.acquisition["raw"].data[:] == raw(path)).all()
    assert (nwb.units["spike_times"][4] == np.arange(50) / 7 + 4).all()
    assert len(nwb.trials.to_dataframe()) == 1


def test_dask_and_xarray_take_a_series_in_a_zarr(indexed: Any, path: Path) -> None:
    pytest.importorskip("xarray")
    series, again = (open_nwb(indexed).acquisition["raw"] for _ in range(2))
    found = to_dask(series)
    assert found.name == to_dask(again).name
    assert (found.compute(scheduler="sync") == raw(path)).all()
    assert to_dask(series, "native").chunksize == series.data.chunks
    labelled = to_xarray(series).sel(time=slice(1.0, 1.5))
    assert (labelled.compute(scheduler="sync").values == raw(path)[1000:1501]).all()
    group = open_zarr(indexed)
    assert to_dask(group["acquisition/raw/data"]).shape == found.shape
    with pytest.raises(NotReadable, match="is no plain array"):
        to_dask(group["general/extracellular_ephys/electrodes/group"])
    with pytest.raises(NotReadable, match="is no plain array"):
        to_dask(group)


@pytest.fixture
def indexed(zarr_url: str, s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The Zarr as an asset whose index lies in the hub's store; nobody has it open."""
    gc.collect()
    from archive_data import Asset
    from archive_data.index import store, zarr_make

    (s3.root / "indexes").mkdir(exist_ok=True)
    monkeypatch.setenv("ARCHIVE_DATA_INDEX", "on")
    monkeypatch.setenv("ARCHIVE_HUB_INDEX", f"{s3.url}/indexes")
    asset = Asset("x.nwb.zarr", zarr_url, 1, "digest-of-the-zarr", is_zarr=True)
    made = store.put_zarr(zarr_make.make(asset), s3.root / "indexes")
    assert made.stat().st_size < 100_000
    s3.control("reset", "POST", {})
    return asset


def test_an_index_opens_a_zarr_in_one_request(
    indexed: Any, s3: Any, path: Path
) -> None:
    nwb = open_nwb(indexed)
    assert s3.stats()["requests"] == 1
    assert (nwb.acquisition["raw"].data[:] == raw(path)).all()


def test_nothing_is_kept_of_a_zarr_that_nobody_holds(indexed: Any, s3: Any) -> None:
    from archive_data.index import store

    for opened in (1, 2, 3):
        gc.collect()
        assert len(zarr_files.ZarrFiles._cache) == 0
        shutil.rmtree(store.local_folder(), ignore_errors=True)
        nwb = open_nwb(indexed)
        assert len(nwb.trials) == 1
        assert s3.stats()["requests"] == opened
        assert len(zarr_files.ZarrFiles._cache) == 1
        del nwb


def test_a_zarr_without_an_index_opens_in_few_rounds(
    zarr_url: str, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consolidated metadata; what is small, all at once; a listing beside it."""
    waits: list[str] = []

    def noted(name: str, call: Any) -> Any:
        def run(*args: Any) -> Any:
            # A batch of nothing is no wait.
            waits.extend([name] if args[-1] else [])
            return call(*args)

        return run

    for owner, name in (
        (zarr_fetch, "_together"),
        (zarr_files, "listed"),
        (Chunks, "read"),
    ):
        monkeypatch.setattr(owner, name, noted(name, getattr(owner, name)))
    s3.control("reset", "POST", {})
    open_nwb(zarr_url)
    assert sorted(waits) == ["_together", "_together", "listed"]
    assert 20 < s3.stats()["requests"] < 60


class Windows:
    """What a DataLoader wants: a length, and items by number."""

    def __init__(self, data: Any) -> None:
        self.array = data.array

    def __len__(self) -> int:
        return 20

    def __getitem__(self, i: int) -> Any:
        return self.array[i * 1000 : i * 1000 + 1000].astype("f4")


def _serve(dataset: Windows, numbers: Any, batches: Any) -> None:
    """A DataLoader's worker: the dataset comes once, then the numbers of items."""
    while (number := numbers.get()) is not None:
        batches.put((number, dataset[number]))


# Spawned workers have a test of their own, in `test_together`: they import no test.
def test_workers_like_those_of_a_dataloader_read(url: str, path: Path) -> None:
    dataset = Windows(open_h5(url)["acquisition/raw/data"])
    expected = raw(path)
    assert (dataset[0] == expected[:1000]).all()
    context = multiprocessing.get_context("fork")
    numbers, batches = context.Queue(), context.Queue()
    workers = [
        context.Process(target=_serve, args=(dataset, numbers, batches))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for i in [*range(20), None, None]:
        numbers.put(i)
    found = dict(batches.get(timeout=200) for _ in range(20))
    for worker in workers:
        worker.join(30)
    assert all(
        (found[i] == expected[i * 1000 : i * 1000 + 1000]).all() for i in range(20)
    )


def test_a_dataloader_of_pytorch_reads(url: str, path: Path) -> None:
    data = pytest.importorskip("torch.utils.data", reason="PyTorch is not installed")
    dataset = Windows(open_h5(url)["acquisition/raw/data"])
    loader = data.DataLoader(dataset, batch_size=4, num_workers=2)
    found = np.concatenate([batch.numpy() for batch in loader]).reshape(-1, 8)
    assert (found == raw(path)).all()
