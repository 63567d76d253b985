"""What every sample session has: a subject, a start, randomness of its own."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from hdmf.backends.hdf5 import H5DataIO
from pynwb import NWBFile
from pynwb.file import Subject

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Animal:
    """The subject of a session.

    Parameters
    ----------
    subject_id, sex, age, species : str
        As in `pynwb.file.Subject`; `age` is an ISO 8601 duration.
    genotype : str or None
        For transgenic animals.
    """

    subject_id: str
    sex: str = "M"
    age: str = "P80D"
    species: str = "Mus musculus"
    genotype: str | None = None


def new_session(
    animal: Animal, session_id: str, start: datetime, description: str, lab: str
) -> NWBFile:
    """Begin an NWB file.

    Parameters
    ----------
    animal : Animal
        Whose session it is.
    session_id : str
        Name within the dandiset.
    start : datetime
        With its time zone.
    description : str
        What was done.
    lab : str
        Whose data it resembles.
    """
    return NWBFile(
        session_description=f"{description} (invented data)",
        identifier=f"{animal.subject_id}/{session_id}",
        session_start_time=start,
        session_id=session_id,
        lab=lab,
        institution="none: a local sample",
        experimenter=["Sample, A."],
        keywords=["sample"],
        subject=Subject(
            subject_id=animal.subject_id,
            sex=animal.sex,
            age=animal.age,
            species=animal.species,
            genotype=animal.genotype,
            description="An animal that never lived.",
        ),
    )


def generator(*words: object) -> np.random.Generator:
    """Return a generator that depends on the words alone."""
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def packed(data: np.ndarray) -> H5DataIO:
    """Compress an array in chunks along time, as archives advise.

    Parameters
    ----------
    data : ndarray, shape (n_times, ...)
        Whole array.
    """
    row_bytes = max(1, data[:1].nbytes)
    rows = max(1, min(len(data), _CHUNK_BYTES // row_bytes))
    return H5DataIO(
        data=data,
        chunks=(rows, *data.shape[1:]),
        compression="gzip",
        compression_opts=2,
        shuffle=True,
    )
