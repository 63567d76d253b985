"""Processes that outlive who started them, and end with the launcher.

A Dask cluster holds what people computed.  It must not end with a killed gateway, and
must end with the hub, however that ends.  So the launcher adopts it, which only Linux
can do.  Elsewhere a hub that is stopped ends everything, one that is killed does not.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Container
from contextlib import suppress
from typing import Any

import psutil

from .process import Identity, die_with_parent

_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)
END_WITHIN_S = 5


def adopt() -> None:
    """Become the parent of each descendant whose own parent ends."""
    if sys.platform.startswith("linux"):
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def bury(own: Container[int]) -> None:
    """Forget adopted children that have ended.

    Parameters
    ----------
    own : container of int
        Children that somebody else waits for.
    """
    if not sys.platform.startswith("linux"):
        return
    look = os.WEXITED | os.WNOHANG | os.WNOWAIT
    with suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, look)) and ended.si_pid not in own:
            os.waitpid(ended.si_pid, 0)


def end() -> None:
    """End every descendant that is left."""
    left = psutil.Process().children(recursive=True)
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for one in left:
            with suppress(psutil.NoSuchProcess):
                ask(one)
        _, left = psutil.wait_procs(left, END_WITHIN_S)


def start_apart(
    command: list[str], keeper: int, prepare: Callable[[], None], **how: Any
) -> Identity:
    """Start a process that outlives this one and is killed with its keeper.

    Parameters
    ----------
    command : list of str
        What to run.
    keeper : int
        Process that adopts it: an ancestor that called `adopt`.
    prepare : callable
        Called in the child before the command.
    **how
        Of `subprocess.Popen`.

    Returns
    -------
    Identity
        Of the process, which is no child of this one.
    """
    told, tell = os.pipe()

    def hand_over() -> None:
        prepare()
        between = os.getpid()
        if child := os.fork():
            os.write(tell, str(child).encode())
            os._exit(0)
        while os.getppid() == between:
            time.sleep(0.001)
        os.setsid()
        # A Dask worker that just starts takes SIGTERM and stays, for good.
        die_with_parent(signal.SIGKILL, keeper)

    try:
        subprocess.Popen(
            command,
            preexec_fn=hand_over,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            **how,
        ).wait()
        pid = int(os.read(told, 32))
    finally:
        os.close(told)
        os.close(tell)
    # What has ended already is a process that is never alive.
    return Identity.of(pid) or Identity(pid, 0)
