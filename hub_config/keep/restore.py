"""A backup comes back: all of it onto an empty place, or one person's file.

Checksums are compared before anything is written.  Homes come first and the database
last, so that a restore that was interrupted can be run again: it goes on.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..packing import BrokenArchive, members
from .made import STAMP, verify
from .place import KeepError, Place, Say, feed


def restore(place: Place, made: Path, say: Say, *, replace: bool = False) -> list[str]:
    """Bring a whole backup back, while no hub runs there.

    Parameters
    ----------
    place : Place
        An empty one: no database, no homes.
    made : Path
        The backup.
    say : callable
        Is told a line for each step.
    replace : bool
        Take a place that is not empty, and move what is there aside.

    Returns
    -------
    list of str
        What was left out, ``home: name: reason``; empty if all came back.

    Raises
    ------
    KeepError
        The backup is damaged, the place is not empty, a hub runs there, the disk is
        full.
    """
    say("Comparing checksums …")
    manifest = verify(made)
    if place.state:
        place.state.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with place.at_rest():
        files = _files(place, manifest["sums"])
        replaced = f"replaced-{datetime.now(UTC).strftime(STAMP)}" if replace else ""
        words = ("begin", made.name, replaced, place.homes, *files.values())
        there = _tell(place, *words)["homes"]
        left_out: list[str] = []
        names = list(manifest["homes"])
        for number, name in enumerate(names, start=1):
            done = "there already"
            if name not in there:
                archive = made / f"homes/{name}.tar"
                told = _tell(place, "home", place.homes, name, source=archive)
                left_out += [f"{name}: {one}" for one in told["left_out"]]
                done = f"{told['files']} files"
            say(f"{number} of {len(names)}: {name}: {done}")
        for name, target in files.items():
            _tell(place, "file", target, source=made / name)
        _tell(place, "end", place.homes)
    return left_out


def restore_inside(place: Place, made: Path, name: str, inside: str) -> tuple[str, int]:
    """Bring one file or folder of a person's home back, beside what is there now.

    Parameters
    ----------
    place : Place
        The hub; it may run, and so may the person's server.
    made : Path
        The backup.
    name : str
        ``gh-NUMBER``.
    inside : str
        Where in the home: ``notebooks/mine.ipynb``.

    Returns
    -------
    tuple
        The folder in the home that it is in now, and how many files came back.

    Raises
    ------
    KeepError
        The backup is damaged, or has no such person or file.
    """
    manifest = verify(made)
    if name not in manifest["homes"]:
        there = ", ".join(manifest["homes"]) or "none"
        raise KeepError(f"{made}: no home {name}; there are: {there}")
    beside = f"restored-{datetime.now(UTC).strftime(STAMP)}"
    archive = made / f"homes/{name}.tar"
    inside = inside.strip("/")
    try:
        found = any(one.name == f"{name}/{inside}" for one in members(archive))
    except BrokenArchive as error:
        raise KeepError(f"{made}: {error}") from None
    if not found:
        raise KeepError(f"{made}: {name} had no {inside!r}")
    told = _tell(place, "inside", place.homes, name, inside, beside, source=archive)
    return beside, int(told["files"])


def _files(place: Place, sums: dict[str, str]) -> dict[str, str]:
    """Return the files that are no homes and where each belongs, the database last."""
    found = {}
    if place.state:
        secrets = (name for name in sums if name.startswith("secrets/"))
        found = {name: str(place.state.path / Path(name).name) for name in secrets}
    return found | {"people.sqlite": place.people, "hub.sqlite": place.database}


def _tell(place: Place, *words: str, source: Path = Path(os.devnull)) -> dict[str, Any]:
    with source.open("rb") as file:
        found: dict[str, Any] = json.loads(feed(place.module("receive", *words), file))
    return found
