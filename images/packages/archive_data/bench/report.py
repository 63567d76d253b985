"""From measurements to the page ``docs/reference/reading.md``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OURS = "archive_data"
OURS_3 = "archive_data, zarr3"
_NOT_REMOTE = frozenset({"floor", "local disk", "local disk, zarr3"})
NOT_PEERS = _NOT_REMOTE | {OURS, OURS_3, "archive_data no index"}
NAMES = {
    "open": "open with pynwb",
    "channel": "one channel",
    "second": "one second, all channels",
    "windows": "twenty windows of one second",
    "stream": "all of it, in order",
    "units": "eight columns of the units table",
    "dask": "all of it, four Dask workers",
    "frames": "ten frames of a movie",
    "patch": "8 x 8 pixels over all frames",
}
SUMMARY = (
    *("network", "file", "operation", "F", "P", "archive_data", "x F", "x P"),
    *("requests", "bytes", "MB RSS", "best peer", "faster"),
)
#: Without a floor: it is not the bytes that cost.
_NO_FLOOR = frozenset({"open", "dask"})

#: So many times the seconds of the fastest way over the network are close to it.
_CLOSE = 1.5
HEAD = """# Reading: what it costs

Derived by `make bench-reader`; do not edit. {when}.

Seconds, best of the rounds; the methods take turns, three at most, and five where one
of the peers is within 1.5 times of the fastest. **F** is the floor: the needed
bytes by bare sockets over 32 connections, or one round trip and the needed decoding on
two cores, whichever is longer. **P** is a bare pipeline: the same sockets, and two
threads that decode what lands and put it in its place. Unlike F it gives results and
shares the machine with the server, as every reader does; it has no index, no cache and
no errors to think of. A load above 2 shifts single cells, so that one may even fall
below F. *peer* is the best of the other ways to read over the network.

*requests* and *bytes*: how many times those of the floor, which asks for each needed
range once, touching ranges joined, in parts of 256 kB to 4 MB. *MB RSS*: resident above
start, the result included.

Networks: *far* 30 ms before each answer, 80 MB/s for each connection; *capped* the same
and 100 MB/s in all; *near* 10 ms. Files: *big* is a recording of 600,000 x 384 samples
in chunks of 10 MB, *small* the same in chunks of 160 kB, *scatter* 200 series with
metadata all over the file, *zarr2* and *zarr3* big as Zarr, *video* a movie with 16
frames in a chunk. "-" means that the way cannot do it, or not in a minute. Of the peers
of the field, ros3 is not in the wheels of h5py, and TensorStore knows no filters.
"""


@dataclass
class Cell:
    """What one operation on one file over one network cost, by method."""

    network: str
    file: str
    operation: str
    found: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, method: str, measured: dict[str, Any]) -> None:
        self.found.setdefault(method, []).append(measured)

    @property
    def name(self) -> str:
        return f"{self.network} {self.file} {self.operation}"

    def best(self, method: str) -> dict[str, Any] | None:
        """The fastest turn, with the most memory that any of its turns took."""
        good = [m for m in self.found.get(method, []) if "error" not in m]
        if not good:
            return None
        most = max(m.get("rss_mb", 0.0) for m in good)
        return {**min(good, key=lambda m: float(m["seconds"])), "rss_mb": most}

    @property
    def has_floor(self) -> bool:
        return self.operation not in _NO_FLOOR

    def ours(self) -> dict[str, Any] | None:
        return self.best(OURS) or self.best(OURS_3)

    def pipeline_s(self) -> float:
        """The fastest turn of the bare pipeline, which runs beside the floor."""
        turns = [m["pipeline"] for m in self.found["floor"] if "pipeline" in m]
        return float(min(turns))

    def spent_s(self, method: str) -> float:
        """How long it took so far, opening included; endless if it failed."""
        rounds = self.found[method]
        return sum(float("inf") if "error" in m else m["took_s"] for m in rounds)

    def close(self, turns: int) -> list[str]:
        """Ways close to the fastest over the network that had fewer turns than that.

        Only where there is a peer among them: our own ways are no match to decide.
        """
        names = [name for name in self.found if name not in _NOT_REMOTE]
        best = {n: row["seconds"] for n in names if (row := self.best(n))}
        near = [n for n, s in best.items() if s <= _CLOSE * min(best.values())]
        if len(near) < 2 or not set(near) - NOT_PEERS:
            return []
        alive = [n for n in near if math.isfinite(self.spent_s(n))]
        return [n for n in alive if len(self.found[n]) < turns]

    def results(self) -> dict[str, set[Any]]:
        return {
            method: {m["result"] for m in rounds if "result" in m}
            for method, rounds in self.found.items()
            if method != "floor"
        }

    @property
    def is_equal(self) -> bool:
        """All results are the same, and ours is among them."""
        ours = [m for m in (OURS, OURS_3) if m in self.found]
        absent = any("absent" in self.found[m][0] for m in ours)
        results = set().union(*self.results().values())
        return (absent or self.ours() is not None) and len(results) <= 1

    def complaint(self) -> str:
        """What is wrong with it."""
        if self.ours() is None:
            ours = self.found.get(OURS) or self.found.get(OURS_3) or [{}]
            return f"archive_data gave no result: {ours[0].get('error')}"
        return f"unequal results {self.results()}"

    def peer(self, without: tuple[str, ...] = ()) -> tuple[str, float] | None:
        """The best other way over the network, and its seconds."""
        peers = [m for m in self.found if m not in NOT_PEERS and m not in without]
        rows = [(m, self.best(m)) for m in peers]
        good = [(m, float(row["seconds"])) for m, row in rows if row]
        return min(good, key=lambda pair: pair[1]) if good else None

    def line(self) -> str:
        cells = []
        for method in self.found:
            row = self.best(method)
            shown = f"{row['seconds']:.2f}" if row else self.found[method][0]["error"]
            cells.append(f"{method} {shown:.60}")
        return f"{self.name}: " + " | ".join(cells)


def write(page: Path, cells: list[Cell], when: str, goals: str) -> None:
    """Write the page."""
    parts = [HEAD.format(when=when), goals]
    parts.append(_summary(cells))
    for network in dict.fromkeys(cell.network for cell in cells):
        parts.append(_seconds([c for c in cells if c.network == network], network))
    parts.append(_cost(cells))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(parts))


def _summary(cells: list[Cell]) -> str:
    lines = [
        "## Against the floor and the best peer",
        "",
        _row(SUMMARY),
        "| --- " * len(SUMMARY) + "|",
    ]
    for cell in cells:
        ours, floor, peer = cell.ours(), cell.best("floor"), cell.peer()
        if not ours:
            continue
        seconds = ours["seconds"]
        row = [cell.network, cell.file, NAMES[cell.operation]]
        lowest = [floor["seconds"], cell.pipeline_s()] if floor else []
        row += [f"{least:.3f}" for least in lowest] or ["", ""]
        row.append(f"{seconds:.2f}")
        row += [f"{seconds / least:.1f}" for least in lowest] or ["", ""]
        for what in ("requests", "mb"):
            row.append(f"{ours[what] / floor[what]:.2f}" if floor else "")
        row.append(f"{ours['rss_mb']:.0f}")
        row.append(f"{peer[0]} {peer[1]:.2f}" if peer else "")
        row.append(f"{peer[1] / seconds:.1f}" if peer else "")
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join([*lines, ""])


def _seconds(cells: list[Cell], network: str) -> str:
    methods = dict.fromkeys(m for cell in cells for m in cell.found)
    names = [f"{c.file} {c.operation}" for c in cells]
    lines = [
        f"## Seconds, {network}",
        "",
        "| | " + " | ".join(names) + " |",
        "| --- " * (len(names) + 1) + "|",
    ]
    for method in methods:
        row = [cell.best(method) for cell in cells]
        shown = [f"{r['seconds']:.2f}" if r else "-" for r in row]
        lines.append(f"| {method} | " + " | ".join(shown) + " |")
    return "\n".join([*lines, ""])


def _cost(cells: list[Cell]) -> str:
    lines = [
        "## Requests, megabytes moved and memory",
        "",
        "CPU: of the reading process; a busy machine changes it little.",
        "",
        "| network | file | what | needed | method | requests | MB | CPU s | MB RSS |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cell in cells:
        floor = cell.best("floor")
        needed = f"{floor['requests']} / {floor['mb']:.1f} MB" if floor else ""
        for method in cell.found:
            row = cell.best(method)
            if method == "floor" or not row:
                continue
            place = [cell.network, cell.file, cell.operation, needed, method]
            cost = [str(row["requests"]), f"{row['mb']:.1f}", f"{row['cpu']:.2f}"]
            cost.append(f"{row['rss_mb']:.0f}")
            lines.append("| " + " | ".join(place + cost) + " |")
    return "\n".join([*lines, ""])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
