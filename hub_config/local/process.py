"""Processes that die with their parent, and that are never mistaken for another.

A pid is used again after a while; only pid and time of creation identify a process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass

import psutil

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)

# Goes before a command: `python -m hub_config.local.process COMMAND...`
LEASH = [sys.executable, "-m", "hub_config.local.process"]


@dataclass(frozen=True)
class Identity:
    """One process, for good.

    Attributes
    ----------
    pid : int
        Its number, which another process may get later.
    created_s : float
        When it was created, in seconds since the epoch.
    """

    pid: int
    created_s: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Return the identity of the process that has this number now, if any."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            return (
                abs(process.create_time() - self.created_s) < 0.1
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False

    def send(self, number: int) -> bool:
        """Send a signal to this very process; return whether it was still there."""
        if not self.alive():
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def die_with_parent(number: int = signal.SIGTERM, parent: int | None = None) -> None:
    """Ask for a signal when the parent dies; called in the child, before exec.

    End at once where it is gone already, or is another one than `parent`.
    Only Linux can do it.  SIGINT is restored: a shell that starts us in the background
    has it ignored in all descendants, and stopping would take ten seconds a process.
    """
    if sys.platform.startswith("linux"):
        parent = parent or os.getppid()
        _LIBC.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            # Not by a signal: before exec its handler is the parent's.
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    die_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])
