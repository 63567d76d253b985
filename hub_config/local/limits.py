"""Limits on a tree of processes, by the best means this machine offers.

In this order: a cgroup v2 subtree that is delegated to us, cgroup v1 (root), resource
limits per process.  `detect` says which; the start page and ``status`` show it.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

CGROUPS = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


class Unavailable(OSError):
    """A means of limiting that the machine does not offer."""


class Limiter(ABC):
    """One means of limiting a named tree of processes."""

    kind: ClassVar[str]
    meaning: ClassVar[str]

    @abstractmethod
    def prepare(self, name: str, memory: int, cpu: float) -> Callable[[], None]:
        """Make the limits.

        Parameters
        ----------
        name : str
            Of the tree, unique on this machine.
        memory : int
            Bytes for the whole tree.
        cpu : float
            Cores for the whole tree.

        Returns
        -------
        callable
            To be called in the child, between fork and exec: puts it under the limits.
        """

    @abstractmethod
    def memory(self, name: str) -> int | None:
        """Return the bytes in use, or None where this means cannot tell."""

    @abstractmethod
    def kill(self, name: str, timeout_s: float = 5) -> None:
        """End every process of the tree and forget it."""


class CgroupV2(Limiter):
    """A subtree of cgroup v2: memory and CPU of the whole tree, killed as one."""

    kind = "cgroup v2"
    meaning = "memory and CPU of each server are limited by the kernel"

    def __init__(self, root: Path = CGROUPS) -> None:
        own = _own_cgroup("")
        if own is None or not (root / "cgroup.controllers").exists():
            raise Unavailable("no cgroup v2")
        self.base = root / own.lstrip("/")
        offered = set(_read(self.base / "cgroup.controllers").split())
        if not {"memory", "cpu"} <= offered:
            raise Unavailable(f"cgroup v2 offers {sorted(offered)}, not memory and cpu")
        # A cgroup with children may hold no process itself: move into a leaf first.
        leaf = self.base / "archive-hub"
        leaf.mkdir(exist_ok=True)
        for pid in _read(self.base / "cgroup.procs").split():
            _write(leaf / "cgroup.procs", pid)
        _write(self.base / "cgroup.subtree_control", "+memory +cpu +pids")

    def prepare(self, name: str, memory: int, cpu: float) -> Callable[[], None]:
        """Make the limits; see `Limiter`."""
        folder = self.base / name
        folder.mkdir(exist_ok=True)
        _write(folder / "memory.max", str(memory))
        if (folder / "memory.swap.max").exists():
            _write(folder / "memory.swap.max", "0")
        _write(folder / "cpu.max", f"{int(cpu * _PERIOD_US)} {_PERIOD_US}")
        return _enter([folder / "cgroup.procs"])

    def memory(self, name: str) -> int | None:
        """Return the bytes in use."""
        text = _read(self.base / name / "memory.current")
        return int(text) if text else None

    def kill(self, name: str, timeout_s: float = 5) -> None:
        """End every process of the tree."""
        folder = self.base / name
        if (folder / "cgroup.kill").exists():
            _write(folder / "cgroup.kill", "1")
        _empty([folder], timeout_s)


class CgroupV1(Limiter):
    """Memory and CPU controllers of cgroup v1; needs root."""

    kind = "cgroup v1"
    meaning = "memory and CPU of each server are limited by the kernel"

    def __init__(self, root: Path = CGROUPS) -> None:
        self.bases: dict[str, Path] = {}
        for controller in ("memory", "cpu"):
            own = _own_cgroup(controller)
            base = root / controller / (own or "").lstrip("/")
            if own is None or not os.access(base / "cgroup.procs", os.W_OK):
                raise Unavailable(f"no writable cgroup v1 controller {controller!r}")
            self.bases[controller] = base
        probe = self.bases["memory"] / f"archive-hub-probe-{os.getpid()}"
        probe.mkdir()
        probe.rmdir()

    def prepare(self, name: str, memory: int, cpu: float) -> Callable[[], None]:
        """Make the limits; see `Limiter`."""
        folders = self._folders(name)
        for folder in folders:
            folder.mkdir(exist_ok=True)
        in_memory, in_cpu = folders
        _write(in_memory / "memory.limit_in_bytes", str(memory))
        with_swap = in_memory / "memory.memsw.limit_in_bytes"
        if with_swap.exists():
            _write(with_swap, str(memory))
        _write(in_cpu / "cpu.cfs_period_us", str(_PERIOD_US))
        _write(in_cpu / "cpu.cfs_quota_us", str(int(cpu * _PERIOD_US)))
        return _enter([folder / "cgroup.procs" for folder in folders])

    def memory(self, name: str) -> int | None:
        """Return the bytes in use."""
        text = _read(self._folders(name)[0] / "memory.usage_in_bytes")
        return int(text) if text else None

    def kill(self, name: str, timeout_s: float = 5) -> None:
        """End every process of the tree."""
        _empty(self._folders(name), timeout_s)

    def _folders(self, name: str) -> list[Path]:
        return [base / name for base in self.bases.values()]


class Rlimit(Limiter):
    """Limits of one process each, not of the tree: the last resort, open to anyone."""

    kind = "rlimit"
    meaning = (
        "memory is limited for each process by itself and CPU to whole cores; "
        "a server with many processes can use more"
    )

    def prepare(self, name: str, memory: int, cpu: float) -> Callable[[], None]:
        """Make the limits; see `Limiter`."""
        cores = sorted(_affinity())[: max(1, round(cpu))]

        def enter() -> None:
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, cores)

        return enter

    def memory(self, name: str) -> int | None:
        """Return None: nobody sums up the tree."""
        return None

    def kill(self, name: str, timeout_s: float = 5) -> None:
        """Do nothing: the process group is ended by whoever started it."""


MEANS: tuple[type[Limiter], ...] = (CgroupV2, CgroupV1, Rlimit)


@lru_cache
def detect() -> Limiter:
    """Return the best means of this machine; the last one always works."""
    for means in MEANS:
        try:
            return means()
        except OSError:
            continue
    raise AssertionError("rlimit is always there")


def _affinity() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _own_cgroup(controller: str) -> str | None:
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(",") if controller else not names:
            return path
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _enter(files: list[Path]) -> Callable[[], None]:
    names = [str(file) for file in files]

    def enter() -> None:
        for name in names:
            descriptor = os.open(name, os.O_WRONLY)
            try:
                os.write(descriptor, b"0")
            finally:
                os.close(descriptor)

    return enter


def _empty(folders: list[Path], timeout_s: float) -> None:
    """Kill what is left in these cgroups, then remove them."""
    deadline = time.monotonic() + timeout_s
    while pids := _read(folders[0] / "cgroup.procs").split():
        for pid in pids:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)
    for folder in folders:
        while folder.exists() and time.monotonic() < deadline:
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.02)
