"""Like dandiset 000037: four sessions of expected and unexpected images.

Gabor sequences repeat; now and then the fourth image is a wrong one. Some cells answer
the surprise, and more strongly from session to session: what a sum over all sessions
must find, and what Dask spreads.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from pynwb import NWBFile, TimeSeries
from pynwb.epoch import TimeIntervals

from hub_config.local.samples.imaging import Field, add_imaging
from hub_config.local.samples.session import Animal, generator, new_session

RATE_HZ = 15.0
N_CELLS = 36
N_SURPRISE_CELLS = 12
_SEQUENCE_S = 1.5
_N_SEQUENCES = 80


def make(subject_id: str, session_id: str, day: int) -> NWBFile:
    """Make one session.

    Parameters
    ----------
    subject_id, session_id : str
        As in the file's name.
    day : int
        0 to 2: the answer to surprise grows with it.
    """
    rng = generator("credit assignment", subject_id, session_id)
    nwb = new_session(
        animal=Animal(subject_id=subject_id, genotype="Cux2-CreERT2;Camk2a-tTA;Ai93"),
        session_id=session_id,
        start=datetime(2018, 9, 20, 9, tzinfo=UTC) + timedelta(days=day),
        description="Gabor sequences with surprises",
        lab="resembles Allen OpenScope",
    )
    unexpected = rng.uniform(size=_N_SEQUENCES) < 0.15
    unexpected[::20] = False
    unexpected[10::20] = True
    _add_stimuli(nwb, unexpected, rng)
    n_frames = int(_N_SEQUENCES * _SEQUENCE_S * RATE_HZ)
    sequence = (np.arange(n_frames) / RATE_HZ // _SEQUENCE_S).astype(int)
    surprise = unexpected[sequence]
    mean = np.full((n_frames, N_CELLS), 0.1)
    mean[:, :N_SURPRISE_CELLS] += 0.2 * (day + 1) * surprise[:, None]
    field = Field(rate_hz=RATE_HZ, pixels=40, location="VISp layer 2/3")
    add_imaging(nwb, field, rng.poisson(mean).astype(float), rng)
    _add_running(nwb, n_frames, rng)
    return nwb


def _add_stimuli(
    nwb: NWBFile, unexpected: np.ndarray, rng: np.random.Generator
) -> None:
    gabors = TimeIntervals(name="gabors", description="Sequences A-B-C-D or A-B-C-U")
    gabors.add_column(name="orientation_deg", description="Mean orientation")
    gabors.add_column(name="is_unexpected", description="Ends with U")
    for number, surprise in enumerate(unexpected):
        start = number * _SEQUENCE_S
        gabors.add_row(
            start_time=start,
            stop_time=start + _SEQUENCE_S,
            orientation_deg=float(rng.choice([0, 45, 90, 135])),
            is_unexpected=bool(surprise),
        )
    nwb.add_time_intervals(gabors)
    grey = TimeIntervals(name="grayscreen", description="Nothing shown")
    end = len(unexpected) * _SEQUENCE_S
    grey.add_row(start_time=end, stop_time=end + 10.0)
    nwb.add_time_intervals(grey)


def _add_running(nwb: NWBFile, n_frames: int, rng: np.random.Generator) -> None:
    module = nwb.create_processing_module(name="behavior", description="Running")
    module.add(
        TimeSeries(
            name="running_velocity",
            description="Velocity of the running wheel",
            data=np.clip(np.cumsum(rng.normal(0, 0.5, n_frames)), 0, 30),
            rate=RATE_HZ,
            unit="cm/s",
        )
    )
