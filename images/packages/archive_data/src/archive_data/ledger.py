"""A number that several processes count together: how many bytes a folder holds.

It stands in a small file, whose lock is held while it is looked at and changed.  Nobody
waits for it for long: whoever keeps it may have been stopped.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NUMBER = struct.Struct("<Q")

#: It is kept for less than a millisecond, or as long as it takes to look at each file
#: of the folder.
_WAIT_S, _AGAIN_S = 2.0, 0.001


class Held:
    """The number, while the lock is ours.

    Parameters
    ----------
    handle : int
        Of the file.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self) -> int | None:
        """Return the number, None if it was never written."""
        found = os.pread(self._handle, _NUMBER.size + 1, 0)
        return _NUMBER.unpack(found)[0] if len(found) == _NUMBER.size else None

    def write(self, number: int) -> None:
        """Write the number down."""
        os.pwrite(self._handle, _NUMBER.pack(number), 0)
        os.ftruncate(self._handle, _NUMBER.size)


@contextmanager
def held(path: Path) -> Iterator[Held]:
    """Take the lock of a number.

    Parameters
    ----------
    path : Path
        The file of the number; it is made if need be.

    Raises
    ------
    BlockingIOError
        Others keep it too long.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(handle)
        yield Held(handle)
    finally:
        # A child that was forked meanwhile has the handle too: to close is not enough.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _lock(handle: int) -> None:
    ends_s = time.monotonic() + _WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > ends_s:
                raise
            time.sleep(_AGAIN_S)
