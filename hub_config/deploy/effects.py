"""What a change does to the people who work, before it is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .changes import ADDED, REMOVED, Change
from .releases import HUB, Release

PROXY = (
    "every open notebook and terminal loses its connection for some seconds and comes "
    "back by itself; kernels go on"
)
DASK = (
    "Dask clients lose their connection; a running computation may have to begin anew"
)


@dataclass(frozen=True)
class Effect:
    """One thing that happens.

    Parameters
    ----------
    text : str
        In words.
    hits_people : bool
        Whether those who have a running server notice.
    """

    text: str
    hits_people: bool


# Of the hub's own release: which object's change means what.
RESTARTS = {
    "hub": Effect(
        "the hub restarts: pages, logins and starts are away for about a minute; "
        "running servers go on",
        False,
    ),
    "proxy": Effect(f"the proxy restarts: {PROXY}", True),
    "traefik-dask-gateway": Effect(f"the gateway's proxy restarts: {DASK}", True),
    "api-dask-gateway": Effect("new Dask clusters wait for some seconds", False),
    "controller-dask-gateway": Effect("new Dask clusters wait for some seconds", False),
}
KINDS = {
    "NetworkPolicy": Effect("what running servers may reach changes at once", True),
    "PersistentVolume": Effect("the place of the homes changes", True),
    "NodePool": Effect("machines are replaced as they empty", False),
    "EC2NodeClass": Effect("machines are replaced as they empty", False),
    "Ingress": Effect("the load balancer changes; connections may break once", True),
}


def effects(release: Release, changes: tuple[Change, ...]) -> tuple[Effect, ...]:
    """Return what the changes of one release do, each thing once."""
    if release.name != HUB:
        # What is new to the cluster can hit nobody.
        touched = any(change.verb != ADDED for change in changes)
        told = release.hits or "nobody notices"
        return (Effect(told, bool(release.hits)),) if touched else ()
    return tuple(dict.fromkeys(_of_hub(changes)))


def _of_hub(changes: tuple[Change, ...]) -> Iterator[Effect]:
    for change in changes:
        if change.verb == ADDED:
            continue
        gone = change.verb == REMOVED and change.kind in ("Deployment", "Service")
        if gone and change.name in RESTARTS:
            yield Effect(f"{change.kind} {change.name} is taken away", True)
        elif change.restarts and change.name in RESTARTS:
            yield RESTARTS[change.name]
        elif change.kind in KINDS:
            yield KINDS[change.kind]
