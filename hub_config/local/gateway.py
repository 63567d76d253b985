"""Dask Gateway on one machine: clusters as limited processes, on the loopback address.

`UnsafeLocalBackend` means that all clusters run as the hub's own system user, which is
what one-machine mode is.  Never `LocalBackend` of the gateway: as root, 2026.3.0 gives
the root folder away.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dask_gateway_server.backends.db_base import JobStatus
from dask_gateway_server.backends.local import UnsafeLocalBackend
from traitlets import Float, Integer, Unicode

from .. import dask
from ..backend import PerPerson
from ..settings import GIB, load
from . import environments, limits
from .machine import Machine
from .orphans import start_apart
from .process import Identity
from .state import State


class LocalBackend(PerPerson, UnsafeLocalBackend):  # type: ignore[misc]
    """One limited tree of processes for each cluster.

    It outlives the gateway, which finds it again in its database, and ends with the
    launcher.  What the gateway calls a pid is an `Identity` here: what it wrote down
    may be of before a restart of the machine.
    """

    keeper = Integer(config=True, help="Pid of the launcher, with which all ends.")

    limit_prefix = Unicode("archive-hub", config=True, help="Of the limits' names.")
    cluster_memory = Integer(config=True, help="Bytes of one cluster's whole tree.")
    cluster_cpu = Float(config=True, help="Cores of one cluster's whole tree.")

    def make_preexec_fn(self, cluster: Any) -> Callable[[], None]:
        """Return what a scheduler or worker does before it starts."""
        change_folder = super().make_preexec_fn(cluster)
        enter = limits.detect().prepare(
            self._limit_name(cluster), self.cluster_memory, self.cluster_cpu
        )

        def prepare() -> None:
            change_folder()
            enter()

        return prepare

    async def start_process(
        self, cluster: Any, cmd: list[str], env: dict[str, str], name: str
    ) -> dict[str, Any]:
        """Start a scheduler or worker that does not end with the gateway."""
        logs = self.get_logs_directory(cluster.state["workdir"])
        prepare = self.make_preexec_fn(cluster)
        with Path(logs, f"{name}.log").open("xb") as out:
            return asdict(start_apart(cmd, self.keeper, prepare, env=env, stdout=out))

    async def stop_process(self, pid: dict[str, Any]) -> None:
        """Stop this very process, not one that has its number now.

        The gateway's own way takes a process that has ended for one that runs, until
        the launcher has buried it; a launcher that stops, too, does not come to that.
        """
        process = Identity(**pid)
        for number, within_s in (
            (signal.SIGINT, self.sigint_timeout),
            (signal.SIGTERM, self.sigterm_timeout),
            (signal.SIGKILL, self.sigkill_timeout),
        ):
            process.send(number)
            deadline = time.monotonic() + within_s
            while time.monotonic() < deadline:
                if not process.alive():
                    return
                await asyncio.sleep(0.05)
        self.log.warning("process %d does not end, even with SIGKILL", process.pid)

    def _check_status(self, o: Any) -> bool:
        return "pid" in o.state and Identity(**o.state["pid"]).alive()

    async def do_setup(self) -> None:
        """Fail the clusters that ended while there was no gateway."""
        for cluster in self.db.active_clusters():
            if not self._check_status(cluster):
                self.db.update_cluster(cluster, target=JobStatus.FAILED)
                self.queue.put(cluster)

    async def do_stop_cluster(self, cluster: Any) -> None:
        """Stop the scheduler, then whatever is left of the cluster."""
        await super().do_stop_cluster(cluster)
        limits.detect().kill(self._limit_name(cluster))

    def _limit_name(self, cluster: Any) -> str:
        return f"{self.limit_prefix}-dask-{cluster.name}"


def configure(c: Any) -> None:
    """Configure the gateway process; called from its configuration file."""
    state = State(Path(os.environ["ARCHIVE_HUB_STATE"]))
    run, machine, secrets = state.run(), Machine.here(), state.secrets()
    assert run is not None, "the gateway is started by the launcher"
    dask.configure(c, load())
    python = str(environments.user_python())
    c.ClusterConfig.scheduler_cmd = [python, "-m", *dask.SCHEDULER_CMD]
    # Without a host, workers listen on every address of the machine.
    c.ClusterConfig.worker_cmd = [python, "-m", *dask.WORKER_CMD, "--host", "127.0.0.1"]
    c.ClusterConfig.scheduler_memory = GIB
    c.DaskGateway.address = f"127.0.0.1:{run.ports['gateway_api']}"
    c.DaskGateway.backend_class = LocalBackend
    c.DaskGateway.authenticator_class = (
        "dask_gateway_server.auth.JupyterHubAuthenticator"
    )
    c.JupyterHubAuthenticator.jupyterhub_api_url = f"{run.inner('hub')}/hub/api"
    c.JupyterHubAuthenticator.jupyterhub_api_token = secrets["gateway_token"]
    # With a name it asks for the scope of this service; without, any token would do.
    c.JupyterHubAuthenticator.jupyterhub_service_name = "dask-gateway"
    c.Proxy.externally_managed = True
    c.Proxy.api_token = secrets["gateway_proxy_token"]
    c.Proxy.prefix = "/services/dask-gateway"
    c.Proxy.address = f"127.0.0.1:{run.ports['gateway_proxy']}"
    c.Proxy.tcp_address = f"127.0.0.1:{run.ports['gateway_tcp']}"
    # Heartbeats do not go through the proxy: without them a cluster is ended.
    c.LocalBackend.api_url = f"{run.inner('gateway_api')}/api"
    database = state.path / "gateway.sqlite"
    database.touch(mode=0o600)
    c.LocalBackend.db_url = f"sqlite:///{database}"
    key = bytes.fromhex(secrets["gateway_key"])
    c.LocalBackend.db_encrypt_keys = [base64.urlsafe_b64encode(key).decode()]
    c.LocalBackend.keeper = run.launcher.pid
    c.LocalBackend.clusters_directory = str(state.path / "dask")
    c.LocalBackend.limit_prefix = state.limit_prefix
    c.LocalBackend.cluster_memory = machine.memory_for_one
    c.LocalBackend.cluster_cpu = machine.cores
    c.LocalBackend.sigint_timeout = 2
