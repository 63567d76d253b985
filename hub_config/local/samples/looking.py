"""Looking into a file: whether it is NWB, and what the archive says about it.

The description is that of the archive's own client (`dandi.metadata.nwb.nwb2asset`).
Files that pynwb cannot read but that HDF5 can, and that name themselves NWB, get a
short description and a remark: the archive holds such files too.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
from hdmf.backends.io import HDMFIO

# Its cache in the home would keep a line for each temporary path.
os.environ.setdefault("DANDI_CACHE", "ignore")


class NotNwb(ValueError):
    """The file is not one that the archive would hold as NWB."""


@dataclass(frozen=True)
class Description:
    """What is known about an NWB file.

    Parameters
    ----------
    metadata : mapping
        Fields of the archive's asset metadata.
    remark : str
        Why it is short; empty if it is not.
    """

    metadata: dict[str, Any] = field(default_factory=dict)
    remark: str = ""


def describe(path: Path) -> Description:
    """Look into a file or Zarr folder.

    Parameters
    ----------
    path : Path
        HDF5 file or Zarr folder.

    Returns
    -------
    Description
        Short, with a remark, where only h5py or zarr can read it.

    Raises
    ------
    NotNwb
        It is not NWB; one line says why.
    """
    is_zarr = path.is_dir()
    (_require_nwb_zarr if is_zarr else _require_nwb_hdf5)(path)
    kind = "application/x-zarr" if is_zarr else "application/x-nwb"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metadata = _zarr_metadata(path) if is_zarr else _hdf5_metadata(path)
    except Exception as error:  # what reads NWB lets through whatever its parts raise
        return Description({"encodingFormat": kind}, _remark(path, error))
    for known_elsewhere in ("wasGeneratedBy", "path", "digest", "contentSize"):
        metadata.pop(known_elsewhere, None)
    for name in ("approach", "measurementTechnique", "variableMeasured"):
        metadata[name] = sorted(metadata.get(name) or (), key=str)
    return Description({**metadata, "encodingFormat": kind})


def _remark(path: Path, error: Exception) -> str:
    reason = (str(error) or repr(error)).splitlines()[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with _reader(path) as file:
                file.read()
        except Exception as refusal:
            why = (str(refusal) or repr(refusal)).splitlines()[0]
            return f"pynwb does not open it: {why}; kept as the archive would"
    return f"kept without a description: {reason}"


def _reader(path: Path) -> HDMFIO:
    if path.is_dir():
        from hdmf_zarr import NWBZarrIO

        return NWBZarrIO(str(path), mode="r")
    from pynwb import NWBHDF5IO

    return NWBHDF5IO(path, mode="r", load_namespaces=True)


def _hdf5_metadata(path: Path) -> dict[str, Any]:
    from dandi.metadata.nwb import nwb2asset

    # What dandi has to say about a file is for its author, not for us.
    logging.getLogger("dandi").setLevel(logging.CRITICAL)
    found: dict[str, Any] = nwb2asset(path).model_dump(mode="json", exclude_none=True)
    return found


def _zarr_metadata(path: Path) -> dict[str, Any]:
    """Do for Zarr what `nwb2asset` does for HDF5 alone."""
    from dandi.consts import metadata_nwb_file_fields, metadata_nwb_subject_fields
    from dandi.metadata.core import prepare_metadata
    from dandi.metadata.util import process_ndtypes

    with _reader(path) as file:
        nwb = file.read()
        known = {
            name: getattr(owner, name, None)
            for owner, names in (
                (nwb, metadata_nwb_file_fields),
                (nwb.subject, metadata_nwb_subject_fields),
            )
            for name in names
        }
        plain = {n: v for n, v in known.items() if isinstance(v, (str, datetime))}
        asset = prepare_metadata(plain)
        process_ndtypes(asset, {type(part).__name__ for part in nwb.objects.values()})
    found: dict[str, Any] = asset.model_dump(mode="json", exclude_none=True)
    return found


def _require_nwb_zarr(path: Path) -> None:
    if not path.name.endswith(".zarr"):
        raise NotNwb(f"{path}: a folder's name must end in .zarr")
    attributes: object = None
    for name, inner in ((".zattrs", None), ("zarr.json", "attributes")):
        if (path / name).is_file():
            attributes = _read_json(path / name)
            if inner and isinstance(attributes, dict):
                attributes = attributes.get(inner)
    if attributes is None:
        raise NotNwb(f"{path}: is a folder without Zarr metadata")
    if not isinstance(attributes, dict) or "nwb_version" not in attributes:
        raise NotNwb(f"{path}: is Zarr, but does not name an NWB version")


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotNwb(f"{path}: is not JSON: {error}") from error


def _require_nwb_hdf5(path: Path) -> None:
    if not path.name.endswith(".nwb"):
        raise NotNwb(f"{path}: a file's name must end in .nwb")
    if not h5py.is_hdf5(path):
        raise NotNwb(f"{path}: is not an HDF5 file")
    try:
        with h5py.File(path, "r") as file:
            # NWB 1 has a data set where NWB 2 has an attribute.
            named = "nwb_version" in file.attrs or "nwb_version" in file
    except OSError as error:
        raise NotNwb(f"{path}: HDF5 does not open it: {error}") from error
    if not named:
        raise NotNwb(f"{path}: is HDF5, but does not name an NWB version")
