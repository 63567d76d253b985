"""A real JupyterHub for the tests of the gate: no proxy, servers that are nothing."""

import os
import sys
from pathlib import Path
from typing import ClassVar

from jupyterhub.spawner import Spawner

from hub_config import ends
from hub_config.configure import pages
from hub_config.settings import Hub
from hub_config.steady import plan_by_steady_clock

sys.path.insert(0, str(Path(__file__).parents[1]))
from no_proxy import NoProxy

STATE = Path(os.environ["GATE_STATE"])
PORT = int(os.environ["GATE_PORT"])
GITHUB = os.environ["GATE_GITHUB"]


class StillSpawner(Spawner):
    """Has servers that are up at once; the hub itself answers their health check."""

    running = False
    extra_labels: ClassVar = {}

    async def start(self):
        self.running = True
        ends.note(self.user.name)
        names = self.get_env()
        (STATE / f"{self.user.name}.env").write_text(f"{names}\n{self.extra_labels}")
        return f"http://127.0.0.1:{PORT}"

    async def poll(self):
        """A server ends by itself when somebody has written down why."""
        gone = STATE / f"{self.user.name}.gone"
        if gone.exists():
            self.running = False
            ends.note(self.user.name, gone.read_text())
            gone.unlink()
        return None if self.running else 0

    async def stop(self, now=False):
        self.running = False


plan_by_steady_clock()
c = get_config()  # noqa: F821
c.JupyterHub.authenticator_class = "archive"
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = StillSpawner
c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
# Who is there and what runs is noted every second; a held database is given up after
# one.
c.JupyterHub.activity_resolution = 1
c.Spawner.poll_interval = 1
c.JupyterHub.db_kwargs = {"connect_args": {"timeout": 1}}
c.JupyterHub.cookie_secret_file = str(STATE / "cookie")
c.JupyterHub.default_url = "/hub/home"
c.JupyterHub.authenticate_prometheus = False
c.JupyterHub.services = [
    {"name": "test", "api_token": os.environ["GATE_TOKEN"]},
    {"name": "dask-gateway", "api_token": os.environ["GATEWAY_TOKEN"]},
]
c.JupyterHub.load_roles = [
    {"name": "test", "scopes": ["admin:users", "admin:servers"], "services": ["test"]},
    {"name": "user", "scopes": ["self", "tokens"]},
]
HUB = Hub.model_validate_json((STATE / "settings.json").read_text())
pages(c, HUB)
c.ArchiveAuthenticator.hub = HUB
c.ArchiveAuthenticator.ledger_path = str(STATE / "ledger.sqlite")
c.ArchiveAuthenticator.github_url = GITHUB
c.ArchiveAuthenticator.client_id = "client"
c.ArchiveAuthenticator.client_secret = "secret"
