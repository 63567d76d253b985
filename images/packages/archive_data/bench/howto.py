"""The measured figures in plain words, in the page that says which way to read when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from report import NAMES, OURS, Cell

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"

#: What people do otherwise, as the tutorials have it.
OTHERS = ("remfile", "s3fs default", "download with boto3")

HEAD = """Seconds, over a network with 30 ms before each answer, from a file of 220 MB
with chunks of 10 MB ({when}):

| | `archive_data` | best other way | remfile | s3fs | download, then read |
| --- | --- | --- | --- | --- | --- |
"""


def fill(page: Path, cells: list[Cell], when: str) -> None:
    """Write the figures between the two marks of the page; nothing else is touched."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: has no {BEGIN.strip()} and {END.strip()}")
    lines = "".join(_lines(cells))
    if lines:
        head = HEAD.format(when=when.partition(",")[0])
        page.write_text("".join((before, begin, head, lines, end, after)))


def _lines(cells: list[Cell]) -> Iterator[str]:
    for cell in cells:
        ours, peer = cell.best(OURS), cell.peer()
        if (cell.network, cell.file) != ("far", "big") or not ours:
            continue
        row = [NAMES[cell.operation], f"{ours['seconds']:.2f}"]
        row.append(f"{peer[1]:.2f} ({peer[0]})" if peer else "")
        for name in OTHERS:
            other = cell.best(name)
            row.append(f"{other['seconds']:.2f}" if other else "-")
        yield f"| {' | '.join(row)} |\n"
