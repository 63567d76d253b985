"""A deployment as its values files say it, merged as Helm merges them.

One tree with a branch for each chart (``jupyterhub``, ``dask-gateway``), whether a
file belongs to one of them or to a chart above both.  Each path remembers its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..settings import Hub

Path = tuple[str | int, ...]
CHARTS = ("jupyterhub", "dask-gateway")


@dataclass(frozen=True)
class Source:
    """One values file as read; `inside` is the chart it is for, if it is for one."""

    name: str
    values: dict[str, Any]
    inside: str | None = None


@dataclass(frozen=True)
class Server:
    """What one choice on the start page amounts to, defaults included."""

    path: Path
    text: str
    traits: dict[str, Any]


@dataclass
class Deployment:
    """The merged values of all files, and the settings they belong to."""

    sources: Sequence[Source]
    hub: Hub
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source in self.sources:
            tree = {source.inside: source.values} if source.inside else source.values
            self._merge(self.values, tree, source, ())

    def _merge(self, into: Any, new: Any, source: Source, at: Path) -> None:
        for key, value in new.items():
            path = (*at, key)
            self.origins[path] = source
            if isinstance(value, dict):
                if not isinstance(into.get(key), dict):
                    into[key] = {}
                self._merge(into[key], value, source, path)
            else:
                into[key] = value

    def get(self, dotted: str, default: Any = None) -> Any:
        """Return the value at a dotted key, or `default` where nothing is set."""
        node: Any = self.values
        for key in dotted.split("."):
            if not isinstance(node, dict) or node.get(key) is None:
                return default
            node = node[key]
        return node

    def table(self, dotted: str) -> dict[str, Any]:
        """Return the mapping at a dotted key; empty where it is none."""
        value = self.get(dotted)
        return value if isinstance(value, dict) else {}

    def has(self, chart: str) -> bool:
        """Tell whether the files say anything about a chart."""
        return isinstance(self.values.get(chart), dict)

    def place(self, path: Path) -> tuple[str, str]:
        """Return the file and the key in it for a path; the last file, where unset."""
        source = self.sources[-1]
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                source = self.origins[path[:length]]
                break
        inside = path[1:] if path[:1] == (source.inside,) else path
        return source.name, dotted(inside)

    def walk(self) -> Iterator[tuple[Path, Any]]:
        """Yield every path and value, also inside lists."""
        yield from _walk(self.values, ())

    def servers(self) -> Iterator[Server]:
        """Yield what each profile gives, with each of its choices."""
        base = self._defaults()
        profiles = self.get("jupyterhub.singleuser.profileList", [])
        root: Path = ("jupyterhub", "singleuser")
        if not isinstance(profiles, list) or not profiles:
            yield Server(root, "", base)
            return
        for index, profile in enumerate(profiles):
            if isinstance(profile, dict):
                yield from _choices(profile, (*root, "profileList", index), base)

    def _defaults(self) -> dict[str, Any]:
        singleuser = self.table("jupyterhub.singleuser")
        image = self.table("jupyterhub.singleuser.image")
        named = image.get("name") and f"{image['name']}:{image.get('tag', 'latest')}"
        cpu, memory = (
            self.table(f"jupyterhub.singleuser.{k}") for k in ("cpu", "memory")
        )
        return {
            "image": named,
            "cpu_guarantee": cpu.get("guarantee"),
            "cpu_limit": cpu.get("limit"),
            # The chart's own default, and it sets no limit.
            "mem_guarantee": memory.get("guarantee", "1G"),
            "mem_limit": memory.get("limit"),
            "node_selector": singleuser.get("nodeSelector") or {},
        }


def _choices(
    profile: dict[str, Any], at: Path, base: dict[str, Any]
) -> Iterator[Server]:
    text = f"{profile.get('display_name', '')} {profile.get('description', '')}"
    traits = base | _override(profile)
    yield Server(at, text, traits)
    options = profile.get("profile_options")
    for option, choices in (options if isinstance(options, dict) else {}).items():
        for name, choice in choice_table(choices).items():
            path = (*at, "profile_options", option, "choices", name)
            if _override(choice):
                said = f"{choice.get('display_name', '')}"
                yield Server(path, said, traits | _override(choice))


def choice_table(option: Any) -> dict[str, dict[str, Any]]:
    """Return the choices of one ``profile_options`` entry that are mappings."""
    choices = option.get("choices") if isinstance(option, dict) else None
    items = choices.items() if isinstance(choices, dict) else ()
    return {name: choice for name, choice in items if isinstance(choice, dict)}


def _override(holder: dict[str, Any]) -> dict[str, Any]:
    override = holder.get("kubespawner_override")
    return override if isinstance(override, dict) else {}


def _walk(node: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    yield at, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(value, (*at, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, (*at, index))


def dotted(path: Path) -> str:
    """Return a path as people write it: ``singleuser.profileList[0].image``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
