"""What is different on Kubernetes, for Dask Gateway: its values call it in a line.

The gateway's image has no JupyterHub: nothing here may import it.
"""

from __future__ import annotations

from typing import Any

from dask_gateway_server.backends.kubernetes.backend import KubeBackend
from dask_gateway_server.utils import FrozenAttrDict

from . import dask
from .backend import PerPerson
from .settings import load


class HubBackend(PerPerson, KubeBackend):  # type: ignore[misc]
    """Dask clusters as pods, with ceilings per person."""

    async def list_clusters(
        self, username: str | None = None, statuses: Any = None
    ) -> list[Any]:
        """Return clusters as the ceilings read them."""
        found = await super().list_clusters(username=username, statuses=statuses)
        return [_readable(cluster) for cluster in found]

    async def get_cluster(self, cluster_name: str, wait: bool = False) -> Any:
        """Return a cluster as the ceilings read it."""
        return _readable(await super().get_cluster(cluster_name, wait))


def _readable(cluster: Any) -> Any:
    # The other backends' configurations have attributes; this one's is a plain dict.
    if cluster is not None and isinstance(cluster.config, dict):
        cluster.config = FrozenAttrDict(cluster.config)
    return cluster


def gateway(c: Any, reserved: float = 1) -> None:
    """Configure Dask Gateway in its pod; called last in its configuration.

    Parameters
    ----------
    c : traitlets.config.Config
        As the gateway's chart has filled it.
    reserved : float
        Part of a worker's size that is set aside for it; 1 but on a small machine.
    """
    dask.configure(c, load(), reserved)
    c.DaskGateway.backend_class = HubBackend
