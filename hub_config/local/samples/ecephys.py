"""Extracellular recording: units whose spikes are in the raw voltage, one tuned.

Unit 0 fires most for one direction (`PREFERRED_DEG`) with a bell-shaped curve, unit 1
is held down by it, the others do not care. The raw trace holds their waveforms at the
times of the units table, so a sorter can be scored.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from pynwb import NWBFile
from pynwb.ecephys import LFP, ElectricalSeries

from hub_config.local.samples.session import Animal, generator, new_session, packed

RATE_HZ = 20_000.0
LFP_RATE_HZ = 1_000.0
DURATION_S = 40.0
N_CHANNELS = 8
N_UNITS = 6
PREFERRED_DEG = 90.0
DIRECTIONS_DEG = np.arange(0, 360, 45)
_TRIAL_S = 1.0
_VOLTS_PER_BIT = 1e-7


def make(subject_id: str, session_id: str) -> NWBFile:
    """Make one session.

    Parameters
    ----------
    subject_id, session_id : str
        As in the file's name.
    """
    rng = generator("ecephys", subject_id, session_id)
    nwb = new_session(
        animal=Animal(subject_id=subject_id, sex="F", age="P120D"),
        session_id=session_id,
        start=datetime(2020, 2, 3, 11, tzinfo=UTC),
        description="Silicon probe in visual cortex, drifting gratings",
        lab="resembles Svoboda",
    )
    _add_electrodes(nwb)
    directions = _add_trials(nwb, rng)
    spikes = [_spike_times(unit, directions, rng) for unit in range(N_UNITS)]
    shapes = _waveforms(rng)
    _add_units(nwb, spikes, shapes)
    _add_voltage(nwb, spikes, shapes, rng)
    _add_lfp(nwb, rng)
    return nwb


def _add_electrodes(nwb: NWBFile) -> None:
    probe = nwb.create_device(name="Probe", description="Eight sites in a row")
    shank = nwb.create_electrode_group(
        name="shank0", description="The only shank", location="VISp", device=probe
    )
    for channel in range(N_CHANNELS):
        nwb.add_electrode(
            group=shank, location="VISp", rel_x=0.0, rel_y=20.0 * channel, rel_z=0.0
        )


def _add_trials(nwb: NWBFile, rng: np.random.Generator) -> np.ndarray:
    n_trials = int(DURATION_S / _TRIAL_S)
    directions = rng.permutation(np.resize(DIRECTIONS_DEG, n_trials)).astype(float)
    nwb.add_trial_column(name="direction_deg", description="Direction of the grating")
    for trial, direction in enumerate(directions):
        start = trial * _TRIAL_S
        nwb.add_trial(
            start_time=start, stop_time=start + _TRIAL_S, direction_deg=direction
        )
    return directions


def _spike_times(
    unit: int, directions: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    away = np.deg2rad(directions - PREFERRED_DEG)
    tuning = np.exp((np.cos(away) - 1) / 0.3)
    rates_hz = [3 + 30 * tuning, 18 - 15 * tuning][unit] if unit < 2 else 8.0
    rates_hz = np.broadcast_to(rates_hz, directions.shape)
    counts = rng.poisson(rates_hz * _TRIAL_S)
    starts = np.repeat(np.arange(len(directions)) * _TRIAL_S, counts)
    times = np.sort(starts + rng.uniform(0, _TRIAL_S, counts.sum()))
    times = times[(times > 0.01) & (times < DURATION_S - 0.01)]
    # No neuron fires twice within its refractory time.
    return times[np.diff(times, prepend=-1.0) > 0.002]


def _waveforms(rng: np.random.Generator) -> np.ndarray:
    """Return (n_units, n_channels, n_samples), volts; each unit has its own site."""
    t_ms = np.arange(-20, 40) / RATE_HZ * 1e3
    shape = -np.exp(-((t_ms / 0.15) ** 2)) + 0.4 * np.exp(-(((t_ms - 0.5) / 0.3) ** 2))
    sites = np.arange(N_CHANNELS)
    near = np.exp(-(((sites - np.arange(N_UNITS)[:, None] - 1) / 0.9) ** 2))
    size_v = rng.uniform(120e-6, 220e-6, (N_UNITS, 1, 1))
    return size_v * near[:, :, None] * shape


def _add_units(nwb: NWBFile, spikes: list[np.ndarray], shapes: np.ndarray) -> None:
    nwb.add_unit_column(name="quality", description="Judged by its maker")
    for times, shape in zip(spikes, shapes, strict=True):
        nwb.add_unit(
            spike_times=times,
            obs_intervals=[[0.0, DURATION_S]],
            electrodes=[int(np.abs(shape).max(axis=1).argmax())],
            waveform_mean=shape.T,
            quality="good",
        )


def _add_voltage(
    nwb: NWBFile,
    spikes: list[np.ndarray],
    shapes: np.ndarray,
    rng: np.random.Generator,
) -> None:
    n_samples = int(DURATION_S * RATE_HZ)
    voltage = rng.normal(0, 8e-6, (n_samples, N_CHANNELS)).astype(np.float32)
    window = np.arange(-20, 40)
    for times, shape in zip(spikes, shapes, strict=True):
        at = np.round(times * RATE_HZ).astype(int)[:, None] + window
        np.add.at(voltage, at, shape.T.astype(np.float32))
    nwb.add_acquisition(
        ElectricalSeries(
            name="ElectricalSeries",
            description="Broadband voltage",
            data=packed(np.round(voltage / _VOLTS_PER_BIT).astype(np.int16)),
            conversion=_VOLTS_PER_BIT,
            electrodes=_all_electrodes(nwb),
            rate=RATE_HZ,
        )
    )


def _add_lfp(nwb: NWBFile, rng: np.random.Generator) -> None:
    times = np.arange(int(DURATION_S * LFP_RATE_HZ)) / LFP_RATE_HZ
    theta = 1e-4 * np.sin(2 * np.pi * 7 * times)[:, None]
    depth = np.linspace(1, -1, N_CHANNELS)
    lfp = theta * depth + rng.normal(0, 2e-5, (len(times), N_CHANNELS))
    series = ElectricalSeries(
        name="ElectricalSeries",
        description="Theta at 7 Hz that turns round along the probe",
        data=packed(lfp.astype(np.float32)),
        electrodes=_all_electrodes(nwb),
        rate=LFP_RATE_HZ,
    )
    module = nwb.create_processing_module(name="ecephys", description="Filtered")
    module.add(LFP(electrical_series=series))


def _all_electrodes(nwb: NWBFile) -> object:
    return nwb.create_electrode_table_region(
        region=list(range(N_CHANNELS)), description="All sites"
    )
