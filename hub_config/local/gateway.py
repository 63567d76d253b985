"""Dask Gateway on one machine: clusters as limited processes, on the loopback address.

`UnsafeLocalBackend` means that all clusters run as the hub's own system user, which is
what one-machine mode is.  Never `LocalBackend` of the gateway: as root, 2026.3.0 gives
the root folder away.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dask_gateway_server.backends.local import UnsafeLocalBackend
from traitlets import Float, Integer, Unicode

from .. import dask
from ..backend import PerPerson
from ..settings import GIB, load
from . import limits
from .machine import Machine
from .process import die_with_parent
from .state import State


class LocalBackend(PerPerson, UnsafeLocalBackend):  # type: ignore[misc]
    """One limited tree of processes for each cluster, which ends with the gateway."""

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
            die_with_parent()

        return prepare

    async def do_stop_cluster(self, cluster: Any) -> None:
        """Stop the scheduler, then whatever is left of the cluster."""
        await super().do_stop_cluster(cluster)
        limits.detect().kill(self._limit_name(cluster))

    def _limit_name(self, cluster: Any) -> str:
        return f"{self.limit_prefix}-dask-{cluster.name}"


def configure(c: Any) -> None:
    """Configure the gateway process; called from its configuration file."""
    state = State(Path(os.environ["ARCHIVE_HUB_STATE"]))
    run, machine = state.run(), Machine.here()
    assert run is not None, "the gateway is started by the launcher"
    dask.configure(c, load())
    python = os.environ["ARCHIVE_HUB_USER_PYTHON"]
    c.ClusterConfig.scheduler_cmd = [python, "-m", *dask.SCHEDULER_CMD]
    # Without a host, workers listen on every address of the machine.
    c.ClusterConfig.worker_cmd = [python, "-m", *dask.WORKER_CMD, "--host", "127.0.0.1"]
    c.ClusterConfig.scheduler_memory = GIB
    c.DaskGateway.address = f"127.0.0.1:{run.ports['gateway_api']}"
    c.DaskGateway.backend_class = LocalBackend
    c.DaskGateway.authenticator_class = (
        "dask_gateway_server.auth.JupyterHubAuthenticator"
    )
    c.Proxy.prefix = "/services/dask-gateway"
    c.Proxy.address = f"127.0.0.1:{run.ports['gateway_proxy']}"
    c.Proxy.tcp_address = f"127.0.0.1:{run.ports['gateway_tcp']}"
    c.LocalBackend.clusters_directory = str(state.path / "dask")
    c.LocalBackend.limit_prefix = os.environ["ARCHIVE_HUB_LIMIT_PREFIX"]
    c.LocalBackend.cluster_memory = machine.memory_for_one
    c.LocalBackend.cluster_cpu = machine.cores
    c.LocalBackend.sigint_timeout = 2
