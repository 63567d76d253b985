"""Like dandiset 000402: four fields at once, films shown, pupil and treadmill.

All fields share clock and stimuli: cells like one of the three kinds of stimulus.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from pynwb import NWBFile, TimeSeries
from pynwb.base import Images
from pynwb.behavior import EyeTracking, PupilTracking, SpatialSeries
from pynwb.epoch import TimeIntervals
from pynwb.image import GrayscaleImage

from hub_config.local.samples.imaging import Field, add_imaging
from hub_config.local.samples.session import Animal, generator, new_session

RATE_HZ = 6.3
N_FIELDS = 4
N_CELLS = 16
KINDS = ("Clip", "Monet2", "Trippy")
_SHOWN_S = 8.0
_ROUNDS = 4


def make() -> NWBFile:
    """Make the one session."""
    rng = generator("microns")
    nwb = new_session(
        animal=Animal(subject_id="17797", age="P75D/P81D"),
        session_id="9-scan-4",
        start=datetime(2018, 4, 1, 12, tzinfo=UTC),
        description="Two-photon mesoscope of visual cortex during films",
        lab="resembles Tolias (MICrONS)",
    )
    n_frames = int(_ROUNDS * len(KINDS) * _SHOWN_S * RATE_HZ)
    shown = _add_stimuli(nwb, np.arange(n_frames) / RATE_HZ)
    likes = np.arange(N_CELLS) % len(KINDS)
    for number in range(1, N_FIELDS + 1):
        mean = np.where(shown[:, None] == likes, 0.8, 0.05)
        field = Field(RATE_HZ, 40, "VISp", str(number), "GCaMP6s")
        add_imaging(nwb, field, rng.poisson(mean).astype(float), rng)
    _add_summaries(nwb)
    _add_behaviour(nwb, n_frames, rng)
    return nwb


def _add_stimuli(nwb: NWBFile, times_s: np.ndarray) -> np.ndarray:
    """Add a table per kind; return the kind shown in each frame."""
    for place, kind in enumerate(KINDS):
        table = TimeIntervals(name=kind, description=f"Times of the {kind} films")
        table.add_column(name="movie_name", description="Which film")
        for turn in range(_ROUNDS):
            start = (turn * len(KINDS) + place) * _SHOWN_S
            table.add_row(
                start_time=start,
                stop_time=start + _SHOWN_S,
                movie_name=f"{kind}_{turn}",
            )
        nwb.add_time_intervals(table)
    return (times_s // _SHOWN_S).astype(int) % len(KINDS)


def _add_summaries(nwb: NWBFile) -> None:
    images = [
        GrayscaleImage(
            name=f"average{number}",
            description="Mean over time",
            data=nwb.acquisition[f"TwoPhotonSeries{number}"].data.data.mean(axis=0),
        )
        for number in range(1, N_FIELDS + 1)
    ]
    nwb.processing["ophys"].add(
        Images(name="SegmentationImages", images=images, description="Mean images")
    )


def _add_behaviour(nwb: NWBFile, n_frames: int, rng: np.random.Generator) -> None:
    running = np.clip(np.cumsum(rng.normal(0, 0.6, n_frames)), 0, 20)
    pupil = 0.4 + 0.02 * running + rng.normal(0, 0.02, n_frames)
    gaze = rng.normal(0, 1, (n_frames, 2))
    module = nwb.create_processing_module(
        name="behavior", description="Eye and treadmill"
    )
    eye = SpatialSeries(
        name="eye_position",
        description="Centre of the pupil",
        data=gaze,
        rate=RATE_HZ,
        unit="degrees",
        reference_frame="0 is straight ahead",
    )
    radius = TimeSeries(
        name="pupil_minor_radius",
        description="Radius; it grows with running",
        data=pupil,
        rate=RATE_HZ,
        unit="millimeters",
    )
    module.add(EyeTracking(spatial_series=eye))
    module.add(PupilTracking(time_series=radius))
    nwb.add_acquisition(
        TimeSeries(
            name="treadmill_velocity",
            description="Velocity of the treadmill",
            data=running,
            rate=RATE_HZ,
            unit="cm/s",
        )
    )
