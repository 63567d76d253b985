"""Backups that were made: which there are, and whether they are still whole."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from .place import CHUNK_BYTES, KeepError

FORMAT = 1
STAMP = "%Y-%m-%dT%H-%M-%SZ"
SUMS = "SHA256SUMS"
_TOLD = 5


def read_manifest(made: Path) -> dict[str, Any]:
    """Return what a backup says of itself, with its checksums as ``sums``.

    Raises
    ------
    KeepError
        It is no backup, or one of another format.
    """
    try:
        found = json.loads((made / "manifest.json").read_text())
        lines = (made / "SHA256SUMS").read_text().splitlines()
    except (OSError, ValueError) as error:
        raise KeepError(f"{made}: no backup: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise KeepError(f"{made}: not a backup of format {FORMAT}")
    sums = (line.partition("  ") for line in lines)
    found["sums"] = {name: digest for digest, _, name in sums}
    return found


def verify(made: Path) -> dict[str, Any]:
    """Check that a backup is whole and unchanged; return its manifest.

    Raises
    ------
    KeepError
        Names each file that is missing, damaged, or not of the backup.
    """
    manifest = read_manifest(made)
    sums = manifest["sums"]
    there = {str(one.relative_to(made)) for one in made.rglob("*") if one.is_file()}
    wrong = [f"{name}: not of the backup" for name in sorted(there - {*sums, SUMS})]
    for name, expected in sorted(sums.items()):
        if name not in there:
            wrong.append(f"{name}: missing")
        elif sum_of(made / name) != expected:
            wrong.append(f"{name}: damaged")
    if wrong:
        faults = "; ".join(wrong[:_TOLD])
        raise KeepError(f"{made}: {len(wrong)} files are wrong: {faults}")
    return manifest


def listed(folder: Path) -> list[Path]:
    """Return the whole backups in a folder, the oldest first."""
    return sorted(folder.glob("????-??-??T??-??-??Z")) if folder.is_dir() else []


def newest(folder: Path) -> Path | None:
    """Return the last whole backup in a folder, if there is one."""
    return next(reversed(listed(folder)), None)


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the `keep` newest backups; return those deleted."""
    old = listed(folder)[:-keep] if keep > 0 else []
    for one in old:
        # Renamed first: half a backup must not look like one.
        gone = one.rename(folder / f".old-{one.name}")
        shutil.rmtree(gone)
    return old


def sum_of(path: Path) -> str:
    """Return a file's SHA-256."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
