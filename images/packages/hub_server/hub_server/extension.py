"""Puts the parts together in a running server.

`load` registers addresses before the server answers and must cost nothing; `start` runs
once it answers, and everything that reads disks or processes runs from there.

``ARCHIVE_HUB_BUSY_CAP_H``
    Hours that silent work counts as activity; default 24.
``ARCHIVE_HUB_TICK_S``
    Seconds between two looks at work, memory and the home; default 10.
"""

import asyncio
import os
from typing import Any

from jupyter_server.utils import url_path_join
from tornado.ioloop import PeriodicCallback

from hub_server import tutorials
from hub_server.activity import Activity
from hub_server.deferred import DEFERRED, defer
from hub_server.environment import home_dir, scratch_dir, tutorials_dir
from hub_server.notices import Board, NoticesHandler

BUSY_CAP_H = 24.0
TICK_S = 10.0
_KEY = "hub_server"


def number(name: str, default: float) -> float:
    """Return the positive number in an environment variable.

    Raises
    ------
    ValueError
        It is set to something else; the server's log then names it.
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


def load(serverapp: Any) -> None:
    """Register the addresses of this package and of what loads later."""
    board = Board(serverapp.log)
    serverapp.web_app.settings[_KEY] = {"board": board}
    address = url_path_join(serverapp.base_url, "hub-server/notices")
    handlers = [(address, NoticesHandler, {"board": board})]
    serverapp.web_app.add_handlers(".*$", handlers)
    defer(serverapp, DEFERRED)


def start(serverapp: Any) -> None:
    """Begin to watch; called when the server answers."""
    parts = serverapp.web_app.settings[_KEY]
    cap_s = number("ARCHIVE_HUB_BUSY_CAP_H", BUSY_CAP_H) * 3600
    scratch = scratch_dir(os.environ)
    activity = Activity(serverapp, parts["board"], scratch, cap_s)
    tick_ms = number("ARCHIVE_HUB_TICK_S", TICK_S) * 1000
    parts["watches"] = [PeriodicCallback(activity.tick, tick_ms)]
    for watch in parts["watches"]:
        watch.start()
    parts["tutorials"] = asyncio.ensure_future(_bring_tutorials(serverapp.log))


async def _bring_tutorials(log: Any) -> None:
    source, target = tutorials_dir(os.environ), home_dir(os.environ) / "tutorials"
    outcome = await asyncio.to_thread(tutorials.copy, source, target)
    if outcome.written:
        log.info("tutorials: %d files written to %s", len(outcome.written), target)
    for name, reason in outcome.failed.items():
        log.warning("tutorials: %s is not copied: %s", name, reason)
