"""The forms in which people write down an asset, read without asking anybody.

=====================================================  =============================
``DANDI:000054/0.210819.1547``, ``000054``             dandiset, version; with a path
``dandi://dandi/000054@0.210819.1547/sub-F1/x.nwb``    the dandi client's form
``https://dandiarchive.org/dandiset/000054/draft...``  the web page's address
``https://api.../dandisets/ID/versions/V/assets/A/``   the API's, also ``/assets/A/``
``https://BUCKET.s3.amazonaws.com/blobs/...``, s3://   where the bytes are
``/data/x.nwb``, ``file:///data/x.nwb``                a local path
=====================================================  =============================
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from .errors import UnknownReference

_DANDISET = re.compile(
    r"(?:DANDI:)?(?P<dandiset>\d{6})(?:[/@](?P<version>draft|[\d.]+))?/?", re.IGNORECASE
)
_CLIENT = re.compile(
    r"dandi://[\w.-]+/(?P<dandiset>\d{6})(?:@(?P<version>[^/]+))?(?:/(?P<path>.+))?"
)
_PAGE = re.compile(
    r"/(?:#/)?dandiset/(?P<dandiset>\d{6})(?:/(?P<version>draft|[\d.]+))?(?:/.*)?"
)
_API_ASSET = re.compile(
    r"(?P<api>.*/api)(?:/dandisets/(?P<dandiset>\d{6})/versions/(?P<version>[^/]+))?"
    r"/assets/(?P<asset>[0-9a-fA-F-]{36})(?:/(?:download|info)?)?/?"
)
_S3_HOST = re.compile(r"(?P<bucket>[\w.-]+)\.s3[\w.-]*\.amazonaws\.com")
_S3_PATH_HOST = re.compile(r"s3[\w.-]*\.amazonaws\.com")


@dataclass(frozen=True)
class InDandiset:
    """A path in a dandiset; no version means the newest published one, or the draft."""

    dandiset: str
    version: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class InApi:
    """An asset by its number; `api` is the base address, ending in ``/api``."""

    asset_id: str
    api: str


@dataclass(frozen=True)
class InBucket:
    """An object, or all below a key, on S3; `query` signs the request, if anything."""

    bucket: str
    key: str
    query: str = ""


@dataclass(frozen=True)
class AtAddress:
    """An object behind some other HTTP address."""

    url: str


@dataclass(frozen=True)
class OnDisk:
    """A local file or folder."""

    path: Path


Reference = InDandiset | InApi | InBucket | AtAddress | OnDisk


def parse(text: str | os.PathLike[str], path: str | None = None) -> Reference:
    """Read a reference.

    Parameters
    ----------
    text : str or path-like
        One of the forms above.
    path : str, optional
        The asset's path, for the forms that name a dandiset only.

    Raises
    ------
    UnknownReference
        It is of no known form.
    """
    if not isinstance(text, str):
        return OnDisk(Path(text))
    text = text.strip()
    if found := (_DANDISET.fullmatch(text) or _CLIENT.fullmatch(text)):
        given = found.groupdict()
        inside = path or (unquote(given["path"]) if given.get("path") else None)
        return InDandiset(given["dandiset"], given["version"], inside)
    if "://" not in text:
        return _on_disk(text)
    return _address(text, path)


def _on_disk(text: str) -> OnDisk:
    if text.lower().startswith("dandi:") or not text:
        raise UnknownReference(
            f"{text!r}: is no dandiset; write DANDI:000054/0.210819.1547 or 000054"
        )
    return OnDisk(Path(text))


def _address(text: str, path: str | None) -> Reference:
    parts = urlsplit(text)
    if parts.scheme == "file":
        return OnDisk(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        return InBucket(parts.netloc, parts.path.lstrip("/"))
    if parts.scheme not in ("http", "https"):
        raise UnknownReference(
            f"{text!r}: {parts.scheme!r} is not read; there are https, s3, dandi, file"
        )
    host = parts.hostname or ""
    if found := _S3_HOST.fullmatch(host):
        return InBucket(found["bucket"], unquote(parts.path.lstrip("/")), parts.query)
    if _S3_PATH_HOST.fullmatch(host):
        bucket, _, key = parts.path.lstrip("/").partition("/")
        return InBucket(bucket, unquote(key), parts.query)
    if found := _API_ASSET.fullmatch(parts.path):
        api = f"{parts.scheme}://{parts.netloc}{found['api']}"
        return InApi(found["asset"].lower(), api)
    return _page(text, path) or AtAddress(text)


def _page(text: str, path: str | None) -> InDandiset | None:
    """Read the address of a page; old ones carry everything behind the ``#``."""
    parts = urlsplit(text.replace("/#/", "/", 1))
    found = _PAGE.search(parts.path)
    if not found:
        return None
    asked = parse_qs(parts.query)
    shown = asked.get("location", [""])[0].strip("/")
    return InDandiset(found["dandiset"], found["version"], path or shown or None)
