"""A real JupyterHub with the servers and the culler of ours, its minutes made seconds.

Who is called `stock-…` gets the same server without anything of ours.
"""

import json
import os
import sys
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

from hub_config.configure import _servers
from hub_config.local.configure import CULLER_SCOPES
from hub_config.settings import load

sys.path.insert(0, str(Path(__file__).parents[1]))
from no_proxy import NoProxy

ASKED = json.loads(os.environ["CULLING"])
STATE = Path(ASKED["state"])
HUB = load()
HUB = HUB.model_copy(update={"idle": HUB.idle.model_copy(update=ASKED["idle"])})


class Spawner(SimpleLocalProcessSpawner):
    """Starts a program of the user environment, with a home and a scratch folder."""

    def get_env(self):
        home = STATE / self.user.name
        home.mkdir(exist_ok=True)
        env = super().get_env() | {"HOME": str(home)}
        if self.user.name.startswith("stock-"):
            return env | {"JUPYTER_NO_CONFIG": "1"}
        scratch = {"ARCHIVE_HUB_SCRATCH": str(home / "scratch")}
        return env | scratch | {"ARCHIVE_HUB_TICK_S": "0.5"}

    async def start(self):
        is_stock = self.user.name.startswith("stock-")
        name = "jupyterhub-singleuser" if is_stock else "hub-server"
        self.cmd = [str(Path(ASKED["programs"]) / name), "--allow-root"]
        if is_stock:  # as its package would say in a file
            self.cmd += [
                "--ServerApp.jpserver_extensions=jupyter_server_terminals=True"
            ]
        return await super().start()


c = get_config()  # noqa: F821
_servers(c, HUB)
# Without the one address that it makes when a server starts: there are no notices.
told = c.KubeSpawner.environment.items()
c.Spawner.environment = {name: text for name, text in told if isinstance(text, str)}
c.Spawner.ip = "127.0.0.1"
c.Spawner.start_timeout = c.Spawner.http_timeout = 200
c.JupyterHub.spawner_class = Spawner
c.JupyterHub.proxy_class = NoProxy
# The culler waits for each stop before the next; on a slow machine the last of a row
# that is culled at once would then look like one that was kept.
c.JupyterHub.tornado_settings = {"slow_stop_timeout": 0}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.bind_url = c.JupyterHub.hub_bind_url = ASKED["url"]
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie")
c.JupyterHub.services = [
    {"name": "test", "api_token": ASKED["token"]},
    {"name": "culler", "api_token": ASKED["culler_token"]},
]
c.JupyterHub.load_roles = [
    {
        "name": "test",
        "services": ["test"],
        "scopes": ["admin:users", "admin:servers", "access:servers", "proxy"],
    },
    {"name": "culler", "services": ["culler"], "scopes": CULLER_SCOPES},
]
