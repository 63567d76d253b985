"""Like dandiset 000054: a mouse runs a virtual track, cells of CA1 fire at places.

Each cell has one place field (`FIELD_WIDTH_M`) whose centre the file tells in the
column `field_centre_m` of its plane segmentation, so that an analysis can be checked.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from pynwb import NWBFile, TimeSeries
from pynwb.behavior import BehavioralTimeSeries, Position, SpatialSeries

from hub_config.local.samples.imaging import Field, add_imaging
from hub_config.local.samples.session import Animal, generator, new_session

RATE_HZ = 10.0
DURATION_S = 200
TRACK_M = 4.0
REWARD_M = 3.4
FIELD_WIDTH_M = 0.3
N_CELLS = 25


def make(subject_id: str, session_id: str, compress: bool = True) -> NWBFile:
    """Make one session.

    Parameters
    ----------
    subject_id, session_id : str
        As in the file's name; the session's is its time, `YYYYMMDDThhmmss`.
    compress : bool
        False for Zarr.
    """
    rng = generator("hippocampus", subject_id, session_id)
    start = datetime.strptime(session_id + "+0000", "%Y%m%dT%H%M%S%z")
    nwb = new_session(
        animal=Animal(subject_id=subject_id, genotype="CaMKII-cre hemizygous"),
        session_id=session_id,
        start=start,
        description="Running in a virtual linear track",
        lab="resembles Giocomo",
    )
    position, speed, lap = _run(rng)
    centres = rng.permutation(np.linspace(0.1, TRACK_M - 0.1, N_CELLS))
    distance = np.abs(position[:, None] - centres)
    firing = np.exp(-(distance**2) / (2 * (FIELD_WIDTH_M / 2) ** 2))
    activity = rng.poisson(0.6 * firing * (speed > 0.05)[:, None]).astype(float)
    field = Field(rate_hz=RATE_HZ, pixels=40, location="CA1")
    add_imaging(nwb, field, activity, rng, compress)
    segmentation = nwb.processing["ophys"]["ImageSegmentation"]
    segmentation["PlaneSegmentation"].add_column(
        name="field_centre_m", description="Centre of the place field", data=centres
    )
    _add_behaviour(nwb, position, speed, rng)
    _add_laps(nwb, lap)
    return nwb


def _run(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_frames = int(DURATION_S * RATE_HZ)
    wish = np.convolve(rng.normal(0, 1, n_frames), np.ones(30) / 30, mode="same")
    speed = np.clip(0.35 + 0.6 * wish, 0.02, 0.9)
    travelled = np.cumsum(speed) / RATE_HZ
    return travelled % TRACK_M, speed, (travelled // TRACK_M).astype(int)


def _add_behaviour(
    nwb: NWBFile, position: np.ndarray, speed: np.ndarray, rng: np.random.Generator
) -> None:
    module = nwb.create_processing_module(
        name="behavior", description="Virtual reality, aligned to the frames"
    )
    place = SpatialSeries(
        name="position",
        description="Position on the track",
        data=position,
        rate=RATE_HZ,
        unit="meters",
        reference_frame="0 is the start of the track",
    )
    module.add(Position(spatial_series=place))
    near = np.abs(position - REWARD_M) < 0.25
    licks = rng.poisson(np.where(near, 0.7, 0.01))
    series = [("speed", speed, "m/s"), ("licks", licks, "count")]
    module.add(
        BehavioralTimeSeries(
            time_series=[
                TimeSeries(
                    name=name,
                    description=f"{name.capitalize()} in each frame",
                    data=data,
                    rate=RATE_HZ,
                    unit=unit,
                )
                for name, data, unit in series
            ]
        )
    )


def _add_laps(nwb: NWBFile, lap: np.ndarray) -> None:
    for number in range(lap[-1] + 1):
        frames = np.flatnonzero(lap == number)
        nwb.add_trial(
            start_time=frames[0] / RATE_HZ, stop_time=(frames[-1] + 1) / RATE_HZ
        )
