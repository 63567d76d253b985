"""The ways to read a remote NWB file, each a function of a `Place`."""

from __future__ import annotations

import ctypes
import gc
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
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
    def is_zarr(self) -> bool:
        return self.name.startswith("zarr")

    @property
    def file_name(self) -> str:
        return f"{self.name}.{'zarr' if self.is_zarr else 'nwb'}"

    @property
    def url(self) -> str:
        return f"{self.server}/bench/{self.file_name}"

    @property
    def path(self) -> Path:
        return self.folder / "bench" / self.file_name


@dataclass
class Opened:
    """What a method gives: something like an `h5py.File`; kept alive by `keep`.

    `file` is made when it is asked for; `nwb` opens the NWB file.
    """

    make: Callable[[], Any]
    keep: Any = None
    make_nwb: Callable[[], Any] | None = None

    @cached_property
    def file(self) -> Any:
        return self.make()

    def nwb(self) -> Any:
        if self.make_nwb:
            return self.make_nwb()
        if not isinstance(self.file, h5py.File) and "lindi" not in str(type(self.file)):
            raise TypeError("pynwb wants an HDF5 file")
        from pynwb import NWBHDF5IO

        return NWBHDF5IO(file=self.file, mode="r", load_namespaces=True).read()


def opened(file: Any, keep: Any = None) -> Opened:
    return Opened(lambda: file, keep)


METHODS: dict[str, Callable[[Place], Opened]] = {}

#: Ways that have read all of the file once it is open: that counts, too.
WHOLE = frozenset({"download with boto3"})


def method(name: str) -> Callable[[Callable[[Place], Opened]], Any]:
    def register(run: Callable[[Place], Opened]) -> Callable[[Place], Opened]:
        METHODS[name] = run
        return run

    return register


@method("local disk, zarr3")
@method("local disk")
def _local(place: Place) -> Opened:
    if place.is_zarr:
        from zarr_methods import local_zarr

        return local_zarr(place)
    return opened(h5py.File(place.path))


def tidy() -> None:
    """Give memory that nothing uses back to the system, so that the next row pays."""
    gc.collect()
    with suppress(AttributeError):  # Only glibc has it.
        ctypes.CDLL(None).malloc_trim(0)


def forget() -> None:
    """Let archive_data begin anew: no chunk is here, no connection is open."""
    from archive_data import ahead, cache, transport

    cache.decoded.clear()
    ahead.store.clear()
    transport.shared().close()
    transport.alone().close()


@method("archive_data")
def _ours(place: Place) -> Opened:
    from archive_data import Asset, open_h5, open_nwb, open_zarr
    from archive_data.index import store

    forget()
    # As on a person's first visit: the index lies in the hub's store only.
    shutil.rmtree(store.local_folder())
    # What `open_asset` finds; the others are given the address, too.
    note = json.loads(place.path.with_suffix(".json").read_text())
    asset = Asset(
        place.name, place.url, note["size"], note["digest"], is_zarr=place.is_zarr
    )
    if place.is_zarr:
        return Opened(lambda: open_zarr(asset), make_nwb=lambda: open_nwb(asset))
    return opened(open_h5(asset))


METHODS["archive_data, zarr3"] = METHODS["archive_data"]


@method("archive_data no index")
def _ours_cold(place: Place) -> Opened:
    from archive_data.blob import HttpBlob
    from archive_data.h5 import File

    forget()
    return opened(File(HttpBlob(place.url)))


@method("remfile, each task")
@method("remfile")
def _remfile(place: Place) -> Opened:
    import remfile

    file = remfile.File(place.url)
    return opened(h5py.File(file), file)


def s3(place: Place, **options: Any) -> Any:
    import s3fs

    return s3fs.S3FileSystem(
        anon=True,
        endpoint_url=place.server,
        client_kwargs={"region_name": "us-east-1"},
        skip_instance_cache=True,
        **options,
    )


MB = 1 << 20
S3FS: dict[str, dict[str, Any]] = {
    "s3fs default": {},
    "s3fs readahead 1 MB": {"block_size": MB, "cache_type": "readahead"},
    "s3fs blockcache 4 MB": {
        "block_size": 4 * MB,
        "cache_type": "blockcache",
        "cache_options": {"maxblocks": 64},
    },
    "s3fs background 4 MB": {
        "block_size": 4 * MB,
        "cache_type": "background",
        "cache_options": {"maxblocks": 64},
    },
}


def _s3fs(place: Place, options: dict[str, Any]) -> Opened:
    file = s3(place).open(f"bench/{place.name}.nwb", "rb", **options)
    return opened(h5py.File(file), file)


METHODS.update({name: partial(_s3fs, options=o) for name, o in S3FS.items()})


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
    return opened(h5py.File(file), (file, folder))


@method("download with boto3")
def _download(place: Place) -> Opened:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    folder = _Folder()
    client = boto3.client(
        "s3",
        endpoint_url=place.server,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, max_pool_connections=32),
    )
    target = str(Path(folder.path, place.file_name))
    client.download_file("bench", place.file_name, target)
    return opened(h5py.File(target), folder)


@method("lindi, prebuilt")
def _lindi(place: Place) -> Opened:
    import lindi
    from lindi.LindiH5pyFile.LindiH5pyDataset import _external_hdf5_clients

    # It keeps what it opened, and all that it read, for as long as the process lives.
    _external_hdf5_clients.clear()
    return opened(lindi.LindiH5pyFile.from_lindi_file(f"{place.url}.lindi.json"))


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
    return opened(root, source)
