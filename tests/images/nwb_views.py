"""Builds every view that NWB Widgets has of a session; writes views.json.

Runs in the user environment: ``nwb_views.py FOLDER``.
"""

import json
import sys
import tempfile
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.base import Images
from pynwb.behavior import BehavioralTimeSeries, Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries
from pynwb.file import Subject
from pynwb.icephys import VoltageClampSeries, VoltageClampStimulusSeries
from pynwb.image import GrayscaleImage, RGBImage
from pynwb.ogen import OptogeneticSeries
from pynwb.ophys import (
    DfOverF,
    ImageSegmentation,
    OpticalChannel,
    RoiResponseSeries,
    TwoPhotonSeries,
)

RANDOM = np.random.default_rng(4)


def session() -> NWBFile:
    began = datetime(2026, 11, 24, tzinfo=UTC)
    file = NWBFile(
        session_description="views", identifier="views", session_start_time=began
    )
    file.subject = Subject(subject_id="M0", species="Mus musculus", age="P90D", sex="F")
    for add in (electrodes, spikes, behaviour, imaging, patch_clamp, pictures, light):
        add(file)
    return file


def electrodes(file: NWBFile) -> None:
    device = file.create_device(name="probe")
    group = file.create_electrode_group(
        name="shank", description="d", location="CA1", device=device
    )
    for _ in range(4):
        file.add_electrode(group=group, location="CA1")
    region = file.create_electrode_table_region([0, 1, 2, 3], "all")
    data = RANDOM.normal(size=(3000, 4))
    raw = ElectricalSeries(name="raw", data=data, electrodes=region, rate=1000.0)
    file.add_acquisition(raw)
    lfp = ElectricalSeries(name="lfp", data=data, electrodes=region, rate=1000.0)
    module = file.create_processing_module("ecephys", "d")
    module.add(LFP(electrical_series=lfp))


def spikes(file: NWBFile) -> None:
    for _ in range(3):
        file.add_unit(spike_times=np.sort(RANDOM.uniform(0, 20, 60)))
    for start in range(0, 20, 2):
        file.add_trial(start_time=float(start), stop_time=start + 1.0)
    file.add_epoch(start_time=0.0, stop_time=10.0, tags=["first"])


def behaviour(file: NWBFile) -> None:
    place = SpatialSeries(
        name="place",
        data=RANDOM.normal(size=(200, 2)),
        rate=10.0,
        reference_frame="box",
    )
    speed = TimeSeries(
        name="speed", data=RANDOM.normal(size=200), unit="m/s", rate=10.0
    )
    module = file.create_processing_module("behavior", "d")
    module.add(Position(spatial_series=place))
    module.add(BehavioralTimeSeries(time_series=speed))


def imaging(file: NWBFile) -> None:
    device = file.create_device(name="microscope")
    channel = OpticalChannel(name="green", description="d", emission_lambda=500.0)
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=channel,
        description="d",
        device=device,
        excitation_lambda=600.0,
        indicator="GCaMP",
        location="V1",
    )
    movie = RANDOM.normal(size=(50, 20, 20))
    file.add_acquisition(
        TwoPhotonSeries(
            name="movie", data=movie, imaging_plane=plane, rate=10.0, unit="n"
        )
    )
    segmentation = ImageSegmentation()
    rois = segmentation.create_plane_segmentation(
        name="rois", description="d", imaging_plane=plane
    )
    for corner in range(3):
        mask = np.zeros((20, 20))
        mask[corner : corner + 5, corner : corner + 5] = 1
        rois.add_roi(image_mask=mask)
    module = file.create_processing_module("ophys", "d")
    module.add(segmentation)
    region = rois.create_roi_table_region(region=[0, 1, 2], description="all")
    traces = RoiResponseSeries(
        name="traces",
        data=RANDOM.normal(size=(50, 3)),
        rois=region,
        unit="n",
        rate=10.0,
    )
    module.add(DfOverF(roi_response_series=traces))


def patch_clamp(file: NWBFile) -> None:
    device = file.create_device(name="amplifier")
    electrode = file.create_icephys_electrode(
        name="pipette", description="d", device=device
    )
    for sweep in range(2):
        common = {"electrode": electrode, "rate": 1000.0, "gain": 1.0}
        stimulus = VoltageClampStimulusSeries(
            name=f"stimulus{sweep}", data=np.ones(100), **common
        )
        response = VoltageClampSeries(
            name=f"response{sweep}", data=RANDOM.normal(size=100), **common
        )
        file.add_intracellular_recording(
            electrode=electrode, stimulus=stimulus, response=response
        )


def pictures(file: NWBFile) -> None:
    grey = GrayscaleImage(name="grey", data=RANDOM.uniform(size=(16, 16)))
    colour = RGBImage(name="colour", data=RANDOM.uniform(size=(16, 16, 3)))
    file.add_acquisition(Images(name="pictures", images=[grey, colour]))


def light(file: NWBFile) -> None:
    device = file.create_device(name="laser")
    site = file.create_ogen_site(
        name="site",
        device=device,
        description="d",
        excitation_lambda=480.0,
        location="V1",
    )
    file.add_stimulus(
        OptogeneticSeries(
            name="light", data=RANDOM.normal(size=100), site=site, rate=10.0
        )
    )


def views(node: Any, spec: dict[type, Any]) -> dict[str, Any]:
    """Return the views of a node: name -> function."""
    for kind in type(node).__mro__:
        if kind in spec:
            found = spec[kind]
            return dict(found) if isinstance(found, dict) else {"": found}
    return {}


class Views:
    """All views of a session, by name; the session's file is a temporary one."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "views.nwb"
        with NWBHDF5IO(path, "w") as out:
            out.write(session())
        from nwbwidgets.view import default_neurodata_vis_spec as spec

        self._spec = spec
        self._io = NWBHDF5IO(path, "r")
        self._views = {}
        for node in self._io.read().objects.values():
            for name, view in views(node, spec).items():
                self._views[f"{type(node).__name__} {name}".strip()] = (
                    view,
                    node,
                    name,
                )
        self.names = list(self._views)

    def __call__(self, key: str) -> Any:
        """Build a view."""
        view, node, name = self._views[key]
        # As nwbwidgets.base does: a view in a tab gets the node alone.
        return view(node) if name else view(node, neurodata_vis_spec=self._spec)


def main() -> None:
    warnings.simplefilter("ignore")
    show, told = Views(), {}
    for key in show.names:
        try:
            show(key)
            told[key] = "ok"
        except Exception:
            told[key] = traceback.format_exc(limit=-2)
    # Views print as they please, so the answer goes to a file.
    (Path(sys.argv[1]) / "views.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
