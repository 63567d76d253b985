"""Takes the pieces of a backup; restoring runs it where the hub is.

::

    python -m hub_config.keep.receive begin BACKUP REPLACED HOMES FILE...
    python -m hub_config.keep.receive home HOMES NAME            < the home's archive
    python -m hub_config.keep.receive inside HOMES NAME PATH TO  < the home's archive
    python -m hub_config.keep.receive file TARGET                < the file
    python -m hub_config.keep.receive end HOMES

Nothing half appears under its final name.  What was there is never overwritten: it
is moved aside, and only if REPLACED says where to.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..packing import HOME, BrokenArchive, unpack
from .files import private_file
from .measure import names

_MARK = ".restoring"
_ARRIVING = ".arriving-"


def begin(backup: str, replaced: str, homes: str, *files: str) -> dict[str, Any]:
    """Make the place ready, and return which homes an interrupted restore brought."""
    folder = Path(homes)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{_ARRIVING}*"):
        shutil.rmtree(left, ignore_errors=True)
    mark = folder / _MARK
    if mark.exists() and mark.read_text() == backup:
        return {"homes": names(homes)}
    there = names(homes)
    kept = [Path(file) for file in files if Path(file).exists()]
    if (there or kept) and not replaced:
        what = [file.name for file in kept] + [f"{len(there)} homes"]
        sys.exit(
            f"restore: not empty: {', '.join(what)}; choose an empty place, or "
            "give --replace to move aside what is there"
        )
    _move_aside(folder, there, kept, replaced)
    mark.write_text(backup)
    return {"homes": []}


def _move_aside(
    folder: Path, there: list[str], kept: list[Path], replaced: str
) -> None:
    if there:
        aside = folder / f".{replaced}"
        aside.mkdir(mode=0o700)
        for name in there:
            (folder / name).rename(aside / name)
    for file in kept:
        # The log of this database must never be applied to the one that comes.
        for one in (file, *logs_of(file)):
            if one.exists():
                one.rename(one.with_name(f"{one.name}.{replaced}"))


def logs_of(database: Path) -> list[Path]:
    """Return the files that SQLite keeps beside a database in use."""
    return [database.with_name(database.name + end) for end in ("-wal", "-shm")]


def home(homes: str, name: str) -> dict[str, Any]:
    """Unpack standard input as a home, whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=_ARRIVING, dir=homes) as draft:
        done = unpack(sys.stdin.buffer, Path(draft), _home(name))
        if not (Path(draft) / name).is_dir():
            sys.exit(f"restore: the archive holds no {name}")
        (Path(draft) / name).rename(Path(homes) / name)
    return vars(done)


def inside(homes: str, name: str, path: str, to: str) -> dict[str, Any]:
    """Unpack a file or folder of a home to a new folder `to` in it."""
    target = Path(homes) / _home(name)
    if target.is_symlink():
        sys.exit(f"restore: {target} is a symlink")
    with tempfile.TemporaryDirectory(prefix=_ARRIVING, dir=homes) as draft:
        done = unpack(sys.stdin.buffer, Path(draft), name, path)
        target.mkdir(mode=0o700, exist_ok=True)
        (Path(draft) / name).rename(target / to)
    return vars(done)


def file(target: str) -> dict[str, Any]:
    """Write standard input to a private file, whole or not at all."""
    path = Path(target)
    draft = path.with_name(f"{_ARRIVING}{path.name}")
    with private_file(draft) as opened:
        shutil.copyfileobj(sys.stdin.buffer, opened)
        opened.flush()
        os.fsync(opened.fileno())
    draft.rename(path)
    return {}


def end(homes: str) -> dict[str, Any]:
    """Say that the restore is whole."""
    (Path(homes) / _MARK).unlink(missing_ok=True)
    return {}


def _home(name: str) -> str:
    if not HOME.fullmatch(name):
        sys.exit(f"restore: {name!r} is no home")
    return name


PIECES: dict[str, Callable[..., dict[str, Any]]] = {
    one.__name__: one for one in (begin, home, inside, file, end)
}

if __name__ == "__main__":
    try:
        print(json.dumps(PIECES[sys.argv[1]](*sys.argv[2:])))  # noqa: T201
    except BrokenArchive as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename or 'restore'}: {error.strerror}")
