"""One immutable object, read by ranges: the only part that knows where bytes come from.

A blob is pinned when it is opened.  Every later answer must come from the same object
(`If-Match` is sent, ETag and size are compared), so that one array is never made of two
versions.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from . import transport
from .backoff import Backoff, Wait
from .errors import (
    AccessDenied,
    NotReadable,
    ObjectChanged,
    ObjectNotFound,
    TransferFailed,
)
from .gate import gate
from .stats import count
from .transport import Answer, Transport

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_THROTTLED = frozenset({429, 503})

#: A cut body counts as progress, and starts the tries anew, from this length on.
_PROGRESS_BYTES = 64 << 10


class Blob(ABC):
    """Bytes of known length that never change.

    Attributes
    ----------
    name : str
        What errors call it.
    size : int
        Length in bytes.
    etag : str
        ETag of the object, without quotes; empty if none was seen yet.
    digest : str
        What the archive calls the content, its ``dandi:dandi-etag``; else empty.  It is
        the ETag of an upload, but a copy in the bucket may have another one.
    """

    name: str
    size: int
    etag: str
    digest: str = ""

    @abstractmethod
    def read(self, start: int, stop: int) -> bytes:
        """Read a range in the calling thread, which may hold h5py's lock."""

    @abstractmethod
    def read_into(self, start: int, into: memoryview, wait: Wait = time.sleep) -> None:
        """Fill `into` from `start` on; called by fetching threads only.

        `wait` is what happens before another try.
        """

    @property
    def key(self) -> str:
        """Name of the content: equal for equal bytes, fit for a file name."""
        return f"{safe(self.identity) or 'unknown'}-{self.size}"

    @property
    def identity(self) -> str:
        """The digest, else the ETag, else an empty text."""
        return self.digest or self.etag


def safe(text: str) -> str:
    """Return a text that is fit for a file name."""
    return "".join(c if c.isalnum() or c in "-." else "_" for c in text)


class HttpBlob(Blob):
    """An object behind an HTTP address.

    Parameters
    ----------
    url : str
        Address of the object.
    size : int, optional
        Length in bytes, where it is known; else one small request asks for it.
    etag : str, optional
        The ETag it must have, without quotes.
    renew : callable, optional
        Returns a new address when this one has expired (presigned URLs live six hours).
        It is pickled with the blob.
    """

    def __init__(
        self,
        url: str,
        size: int | None = None,
        etag: str = "",
        renew: Callable[[], str] | None = None,
        digest: str = "",
    ) -> None:
        self.url, self.etag, self.renew = url, etag.strip('"'), renew
        self.digest = digest
        self.name = url.partition("?")[0]
        self.size = -1 if size is None else size
        if size is None:
            self._look()

    def __reduce__(self) -> tuple[Any, ...]:
        return HttpBlob, (self.url, self.size, self.etag, self.renew, self.digest)

    def read(self, start: int, stop: int) -> bytes:
        """Read a range in the calling thread, over connections of its own."""
        buffer = bytearray(max(0, stop - start))
        self._transfer(start, memoryview(buffer), transport.alone(), time.sleep)
        return bytes(buffer)

    def read_into(self, start: int, into: memoryview, wait: Wait = time.sleep) -> None:
        """Fill `into` over the shared connections, through the gate."""
        with gate.passed():
            self._transfer(start, into, transport.shared(), wait)

    def _transfer(
        self, start: int, into: memoryview, lane: Transport, wait: Wait
    ) -> None:
        stop = start + len(into)
        if not 0 <= start <= stop <= self.size:
            raise NotReadable(
                f"{self.name}: bytes {start} to {stop} lie outside its {self.size}; "
                "the file is cut short or its index is of another file"
            )
        tries = Backoff(f"{self.name}, bytes {start} to {stop}", wait)
        renewed = False
        at = 0
        while at < len(into):
            url = self.url
            answer = self._ask(url, start + at, into[at:], lane, tries)
            if answer is None:
                continue
            if answer.status == 403 and self.renew and not renewed:
                renewed = True
                self._renew(url)
                continue
            self._judge(answer, start + at)
            at += answer.received
            count("received_bytes", answer.received)
            if answer.received >= _PROGRESS_BYTES:
                tries.progressed()
            if at < len(into):
                tries.failed("the body was cut short")

    def ask_once(self, start: int, into: memoryview) -> Answer:
        """Send one request, as often as it takes to get an answer; judge nothing."""
        tries = Backoff(self.name)
        while True:
            answer = self._ask(self.url, start, into, transport.alone(), tries)
            if answer is not None:
                return answer

    def _ask(
        self, url: str, start: int, into: memoryview, lane: Transport, tries: Backoff
    ) -> Answer | None:
        """Send one request; None means that it failed and the wait is over."""
        headers = {"Range": f"bytes={start}-{start + len(into) - 1}"}
        if self.etag:
            headers["If-Match"] = f'"{self.etag}"'
        count("requests")
        try:
            answer = lane.get(url, headers, into)
        except transport.BROKEN as error:
            tries.failed(error)
            return None
        if answer.status in _BUSY:
            if answer.status in _THROTTLED:
                gate.slow_down()
            tries.failed(f"HTTP {answer.status} {_code(answer)}")
            return None
        if answer.status == 200:
            tries.failed("HTTP 200 where a range was asked for")
            return None
        gate.well_done()
        return answer

    def _renew(self, expired: str) -> None:
        # Another thread may have been faster.
        if self.url == expired and self.renew:
            self.url = self.renew()

    def _judge(self, answer: Answer, start: int) -> None:
        """Raise what an answer means, unless it is the range of the pinned object."""
        if answer.status != 206:
            raise self._refusal(answer)
        etag = (answer.headers.get("ETag") or "").strip('"')
        first, total = _content_range(answer)
        if first not in (None, start):
            raise TransferFailed(
                f"{self.name}: asked for bytes from {start}, got them from {first}"
            )
        if (self.etag and etag and etag != self.etag) or total not in (None, self.size):
            raise self._changed(f"ETag {etag!r} and {total} bytes")
        self.etag = self.etag or etag

    def _refusal(self, answer: Answer) -> OSError:
        code = _code(answer)
        if answer.status in (401, 403):
            return AccessDenied(
                f"{self.name}: HTTP {answer.status} {code}; it may be embargoed: "
                "set DANDI_API_KEY to the key of an owner, or ask for access"
            )
        if answer.status == 404:
            return ObjectNotFound(f"{self.name}: HTTP 404 {code}; check the address")
        if answer.status in (412, 416):
            return self._changed(f"HTTP {answer.status} {code}")
        return TransferFailed(f"{self.name}: HTTP {answer.status} {code}")

    def _changed(self, found: str) -> ObjectChanged:
        return ObjectChanged(
            f"{self.name}: is not the object that was opened (ETag {self.etag!r}, "
            f"{self.size} bytes), there is {found}; open it again"
        )

    def _look(self) -> None:
        """Ask for size and ETag by a range of a byte: signed URLs allow no HEAD."""
        tries, renewed = Backoff(self.name), False
        while True:
            url = self.url
            answer = self._ask(
                url, 0, memoryview(bytearray(1)), transport.alone(), tries
            )
            if (
                answer is not None
                and answer.status == 403
                and self.renew
                and not renewed
            ):
                renewed = True
                self._renew(url)
            elif answer is not None:
                break
        total = _content_range(answer)[1]
        if total is None:
            raise self._refusal(answer)
        self.size = total
        self.etag = self.etag or (answer.headers.get("ETag") or "").strip('"')


def _content_range(answer: Answer) -> tuple[int | None, int | None]:
    """Return first byte and total of ``bytes FIRST-LAST/TOTAL``, where present."""
    value = answer.headers.get("Content-Range") or ""
    unit, _, rest = value.partition(" ")
    span, _, total = rest.partition("/")
    first = span.partition("-")[0]
    if unit != "bytes":
        return None, None
    return (
        int(first) if first.isdigit() else None,
        int(total) if total.isdigit() else None,
    )


def _code(answer: Answer) -> str:
    """Return the error's name in S3's XML, as ``SlowDown``."""
    _, found, rest = answer.text.partition("<Code>")
    return rest.partition("</Code>")[0][:80] if found else ""


def read_small(url: str, most_bytes: int) -> bytes:
    """Read an object of unknown, small size, usually in one request.

    Raises
    ------
    ArchiveDataError
        It cannot be had, or is longer than `most_bytes`.
    """
    first = bytearray(_SMALL_BYTES)
    blob = HttpBlob(url, len(first))
    answer = blob.ask_once(0, memoryview(first))
    total = _content_range(answer)[1]
    if answer.status != 206 or total is None or total > most_bytes:
        raise ObjectNotFound(f"{blob.name}: HTTP {answer.status}, {total} bytes")
    if total <= answer.received:
        return bytes(first[:total])
    etag = (answer.headers.get("ETag") or "").strip('"')
    return HttpBlob(url, total, etag).read(0, total)


#: What `read_small` asks for at first: most indexes have 70 to 100 kB.
_SMALL_BYTES = 512 << 10
