"""ECoG: a 4 by 4 grid on the cortex; high gamma rises where and when speech is heard.

Electrodes of the first row answer a stimulus with 70-150 Hz power from 100 ms on.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from pynwb import NWBFile
from pynwb.ecephys import ElectricalSeries
from scipy.signal import butter, sosfiltfilt

from hub_config.local.samples.session import Animal, generator, new_session, packed

RATE_HZ = 500.0
DURATION_S = 120.0
GRID = 4
ACTIVE = tuple(range(GRID))
STIMULUS_S = 0.6
DELAY_S = 0.1


def make(subject_id: str, session_id: str) -> NWBFile:
    """Make one block.

    Parameters
    ----------
    subject_id, session_id : str
        As in the file's name.
    """
    rng = generator("ecog", subject_id, session_id)
    nwb = new_session(
        animal=Animal(subject_id, sex="U", age="P30Y", species="Homo sapiens"),
        session_id=session_id,
        start=datetime(2017, 3, 4, 15, tzinfo=UTC),
        description="Grid over auditory cortex while syllables are heard",
        lab="resembles Chang",
    )
    _add_grid(nwb)
    onsets = np.arange(2.0, DURATION_S - 2.0, 2.0) + rng.uniform(0, 0.5, 58)
    nwb.add_trial_column(name="syllable", description="What was heard")
    for onset in onsets:
        nwb.add_trial(
            start_time=onset,
            stop_time=onset + STIMULUS_S,
            syllable=str(rng.choice(["ba", "da", "ga"])),
        )
    electrodes = nwb.create_electrode_table_region(
        region=list(range(GRID**2)), description="The grid"
    )
    nwb.add_acquisition(
        ElectricalSeries(
            name="ElectricalSeries",
            description="Voltage at the cortex",
            data=packed(_voltage(onsets, rng).astype(np.float32)),
            electrodes=electrodes,
            rate=RATE_HZ,
        )
    )
    return nwb


def _add_grid(nwb: NWBFile) -> None:
    device = nwb.create_device(name="Grid", description="4 mm between electrodes")
    group = nwb.create_electrode_group(
        name="grid",
        description="Subdural grid",
        location="superior temporal gyrus",
        device=device,
    )
    for number in range(GRID**2):
        row, column = divmod(number, GRID)
        nwb.add_electrode(
            group=group,
            location="superior temporal gyrus",
            rel_x=4.0 * column,
            rel_y=4.0 * row,
            rel_z=0.0,
        )


def _voltage(onsets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n_samples = int(DURATION_S * RATE_HZ)
    white = rng.normal(0, 1, (n_samples, GRID**2))
    band = butter(4, (70, 150), btype="bandpass", fs=RATE_HZ, output="sos")
    gamma = sosfiltfilt(band, white, axis=0)
    slow_band = butter(2, 30, fs=RATE_HZ, output="sos")
    slow = sosfiltfilt(slow_band, rng.normal(0, 1, white.shape), axis=0)
    times = np.arange(n_samples)[:, None] / RATE_HZ - onsets
    heard = ((times > DELAY_S) & (times < STIMULUS_S)).any(axis=1)
    strength = np.ones(white.shape)
    strength[np.ix_(heard, ACTIVE)] = 3.0
    return 1e-5 * (slow + 0.6 * strength * gamma + 0.1 * white)
