"""What the hub process needs on one machine, on top of what it needs everywhere.

Only addresses and classes differ from the cloud.  The stand-ins are services of the
hub: a person needs its one port, whatever the host name or tunnel.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from .. import configure as everywhere
from .. import home_page
from ..canary import SERVICE, role
from ..profiles import profile_list
from ..settings import Hub, load
from . import environments, limits
from .declaration import localised
from .lossy import LOSSY
from .machine import Machine, offers
from .process import LEASH
from .spawner import LocalKubeSpawner
from .standins.services import archive_url, github_url, services, storage_url
from .state import Run, State


def configure(c: Any) -> None:
    """Configure JupyterHub; called from its configuration file.

    Parameters
    ----------
    c : traitlets.config.Config
        JupyterHub's configuration.
    """
    state = State(Path(os.environ["ARCHIVE_HUB_STATE"]))
    run = state.run()
    assert run is not None, "the hub is started by the launcher"
    hub = localised(load(), run)
    everywhere.configure(c, hub)
    _hub(c, state, run)
    _login(c, state, run)
    _servers(c, state, run, hub)
    c.JupyterHub.services = [
        *services(run),
        _gateway(state, run),
        _culler(hub),
        _canary(state),
    ]
    c.JupyterHub.load_roles += [
        {"name": "culler", "services": ["culler"], "scopes": CULLER_SCOPES},
        {"name": SERVICE, **role(hub)},
    ]


CULLER_SCOPES = ["list:users", "read:users:activity", "read:servers", "delete:servers"]


def _hub(c: Any, state: State, run: Run) -> None:
    secrets = state.secrets()
    c.JupyterHub.bind_url = run.url
    c.JupyterHub.hub_bind_url = run.inner("hub")
    c.JupyterHub.db_url = f"sqlite:///{state.path / 'hub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(state.path / "cookie_secret")
    c.JupyterHub.cleanup_servers = True
    c.JupyterHub.template_vars = {
        **c.JupyterHub.template_vars,
        "one_machine": True,
        "limits_kind": limits.detect().kind,
    }
    c.ConfigurableHTTPProxy.api_url = run.inner("proxy_api")
    proxy = [*LEASH, *LOSSY, *environments.proxy_command()]
    c.ConfigurableHTTPProxy.command = proxy
    c.ConfigurableHTTPProxy.auth_token = secrets["proxy_token"]
    c.ConfigurableHTTPProxy.pid_file = str(state.path / "proxy.pid")


def _login(c: Any, state: State, run: Run) -> None:
    c.ArchiveAuthenticator.ledger_path = str(state.path / "people.sqlite")
    if run.github:
        return
    secrets = state.secrets()
    c.ArchiveAuthenticator.client_id = secrets["github_client_id"]
    c.ArchiveAuthenticator.client_secret = secrets["github_client_secret"]
    c.ArchiveAuthenticator.github_url = github_url(run)
    # For the browser: relative, so that any host name and tunnel works.
    c.ArchiveAuthenticator.authorize_url = "/services/github/login/oauth/authorize"


def _servers(c: Any, state: State, run: Run, hub: Hub) -> None:
    limiter = limits.detect()
    c.JupyterHub.spawner_class = LocalKubeSpawner
    c.KubeSpawner.profile_list = local_profiles(hub)
    c.KubeSpawner.machine_text = f"On this machine, {limiter.meaning}."
    c.KubeSpawner.ip = "127.0.0.1"
    c.KubeSpawner.start_timeout = 120
    c.KubeSpawner.cmd = [str(environments.user_python().with_name("hub-server"))]
    if os.geteuid() == 0:
        c.KubeSpawner.args = ["--allow-root"]
    c.LocalKubeSpawner.python = str(environments.user_python())
    c.LocalKubeSpawner.scratch_template = str(state.path / "scratch" / "{username}")
    c.LocalKubeSpawner.limit_prefix = state.limit_prefix
    homes = state.path / "homes"
    c.SimpleLocalProcessSpawner.home_dir_template = str(homes / "{username}")
    home_page.offer(c, str(homes))
    gateway = f"{run.inner('gateway_proxy')}/services/dask-gateway"
    c.KubeSpawner.environment |= {
        "ARCHIVE_HUB_TUTORIALS": str(environments.ROOT / "notebooks"),
        "DASK_GATEWAY__ADDRESS": gateway,
        "DASK_GATEWAY__PROXY_ADDRESS": (
            f"gateway://127.0.0.1:{run.ports['gateway_tcp']}"
        ),
        "DASK_GATEWAY__PUBLIC_ADDRESS": "/services/dask-gateway",
    }
    if not run.github:
        c.KubeSpawner.environment |= {
            "DANDI_INSTANCE": archive_url(run),
            "AWS_ENDPOINT_URL": storage_url(run),
        }


def local_profiles(hub: Hub) -> list[dict[str, Any]]:
    """Return the cloud's profiles with what this machine says about each."""
    here = offers(hub, Machine.here())
    return [
        entry
        | {
            "note": here[entry["slug"]].note,
            "unavailable": here[entry["slug"]].unavailable,
        }
        for entry in profile_list(hub)
    ]


def _gateway(state: State, run: Run) -> dict[str, Any]:
    # The launcher starts it: it must not wait for the hub to see that it ended.
    return {
        "name": "dask-gateway",
        "display": False,
        "url": run.inner("gateway_proxy"),
        "api_token": state.secrets()["gateway_token"],
    }


def _canary(state: State) -> dict[str, Any]:
    # Nothing sends it here; who may read the token may run `archive-hub canary`.
    # The word that steers the stand-ins could already let in anybody.
    token = state.secrets()["control_token"]
    return {"name": SERVICE, "display": False, "api_token": token}


def _culler(hub: Hub) -> dict[str, Any]:
    idle = hub.idle
    return {
        "name": "culler",
        "display": False,
        "command": [
            *LEASH,
            sys.executable,
            "-m",
            "hub_config.culler",
            # In that time every server has reported, if it can.
            str(2 * idle.report_interval_min * 60),
            f"--timeout={int(idle.cull_after_min * 60)}",
            f"--max-age={int(idle.max_age_h * 3600)}",
            f"--cull-every={int(idle.report_interval_min * 60)}",
        ],
    }
