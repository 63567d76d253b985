"""Links to an asset of an archive.

What is passed on is put together anew from the parts that were understood, never the
text that came in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from ..settings import Archive
from .address import LinkRefused, checked_path, place_of, take_apart

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_VERSION = r"(?:draft|[0-9]+(?:\.[0-9]+)*)"
_IN_API = re.compile(
    rf"(?P<api>/api)?(?:/dandisets/[0-9]{{6}}/versions/{_VERSION})?"
    rf"/assets/(?P<asset>{_ID})(?:/(?:download|info))?/?",
    re.IGNORECASE,
)
_PAGE = re.compile(
    rf"/dandiset/(?P<dandiset>[0-9]{{6}})(?:/(?P<version>{_VERSION}))?(?:/files)?/?"
)
_OBJECT = re.compile(
    rf"/(?P<key>blobs/[0-9a-f]{{3}}/[0-9a-f]{{3}}/{_ID}|zarr/{_ID})/?", re.IGNORECASE
)
# What the archive allows in the path of an asset.
_PATH = re.compile(r"[A-Za-z0-9(),& #+~_=./-]{1,512}")


def read_asset(text: str, archives: Iterable[Archive]) -> str:
    """Read a link to an asset.

    Parameters
    ----------
    text : str
        The address of an asset in an archive's API or bucket, or of the archive's page
        that shows it.
    archives : iterable of Archive
        Whose assets may be opened.

    Returns
    -------
    str
        The address again, in one form of its kind and percent-encoded.

    Raises
    ------
    LinkRefused
        It names no asset of these archives.
    """
    known = list(archives)
    # Old pages of the archive carry everything behind a '#'.
    parts = take_apart(text.replace("/#/dandiset/", "/dandiset/", 1))
    for archive in known:
        for base in (archive.api_url, archive.web_url):
            if found := _below(base, parts):
                return found
        if found := _in_bucket(archive.bucket, parts):
            return found
    names = ", ".join(dict.fromkeys(archive.name for archive in known))
    raise LinkRefused(
        "This link leads to no file that this hub opens. It wants the address of one "
        f"file of {names}, as the archive's own pages give it."
    )


def _below(base: str, parts: SplitResult) -> str | None:
    """Read an address below an archive's API or pages."""
    at = urlsplit(base)
    if place_of(parts) != place_of(at) or not parts.path.startswith(f"{at.path}/"):
        return None
    inner = parts.path.removeprefix(at.path)
    if found := _IN_API.fullmatch(inner):
        return f"{base}{found['api'] or ''}/assets/{found['asset'].lower()}/"
    if found := _PAGE.fullmatch(inner):
        version = f"/{found['version']}" if found["version"] else ""
        location = quote(_location(parts))
        return f"{base}/dandiset/{found['dandiset']}{version}/files?location={location}"
    return None


def _location(parts: SplitResult) -> str:
    shown = parse_qs(parts.query).get("location", [""])[0].strip("/")
    if not shown:
        raise LinkRefused(
            "This link names a dandiset, but none of its files. Open the file's own "
            "page at the archive and copy that address."
        )
    return checked_path(shown, _PATH)


def _in_bucket(bucket: str, parts: SplitResult) -> str | None:
    hosts = (f"https://{bucket}.s3.amazonaws.com", f"s3://{bucket}")
    found = _OBJECT.fullmatch(parts.path)
    if place_of(parts) not in hosts or not found:
        return None
    return f"{hosts[0]}/{found['key'].lower()}"
