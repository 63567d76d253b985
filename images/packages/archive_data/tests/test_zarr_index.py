"""The index of a Zarr by command: made, shown, verified, written for kerchunk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive_data.cli import main
from archive_data.index import zarr_format
from archive_data.zarr_metadata import CONSOLIDATED, consolidated, describe, nodes

zarr = pytest.importorskip("zarr")
DATA = np.random.default_rng(0).integers(0, 1 << 30, (60, 100), dtype="i4")
PATH = "sub-1/x.nwb.zarr"


@pytest.fixture
def put(archive: Any) -> str:
    """A Zarr in the archive, and the words that name it."""
    number = archive.put_zarr(PATH)
    folder = archive.root / "objects/dandiarchive/zarr" / number
    group = zarr.open_group(str(folder), mode="w")
    data = group.create_group("a").zeros(
        name="x", shape=DATA.shape, chunks=(60, 50), dtype="i4"
    )
    data[...] = DATA
    return str(folder)


@pytest.fixture
def index(put: str, tmp_path: Path, capsys: Any) -> Path:
    assert main(["index", "make", "000054/draft", PATH, "--to", str(tmp_path)]) == 0
    assert "small objects" in capsys.readouterr().out
    (made,) = tmp_path.glob("zarr-*.idx")
    return made


def run(command: str, index: Path, *more: str) -> int:
    where = ("000054/draft", PATH, "--to", str(index))
    return main(["index", command, *where, *more])


def test_what_is_in_the_index_of_a_zarr_is_shown(index: Path, capsys: Any) -> None:
    assert run("show", index) == 0
    shown = capsys.readouterr().out
    assert "lengths of all" in shown
    assert "a/x/.zarray" in shown
    # A folder of indexes does as well as the file itself.
    assert run("show", index.parent) == 0
    assert capsys.readouterr().out == shown


def test_a_right_index_of_a_zarr_is_called_right(index: Path, capsys: Any) -> None:
    assert run("verify", index) == 0
    assert "the index is right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"identity": "another"}, "is of digest 'another'"),
        ({"sizes": {"a/x/0.0": 7}}, "a/x/0.0: the index says 7 bytes"),
        ({"sizes": {"a/x/0.0": None}}, "a/x/0.0: the index says None bytes"),
        ({"sizes": {"a/x/9.9": 5}}, "a/x/9.9: the index says 5 bytes, there are None"),
        ({"objects": {"a/x/.zarray": b"{}"}}, "a/x/.zarray is not the object"),
        ({"objects": {"b/.zattrs": b"{}"}}, "b/.zattrs is not the object"),
    ],
)
def test_each_thing_that_is_wrong_is_said(
    index: Path, capsys: Any, change: dict[str, Any], said: str
) -> None:
    right = zarr_format.unpack(index.read_bytes(), "x")
    for name, value in change.items():
        if isinstance(value, dict):
            merged = {**getattr(right, name), **value}
            value = {k: v for k, v in merged.items() if v is not None}
        right = replace(right, **{name: value})
    index.write_bytes(zarr_format.pack(right))
    assert run("verify", index) == 1
    assert said in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_a_zarr_is_read_through_its_references(index: Path, capsys: Any) -> None:
    import fsspec

    assert run("export", index, "--kerchunk") == 0
    references = json.loads(capsys.readouterr().out)
    files = fsspec.filesystem("reference", fo=references, remote_protocol="http")
    assert (zarr.open(files.get_mapper(""), mode="r")["a/x"][:] == DATA).all()
    assert "base64:" not in str(references["refs"]["a/x/0.1"])


def test_a_zarr_of_no_archive_is_refused_in_a_line(put: str, capsys: Any) -> None:
    for command in (["verify"], ["show"], ["export", "--kerchunk"]):
        assert main(["index", *command, put]) == 1
        assert "knows no digest of it" in capsys.readouterr().err


def test_an_index_that_is_not_there_is_said(put: str, capsys: Any) -> None:
    assert run("show", Path("/nowhere/x.idx")) == 1
    said = capsys.readouterr().err
    assert said.startswith("archive-data: /nowhere/x.idx: No such file")
    assert said.count("\n") == 1


def test_an_index_of_a_file_is_none_of_a_zarr(index: Path, capsys: Any) -> None:
    index.write_bytes(b"ARCHIDX\n" + hashlib.sha256(b"").digest())
    assert run("show", index) == 1
    assert "it is no index" in capsys.readouterr().err


ARRAY = {
    **{"shape": [60, 100], "chunks": [60, 50], "dtype": "<i4", "order": "C"},
    **{"compressor": {"id": "zlib"}, "filters": None, "zarr_format": 2},
}


@pytest.mark.parametrize(
    "node",
    [
        [],
        None,
        7,
        {**ARRAY, "shape": "ab"},
        {**ARRAY, "shape": [60.5, 100]},
        {**ARRAY, "shape": [-1, 100]},
        {**ARRAY, "shape": [1 << 80, 100]},
        {**ARRAY, "chunks": [0, 50]},
        {**ARRAY, "chunks": [60]},
        {**ARRAY, "chunks": [1 << 40, 1 << 40]},
        {**ARRAY, "dtype": "<x9"},
        {**ARRAY, "filters": [3]},
        {**ARRAY, "compressor": {"id": ["zlib"]}},
    ],
)
def test_a_description_that_makes_no_sense_is_left_to_zarr(node: Any) -> None:
    found = describe("a/x/.zarray", node)
    assert found is None or found.layout is None


def test_a_description_of_what_lies_elsewhere_is_not_followed() -> None:
    assert describe("a/x/.zarray", ARRAY) is not None
    assert describe("a/../../x/.zarray", ARRAY) is None


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"[" * 100_000, b'{"metadata": 5}'])
@pytest.mark.parametrize("key", CONSOLIDATED)
def test_what_is_no_description_describes_nothing(key: str, text: bytes) -> None:
    assert nodes(key, text) == {}
    assert json.loads(consolidated(key, text, {})) in ({}, {"metadata": 5})
