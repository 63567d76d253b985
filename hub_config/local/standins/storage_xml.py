"""The XML that S3 answers with: listings and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree

from hub_config.local.standins.listing import Entry, Page, Query
from hub_config.local.standins.objects import etag_of

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def error(code: str, message: str, resource: str) -> str:
    """Write the body of a refusal.

    Parameters
    ----------
    code, message : str
        S3's word for it, and a sentence.
    resource : str
        The path that was asked for.
    """
    fields = {"Code": code, "Message": message, "Resource": resource, "RequestId": "0"}
    return _document("Error", list(fields.items()), namespace=False)


def location(region: str) -> str:
    """Write the answer to GetBucketLocation; us-east-1 has an empty one."""
    root = ElementTree.Element("LocationConstraint", xmlns=_NAMESPACE)
    root.text = None if region == "us-east-1" else region
    return _text(root)


def buckets(names: Iterable[str]) -> str:
    """Write the answer to ListBuckets."""
    root = ElementTree.Element("ListAllMyBucketsResult", xmlns=_NAMESPACE)
    parent = ElementTree.SubElement(root, "Buckets")
    for name in names:
        _fill(ElementTree.SubElement(parent, "Bucket"), [("Name", name)])
    return _text(root)


def listing(bucket: str, query: Query, page: Page, url_encoded: bool) -> str:
    """Write the answer to ListObjectsV2.

    Parameters
    ----------
    bucket : str
        Its name.
    query : Query
        What was asked.
    page : Page
        What was found.
    url_encoded : bool
        Keys are percent-encoded (`encoding-type=url`), as boto3 asks.
    """
    encode: Callable[[str], str] = _url_encoded if url_encoded else _printable
    fields = [
        ("Name", bucket),
        ("Prefix", encode(query.prefix)),
        ("KeyCount", str(len(page.entries))),
        ("MaxKeys", str(query.max_keys)),
        ("IsTruncated", str(page.next_token is not None).lower()),
    ]
    if query.delimiter:
        fields.append(("Delimiter", encode(query.delimiter)))
    if url_encoded:
        fields.append(("EncodingType", "url"))
    if page.next_token:
        fields.append(("NextContinuationToken", page.next_token))
    root = ElementTree.Element("ListBucketResult", xmlns=_NAMESPACE)
    _fill(root, fields)
    for entry in page.entries:
        _add_entry(root, entry, encode(entry.key))
    return _text(root)


def _add_entry(root: ElementTree.Element, entry: Entry, key: str) -> None:
    if entry.status is None:
        common = ElementTree.SubElement(root, "CommonPrefixes")
        return _fill(common, [("Prefix", key)])
    changed = datetime.fromtimestamp(entry.status.st_mtime, UTC)
    fields = [
        ("Key", key),
        ("LastModified", changed.strftime("%Y-%m-%dT%H:%M:%S.000Z")),
        ("ETag", f'"{etag_of(entry.status)}"'),
        ("Size", str(entry.status.st_size)),
        ("StorageClass", "STANDARD"),
    ]
    return _fill(ElementTree.SubElement(root, "Contents"), fields)


def _url_encoded(text: str) -> str:
    return quote(text, safe="/")


def _printable(text: str) -> str:
    """Replace what XML 1.0 cannot hold; `encoding-type=url` is the way around."""
    return re.sub(r"[\0-\x1f\ufffe\uffff]", "\N{REPLACEMENT CHARACTER}", text)


def _fill(parent: ElementTree.Element, fields: Iterable[tuple[str, str]]) -> None:
    for name, value in fields:
        ElementTree.SubElement(parent, name).text = value


def _document(
    name: str, fields: Iterable[tuple[str, str]], namespace: bool = True
) -> str:
    attributes = {"xmlns": _NAMESPACE} if namespace else {}
    root = ElementTree.Element(name, attributes)
    _fill(root, [(field, _printable(value)) for field, value in fields])
    return _text(root)


def _text(root: ElementTree.Element) -> str:
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
