"""How large homes are, and when they changed.

``python -m hub_config.keep.measure HOMES`` prints it as JSON.

Names are bytes throughout: a home may hold names that are no UTF-8.  Sizes are what the
disk holds, as quotas count: a file with holes counts what is written, a file with two
names once.  Symlinks are never followed.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256

from ..packing import HOME

_BLOCK_BYTES = 512


@dataclass(frozen=True)
class Home:
    """One home, as it was when it was looked at.

    Attributes
    ----------
    name : str
        ``gh-NUMBER``.
    size_bytes : int
        What it takes on the disk.
    files : int
        Everything in it but folders.
    changed_s : float
        When something in it was last written, in seconds since the epoch.
    unreadable : int
        Folders that could not be looked into: the size is then a lower bound.
    fingerprint : str
        Another one if anything changed: a name, a size, a time, a mode.
    """

    name: str
    size_bytes: int
    files: int
    changed_s: float
    unreadable: int
    fingerprint: str


class _Sum:
    def __init__(self) -> None:
        self.size = self.files = self.unreadable = 0
        self.changed = 0.0
        self.digest = sha256()
        self._seen: set[tuple[int, int]] = set()

    def add(self, path: bytes, found: os.stat_result) -> None:
        """Count one file or folder."""
        key = found.st_dev, found.st_ino
        again = found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode)
        if not (again and key in self._seen):
            self.size += found.st_blocks * _BLOCK_BYTES
        if again:
            self._seen.add(key)
        self.files += not stat.S_ISDIR(found.st_mode)
        self.changed = max(self.changed, found.st_mtime)
        facts = (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        self.digest.update(repr((path, *facts)).encode())


def measure(homes: str, name: str) -> Home:
    """Measure one home.

    Parameters
    ----------
    homes : str
        The folder of all homes.
    name : str
        ``gh-NUMBER``.

    Raises
    ------
    OSError
        There is no such home.
    """
    top = os.fsencode(os.path.join(homes, name))
    found = _Sum()
    found.add(b"", os.lstat(top))
    folders = [b""]
    while folders:
        where = folders.pop()
        try:
            with os.scandir(os.path.join(top, where)) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            found.unreadable += 1
            continue
        for entry in listed:
            path = os.path.join(where, entry.name)
            try:
                about = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # somebody works there
            found.add(path, about)
            if stat.S_ISDIR(about.st_mode):
                folders.append(path)
    return Home(
        name=name,
        size_bytes=found.size,
        files=found.files,
        changed_s=found.changed,
        unreadable=found.unreadable,
        fingerprint=found.digest.hexdigest(),
    )


def names(homes: str) -> list[str]:
    """Return the homes that are there; a symlink in their place is none.

    Raises
    ------
    OSError
        The folder is not there.
    """
    with os.scandir(homes) as entries:
        found = [
            entry.name
            for entry in entries
            if HOME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        ]
    return sorted(found, key=lambda name: int(name.removeprefix("gh-")))


def measure_all(homes: str, each: Callable[[Home], None] | None = None) -> list[Home]:
    """Measure every home, calling `each` after each."""
    found = []
    for name in names(homes):
        try:
            found.append(measure(homes, name))
        except FileNotFoundError:
            continue  # put away since
        if each:
            each(found[-1])
    return found


if __name__ == "__main__":
    try:
        print(json.dumps([asdict(home) for home in measure_all(sys.argv[1])]))  # noqa: T201
    except OSError as error:
        sys.exit(f"homes: {error.filename}: {error.strerror}")
