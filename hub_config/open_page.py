"""``/hub/open``: what a link from another site names, opened on the person's server.

``?asset=ADDRESS`` is a file of an archive, ``?repo=ADDRESS&path=NOTEBOOK`` a notebook
in a git repository; without either, a page on which to make such links.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from jupyterhub.handlers.pages import SpawnHandler
from jupyterhub.utils import url_path_join
from tornado import web
from tornado.httputil import url_concat

from .links.address import LinkRefused
from .links.asset import read_asset
from .links.repository import read_repository
from .settings import Archive
from .terms import accepted_at

ON_SERVER = "archive-hub/open"


class UnusableLink(web.HTTPError):
    """The link names nothing that this hub opens: HTTP 400, with the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, "%s", reason)
        self.jupyterhub_message = reason


class OpenHandler(SpawnHandler):  # type: ignore[misc]
    """Logs in, starts the server as last time, and goes on to what the link names."""

    def initialize(self, archives: tuple[Archive, ...]) -> None:
        """Take the archives whose files may be opened; called by tornado."""
        self._archives = archives

    async def get(self) -> None:
        """Follow a link; a wrong one is refused before anybody has to log in."""
        asked = {
            key: self.get_argument(key, "")
            for key in ("asset", "repo", "branch", "path")
        }
        if not asked["asset"] and not asked["repo"]:
            self.finish(await self.render_template("open.html"))
            return
        try:
            wanted = self._wanted(**asked)
        except LinkRefused as refused:
            raise UnusableLink(str(refused)) from None
        await self._follow(wanted)

    async def post(self) -> None:
        """Refuse: a link is only followed."""
        raise web.HTTPError(405)

    def _wanted(self, asset: str, repo: str, branch: str, path: str) -> str:
        if asset:
            found = read_asset(asset, self._archives)
            return f"{ON_SERVER}?{urlencode({'asset': found})}"
        return read_repository(repo, branch, path)

    async def _follow(self, wanted: str) -> None:
        user = self.current_user
        here = self.request.uri
        if user is None:
            self.redirect(url_concat(self.settings["login_url"], {"next": here}))
            return
        if not hasattr(user, "spawner"):
            raise web.HTTPError(403, "Only people have servers.")
        await self._open(user, f"{url_path_join(user.url, '')}{wanted}")

    async def _open(self, user: Any, goal: str) -> None:
        if user.running:
            # One that died since is noticed now.
            await user.spawner.poll_and_notify()
        spawner = user.get_spawner("", replace_failed=True)
        waiting = url_path_join(self.hub.base_url, "spawn-pending", user.escaped_name)
        waiting = url_concat(waiting, {"next": goal})
        if spawner.ready:
            self.redirect(goal)
        elif spawner.active:
            self.redirect(waiting)
        elif accepted_at(self.authenticator, user.name) is None:
            page = url_path_join(self.hub.base_url, "terms")
            self.redirect(url_concat(page, {"next": self.request.uri}))
        else:
            await self._start(user, spawner, waiting)

    async def _start(self, user: Any, spawner: Any, waiting: str) -> None:
        # An image or a script of another site must not start servers, a click may.
        if self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            raise web.HTTPError(403, "A server is started by following the link only.")
        spawner.handler = self
        await spawner.run_auth_state_hook(await user.get_auth_state())
        choice = await spawner.last_choice()
        await self._wrap_spawn_single_user(user, "", spawner, waiting, choice)
