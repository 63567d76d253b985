"""One person's home as one file, with its checksum: what a person takes away."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ..ledger import Ledger
from ..packing import CHANGED, BrokenArchive, members, pack_command
from ..people import UnknownPerson, person
from .backup import measured
from .files import private_file
from .measure import Home
from .place import KeepError, Place, Say, stream


def export(place: Place, user: str, folder: Path, say: Say) -> Path:
    """Write a person's home to one tar file, and its SHA-256 beside it.

    Parameters
    ----------
    place : Place
        The hub; it may run.
    user : str
        ``gh-NUMBER``, a number, or a login that was seen here.
    folder : Path
        Where to; made if absent.
    say : callable
        Is told what could not be read.

    Returns
    -------
    Path
        ``gh-NUMBER-DATE.tar``; ``sha256sum -c`` takes the file of the same name and
        ``.sha256``.

    Raises
    ------
    KeepError
        Nobody of that name has a home, the file is there already, the disk is full.
    """
    name = home_of(place, user)
    there = {home.name: home for home in measured(place)}
    if name not in there:
        raise KeepError(
            f"export: {user!r} ({name}) has no home in {place.name}; "
            "`archive-hub homes` lists them"
        )
    return _export(place, there[name], folder, say)


def export_all(place: Place, folder: Path, say: Say) -> list[Path]:
    """Write every home to a file of its own; those that are there already are kept.

    Raises
    ------
    KeepError
        As `export`.
    """
    homes = measured(place)
    made = []
    for number, home in enumerate(homes, start=1):
        say(f"{number} of {len(homes)}: {home.name}, {home.size_bytes >> 20} MiB")
        target = _target(folder, home.name)
        # An export that was interrupted goes on here.
        done = target.with_suffix(".tar.sha256").exists()
        made.append(target if done else _export(place, home, folder, say))
    return made


def home_of(place: Place, user: str) -> str:
    """Return the home's name of a person named by login or number.

    Raises
    ------
    KeepError
        The hub never saw the login, or saw it with several accounts.
    """
    if user.removeprefix("gh-").isdigit():
        return f"gh-{user.removeprefix('gh-')}"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "people.sqlite"
        with copy.open("wb") as file:
            stream(place.module("copy_database", place.people), file)
        try:
            with closing(Ledger(copy)) as ledger:
                return f"gh-{person(ledger, user)}"
        except UnknownPerson as error:
            raise KeepError(str(error)) from None


def _target(
    folder: Path, name: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Path:
    return folder / f"{name}-{clock():%Y%m%d}.tar"


def _export(place: Place, home: Home, folder: Path, say: Say) -> Path:
    target = _target(folder, home.name)
    draft = target.with_name(f".{target.name}.unfinished")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            raise KeepError(f"export: {target} is there already; move it away")
        free = shutil.disk_usage(folder).free
        if home.size_bytes > free:
            raise KeepError(
                f"export: {home.name} takes {home.size_bytes >> 20} MiB, "
                f"{free >> 20} MiB are free in {folder}; name another with --to"
            )
        _write(place, home.name, draft, target, say)
    except OSError as error:
        raise KeepError(
            f"export: {error.filename or folder}: {error.strerror}; "
            "name another folder with --to"
        ) from None
    except BrokenArchive as error:
        raise KeepError(f"export: {error}; try again") from None
    finally:
        draft.unlink(missing_ok=True)
    return target


def _write(place: Place, name: str, draft: Path, target: Path, say: Say) -> None:
    command = [*place.prefix, *pack_command(place.homes, name)]
    with private_file(draft) as file:
        piece = stream(command, file, allowed=(0, CHANGED))
        file.flush()
        os.fsync(file.fileno())
    for _ in members(draft):
        pass  # a stream that was cut short is found here
    for line in piece.complaints[:5]:
        say(line)
    draft.rename(target)
    sum_file = target.with_suffix(".tar.sha256")
    sum_file.write_text(f"{piece.sha256}  {target.name}\n")
