"""Small questions to the archive's API.

"No" (404, 403) and "could not ask" (no answer, 5xx) are different exceptions.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

from .backoff import Backoff
from .errors import (
    AccessDenied,
    ArchiveUnreachable,
    AssetNotFound,
    TransferFailed,
)

TIMEOUT_S = 20

#: No answer of the API that is read here is longer than this.
_BODY_MAX_BYTES = 32 << 20

_BUSY = frozenset({429, 500, 502, 503, 504})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_open = urllib.request.build_opener().open
_open_here = urllib.request.build_opener(_NoRedirect).open


def api_key() -> str:
    """Return the key with which the archive knows the person, or an empty text."""
    return os.environ.get("DANDI_API_KEY", "").strip()


def get_json(url: str) -> Any:
    """Ask the archive's API.

    Raises
    ------
    AssetNotFound
        404.
    AccessDenied
        401 or 403.
    ArchiveUnreachable
        No answer, or none that can be understood.
    """
    body, _ = _ask(url, _open)
    try:
        return json.loads(body)
    except ValueError as error:
        raise ArchiveUnreachable(
            f"{url}: answered something that is not JSON; is this the archive's API?"
        ) from error


def get_bytes(url: str) -> bytes:
    """Read a small body, such as a listing of S3; the archive's key is not sent."""
    body, _ = _ask(url, _open, with_key=False)
    return body


def redirect_of(url: str) -> str:
    """Return where a download address leads, such as a presigned one on S3."""
    _, headers = _ask(url, _open_here)
    location = headers.get("Location")
    if not location:
        raise ArchiveUnreachable(f"{url}: answered without a Location to go on to")
    return str(location)


def _ask(url: str, send: Any, with_key: bool = True) -> tuple[bytes, Message]:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    if with_key and (key := api_key()):
        # Unredirected: the key must not travel on to where the answer leads.
        request.add_unredirected_header("Authorization", f"token {key}")
    tries = Backoff(url)
    try:
        while True:
            try:
                with send(request, timeout=TIMEOUT_S) as response:
                    return response.read(_BODY_MAX_BYTES), response.headers
            except urllib.error.HTTPError as error:
                if error.code in (301, 302, 303, 307, 308):
                    return b"", error.headers
                if error.code not in _BUSY:
                    raise _refusal(url, error) from error
                tries.failed(f"HTTP {error.code}")
            except OSError as error:
                tries.failed(error)
    except TransferFailed as error:
        raise ArchiveUnreachable(f"the archive could not be asked: {error}") from error


def _refusal(url: str, error: urllib.error.HTTPError) -> OSError:
    if error.code == 404:
        return AssetNotFound(f"{url}: the archive has nothing here (HTTP 404)")
    if error.code in (401, 403):
        advice = (
            "the key in DANDI_API_KEY has no access, ask an owner for it"
            if api_key()
            else "set DANDI_API_KEY to the key of an owner"
        )
        return AccessDenied(f"{url}: HTTP {error.code}, embargoed or private; {advice}")
    return ArchiveUnreachable(f"{url}: HTTP {error.code}")
