"""What a reader asked of one object: which bytes, and under which condition.

Pure functions from request headers to an answer, as S3 gives it: one range a request; a
header that is not one well-formed byte range is ignored and the whole object is sent
(RFC 9110 §14.2, and "Amazon S3 doesn't support retrieving multiple ranges" in the
reference of GetObject).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)

_PRECONDITION_FAILED = 412
_NOT_MODIFIED = 304


class RangeNotSatisfiable(ValueError):
    """The range starts beyond the end of the object (HTTP 416)."""


@dataclass(frozen=True)
class Span:
    """Part of an object.

    Parameters
    ----------
    start, stop : int
        Bytes, as in a Python slice.
    """

    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        """How many bytes it holds."""
        return self.stop - self.start


def requested_span(header: str | None, size_bytes: int) -> Span | None:
    """Say which bytes a `Range` header asks for.

    Parameters
    ----------
    header : str or None
        The header's value.
    size_bytes : int
        Size of the object.

    Returns
    -------
    Span or None
        None: send the whole object.

    Raises
    ------
    RangeNotSatisfiable
        No byte of the object is in the range.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start = int(first)
        stop = min(size_bytes, int(last) + 1) if last else size_bytes
        if last and int(last) < start:
            return None
    if start >= size_bytes:
        raise RangeNotSatisfiable(f"range {header!r}: the object has {size_bytes} B")
    return Span(start, stop)


def refusal(headers: Mapping[str, str], etag: str, modified_s: float) -> int | None:
    """Apply the conditions of a request in the order of RFC 9110 §13.2.2.

    Parameters
    ----------
    headers : mapping
        Request headers (case-insensitive).
    etag : str
        The object's strong entity tag, without quotes.
    modified_s : float
        When the object was last changed, seconds since the epoch.

    Returns
    -------
    int or None
        412 or 304, or None where the object is to be sent.
    """
    if "If-Match" in headers:
        if not _names(headers["If-Match"], etag):
            return _PRECONDITION_FAILED
    elif _is_since(headers.get("If-Unmodified-Since"), modified_s) is False:
        return _PRECONDITION_FAILED
    if "If-None-Match" in headers:
        if _names(headers["If-None-Match"], etag):
            return _NOT_MODIFIED
    elif _is_since(headers.get("If-Modified-Since"), modified_s):
        return _NOT_MODIFIED
    return None


def range_applies(headers: Mapping[str, str], etag: str, modified_s: float) -> bool:
    """Say whether `If-Range` lets the range stand (RFC 9110 §13.1.5)."""
    value = headers.get("If-Range")
    if value is None:
        return True
    return _names(value, etag) or bool(_is_since(value, modified_s))


def _names(header: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return "*" in tags or etag in tags


def _is_since(header: str | None, modified_s: float) -> bool | None:
    """Say whether the object is unchanged since the date; None without a date."""
    if header is None:
        return None
    try:
        return int(modified_s) <= parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError):
        return None
