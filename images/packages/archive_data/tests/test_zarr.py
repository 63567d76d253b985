"""A Zarr on S3 opens in a few requests and reads like one on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest

from archive_data import (
    NotReadable,
    ZarrReadFailed,
    open_asset,
    open_nwb,
    open_zarr,
    to_dask,
)
from archive_data.zarr_chunks import Chunks
from archive_data.zarr_files import ZarrFiles

zarr = pytest.importorskip("zarr")
DATA = np.arange(50_000, dtype="i4").reshape(500, 100)


@pytest.fixture
def folder(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    path = Path(s3.bucket / "zarr" / "some-id")
    group = zarr.open_group(str(path), mode="w")
    for name in ("a", "b"):
        inner = group.create_group(name)
        inner.attrs["who"] = name
        array = inner.zeros(name="x", shape=DATA.shape, chunks=(100, 50), dtype="i4")
        array[...] = DATA
    return path


def test_a_zarr_reads_as_on_disk(s3: Any, folder: Path) -> None:
    s3.control("reset", "POST", {})
    group = open_zarr(f"{s3.url}/bucket/zarr/some-id/")
    assert group["b"].attrs["who"] == "b"
    opened = s3.stats()["requests"]
    assert (group["a/x"][120:330, 7] == DATA[120:330, 7]).all()
    assert (group["b/x"][:] == DATA).all()
    assert opened <= 2 + sum(1 for p in folder.rglob("*") if p.is_file())


def test_consolidated_metadata_open_in_two_requests(s3: Any, folder: Path) -> None:
    for i in range(300):
        (folder / f"a/x/9{i}.0").write_bytes(b"0")
    zarr.consolidate_metadata(str(folder))
    s3.control("reset", "POST", {})
    group = open_zarr(f"{s3.url}/bucket/zarr/some-id")
    assert group["a"].attrs["who"] == "a"
    assert s3.stats()["requests"] == 2
    assert (group["a/x"][:] == DATA).all()


def test_chunks_of_one_selection_are_fetched_together(
    s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    read = Chunks.read
    monkeypatch.setattr(
        Chunks, "read", lambda self, p: (calls.append(len(p)), read(self, p))[1]
    )
    group = open_zarr(f"{s3.url}/bucket/zarr/some-id/")
    assert (group["a/x"][:] == DATA).all()
    assert calls == [10]


def test_a_chunk_that_cannot_be_read_is_no_fill_value(s3: Any, folder: Path) -> None:
    group = open_zarr(f"{s3.url}/bucket/zarr/some-id/")
    assert (group["a/x"][:100, :50] == DATA[:100, :50]).all()
    (folder / "a/x/1.0").write_bytes(b"broken")
    (folder / "a/x/2.0").unlink()
    for row in (150, 250):
        with pytest.raises(ZarrReadFailed):
            group["a/x"][row]


def test_dask_takes_arrays_also_without_rows_but_no_single_number(
    s3: Any, folder: Path
) -> None:
    made = zarr.open_group(str(folder))
    made.zeros(name="none", shape=(0, 5), chunks=(10, 5), dtype="i4")
    made.zeros(name="number", shape=(), dtype="i4")
    group = open_zarr(f"{s3.url}/bucket/zarr/some-id/")
    assert (to_dask(group["a/x"]).compute(scheduler="sync") == DATA).all()
    assert to_dask(group["none"]).compute(scheduler="sync").shape == (0, 5)
    for chunks in ("auto", "native"):
        with pytest.raises(NotReadable, match="no plain array"):
            to_dask(group["number"], chunks)


def test_what_is_no_zarr_is_said(s3: Any, folder: Path) -> None:
    with pytest.raises(NotReadable, match="has no objects"):
        open_zarr(f"{s3.url}/bucket/zarr/another-id/")
    s3.put("zarr/odd/x", b"1")
    with pytest.raises(NotReadable, match="zarr does not open it"):
        open_zarr(f"{s3.url}/bucket/zarr/odd/")
    s3.put("one.nwb", b"1")
    with pytest.raises(NotReadable, match="use open_h5"):
        open_zarr(f"{s3.url}/bucket/one.nwb")


def test_a_zarr_is_no_single_file(s3: Any, folder: Path) -> None:
    with pytest.raises(NotReadable, match="use open_zarr"):
        _ = open_asset(f"{s3.url}/bucket/zarr/some-id/").blob


def test_a_zarr_that_is_no_nwb_file_is_said(s3: Any, folder: Path) -> None:
    with pytest.raises(NotReadable, match="hdmf-zarr does not read it"):
        open_nwb(f"{s3.url}/bucket/zarr/some-id/")


def test_a_long_listing_comes_in_pages(s3: Any, folder: Path) -> None:
    for i in range(1203):
        (folder / f"a/x/8{i}.0").write_bytes(b"0")
    files = ZarrFiles(f"{s3.url}/bucket/zarr/some-id", "x", skip_instance_cache=True)
    assert len(files.sizes()) == sum(1 for p in folder.rglob("*") if p.is_file())
    assert json.loads(files.cat_file("a/.zattrs")) == {"who": "a"}
    assert "a/.zattrs" in files.ls("a", detail=False)


@pytest.mark.parametrize(
    ("compressor", "filters", "kind"),
    [
        (numcodecs.Zlib(1), None, "<i4"),
        (numcodecs.GZip(1), None, ">i2"),
        (numcodecs.Blosc("lz4"), None, "<f8"),
        (numcodecs.Blosc("zstd", shuffle=2), None, "|u1"),
        (numcodecs.Zstd(1), [numcodecs.Shuffle(4)], "<i4"),
        (None, [numcodecs.Zlib(1)], "<i4"),
        (numcodecs.Zlib(1), [numcodecs.Delta("<i4")], "<i4"),
        (numcodecs.LZ4(), None, "<i4"),
        (numcodecs.Zlib(1), None, "|b1"),
        (numcodecs.Zlib(1), None, "<M8[s]"),
        (None, None, "<f4"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", ["", "x", "a/b/x"])
def test_every_codec_gives_what_zarr_gives(
    s3: Any,
    folder: Path,
    compressor: Any,
    filters: Any,
    kind: str,
    order: str,
    name: str,
) -> None:
    path = folder / "codecs"
    given = (np.arange(23 * 17).reshape(23, 17) % 90).astype(kind)
    options = {"compressor": compressor, "filters": filters, "order": order}
    made = zarr.open(
        str(path / name), mode="w", shape=(23, 17), chunks=(7, 5), dtype=kind, **options
    )
    made[3:20] = given[3:20]
    ours = ZarrFiles(
        f"{s3.url}/bucket/zarr/some-id/codecs", "x", skip_instance_cache=True
    )
    found = zarr.open(ours.get_mapper(name), mode="r")
    for key in (np.s_[:], np.s_[4:9, 3], np.s_[-1], np.s_[::3, 2:11]):
        assert (found[key] == made[key]).all()
