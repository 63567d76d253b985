"""What lies below an address on S3: a request for each thousand objects."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from urllib.parse import urlencode

from . import web
from .archive_api import s3_url
from .errors import ArchiveUnreachable, NotReadable
from .references import InBucket, parse


def listed(url: str, below: str = "") -> Iterator[tuple[str, int]]:
    """List objects, all that there are.

    Parameters
    ----------
    url : str
        HTTP address of a Zarr.
    below : str
        Only what lies in this folder of it.

    Yields
    ------
    str, int
        The key below `url`, and the length in bytes.

    Raises
    ------
    ArchiveUnreachable
        S3 does not list them.
    """
    bucket, prefix = _bucket_of(url)
    prefix += "/"
    query = {"list-type": "2", "prefix": prefix + (f"{below}/" if below else "")}
    while True:
        body = web.get_bytes(f"{bucket}?{urlencode(query)}")
        try:
            page = ElementTree.fromstring(body)
        except ElementTree.ParseError as error:
            raise ArchiveUnreachable(f"{bucket}: its listing is no XML") from error
        space = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
        for entry in page.iter(f"{space}Contents"):
            key = entry.findtext(f"{space}Key") or ""
            yield key.removeprefix(prefix), int(entry.findtext(f"{space}Size") or 0)
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
