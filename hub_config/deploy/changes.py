"""What a change of a release changes, object by object, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .helm import Manifest, as_json

SHOWN = 4
SUM = ".annotations.checksum/"
LONGEST = 60
# Pods of these are made anew when their template changes.
RESTARTING = ("Deployment", "StatefulSet", "DaemonSet")
ADDED, CHANGED, REMOVED = "adds", "changes", "removes"


@dataclass(frozen=True)
class Change:
    """One object that a release would add, change or remove.

    Parameters
    ----------
    verb : str
        `ADDED`, `CHANGED` or `REMOVED`.
    kind, name : str
        The object's.
    where : tuple of str
        What differs, as ``path: old → new``; no value of a Secret is in it.
    restarts : bool
        Whether its pods are replaced.
    """

    verb: str
    kind: str
    name: str
    where: tuple[str, ...] = ()
    restarts: bool = False

    def __str__(self) -> str:
        """Return one line."""
        line = f"{self.verb} {self.kind} {self.name}"
        if self.restarts:
            line += ", whose pods are replaced"
        more = len(self.where) - SHOWN
        shown = [*self.where[:SHOWN]] + ([f"and {more} more"] if more > 0 else [])
        return f"{line}: {'; '.join(shown)}" if shown else line


def compare(before: Manifest, after: Manifest, namespace: str) -> tuple[Change, ...]:
    """Return what differs between two manifests.

    Parameters
    ----------
    before, after : list of dict
        Kubernetes objects.
    namespace : str
        Of objects that name none.

    Returns
    -------
    tuple of Change
        In the order of `after`, then what is removed.
    """
    old = {_key(one, namespace): one for one in before}
    new = {_key(one, namespace): one for one in after}
    found = []
    for key, one in new.items():
        if key not in old:
            found.append(Change(ADDED, one["kind"], _name(one)))
        elif as_json(old[key]) != as_json(one):
            found.append(_change(old[key], one))
    gone = [one for key, one in old.items() if key not in new and not _stays(one)]
    found += [Change(REMOVED, one["kind"], _name(one)) for one in gone]
    return () if all(map(_is_only_sums, found)) else tuple(found)


def _is_only_sums(change: Change) -> bool:
    """Whether nothing differs but sums of other objects.

    The hub's chart makes its keys at random: on the first installation it sums up
    others than it keeps.  When no object differs, that is no reason for a restart.
    """
    return bool(change.where) and all(SUM in where for where in change.where)


def _stays(one: dict[str, Any]) -> bool:
    about = one["metadata"].get("annotations") or {}
    return about.get("helm.sh/resource-policy") == "keep"


def _key(one: dict[str, Any], namespace: str) -> tuple[str, ...]:
    # The version of an API is not part of an object's identity.
    group = one["apiVersion"].rpartition("/")[0]
    about = one["metadata"]
    return group, one["kind"], about.get("namespace") or namespace, about["name"]


def _name(one: dict[str, Any]) -> str:
    name: str = one["metadata"]["name"]
    return name


def _change(old: dict[str, Any], new: dict[str, Any]) -> Change:
    secret = new["kind"] == "Secret"
    where = tuple(_differences(old, new, "", secret))
    template = [(one.get("spec") or {}).get("template") for one in (old, new)]
    restarts = new["kind"] in RESTARTING and as_json(template[0]) != as_json(
        template[1]
    )
    return Change(CHANGED, new["kind"], _name(new), where, restarts)


def _differences(old: Any, new: Any, path: str, secret: bool) -> Iterator[str]:
    if isinstance(old, list) and isinstance(new, list):
        old, new = _by_name(old), _by_name(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            below = f"{path}.{key}" if path else str(key)
            if old.get(key) != new.get(key):
                yield from _differences(old.get(key), new.get(key), below, secret)
    elif secret:
        yield path
    else:
        yield f"{path}: {_short(old)} → {_short(new)}"


def _by_name(items: list[Any]) -> dict[str, Any]:
    """Return the items of a list by their names, or else by their places."""
    names = [one.get("name") if isinstance(one, dict) else None for one in items]
    if all(names) and len(set(names)) == len(names):
        return dict(zip(map(str, names), items, strict=True))
    return {str(place): one for place, one in enumerate(items)}


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = " ".join(as_json(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
