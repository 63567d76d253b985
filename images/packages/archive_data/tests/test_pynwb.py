"""What pynwb hands out reads as fast as what `open_h5` hands out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from pynwb import NWBHDF5IO, H5DataIO, NWBFile, TimeSeries

from archive_data import fetch, open_nwb, reset_stats, stats, to_dask
from archive_data.h5 import Dataset

DATA = np.random.default_rng(1).integers(0, 900, (40_000, 32)).astype("i2")


@pytest.fixture
def nwb(s3: Any, tmp_path: Any) -> Any:
    """An NWB file on S3 whose series has many small chunks, read by pynwb."""
    made = NWBFile(
        session_description="x",
        identifier="x",
        session_start_time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    data = H5DataIO(DATA, chunks=(500, 8), compression="gzip")
    made.add_acquisition(TimeSeries(name="raw", data=data, rate=1.0, unit="V"))
    with NWBHDF5IO(tmp_path / "x.nwb", "w") as out:
        out.write(made)
    return open_nwb(s3.put("x.nwb", (tmp_path / "x.nwb").read_bytes()))


def test_a_long_channel_takes_few_requests(nwb: Any) -> None:
    data = nwb.acquisition["raw"].data
    assert isinstance(data, Dataset)
    reset_stats()
    assert (data[:, 5] == DATA[:, 5]).all()
    assert stats().requests <= 16, "80 chunks, merged"


def test_dask_and_fetch_take_what_pynwb_hands_out(nwb: Any) -> None:
    series = nwb.acquisition["raw"]
    assert int(to_dask(series.data).sum().compute()) == int(DATA.sum(dtype="i8"))
    first, second = fetch(series.data, [np.s_[:100], np.s_[-100:, 3]])
    assert (first == DATA[:100]).all()
    assert (second == DATA[-100:, 3]).all()


def test_a_member_that_is_not_there_is_the_default(nwb: Any) -> None:
    group = nwb.acquisition["raw"].data.parent
    assert group.get("nothing") is None
    assert group.get("nothing", 5) == 5
    assert isinstance(group.get("data"), Dataset)
