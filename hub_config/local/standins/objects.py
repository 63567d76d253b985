"""A bucket is a folder, an object is a regular file in it, a key is the path between.

Symbolic links are no objects, wherever they point: so no key leads out of the bucket.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NoSuchBucket(LookupError):
    """There is no folder of that name."""


class NoSuchKey(LookupError):
    """There is no regular file under that key."""


@dataclass(frozen=True)
class StoredObject:
    """An open object; whoever opened it closes `file`."""

    file: BinaryIO
    status: os.stat_result

    @property
    def size_bytes(self) -> int:
        """Size of the object."""
        return self.status.st_size

    @property
    def etag(self) -> str:
        """Its strong entity tag, without quotes."""
        return etag_of(self.status)


def etag_of(status: os.stat_result) -> str:
    """Name a file's present content without reading it.

    Size, inode and time of change make it, so that it survives a restart and changes
    with the file; unlike S3's it is no MD5 of the content.
    """
    identity = f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()


def bucket_folder(root: Path, bucket: str) -> Path:
    """Find a bucket.

    Raises
    ------
    NoSuchBucket
        There is none of that name.
    """
    folder = root / bucket
    names_one = bool(bucket) and not set(bucket) & {"/", "\0"}
    if not names_one or bucket.startswith(".") or folder.is_symlink():
        raise NoSuchBucket(bucket)
    if not folder.is_dir():
        raise NoSuchBucket(bucket)
    return folder


def open_object(bucket: Path, key: str) -> StoredObject:
    """Open an object for reading.

    Parameters
    ----------
    bucket : Path
        Folder of the bucket.
    key : str
        Decoded key; parts are separated by slashes.

    Raises
    ------
    NoSuchKey
        The key names no regular file below the bucket.
    """
    parts = key.split("/")
    if "\0" in key or any(part in ("", ".", "..") for part in parts):
        raise NoSuchKey(key)
    folder = bucket
    for part in parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            raise NoSuchKey(key)
    try:
        descriptor = os.open(folder / parts[-1], _OPEN)
    except (OSError, UnicodeEncodeError) as error:
        raise NoSuchKey(key) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise NoSuchKey(key)
    return StoredObject(os.fdopen(descriptor, "rb"), status)
