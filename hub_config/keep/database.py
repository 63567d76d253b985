"""JupyterHub's database across a change of its schema, and back.

A newer JupyterHub refuses an older database, an older one a newer database.  So the
database is copied before it is changed, and the copy is the way back.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from .copy_database import DatabaseError, copy_database
from .made import STAMP
from .place import KeepError, Say
from .receive import logs_of

COPY = ".before-upgrade-"
_SCHEMA = Path(__file__).with_name("schema.py")


def upgrade(database: Path, python: Path, say: Say) -> Path | None:
    """Bring a database to the schema of an environment's JupyterHub.

    Parameters
    ----------
    database : Path
        JupyterHub's SQLite file; no hub may run on it.
    python : Path
        The interpreter of the environment that will run the hub.
    say : callable
        Is told what is done.

    Returns
    -------
    Path or None
        The copy from before; None where nothing had to change.

    Raises
    ------
    KeepError
        It failed; the database is as it was.
    """
    have = revision(database)
    version, want = _wanted(python)
    if have == want:
        say(f"JupyterHub {version}: the database fits; nothing to do.")
        return None
    copy = copy_first(database, say)
    try:
        _ask(python, str(database))
        with _one_line(), TemporaryDirectory(dir=database.parent) as folder:
            copy_database(database, Path(folder) / "checked.sqlite")
        if (found := revision(database)) != want:
            raise KeepError(f"upgrade: the schema is {found!r} and not {want!r}")
    except BaseException:
        _put(copy, database)
        raise
    say(f"JupyterHub {version}: the schema went from {have} to {want}.")
    return copy


def copy_first(database: Path, say: Say) -> Path:
    """Copy a database to beside it, where `rollback` finds it; a hub may run.

    Raises
    ------
    KeepError
        It cannot be read, or the disk is full.
    """
    stamp = datetime.now(UTC).strftime(STAMP)
    copy = database.with_name(f"{database.name}{COPY}{stamp}")
    draft = database.with_name(f".{database.name}.copying")
    draft.unlink(missing_ok=True)
    with _one_line():
        copy_database(database, draft)
    draft.chmod(0o600)
    draft.rename(copy)
    say(f"Copied the database to {copy.name}.")
    return copy


def rollback(database: Path, say: Say) -> Path:
    """Put the newest copy from before an upgrade back; the current one is kept.

    Raises
    ------
    KeepError
        There is no copy, or it is damaged.
    """
    copies = sorted(database.parent.glob(f"{database.name}{COPY}*"))
    if not copies:
        raise KeepError(
            f"rollback: no copy beside {database}; only `upgrade` makes one; "
            "`archive-hub restore` brings a backup back"
        )
    newest = copies[-1]
    stamp = datetime.now(UTC).strftime(STAMP)
    kept = database.with_name(f"{database.name}.before-rollback-{stamp}")
    with _one_line():
        copy_database(database, kept)
        kept.chmod(0o600)
    _put(newest, database)
    newest.rename(newest.with_name(newest.name.replace(COPY, ".used-")))
    say(f"The database is that of {newest.name}; the other is kept as {kept.name}.")
    say("Whoever came, and what was started, since the upgrade is not in it.")
    return newest


def revision(database: Path) -> str:
    """Return the schema's revision of a database.

    Raises
    ------
    KeepError
        It is none of JupyterHub's.
    """
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as db:
            row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, ValueError) as error:
        raise KeepError(f"{database}: not a database of JupyterHub: {error}") from None
    return str(row[0]) if row else "none"


def _wanted(python: Path) -> tuple[str, str]:
    version, head = _ask(python).split()[-2:]
    return version, head


def _ask(python: Path, *words: str) -> str:
    """Ask the JupyterHub of another environment."""
    # JupyterHub calls `alembic` by its bare name: without the environment's own folder
    # in front it finds none, or that of another version.
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(
            [python, _SCHEMA, *words],
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise KeepError(f"upgrade: {python}: {error.strerror}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise KeepError(f"upgrade: JupyterHub of {python}: {lines[-1]}")
    return done.stdout


def _put(copy: Path, database: Path) -> None:
    """Put a copy in the database's place; the log of the old one goes with it."""
    draft = database.with_name(f".{database.name}.arriving")
    draft.unlink(missing_ok=True)
    with _one_line():
        copy_database(copy, draft)
    draft.chmod(0o600)
    for log in logs_of(database):
        log.unlink(missing_ok=True)
    draft.rename(database)


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise KeepError(f"database: {error}") from None
