"""Two-photon imaging of round cells: from activity to traces and a movie that agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pynwb import NWBFile
from pynwb.ophys import (
    DfOverF,
    Fluorescence,
    ImageSegmentation,
    ImagingPlane,
    OpticalChannel,
    PlaneSegmentation,
    RoiResponseSeries,
    TwoPhotonSeries,
)

from hub_config.local.samples.session import packed

_DECAY_S = 0.4
_BASELINE = 200.0


@dataclass(frozen=True)
class Field:
    """A field of view.

    Parameters
    ----------
    rate_hz : float
        Frames a second.
    pixels : int
        Width and height.
    location : str
        Brain area.
    suffix : str
        Put behind the names of its objects, where a file has several fields.
    indicator : str
        What glows.
    """

    rate_hz: float
    pixels: int
    location: str
    suffix: str = ""
    indicator: str = "GCaMP6f"


def calcium(activity: np.ndarray, rate_hz: float) -> np.ndarray:
    """Blur activity as an indicator does.

    Parameters
    ----------
    activity : ndarray, shape (n_frames, n_cells)
        Anything that is zero at rest.
    rate_hz : float
        Frames a second.

    Returns
    -------
    ndarray of float32, same shape
        Change of fluorescence over baseline.
    """
    keep = np.exp(-1.0 / (rate_hz * _DECAY_S))
    trace = np.empty(activity.shape, dtype=np.float32)
    level = np.zeros(activity.shape[1])
    for frame, now in enumerate(activity):
        level = keep * level + now
        trace[frame] = level
    return trace


def masks(n_cells: int, pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Draw round cells on a grid, a little displaced.

    Returns
    -------
    ndarray of float32, shape (n_cells, pixels, pixels)
        Weights, at most 1.
    """
    side = int(np.ceil(np.sqrt(n_cells)))
    step = pixels / side
    rows, columns = np.divmod(np.arange(n_cells), side)
    centres = (np.stack([rows, columns], axis=1) + 0.5) * step
    centres += rng.uniform(-0.15, 0.15, centres.shape) * step
    y, x = np.mgrid[:pixels, :pixels]
    down, right = centres.T[:, :, None, None]
    squared = (y - down) ** 2 + (x - right) ** 2
    weights = np.exp(-squared / (2 * (step / 5) ** 2))
    return np.where(weights > 0.1, weights, 0).astype(np.float32)


def add_imaging(
    nwb: NWBFile,
    field: Field,
    activity: np.ndarray,
    rng: np.random.Generator,
    compress: bool = True,
) -> None:
    """Add plane, movie, regions and traces of one field to a session.

    Parameters
    ----------
    nwb : NWBFile
        The session.
    field : Field
        What was looked at.
    activity : ndarray, shape (n_frames, n_cells)
        What the cells did.
    rng : Generator
        For the cells' places and the noise.
    compress : bool
        False for Zarr, which compresses by itself.
    """
    shape = masks(activity.shape[1], field.pixels, rng)
    response = calcium(activity, field.rate_hz)
    response += rng.normal(0, 0.05, response.shape).astype(np.float32)
    movie = _BASELINE + 40 * np.tensordot(response, shape, axes=1)
    movie += rng.normal(0, 4, movie.shape).astype(np.float32) + 30 * shape.sum(axis=0)
    movie = np.clip(movie, 0, 32767).astype(np.int16)
    plane = _plane(nwb, field)
    nwb.add_acquisition(
        TwoPhotonSeries(
            name=f"TwoPhotonSeries{field.suffix}",
            description="Motion-corrected movie.",
            data=packed(movie) if compress else movie,
            imaging_plane=plane,
            rate=field.rate_hz,
            unit="n.a.",
        )
    )
    _add_traces(nwb, field, plane, shape, response)


def _plane(nwb: NWBFile, field: Field) -> ImagingPlane:
    device = nwb.devices.get("Microscope") or nwb.create_device(
        name="Microscope", description="Two-photon microscope"
    )
    channel = OpticalChannel(
        name="OpticalChannel", description="Green channel", emission_lambda=510.0
    )
    return nwb.create_imaging_plane(
        name=f"ImagingPlane{field.suffix}",
        description="One field of view",
        optical_channel=channel,
        device=device,
        excitation_lambda=920.0,
        indicator=field.indicator,
        location=field.location,
        imaging_rate=field.rate_hz,
    )


def _add_traces(
    nwb: NWBFile,
    field: Field,
    plane: ImagingPlane,
    shape: np.ndarray,
    response: np.ndarray,
) -> None:
    if "ophys" in nwb.processing:
        module = nwb.processing["ophys"]
    else:
        module = nwb.create_processing_module(
            name="ophys", description="Regions and their traces"
        )
        module.add(ImageSegmentation())
        module.add(Fluorescence())
        module.add(DfOverF())
    table = PlaneSegmentation(
        name=f"PlaneSegmentation{field.suffix}",
        description="Cells",
        imaging_plane=plane,
    )
    module["ImageSegmentation"].add_plane_segmentation(table)
    for mask in shape:
        table.add_roi(image_mask=mask)
    raw = _BASELINE * (1 + response)
    for holder, data, unit in (
        ("Fluorescence", raw, "a.u."),
        ("DfOverF", response, "n.a."),
    ):
        rois = table.create_roi_table_region(
            region=list(range(len(shape))), description="All cells"
        )
        module[holder].add_roi_response_series(
            RoiResponseSeries(
                name=f"RoiResponseSeries{field.suffix}",
                description="Mean over each cell",
                data=data,
                rois=rois,
                rate=field.rate_hz,
                unit=unit,
            )
        )
