"""Like dandiset 000454: the same beads and dendrites, aberrated and corrected.

The corrected stack is the truth blurred by a narrow point spread function, the raw one
by a wide and dim one: sharpness rises measurably, light is about the same.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from pynwb import NWBFile
from pynwb.ophys import OpticalChannel, TwoPhotonSeries
from scipy.ndimage import gaussian_filter

from hub_config.local.samples.session import Animal, generator, new_session, packed

PIXELS = 96
N_FRAMES = 40
BLUR_PIXELS = {"raw": 3.0, "corrected": 0.9}


def make(subject_id: str, optics: str) -> NWBFile:
    """Make one stack.

    Parameters
    ----------
    subject_id : str
        As in the file's name.
    optics : str
        `raw` or `corrected`.
    """
    nwb = new_session(
        animal=Animal(subject_id=subject_id, genotype="SST-IRES-Cre x Ai14"),
        session_id=optics,
        start=datetime(2021, 6, 1, 10, tzinfo=UTC),
        description=f"Structure seen with {optics} wavefront",
        lab="resembles Ji",
    )
    device = nwb.create_device(
        name="Microscope", description="With a deformable mirror"
    )
    plane = nwb.create_imaging_plane(
        name="ImagingPlane",
        description="One depth, 300 um below the surface",
        optical_channel=OpticalChannel(
            name="OpticalChannel", description="Red channel", emission_lambda=580.0
        ),
        device=device,
        excitation_lambda=1000.0,
        indicator="tdTomato",
        location="VISp",
        imaging_rate=5.0,
    )
    nwb.add_acquisition(
        TwoPhotonSeries(
            name="TwoPhotonSeries",
            description=f"{optics.capitalize()}: repeated frames of one place",
            data=packed(_stack(optics)),
            imaging_plane=plane,
            rate=5.0,
            unit="n.a.",
        )
    )
    return nwb


def _stack(optics: str) -> np.ndarray:
    truth = generator("adaptive optics").uniform(size=(PIXELS, PIXELS)) > 0.985
    y, x = np.mgrid[:PIXELS, :PIXELS]
    dendrite = np.abs(y - PIXELS / 2 - 12 * np.sin(x / 9)) < 1
    light = gaussian_filter(
        900.0 * (truth + 0.5 * dendrite), sigma=BLUR_PIXELS[optics], mode="wrap"
    )
    noisy = generator("noise", optics).poisson(light + 20, (N_FRAMES, PIXELS, PIXELS))
    return noisy.astype(np.int16)
