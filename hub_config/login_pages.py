"""The hub's pages that belong to the login, beside those of JupyterHub."""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers import BaseHandler
from oauthenticator.oauth2 import OAuthLoginHandler


class LoginHandler(OAuthLoginHandler):  # type: ignore[misc]
    """Starts the login; ``?account=other`` lets one choose another GitHub account."""

    def authorize_redirect(self, *args: Any, **kwargs: Any) -> None:
        """Send the browser to GitHub."""
        if self.get_argument("account", "") == "other":
            kwargs["extra_params"] = {
                **(kwargs.get("extra_params") or {}),
                "prompt": "select_account",
            }
        super().authorize_redirect(*args, **kwargs)


class ArchiveHealthHandler(BaseHandler):  # type: ignore[misc]
    """Tells whether each archive takes the hub's token: 503 once one refuses it."""

    async def get(self) -> None:
        """Answer ``{archive: {alive, reason}}``; asked of the archives rarely."""
        health = await self.authenticator.archive_health()
        dead = any(entry["alive"] is False for entry in health.values())
        self.set_status(503 if dead else 200)
        self.set_header("Content-Type", "application/json")
        self.finish(health)
