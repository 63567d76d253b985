"""Copies of what is in the hub's pod, taken through kubectl."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ..keep import copy_database
from ..keep.backup import backup
from ..keep.made import STAMP
from ..keep.place import KeepError, Place
from ..ledger import LEDGER_IN_POD
from .keeping import Say
from .programs import DeployError, line_of

# Sent to the pod as text, so that any hub's image will do.
SCRIPT = Path(copy_database.__file__)
DATABASES = {
    "hub.sqlite": "/srv/jupyterhub/jupyterhub.sqlite",
    "people.sqlite": LEDGER_IN_POD,
}


class Kept:
    """A `Keeper` of a hub in the cluster that kubectl speaks to."""

    def databases(self, namespace: str, folder: Path, say: Say) -> Path:
        """Copy the hub's database and its memory of people.

        Raises
        ------
        DeployError
            The hub's pod does not answer, a copy is damaged, or the disk is full.
        """
        try:
            made = new_folder(folder)
            for name, path in DATABASES.items():
                if name == "hub.sqlite" or _is_there(namespace, path):
                    _copy(namespace, path, made / name)
        except OSError as error:
            raise DeployError(
                f"copy of the databases: {error.filename or folder}: {error.strerror}; "
                "make room, or name another folder with --to"
            ) from None
        return made

    def everything(self, namespace: str, folder: Path, say: Say) -> Path:
        """Copy those and every home.

        Raises
        ------
        DeployError
            Something could not be copied.
        """
        try:
            return backup(Place.of_cluster(namespace), folder, say)
        except KeepError as error:
            raise DeployError(str(error)) from None


def new_folder(folder: Path) -> Path:
    """Make a folder with the time for a name; wait if this second has one already."""
    while True:
        made = folder / datetime.now(UTC).strftime(STAMP)
        try:
            made.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            time.sleep(0.05)
        else:
            return made


def _exec(namespace: str) -> list[str]:
    place = ["kubectl", f"--namespace={namespace}", "exec", "-i", "deployment/hub"]
    return [*place, "--container=hub", "--"]


def _is_there(namespace: str, path: str) -> bool:
    words = [*_exec(namespace), "test", "-e", path]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _copy(namespace: str, path: str, target: Path) -> None:
    words = [*_exec(namespace), "python3", "-", path]
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, SCRIPT.open("rb") as script:
        try:
            done = subprocess.run(
                words, stdin=script, stdout=file, stderr=subprocess.PIPE, check=False
            )
        except FileNotFoundError:
            raise DeployError("kubectl: not installed") from None
    if done.returncode:
        said = line_of(done.stderr.decode(errors="replace"))
        raise DeployError(f"copy of {path}: {said}; nothing was changed")
    try:
        with closing(sqlite3.connect(target)) as copied:
            found = copied.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise DeployError(
            f"copy of {path}: it is damaged: {found}; nothing was changed"
        )
