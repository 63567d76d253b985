"""The declaration of a hub that is played to: stand-ins in place of the archives."""

from __future__ import annotations

from ..settings import Hub
from ..tables import Usage
from .standins.cast import DEFAULT_ADMIN
from .standins.services import ARCHIVE, archive_url
from .state import Run


def localised(hub: Hub, run: Run) -> Hub:
    """Return the settings with the stand-ins in place of the archives.

    A machine of one's own has no price.  With the real GitHub nothing else changes.
    """
    most_h = hub.usage.stop_core_hours_per_day
    usage = Usage(show_usd=False, stop_core_hours_per_day=most_h)
    hub = hub.model_copy(update={"usage": usage})
    if run.github:
        return hub
    return with_standins(hub, archive_url(run), f"{run.url}{ARCHIVE}")


def with_standins(hub: Hub, api_url: str, web_url: str) -> Hub:
    """Return the settings with one stand-in in the place of every archive.

    Parameters
    ----------
    hub : Hub
        The settings.
    api_url : str
        Where the hub finds the stand-in.
    web_url : str
        Where a browser finds it.
    """
    archives = {
        name: archive.model_copy(
            update={
                "api_url": f"{api_url}/api",
                "web_url": web_url,
                "register_url": web_url,
            }
        )
        for name, archive in hub.archives.items()
    }
    login = hub.login.model_copy(update={"admins": (DEFAULT_ADMIN,)})
    return hub.model_copy(update={"archives": archives, "login": login})
