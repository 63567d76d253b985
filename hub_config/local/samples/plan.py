"""What the sample archive holds, and for each asset the call that makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pynwb import NWBFile

from hub_config.local.samples import (
    adaptive_optics,
    credit_assignment,
    ecephys,
    ecog,
    hippocampus,
    icephys,
    microns,
)
from hub_config.local.samples.ingest import Place
from hub_config.local.samples.shelf import DRAFT, DandisetRecord

PUBLISHED_54 = "0.210819.1547"
PUBLISHED_402 = "0.230307.2132"
PUBLISHED_454 = "0.230302.2331"
PUBLISHED_37 = "0.240209.1623"
PUBLISHED_OURS = "0.261101.1200"


@dataclass(frozen=True)
class Sample:
    """One asset: where it goes, and what makes it."""

    place: Place
    make: Callable[[], NWBFile]


def _dandiset(identifier: str, name: str, about: str, published: str) -> DandisetRecord:
    metadata: dict[str, Any] = {
        "contributor": [
            {
                "schemaKey": "Organization",
                "name": "Local sample archive",
                "roleName": ["dcite:ContactPerson", "dcite:DataCurator"],
                "includeInCitation": True,
            }
        ],
        "license": ["spdx:CC0-1.0"],
        "keywords": ["sample", "invented data"],
    }
    moment = f"20{published[2:4]}-{published[4:6]}-{published[6:8]}T12:00:00Z"
    return DandisetRecord(
        identifier=identifier,
        name=name,
        description=f"{about} All data are invented by a program.",
        contact_person="Local sample archive",
        versions={DRAFT: moment, published: moment},
        metadata=metadata,
    )


DANDISETS = (
    _dandiset(
        "000037",
        "Responses to inconsistent stimuli in primary visual cortex (sample)",
        "Four small sessions in the shape of dandiset 000037 of the DANDI archive "
        "(Allen Institute OpenScope, Credit Assignment): two-photon traces, "
        "Gabor sequences with surprises, running.",
        PUBLISHED_37,
    ),
    _dandiset(
        "000054",
        "Experience dependent contextual codes in the hippocampus (sample)",
        "Small sessions in the shape of dandiset 000054 of the DANDI archive (Plitt & "
        "Giocomo 2021): CA1 imaging in virtual reality, with place cells.",
        PUBLISHED_54,
    ),
    _dandiset(
        "000402",
        "MICrONS two-photon functional imaging (sample)",
        "One small scan in the shape of dandiset 000402 of the DANDI archive: four "
        "fields, three kinds of films, pupil and treadmill.",
        PUBLISHED_402,
    ),
    _dandiset(
        "000454",
        "Adaptive optics two-photon microscopy (sample)",
        "Two small stacks in the shape of dandiset 000454 of the DANDI archive: the "
        "same structure with raw and with corrected wavefront.",
        PUBLISHED_454,
    ),
    _dandiset(
        "900005",
        "Extracellular recording in visual cortex (sample)",
        "A stand-in for extracellular dandisets such as 000005 of the DANDI archive; "
        "there is no dandiset of this number there.",
        PUBLISHED_OURS,
    ),
    _dandiset(
        "900019",
        "ECoG of heard syllables (sample)",
        "A stand-in for ECoG dandisets such as 000019 of the DANDI archive; there is "
        "no dandiset of this number there.",
        PUBLISHED_OURS,
    ),
    _dandiset(
        "900023",
        "Patch clamp of a human cortical cell (sample)",
        "A stand-in for intracellular dandisets such as 000023 of the DANDI archive; "
        "there is no dandiset of this number there.",
        PUBLISHED_OURS,
    ),
)


def _hippocampus() -> list[Sample]:
    samples = []
    for subject in ("F1", "F2"):
        for session in ("20190407T210000", "20190409T210000"):
            path = f"sub-{subject}/sub-{subject}_ses-{session}_behavior+ophys.nwb"
            place = Place("000054", path, (DRAFT, PUBLISHED_54))
            make = partial(hippocampus.make, subject, session)
            samples.append(Sample(place, make))
    # One session once more as Zarr; only in the draft, as no real one is published.
    path = "sub-F2/sub-F2_ses-20190409T210000_behavior+ophys.nwb.zarr"
    make = partial(hippocampus.make, "F2", "20190409T210000", compress=False)
    return [*samples, Sample(Place("000054", path), make)]


def _credit_assignment() -> list[Sample]:
    sessions = [
        ("408021", "758519303", 0),
        ("408021", "759189643", 1),
        ("408021", "759660390", 2),
        ("411400", "759666166", 0),
    ]
    return [
        Sample(
            Place(
                "000037",
                f"sub-{subject}/sub-{subject}_ses-{session}_behavior+ophys.nwb",
                (DRAFT, PUBLISHED_37),
            ),
            partial(credit_assignment.make, subject, session, day),
        )
        for subject, session, day in sessions
    ]


def _adaptive_optics() -> list[Sample]:
    stacks = [("SST-tdTomato-1", "raw"), ("SST-tdTomato-1a", "corrected")]
    return [
        Sample(
            Place("000454", f"sub-{name}/sub-{name}_ophys.nwb", (DRAFT, PUBLISHED_454)),
            partial(adaptive_optics.make, name, optics),
        )
        for name, optics in stacks
    ]


def _single(
    dandiset: str, path: str, published: str, make: Callable[[], NWBFile]
) -> Sample:
    return Sample(Place(dandiset, path, (DRAFT, published)), make)


def samples() -> list[Sample]:
    """List every asset of the sample archive."""
    return [
        *_hippocampus(),
        *_credit_assignment(),
        *_adaptive_optics(),
        _single(
            "000402",
            "sub-17797/sub-17797_ses-9-scan-4_behavior+image+ophys.nwb",
            PUBLISHED_402,
            microns.make,
        ),
        _single(
            "900005",
            "sub-anm01/sub-anm01_ses-20200203_ecephys.nwb",
            PUBLISHED_OURS,
            partial(ecephys.make, "anm01", "20200203"),
        ),
        _single(
            "900019",
            "sub-EC1/sub-EC1_ses-B1_ecephys.nwb",
            PUBLISHED_OURS,
            partial(ecog.make, "EC1", "B1"),
        ),
        _single(
            "900023",
            "sub-H1/sub-H1_ses-cell1_icephys.nwb",
            PUBLISHED_OURS,
            partial(icephys.make, "H1", "cell1"),
        ),
    ]
