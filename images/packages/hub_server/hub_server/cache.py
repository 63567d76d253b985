"""Keeps the cache on scratch below its cap; runs as a process of its own.

``python -m hub_server.cache FOLDER CAP_BYTES`` removes the files that were read or
written longest ago until the rest fits.  A cache can be made anew, so nothing asks.
"""

import json
import os
import stat
import sys
import time

from hub_server.usage import BLOCK_BYTES

# What was touched just now may be in the making.
FRESH_S = 60.0


def files(folder: bytes) -> list[tuple[float, int, bytes]]:
    """Return (last use as seconds since 1970, bytes, path) of every file below."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            try:
                status = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                used_s = max(status.st_atime, status.st_mtime)
                found.append((used_s, status.st_blocks * BLOCK_BYTES, path))
    return found


def trim(folder: bytes, cap_bytes: int) -> int:
    """Remove the files used longest ago until `cap_bytes` are not exceeded.

    Parameters
    ----------
    folder
        The cache.
    cap_bytes
        Bytes that may stay.

    Returns
    -------
    int
        Bytes removed.
    """
    found = sorted(files(folder))
    excess = sum(size for _, size, _ in found) - cap_bytes
    removed = 0
    for used_s, size, path in found:
        if removed >= excess or time.time() - used_s < FRESH_S:
            break
        try:
            os.unlink(path)
        except OSError:
            continue
        removed += size
    return removed


def main() -> None:
    """Trim the cache named on the command line; print the bytes removed."""
    folder, cap_bytes = sys.argv[1:]
    json.dump(trim(os.fsencode(folder), int(cap_bytes)), sys.stdout)


if __name__ == "__main__":
    main()
