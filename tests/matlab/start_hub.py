"""A real JupyterHub with our start page, where MATLAB may be started."""

import json
import os
import sys
from pathlib import Path

from hub_config.configure import pages
from hub_config.local.spawner import LocalKubeSpawner
from hub_config.profiles import profile_list
from hub_config.settings import Hub
from hub_config.startpage import check_choice

sys.path.insert(0, str(Path(__file__).parents[1]))
from no_proxy import NoProxy

STATE = Path(os.environ["START_STATE"])
PORT = int(os.environ["START_PORT"])
HUB = Hub.model_validate_json((STATE / "settings.json").read_text())


class Spawner(LocalKubeSpawner):
    """Writes down the pod of each start; asks for no terms, which nobody accepted."""

    async def _draw(self, spawner):
        return self._render_options_form(await self._profiles())

    async def start(self):
        where = await super().start()
        pod = json.dumps(self.pod_manifest.to_dict(), default=str)
        (STATE / f"{self.user.name}.pod.json").write_text(pod)
        return where


c = get_config()  # noqa: F821
pages(c, HUB)
c.JupyterHub.template_vars = {**c.JupyterHub.template_vars, "notices": lambda _: []}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = Spawner
c.JupyterHub.log_level = "DEBUG"
c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie")
c.KubeSpawner.profile_list = profile_list(HUB)
c.KubeSpawner.apply_user_options = check_choice
c.KubeSpawner.environment = {"EVERYBODY": "has this"}
c.KubeSpawner.cmd = [sys.executable, str(Path(__file__).with_name("still_server.py"))]
c.KubeSpawner.ip = "127.0.0.1"
c.LocalKubeSpawner.python = sys.executable
c.LocalKubeSpawner.scratch_template = str(STATE / "scratch" / "{username}")
c.LocalKubeSpawner.limit_prefix = f"archive-hub-test-{PORT}"
c.SimpleLocalProcessSpawner.home_dir_template = str(STATE / "homes" / "{username}")
