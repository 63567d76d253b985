"""A Zarr on S3 as an fsspec filesystem: listed once, its metadata fetched at once.

Zarr asks for one small object after the other.  Here the whole listing comes first (a
request for each thousand objects), then all metadata together (or only the consolidated
ones), so that opening costs a few round trips; chunks asked for together are fetched
together.  It serves Zarr 2 and 3 alike.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from fsspec.spec import AbstractFileSystem

from . import limits, web
from .archive_api import s3_url
from .blob import HttpBlob
from .errors import ArchiveUnreachable, NotReadable
from .references import InBucket, parse

#: Objects that describe, in Zarr 2 and 3.
_DESCRIBING = frozenset({".zgroup", ".zarray", ".zattrs", "zarr.json", ".zmetadata"})
_CONSOLIDATED = ".zmetadata"

#: Describing objects are small; a larger one is fetched when it is asked for.
_SMALL_BYTES = 1 << 20

#: Chunks up to this size are fetched with the metadata, if they are not too many.
_TINY_BYTES, _TINY_MOST = 4 << 10, 256


class ZarrFiles(AbstractFileSystem):
    """The objects below one address.

    Parameters
    ----------
    url : str
        HTTP address of the Zarr, such as ``https://BUCKET.s3.amazonaws.com/zarr/ID/``.
    """

    protocol = "archive-zarr"
    cachable = False

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(**options)
        self.url = url.rstrip("/")
        self._here: dict[str, bytes] = {}

    @cached_property
    def listing(self) -> dict[str, tuple[int, str]]:
        """Size and ETag of each object, by its key below the address."""
        found = dict(_listed(self.url))
        if not found:
            raise NotReadable(f"{self.url}: has no objects; is this a Zarr?")
        return found

    def bring_metadata(self) -> None:
        """Fetch what describes the Zarr, and the smallest of its chunks, at once."""
        listing = self.listing
        wanted = [
            key
            for key, (size, _) in listing.items()
            if key.rpartition("/")[2] in _DESCRIBING and size <= _SMALL_BYTES
        ]
        if _CONSOLIDATED in listing:
            wanted = [_CONSOLIDATED]
        tiny = [k for k, (n, _) in listing.items() if n <= _TINY_BYTES]
        if len(tiny) <= _TINY_MOST:
            wanted = sorted({*wanted, *tiny})
        self._here.update(self._read_all(wanted))

    def _read_all(self, keys: list[str]) -> Iterator[tuple[str, bytes]]:
        if not keys:
            return
        with ThreadPoolExecutor(min(limits.CONNECTIONS, len(keys))) as pool:
            yield from zip(keys, pool.map(self._read, keys), strict=True)

    def _read(self, key: str) -> bytes:
        size, etag = self.listing[key]
        buffer = bytearray(size)
        blob = HttpBlob(f"{self.url}/{quote(key)}", size, etag)
        if size:
            blob.read_into(0, memoryview(buffer))
        return bytes(buffer)

    def _key(self, path: str) -> str:
        return str(self._strip_protocol(path)).strip("/")

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """Return an object, or a part of it."""
        key = self._key(path)
        if key not in self.listing:
            raise FileNotFoundError(path)
        data = self._here.get(key)
        return (self._read(key) if data is None else data)[start:end]

    def cat(
        self, path: Any, recursive: bool = False, on_error: str = "raise", **_: Any
    ) -> Any:
        """Return one object, or several fetched together."""
        if isinstance(path, str):
            return self.cat_file(path)
        keys = {p: self._key(p) for p in path}
        known = [k for k in keys.values() if k in self.listing]
        fetched = dict(self._read_all([k for k in known if k not in self._here]))
        missing = [p for p, k in keys.items() if k not in self.listing]
        if missing and on_error == "raise":
            raise FileNotFoundError(missing[0])
        found: dict[str, Any] = {
            p: self._here.get(k, fetched.get(k)) for p, k in keys.items() if k in known
        }
        if on_error == "return":
            found.update({p: FileNotFoundError(p) for p in missing})
        return found

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return what is known of an object or of a folder."""
        key = self._key(path)
        if key in self.listing:
            return {"name": key, "size": self.listing[key][0], "type": "file"}
        if not key or any(k.startswith(key + "/") for k in self.listing):
            return {"name": key, "size": 0, "type": "directory"}
        raise FileNotFoundError(path)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List a folder."""
        key = self._key(path)
        start = f"{key}/" if key else ""
        below = {
            k[len(start) :].partition("/")[0]
            for k in self.listing
            if k.startswith(start)
        }
        names = sorted(start + name for name in below)
        return [self.info(name) for name in names] if detail else names


def _listed(url: str) -> Iterator[tuple[str, tuple[int, str]]]:
    """List all objects below an address, a thousand in a request."""
    bucket, prefix = _bucket_of(url)
    prefix += "/"
    query = {"list-type": "2", "prefix": prefix}
    while True:
        body = web.get_bytes(f"{bucket}?{urlencode(query)}")
        try:
            page = ElementTree.fromstring(body)
        except ElementTree.ParseError as error:
            raise ArchiveUnreachable(f"{bucket}: its listing is no XML") from error
        space = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
        for entry in page.iter(f"{space}Contents"):
            key = entry.findtext(f"{space}Key") or ""
            size = int(entry.findtext(f"{space}Size") or 0)
            etag = (entry.findtext(f"{space}ETag") or "").strip('"')
            yield key.removeprefix(prefix), (size, etag)
        token = page.findtext(f"{space}NextContinuationToken")
        if not token:
            return
        query["continuation-token"] = token


def _bucket_of(url: str) -> tuple[str, str]:
    """Split an address into that of the bucket and the key."""
    place = parse(url)
    if isinstance(place, InBucket):
        return s3_url(InBucket(place.bucket, "")), place.key.rstrip("/")
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if endpoint and url.startswith(f"{endpoint}/"):
        bucket, _, key = url.removeprefix(f"{endpoint}/").partition("/")
        return f"{endpoint}/{bucket}", key
    base, found, key = url.partition("/zarr/")
    if not found:
        raise NotReadable(f"{url}: cannot tell its bucket; set AWS_ENDPOINT_URL")
    return base, f"zarr/{key}"
