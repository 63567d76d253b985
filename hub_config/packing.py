"""One person's home as one tar file: how it is packed, and unpacked without harm.

GNU tar packs: it keeps holes as holes, names as bytes and links as links, and it reads
on when a file changes or goes away.  What is unpacked may have been tampered with: no
member is written outside its home, and devices are left out.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

# GNU tar's: "some files differ", as when somebody works while we read.
CHANGED = 1
# Where the hub's pod has the homes, read-only; the chart's values mount them.
HOMES_IN_POD = "/homes"
HOME = re.compile(r"gh-[1-9][0-9]{0,18}")
_RECORD = 10240


class BrokenArchive(ValueError):
    """Not a whole tar file."""


def pack_command(homes: str, name: str) -> list[str]:
    """Return the command that writes a home to its standard output, as tar.

    Parameters
    ----------
    homes : str
        The folder of all homes.
    name : str
        ``gh-NUMBER``.
    """
    assert HOME.fullmatch(name), name
    return [
        "tar",
        "--create",
        "--file=-",
        "--format=gnu",
        "--sparse",
        "--ignore-failed-read",
        f"--directory={homes}",
        "--",
        name,
    ]


def members(file: Path) -> Iterator[tarfile.TarInfo]:
    """Read what is in a tar file, and that it is whole.

    Raises
    ------
    BrokenArchive
        It is cut short or damaged.
    """
    try:
        with file.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:") as tar:
            yield from tar
            raw.seek(-1024, os.SEEK_END)
            whole = raw.read() == bytes(1024) and raw.tell() % _RECORD == 0
    except (tarfile.TarError, OSError) as error:
        raise BrokenArchive(f"{file.name}: {error}") from None
    if not whole:
        raise BrokenArchive(f"{file.name}: it is cut short")


@dataclass
class Unpacked:
    """What came out of an archive.

    Attributes
    ----------
    files : int
        Members written, folders not counted.
    left_out : list of str
        ``name: reason``, of members that were refused.
    """

    files: int = 0
    left_out: list[str] = field(default_factory=list)


def unpack(source: IO[bytes], into: Path, name: str, inside: str = "") -> Unpacked:
    """Unpack a home into an empty folder; it belongs to whoever unpacks.

    Parameters
    ----------
    source : binary file
        A tar file as `pack_command` makes it; read once, in order.
    into : Path
        A folder that nobody else writes to; the home becomes ``into / name``.
    name : str
        ``gh-NUMBER``: the one folder that may be in the archive.
    inside : str
        Only this file or folder of the home; by default everything.

    Raises
    ------
    BrokenArchive
        It is cut short or damaged.
    OSError
        The disk is full, or not to be written.
    """
    done = Unpacked()
    folders: list[tuple[str, tarfile.TarInfo]] = []
    wanted = f"{name}/{inside}/" if inside else ""
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            for member in tar:
                if f"{member.name}/".startswith(wanted):
                    _unpack_one(tar, member, into, name, done)
                    if member.isdir():
                        folders.append((member.name, member))
    except tarfile.TarError as error:
        raise BrokenArchive(f"{name}: {error}") from None
    for where, member in reversed(folders):
        _finish_folder(into, where, member)
    return done


def _unpack_one(
    tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path, name: str, done: Unpacked
) -> None:
    try:
        checked = _checked(member, str(into), name)
        tar.extract(checked, into, filter="fully_trusted")
    except tarfile.FilterError as error:
        done.left_out.append(f"{_shown(member.name)}: {error}")
    except (KeyError, tarfile.ExtractError) as error:
        # A link to a member that was left out.
        done.left_out.append(f"{_shown(member.name)}: {error}")
    else:
        done.files += not member.isdir()
        if member.issym():
            times = (member.mtime, member.mtime)
            os.utime(into / member.name, times, follow_symlinks=False)


def _checked(member: tarfile.TarInfo, into: str, name: str) -> tarfile.TarInfo:
    """Return the member as it may be written.

    Raises
    ------
    tarfile.FilterError
        It would end up outside the home, or is no file, folder or link.
    """
    if member.name.split("/", 1)[0] != name:
        raise tarfile.OutsideDestinationError(member, os.path.join(into, member.name))
    if member.name == name and not member.isdir():
        raise tarfile.SpecialFileError(member)
    plain = copy.copy(member)
    if member.issym():
        # Where a symlink points is data, and may be anywhere: none is written through.
        plain.type = tarfile.REGTYPE
    tarfile.data_filter(plain, into)
    kept = copy.copy(member)
    kept.mode = 0o700 if member.isdir() else member.mode & 0o777
    kept.uid, kept.gid = os.geteuid(), os.getegid()
    kept.uname = kept.gname = ""
    return kept


def _finish_folder(into: Path, where: str, member: tarfile.TarInfo) -> None:
    """Set mode and time last: a read-only folder could not be filled."""
    path = into / where
    if path.is_symlink() or not path.is_dir():
        return
    with contextlib.suppress(OSError):
        os.utime(path, (member.mtime, member.mtime))
        path.chmod(member.mode & 0o777)


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:80]}…")
