"""A backup: the hub's database, its memory of people, its secrets, and every home.

::

    BACKUPS/                        0700
        2026-11-24T14-30-00Z/       there when it is whole, and never half
            manifest.json           what it is of, and of when
            SHA256SUMS              for `sha256sum -c`, with or without us
            hub.sqlite              JupyterHub's database, at one moment
            people.sqlite           logins, terms, notices
            secrets/                of one machine only; 0600
            homes/gh-NUMBER.tar     one archive a person

A home that did not change since the last backup is that backup's archive once more, as
a hard link: it costs neither reading nor room.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..packing import CHANGED, BrokenArchive, members, pack_command
from .files import private_file, sync
from .made import FORMAT, STAMP, SUMS, newest, read_manifest
from .measure import Home
from .place import SECRETS, KeepError, Piece, Place, Say, stream

DRAFT = ".unfinished"
_COMPLAINTS_KEPT = 100


@dataclass
class Draft:
    """A backup in the making.

    Parameters
    ----------
    folder : Path
        Where its files lie.
    last, before : Path and dict
        The backup before it, if there is one, and what it says of itself.
    """

    folder: Path
    last: Path | None = None
    before: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(
        self, name: str, command: list[str], allowed: tuple[int, ...] = (0,)
    ) -> Piece:
        """Keep what a command prints as the file `name`."""
        path = self.folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_file(path) as file:
            piece = stream(command, file, allowed)
            file.flush()
            os.fsync(file.fileno())
        self.sums[name] = piece.sha256
        return piece

    def take_home(self, place: Place, home: Home, full: bool) -> str:
        """Keep a home, or say that the last backup has it; return what was done."""
        name = f"homes/{home.name}.tar"
        if not full and self._as_before(name, home):
            return "as before"
        command = [*place.prefix, *pack_command(place.homes, home.name)]
        piece = self.take(name, command, allowed=(0, CHANGED))
        try:
            count = sum(not one.isdir() for one in members(self.folder / name))
        except BrokenArchive as error:
            raise KeepError(f"backup: {error}; try again") from None
        complaints = [line.removeprefix("tar: ") for line in piece.complaints]
        self.homes[home.name] = {
            "files": count,
            "size_bytes": piece.size_bytes,
            # What changed while it was read is not what it will be called next time.
            "fingerprint": "" if complaints else home.fingerprint,
            "complaints": complaints[:_COMPLAINTS_KEPT],
        }
        return _told(complaints) or f"{count} files"

    def _as_before(self, name: str, home: Home) -> bool:
        before = self.before.get("homes", {}).get(home.name, {})
        if self.last is None or before.get("fingerprint") != home.fingerprint:
            return False
        (self.folder / name).parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.link(self.last / name, self.folder / name)
        except OSError:
            return False
        self.sums[name] = self.before["sums"][name]
        self.homes[home.name] = before
        return True


def backup(
    place: Place,
    folder: Path,
    say: Say,
    *,
    secrets: bool = True,
    full: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path:
    """Make a backup of a hub, which may be running.

    Parameters
    ----------
    place : Place
        The hub.
    folder : Path
        Where backups are kept; made if absent.
    say : callable
        Is told a line for each home.
    secrets : bool
        Keep the secrets of one-machine mode too: without them people sign in again.
    full : bool
        Read every home, changed or not.
    clock : callable
        Tells the time; aware.

    Returns
    -------
    Path
        The new backup; until it is whole there is none.

    Raises
    ------
    KeepError
        Something could not be read or written, or another backup runs.
    """
    made = clock()
    with _alone(folder), _nothing_half(folder):
        draft = _draft(folder)
        # What is left of one that was interrupted.
        shutil.rmtree(draft.folder, ignore_errors=True)
        draft.folder.mkdir(mode=0o700)
        say("Measuring homes …")
        homes = measured(place)
        _require_room(draft, homes)
        for number, home in enumerate(homes, start=1):
            done = draft.take_home(place, home, full)
            say(f"{number} of {len(homes)}: {home.name}: {done}")
        _take_databases(draft, place)
        if secrets and place.state:
            _take_secrets(draft, place.state.path)
        _finish(draft, place, made)
        target = folder / made.strftime(STAMP)
        draft.folder.rename(target)
        sync(folder)
    return target


def measured(place: Place) -> list[Home]:
    """Return the homes of a hub."""
    told = io.BytesIO()
    stream(place.module("measure", place.homes), told)
    return [Home(**one) for one in json.loads(told.getvalue())]


def _draft(folder: Path) -> Draft:
    last = newest(folder)
    try:
        return Draft(folder / DRAFT, last, read_manifest(last) if last else {})
    except KeepError:
        # One that is damaged is no reason to make none.
        return Draft(folder / DRAFT)


def _take_databases(draft: Draft, place: Place) -> None:
    draft.take("hub.sqlite", place.module("copy_database", place.database))
    draft.take("people.sqlite", place.module("copy_database", place.people))


def _take_secrets(draft: Draft, state: Path) -> None:
    for name in SECRETS:
        if (state / name).exists():
            draft.take(f"secrets/{name}", ["cat", "--", str(state / name)])


def _finish(draft: Draft, place: Place, made: datetime) -> None:
    about = {
        "format": FORMAT,
        "made": made.isoformat(timespec="seconds"),
        "of": place.name,
        "archive_hub": version("archive-hub"),
        "jupyterhub": version("jupyterhub"),
        "secrets": any(name.startswith("secrets/") for name in draft.sums),
        "homes": draft.homes,
    }
    text = json.dumps(about, indent=1).encode()
    draft.sums["manifest.json"] = sha256(text).hexdigest()
    lines = (f"{digest}  {name}\n" for name, digest in sorted(draft.sums.items()))
    for name, content in (("manifest.json", text), (SUMS, "".join(lines).encode())):
        with private_file(draft.folder / name) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    sync(draft.folder)


def _require_room(draft: Draft, homes: list[Home]) -> None:
    before = draft.before.get("homes", {}).values()
    known = {one.get("fingerprint") for one in before}
    needed = sum(home.size_bytes for home in homes if home.fingerprint not in known)
    free = shutil.disk_usage(draft.folder).free
    if needed > free:
        raise KeepError(
            f"backup: needs {needed >> 20} MiB in {draft.folder.parent}, "
            f"{free >> 20} MiB are free; make room, or name another folder"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise KeepError(
                    f"backup: another one runs in {folder}; wait for it"
                ) from None
            yield
    except OSError as error:
        raise KeepError(
            f"backup: {error.filename or folder}: {error.strerror}; "
            "make room, or name another folder"
        ) from None


@contextmanager
def _nothing_half(folder: Path) -> Iterator[None]:
    """Leave nothing of a backup that failed."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder / DRAFT, ignore_errors=True)
        raise


def _told(complaints: list[str]) -> str:
    more = f" and {len(complaints) - 1} more" if len(complaints) > 1 else ""
    return f"{complaints[0]}{more}" if complaints else ""
