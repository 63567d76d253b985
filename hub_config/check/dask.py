"""Rules about Dask Gateway, whose defaults neither start nor end."""

from __future__ import annotations

from collections.abc import Iterator

from .deployment import Deployment
from .findings import Fault, rule

EXTRA = ("dask-gateway", "gateway", "extraConfig")


def _code(d: Deployment) -> str:
    code = d.get(".".join(EXTRA))
    blocks = code.values() if isinstance(code, dict) else [code]
    return "\n".join(block for block in blocks if isinstance(block, str))


def _ours(d: Deployment) -> bool:
    """Tell whether this repository's package configures the gateway."""
    return "hub_config" in _code(d)


@rule("D1")
def clusters_start(d: Deployment) -> Iterator[Fault]:
    """Set the start commands of scheduler and worker.

    The gateway's defaults, dask-scheduler and dask-worker, are no longer installed by
    distributed.  Set scheduler_cmd to ["dask", "scheduler"], worker_cmd likewise.
    """
    for name in ("scheduler_cmd", "worker_cmd"):
        if d.has("dask-gateway") and name not in _code(d) and not _ours(d):
            yield EXTRA, f"{name} is not set and its default is gone; set it"


@rule("D2")
def clusters_end(d: Deployment) -> Iterator[Fault]:
    """Let idle Dask clusters end.

    By default they never do: a forgotten cluster costs its machines for ever.
    """
    missing = "idle_timeout" not in _code(d) and not _ours(d)
    if d.has("dask-gateway") and missing:
        yield EXTRA, "idle clusters never end; set c.ClusterConfig.idle_timeout"


@rule("D3")
def clusters_have_owners(d: Deployment) -> Iterator[Fault]:
    """Let the gateway ask the hub whether a token may use it.

    Without the service's name any token of the hub opens every cluster's gateway.
    """
    key = "dask-gateway.gateway.auth"
    if not d.has("dask-gateway"):
        return
    if d.get(f"{key}.type", "simple") != "jupyterhub":
        yield ("dask-gateway", "gateway", "auth", "type"), "no login; set jupyterhub"
    elif not d.get(f"{key}.jupyterhub.jupyterhubServiceName"):
        path = (
            "dask-gateway",
            "gateway",
            "auth",
            "jupyterhub",
            "jupyterhubServiceName",
        )
        yield path, "every token of the hub is accepted; set it to dask-gateway"


@rule("D4")
def clusters_are_bounded(d: Deployment) -> Iterator[Fault]:
    """Bound what a person may ask of Dask.

    Without a ceiling one mistake in a notebook buys two hundred machines.
    """
    ceilings = ("cluster_max_cores", "cluster_max_workers", "cluster_max_memory")
    bounded = any(name in _code(d) for name in ceilings) or _ours(d)
    if d.has("dask-gateway") and not bounded:
        yield EXTRA, f"a cluster may grow without end; set {', '.join(ceilings)}"
