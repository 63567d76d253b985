"""One NWB file into the local archive: digests, record, and its place on the shelf."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from hub_config.local.samples.looking import Description
from hub_config.local.samples.shelf import (
    DRAFT,
    AssetRecord,
    Shelf,
    digest,
    now,
    stable_uuid,
)


@dataclass(frozen=True)
class Place:
    """Where in the archive an asset goes.

    Parameters
    ----------
    dandiset : str
        Six digits.
    path : str
        Path inside the dandiset.
    versions : tuple of str
        Versions that hold it.
    """

    dandiset: str
    path: str
    versions: tuple[str, ...] = (DRAFT,)


@dataclass(frozen=True)
class Content:
    """The bytes of an asset, by their digests.

    Parameters
    ----------
    checksums : mapping
        As in the asset's metadata.
    size_bytes : int
        Of the file, or of all files of a Zarr.
    is_zarr : bool
        Whether it is a folder.
    """

    checksums: dict[str, str]
    size_bytes: int
    is_zarr: bool

    @property
    def object_id(self) -> str:
        """UUID of the blob or Zarr: the same content has the same."""
        kind = "zarr" if self.is_zarr else "blob"
        return stable_uuid(kind, *self.checksums.values())

    def asset_id(self, place: Place) -> str:
        """UUID of the asset: the same content at the same place has the same."""
        words = (place.dandiset, place.path, *self.checksums.values())
        return stable_uuid("asset", *words)


def content_of(path: Path) -> Content:
    """Read a file or Zarr folder once, for its digests."""
    from dandi.support.digests import get_digest, get_zarr_checksum

    if path.is_dir():
        sizes = (part.stat().st_size for part in path.rglob("*") if part.is_file())
        checksum = get_zarr_checksum(path)
        return Content({"dandi:dandi-zarr-checksum": checksum}, sum(sizes), True)
    checksums = {
        "dandi:dandi-etag": get_digest(path, "dandi-etag"),
        "dandi:sha2-256": digest(path, "sha256"),
    }
    return Content(checksums, path.stat().st_size, False)


def put(
    shelf: Shelf, ready: Path, place: Place, described: Description, content: Content
) -> str:
    """Move a file or folder into the archive.

    Parameters
    ----------
    shelf : Shelf
        The archive.
    ready : Path
        In `shelf.workspace()`; it is moved.
    place : Place
        Where it goes.
    described : Description
        What `describe` said.
    content : Content
        What `content_of` said.

    Returns
    -------
    str
        The asset's id.
    """
    moment = now()
    dates = {"dateModified": moment, "blobDateModified": moment}
    record = AssetRecord(
        asset_id=content.asset_id(place),
        path=place.path,
        size=content.size_bytes,
        created=moment,
        modified=moment,
        versions=list(place.versions),
        metadata={**described.metadata, "digest": content.checksums, **dates},
        blob=None if content.is_zarr else content.object_id,
        zarr=content.object_id if content.is_zarr else None,
    )
    if content.is_zarr:
        shelf.put_zarr(ready, content.object_id)
    else:
        shelf.put_blob(ready, content.object_id)
    shelf.write_asset(place.dandiset, record)
    return record.asset_id


def asset_path(source: Path) -> str:
    """Say where a person's file goes: below its `sub-` folder if it is in one."""
    folder = source.absolute().parent.name
    return f"{folder}/{source.name}" if folder.startswith("sub-") else source.name


def copy_in(source: Path, target: Path) -> None:
    """Copy a file or folder; the kernel shares the blocks where the disk can."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
