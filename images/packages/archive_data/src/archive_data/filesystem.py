"""``archive://``: assets for whatever opens files through fsspec.

``fsspec.open("archive://000054/0.210819.1547/sub-F1/sub-F1_ses-1_ecephys.nwb")``
"""

from __future__ import annotations

import io
import re
from typing import Any

from fsspec.spec import AbstractFileSystem

from .asset import Asset, open_asset
from .blockfile import BlockFile
from .errors import UnknownReference

_PATH = re.compile(
    r"(?P<dandiset>\d{6})(?:/(?P<version>draft|0\.\d+\.\d+))?/(?P<path>.+)"
)


class ArchiveFileSystem(AbstractFileSystem):
    """Read-only view of the archive: ``archive://DANDISET[/VERSION]/PATH``."""

    protocol = "archive"

    def _asset(self, path: str) -> Asset:
        text = str(self._strip_protocol(path)).lstrip("/")
        found = _PATH.fullmatch(text)
        if not found:
            raise UnknownReference(
                f"archive://{text}: is no asset; write archive://DANDISET/VERSION/PATH"
            )
        version = f"/{found['version']}" if found["version"] else ""
        return open_asset(f"DANDI:{found['dandiset']}{version}", found["path"])

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return size and type of an asset."""
        asset = self._asset(path)
        size = asset.blob.size if not asset.is_zarr else asset.size
        name = self._strip_protocol(path)
        return {"name": name, "size": size, "type": "file", "ETag": asset.digest}

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List an asset itself; the archive's API lists dandisets."""
        found = self.info(path)
        return [found] if detail else [found["name"]]

    def _open(self, path: str, mode: str = "rb", **_: Any) -> io.BufferedReader:
        if mode != "rb":
            raise UnknownReference(
                f"archive://: is read-only, there is no mode {mode!r}"
            )
        return io.BufferedReader(BlockFile(self._asset(path).blob), 1 << 16)

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """Read a range in one request."""
        blob = self._asset(path).blob
        first, stop, _step = slice(start, end).indices(blob.size)
        return blob.read(first, max(first, stop))
