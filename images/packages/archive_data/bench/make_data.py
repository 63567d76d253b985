"""Makes NWB files shaped like those of the archive: ``python make_data.py FOLDER``.

big      the recording in 10 MB chunks, as neuroconv writes it
small    the same in 160 kB chunks, as h5py guesses them
scatter  200 series, so that metadata lie between data all over the file
Each has trials, 150 small series and a units table with ragged spike times, appended
in a second session as a spike sorter does.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hdmf.backends.hdf5.h5_utils import H5DataIO
from hdmf.data_utils import GenericDataChunkIterator
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ecephys import ElectricalSeries

RATE_HZ, CHANNELS, SECONDS = 30_000, 384, 20
CHUNKS = {"big": (78125, 64), "small": (14063, 6)}


def noise(n: int) -> Any:
    """About twofold compressible, as raw Neuropixels data are."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, CHANNELS), dtype=np.float32) * 6
    x += np.cumsum(rng.standard_normal((n, 1), dtype=np.float32), axis=0) * 0.3
    for t in rng.integers(0, n - 40, n // 100):
        c = rng.integers(0, CHANNELS - 6)
        x[t : t + 30, c : c + 6] -= 80 * np.hanning(30)[:, None]
    return x.astype(np.int16)


class Recording(GenericDataChunkIterator):
    def __init__(self, n: int, **options: Any) -> None:
        self.n, self.block = n, noise(78125)
        super().__init__(**options)

    def _get_maxshape(self) -> tuple[int, int]:
        return self.n, CHANNELS

    def _get_dtype(self) -> Any:
        return self.block.dtype

    def _get_data(self, selection: Any) -> Any:
        rows, columns = selection
        shift = int(np.random.default_rng(rows.start).integers(0, len(self.block)))
        block = np.roll(self.block, shift, axis=0)
        return block[: rows.stop - rows.start, columns]


def begin(name: str) -> NWBFile:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    nwb = NWBFile(f"bench {name}", f"bench-{name}", start, session_id="s1")
    probe = nwb.create_device("probe")
    columns = ("rel_x", "rel_y", "gain", "shank", "label_q", "ap", "dv", "ml")
    for column in columns:
        nwb.add_electrode_column(column, column)
    groups = [
        nwb.create_electrode_group(f"shank{i}", "g", "CA1", probe) for i in range(4)
    ]
    for i in range(CHANNELS):
        extra = {column: float(i) for column in columns}
        nwb.add_electrode(
            x=1.0, y=2.0, z=float(i), location="CA1", group=groups[i % 4], **extra
        )
    return nwb


def add_recording(nwb: NWBFile, seconds: float, chunks: tuple[int, int]) -> None:
    rows = chunks[0] * max(1, 78125 // chunks[0])
    data = Recording(
        int(seconds * RATE_HZ), chunk_shape=chunks, buffer_shape=(rows, CHANNELS)
    )
    region = nwb.create_electrode_table_region(list(range(CHANNELS)), "all")
    packed = H5DataIO(data, compression="gzip", compression_opts=4)
    nwb.add_acquisition(
        ElectricalSeries("ElectricalSeriesAP", packed, region, rate=float(RATE_HZ))
    )


def add_series(nwb: NWBFile) -> None:
    rng = np.random.default_rng(3)
    for i in range(100):
        values = rng.standard_normal((200_000, 2)).round(3)
        times = np.cumsum(rng.exponential(1 / 60, 200_000))
        series = TimeSeries(
            name=f"series{i:03d}",
            unit="a.u.",
            data=H5DataIO(values, compression="gzip", chunks=(50_000, 2)),
            timestamps=H5DataIO(times, compression="gzip", chunks=(50_000,)),
        )
        nwb.add_acquisition(series)


def second_session(nwb: NWBFile) -> None:
    rng = np.random.default_rng(1)
    columns = ("choice", "contrast", "feedback", "rt", "block", "go", "on", "off")
    for column in columns:
        nwb.add_trial_column(column, column)
    for i in range(800):
        extra = {column: float(i) for column in columns}
        nwb.add_trial(start_time=float(i), stop_time=i + 0.9, **extra)
    behavior = nwb.create_processing_module("behavior", "b")
    for i in range(150):
        values = H5DataIO(rng.standard_normal(2000), compression="gzip")
        times = H5DataIO(np.arange(2000) / 60.0, compression="gzip")
        behavior.add(TimeSeries(f"sig{i:03d}", values, "a.u.", timestamps=times))
    add_units(nwb, rng)


def add_units(nwb: NWBFile, rng: np.random.Generator) -> None:
    columns = ("snr", "isi_viol", "amp", "depth", "rate", "drift", "q1", "q2")
    for column in columns:
        nwb.add_unit_column(column, column)
    nwb.add_unit_column("quality", "q")
    spikes = rng.multinomial(5_000_000, rng.dirichlet(np.ones(600) * 2))
    for i in range(600):
        extra = {column: float(i) for column in columns}
        nwb.add_unit(
            spike_times=np.sort(rng.uniform(0, 3600, spikes[i])),
            waveform_mean=rng.standard_normal((60, 8)).astype("f4"),
            quality="good",
            **extra,
        )


def write(path: Path) -> None:
    nwb = begin(path.stem)
    if path.stem == "scatter":
        add_series(nwb)
    seconds = 3 if path.stem == "scatter" else SECONDS
    add_recording(nwb, seconds, CHUNKS.get(path.stem, (30000, 64)))
    part = path.with_suffix(".part")
    with h5py.File(part, "w") as file, NWBHDF5IO(file=file, mode="w") as io:
        io.write(nwb)
    with NWBHDF5IO(part, "a") as io:
        nwb = io.read()
        second_session(nwb)
        io.write(nwb)
    part.rename(path)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("big", "small", "scatter"):
        path = folder / f"{name}.nwb"
        if not path.exists():
            write(path)
            print(path.name, round(path.stat().st_size / 1e6), "MB", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
