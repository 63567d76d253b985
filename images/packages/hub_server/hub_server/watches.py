"""The things that a server looks at from time to time, as one list.

``ARCHIVE_HUB_BUSY_CAP_H``
    Hours that silent work counts as activity; default 24.
``ARCHIVE_HUB_CACHE_CAP_BYTES``
    Bytes that the caches on scratch may take; default 10 GiB.
``ARCHIVE_HUB_TICK_S``
    Seconds between two looks; default 10.
"""

import asyncio
import importlib.util
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tornado.ioloop import PeriodicCallback

from hub_server import packages, tutorials
from hub_server.activity import Activity
from hub_server.environment import home_dir, scratch_dir, tutorials_dir
from hub_server.home import HomeWatch, human
from hub_server.matlab import MatlabWatch
from hub_server.memory import MemoryWatch
from hub_server.notices import Board, Notice
from hub_server.processes import NotTold, ask
from hub_server.stops import StopWatch

BUSY_CAP_H = 24.0
CACHE_CAP_BYTES = 10 * 2**30
TICK_S = 10.0
WARN_MIN = 10.0
# Trimming reads every file of the cache.
TRIM_EVERY_TICKS = 30


def number(name: str, default: float | None = None) -> float | None:
    """Return the positive number in an environment variable, or `default`.

    Raises
    ------
    ValueError
        It is set to something else; the message names the variable.
    """
    text = os.environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError(f"{name}: {text!r} is not a positive number")
    return value


def stop_limits() -> dict[str, timedelta]:
    """Return the hub's limits of age and idleness, those that it told."""
    idle_min = number("ARCHIVE_HUB_CULL_AFTER_MIN")
    age_h = number("ARCHIVE_HUB_MAX_AGE_H")
    limits = {}
    if idle_min:
        limits["idle"] = timedelta(minutes=idle_min)
    if age_h:
        limits["age"] = timedelta(hours=age_h)
    return limits


class PackagesWatch:
    """Says when a person's packages break the image's.

    Parameters
    ----------
    env, base
        The person's environment and the one below it.
    board
        Where the notice is shown.
    log
        The server's log.
    """

    def __init__(self, env: Path, base: Path, board: Board, log: Any) -> None:
        self._env, self._base = env, base
        self._board = board
        self._log = log
        self._seen_ns = 0

    async def tick(self) -> None:
        """Look once; costs one system call while nothing was installed."""
        try:
            changed_ns = packages.site_dir(self._env).stat().st_mtime_ns
        except OSError:
            self._board.withdraw("packages")
            return
        if changed_ns == self._seen_ns:
            return
        self._seen_ns = changed_ns
        arguments = (str(self._env), str(self._base))
        try:
            sentences = await ask("hub_server.conflicts", *arguments)
        except NotTold as error:
            self._log.warning("packages: conflicts are not known: %s", error)
            return
        if sentences:
            self._board.post(Notice("packages", "warning", sentences[0]))
        else:
            self._board.withdraw("packages")


class CacheWatch:
    """Keeps the caches on scratch below their cap.

    Parameters
    ----------
    folder
        The cache.
    cap_bytes
        What it may take.
    log
        The server's log.
    """

    def __init__(self, folder: Path, cap_bytes: int, log: Any) -> None:
        self._folder = folder
        self._cap = cap_bytes
        self._log = log
        self._ticks = 0

    async def tick(self) -> None:
        """Trim at every `TRIM_EVERY_TICKS`-th call, the first included."""
        self._ticks += 1
        if self._ticks % TRIM_EVERY_TICKS != 1:
            return
        try:
            removed = await ask("hub_server.cache", str(self._folder), str(self._cap))
        except NotTold as error:
            self._log.warning("cache: %s was not trimmed: %s", self._folder, error)
            return
        if removed:
            self._log.info("cache: %s removed from %s", human(removed), self._folder)


async def bring_tutorials(log: Any) -> None:
    """Copy the tutorials, in a thread, and log what happened."""
    source, target = tutorials_dir(os.environ), home_dir(os.environ) / "tutorials"
    outcome = await asyncio.to_thread(tutorials.copy, source, target)
    if outcome.written:
        log.info("tutorials: %d files written to %s", len(outcome.written), target)
    for name, reason in outcome.failed.items():
        log.warning("tutorials: %s is not copied: %s", name, reason)


def watches(serverapp: Any, board: Board) -> list[Callable[[], Any]]:
    """Return what to call at every tick.

    Raises
    ------
    ValueError
        A variable of the hub is malformed.
    """
    log, web_app = serverapp.log, serverapp.web_app
    scratch, home = scratch_dir(os.environ), home_dir(os.environ)
    cap_s = (number("ARCHIVE_HUB_BUSY_CAP_H", BUSY_CAP_H) or BUSY_CAP_H) * 3600
    cache_bytes = int(number("ARCHIVE_HUB_CACHE_CAP_BYTES") or CACHE_CAP_BYTES)
    ahead = timedelta(minutes=number("ARCHIVE_HUB_WARN_MIN", WARN_MIN) or WARN_MIN)
    env = packages.env_dir(os.environ)
    looks: list[Callable[[], Any]] = [
        Activity(serverapp, board, scratch, cap_s).tick,
        StopWatch(web_app, board, stop_limits(), ahead).tick,
        HomeWatch(home, board, log).tick,
        PackagesWatch(env, Path(sys.prefix), board, log).tick,
        CacheWatch(scratch / "cache", cache_bytes, log).tick,
    ]
    if importlib.util.find_spec("matlab_proxy"):
        looks.append(MatlabWatch(os.environ, board).tick)
    limit_bytes = number("MEM_LIMIT")
    if limit_bytes:
        kernels = web_app.settings["kernel_manager"]
        looks.append(MemoryWatch(kernels, board, int(limit_bytes)).tick)
    return looks


def begin(serverapp: Any, board: Board) -> list[PeriodicCallback]:
    """Start to look; the callbacks live as long as they are kept."""
    tick_s = number("ARCHIVE_HUB_TICK_S", TICK_S) or TICK_S
    callbacks = [
        PeriodicCallback(look, tick_s * 1e3) for look in watches(serverapp, board)
    ]
    for callback in callbacks:
        callback.start()
    return callbacks
