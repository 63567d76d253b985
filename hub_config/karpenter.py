"""The node pools of ``hub.toml`` as Karpenter is to see them.

A pool's ceiling is its largest machine times `max_nodes`: Karpenter bounds cores, and
that is the most that a pool can cost.
"""

from __future__ import annotations

from typing import Any

from .profiles import GPU_RESOURCE
from .settings import Hub
from .tables import NodePool

# Only pods that tolerate a pool's taint go there: core pods and user servers apart.  A
# profile with a GPU sets its tolerations anew: its pool has no taint but the GPU's.
DEDICATED = "hub.jupyter.org/dedicated"


def pools(hub: Hub) -> dict[str, Any]:
    """Return the values that ``templates/karpenter`` makes pools of.

    The pool of the core pods is a managed node group, made by Terraform.
    """
    return {
        name: {
            "instanceTypes": list(pool.instance_types),
            "capacityType": pool.capacity,
            "cpuLimit": max(machine.cpu for machine in pool.machines) * pool.max_nodes,
            "taint": _taint(name, pool, hub),
        }
        for name, pool in hub.node_pools.items()
        if name != "core"
    }


def _taint(name: str, pool: NodePool, hub: Hub) -> dict[str, str]:
    if any(machine.gpus for machine in pool.machines):
        return {"key": GPU_RESOURCE, "value": "present"}
    if name == hub.dask.node_pool:
        return {"key": "k8s.dask.org/dedicated", "value": "worker"}
    return {"key": DEDICATED, "value": "user"}
