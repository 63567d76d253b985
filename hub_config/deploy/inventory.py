"""What is left of an environment, in the cluster and in AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import cluster, helm
from .parameters import call
from .programs import ProgramFailed, ask
from .releases import DASK_NAMESPACE, HUB, Release, Target

# Helm writes into each object whose it is.
OWNER = "meta.helm.sh/release-name"
EVERYWHERE = (
    "clusterroles",
    "clusterrolebindings",
    "priorityclasses",
    "storageclasses",
    "persistentvolumes",
)


@dataclass(frozen=True)
class Left:
    """What is still there.

    Parameters
    ----------
    what : tuple of str
        That should be gone.
    kept : tuple of str
        That was kept on purpose.
    """

    what: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def in_cluster(releases: tuple[Release, ...]) -> tuple[str, ...]:
    """Return what the releases left in the cluster.

    Raises
    ------
    DeployError
        It does not answer.
    """
    names = {release.name for release in releases}
    left = [f"release {one.name}" for one in releases if helm.state(one).status]
    for space in (HUB, DASK_NAMESPACE):
        if cluster.get("namespace", name=space):
            left.append(f"namespace {space}")
    for kind in EVERYWHERE:
        for one in cluster.items(kind):
            about = one["metadata"]
            owner = (about.get("annotations") or {}).get(OWNER)
            claim = (one.get("spec") or {}).get("claimRef") or {}
            if owner in names or claim.get("namespace") in (HUB, DASK_NAMESPACE):
                left.append(f"{kind.removesuffix('s')} {about['name']}")
    return tuple(left)


def in_terraform(to: Target) -> list[str]:
    """Return what Terraform remembers of an environment; empty if it was never made.

    Raises
    ------
    DeployError
        It cannot be asked.
    """
    from .programs import run

    try:
        return run(["terraform", f"-chdir={to.terraform}", "state", "list"]).split()
    except ProgramFailed as error:
        if "No state file was found" in error.said:
            return []
        raise


def in_cloud(to: Target) -> Left:
    """Return what carries the environment's tag in AWS.

    The volume of homes and its snapshots are kept on purpose; keys that wait for their
    deletion, which AWS makes last a week or more, are as good as gone.

    Raises
    ------
    DeployError
        AWS cannot be asked.
    """
    assert to.place is not None
    region, what, kept = to.place.region, [], []
    for arn in _tagged(region, to.tag):
        if ":snapshot/" in arn or (":volume/" in arn and _holds_homes(region, arn)):
            kept.append(arn)
        elif not (":key/" in arn and _is_ending(region, arn)):
            what.append(arn)
    return Left(tuple(what), tuple(kept))


def _tagged(region: str, tag: str) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        answer = call(
            "resourcegroupstaggingapi",
            region,
            "get_resources",
            TagFilters=[{"Key": "hub", "Values": [tag]}],
            **({"PaginationToken": token} if token else {}),
        )
        found += [one["ResourceARN"] for one in answer["ResourceTagMappingList"]]
        token = answer.get("PaginationToken", "")
        if not token:
            return found


def _holds_homes(region: str, arn: str) -> bool:
    answer = call("ec2", region, "describe_volumes", VolumeIds=[_last(arn)])
    tags = {one["Key"] for one in answer["Volumes"][0].get("Tags", [])}
    return "archive-hub/backup" in tags


def _is_ending(region: str, arn: str) -> bool:
    answer = call("kms", region, "describe_key", KeyId=_last(arn))
    return str(answer["KeyMetadata"]["KeyState"]) == "PendingDeletion"


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def volumes() -> list[dict[str, Any]]:
    """Return the volumes that hold something of the hub's."""
    found: list[dict[str, Any]] = ask(
        ["kubectl", "get", "persistentvolumes", "--output=json"]
    )["items"]
    return [
        one
        for one in found
        if (one["spec"].get("claimRef") or {}).get("namespace") in (HUB, DASK_NAMESPACE)
    ]
