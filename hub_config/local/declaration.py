"""The declaration on one machine: stand-ins in place of the archives."""

from __future__ import annotations

from ..settings import Hub
from .standins.services import archive_url
from .state import Run

# Of the stand-ins' people; see `standins.people`.
LOCAL_ADMINS = (1002,)


def localised(hub: Hub, run: Run) -> Hub:
    """Return the settings with the stand-ins in place of the archives.

    With the real GitHub nothing changes.
    """
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
    login = hub.login.model_copy(update={"admins": LOCAL_ADMINS})
    return hub.model_copy(update={"archives": archives, "login": login})
