"""The hub's address at which browsers and servers ask for a person's notices."""

from __future__ import annotations

from jupyterhub.handlers import BaseHandler
from tornado.escape import json_encode

from .notices import for_user


class NoticesHandler(BaseHandler):  # type: ignore[misc]
    """Tells a person's browser, or server, what that person is to be told."""

    _accept_token_auth = True

    async def get(self) -> None:
        """Answer a list of ``{id, level, text, until}``; 403 to anybody else."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        user = self.current_user
        # A service may hold a token too, but is nobody to be told.
        name = user.name if hasattr(user, "spawner") else ""
        if not {"read:users:name", f"read:users:name!user={name}"} & set(
            self.expanded_scopes
        ):
            self.set_status(403)
            self.finish({"status": 403, "message": "Only a logged-in person has any."})
            return
        # Tornado wants the list as text: an old browser could be made to run it.
        self.finish(json_encode(for_user(user)))
