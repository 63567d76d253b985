"""A proxy that is noticed to have been restarted, within seconds.

A restarted proxy knows no route.  JupyterHub compares all routes once in
``last_activity_interval``, 300 s by default, which is too dear to do every few seconds.
So a route that leads nowhere is put down as a mark; when it is gone, so are the others.
"""

from __future__ import annotations

from typing import Any

from jupyterhub.proxy import ConfigurableHTTPProxy
from tornado.httpclient import HTTPClientError
from tornado.ioloop import PeriodicCallback
from traitlets import Float

# Not of JupyterHub's own, which it would delete as stale; nobody listens on port 9.
_MARK = "archive-hub-mark"
_NOWHERE = {"target": "http://127.0.0.1:9"}


class WatchfulProxy(ConfigurableHTTPProxy):  # type: ignore[misc]
    """Configurable-http-proxy whose restart is noticed."""

    look_every_s = Float(2, config=True, help="How often to look for the mark.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._looking: PeriodicCallback | None = None
        self._known: tuple[Any, Any] = ({}, {})

    async def check_routes(
        self, user_dict: Any, service_dict: Any, routes: Any = None
    ) -> None:
        """Bring the proxy up to date; JupyterHub calls it at its start, too."""
        self._known = (user_dict, service_dict)
        await super().check_routes(user_dict, service_dict, routes)
        await self.api_request(_MARK, method="POST", body=_NOWHERE)
        if self._looking is None:
            self._looking = PeriodicCallback(self._look, 1e3 * self.look_every_s)
            self._looking.start()

    def stop_looking(self) -> None:
        """Look no more, for example before the event loop ends."""
        if self._looking is not None:
            self._looking.stop()

    async def _look(self) -> None:
        try:
            await self.api_request(_MARK)
        except HTTPClientError as error:
            if error.code != 404:
                return
        except (OSError, TimeoutError):
            # It is away; whether it comes back without its routes is seen then.
            return
        else:
            return
        self.log.warning("proxy: it was restarted and knows no route; telling it all")
        try:
            await self.check_routes(*self._known)
        except (HTTPClientError, OSError, TimeoutError) as error:
            self.log.warning("proxy: went away again while it was told: %s", error)
