"""Patch clamp: current steps into one cell; the stronger the step, the more spikes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from pynwb import NWBFile
from pynwb.icephys import CurrentClampSeries, CurrentClampStimulusSeries

from hub_config.local.samples.session import Animal, generator, new_session, packed

RATE_HZ = 20_000.0
STEPS_PA = np.arange(-60, 220, 40)
SWEEP_S = 1.0
STEP_FROM_S, STEP_TO_S = 0.2, 0.8
_REST_V = -0.070
_THRESHOLD_V = -0.050
_RESISTANCE_OHM = 180e6
_TIME_CONSTANT_S = 0.015


def make(subject_id: str, session_id: str) -> NWBFile:
    """Make one cell's session.

    Parameters
    ----------
    subject_id, session_id : str
        As in the file's name.
    """
    nwb = new_session(
        animal=Animal(subject_id, sex="F", age="P40Y", species="Homo sapiens"),
        session_id=session_id,
        start=datetime(2019, 5, 6, 14, tzinfo=UTC),
        description="Current clamp of one pyramidal cell in a slice",
        lab="resembles Allen Institute",
    )
    device = nwb.create_device(name="Amplifier", description="Patch clamp amplifier")
    electrode = nwb.create_icephys_electrode(
        name="electrode0",
        description="Whole cell, 4 MOhm",
        device=device,
        cell_id=f"{subject_id}-1",
    )
    rng = generator("icephys", subject_id, session_id)
    rows = []
    for sweep, step_pa in enumerate(STEPS_PA):
        current = _current(float(step_pa))
        common = {"electrode": electrode, "rate": RATE_HZ, "sweep_number": sweep}
        stimulus = CurrentClampStimulusSeries(
            name=f"stimulus{sweep:02}",
            description=f"Step of {step_pa} pA",
            data=packed(current.astype(np.float32)),
            gain=1.0,
            stimulus_description="long square",
            **common,
        )
        response = CurrentClampSeries(
            name=f"response{sweep:02}",
            description="Membrane potential",
            data=packed(_voltage(current, rng).astype(np.float32)),
            gain=1.0,
            bias_current=0.0,
            **common,
        )
        rows.append(
            nwb.add_intracellular_recording(
                electrode=electrode, stimulus=stimulus, response=response
            )
        )
    _add_tables(nwb, rows)
    return nwb


def _add_tables(nwb: NWBFile, rows: list[int]) -> None:
    nwb.intracellular_recordings.add_column(
        name="step_pa", description="Size of the step", data=STEPS_PA.astype(float)
    )
    together = [nwb.add_icephys_simultaneous_recording(recordings=[r]) for r in rows]
    sequence = nwb.add_icephys_sequential_recording(
        simultaneous_recordings=together, stimulus_type="long square"
    )
    run = nwb.add_icephys_repetition(sequential_recordings=[sequence])
    nwb.add_icephys_experimental_condition(repetitions=[run])


def _current(step_pa: float) -> np.ndarray:
    times = np.arange(int(SWEEP_S * RATE_HZ)) / RATE_HZ
    during = (times >= STEP_FROM_S) & (times < STEP_TO_S)
    return np.where(during, step_pa * 1e-12, 0.0)


def _voltage(current: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Integrate and fire, in volts; a spike is one sample at +30 mV."""
    voltage = np.empty_like(current)
    level, silent = _REST_V, 0
    for sample, ampere in enumerate(current):
        target = _REST_V + _RESISTANCE_OHM * ampere
        level += (target - level) / (_TIME_CONSTANT_S * RATE_HZ)
        if silent:
            silent, level = silent - 1, _REST_V
        voltage[sample] = level
        if level > _THRESHOLD_V:
            voltage[sample], silent = 0.030, int(0.003 * RATE_HZ)
    return voltage + rng.normal(0, 1e-4, len(voltage))
