"""Writes `.mat` fixtures from the samples, and judges what Octave made of them.

Runs in the user environment: `matlab_fixtures.py make|judge FOLDER`, against the
archive that DANDI_INSTANCE names.
"""

import sys
from pathlib import Path

import numpy as np
from archive_data import open_nwb
from scipy.io import loadmat, savemat

SESSION = ("DANDI:900005", "sub-anm01/sub-anm01_ses-20200203_ecephys.nwb")
EDGES_S = np.linspace(-0.5, 1.5, 41)


def measured():
    """Return what MatNWB hands out: spikes end to end, their index, and the trials."""
    nwb = open_nwb(*SESSION)
    trials = nwb.trials
    return {
        "times": nwb.units["spike_times"].target.data[:],
        "index": nwb.units["spike_times"].data[:].astype(float),
        "starts": trials["start_time"][:],
        "directions": trials["direction_deg"][:],
        "edges": EDGES_S,
    }


def expected(data):
    """Return what the MATLAB functions must find, by NumPy's own means."""
    spikes = np.split(data["times"], data["index"].astype(int)[:-1])
    around = [
        [np.histogram(one - start, EDGES_S)[0] for start in data["starts"]]
        for one in spikes
    ]
    groups = np.unique(data["directions"])
    inside = (EDGES_S[:-1] > -1e-9) & (EDGES_S[:-1] < 1 - 1e-9)
    counts = np.array(around)[:, :, inside].sum(axis=2)
    curves = np.stack(
        [counts[:, data["directions"] == g].mean(axis=1) for g in groups], axis=1
    )
    arrows = (curves * np.exp(1j * np.deg2rad(groups))).sum(axis=1)
    return {
        "n_spikes": np.array([len(one) for one in spikes]),
        "last_spike": spikes[-1],
        "psth": np.array(around[0]),
        "groups": groups,
        "curves": curves,
        "prefers": np.rad2deg(np.angle(arrows)) % 360,
        "selectivity": np.abs(arrows) / curves.sum(axis=1),
    }


def main(what: str, folder: Path) -> None:
    """Make the fixtures, or judge the results."""
    data = measured()
    if what == "make":
        savemat(folder / "session.mat", data)
        return
    found = loadmat(folder / "found.mat", squeeze_me=True)
    for name, value in expected(data).items():
        assert np.allclose(found[name], value), (name, found[name], value)
    # What the generator of the sample put in.
    assert abs(found["prefers"][0] - 90) < 10
    assert found["selectivity"][0] > 3 * np.median(found["selectivity"])
    assert found["groups"][found["curves"][1].argmin()] == 90


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
