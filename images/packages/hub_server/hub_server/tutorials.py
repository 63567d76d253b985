"""Copies the image's tutorials to the home, and never touches what a person changed.

A manifest beside the copies holds the hash of each as it was written.  A file that
still has that hash is ours and follows the image; any other file is the person's.  A
missing file is copied anew: renaming or deleting one's copy is the way to get the
original back.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST = ".tutorials.json"


@dataclass
class Outcome:
    """What a copy did, by relative path.

    Parameters
    ----------
    written
        New files, and unchanged ones that the image has anew.
    kept
        Files that differ from ours and were left alone.
    failed
        Files that could not be written, with the reason.
    """

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def copy(source: Path, target: Path) -> Outcome:
    """Bring the files of `source` to `target`.

    Parameters
    ----------
    source
        Folder of tutorials in the image; nothing happens where it is absent.
    target
        The person's folder.
    """
    outcome = Outcome()
    if not source.is_dir():
        return outcome
    hashes = _read(target / MANIFEST)
    before = dict(hashes)
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        name = file.relative_to(source).as_posix()
        try:
            _copy_one(file.read_bytes(), target, name, hashes, outcome)
        except OSError as error:
            outcome.failed[name] = str(error)
    if hashes != before:
        _remember(target / MANIFEST, hashes, outcome)
    return outcome


def _copy_one(
    new: bytes, target: Path, name: str, hashes: dict[str, str], outcome: Outcome
) -> None:
    goal = target / name
    if _leads_elsewhere(target, goal):
        outcome.kept.append(name)
        return
    digest = hashlib.sha256(new).hexdigest()
    if goal.exists():
        there = hashlib.sha256(goal.read_bytes()).hexdigest()
        if there == digest:
            hashes[name] = digest
            return
        if hashes.get(name) != there:
            outcome.kept.append(name)
            return
    write(goal, new)
    hashes[name] = digest
    outcome.written.append(name)


def _leads_elsewhere(target: Path, goal: Path) -> bool:
    """Tell whether a link on the way to `goal` leads out of the person's folder."""
    parts = [goal, *goal.parents]
    return any(part.is_symlink() for part in parts[: len(parts) - len(target.parents)])


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    OSError
        It cannot be written; what was there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(manifest: Path) -> dict[str, str]:
    try:
        hashes = json.loads(manifest.read_text())
    except (OSError, ValueError):
        return {}
    return hashes if isinstance(hashes, dict) else {}


def _remember(manifest: Path, hashes: dict[str, str], outcome: Outcome) -> None:
    try:
        write(manifest, json.dumps(hashes, indent=1, sort_keys=True).encode())
    except OSError as error:
        outcome.failed[MANIFEST] = str(error)
