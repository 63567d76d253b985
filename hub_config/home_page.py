"""The page on which a person takes their home away, whether or not a server runs.

There is no name in the address: whoever is logged in gets their own, and nobody, no
administrator either, anybody else's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.iostream import StreamClosedError

from .clusters import stop_clusters
from .home_size import SETTING, sizes_on
from .packing import CHANGED, HOME, pack_command

_CHUNK_BYTES = 2**18


def offer(c: Any, homes: str) -> None:
    """Let people download their homes.

    Parameters
    ----------
    c : traitlets.config.Config
        JupyterHub's configuration, as `configure` filled it.
    homes : str
        The folder of all homes, as the hub's process sees it; it is only read.
    """
    c.JupyterHub.extra_handlers = [
        *c.JupyterHub.extra_handlers,
        (r"/my-files", MyFilesHandler),
        (r"/my-files/home.tar", HomeHandler, {"homes": homes}),
    ]
    # The page of what one uses says what the home holds, and so does `usage_command`.
    c.KubeSpawner.post_stop_hook = after_stop
    kept = c.JupyterHub.get("tornado_settings", {})
    c.JupyterHub.tornado_settings = {**kept, SETTING: homes}
    c.JupyterHub.template_vars = {**c.JupyterHub.template_vars, "my_files": True}


async def after_stop(spawner: Any) -> None:
    """Do what comes after every stop, and measure the home that was worked in."""
    await stop_clusters(spawner)
    if sizes := sizes_on(spawner.user.settings, spawner.authenticator):
        sizes.measure(spawner.user.name)


class NoDownload(web.HTTPError):
    """A home cannot be sent now; the reason is for the page."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.jupyterhub_message = reason


class MyFilesHandler(BaseHandler):  # type: ignore[misc]
    """Says what one gets, and how to open it."""

    @web.authenticated
    async def get(self) -> None:
        """Show the page."""
        self.set_header("Cache-Control", "no-store")
        self.finish(await self.render_template("my-files.html", user=self.current_user))


class HomeHandler(BaseHandler):  # type: ignore[misc]
    """Streams a person's own home; nothing is stored, and the hub is not held up."""

    # Each is a process that reads a disk as fast as it can.
    _busy: ClassVar[set[str]] = set()

    def initialize(self, homes: str) -> None:
        """Take where the homes are; tornado calls it."""
        self.homes = homes

    @web.authenticated
    async def get(self) -> None:
        """Send the home of whoever asks as a tar file."""
        name = self.current_user.name
        if not HOME.fullmatch(name):
            raise web.HTTPError(403, "Only people who log in with GitHub have files.")
        if name in self._busy:
            raise NoDownload(
                429, "A download of your files runs already. Wait for its end."
            )
        self._busy.add(name)
        try:
            await self._send(name)
        finally:
            self._busy.discard(name)

    async def _send(self, name: str) -> None:
        # In a thread: a file server that hangs must not hold the hub up.
        if not await asyncio.to_thread(os.path.isdir, os.path.join(self.homes, name)):
            why = "There are no files of yours yet: start a server once."
            raise NoDownload(409, why)
        async with _packing(self.homes, name) as process:
            assert process.stdout is not None
            chunk = await process.stdout.read(_CHUNK_BYTES)
            file = f"{name}-{datetime.now(UTC):%Y%m%d}.tar"
            self.set_header("Content-Type", "application/x-tar")
            self.set_header("Content-Disposition", f'attachment; filename="{file}"')
            self.set_header("Cache-Control", "no-store")
            try:
                while chunk:
                    self.write(chunk)
                    await self.flush()
                    chunk = await process.stdout.read(_CHUNK_BYTES)
            except StreamClosedError:
                self.log.info("my files: %s: the browser went away", name)
                return
            if await process.wait() not in (0, CHANGED):
                # The browser must not take it for whole.
                self.log.error("my files: %s: tar failed", name)
                self.request.connection.stream.close()
                return
            self.log.info("my files: %s took their home", name)


@asynccontextmanager
async def _packing(homes: str, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *pack_command(homes, name),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
