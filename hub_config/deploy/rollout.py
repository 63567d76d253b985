"""Make a plan come true: release after release, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import cluster, helm
from .keeping import Keeper
from .plan import Item, Plan
from .programs import DeployError, ProgramFailed
from .releases import HUB, UNKNOWN, Release

Say = Callable[[str], None]


def carry_out(plan: Plan, keeper: Keeper, folder: Path, say: Say) -> None:
    """Carry out a plan; what is done already is left alone.

    Parameters
    ----------
    plan : Plan
        As `plan.make` made it.
    keeper : Keeper
        Copies the hub's databases before the hub becomes another.
    folder : Path
        Where copies are kept.
    say : callable
        Is told what is done.

    Raises
    ------
    DeployError
        A release did not come up and was put back; those before it stand.  The same
        command goes on from there.
    """
    cluster.claim(plan.target)
    for item in plan.items:
        release = _with_homes(plan, item.release)
        if item.is_done and release == item.release:
            continue
        if item.replaces_hub:
            copy(keeper, folder, say)
        if not item.is_new:
            _put_right(item, say)
        say(f"{release.name}: {'installing' if item.is_new else 'upgrading'} …")
        _upgrade(release)
        say(f"{release.name}: is up")


def copy(keeper: Keeper, folder: Path, say: Say) -> None:
    """Copy the hub's databases out of its pod; one that is down can be repaired.

    Raises
    ------
    DeployError
        The hub runs, and there is no whole copy.
    """
    hub = cluster.get("deployment", HUB, "hub") or {}
    if not hub.get("status", {}).get("availableReplicas"):
        say("the hub is down: its databases are not copied, and nobody changes them")
        return
    say(f"copied the databases: {keeper.databases(HUB, folder, say)}")


def _with_homes(plan: Plan, release: Release) -> Release:
    """Fill in where the homes are served, once a release before has made it so."""
    if release.sets.get("home.nfsServer") != UNKNOWN:
        return release
    address = cluster.home_server(plan.target)
    if not address:
        raise DeployError(
            "home-nfs: has no service named home-nfs, so nobody would have a home; "
            "kubectl -n home-nfs get services"
        )
    sets = {**release.sets, "home.nfsServer": address}
    return Release(**{**vars(release), "sets": sets})


def _put_right(item: Item, say: Say) -> None:
    """Bring a release back to where an upgrade can begin."""
    release = item.release
    if item.state.status == "deployed":
        return
    good = helm.last_good(release)
    if not good:
        # It never came up, so nobody used it; homes and volumes stay.
        say(f"{release.name}: was never up; taking away what is there …")
        helm.uninstall(release)
    elif item.state.is_half_done:
        say(f"{release.name}: going back to revision {good} first …")
        helm.rollback(release, good)


def _upgrade(release: Release) -> None:
    try:
        helm.upgrade(release)
    except ProgramFailed as error:
        late = "timed out" in error.said or "deadline exceeded" in error.said
        why = f"was not ready within {helm.TIMEOUT}" if late else str(error)
        told = cluster.warnings(release.namespace)
        heard = f"; the cluster says: {' | '.join(told)}" if told else ""
        raise DeployError(
            f"release {release.name}: {why}{heard}; Helm put it back as it was; "
            "put right what it says, and deploy again"
        ) from None


def before(release: Release) -> int:
    """Return the revision to which a rollback leads.

    Raises
    ------
    DeployError
        There is none.
    """
    worked = [one for one in helm.history(release) if one["status"] in helm.GOOD]
    earlier = [one["revision"] for one in worked if one["status"] != "deployed"]
    if not earlier:
        raise DeployError(
            f"release {release.name}: there is no earlier revision that worked; "
            "deploy an earlier commit instead"
        )
    return int(max(earlier))
