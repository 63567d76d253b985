"""Finds an asset through the archive's API.

`DANDI_INSTANCE` says which archive (a known name, or the address of its page or API, as
the dandi client takes it), and `AWS_ENDPOINT_URL` where its buckets are.  Unset, both
mean the public ones.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from .errors import ArchiveDataError, ArchiveUnreachable, AssetNotFound
from .references import AtAddress, InApi, InBucket, InDandiset, parse
from .web import get_json, redirect_of

_KNOWN = {
    "dandi": "https://api.dandiarchive.org/api",
    "dandi-sandbox": "https://api.sandbox.dandiarchive.org/api",
    "ember-dandi": "https://api-dandi.emberarchive.org/api",
}

#: Hosts of the archive that is meant when none is named: they follow `DANDI_INSTANCE`.
_DEFAULT_HOSTS = frozenset({"api.dandiarchive.org", "dandiarchive.org"})

#: How many pages of a listing are read to find one path.
_PAGES_MAX = 20


@dataclass(frozen=True)
class Renewal:
    """Asks the archive for a fresh address of an asset's bytes; can be pickled."""

    download_url: str

    def __call__(self) -> str:
        """Return the address to which the download leads now."""
        return redirect_of(self.download_url)


@lru_cache(maxsize=16)
def _api_of(instance: str) -> str:
    if instance in _KNOWN:
        return _KNOWN[instance]
    if "://" not in instance:
        raise ArchiveUnreachable(
            f"DANDI_INSTANCE: {instance!r} is no archive; there are "
            f"{', '.join(_KNOWN)}, or an address"
        )
    base = instance.rstrip("/")
    first: ArchiveDataError | None = None
    for place in (f"{base}/server-info", f"{base}/api/info/", f"{base}/info/"):
        try:
            return str(get_json(place)["services"]["api"]["url"]).rstrip("/")
        except (AssetNotFound, ArchiveUnreachable) as error:
            first = first or error
            if isinstance(error, ArchiveUnreachable) and "not JSON" not in str(error):
                break
        except (KeyError, TypeError) as error:
            raise ArchiveUnreachable(
                f"{place}: names no services.api.url; is this an archive?"
            ) from error
    raise ArchiveUnreachable(f"DANDI_INSTANCE {instance!r}: {first}")


def api() -> str:
    """Return the base address of the archive's API, without a closing slash."""
    return _api_of(os.environ.get("DANDI_INSTANCE", "").strip() or "dandi")


def api_for(reference: InApi) -> str:
    """Return the API of an asset's address; the default archive follows the setting."""
    if urlsplit(reference.api).hostname in _DEFAULT_HOSTS:
        return api()
    return reference.api


def s3_url(place: InBucket) -> str:
    """Return the HTTP address of an object on S3."""
    key = quote(place.key, safe="/~")
    query = f"?{place.query}" if place.query else ""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get(
        "AWS_ENDPOINT_URL", ""
    )
    if endpoint and not query:
        return f"{endpoint.rstrip('/')}/{place.bucket}/{key}"
    if "." in place.bucket:
        return f"https://s3.amazonaws.com/{place.bucket}/{key}{query}"
    return f"https://{place.bucket}.s3.amazonaws.com/{key}{query}"


def find(reference: InDandiset) -> tuple[str, dict[str, Any]]:
    """Find an asset by its path.

    Returns
    -------
    api : str
        Base address of the API that answered.
    asset : dict
        Its row of the listing, with ``metadata``.

    Raises
    ------
    AssetNotFound
        No such dandiset, version or path; the message names near ones.
    ArchiveUnreachable, AccessDenied
        The archive could not be asked, or refuses.
    """
    base, path = api(), reference.path or ""
    version = reference.version or _newest(base, reference.dandiset)
    where = f"{base}/dandisets/{reference.dandiset}/versions/{version}/assets/"
    if not path:
        raise AssetNotFound(
            f"DANDI:{reference.dandiset}/{version}: names no asset; "
            f"give its path too, such as {_some_paths(where)}"
        )
    page: str | None = where + "?" + urlencode({"path": path, "metadata": "true"})
    seen: list[str] = []
    for _ in range(_PAGES_MAX):
        answer = get_json(page) if page else {}
        for row in answer.get("results", []):
            if row["path"] == path:
                return base, row
            seen.append(row["path"])
        page = answer.get("next")
        if not page:
            break
    near = difflib.get_close_matches(path, seen or _paths(where), n=3, cutoff=0.4)
    raise AssetNotFound(
        f"DANDI:{reference.dandiset}/{version}: has no asset {path!r}; "
        f"there are {', '.join(map(repr, near)) or 'none like it'}"
    )


def rows(base: str, reference: InDandiset) -> Iterator[dict[str, Any]]:
    """Yield all assets of a dandiset, with their metadata."""
    version = reference.version or _newest(base, reference.dandiset)
    where = f"{base}/dandisets/{reference.dandiset}/versions/{version}/assets/"
    page: str | None = f"{where}?metadata=true&order=path"
    while page:
        answer = get_json(page)
        yield from answer["results"]
        page = answer["next"]


def by_id(reference: InApi) -> tuple[str, dict[str, Any]]:
    """Find an asset by its number; the row is made of its metadata."""
    base = api_for(reference)
    metadata = get_json(f"{base}/assets/{reference.asset_id}/")
    return base, {"asset_id": reference.asset_id, "metadata": metadata}


def _newest(base: str, dandiset: str) -> str:
    found = get_json(f"{base}/dandisets/{dandiset}/")
    published = found.get("most_recent_published_version") or {}
    return str(published.get("version") or "draft")


def _paths(where: str) -> list[str]:
    return [row["path"] for row in get_json(where).get("results", [])]


def _some_paths(where: str) -> str:
    return ", ".join(map(repr, _paths(where)[:3])) or "(it has none)"


def bytes_address(metadata: dict[str, Any]) -> str | None:
    """Return where the bytes are on S3, from metadata of any age.

    The path of the address counts: for some weeks in 2021 it carried a signature, which
    has expired since.  Metadata of June 2021 have no address; then None is returned.
    """
    for url in metadata.get("contentUrl") or []:
        place = parse(url)
        if isinstance(place, InBucket):
            return s3_url(InBucket(place.bucket, place.key))
        if isinstance(place, AtAddress):
            return str(url).partition("?")[0]
    return None
