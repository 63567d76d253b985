"""Rows of ragged columns, conversions, reads into place: few requests, right data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile

from archive_data import fetch, open_nwb, reset_stats, stats
from archive_data.h5 import File
from archive_data.index.make import make
from archive_data.local_blob import LocalBlob

N = 400
TIMES = [np.arange(i * 3 % 900) + i / 1000 for i in range(N)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ragged") / "x.nwb"
    made = NWBFile(
        session_description="x",
        identifier="x",
        session_start_time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    made.add_unit_column(name="snr", description="s")
    made.add_unit_column(name="depth", description="d")
    probe = made.create_device(name="probe")
    group = made.create_electrode_group(
        name="shank", description="g", location="CA1", device=probe
    )
    for i in range(4):
        made.add_electrode(location=f"CA{i}", group=group)
    for i, times in enumerate(TIMES):
        made.add_unit(spike_times=times, snr=float(i), depth=i / 2, electrodes=[i % 4])
    with NWBHDF5IO(path, "w") as out:
        out.write(made)
    return path


@pytest.fixture
def units(s3: Any, path: Path) -> Any:
    return open_nwb(s3.put("ragged.nwb", path.read_bytes())).units


def test_many_rows_of_a_ragged_column_are_one_pass(units: Any) -> None:
    column = units["spike_times"]
    rows = [399, 3, 0, 77, 250, -1]
    reset_stats()
    found = fetch(column, rows)
    assert stats().requests <= 12
    assert all((a == TIMES[i]).all() for a, i in zip(found, rows, strict=True))


def test_rows_are_given_as_pynwb_gives_them(units: Any) -> None:
    column = units["spike_times"]
    selections = [5, slice(10, 13), [1, 8], np.arange(N) < 2]
    for ours, selection in zip(fetch(column, selections), selections, strict=True):
        theirs = column[selection]
        assert type(ours) is type(theirs)
        one = isinstance(ours, np.ndarray)
        pairs = [(ours, theirs)] if one else list(zip(ours, theirs, strict=True))
        assert all((a == b).all() for a, b in pairs)


def test_what_refers_to_another_table_is_given_as_pynwb_gives_it(units: Any) -> None:
    column = units["electrodes"]
    found = fetch(column, [2, 3])
    assert [list(rows["location"]) for rows in found] == [["CA2"], ["CA3"]]


def test_the_columns_of_units_take_few_rounds(units: Any) -> None:
    reset_stats()
    assert (units["spike_times"].target.data[:] == np.concatenate(TIMES)).all()
    sent = stats().requests
    assert (units["snr"].data[:] == np.arange(N)).all()
    assert (units["depth"].data[:] == np.arange(N) / 2).all()
    assert stats().requests <= sent + 1, "they came with the first column"


class Counted(LocalBlob):
    """Counts what HDF5 itself reads."""

    reads = 0

    def read(self, start: int, stop: int) -> bytes:
        self.reads += 1
        return super().read(start, stop)


def test_with_an_index_a_column_walks_no_chunk_tree(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        table = file.create_group("units")
        table.attrs["colnames"] = ["snr", "times"]
        for name, n in (("snr", 10), ("times", 50_000)):
            table.create_dataset(name, data=np.arange(n), chunks=(min(n, 100),))
    index = make(LocalBlob(path))
    blob = Counted(path)
    file = File(blob, index.spans, index.tables)
    assert (file["units/times"][...] == np.arange(50_000)).all()
    assert not blob.reads
    file.close()


TYPES = ["i1", "u2", "i4", "i8", "f4", "f8"]


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "n.h5", "w") as file:
        for kind in TYPES:
            data = np.random.default_rng(0).normal(0, 300, (40, 7)).astype("f8")
            data = np.clip(data, *((-120, 120) if kind == "i1" else (0, 60_000)))
            file.create_dataset(
                kind, data=data.astype(kind), chunks=(7, 3), compression="gzip"
            )
    return tmp_path / "n.h5"


@pytest.mark.parametrize("kind", TYPES)
def test_a_conversion_gives_what_h5py_gives(numbers: Path, kind: str) -> None:
    with h5py.File(numbers) as theirs, File(LocalBlob(numbers)) as ours:
        for target in [*TYPES, ">f4", "f2", "c16", "?"]:
            for key in (np.s_[:], np.s_[3:20, 2], np.s_[0, 0], np.s_[[1, 5]]):
                try:
                    expected = theirs[kind].astype(target)[key]
                except (TypeError, ValueError, OSError) as error:
                    with pytest.raises(type(error)):
                        ours[kind].astype(target)[key]
                    continue
                found = ours[kind].astype(target)[key]
                assert type(found) is type(expected)
                assert found.dtype == expected.dtype
                assert np.asarray(found).tobytes() == np.asarray(expected).tobytes()


@pytest.mark.parametrize("kind", TYPES)
def test_reading_into_place_does_what_h5py_does(numbers: Path, kind: str) -> None:
    cases = [
        ((40, 7), None, None),
        ((10, 7), np.s_[5:15], None),
        ((60, 9), np.s_[5:15, 2:4], np.s_[50:60, 7:9]),
        ((10,), np.s_[5:15, 2], None),
        ((3,), np.s_[5:15, 2], None),
        ((40, 7), np.s_[::2], np.s_[:20]),
    ]
    with h5py.File(numbers) as theirs, File(LocalBlob(numbers)) as ours:
        for into in (kind, "f8"):
            for shape, source, target in cases:
                a, b = np.full(shape, 3, into), np.full(shape, 3, into)
                try:
                    theirs[kind].read_direct(a, source, target)
                except (TypeError, ValueError, OSError) as error:
                    with pytest.raises(type(error)):
                        ours[kind].read_direct(b, source, target)
                    continue
                ours[kind].read_direct(b, source, target)
                assert a.tobytes() == b.tobytes(), (into, shape, source, target)
