"""Says that the home is nearly full, and what fills it.

How full it is costs one system call and is asked at every tick; what fills it is
measured only then, by a process of its own at the lowest priority (see `usage`).
"""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub_server.notices import Board, Level, Notice
from hub_server.processes import NotTold, ask

WARN_SHARE = 0.90
ALARM_SHARE = 0.98
MEASURE_AGAIN_S = 300.0


@dataclass(frozen=True)
class Room:
    """Room in a file system, in bytes; a quota counts as its size.

    Parameters
    ----------
    size_bytes
        All of it.
    free_bytes
        What the person may still write.
    """

    size_bytes: int
    free_bytes: int

    @property
    def used_share(self) -> float:
        """Return how full it is, 0 to 1."""
        return 1 - self.free_bytes / self.size_bytes if self.size_bytes else 0.0


def room(folder: Path) -> Room:
    """Return the room in the file system of `folder`.

    Raises
    ------
    OSError
        The file system does not answer.
    """
    status = os.statvfs(folder)
    # Reserved blocks count as used: the person cannot write them.
    reserved = status.f_bfree - status.f_bavail
    size = (status.f_blocks - reserved) * status.f_frsize
    return Room(size, status.f_bavail * status.f_frsize)


def human(size_bytes: float) -> str:
    """Return a size in words, in powers of 1024."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"


def words(now: Room, largest: list[tuple[str, int]]) -> str:
    """Return the sentence for the person."""
    text = (
        f"Your home is {now.used_share:.0%} full: {human(now.free_bytes)} of "
        f"{human(now.size_bytes)} are left."
    )
    if largest:
        parts = ", ".join(f"{name} ({human(size)})" for name, size in largest)
        text += (
            f" Largest: {parts}. Deleting in the file browser frees the room at once."
        )
    return text


class HomeWatch:
    """Looks at the home at every tick.

    Parameters
    ----------
    home
        The person's home.
    board
        Where the notice is shown.
    log
        The server's log.
    """

    def __init__(self, home: Path, board: Board, log: Any) -> None:
        self._home = home
        self._board = board
        self._log = log
        self._largest: list[tuple[str, int]] = []
        self._measured_s = float("-inf")
        self._measuring: asyncio.Task[None] | None = None

    def tick(self) -> None:
        """Look once."""
        try:
            now = room(self._home)
        except OSError as error:
            self._log.warning("home: cannot tell how full %s is: %s", self._home, error)
            return
        if now.used_share < WARN_SHARE:
            self._board.withdraw("home")
            self._measured_s = float("-inf")
            return
        level: Level = "error" if now.used_share >= ALARM_SHARE else "warning"
        self._board.post(Notice("home", level, words(now, self._largest)))
        self._measure()

    def _measure(self) -> None:
        busy = self._measuring is not None and not self._measuring.done()
        if not busy and time.monotonic() - self._measured_s > MEASURE_AGAIN_S:
            self._measured_s = time.monotonic()
            self._measuring = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        """Let the other process measure, and keep its answer."""
        try:
            answer = await ask("hub_server.usage", os.fsdecode(self._home))
            self._largest = [(name, size) for name, size in answer["largest"]]
        except NotTold as error:
            self._log.warning("home: what fills it was not measured: %s", error)
