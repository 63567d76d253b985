"""What must be right before anything is changed; each says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..settings import Hub
from . import cluster, parameters
from .helm import Manifest
from .programs import DeployError, run
from .releases import HUB, Target

SHOWN = 5


def require_clean(to: Target) -> None:
    """Check that what is deployed can be found again: the tree is committed.

    Raises
    ------
    DeployError
        It is not.
    """
    found = run(["git", "status", "--porcelain"], cwd=to.root).splitlines()
    if found:
        names = ", ".join(line[3:] for line in found[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise DeployError(
            f"git: {names}{more} not committed: nobody could tell what runs; commit, "
            "or put it aside with `git stash -u`"
        )


def require_fresh(to: Target, hub: Hub, stale: Callable[..., list[str]]) -> None:
    """Check that the derived files are as the settings say.

    Raises
    ------
    DeployError
        Some are not.
    """
    found = stale(hub, to.root)
    if found:
        raise DeployError(
            f"{', '.join(found)}: not as hub.toml says; run `archive-hub render`, look "
            "at the difference, commit"
        )


def require_secrets(to: Target, manifest: Manifest) -> None:
    """Check that each Secret is there that a release's objects use and do not make.

    Raises
    ------
    DeployError
        One is missing, or a key of it.
    """
    made = {one["metadata"]["name"] for one in manifest if one["kind"] == "Secret"}
    copied = _copied(manifest)
    needed: dict[str, set[str]] = {}
    for name, key in references(manifest):
        if name not in made:
            needed.setdefault(name, set()).update({key} - {""})
    for name, keys in needed.items():
        found = cluster.get("secret", HUB, name)
        there = {key for key, value in (found or {}).get("data", {}).items() if value}
        if found is not None and keys <= there:
            continue
        if to.place and name in copied:
            parameters.require(to.place.region, copied[name])
            continue
        missing = ", ".join(sorted(keys - there)) or "everything"
        raise DeployError(
            f"Secret {name!r} in namespace {HUB}: has no {missing}; "
            f"kubectl -n {HUB} create secret generic {name} --from-file=KEY=FILE …"
        )


def _copied(manifest: Manifest) -> dict[str, list[str]]:
    """Return the parameters of each Secret that External Secrets will make."""
    return {
        one["spec"]["target"]["name"]: [
            entry["remoteRef"]["key"] for entry in one["spec"]["data"]
        ]
        for one in manifest
        if one["kind"] == "ExternalSecret"
    }


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield each Secret that is used, with the key if one is named."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    for word, key_word in (("secretKeyRef", "name"), ("secret", "secretName")):
        found = value.get(word)
        if isinstance(found, dict) and key_word in found and not found.get("optional"):
            yield found[key_word], str(found.get("key", ""))
    for item in value.values():
        yield from references(item)
