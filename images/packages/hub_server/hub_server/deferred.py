"""Loads heavy server extensions when a person first asks for them.

Importing `panel` (1.3 s) and `dask_labextension` (0.9 s) before the server answers
makes everybody wait for what few use at once.  They are disabled in the configuration;
the first request under their address loads them, in a thread, and is then sent there
again.
"""

import asyncio
import importlib
import re
from dataclasses import dataclass
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, Rule


@dataclass(frozen=True)
class Late:
    """How an extension is loaded late.

    Parameters
    ----------
    address
        What it serves, below the server's base URL.
    ahead
        Its heavy import, which is safe in a thread.  The extension itself is imported
        in the event loop: dask_labextension makes a future when it is imported.
    """

    address: str
    ahead: str


DEFERRED = {
    "dask_labextension": Late("dask", "distributed"),
    "jupyterlab_h5web": Late("h5web", "jupyterlab_h5web.handlers"),
    "nbdime": Late("nbdime", "nbdime.webapp.nb_server_extension"),
    "panel.io.jupyter_server_extension": Late(
        "panel-preview", "panel.io.jupyter_server_extension"
    ),
}


class LateExtension:
    """One server extension that is not loaded yet."""

    def __init__(self, serverapp: Any, module: str, ahead: str) -> None:
        self.serverapp = serverapp
        self.module = module
        self.ahead = ahead
        self.loaded = False
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Import, link and load the extension; further calls wait for the first.

        Raises
        ------
        ImportError
            The extension cannot be imported.
        """
        async with self._loading:
            if self.loaded:
                return
            await asyncio.to_thread(importlib.import_module, self.ahead)
            manager = self.serverapp.extension_manager
            manager.extensions.pop(self.module, None)  # known as disabled
            manager.add_extension(self.module, enabled=True)
            manager.link_extension(self.module)
            manager.load_extension(self.module)
            self.loaded = True
            self.serverapp.log.info("%s: loaded on first use", self.module)


class UntilLoaded(Matcher):
    """Matches an extension's address as long as the extension is not loaded."""

    def __init__(self, prefix: str, extension: LateExtension) -> None:
        self._path = re.compile(f"{re.escape(prefix)}(/|$)")
        self._extension = extension

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return no arguments for a match, None for none."""
        asked = not self._extension.loaded and self._path.match(request.path)
        return {} if asked else None


class LateHandler(JupyterHandler):
    """Answers the first request: loads the extension and sends the browser back."""

    def initialize(self, extension: LateExtension) -> None:
        """Take the extension to load; called by tornado."""
        self._extension = extension

    async def prepare(self) -> None:
        """Refuse who is not logged in, before any method runs; then load."""
        await super().prepare()
        if self._finished:
            return
        if self.current_user is None:
            raise web.HTTPError(403)
        await self._extension.load()
        # 307 keeps method and body.
        self.redirect(self.request.uri or "/", status=307)

    def check_xsrf_cookie(self) -> None:
        """Leave the check to the handler that the request is sent on to."""


def defer(serverapp: Any, late: dict[str, Late]) -> None:
    """Serve the addresses of `late` extensions by loading them on the first request.

    Parameters
    ----------
    serverapp
        The running Jupyter server.
    late
        Extension module -> how it is loaded.
    """
    rules = []
    for module, how in late.items():
        extension = LateExtension(serverapp, module, how.ahead)
        prefix = url_path_join(serverapp.base_url, how.address)
        target = {"extension": extension}
        rules.append(Rule(UntilLoaded(prefix, extension), LateHandler, target))
    serverapp.web_app.add_handlers(".*$", rules)
