"""Turns the byte ranges that are wanted into the requests that are worth sending.

A round trip costs as much as some hundred kilobytes, so near ranges are read as one;
one connection is slower than many, so a long range is read in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

KIB, MIB = 1 << 10, 1 << 20

#: Holes up to this size are read through: 128 KiB take about 1.6 ms, a request 10 to
#: 30.
GAP_BYTES = 128 * KIB

#: Smallest part worth a request of its own, and largest part sent as one.
PART_MIN_BYTES, PART_MAX_BYTES = 256 * KIB, 4 * MIB

#: Into so many requests a read is cut at least: at 80 MB/s each they fill 10 Gbit/s.
#: More of them cost more in our own time than they save.
WAYS = 16

#: How far neighbouring ranges grow together.
MERGE_MAX_BYTES = 8 * MIB


@dataclass
class Run:
    """One stretch of the object, and which of the wanted ranges lie in it."""

    start: int
    stop: int
    members: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.stop - self.start


def merge(wanted: Sequence[tuple[int, int]], least: int = 0) -> list[Run]:
    """Join ranges that lie close together.

    Parameters
    ----------
    wanted : sequence of (int, int)
        First byte and the byte after the last, in any order, overlaps allowed.
    least : int
        Runs grow to about this length in any case; without it, only as long as that
        leaves enough of them to be fetched at once.

    Returns
    -------
    list of Run
        In the order of the object; each member index occurs in exactly one run.
    """
    total = sum(stop - start for start, stop in wanted)
    # A quarter more is one request still (see `parts`) and leaves fewer short ends.
    least += least // 4
    target = min(max(total // WAYS, PART_MIN_BYTES, least), MERGE_MAX_BYTES)
    runs: list[Run] = []
    for i in sorted(range(len(wanted)), key=wanted.__getitem__):
        start, stop = wanted[i]
        last = runs[-1] if runs else None
        inside = last is not None and stop <= last.stop
        if last and (
            inside or (start - last.stop <= GAP_BYTES and stop - last.start <= target)
        ):
            last.stop = max(last.stop, stop)
            last.members.append(i)
        else:
            runs.append(Run(start, stop, [i]))
    return runs


def part_bytes(total: int) -> int:
    """Return how long one request should be when `total` bytes are wanted together."""
    return min(max(-(-total // WAYS), PART_MIN_BYTES), PART_MAX_BYTES)


def parts(run: Run, size: int) -> Iterator[tuple[int, int]]:
    """Cut a run into requests of about `size` bytes, all of nearly the same length."""
    n = max(1, round(run.size / size))
    for i in range(n):
        yield run.start + run.size * i // n, run.start + run.size * (i + 1) // n
