"""Where this package may keep things on disk: scratch, never the home."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from .errors import ArchiveDataError


def scratch() -> Path:
    """Return a folder that only this person can read; it is made if need be.

    ``ARCHIVE_DATA_FOLDER`` names it; else it lies in ``ARCHIVE_HUB_SCRATCH``, else in
    the system's folder for temporary files.

    Raises
    ------
    ArchiveDataError
        It cannot be made, or belongs to somebody else.
    """
    given = os.environ.get("ARCHIVE_DATA_FOLDER")
    hub = os.environ.get("ARCHIVE_HUB_SCRATCH")
    if given:
        folder = Path(given)
    elif hub:
        folder = Path(hub) / "archive_data"
    else:
        folder = Path(tempfile.gettempdir()) / f"archive_data-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise ArchiveDataError(
            f"{folder}: cannot be used: {error}; set ARCHIVE_DATA_FOLDER"
        ) from error
    # In a folder that all may write to, somebody else could have made it first.
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise ArchiveDataError(
            f"{folder}: is not a folder of this account; set ARCHIVE_DATA_FOLDER"
        )
    return folder
