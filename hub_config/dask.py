"""What a person may ask of Dask Gateway, on both platforms.

The ceilings hold per person, summed over all their clusters: `backend.PerPerson` is
mixed into the gateway's backend.  The start commands are ours because the gateway's
defaults name scripts that distributed no longer installs (dask/dask-gateway#945).
"""

from __future__ import annotations

import math
from typing import Any

from .settings import GIB, Dask, Hub

#: In the users' own environment, which has `hub_server`.
SCHEDULER_CMD = ["dask", "scheduler", "--preload", "hub_server.dask_scheduler"]
WORKER_CMD = ["dask", "worker"]


def configure(c: Any, hub: Hub, reserved: float = 1) -> None:
    """Set what the gateway process needs that does not depend on the platform.

    Parameters
    ----------
    c : traitlets.config.Config
        The gateway's configuration.
    hub : Hub
        The settings.
    reserved : float
        See `cluster_options`.
    """
    c.ClusterConfig.scheduler_cmd = SCHEDULER_CMD
    c.ClusterConfig.worker_cmd = WORKER_CMD
    c.ClusterConfig.idle_timeout = hub.dask.idle_timeout_min * 60
    c.Backend.cluster_options = cluster_options(hub.dask, reserved)
    c.PerPerson.clusters_per_person = hub.dask.clusters_per_person
    c.PerPerson.cores_per_person = hub.dask.cores_per_person
    c.PerPerson.memory_per_person = int(hub.dask.memory_gib_per_person * GIB)


def cluster_options(dask: Dask, reserved: float = 1) -> Any:
    """Return the ``Options`` that the gateway shows and enforces for one cluster.

    Parameters
    ----------
    dask : Dask
        The settings.
    reserved : float
        Part of a worker's size that the scheduler of Kubernetes sets aside for it; less
        than 1 only where one small machine plays the whole cluster.
    """
    from dask_gateway_server.options import Float, Integer, Options

    def configured(options: Any) -> dict[str, float]:
        cores, memory = options.worker_cores, int(options.worker_memory_gib * GIB)
        if reserved == 1:
            return {"worker_cores": cores, "worker_memory": memory}
        return {
            "worker_cores": cores * reserved,
            "worker_cores_limit": cores,
            "worker_memory": int(memory * reserved),
            "worker_memory_limit": memory,
            "worker_threads": cores,
        }

    cpu, memory = dask.worker_cpu, dask.worker_memory_gib
    return Options(
        Integer(
            "worker_cores",
            default=int(cpu.default),
            min=1,
            max=int(cpu.max),
            label="Cores per worker",
        ),
        Float(
            "worker_memory_gib",
            default=memory.default,
            min=0.25,
            max=memory.max,
            label="Memory per worker (GiB)",
        ),
        handler=configured,
    )


def room(
    ceiling: tuple[float, float],
    others: tuple[float, float],
    worker: tuple[float, float],
) -> int:
    """Return how many workers of one size a person may still have in one cluster.

    Parameters
    ----------
    ceiling, others, worker : tuple of float
        Cores and bytes: allowed in all, held by the person's other clusters, of one
        worker.

    Returns
    -------
    int
        0 when the other clusters use everything.
    """
    left = (
        math.floor((most - used) / each)
        for most, used, each in zip(ceiling, others, worker, strict=True)
    )
    return max(0, min(left))
