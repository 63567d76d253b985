"""The ways to read a remote NWB file, each a function of a `Place`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py


@dataclass(frozen=True)
class Place:
    """A file: on the server, and in the folder that the server serves."""

    server: str
    folder: Path
    name: str

    @property
    def url(self) -> str:
        return f"{self.server}/bench/{self.name}.nwb"

    @property
    def path(self) -> Path:
        return self.folder / "bench" / f"{self.name}.nwb"


@dataclass
class Opened:
    """What a method gives: something like an `h5py.File`; kept alive by `keep`."""

    file: Any
    keep: Any = None
    is_h5: bool = True


METHODS: dict[str, Callable[[Place], Opened]] = {}


def method(name: str) -> Callable[[Callable[[Place], Opened]], Any]:
    def register(run: Callable[[Place], Opened]) -> Callable[[Place], Opened]:
        METHODS[name] = run
        return run

    return register


@method("local disk")
def _local(place: Place) -> Opened:
    return Opened(h5py.File(place.path))


@method("archive_data")
def _ours(place: Place) -> Opened:
    from archive_data import Asset, ahead, cache, open_h5
    from archive_data.index import store

    cache.decoded.clear()
    ahead.store.clear()
    # As on a person's first visit: the index lies in the hub's store only.
    shutil.rmtree(store.local_folder())
    # What `open_asset` finds; the others are given the address, too.
    size = place.path.stat().st_size
    digest = json.loads(place.path.with_suffix(".json").read_text())["digest"]
    return Opened(open_h5(Asset(place.name, place.url, size, digest)))


@method("archive_data no index")
def _ours_cold(place: Place) -> Opened:
    from archive_data import ahead, cache
    from archive_data.blob import HttpBlob
    from archive_data.h5 import File

    cache.decoded.clear()
    ahead.store.clear()
    return Opened(File(HttpBlob(place.url)))


@method("remfile")
def _remfile(place: Place) -> Opened:
    import remfile

    file = remfile.File(place.url)
    return Opened(h5py.File(file), file)


def s3(place: Place, **options: Any) -> Any:
    import s3fs

    return s3fs.S3FileSystem(
        anon=True,
        endpoint_url=place.server,
        client_kwargs={"region_name": "us-east-1"},
        skip_instance_cache=True,
        **options,
    )


@method("s3fs default")
def _s3fs(place: Place) -> Opened:
    file = s3(place).open(f"bench/{place.name}.nwb", "rb")
    return Opened(h5py.File(file), file)


@method("s3fs background 4 MB")
def _s3fs_background(place: Place) -> Opened:
    file = s3(place).open(
        f"bench/{place.name}.nwb",
        "rb",
        block_size=4 << 20,
        cache_type="background",
        cache_options={"maxblocks": 64},
    )
    return Opened(h5py.File(file), file)


class _Folder:
    """A temporary folder that goes with its owner."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp()

    def __del__(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


@method("fsspec http + cache")
def _caching(place: Place) -> Opened:
    import fsspec
    from fsspec.implementations.cached import CachingFileSystem

    folder = _Folder()
    source = fsspec.filesystem("http", skip_instance_cache=True)
    cached = CachingFileSystem(
        fs=source, cache_storage=folder.path, skip_instance_cache=True
    )
    file = cached.open(place.url, "rb")
    return Opened(h5py.File(file), (file, folder))


@method("lindi, prebuilt")
def _lindi(place: Place) -> Opened:
    import lindi

    return Opened(lindi.LindiH5pyFile.from_lindi_file(f"{place.url}.lindi.json"))


@method("kerchunk, prebuilt")
def _kerchunk(place: Place) -> Opened:
    import zarr
    from fsspec.implementations.reference import ReferenceFileSystem

    references = json.loads(s3(place).cat_file(f"bench/{place.name}.nwb.kerchunk.json"))
    options = {
        "anon": True,
        "endpoint_url": place.server,
        "client_kwargs": {"region_name": "us-east-1"},
        "skip_instance_cache": True,
    }
    source = ReferenceFileSystem(
        references,
        remote_protocol="s3",
        remote_options=options,
        skip_instance_cache=True,
    )
    root = zarr.open_group(source.get_mapper(""), mode="r")
    return Opened(root, source, is_h5=False)


def prepare(place: Place) -> None:
    """Make what the prebuilt methods need, beside the file on the server."""
    _prepare_ours(place)
    base = place.path.name
    for maker, name in ((_make_lindi, "lindi"), (_make_kerchunk, "kerchunk")):
        target = place.path.with_name(f"{base}.{name}.json")
        if not target.exists():
            maker(place, target)


def _prepare_ours(place: Place) -> None:
    from archive_data.blob import HttpBlob
    from archive_data.index import store
    from archive_data.index.make import make

    blob = HttpBlob(place.url)
    (place.folder / "indexes").mkdir(exist_ok=True)
    store.put(make(blob), place.folder / "indexes")
    note = {"digest": blob.identity}
    place.path.with_suffix(".json").write_text(json.dumps(note))


def _make_lindi(place: Place, target: Path) -> None:
    import lindi

    lindi.LindiH5pyFile.from_hdf5_file(place.url).write_lindi_file(str(target))


def _make_kerchunk(place: Place, target: Path) -> None:
    from kerchunk.hdf import SingleHdf5ToZarr

    with place.path.open("rb") as file:
        address = f"s3://bench/{place.name}.nwb"
        references = SingleHdf5ToZarr(
            file, address, inline_threshold=300, error="ignore"
        ).translate()
    target.write_text(json.dumps(references))
