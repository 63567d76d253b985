"""Finds planted secrets in what a hub leaves behind, also in another writing."""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

LONGEST_FILE = 64 * 2**20


def writings(secret: str) -> Iterator[bytes]:
    """Yield a secret as it is, percent-encoded, in base64 at each of its offsets."""
    raw = secret.encode()
    yield raw
    yield quote(secret, safe="").encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        # The ends depend on what stands beside it.
        yield coded[4 if shift else 0 : -4]


def scan(
    secrets: Mapping[str, str | re.Pattern[bytes]],
    places: Iterable[tuple[str, bytes]],
) -> list[str]:
    """Return where secrets were found, as ``SECRET in PLACE``; never the secret.

    Parameters
    ----------
    secrets : mapping of str to str or pattern
        By what they are called.
    places : iterable of (str, bytes)
        Names and contents.
    """
    patterns = {name: _pattern(secret) for name, secret in secrets.items()}
    return [
        f"{name} in {place}"
        for place, content in places
        for name, pattern in patterns.items()
        if pattern.search(content)
    ]


def _pattern(secret: str | re.Pattern[bytes]) -> re.Pattern[bytes]:
    if isinstance(secret, re.Pattern):
        return secret
    return re.compile(b"|".join(re.escape(one) for one in set(writings(secret))))


def files_below(
    folder: Path, leave_out: Iterable[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder and, of each database, also all its rows."""
    skipped = set(leave_out)
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_file() or path.is_symlink() or skipped & set(path.parts):
            continue
        if path.stat().st_size <= LONGEST_FILE:
            yield name, path.read_bytes()
        if path.suffix == ".sqlite":
            yield f"{name} (rows)", rows_of(path)


def rows_of(database: Path) -> bytes:
    """Return everything that a database holds, what is only in its journal included."""
    with closing(sqlite3.connect(database, timeout=10)) as db:
        return "\n".join(db.iterdump()).encode("utf-8", "surrogateescape")


def processes_below(pid: int) -> Iterator[tuple[str, bytes]]:
    """Yield the command line of every process that anybody on the machine may read."""
    import psutil

    for one in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            yield f"command line of {one.name()}", "\0".join(one.cmdline()).encode()
        except psutil.Error:
            continue
