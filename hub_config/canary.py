"""The hub's own canary: what it may do, and what it says.

``archive-hub canary`` comes by on a schedule with the token of a service that may use
the server of one account and nothing else.  The account has a number that GitHub gives
to nobody, so no person can sign in as it.  Each time it tells the hub how it went
(`canary_page`).
"""

from __future__ import annotations

from typing import Any

from .gate import user_name
from .settings import Hub

SERVICE = "canary"
# After so many looks that did not come, it is missed.
MISSED = 3
KINDS = ("look", "use")


def role(hub: Hub) -> dict[str, Any]:
    """Return what the service may do, as one of JupyterHub's ``load_roles``."""
    name = user_name(hub.canary.number)
    scopes = ("servers", "access:servers", "read:users:name")
    return {"services": [SERVICE], "scopes": [f"{one}!user={name}" for one in scopes]}


def helm_values(hub: Hub) -> dict[str, Any]:
    """Return the values of the chart's ``hub`` that let the canary in."""
    missed_s = MISSED * 60 * hub.canary.every_min
    service = {"display": False, "info": {"missed_after_s": missed_s}}
    return {"services": {SERVICE: service}, "loadRoles": {SERVICE: role(hub)}}


def admit(c: Any, hub: Hub) -> None:
    """Make the canary's account, which nobody can make by signing in.

    Parameters
    ----------
    c : traitlets.config.Config
        JupyterHub's configuration.
    hub : Hub
        Has the account's number.
    """
    # JupyterHub makes these at its start; who may sign in is asked of the archive only.
    c.Authenticator.allowed_users = {user_name(hub.canary.number)}
