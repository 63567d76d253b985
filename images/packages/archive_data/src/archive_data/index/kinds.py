"""The two kinds of index, of an HDF5 file and of a Zarr, behind the same calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..asset import Asset
from ..blob import Blob
from ..errors import IndexRefused
from . import check, format, kerchunk, make, store, zarr_format, zarr_make
from .format import Index
from .zarr_format import ZarrIndex

T = TypeVar("T")


class Kind(ABC, Generic[T]):
    """What can be done with the index of one asset.

    Parameters
    ----------
    asset : Asset
        What it is of.
    """

    #: Name of the file that keeps it.
    name: str

    def __init__(self, asset: Asset) -> None:
        self.asset = asset

    def find(self, place: Path | None) -> T:
        """Return the index: of a file, or folder, that was named; else make it."""
        if place and place.is_dir():
            place /= self.name
            return self._read(place) if place.exists() else self.make()
        return self._read(place) if place else self.look_up() or self.make()

    def _read(self, path: Path) -> T:
        try:
            stored = path.read_bytes()
        except OSError as error:
            raise IndexRefused(
                f"{path}: {error.strerror}; name an index or a folder of indexes"
            ) from error
        return self.unpack(stored, str(path))

    @abstractmethod
    def unpack(self, stored: bytes, name: str) -> T:
        """Read one that is called `name` in errors."""

    @abstractmethod
    def look_up(self) -> T | None:
        """Find it where indexes are kept."""

    @abstractmethod
    def make(self) -> T:
        """Make it."""

    @abstractmethod
    def put(self, index: T, folder: Path | None) -> Path:
        """Keep it."""

    @abstractmethod
    def verify(self, index: T) -> list[str]:
        """Return what is wrong with it, a sentence for each thing."""

    @abstractmethod
    def lines(self, index: T) -> Iterator[str]:
        """Say what is in it: in a line, then in one for each array."""

    @abstractmethod
    def export(self, index: T) -> dict[str, Any]:
        """Return kerchunk's references."""


class OfFile(Kind[Index]):
    """The index of an HDF5 file."""

    def __init__(self, asset: Asset) -> None:
        super().__init__(asset)
        self.blob: Blob = asset.blob
        self.name = self.blob.key + store.SUFFIX

    def unpack(self, stored: bytes, name: str) -> Index:
        """Read one that is called `name` in errors."""
        return format.unpack(stored, name)

    def look_up(self) -> Index | None:
        """Find it where indexes are kept."""
        return store.look_up(self.blob)

    def make(self) -> Index:
        """Make it."""
        return make.make(self.blob)

    def put(self, index: Index, folder: Path | None) -> Path:
        """Keep it."""
        return store.put(index, folder)

    def verify(self, index: Index) -> list[str]:
        """Return what is wrong with it, a sentence for each thing."""
        return check.verify(index, self.blob)

    def lines(self, index: Index) -> Iterator[str]:
        """Say what is in it: in a line, then in one for each array."""
        chunks = sum(len(table.sizes) for table in index.tables.values())
        yield (
            f"{len(format.pack(index))} bytes; {len(index.spans.starts)} spans with "
            f"{len(index.spans.body)} bytes; {len(index.tables)} tables with {chunks} "
            f"chunks; of {index.size} bytes with digest {index.identity!r}"
        )
        for address, table in index.tables.items():
            stored = int(table.sizes.sum())
            yield f"dataset at {address}: {len(table.sizes)} chunks, {stored} bytes"

    def export(self, index: Index) -> dict[str, Any]:
        """Return kerchunk's references."""
        return kerchunk.export(self.asset, index)


class OfZarr(Kind[ZarrIndex]):
    """The index of a Zarr."""

    def __init__(self, asset: Asset) -> None:
        super().__init__(asset)
        self.name = store.zarr_name(asset.digest)

    def unpack(self, stored: bytes, name: str) -> ZarrIndex:
        """Read one that is called `name` in errors."""
        return zarr_format.unpack(stored, name)

    def look_up(self) -> ZarrIndex | None:
        """Find it where indexes are kept."""
        return store.look_up_zarr(self.asset.url, self.asset.digest)

    def make(self) -> ZarrIndex:
        """Make it."""
        return zarr_make.make(self.asset)

    def put(self, index: ZarrIndex, folder: Path | None) -> Path:
        """Keep it."""
        return store.put_zarr(index, folder)

    def verify(self, index: ZarrIndex) -> list[str]:
        """Return what is wrong with it, a sentence for each thing."""
        return check.verify_zarr(index, self.asset)

    def lines(self, index: ZarrIndex) -> Iterator[str]:
        """Say what is in it: in a line, then in one for each small object."""
        lengths = (
            f"lengths of all {len(index.sizes)}" if index.is_whole else "no lengths"
        )
        yield (
            f"{len(zarr_format.pack(index))} bytes; {len(index.objects)} small "
            f"objects, {lengths}; of a Zarr with digest {index.identity!r}"
        )
        for key, data in sorted(index.objects.items()):
            yield f"object {key}: {len(data)} bytes"

    def export(self, index: ZarrIndex) -> dict[str, Any]:
        """Return kerchunk's references."""
        return kerchunk.export_zarr(self.asset, index)


def kind_of(asset: Asset) -> OfFile | OfZarr:
    """Return which index an asset has."""
    return OfZarr(asset) if asset.is_zarr else OfFile(asset)
