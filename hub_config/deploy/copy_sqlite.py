"""Writes a whole copy of a SQLite file, which may be in use, to standard output.

It is sent to the hub's pod as text, so that any hub's image will do.
"""

import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path


def main(file: str) -> None:
    """Copy `file`; its write-ahead log is in the copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite"
        with (
            closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(copy)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")
        with copy.open("rb") as made:
            shutil.copyfileobj(made, sys.stdout.buffer)


if __name__ == "__main__":
    main(sys.argv[1])
