"""The hub of the crowd: everything as it is, but servers that start nothing."""

import os

from jupyterhub.spawner import Spawner

from hub_config.local.configure import configure


class StubSpawner(Spawner):
    """Points at one process that answers for everybody's server."""

    async def start(self):
        return "127.0.0.1", int(os.environ["BENCH_STUB_PORT"])

    async def poll(self):
        return None

    async def stop(self, now=False):
        return None


configure(get_config())  # noqa: F821
get_config().JupyterHub.spawner_class = StubSpawner  # noqa: F821
get_config().Spawner.post_stop_hook = None  # noqa: F821
