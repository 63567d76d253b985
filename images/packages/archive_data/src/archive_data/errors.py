"""What can go wrong between a reader and the archive, one class for each answer.

All of them are `OSError`, so that code which expects a file to fail expects these too.

ArchiveDataError
    UnknownReference     this text names no asset
    AssetNotFound        the archive answered: there is none
    ArchiveUnreachable   the archive could not be asked
    AccessDenied         the archive or S3 answered: not for you
    ObjectNotFound       S3 answered: no such object
    ObjectChanged        the object is not the one that was opened
    TransferFailed       S3 could not be asked, however often it was tried
    NotReadable          the bytes are not HDF5, Zarr or NWB, or are cut short
    DamagedChunk         a chunk does not decode, or its checksum is wrong
    IndexRefused         an index is damaged, of another object, or asks too much
    MissingPackage       this call needs a package that is not installed

ZarrReadFailed           one of these, on its way through zarr
"""

from __future__ import annotations


class ArchiveDataError(OSError):
    """Base of every error of this package."""


class UnknownReference(ArchiveDataError, ValueError):
    """A reference is of no form that this package knows."""


class AssetNotFound(ArchiveDataError, FileNotFoundError):
    """The archive has no such dandiset, version or asset path."""


class ArchiveUnreachable(ArchiveDataError, ConnectionError):
    """The archive's API did not answer, which is not the same as "no"."""


class AccessDenied(ArchiveDataError, PermissionError):
    """The asset is embargoed or private, and no accepted key was sent."""


class ObjectNotFound(ArchiveDataError, FileNotFoundError):
    """S3 has no object under this key."""


class ObjectChanged(ArchiveDataError):
    """The object's ETag or size is not the one seen when it was opened."""


class TransferFailed(ArchiveDataError, ConnectionError):
    """A range could not be read after all tries."""


class NotReadable(ArchiveDataError):
    """The object is not a file of the expected kind, or it is cut short."""


class DamagedChunk(ArchiveDataError):
    """The stored bytes of a chunk do not decode to its data."""


class IndexRefused(ArchiveDataError, ValueError):
    """An index is malformed, belongs to another object, or exceeds the bounds."""


class MissingPackage(ArchiveDataError):
    """An optional package is needed for this call."""


class ZarrReadFailed(RuntimeError):
    """An `ArchiveDataError` that passed through zarr; the cause is that error.

    zarr takes an `OSError` for a chunk that was never written, and gives fill values.
    """
