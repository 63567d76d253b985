"""A plan: which releases change, in which objects, and who is hit."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..settings import Hub
from . import cluster, helm, ready
from .changes import ADDED, Change, compare
from .effects import Effect, effects
from .people import Census, census
from .programs import DeployError
from .releases import HUB, Release, Target, releases


@dataclass(frozen=True)
class Item:
    """What happens to one release.

    Parameters
    ----------
    release : Release
        As it shall be.
    state : State
        As Helm remembers it.
    changes : tuple of Change
        Between what runs and what shall run.
    """

    release: Release
    state: helm.State
    changes: tuple[Change, ...]

    @property
    def is_new(self) -> bool:
        """Whether there is no such release yet."""
        return not self.state.status

    @property
    def is_done(self) -> bool:
        """Whether all is as it shall be."""
        return self.state.status == "deployed" and not self.changes

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What people notice."""
        return () if self.is_new else effects(self.release, self.changes)

    @property
    def replaces_hub(self) -> bool:
        """Whether the hub itself becomes another: its database is copied first."""
        return not self.is_new and any(
            change.name == "hub" and change.restarts for change in self.changes
        )

    def lines(self) -> list[str]:
        """Return it in words."""
        name = f"{self.release.name} {self.release.version}".strip()
        if self.is_done:
            return [f"{name}: nothing to do"]
        if self.is_new:
            return [f"{name}: is new: {len(self.changes)} objects"]
        head = f"{name}:"
        if self.state.is_half_done:
            head += (
                f" was left in {self.state.status!r} at {self.state.since} by a deploy "
                "that was cut off, or still runs; it is put right first"
            )
        elif self.state.status != "deployed":
            head += f" stands as {self.state.status!r}"
        added = all(change.verb == ADDED for change in self.changes)
        if self.state.status != "deployed" and added and self.changes:
            # It never came up: all of it is new.
            return [f"{head} {len(self.changes)} objects"]
        lines = [head, *(f"  {change}" for change in self.changes)]
        return lines + [f"  → {effect.text}" for effect in self.effects]


@dataclass(frozen=True)
class Plan:
    """What a deployment would do.

    Parameters
    ----------
    target : Target
        Where.
    items : tuple of Item
        Each release, in order.
    census : Census
        Who has a server now.
    """

    target: Target
    items: tuple[Item, ...]
    census: Census

    @property
    def is_empty(self) -> bool:
        """Whether all is as it shall be."""
        return all(item.is_done for item in self.items)

    @property
    def hits_people(self) -> bool:
        """Whether those who have a server notice."""
        return any(one.hits_people for item in self.items for one in item.effects)

    def lines(self) -> list[str]:
        """Return it in words."""
        lines = [line for item in self.items for line in item.lines()]
        if self.is_empty:
            return [*lines, "Nothing to do."]
        lines += ["", *self.census.lines(datetime.now(UTC))]
        if self.census.people:
            hit = "are hit, see → above" if self.hits_people else "are not disturbed"
            lines.append(f"They {hit}.")
        return lines

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "environment": self.target.name,
            "releases": [
                {
                    "name": item.release.name,
                    "status": item.state.status,
                    "new": item.is_new,
                    "changes": [vars(change) for change in item.changes],
                    "effects": [vars(effect) for effect in item.effects],
                }
                for item in self.items
            ],
            "running": [one.name for one in self.census.people],
            "doubt": self.census.doubt,
            "hits_people": self.hits_people,
        }


def make(
    to: Target,
    hub: Hub,
    stale: Callable[..., list[str]],
    optional: Collection[str] = (),
    dirty: bool = False,
) -> Plan:
    """Work out what a deployment would do; nothing is changed.

    Parameters
    ----------
    to : Target
        Where.
    hub : Hub
        The settings.
    stale : callable
        Returns which derived files differ from the settings.
    optional : collection of str
        Optional releases that are wanted, beside those that are there.
    dirty : bool
        Look only: let a tree pass that is not committed.

    Raises
    ------
    DeployError
        Something is not ready; nothing was changed.
    SettingsError
        The settings do not fit.
    """
    if not dirty:
        ready.require_clean(to)
    ready.require_fresh(to, hub, stale)
    outputs = cluster.outputs(to)
    listed = releases(to, hub, outputs, "")
    _require_known(optional, listed)
    cluster.require_ours(to, outputs)
    helm.fetch_dependencies(to.root / "helm" / "hub")
    nfs = cluster.home_server(to)
    kubernetes = cluster.version()
    items: list[Item] = []
    manifest: helm.Manifest = []
    for release in releases(to, hub, outputs, nfs):
        state = helm.state(release)
        if release.optional and not state.status and release.name not in optional:
            continue
        after = helm.wanted(release, kubernetes, bool(state.status))
        items.append(_item(release, state, after))
        manifest = after if release.name == HUB else manifest
    ready.require_secrets(to, manifest)
    return Plan(to, tuple(items), census())


def _item(release: Release, state: helm.State, after: helm.Manifest) -> Item:
    before = helm.running(release, state) if state.status else []
    return Item(release, state, compare(before, after, release.namespace))


def _require_known(optional: Collection[str], listed: tuple[Release, ...]) -> None:
    known = [release.name for release in listed if release.optional]
    for name in optional:
        if name not in known:
            raise DeployError(
                f"--with {name}: no such optional release; there are "
                f"{', '.join(known) or 'none here'}"
            )
