"""The goals of the reader, each held against what a run measured.

A goal is a sentence, the cells that it speaks of, what to take from each, and a bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from report import Cell

Cells = Mapping[str, Cell]
Measure = Callable[[Cell, Cells], float | None]

FILES = ("big", "small")
THREE = (*FILES, "scatter")
ZARRS = ("zarr2", "zarr3")

#: Two round trips of the network *far*.
TWO_TRIPS_S = 0.06

#: An index that was made beforehand is no part of a first visit.
PREBUILT = ("lindi, prebuilt", "kerchunk, prebuilt")

#: More cells than these are counted, and only those that miss are named.
SHOWN = 4


@dataclass(frozen=True)
class Goal:
    """One line of the table.

    Attributes
    ----------
    number : int
        Of the goal, several lines may have the same.
    text : str
        What is wanted.
    cells : tuple of str
        Names of the cells; empty for all that were measured.
    measure : callable
        Takes a cell, and all cells; None where it does not apply.
    least, most : float
        The bounds.
    """

    number: int
    text: str
    cells: tuple[str, ...]
    measure: Measure
    least: float = -math.inf
    most: float = math.inf

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the bounds."""
        return self.least <= value <= self.most


def _at(
    network: str, operation: str, files: tuple[str, ...] = FILES
) -> tuple[str, ...]:
    return tuple(f"{network} {file} {operation}" for file in files)


def _ours(what: str) -> Measure:
    def measure(cell: Cell, _: Cells) -> float | None:
        ours = cell.ours()
        return float(ours[what]) if ours else None

    return measure


def _over_floor(what: str, of_floor: str = "") -> Measure:
    def measure(cell: Cell, _: Cells) -> float | None:
        ours, floor = cell.ours(), cell.best("floor")
        return ours[what] / floor[of_floor or what] if ours and floor else None

    return measure


def _faster_than(method: str) -> Measure:
    def measure(cell: Cell, _: Cells) -> float | None:
        ours, other = cell.ours(), cell.best(method)
        return other["seconds"] / ours["seconds"] if ours and other else None

    return measure


def _faster_than_peers(cell: Cell, _: Cells) -> float | None:
    ours, peer = cell.ours(), cell.peer()
    return peer[1] / ours["seconds"] if ours and peer else None


def _first_visit(cell: Cell, _: Cells) -> float | None:
    mine, peer = cell.best("archive_data no index"), cell.peer(without=PREBUILT)
    return peer[1] / mine["seconds"] if mine and peer else None


def _above_local(cell: Cell, _: Cells) -> float | None:
    ours, local = cell.ours(), cell.best("local disk")
    return ours["seconds"] - local["seconds"] if ours and local else None


def _units(cell: Cell, _: Cells) -> float | None:
    ours, local, floor = cell.ours(), cell.best("local disk"), cell.best("floor")
    if not (ours and local and floor):
        return None
    return float(ours["seconds"] / (2 * floor["network"] + local["seconds"]))


def _of_stream(what: str, method: str) -> Measure:
    def measure(cell: Cell, cells: Cells) -> float | None:
        stream, ours = cells.get(f"{cell.network} {cell.file} stream"), cell.ours()
        base = stream.best(method) if stream else None
        return ours[what] / base[what] if ours and base else None

    return measure


_X = _over_floor("seconds")
_REQUESTS, _BYTES = _over_floor("requests"), _over_floor("mb")

GOALS = (
    Goal(1, "open, requests: 1", _at("far", "open", THREE), _ours("requests"), most=1),
    Goal(1, "open, MB: 0.15", _at("far", "open", THREE), _ours("mb"), most=0.15),
    Goal(
        *(1, "open, seconds above local disk: 0.06, two round trips"),
        *(_at("far", "open", THREE), _above_local),
        most=TWO_TRIPS_S,
    ),
    Goal(
        *(2, "open, times as fast as lindi: 1", _at("far", "open", THREE)),
        _faster_than("lindi, prebuilt"),
        least=1,
    ),
    Goal(
        *(3, "open without an index, times as fast as the best peer without: 1"),
        *(_at("far", "open", THREE), _first_visit),
        least=1,
    ),
    Goal(4, "one channel, far: 1.5 F", _at("far", "channel"), _X, most=1.5),
    Goal(4, "one channel, capped: 1.2 F", _at("capped", "channel"), _X, most=1.2),
    Goal(
        *(4, "one channel, times as fast as s3fs by default: 10"),
        *(_at("far", "channel"), _faster_than("s3fs default")),
        least=10,
    ),
    Goal(
        *(4, "one channel, times as fast as remfile: 5"),
        *(_at("far", "channel"), _faster_than("remfile")),
        least=5,
    ),
    Goal(5, "one second, far: 1.5 F", _at("far", "second"), _X, most=1.5),
    Goal(6, "twenty windows, far: 1.5 F", _at("far", "windows"), _X, most=1.5),
    Goal(6, "twenty windows, bytes: 1.05", _at("far", "windows"), _BYTES, most=1.05),
    Goal(
        *(6, "twenty windows, times as fast as from local disk: 4"),
        *(_at("far", "windows", ("big",)), _faster_than("local disk")),
        least=4,
    ),
    Goal(
        *(7, "all of it, capped: 1.2 times the floor's transfer"),
        *(_at("capped", "stream"), _over_floor("seconds", "network")),
        most=1.2,
    ),
    Goal(7, "all of it, far: 1.5 F", _at("far", "stream"), _X, most=1.5),
    Goal(
        *(7, "all of it, far, times as fast as the best peer: 3"),
        *(_at("far", "stream"), _faster_than_peers),
        least=3,
    ),
    Goal(
        *(7, "all of it, capped, times as fast as the best peer: 1.5"),
        *(_at("capped", "stream"), _faster_than_peers),
        least=1.5,
    ),
    Goal(
        *(8, "units, seconds over two transfers and local disk: 1"),
        *(_at("far", "units"), _units),
        most=1,
    ),
    Goal(9, "times as fast as the best peer: 0.95", (), _faster_than_peers, 0.95),
    Goal(10, "requests, times the floor's: 1.2", (), _REQUESTS, most=1.2),
    Goal(10, "bytes, times the floor's: 1.05", (), _BYTES, most=1.05),
    Goal(
        *(11, "all of it, MB of memory above start: 192"),
        *(_at("far", "stream"), _ours("rss_mb")),
        most=192,
    ),
    Goal(
        *(11, "one channel, MB of memory: 68, three results and 64"),
        *(_at("far", "channel"), _ours("rss_mb")),
        most=68,
    ),
    Goal(
        *(12, "four Dask workers, times one process: 1.5"),
        *(_at("far", "dask"), _of_stream("seconds", "archive_data")),
        most=1.5,
    ),
    Goal(
        *(12, "four Dask workers, bytes: 1.05"),
        *(_at("far", "dask"), _of_stream("mb", "floor")),
        most=1.05,
    ),
    Goal(
        *(12, "four Dask workers, times as fast as the best peer: 1.4"),
        *(_at("far", "dask"), _faster_than_peers),
        least=1.4,
    ),
    Goal(13, "Zarr, all of it: 1.5 F", _at("far", "stream", ZARRS), _X, most=1.5),
    Goal(
        *(13, "Zarr, all of it, times as fast as the best peer: 1.5"),
        *(_at("far", "stream", ZARRS), _faster_than_peers),
        least=1.5,
    ),
    Goal(
        *(13, "NWB in Zarr, open, requests: 4"),
        *(_at("far", "open", ZARRS), _ours("requests")),
        most=4,
    ),
)

HEAD = """## Goals

What the reader was built for, held against this run; what misses is in bold. A load
above 2 shifts the seconds, but neither requests nor bytes. Not of the clock, so held by
tests: length of an index, at most a byte for each chunk and 100 kB (goal 14,
`test_index.py`); rounds of opening and of a table (3 and 8, `test_crawl.py`,
`test_ragged.py`); faults (15, `test_faults.py`); equality with h5py (16,
`test_generated_equality.py`, `test_real_files.py`).

| # | goal | measured | met |
| --- | --- | --- | --- |"""


def table(cells: Iterable[Cell]) -> str:
    """Return the goals as Markdown, those met and those missed."""
    found = {cell.name: cell for cell in cells}
    return "\n".join([HEAD, *(_line(goal, found) for goal in GOALS), ""])


def _line(goal: Goal, cells: Cells) -> str:
    there = [cells[name] for name in goal.cells or cells if name in cells]
    measured = [(cell, goal.measure(cell, cells)) for cell in there]
    values = [(cell, value) for cell, value in measured if value is not None]
    missed = [cell.name for cell, value in values if not goal.holds(value)]
    few = len(values) <= SHOWN
    parts = []
    for cell, value in values:
        name = cell.name if not goal.cells else cell.file
        text = f"{name} {value:.3g}"
        if cell.name in missed:
            parts.append(f"**{text}**")
        elif few:
            parts.append(text)
    if not few:
        parts.append(f"{len(values) - len(missed)} of {len(values)} met")
    met = "part" if missed and len(missed) < len(values) else "no" if missed else "yes"
    met = met if values else "not measured"
    return f"| {goal.number} | {goal.text} | {', '.join(parts)} | {met} |"
