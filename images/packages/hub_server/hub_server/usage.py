"""Finds what takes the room in a folder; runs as a process of its own.

``python -m hub_server.usage FOLDER`` prints JSON.  A home may hold a million files: the
server's process must not walk them.  Names are bytes, since a file name need not be
text; a size is the blocks that a file takes, so a sparse file counts what it occupies;
a file with several names counts once; links are not followed and other file systems not
entered.
"""

import json
import os
import stat
import sys
from dataclasses import dataclass, field

BLOCK_BYTES = 512
SHOWN = 5


@dataclass
class Usage:
    """Bytes taken, by item directly under the folder or one level deeper.

    Parameters
    ----------
    items
        Path relative to the folder -> bytes.
    unread
        How many folders could not be read; their content is missing from the sum.
    """

    items: dict[bytes, int] = field(default_factory=dict)
    unread: int = 0

    def largest(self, count: int = SHOWN) -> list[tuple[str, int]]:
        """Return the `count` largest items, with printable names."""
        ranked = sorted(self.items.items(), key=lambda item: (-item[1], item[0]))
        return [(printable(name), size) for name, size in ranked[:count] if size]


def printable(name: bytes) -> str:
    """Return a name as text; bytes that are not UTF-8 show as question marks."""
    return name.decode("utf-8", "replace").replace("\ufffd", "?")


def measure(folder: bytes) -> Usage:
    """Measure every item under `folder`, two levels deep; deeper ones count to theirs.

    Parameters
    ----------
    folder
        Path, as bytes.

    Raises
    ------
    OSError
        The folder itself cannot be read.
    """
    usage = Usage()
    device = os.stat(folder).st_dev
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[bytes, bytes, int]] = [(folder, b"", 0)]
    while waiting:
        path, item, depth = waiting.pop()
        try:
            entries = list(os.scandir(path))
        except OSError:
            if depth == 0:
                raise
            usage.unread += 1
            continue
        for entry in entries:
            name = entry.name if depth == 0 else os.path.join(item, entry.name)
            owner = name if depth < 2 else item
            if _count(entry, owner, usage, seen, device):
                waiting.append((entry.path, owner, depth + 1))
    return usage


def _count(
    entry: "os.DirEntry[bytes]",
    owner: bytes,
    usage: Usage,
    seen: set[tuple[int, int]],
    device: int,
) -> bool:
    """Add one entry to its owner; return whether it is a folder to go into."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    if status.st_dev != device or (status.st_dev, status.st_ino) in seen:
        return False
    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
        seen.add((status.st_dev, status.st_ino))
    usage.items[owner] = usage.items.get(owner, 0) + status.st_blocks * BLOCK_BYTES
    return stat.S_ISDIR(status.st_mode)


def main() -> None:
    """Print the largest items of the folder named on the command line."""
    usage = measure(os.fsencode(sys.argv[1]))
    json.dump({"largest": usage.largest(), "unread": usage.unread}, sys.stdout)


if __name__ == "__main__":
    main()
