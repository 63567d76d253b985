"""ListObjectsV2 over a folder: a walk in key order that enters only what it must.

S3 orders keys by their UTF-8 bytes, so a folder `a` sorts as `a/`: after `a-b`, before
`a0`. A page of a listing costs what the page holds, not what the bucket holds.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_KEYS = 1000
# Sorts after every key that starts with the same letters.
_LAST = "\U0010ffff"


class ListingError(ValueError):
    """The listing was asked for in words that S3 does not accept (HTTP 400)."""


@dataclass(frozen=True)
class Entry:
    """An object of a listing, or (without `status`) a common prefix."""

    key: str
    status: os.stat_result | None = None


@dataclass(frozen=True)
class Query:
    """What to list.

    Parameters
    ----------
    prefix, delimiter : str
        As in ListObjectsV2; both may be empty.
    after : str
        Only what sorts after this.
    max_keys : int
        Objects and common prefixes together.
    """

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    max_keys: int = MAX_KEYS


@dataclass
class Page:
    """One page: its entries in order, and where the next begins (None: the end)."""

    entries: list[Entry] = field(default_factory=list)
    next_token: str | None = None


def list_page(bucket: Path, query: Query) -> Page:
    """List one page of a bucket.

    Parameters
    ----------
    bucket : Path
        The folder of the bucket.
    query : Query
        What to list.

    Returns
    -------
    Page
        At most `query.max_keys` entries.
    """
    page = Page()
    if query.max_keys == 0:
        return page
    for entry in _grouped(bucket, query):
        if len(page.entries) == query.max_keys:
            page.next_token = _token(page.entries[-1])
            break
        page.entries.append(entry)
    return page


def read_token(token: str) -> str:
    """Turn a continuation token into the `after` of a query.

    Raises
    ------
    ListingError
        It is not a token of this server.
    """
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise ListingError(f"continuation-token: {token!r} is not ours") from error


def _token(last: Entry) -> str:
    after = last.key if last.status else last.key + _LAST
    return base64.urlsafe_b64encode(after.encode()).decode()


def _grouped(bucket: Path, query: Query) -> Iterator[Entry]:
    """Fold keys that share the part up to the delimiter into one common prefix."""
    fold_folders = query.delimiter == "/"
    previous = None
    for entry in _walk(str(bucket), "", query, fold_folders):
        end = query.delimiter and entry.key.find(query.delimiter, len(query.prefix))
        if entry.status is None or not query.delimiter or end == -1:
            yield entry
            continue
        common = entry.key[: int(end) + len(query.delimiter)]
        if common != previous and not query.after.startswith(common):
            previous = common
            yield Entry(common)


def _walk(folder: str, base: str, query: Query, fold_folders: bool) -> Iterator[Entry]:
    for name, entry in _children(folder):
        key = base + name
        if not _may_hold(key, query):
            continue
        if not name.endswith("/"):
            yield Entry(key, entry.stat(follow_symlinks=False))
        elif fold_folders and key.startswith(query.prefix) and key != query.prefix:
            if key > query.after and _holds_an_object(entry.path):
                yield Entry(key)
        else:
            yield from _walk(entry.path, key, query, fold_folders)


def _may_hold(key: str, query: Query) -> bool:
    if not key.endswith("/"):
        return key.startswith(query.prefix) and key > query.after
    inside = key.startswith(query.prefix) or query.prefix.startswith(key)
    return inside and (key > query.after or query.after.startswith(key))


def _children(folder: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Files and folders in key order, without links and names that are not UTF-8."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _is_utf8(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                found.append((entry.name + "/", entry))
            elif entry.is_file(follow_symlinks=False):
                found.append((entry.name, entry))
    return sorted(found, key=lambda pair: pair[0])


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _holds_an_object(folder: str) -> bool:
    return next(_walk(folder, "", Query(), False), None) is not None
