"""Where indexes are kept and looked up, by the name of their blob's content.

First the local disk, then the store that all people of a hub share
(`ARCHIVE_HUB_INDEX`: a folder, an ``s3://`` prefix or an HTTP address; people only read
it).  What is in neither is made in the background at the first read, for the next one.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from .. import archive_api
from ..blob import Blob, HttpBlob, read_small, safe
from ..errors import ArchiveDataError, IndexRefused
from ..folders import scratch
from ..references import InBucket, parse
from . import zarr_format
from .format import STORED_MAX_BYTES, Index, pack, unpack
from .zarr_format import ZarrIndex

T = TypeVar("T")

SUFFIX = ".idx"

#: Smaller files are opened as fast without one.
WORTH_BYTES = 1 << 20

_makers: list[subprocess.Popen[bytes]] = []


def is_on() -> bool:
    """Tell whether indexes are used: not if ``ARCHIVE_DATA_INDEX`` is ``off``."""
    return os.environ.get("ARCHIVE_DATA_INDEX", "on").lower() != "off"


def local_folder() -> Path:
    """Return the folder of indexes on local disk."""
    folder = scratch() / "index"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def shared_place() -> str:
    """Return the hub's shared store, or an empty text."""
    return os.environ.get("ARCHIVE_HUB_INDEX", "").rstrip("/")


def look_up(blob: Blob) -> Index | None:
    """Find the index of a blob.

    Returns
    -------
    Index or None
        None if there is none, if the store does not answer, or if what it has is
        damaged or of another blob: reading goes on without.
    """

    def checked(stored: bytes) -> Index | None:
        index = unpack(stored, blob.name)
        same = index.size == blob.size and index.identity == blob.identity
        return index if same else None

    return _find(blob.key + SUFFIX, checked) if blob.identity else None


def look_up_zarr(name: str, digest: str) -> ZarrIndex | None:
    """Find the index of a Zarr by the archive's digest; None as for `look_up`."""

    def checked(stored: bytes) -> ZarrIndex | None:
        index = zarr_format.unpack(stored, name)
        return index if index.identity == digest else None

    return _find(zarr_name(digest), checked) if digest else None


def zarr_name(digest: str) -> str:
    """Return the name of the file that keeps the index of a Zarr."""
    return f"zarr-{safe(digest)}{SUFFIX}"


def _find(name: str, read: Callable[[bytes], T | None]) -> T | None:
    """Look for a file, on local disk first; what was found elsewhere is kept there."""
    if not is_on():
        return None
    try:
        local: Path | None = local_folder() / name
    except ArchiveDataError:
        local = None
    here = _from_folder(local) if local else None
    found = _checked(here, read)
    if local and here is not None and found is None:
        # It is no good, and would keep a good one from being made.
        with suppress(OSError):
            local.unlink()
    if found is None and (stored := _from_shared(name)) is not None:
        found = _checked(stored, read)
        if found is not None and local:
            write(local, stored)
    return found


def _checked(stored: bytes | None, read: Callable[[bytes], T | None]) -> T | None:
    try:
        return None if stored is None else read(stored)
    except IndexRefused:
        return None


def _from_folder(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > STORED_MAX_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None


def _from_shared(name: str) -> bytes | None:
    place = shared_place()
    if not place:
        return None
    if "://" not in place:
        return _from_folder(Path(place) / name)
    try:
        return read_small(_address(f"{place}/{name}"), STORED_MAX_BYTES)
    except ArchiveDataError:
        return None


def _address(text: str) -> str:
    place = parse(text)
    return archive_api.s3_url(place) if isinstance(place, InBucket) else text


def write(path: Path, stored: bytes) -> None:
    """Write a file so that nobody ever sees half of it; a full disk is no error."""
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(stored)
            os.replace(part, path)
        except OSError:
            Path(part).unlink(missing_ok=True)
    except OSError:
        return


def put(index: Index, folder: Path | None = None) -> Path:
    """Keep an index.

    Parameters
    ----------
    index : Index
        What to keep.
    folder : Path, optional
        Where; the local disk's if not given.

    Returns
    -------
    Path
        The file.
    """
    name = HttpBlob("", index.size, index.identity).key + SUFFIX
    return _put(name, pack(index), folder)


def put_zarr(index: ZarrIndex, folder: Path | None = None) -> Path:
    """Keep the index of a Zarr, as `put` does."""
    return _put(zarr_name(index.identity), zarr_format.pack(index), folder)


def _put(name: str, stored: bytes, folder: Path | None) -> Path:
    path = (folder or local_folder()) / name
    write(path, stored)
    if folder:
        # A folder that was named is for all; a temporary file is the writer's only.
        path.chmod(0o644)
    return path


def make_in_background(blob: Blob) -> None:
    """Start a process that makes the index of a blob, unless one is at work already.

    A process of its own: HDF5 knows one lock, and the reader needs it.
    """
    if isinstance(blob, HttpBlob) and blob.identity and blob.size >= WORTH_BYTES:
        _make({"url": blob.url, "size": blob.size, "digest": blob.identity})


def make_zarr_in_background(url: str, digest: str) -> None:
    """Start a process that makes the index of a Zarr, as for a blob."""
    if digest:
        _make({"zarr": url, "digest": digest})


def _make(task: dict[str, Any]) -> None:
    _makers[:] = [maker for maker in _makers if maker.poll() is None]
    if _makers or not is_on():
        return
    try:
        folder = local_folder()
    except ArchiveDataError:
        return
    command = [sys.executable, "-m", "archive_data.index.background", str(folder)]
    quiet = subprocess.DEVNULL
    maker = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, cwd=folder
    )
    if maker.stdin:
        # The address may hold a signature, so it does not go on the command line.
        maker.stdin.write(json.dumps(task).encode())
        maker.stdin.close()
    _makers.append(maker)


def wait_for_makers(timeout_s: float) -> None:
    """Wait until the background has made what it was asked for."""
    for maker in _makers:
        maker.wait(timeout_s)


def alone(path: Path, work: Callable[[], object]) -> bool:
    """Do `work` unless another process is doing the same; tell whether it was done."""
    lock = path.with_suffix(".lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        work()
        lock.unlink(missing_ok=True)
    return True


def _after_fork() -> None:
    _makers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
