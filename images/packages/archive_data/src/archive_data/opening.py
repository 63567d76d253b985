"""The calls that open an asset: as NWB, as HDF5, as Zarr, as a file."""

from __future__ import annotations

from typing import Any

from .asset import Asset, Openable, open_asset
from .errors import ArchiveDataError, MissingPackage, NotReadable
from .h5 import File
from .index import store


def open_h5(reference: Openable, path: str | None = None) -> File:
    """Open an HDF5 file where it lies.

    Parameters
    ----------
    reference, path
        As of `open_asset`.

    Returns
    -------
    File
        An `h5py.File` whose datasets fetch many chunks at once.

    Raises
    ------
    NotReadable
        The asset is no HDF5 file.
    ArchiveDataError
        It cannot be found or read; see `archive_data.errors`.
    """
    asset = open_asset(reference, path)
    blob = asset.blob
    index = store.look_up(blob)
    if index is None:
        file = File(blob)
        store.make_in_background(blob)
        return file
    return File(blob, index.spans, index.tables)


def open_nwb(reference: Openable, path: str | None = None) -> Any:
    """Open an NWB file, HDF5 or Zarr, where it lies.

    Parameters
    ----------
    reference, path
        As of `open_asset`.

    Returns
    -------
    pynwb.NWBFile
        As from a file on disk; data are read when they are asked for.

    Raises
    ------
    NotReadable
        It is no NWB file, or one that this pynwb cannot read; `open_h5` may.
    MissingPackage
        pynwb (for Zarr: hdmf-zarr) is not installed.
    """
    asset = open_asset(reference, path)
    if asset.is_zarr:
        from .zarr_store import open_nwb_zarr

        return open_nwb_zarr(asset)
    try:
        from pynwb import NWBHDF5IO
    except ImportError as error:
        raise MissingPackage(
            "open_nwb: needs pynwb; install archive-data[nwb], or use open_h5"
        ) from error
    file = open_h5(asset)
    try:
        # The file object keeps its reader: `NWBFile.read_io`.
        return NWBHDF5IO(file=file, mode="r", load_namespaces=True).read()
    except ArchiveDataError:
        raise
    except Exception as error:
        file.close()
        raise NotReadable(
            f"{asset.path}: pynwb does not read it as NWB "
            f"({type(error).__name__}: {error}); open_h5 opens the HDF5 file itself"
        ) from error


def open_zarr(reference: Openable, path: str | None = None) -> Any:
    """Open a Zarr where it lies.

    Parameters
    ----------
    reference, path
        As of `open_asset`.

    Returns
    -------
    zarr.Group
        Read-only.
    """
    from .zarr_store import open_group

    return open_group(open_asset(reference, path))


def open_file(reference: Openable, path: str | None = None) -> Any:
    """Open an asset as a readable, seekable binary file.

    Parameters
    ----------
    reference, path
        As of `open_asset`.

    Returns
    -------
    io.RawIOBase
        For whatever wants a file: it reads ahead when read in order.
    """
    from .blockfile import BlockFile

    return BlockFile(open_asset(reference, path).blob)


__all__ = ["Asset", "open_asset", "open_file", "open_h5", "open_nwb", "open_zarr"]
