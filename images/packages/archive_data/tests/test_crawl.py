"""A file without an index is opened a level at a time, whichever its format."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data import NotReadable
from archive_data.blockfile import BlockFile
from archive_data.errors import ArchiveDataError
from archive_data.h5 import File
from archive_data.local_blob import LocalBlob

DATA = np.random.default_rng(0).integers(0, 99, (40_000, 20)).astype("i2")
CHUNKED: dict[str, dict[str, Any]] = {
    "rows": {"chunks": (50, 10)},
    "growing": {"chunks": (10, 20), "maxshape": (None, 20)},
    "growing both ways": {"chunks": (50, 10), "maxshape": (None, None)},
    "one": {"chunks": DATA.shape},
}


class Watched(LocalBlob):
    """Counts the levels, and the reads that HDF5 itself had to wait for."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.requests = self.waits = 0

    def read(self, start: int, stop: int) -> bytes:
        self.waits += 1
        return super().read(start, stop)

    def read_into(self, start: int, into: memoryview, *wait: Any) -> None:
        self.requests += 1
        super().read_into(start, into, *wait)


def write(path: Path, libver: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, 8_000_000).astype("u1")
    with h5py.File(path, "w", libver=libver) as file:
        for i in range(20):
            group = file.create_group(f"group{i:02d}")
            for j in range(50):
                dataset = group.create_dataset(f"small{j}", data=np.arange(60.0))
                for k in range(20 if j % 10 == 0 else 1):
                    dataset.attrs[f"attribute{k}"] = "x" * 60
        for name, options in CHUNKED.items():
            file.create_dataset(f"before {name}", data=noise)
            file.create_dataset(name, data=DATA, compression="gzip", **options)


@pytest.fixture(scope="module", params=["earliest", "v110", "latest"])
def path(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("crawl") / "x.h5"
    write(path, request.param)
    yield path
    path.unlink()


def test_a_file_is_looked_through_without_waiting_for_each_node(path: Path) -> None:
    blob = Watched(path)
    with File(blob) as file:
        names: list[str] = []
        file.visititems(lambda name, thing: names.append(name + "".join(thing.attrs)))
        assert len(names) == 20 * 51 + 2 * len(CHUNKED)
    assert blob.waits == 0
    assert blob.requests <= 40


@pytest.mark.parametrize("name", CHUNKED)
def test_the_chunks_are_found_without_waiting_for_each_node(
    path: Path, name: str
) -> None:
    blob = Watched(path)
    with File(blob) as file:
        dataset = file[name]
        assert dataset.array is not None
        assert blob.waits == 0
        assert (dataset[:] == DATA).all()


def test_a_garbled_file_is_refused_or_read_never_a_crash(
    path: Path, tmp_path: Path
) -> None:
    """Random bytes of the metadata are changed; the walk only guesses."""
    chance = random.Random(0)
    data = path.read_bytes()
    for _ in range(15):
        garbled = bytearray(data)
        for _ in range(40):
            garbled[48 + chance.randrange(200_000)] = chance.randrange(256)
        (tmp_path / "garbled.h5").write_bytes(garbled)
        blob = Watched(tmp_path / "garbled.h5")
        crawled = BlockFile(blob)
        try:
            from archive_data import crawl

            crawl.metadata(crawled)
        except (NotReadable, ArchiveDataError):
            continue
        assert blob.requests < 2000
