"""Tells of memory before it runs out, and afterwards that it was memory.

A kernel that the kernel of the operating system ends for memory just vanishes: Jupyter
says "the kernel appears to have died".  The evidence that it was memory is a signal 9
at a time when the last look found the server near its limit, or the control group's own
count of such kills.

``MEM_LIMIT``
    Bytes that all processes of the server may take; set by JupyterHub.
``ARCHIVE_HUB_PROFILE``, ``ARCHIVE_HUB_NEXT_PROFILE``
    Names of this profile and of the next larger one.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from hub_server.home import human
from hub_server.notices import Board, Level, Notice

WARN_SHARE = 0.80
ALARM_SHARE = 0.95
# A notice goes only when use has fallen clearly, so that it does not blink.
CALM_SHARE = 0.75
KILLED = -9
# Jupyter looks every 3 s whether a kernel lives; by then its memory is free again.
RECALL_S = 30.0
# How long a person who was away is told that a kernel was ended.
TOLD_S = 3600.0


def used_bytes(pid: int) -> int:
    """Return the memory of a process and all below it, less what they share.

    A process that ends meanwhile counts nothing.
    """
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_resident_bytes(process) for process in processes)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))


def oom_kills(groups: Path = Path("/proc/self/cgroup")) -> int:
    """Return how many processes of our control group were ended for memory.

    Zero where the system keeps no such count.  Source: Documentation/admin-guide of
    Linux, cgroup-v2 (``memory.events``) and cgroup-v1/memory (``memory.oom_control``).
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            file = Path("/sys/fs/cgroup") / path.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            file = (
                Path("/sys/fs/cgroup/memory") / path.lstrip("/") / "memory.oom_control"
            )
        else:
            continue
        count = _oom_count(file)
        if count is not None:
            return count
    return 0


def _oom_count(file: Path) -> int | None:
    try:
        pairs = dict(line.split() for line in file.read_text().splitlines())
        return int(pairs["oom_kill"])
    except (OSError, ValueError, KeyError):
        return None


def next_profile(environ: Mapping[str, str]) -> str:
    """Return what to do for more memory, in words."""
    larger = environ.get("ARCHIVE_HUB_NEXT_PROFILE")
    if larger:
        return f"The next larger profile is {larger}: stop this server and choose it."
    return "There is no larger profile: read less at once, or use Dask workers."


class MemoryWatch:
    """Looks at the memory at every tick, and at each kernel that ends by itself.

    Parameters
    ----------
    kernels
        The server's kernel manager.
    board
        Where notices are shown.
    limit_bytes
        The server's limit.
    """

    def __init__(self, kernels: Any, board: Board, limit_bytes: int) -> None:
        self._kernels = kernels
        self._board = board
        self._limit = limit_bytes
        self._kernel_bytes: dict[str, int] = {}
        self._calls: dict[str, Callable[[], None]] = {}
        self._recent: deque[tuple[float, int]] = deque()
        self._kills = oom_kills()
        self._told_s = float("-inf")

    def tick(self) -> None:
        """Look once."""
        for kernel_id in self._kernels.list_kernel_ids():
            self._follow(kernel_id)
            had_bytes = self._kernel_bytes.get(kernel_id, 0)
            # A dead kernel takes nothing; what it had is still to be told.
            now_bytes = used_bytes(self._pid(kernel_id))
            self._kernel_bytes[kernel_id] = now_bytes or had_bytes
        if time.monotonic() - self._told_s > TOLD_S:
            self._board.withdraw("killed")
        share = self._look() / self._limit
        if share >= WARN_SHARE:
            level: Level = "error" if share >= ALARM_SHARE else "warning"
            self._board.post(Notice("memory", level, self._words(share)))
        elif share < CALM_SHARE:
            self._board.withdraw("memory")

    def _look(self) -> int:
        total_bytes, now_s = used_bytes(os.getpid()), time.monotonic()
        self._recent.append((now_s, total_bytes))
        while now_s - self._recent[0][0] > RECALL_S:
            self._recent.popleft()
        return total_bytes

    def _follow(self, kernel_id: str) -> None:
        """Be called when the kernel ends by itself.

        A kernel that is still starting drops the wish without a word, so it is made
        anew at every tick.
        """
        call = self._calls.setdefault(kernel_id, partial(self._ended, kernel_id))
        self._kernels.remove_restart_callback(kernel_id, call)
        self._kernels.add_restart_callback(kernel_id, call)

    def _pid(self, kernel_id: str) -> int:
        provisioner = self._kernels.get_kernel(kernel_id).provisioner
        return int(getattr(provisioner, "pid", None) or -1)

    def _words(self, share: float) -> str:
        # Steps of 5 %, so that the page is not told anew at every tick.
        step = int(share * 20) * 5
        return (
            f"Memory is {step} % used, of {human(self._limit)}. At 100 % the largest "
            f"kernel is ended and its variables are lost. {next_profile(os.environ)}"
        )

    def _ended(self, kernel_id: str) -> None:
        """Judge why a kernel ended; called before Jupyter starts it again."""
        process = getattr(
            self._kernels.get_kernel(kernel_id).provisioner, "process", None
        )
        code = getattr(process, "returncode", None)
        kills, before = oom_kills(), self._kills
        self._kills = kills
        had = self._kernel_bytes.get(kernel_id, 0)
        peak_bytes = max((size for _, size in self._recent), default=0)
        near = peak_bytes >= WARN_SHARE * self._limit
        if kills > before or (code == KILLED and near):
            self._told_s = time.monotonic()
            self._board.post(Notice("killed", "error", self._epitaph(had)))

    def _epitaph(self, had_bytes: int) -> str:
        profile = os.environ.get("ARCHIVE_HUB_PROFILE", "this server")
        return (
            "A kernel was ended because memory ran out: it had "
            f"{human(had_bytes)} when last seen, and {profile} has "
            f"{human(self._limit)} for everything. {next_profile(os.environ)}"
        )
