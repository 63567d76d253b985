"""Makes NWB files shaped like those of the archive.

``python make_data.py FOLDER SECONDS NAME...``

big      the recording in 10 MB chunks, as neuroconv writes it
small    the same in 160 kB chunks, as h5py guesses them
scatter  200 series, so that metadata lie between data all over the file
zarr2    big as a Zarr 2, by hdmf-zarr 0.13; zarr3 the same as a Zarr 3, by 0.14
video    a movie of 512 x 512 pixels, 16 frames in a chunk
All but video have trials, 150 small series and a units table with ragged spike times,
appended in a second session as a spike sorter does.
"""

from __future__ import annotations

import shutil
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
from pynwb.ophys import OpticalChannel, TwoPhotonSeries

RATE_HZ, CHANNELS = 30_000, 384
CHUNKS = {"big": (78125, 64), "small": (14063, 6), "scatter": (30000, 64)}
FULL_SECONDS = 20


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
        self.n, self.block = n, noise(min(n, 78125))
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
    nwb = NWBFile(
        session_description=f"bench {name}",
        identifier=f"bench-{name}",
        session_start_time=start,
    )
    probe = nwb.create_device(name="probe")
    columns = ("rel_x", "rel_y", "gain", "shank", "label_q", "ap", "dv", "ml")
    for column in columns:
        nwb.add_electrode_column(name=column, description=column)
    groups = [
        nwb.create_electrode_group(
            name=f"shank{i}", description="g", location="CA1", device=probe
        )
        for i in range(4)
    ]
    for i in range(CHANNELS):
        extra = {column: float(i) for column in columns}
        nwb.add_electrode(
            x=1.0, y=2.0, z=float(i), location="CA1", group=groups[i % 4], **extra
        )
    return nwb


def recording(seconds: float, name: str) -> Recording:
    n = int(seconds * RATE_HZ)
    rows, columns = CHUNKS[name]
    rows = min(rows, n // 2)
    buffer = rows * max(1, min(n, 78125) // rows), CHANNELS
    return Recording(n, chunk_shape=(rows, columns), buffer_shape=buffer)


def add_recording(nwb: NWBFile, data: Any) -> None:
    region = nwb.create_electrode_table_region(
        region=list(range(CHANNELS)), description="all"
    )
    nwb.add_acquisition(
        ElectricalSeries(
            name="ElectricalSeriesAP", data=data, electrodes=region, rate=float(RATE_HZ)
        )
    )


def add_series(nwb: NWBFile, count: int) -> None:
    rng = np.random.default_rng(3)
    for i in range(count):
        values = rng.standard_normal((200_000, 2)).round(3)
        times = np.cumsum(rng.exponential(1 / 60, 200_000))
        series = TimeSeries(
            name=f"series{i:03d}",
            unit="a.u.",
            data=H5DataIO(values, compression="gzip", chunks=(50_000, 2)),
            timestamps=H5DataIO(times, compression="gzip", chunks=(50_000,)),
        )
        nwb.add_acquisition(series)


def second_session(nwb: NWBFile, share: float, packed: bool = True) -> None:
    rng = np.random.default_rng(1)
    columns = ("choice", "contrast", "feedback", "rt", "block", "go", "on", "off")
    for column in columns:
        nwb.add_trial_column(name=column, description=column)
    for i in range(800):
        extra = {column: float(i) for column in columns}
        nwb.add_trial(start_time=float(i), stop_time=i + 0.9, **extra)
    behavior = nwb.create_processing_module(name="behavior", description="b")
    for i in range(150):
        values, times = rng.standard_normal(2000), np.arange(2000) / 60.0
        if packed:
            values = H5DataIO(values, compression="gzip")
            times = H5DataIO(times, compression="gzip")
        behavior.add(
            TimeSeries(name=f"sig{i:03d}", data=values, unit="a.u.", timestamps=times)
        )
    add_units(nwb, rng, int(5_000_000 * share))


def add_units(nwb: NWBFile, rng: np.random.Generator, count: int) -> None:
    columns = ("snr", "isi_viol", "amp", "depth", "rate", "drift", "q1", "q2")
    for column in columns:
        nwb.add_unit_column(name=column, description=column)
    nwb.add_unit_column(name="quality", description="q")
    spikes = rng.multinomial(count, rng.dirichlet(np.ones(600) * 2))
    for i in range(600):
        extra = {column: float(i) for column in columns}
        nwb.add_unit(
            spike_times=np.sort(rng.uniform(0, 3600, spikes[i])),
            waveform_mean=rng.standard_normal((60, 8)).astype("f4"),
            quality="good",
            **extra,
        )


def write_h5(path: Path, seconds: float) -> None:
    nwb, share = begin(path.stem), min(1.0, seconds / FULL_SECONDS)
    if path.stem == "scatter":
        add_series(nwb, int(100 * share))
        seconds = min(seconds, 3)
    data = recording(seconds, path.stem)
    add_recording(nwb, H5DataIO(data, compression="gzip", compression_opts=4))
    part = path.with_suffix(".part")
    with h5py.File(part, "w") as file, NWBHDF5IO(file=file, mode="w") as io:
        io.write(nwb)
    with NWBHDF5IO(part, "a") as io:
        nwb = io.read()
        second_session(nwb, share)
        io.write(nwb)
    part.rename(path)


def write_zarr(path: Path, seconds: float) -> None:
    import zarr
    from hdmf_zarr import NWBZarrIO, ZarrDataIO

    options: dict[str, Any]
    if zarr.__version__.startswith("2"):
        import numcodecs

        options = {"compressor": numcodecs.Zlib(4)}
    else:
        options = {"compressors": zarr.codecs.GzipCodec(level=4)}
    nwb = begin(path.stem)
    data = recording(seconds, "big")
    add_recording(nwb, ZarrDataIO(data=data, chunks=data.chunk_shape, **options))
    second_session(nwb, min(1.0, seconds / FULL_SECONDS), packed=False)
    part = path.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    with NWBZarrIO(str(part), "w") as io:
        io.write(nwb)
    part.rename(path)


def write_video(path: Path, seconds: float) -> None:
    nwb = begin(path.stem)
    optics = nwb.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(
            name="c", description="c", emission_lambda=500.0
        ),
        description="p",
        device=nwb.devices["probe"],
        excitation_lambda=600.0,
        indicator="i",
        location="V1",
    )
    n = max(64, int(seconds * 20))
    noisy = np.random.default_rng(0).poisson(40, (16, 512, 512)).astype(np.int16)
    frames = np.concatenate([np.roll(noisy, i, 1) for i in range(n // 16)])
    packed = H5DataIO(frames, compression="gzip", chunks=noisy.shape)
    nwb.add_acquisition(
        TwoPhotonSeries(
            name="TwoPhotonSeries",
            data=packed,
            imaging_plane=optics,
            rate=20.0,
            unit="n",
        )
    )
    part = path.with_suffix(".part")
    with h5py.File(part, "w") as file, NWBHDF5IO(file=file, mode="w") as io:
        io.write(nwb)
    part.rename(path)


def main(folder: Path, seconds: float, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name.startswith("zarr"):
            path, make = folder / f"{name}.zarr", write_zarr
        else:
            make = write_video if name == "video" else write_h5
            path = folder / f"{name}.nwb"
        if not path.exists():
            make(path, seconds)
            print(path.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
