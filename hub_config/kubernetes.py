"""What is different on Kubernetes, for the hub: a line in the chart's values calls it.

It adds to what the chart has set.  Numbers are in ``hub.toml`` and in the values, not
here.
"""

from __future__ import annotations

import os
from typing import Any

from jupyterhub.utils import subdomain_hook_idna

from . import home_page
from .configure import configure
from .ledger import LEDGER_IN_POD
from .packing import HOMES_IN_POD
from .settings import Hub, load
from .spawner import RobustKubeSpawner
from .startpage import StartPage

# The service of the gateway's proxy; the chart's `fullnameOverride` fixes its name.
GATEWAY = "traefik-dask-gateway"


class HubSpawner(RobustKubeSpawner, StartPage):
    """The spawner of a deployed hub: our start page, and starts that survive."""


def hub(c: Any, settings: Hub | None = None) -> None:
    """Configure JupyterHub in its pod; called last in its configuration.

    Parameters
    ----------
    c : traitlets.config.Config
        As z2jh has filled it.
    settings : Hub, optional
        The settings; by default those of this package.
    """
    # z2jh's own: the culler's role, the chart's extraEnv.
    roles = c.JupyterHub.get("load_roles", [])
    environment = c.KubeSpawner.get("environment", {})
    configure(c, settings)
    c.JupyterHub.load_roles = [*roles, *c.JupyterHub.load_roles]
    c.JupyterHub.spawner_class = HubSpawner
    c.KubeSpawner.environment = {
        **environment,
        **c.KubeSpawner.environment,
        "DASK_GATEWAY__ADDRESS": f"http://{GATEWAY}/services/dask-gateway",
        "DASK_GATEWAY__PROXY_ADDRESS": f"gateway://{GATEWAY}:80",
        "DASK_GATEWAY__PUBLIC_ADDRESS": "/services/dask-gateway",
    }
    c.ArchiveAuthenticator.ledger_path = LEDGER_IN_POD
    home_page.offer(c, HOMES_IN_POD)
    _be_careful(c, settings or load())
    if host := os.environ.get("ARCHIVE_HUB_HOST", ""):
        keep_apart(c, f"https://{host}")


def _be_careful(c: Any, settings: Hub) -> None:
    """Let the chart's culler be ours, with the chart's own options."""
    patience_s = 2 * settings.idle.report_interval_min * 60
    for service in c.JupyterHub.get("services", []):
        command = service.get("command", [])
        if "jupyterhub_idle_culler" in command:
            place = command.index("jupyterhub_idle_culler")
            command[place : place + 1] = ["hub_config.culler", str(patience_s)]


def keep_apart(c: Any, url: str) -> None:
    """Give each user server an origin of its own, where the hub has a name.

    Parameters
    ----------
    c : traitlets.config.Config
        JupyterHub's configuration.
    url : str
        The hub's address, without a path; servers are on subdomains of its host.
    """
    scheme, _, host = url.partition("://")
    c.JupyterHub.subdomain_host = url
    # A server could set cookies for the whole domain, and so sign a visitor in to the
    # hub as somebody else; no browser takes these from another host.  They must be
    # secure, which user servers do not know of themselves behind the load balancer.
    c.JupyterHub.cookie_host_prefix_enabled = True
    c.JupyterHub.tornado_settings = {
        **c.JupyterHub.get("tornado_settings", {}),
        "cookie_options": {"secure": True},
    }
    # JupyterHub then serves its services on subdomains too.
    service = subdomain_hook_idna("dask-gateway", host, "service")
    c.KubeSpawner.environment["DASK_GATEWAY__PUBLIC_ADDRESS"] = (
        f"{scheme}://{service}/services/dask-gateway"
    )
    c.ArchiveAuthenticator.oauth_callback_url = f"{url}/hub/oauth_callback"
