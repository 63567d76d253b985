"""Running work counts as activity, up to a cap, so that the culler leaves it alone.

Jupyter Server counts requests and kernel messages only: a cell that computes in
silence, and a job in a terminal, look idle.  The server takes every setting whose name
ends in ``_last_activity`` into account; this module keeps one such setting.

The cap runs from the last sign of life that is not ours.  Once it has passed, silent
work no longer counts, and the culler's own timeout begins.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from hub_server.dask_client import RENEW_S
from hub_server.notices import Board, Notice

SETTING = "hub_server_last_activity"
MARK_AGE_S = 3 * RENEW_S
STILL = {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}


def busy_kernels(kernel_manager: Any) -> int:
    """Return how many kernels compute."""
    kernels = kernel_manager.list_kernels()
    return sum(kernel["execution_state"] == "busy" for kernel in kernels)


def running_jobs(terminal_manager: Any) -> int:
    """Return how many terminals run a program besides their shell."""
    terminals = getattr(terminal_manager, "terminals", {}) or {}
    return sum(has_job(one.ptyproc.pid, one.ptyproc.fd) for one in terminals.values())


def has_job(shell_pid: int, terminal: int) -> bool:
    """Tell whether a shell runs a program, before its prompt or behind it."""
    try:
        # To look through all processes takes longer than a short program of a loop.
        if os.tcgetpgrp(terminal) not in (0, shell_pid):
            return True
    except OSError:
        pass  # nobody is there any more; 0: nobody is there yet
    try:
        children = psutil.Process(shell_pid).children()
        return any(child.status() not in STILL for child in children)
    except psutil.NoSuchProcess:
        return False


def connected_clients(scratch: Path) -> int:
    """Return how many Dask clients are connected to a cluster (see `dask_client`)."""
    now_s = time.time()
    count = 0
    for mark in (scratch / "dask-clients").glob("*"):
        try:
            count += now_s - mark.stat().st_mtime < MARK_AGE_S
        except FileNotFoundError:
            continue
    return count


def describe(kernels: int, jobs: int, clients: int) -> str:
    """Return what runs, in words; empty when nothing does."""
    counts = {
        "computing notebook": kernels,
        "terminal job": jobs,
        "connected Dask client": clients,
    }
    parts = [
        f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items() if count
    ]
    return " and ".join(parts)


class Activity:
    """Tells the server, at every tick, whether work is running.

    Parameters
    ----------
    serverapp
        The running Jupyter server.
    board
        Where "kept until" is shown.
    scratch
        The scratch folder.
    cap_s
        How long silent work counts, in seconds, from the last other activity.
    """

    def __init__(self, serverapp: Any, board: Board, scratch: Path, cap_s: float):
        self._app = serverapp
        self._board = board
        self._scratch = scratch
        self._cap = timedelta(seconds=cap_s)

    def tick(self) -> None:
        """Look once."""
        settings = self._app.web_app.settings
        work = describe(
            busy_kernels(settings["kernel_manager"]),
            running_jobs(settings.get("terminal_manager")),
            connected_clients(self._scratch),
        )
        now = datetime.now(UTC)
        kept_until = self.other_activity() + self._cap
        if work and now < kept_until:
            settings[SETTING] = now
            self._board.post(_kept(work, kept_until))
        else:
            self._board.withdraw("kept")

    def other_activity(self) -> datetime:
        """Return the last sign of life that is not our own."""
        application = self._app.web_app
        ours = application.settings.pop(SETTING, None)
        try:
            last: datetime = application.last_activity()
        finally:
            if ours is not None:
                application.settings[SETTING] = ours
        return last


def _kept(work: str, until: datetime) -> Notice:
    # Whole minutes: the page would otherwise repeat the notice at every second.
    until = until.replace(second=0, microsecond=0)
    text = f"Running: {work}. This server is kept until {{until}} if you leave it."
    return Notice("kept", "info", text, until.isoformat())
