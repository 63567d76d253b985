"""Puts the parts together in a running server.

`load` registers addresses before the server answers and must cost nothing; `start` runs
once it answers, and whatever reads disks or processes begins there.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join

from hub_server.deferred import DEFERRED, defer
from hub_server.handlers import NoticesHandler, OpenHandler
from hub_server.notices import Board

_KEY = "hub_server"


def load(serverapp: Any) -> None:
    """Register the addresses of this package and of what loads later."""
    board = Board(serverapp.log)
    serverapp.web_app.settings[_KEY] = {"board": board}
    notices = url_path_join(serverapp.base_url, "hub-server/notices")
    opening = url_path_join(serverapp.base_url, "archive-hub/open")
    handlers = [
        (notices, NoticesHandler, {"board": board}),
        (opening, OpenHandler, {"root": serverapp.root_dir}),
    ]
    serverapp.web_app.add_handlers(".*$", handlers)
    defer(serverapp, DEFERRED)


def start(serverapp: Any) -> None:
    """Begin to watch; called when the server answers."""
    # Imported here: psutil and the rest are not needed for an answer.
    from hub_server import packages, watches

    parts = serverapp.web_app.settings[_KEY]
    parts["tutorials"] = asyncio.ensure_future(watches.bring_tutorials(serverapp.log))
    terminals = serverapp.web_app.settings.get("terminal_manager")
    if terminals is not None:
        env = packages.env_dir(os.environ)
        ours = packages.kernel_environ(env, Path(sys.prefix), os.environ)
        terminals.extra_env = {**(terminals.extra_env or {}), **ours}
    parts["watches"] = watches.begin(serverapp, parts["board"])
