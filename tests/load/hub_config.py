"""The hub under load: all of it, but the servers' processes and who starts the proxy.

As in the cloud, the proxy is a process of its own that outlives the hub.
"""

import os

from hub_config.local.configure import configure
from hub_config.local.spawner import LocalKubeSpawner


class StubSpawner(LocalKubeSpawner):
    """Does everything but start a process; one stub answers for all."""

    async def start(self):
        await self.load_user_options()
        await self.get_pod_manifest()
        self.started = True
        return "127.0.0.1", int(os.environ["LOAD_STUB_PORT"])

    def get_state(self):
        return {"started": getattr(self, "started", False)}

    def load_state(self, state):
        self.started = state.get("started", False)

    def clear_state(self):
        self.started = False

    async def poll(self):
        return None if getattr(self, "started", False) else 0

    async def stop(self, now=False):
        self.started = False


c = get_config()  # noqa: F821
configure(c)
c.JupyterHub.spawner_class = StubSpawner
c.Spawner.post_stop_hook = c.KubeSpawner.post_stop_hook = None
c.ConfigurableHTTPProxy.should_start = False
c.JupyterHub.cleanup_servers = False
KEPT = {"github", "archive"}
c.JupyterHub.services = [one for one in c.JupyterHub.services if one["name"] in KEPT]
c.JupyterHub.services += [{"name": "load", "api_token": os.environ["LOAD_TOKEN"]}]
c.JupyterHub.load_roles = [
    role for role in c.JupyterHub.load_roles if role["name"] not in ("culler", "canary")
]
c.JupyterHub.load_roles += [
    {
        "name": "load",
        "services": ["load"],
        "scopes": ["admin:users", "admin:servers", "users:activity", "proxy"],
    }
]
