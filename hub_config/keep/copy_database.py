"""A consistent copy of a SQLite file that may be in use, on standard output.

``python -m hub_config.keep.copy_database FILE``.  Copying the file itself would miss
what is still in the write-ahead log beside it.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote


class DatabaseError(RuntimeError):
    """A database cannot be read, or is damaged."""


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment; whoever writes to it is not stopped.

    Parameters
    ----------
    source : Path
        A SQLite file, in use or not.
    target : Path
        A new file, whole in itself: without a log beside it.

    Raises
    ------
    DatabaseError
        There is none, it is damaged, or the copy cannot be written.
    """
    address = f"file:{quote(str(source.resolve()))}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=30)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")
            found = new.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise DatabaseError(f"{source}: {error}") from None
    if found != "ok":
        raise DatabaseError(f"{source}: it is damaged: {found}")


def main(file: str) -> None:
    """Write a copy of `file` to standard output."""
    source = Path(file)
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=".copy-") as folder:
        target = Path(folder) / "copy.sqlite"
        copy_database(source, target)
        with target.open("rb") as copied:
            shutil.copyfileobj(copied, sys.stdout.buffer)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (DatabaseError, OSError) as error:
        sys.exit(str(error))
