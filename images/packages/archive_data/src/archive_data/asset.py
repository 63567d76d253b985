"""An asset of the archive: where its bytes are, and the ways to open it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import archive_api, web
from .blob import Blob, HttpBlob
from .errors import AccessDenied, NotReadable, UnknownReference
from .local_blob import LocalBlob
from .references import AtAddress, InApi, InBucket, InDandiset, OnDisk, parse

if TYPE_CHECKING:
    from .h5 import File

_EMBARGOED = "dandi:EmbargoedAccess"
_ZARR_TYPE = "application/x-zarr"


@dataclass(frozen=True)
class Asset:
    """One file, or one Zarr, of the archive.

    Attributes
    ----------
    path : str
        Its path in the dandiset, or where it lies.
    url : str
        Address of the bytes; of a Zarr, of the folder.  Empty if only a signed address
        leads there.
    size : int or None
        Length in bytes; None where nobody said so yet.
    digest : str
        What the archive calls the content (``dandi:dandi-etag``, of a Zarr
        ``dandi:dandi-zarr-checksum``); empty if unknown.
    is_zarr : bool
        True for a Zarr.
    is_embargoed : bool
        True if the public may not read it.
    download_url : str
        The archive's address that leads to the bytes; empty outside an archive.
    metadata : dict
        What the archive says about it.
    """

    path: str
    url: str = ""
    size: int | None = None
    digest: str = ""
    is_zarr: bool = False
    is_embargoed: bool = False
    download_url: str = ""
    metadata: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def blob(self) -> Blob:
        """The bytes, pinned to what the archive knows of them."""
        if self.is_zarr:
            raise NotReadable(f"{self.path}: is a Zarr, not one file; use open_zarr")
        if not self.url and not self.download_url:
            return LocalBlob(self.path)
        renew = archive_api.Renewal(self.download_url) if self.download_url else None
        url = self.url
        if renew and (self.is_embargoed or not url):
            self._require_key()
            url = renew()
        return HttpBlob(url, self.size, renew=renew, digest=self.digest)

    def _require_key(self) -> None:
        if self.is_embargoed and not web.api_key():
            raise AccessDenied(
                f"{self.path}: is embargoed; set DANDI_API_KEY to the key of an owner "
                "(the archive's page shows yours), or ask the owners for access"
            )

    def open_nwb(self) -> Any:
        """Open as a `pynwb.NWBFile`; see `archive_data.open_nwb`."""
        from .opening import open_nwb

        return open_nwb(self)

    def open_h5(self) -> File:
        """Open as an `h5py.File`; see `archive_data.open_h5`."""
        from .opening import open_h5

        return open_h5(self)

    def open_zarr(self) -> Any:
        """Open as a `zarr.Group`; see `archive_data.open_zarr`."""
        from .opening import open_zarr

        return open_zarr(self)

    def open_file(self) -> Any:
        """Open as a readable file; see `archive_data.open_file`."""
        from .opening import open_file

        return open_file(self)


Openable = str | os.PathLike[str] | Asset | Any


def open_asset(reference: Openable, path: str | None = None) -> Asset:
    """Find an asset.

    Parameters
    ----------
    reference : str, path-like, Asset, or an asset of the dandi client
        A dandiset (``DANDI:000054/0.210819.1547``, ``000054``, the address of its
        page), an asset's address at the archive or on S3, an ``s3://`` address, or a
        local path. A dandiset without a version is its newest published one, else the
        draft.
    path : str, optional
        The asset's path in the dandiset.

    Returns
    -------
    Asset
        Size, address and metadata; nothing of it is read yet.

    Raises
    ------
    UnknownReference
        It is of no known form.
    AssetNotFound, ArchiveUnreachable, AccessDenied
        What the archive answered, or that it did not.
    """
    if isinstance(reference, Asset):
        return reference
    if not isinstance(reference, (str, os.PathLike)):
        return _of_client(reference)
    place = parse(reference, path)
    if isinstance(place, InDandiset):
        return of_row(*archive_api.find(place))
    if isinstance(place, InApi):
        return of_row(*archive_api.by_id(place))
    if isinstance(place, InBucket):
        return _at(archive_api.s3_url(place))
    return _at(place.url) if isinstance(place, AtAddress) else _on_disk(place)


def of_row(api: str, row: dict[str, Any]) -> Asset:
    """Make an asset of a row of the archive's listing."""
    metadata = row.get("metadata") or {}
    url = archive_api.bytes_address(metadata) or ""
    is_zarr = bool(row.get("zarr")) or metadata.get("encodingFormat") == _ZARR_TYPE
    size = row.get("size", metadata.get("contentSize"))
    access = [entry.get("status") for entry in metadata.get("access") or []]
    download = f"{api}/assets/{row['asset_id']}/download/"
    return Asset(
        path=str(row.get("path") or metadata.get("path") or row["asset_id"]),
        url=url,
        size=None if size is None else int(size),
        digest=_digest(metadata.get("digest") or {}, is_zarr),
        is_zarr=is_zarr,
        is_embargoed=_EMBARGOED in access,
        download_url="" if is_zarr else download,
        metadata=metadata,
    )


def _digest(digests: dict[str, Any], is_zarr: bool) -> str:
    name = "dandi:dandi-zarr-checksum" if is_zarr else "dandi:dandi-etag"
    return str(digests.get(name) or "")


def _at(url: str) -> Asset:
    bare = url.partition("?")[0]
    is_zarr = "/zarr/" in bare or bare.rstrip("/").endswith(".zarr")
    return Asset(path=bare, url=url, is_zarr=is_zarr)


def _on_disk(place: OnDisk) -> Asset:
    path = place.path.expanduser()
    if not path.exists():
        raise UnknownReference(
            f"{str(place.path)!r}: there is no such file; for the archive write "
            "DANDI:000054/0.210819.1547 and the asset's path"
        )
    if path.is_dir():
        return Asset(path=str(path), url=path.absolute().as_uri(), is_zarr=True)
    return Asset(path=str(path), size=path.stat().st_size)


def _of_client(given: Any) -> Asset:
    """Take an asset of `dandi.dandiapi`, whose client knows its archive."""
    try:
        api = str(given.client.api_url).rstrip("/")
        row = {
            "asset_id": str(given.identifier),
            "path": str(given.path),
            "size": given.size,
            "zarr": getattr(given, "zarr", None),
            "metadata": given.get_raw_metadata(),
        }
    except AttributeError as error:
        raise UnknownReference(
            f"{type(given).__name__}: is no asset; give a text, a path or an asset of "
            "dandi.dandiapi.DandiAPIClient"
        ) from error
    return of_row(api, row)


def local_path(asset: Asset) -> Path | None:
    """Return the path of an asset that lies on disk."""
    return None if asset.url or asset.download_url else Path(asset.path)
