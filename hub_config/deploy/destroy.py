"""The end of an environment: nobody loses data, and nothing goes on costing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import cluster, helm, inventory
from .people import Census, census
from .programs import DeployError, ProgramFailed, run
from .releases import DASK_NAMESPACE, HUB, Release, Target

Say = Callable[[str], None]
# Terraform's outputs in, the releases of an environment out.
Releases = Callable[[dict[str, Any]], tuple[Release, ...]]
CLUSTER = ".aws_eks_cluster."
HOMES = "module.environment.module.home.aws_ebs_volume.home"
UNPROTECTED = "-var=deletion_protection=false"
PATIENCE = "--timeout=15m"


@dataclass(frozen=True)
class Loss:
    """What will be lost.

    Parameters
    ----------
    every : tuple of Release
        Of the environment, in the order of installation.
    releases : tuple of Release
        Those that are there.
    census : Census
        Who has a server now.
    volumes : tuple of str
        Volumes in the cluster.
    resources : tuple of str
        What Terraform remembers.
    has_cluster : bool
        Whether there is a cluster that answers and is this environment's.
    """

    every: tuple[Release, ...]
    releases: tuple[Release, ...]
    census: Census
    volumes: tuple[str, ...]
    resources: tuple[str, ...]
    has_cluster: bool

    def lines(self, to: Target) -> list[str]:
        """Return it in words."""
        lines = [f"This ends {to.name!r}. What will be lost:"]
        if self.has_cluster:
            names = ", ".join(one.name for one in self.releases) or "none"
            lines.append(f"  releases: {names}")
            lines += [f"  {line}" for line in self.census.lines(datetime.now(UTC))]
            lines.append(
                f"  volumes in the cluster: {', '.join(self.volumes) or 'none'}"
            )
        else:
            lines.append("  there is no cluster any more")
        if to.place:
            kept = " (the disk of the homes is kept)" if HOMES in self.resources else ""
            lines.append(f"  {len(self.resources)} things in AWS{kept}")
        return lines


def weigh(
    to: Target, releases: Callable[[dict[str, Any]], tuple[Release, ...]]
) -> Loss:
    """Find out what there is to lose.

    Parameters
    ----------
    to : Target
        The environment.
    releases : callable
        Returns its releases, given Terraform's outputs.

    Raises
    ------
    DeployError
        The cluster or Terraform cannot be asked, or the cluster is another one.
    """
    resources = tuple(inventory.in_terraform(to)) if to.place else ()
    if to.place and not any(CLUSTER in one for one in resources):
        return Loss((), (), Census(), (), resources, has_cluster=False)
    outputs = cluster.outputs(to)
    cluster.require_ours(to, outputs, marked=True)
    every = releases(outputs)
    there = tuple(one for one in every if helm.state(one).status)
    volumes = tuple(one["metadata"]["name"] for one in inventory.volumes())
    return Loss(every, there, census(), volumes, resources, has_cluster=True)


def empty_cluster(loss: Loss, say: Say) -> None:
    """Take the releases away, last first, and the namespaces of people's servers.

    What the controllers made in the cloud for the hub, machines and the load balancer,
    goes while the controllers still run.

    Raises
    ------
    DeployError
        Something does not go; run it again.
    """
    hub_first = sorted(reversed(loss.releases), key=lambda one: one.name != HUB)
    for release in hub_first:
        say(f"{release.name}: taking it away …")
        helm.uninstall(release)
        if release.name == HUB:
            _end_people(say)
    if not any(release.name == HUB for release in loss.releases):
        _end_people(say)


def _end_people(say: Say) -> None:
    """End what the hub started and Helm does not know, and wait for the machines."""
    held = [one["metadata"]["name"] for one in inventory.volumes()]
    for space in (DASK_NAMESPACE, HUB):
        say(f"namespace {space}: taking it away, with people's servers and claims …")
        _kubectl("delete", f"namespace/{space}", "--ignore-not-found", PATIENCE)
    for name in held:
        # One that is to be retained is only the cluster's memory of a disk.
        _kubectl("delete", f"persistentvolume/{name}", "--ignore-not-found", PATIENCE)
    if cluster.items("nodeclaims"):
        say("waiting for Karpenter to give its machines back …")
        _kubectl("wait", "nodeclaims", "--all", "--for=delete", PATIENCE)


def end_cloud(to: Target, resources: tuple[str, ...], say: Say) -> None:
    """Let Terraform take away what it made, but for the disk of the homes.

    Raises
    ------
    DeployError
        It stopped; run it again, it goes on where it was.
    """
    folder = f"-chdir={to.terraform}"
    words = ["-auto-approve", "-input=false", UNPROTECTED]
    if any(CLUSTER in one for one in resources):
        say("terraform: taking the protection away …")
        _terraform([folder, "apply", *words])
    if HOMES in resources:
        say("terraform: keeping the disk of the homes out of it …")
        _terraform([folder, "state", "rm", HOMES])
    say("terraform: destroying; 15 minutes or more …")
    _terraform([folder, "destroy", *words])


def _terraform(words: list[str]) -> None:
    try:
        run(["terraform", *words])
    except ProgramFailed as error:
        raise DeployError(
            f"{error}; what is gone is gone, the rest stands: put that right and run "
            "the same again"
        ) from None


def _kubectl(*words: str) -> None:
    run(["kubectl", *words])
