"""Keeps stored chunks on local disk, where that is asked for.

``ARCHIVE_DATA_DISK_MB`` says how much; without it nothing is kept.  Each chunk is a
file of its own, written beside its place and then moved there, so that nobody ever sees
half of one, and who is killed leaves at most a part that is cleared away later.  A
checksum at its end tells a damaged file, which is then as good as none.

Processes share the folder, and a `ledger` of the bytes in it.  Whoever writes takes the
ledger's lock to make room and a part of the chunk's whole length, and once more to move
it to its place; so the limit holds at every moment, however many write.  The ledger may
say too much, after a part was lost or a chunk written twice: then the folder is
measured, and it is right again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from .array import Array
from .errors import ArchiveDataError
from .folders import scratch
from .ledger import held
from .limits import MIB

_SUM_BYTES = 4

#: When the folder is full, it is cleared down to this share of its limit.
_CLEARED_TO = 0.9

#: No chunk is kept that takes a larger share of the limit.
_LARGEST = 1 / 8

_PART = ".part-"

#: A part that is older than this belongs to nobody any more.
_PART_OLD_S = 600


def limit_bytes() -> int:
    """Return how much may be kept on disk; 0 for nothing."""
    given = os.environ.get("ARCHIVE_DATA_DISK_MB", "").strip()
    if not given:
        return 0
    if not given.isdigit():
        raise ArchiveDataError(
            f"ARCHIVE_DATA_DISK_MB: {given!r} is no number; write how many megabytes "
            "of the scratch disk may be used, such as 20000"
        )
    return int(given) * MIB


class Disk:
    """Stored chunks in a folder of the scratch disk, within a number of bytes.

    Parameters
    ----------
    folder : Path
        Where; never in a home, which is small and backed up.
    most_bytes : int
        How much.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        home = Path.home().resolve()
        if folder.resolve().is_relative_to(home) and home != Path("/"):
            raise ArchiveDataError(
                f"{folder}: lies in the home, where no cache belongs; set "
                "ARCHIVE_DATA_FOLDER to a folder of the scratch disk"
            )
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder, self.most_bytes = folder, most_bytes
        self._ledger = folder.with_suffix(".ledger")

    def has(self, array: Array, number: int) -> bool:
        """Tell whether a chunk seems to be here."""
        path = self._path(array, number)
        return path is not None and path.exists()

    def get(self, array: Array, number: int) -> bytearray | None:
        """Return a chunk as stored, None if it is not here."""
        path, size = self._path(array, number), int(array.table.sizes[number])
        if path is None:
            return None
        data = bytearray(size + _SUM_BYTES)
        try:
            with path.open("rb", buffering=0) as file:
                whole = file.readinto(data) == len(data) and not file.read(1)
            body = memoryview(data)[:size]
            if not whole or _sum(body) != bytes(data[size:]):
                path.unlink(missing_ok=True)
                return None
            # What was used last goes last; not each time, that costs a write.
            os.utime(path)
        except OSError:
            return None
        del body
        del data[size:]
        return data

    def put(self, array: Array, number: int, stored: memoryview) -> None:
        """Keep a stored chunk; a full disk is no error."""
        path, size = self._path(array, number), len(stored) + _SUM_BYTES
        if path is None or path.exists() or size > self.most_bytes * _LARGEST:
            return
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            part = self._part(path.parent, size)
            if part is None:
                return
            try:
                with part.open("r+b") as file:
                    file.write(stored)
                    file.write(_sum(stored))
                # Not while somebody looks through the folder, who could miss it.
                with held(self._ledger):
                    os.replace(part, path)
            except OSError:
                part.unlink(missing_ok=True)
        except OSError:
            return

    def _part(self, folder: Path, size: int) -> Path | None:
        """Make a file of the whole length, None if there is no room for it."""
        with held(self._ledger) as ledger:
            used = ledger.read()
            if used is None or used + size > self.most_bytes:
                used = self._cleared(size)
            fits = used + size <= self.most_bytes
            ledger.write(used + size if fits else used)
            if not fits:
                return None
            handle, name = tempfile.mkstemp(dir=folder, prefix=_PART)
            part = Path(name)
            try:
                os.ftruncate(handle, size)
            except OSError:
                part.unlink(missing_ok=True)
                raise
            finally:
                os.close(handle)
        return part

    def _path(self, array: Array, number: int) -> Path | None:
        """Return where a chunk is kept; nowhere, if its object cannot be told apart."""
        blob = array.blob
        if not blob.identity:
            return None
        key = f"{blob.key} {array.token} {number}"
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / name[:2] / name[2:34]

    def _cleared(self, more: int) -> int:
        """Clear away what was used longest ago; return how many bytes are left."""
        found = sorted(self._files())
        used = sum(size for _, size, _ in found)
        if used + more <= self.most_bytes:
            return used
        for _, size, path in found:
            if used + more <= self.most_bytes * _CLEARED_TO:
                break
            # Somebody is writing it, so it takes room even without a name.
            if not path.name.startswith(_PART):
                path.unlink(missing_ok=True)
                used -= size
        return used

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for folder in self.folder.iterdir():
            for entry in os.scandir(folder):
                try:
                    found = entry.stat()
                except FileNotFoundError:
                    continue
                old = time.time() - found.st_mtime > _PART_OLD_S
                if entry.name.startswith(_PART) and old:
                    Path(entry.path).unlink(missing_ok=True)
                    continue
                yield found.st_mtime, found.st_size, Path(entry.path)


def _sum(data: memoryview) -> bytes:
    return zlib.crc32(data).to_bytes(_SUM_BYTES, "little")


_disks: dict[tuple[str, int], Disk] = {}


def disk() -> Disk | None:
    """Return the place for chunks on disk, None if nothing is to be kept.

    Raises
    ------
    ArchiveDataError
        The settings are wrong, or the folder lies in the home.
    """
    most = limit_bytes()
    if not most:
        return None
    folder = scratch() / "chunks"
    key = str(folder), most
    if key not in _disks:
        _disks[key] = Disk(folder, most)
    return _disks[key]
