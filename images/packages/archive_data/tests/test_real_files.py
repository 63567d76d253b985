"""Every object of every real NWB file equals what h5py reads from disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data.blob import HttpBlob
from archive_data.h5 import File
from archive_data.index.format import pack, unpack
from archive_data.index.make import make

ROOT = Path(__file__).parents[4]
PLACES = [
    Path(os.environ.get("ARCHIVE_SAMPLES", ROOT / "shared/data/archive/nwb")),
    ROOT.parent / "shared/data/archive/nwb",
]
FILES = sorted(p for place in PLACES[:2] for p in place.glob("*/*.nwb"))
if not FILES:
    pytest.skip("the real NWB files are not in shared/", allow_module_level=True)


def same(a: Any, b: Any, files: tuple[h5py.File, h5py.File]) -> bool:
    """Compare values; a reference counts as equal if it leads to the same object."""
    if isinstance(a, h5py.Reference):
        there = [
            file[ref] if ref else None for file, ref in zip(files, (a, b), strict=True)
        ]
        return all(x is None for x in there) or there[0].name == there[1].name
    if isinstance(a, np.void) and a.dtype.names:
        return all(same(a[n], b[n], files) for n in a.dtype.names)
    if isinstance(a, np.ndarray):
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        if not a.dtype.hasobject:
            return a.tobytes() == b.tobytes()
        pairs = zip(a.ravel(), b.ravel(), strict=True)
        return all(same(x, y, files) for x, y in pairs)
    return type(a) is type(b) and (a == b or (a != a and b != b))


def compare(theirs: h5py.File, ours: h5py.File) -> int:
    """Compare all objects, links, attributes and values; return how many."""
    files, count = (theirs, ours), 0
    names: list[str] = [""]
    theirs.visit(names.append)
    seen: list[str] = [""]
    ours.visititems(lambda name, _: seen.append(name))
    assert seen == names
    for name in names:
        a, b = theirs[name or "/"], ours[name or "/"]
        assert list(a.attrs) == list(b.attrs)
        for key in a.attrs:
            assert same(a.attrs[key], b.attrs[key], files), (name, key)
        if isinstance(a, h5py.Group):
            links = [(k, repr(a.get(k, getlink=True))[:30]) for k in a]
            assert links == [(k, repr(b.get(k, getlink=True))[:30]) for k in b]
        else:
            assert (a.shape, a.dtype, a.chunks) == (b.shape, b.dtype, b.chunks)
            assert same(a[()], b[()], files), name
        count += 1
    return count


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_real_file_equals_itself_on_disk(s3: Any, path: Path) -> None:
    url = s3.put(path.name, path.read_bytes())
    with h5py.File(path) as theirs, File(HttpBlob(url)) as ours:
        assert compare(theirs, ours) >= 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_real_file_opened_with_an_index_equals_itself(s3: Any, path: Path) -> None:
    blob = HttpBlob(s3.put(path.name, path.read_bytes()))
    index = unpack(pack(make(blob)), path.name)
    with (
        h5py.File(path) as theirs,
        File(blob, index.spans, index.tables) as ours,
    ):
        assert compare(theirs, ours) >= 1
