"""An address from outside, taken apart or refused."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

LONGEST = 1000


class LinkRefused(ValueError):
    """A link that this hub does not follow; the text is for who clicked it."""


def take_apart(text: str) -> SplitResult:
    """Return the parts of an address, still percent-encoded.

    Raises
    ------
    LinkRefused
        It is none, or two programs could read it differently.
    """
    if len(text) > LONGEST:
        raise LinkRefused(f"This link is longer than {LONGEST} characters.")
    # Python drops line breaks in an address and a browser turns a backslash around.
    if not text.isascii() or re.search(r"[\x00-\x20\x7f\\]", text):
        raise LinkRefused(
            "This link holds spaces or characters that no address has. Copy it again "
            "from the page that you have it from."
        )
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise LinkRefused("This link is not an address.") from None
    if parts.username is not None:
        raise LinkRefused("This link holds a name or a password before the host.")
    return parts


def place_of(parts: SplitResult) -> str:
    """Return scheme, host and port, which do not care for the letter case."""
    return f"{parts.scheme}://{parts.netloc}".lower()


def checked_path(path: str, allowed: re.Pattern[str]) -> str:
    """Return a relative path of `allowed` characters that stays where it begins.

    Raises
    ------
    LinkRefused
        It is no such path.
    """
    words = path.split("/")
    if not allowed.fullmatch(path) or {"", ".", "..", ".git"} & set(words):
        raise LinkRefused(f"The path in this link is none that a file has: {path!r}.")
    return path
