"""Reads the files of a neurophysiology archive straight from S3.

>>> from archive_data import open_nwb
>>> nwb = open_nwb("DANDI:000054/0.210819.1547", "sub-F1/sub-F1_ses-1_ecephys.nwb")

h5py and pynwb stay the ones that interpret a file; this package brings them the bytes,
few of them and at once.
"""

from .asset import Asset, open_asset
from .bulk import fetch, prefetch
from .dask_array import to_dask, to_xarray
from .errors import (
    AccessDenied,
    ArchiveDataError,
    ArchiveUnreachable,
    AssetNotFound,
    DamagedChunk,
    IndexRefused,
    MissingPackage,
    NotReadable,
    ObjectChanged,
    ObjectNotFound,
    TransferFailed,
    UnknownReference,
    ZarrReadFailed,
)
from .opening import open_file, open_h5, open_nwb, open_zarr
from .stats import Stats, reset_stats, stats

__all__ = [
    "AccessDenied",
    "ArchiveDataError",
    "ArchiveUnreachable",
    "Asset",
    "AssetNotFound",
    "DamagedChunk",
    "IndexRefused",
    "MissingPackage",
    "NotReadable",
    "ObjectChanged",
    "ObjectNotFound",
    "Stats",
    "TransferFailed",
    "UnknownReference",
    "ZarrReadFailed",
    "fetch",
    "open_asset",
    "open_file",
    "open_h5",
    "open_nwb",
    "open_zarr",
    "prefetch",
    "reset_stats",
    "stats",
    "to_dask",
    "to_xarray",
]
