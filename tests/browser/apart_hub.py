"""The hub of one machine, where one person's server is a program of their own.

With APART_URL each server has a subdomain, by the settings of a deployed hub.
"""

import os
import sys
from pathlib import Path

from hub_config.kubernetes import keep_apart
from hub_config.local.configure import configure
from hub_config.local.spawner import LocalKubeSpawner
from hub_config.local.standins.services import GITHUB
from hub_config.local.state import State

ATTACKER = "gh-1002"
PROGRAM = str(Path(__file__).with_name("attacking_server.py"))


class Spawner(LocalKubeSpawner):
    """Whoever has a server may run any program in it."""

    async def start(self):
        if self.user.name == ATTACKER:
            self.cmd, self.args = [sys.executable, PROGRAM], []
        return await super().start()


c = get_config()  # noqa: F821
configure(c)
c.JupyterHub.spawner_class = Spawner
KEPT = {"github", "archive", "s3"}
c.JupyterHub.services = [one for one in c.JupyterHub.services if one["name"] in KEPT]
c.JupyterHub.load_roles = [
    role for role in c.JupyterHub.load_roles if role["name"] not in ("culler", "canary")
]
c.Spawner.post_stop_hook = c.KubeSpawner.post_stop_hook = None
if url := os.environ.get("APART_URL"):
    keep_apart(c, url)
    run = State(Path(os.environ["ARCHIVE_HUB_STATE"])).run()
    # The stand-in's own port: on the hub's, services have subdomains too.
    where = f"{run.inner('standins')}{GITHUB}"
    c.ArchiveAuthenticator.authorize_url = f"{where}/login/oauth/authorize"
