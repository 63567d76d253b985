"""How much memory, how many cores and how many connections this process may use.

The machine is shared: a user server or a Dask worker has a slice of it, given by its
control group, so the totals of the host are only the last resort.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MIB = 1 << 20

#: Connections of one process; S3 serves a prefix at far more, but each costs memory
#: here.
CONNECTIONS = 32

#: Connections of all readers on one machine together, so that four Dask workers do not
#: open 128.
NODE_CONNECTIONS = 64

_CGROUP_ROOT = Path("/sys/fs/cgroup")


def cores() -> int:
    """Count the cores that this process may keep busy, at least 1."""
    try:
        count = float(len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS
        count = float(os.cpu_count() or 1)
    for folder in _cgroup_folders():
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.strip().isdigit():
            count = min(count, int(quota) / int(period))
    return max(1, round(count))


def memory_bytes() -> int:
    """Return the memory limit of this process: the smallest of all that apply."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _cgroup_folders():
        for name in ("memory.max", "memory.limit_in_bytes"):
            value = _text(folder / name)
            if value.isdigit():
                limits.append(int(value))
    given = os.environ.get("MEM_LIMIT", "")
    if given.isdigit():
        limits.append(int(given))
    return min(limits)


def cache_bytes() -> int:
    """Return how much decoded data to keep: 1/32 of the memory, 16 to 64 MiB.

    ``ARCHIVE_DATA_CACHE_MB`` sets another value.
    """
    given = os.environ.get("ARCHIVE_DATA_CACHE_MB", "")
    if given.isdigit():
        return int(given) * MIB
    return max(16 * MIB, min(64 * MIB, memory_bytes() // 32))


def flight_bytes() -> int:
    """Return how many stored bytes of one read may be on the way at once."""
    return max(8 * MIB, min(48 * MIB, memory_bytes() // 32))


def ahead_bytes() -> int:
    """Return how many stored bytes may be fetched ahead: bandwidth times delay."""
    return max(8 * MIB, min(32 * MIB, memory_bytes() // 32))


def _cgroup_folders() -> Iterator[Path]:
    """Yield this process's control group and its ancestors (v2, v1's memory)."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        base = _CGROUP_ROOT / controllers if controllers else _CGROUP_ROOT
        yield base
        parts = Path(path.lstrip("/")).parts
        for n in range(len(parts)):
            yield base.joinpath(*parts[: n + 1])


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
