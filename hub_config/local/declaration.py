"""The declaration on one machine: stand-ins in place of the archives."""

from __future__ import annotations

from ..settings import Hub
from ..tables import Usage
from .standins.cast import DEFAULT_ADMIN
from .standins.services import archive_url
from .state import Run


def localised(hub: Hub, run: Run) -> Hub:
    """Return the settings with the stand-ins in place of the archives.

    A machine of one's own has no price.  With the real GitHub nothing else changes.
    """
    hub = hub.model_copy(update={"usage": Usage(show_usd=False)})
    if run.github:
        return hub
    web_url = f"{run.url}/services/archive"
    archives = {
        name: archive.model_copy(
            update={
                "api_url": f"{archive_url(run)}/api",
                "web_url": web_url,
                "register_url": web_url,
            }
        )
        for name, archive in hub.archives.items()
    }
    login = hub.login.model_copy(update={"admins": (DEFAULT_ADMIN,)})
    return hub.model_copy(update={"archives": archives, "login": login})
