"""Measures archive_data against its peers and against the floor, and writes the table.

``.venv/bin/python images/packages/archive_data/bench/run.py [--full]``.  The ways to
read take turns within each cell, so that a busy machine hits all alike; a result that
differs from that of the local file fails the run.  Nothing can stop it from ending: a
row has a time limit, the run has another, and each cell is written as it is found.  The
limit of the run does not count the making of files and indexes, most of it only once.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import goals
import howto
from plan import (
    FULL_PLAN,
    NETWORKS,
    SHORT_PLAN,
    ZARR3,
    Plan,
    files,
    only,
    worker,
    workers,
)
from processes import BASE, ROOT, Worker, make_data, make_peers, served
from report import Cell, write
from standin import control

PAGE = ROOT / "docs/reference/reading.md"
HOWTO = ROOT / "docs/howto/read-data.md"

#: A way has further turns, until it took so long in all, its opening included; the
#: best counts.
SPENT_S = 2.0

#: The same for Dask, whose workers have read nothing before the first turn: the other
#: processes have, and what they took is what it is held against.
DASK_SPENT_S = 8.0


def has_another_turn(cell: Cell, name: str) -> bool:
    """Tell whether a way took so little yet that it is tried again."""
    most_s = DASK_SPENT_S if cell.operation == "dask" else SPENT_S
    return cell.spent_s(name) < most_s


@dataclass
class Limits:
    """How long a row and the run may take, and how many turns a way has at most.

    Ways that are nearly as fast as the fastest have `close_turns`, however long they
    take: there luck would decide.
    """

    row_s: float
    run_s: float
    turns: int
    close_turns: int = 0
    began: float = 0.0

    def begin(self) -> None:
        """Start the clock of the run."""
        self.began = time.monotonic()

    @property
    def left_s(self) -> float:
        """How long the next row may take; 0 if none should be begun any more."""
        left = self.run_s - (time.monotonic() - self.began)
        return max(0.0, min(self.row_s, left))


class Run:
    """One run over a served folder.

    Parameters
    ----------
    server, folder
        Address of the server, and the folder that it serves.
    missing : mapping
        Ways that cannot be measured here, and why.
    limits : Limits
        When to give up.
    """

    def __init__(
        self, server: str, folder: Path, missing: dict[str, str], limits: Limits
    ) -> None:
        self.server, self.folder = server, folder
        self.missing, self.limits = missing, limits
        #: Names of the cells for which no time was left.
        self.left_out: list[str] = []

    def measure(self, plan: Plan) -> Iterator[Cell]:
        """Yield the cells of a plan, each when it is complete."""
        with ExitStack() as stack:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            started: dict[str, Worker] = {}
            for n, name in enumerate(workers(plan)):
                if name not in self.missing:
                    place = scratch / str(n)
                    started[name] = Worker(name, self.server, self.folder, place)
                    stack.callback(started[name].close)
            self._slow_down({})
            for file in files(plan):
                self._prepare(started, file)
            self.limits.begin()
            for part in plan:
                self._slow_down(NETWORKS[part.network])
                for file, operation in part.cells():
                    cell = Cell(part.network, file, operation)
                    if not self.limits.left_s:
                        self.left_out.append(cell.name)
                        continue
                    self._fill(cell, part.methods, started)
                    yield cell

    def _slow_down(self, options: dict[str, float]) -> None:
        control(self.server, "options", "PUT", options)

    def _prepare(self, started: dict[str, Worker], file: str) -> None:
        maker = "archive_data, zarr3" if file == "zarr3" else "archive_data"
        if maker in started:
            made = started[maker].ask(300, do="prepare", file=file)
            if "error" in made:
                sys.exit(f"bench: {file}: {made['error']}")

    def _fill(
        self, cell: Cell, names: tuple[str, ...], started: dict[str, Worker]
    ) -> None:
        by = {name: started.get(worker(name, cell.operation)) for name in names}
        for name in (n for n, process in by.items() if process is None):
            cell.add(name, {"error": self.missing[name], "absent": True})
        left = [name for name, process in by.items() if process]
        for turn in range(self.limits.turns):
            if cell.has_floor and (turn == 0 or left):
                self._ask_floor(cell, started)
            for name in left:
                self._ask(cell, name, by[name], do="measure", method=name)
            left = [n for n in left if has_another_turn(cell, n)]
        while close := cell.close(self.limits.close_turns):
            if cell.has_floor:
                self._ask_floor(cell, started)
            for name in close:
                self._ask(cell, name, by[name], do="measure", method=name)

    def _ask_floor(self, cell: Cell, started: dict[str, Worker]) -> None:
        latency_s = NETWORKS[cell.network]["latency_ms"] / 1000
        process = started["archive_data"]
        self._ask(cell, "floor", process, do="floor", latency_s=latency_s)

    def _ask(self, cell: Cell, name: str, process: Any, **task: Any) -> None:
        """Add one row to a cell, unless the run is over."""
        found: dict[str, Any] = {"error": "the time is up", "absent": True}
        began = time.monotonic()
        if left_s := self.limits.left_s:
            task |= {"file": cell.file, "operation": cell.operation}
            found = process.ask(left_s, **task)
        cell.add(name, {**found, "took_s": time.monotonic() - began})


def _when(began: float, out: list[str]) -> str:
    minutes = (time.monotonic() - began) / 60
    left_out = f"; no time was left for {', '.join(out)}" if out else ""
    today = datetime.date.today().isoformat()
    return f"{today}, {minutes:.0f} minutes, load {os.getloadavg()[1]:.1f}{left_out}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="every peer and network")
    parser.add_argument(
        "--smoke", action="store_true", help="small files, another page"
    )
    parser.add_argument(
        "--only", action="append", default=[], help="a network, file or operation"
    )
    parser.add_argument("--turns", type=int, default=3, help="of a fast way")
    parser.add_argument("--row-s", type=float, default=60, help="most for one row")
    parser.add_argument("--minutes", type=float, help="most for the run")
    parser.add_argument("--folder", type=Path, default=ROOT / ".envs/bench-data")
    return parser.parse_args()


def main() -> int:
    """Run it; 1 if results differ."""
    given = _arguments()
    if not BASE.exists():
        sys.exit(f"bench: {BASE} is not there; run `archive-hub local prepare`")
    plan = only(FULL_PLAN if given.full else SHORT_PLAN, given.only)
    folder, seconds = given.folder.absolute(), 20.0
    if given.smoke:
        folder, seconds = folder.with_name("bench-smoke"), 2.0
    # The page that is kept is of a whole run.
    page = folder / "reading.md" if given.smoke or given.only else PAGE
    why = make_peers() if set(workers(plan)) & ZARR3 else ""
    missing = dict.fromkeys(ZARR3, why) if why else {}
    make_data(folder / "bench", files(plan), seconds)
    minutes = given.minutes or (20 if given.full else 5)
    turns = (1, 1) if given.smoke else (given.turns, given.turns + 2)
    limits = Limits(given.row_s, minutes * 60, *turns)
    found: list[Cell] = []
    with served(folder) as server:
        run = Run(server, folder, missing, limits)
        for cell in run.measure(plan):
            found.append(cell)
            print(cell.line(), flush=True)
            # After each cell: a run that is stopped leaves what it has.
            write(page, found, _when(limits.began, []), goals.table(found))
    if run.left_out:
        print("left out, the time is up:", *run.left_out, sep="\n  ")
        write(page, found, _when(limits.began, run.left_out), goals.table(found))
    if page == PAGE:
        howto.fill(HOWTO, found, _when(limits.began, []))
    different = [cell for cell in found if not cell.is_equal]
    for cell in different:
        print(f"bench: {cell.name}: {cell.complaint()}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
