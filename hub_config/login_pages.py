"""The hub's page that begins a login."""

from __future__ import annotations

from typing import Any

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
