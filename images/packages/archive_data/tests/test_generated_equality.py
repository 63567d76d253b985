"""What our datasets return equals what h5py returns from disk: 4,000 and more cases.

Layout x filter x element type x selection; also the class of what is returned, and the
class of what is raised.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from archive_data.blob import LocalBlob
from archive_data.h5 import File

FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "gzip": {"compression": "gzip"},
    "gzip+shuffle": {"compression": "gzip", "shuffle": True},
    "fletcher32": {"fletcher32": True},
    "gzip+shuffle+fletcher32": {
        "compression": "gzip",
        "shuffle": True,
        "fletcher32": True,
    },
    "lzf": {"compression": "lzf"},
    "lzf+shuffle": {"compression": "lzf", "shuffle": True},
    "szip": {"compression": "szip"},
    "scaleoffset": {"scaleoffset": 0},
    "zstd": dict(hdf5plugin.Zstd()),
    "lz4": dict(hdf5plugin.LZ4()),
    "blosc": dict(hdf5plugin.Blosc("lz4", 5, hdf5plugin.Blosc.SHUFFLE)),
    "blosc bitshuffle": dict(hdf5plugin.Blosc("zstd", 3, hdf5plugin.Blosc.BITSHUFFLE)),
    "blosc2": dict(hdf5plugin.Blosc2("lz4", 5, hdf5plugin.Blosc2.SHUFFLE)),
    "bitshuffle": dict(hdf5plugin.Bitshuffle()),
}

TYPES = {
    "int8": "i1",
    "uint16": "<u2",
    "int32 big-endian": ">i4",
    "int64": "<i8",
    "float16": "<f2",
    "float32": "<f4",
    "float64 big-endian": ">f8",
    "complex": "<c16",
    "bool": "?",
    "text": "S5",
    "enum": h5py.enum_dtype({"a": 0, "b": 1, "c": 2}, "u1"),
    "compound": np.dtype([("x", "<f4"), ("n", "<i2"), ("ok", "?")]),
    "subarray": np.dtype(("<i4", (2,))),
}

LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "compact": {},
    "row": {"chunks": (37,), "shape": (101,)},
    "edges": {"chunks": (7, 5)},
    "one chunk": {"chunks": (23, 17)},
    "three axes": {"chunks": (2, 3, 4), "shape": (5, 7, 9)},
    "holes": {"chunks": (6, 6)},
}

SELECTIONS_2D = [
    (),
    ...,
    slice(None),
    0,
    -1,
    22,
    23,
    np.int64(3),
    slice(2, 9),
    slice(-5, None),
    slice(9, 2),
    slice(0, 0),
    slice(100, 200),
    slice(1, 20, 3),
    slice(0, 23, 8),
    slice(None, None, -1),
    (slice(None), 4),
    (3, 4),
    (-1, -1),
    (slice(3, 17, 2), slice(1, 16, 5)),
    (..., 2),
    (2, ...),
    (slice(None), [1, 3, 16]),
    ([0, 7, 22], slice(2, 5)),
    ([5], 3),
    ([3, 1], slice(None)),
    ([1, 1], slice(None)),
    ([0, 2], [1, 3]),
    np.arange(23) % 3 == 0,
    (slice(None), np.array([4, 9])),
    (0, 0, 0),
    None,
    "x",
    1.5,
    True,
    ([], slice(None)),
    (slice(4, 11), np.zeros(17, bool)),
]
SELECTIONS_OTHER = [(), ..., 0, -1, slice(1, 4), slice(0, None, 2), [0, 2], 99]


def values(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    rng = np.random.default_rng(1)
    if dtype.subdtype:
        return rng.integers(0, 99, (*shape, 2)).astype("<i4")
    if dtype.names:
        out = np.zeros(shape, dtype)
        for name in dtype.names:
            out[name] = rng.integers(0, 2, shape)
        return out
    if dtype.kind == "S":
        return rng.integers(0, 99_999, shape).astype("S5")
    most = 3 if dtype == TYPES["enum"] else 100
    return rng.integers(0, most, shape).astype(dtype)


def write(path: Path, layout: str, options: dict[str, Any]) -> list[str]:
    """Write one dataset of each type that the filter takes; return their names."""
    made = []
    plan = {"shape": (23, 17), **LAYOUTS[layout], **options}
    shape = plan.pop("shape")
    with h5py.File(path, "w") as file:
        for name, given in TYPES.items():
            dtype = np.dtype(given)
            data = values(shape, dtype)
            try:
                if layout == "compact":
                    _compact(file, name, data, dtype)
                elif layout == "holes":
                    dataset = file.create_dataset(name, shape, dtype, **plan)
                    dataset[3:9, 4:8] = data[3:9, 4:8]
                else:
                    file.create_dataset(name, data=data, dtype=dtype, **plan)
            except (ValueError, TypeError, OSError):
                if name in file:
                    del file[name]
                continue
            made.append(name)
    return made


def _compact(file: h5py.File, name: str, data: Any, dtype: Any) -> None:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple(data.shape)
    kind = h5py.h5t.py_create(dtype, logical=True)
    dataset = h5py.h5d.create(file.id, name.encode(), kind, space, plan)
    h5py.Dataset(dataset)[...] = data


def outcome(dataset: Any, selection: Any) -> tuple[Any, ...]:
    try:
        found = dataset[selection]
    except Exception as error:
        return ("raised", type(error).__name__)
    kind = type(found)
    array = np.asarray(found)
    return (kind, array.dtype, array.shape, array.tobytes())


CASES = [(layout, name) for layout in LAYOUTS for name in FILTERS] + []
CASES = [
    (layout, name)
    for layout, name in CASES
    if name == "none" or "chunks" in LAYOUTS[layout]
]
counted: list[int] = []


@pytest.mark.parametrize(("layout", "name"), CASES)
def test_a_selection_equals_that_of_h5py(
    tmp_path: Path, layout: str, name: str
) -> None:
    path = tmp_path / "x.h5"
    made = write(path, layout, FILTERS[name])
    selections = SELECTIONS_2D if len(LAYOUTS[layout]) < 2 else SELECTIONS_OTHER
    assert made
    with h5py.File(path) as theirs, File(LocalBlob(path)) as ours:
        for dtype in made:
            for selection in selections:
                expected = outcome(theirs[dtype], selection)
                assert outcome(ours[dtype], selection) == expected, (dtype, selection)
                counted.append(1)


def test_the_generated_cases_are_more_than_two_thousand() -> None:
    if len(counted) < len(CASES):
        pytest.skip("runs after the cases themselves")
    assert len(counted) >= 2000
