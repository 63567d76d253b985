"""Rules about who gets in, and as what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .deployment import Deployment
from .findings import Fault, rule

CONFIG = ("jupyterhub", "hub", "config")


def _classes(d: Deployment) -> dict[str, Any]:
    return d.table(".".join(CONFIG))


@rule("A1")
def people_log_in(d: Deployment) -> Iterator[Fault]:
    """Name an authenticator.

    The chart's default lets everybody in under any name.
    """
    chosen = d.get("jupyterhub.hub.config.JupyterHub.authenticator_class", "dummy")
    from_code = bool(d.get("jupyterhub.hub.extraFiles")) or bool(
        d.get("jupyterhub.hub.extraConfig")
    )
    if d.has("jupyterhub") and "dummy" in str(chosen).lower() and not from_code:
        path = (*CONFIG, "JupyterHub", "authenticator_class")
        yield path, "everybody gets in under any name; name an authenticator"


@rule("A2")
def admins_by_number(d: Deployment) -> Iterator[Fault]:
    """Name administrators by account number, not by login.

    A login that its owner gave up can be taken by anybody, who then is administrator.
    """
    for name, traits in _classes(d).items():
        admins = traits.get("admin_users") if isinstance(traits, dict) else None
        logins = admins if isinstance(admins, list) else []
        names = [login for login in logins if not str(login).startswith("gh-")]
        if names:
            text = f"{len(names)} administrators by login; use numbers"
            yield (*CONFIG, name, "admin_users"), text


@rule("A3")
def no_impersonation(d: Deployment) -> Iterator[Fault]:
    """Do not let administrators enter people's servers.

    The chart switches it on: whoever takes over one administrator has every home.
    """
    if d.has("jupyterhub") and d.get(
        "jupyterhub.hub.config.JupyterHub.admin_access", 1
    ):
        path = (*CONFIG, "JupyterHub", "admin_access")
        yield path, "administrators may enter every server; set it to false"
