"""What a cluster needs, in the order of installation: from files to plain data.

``helm/platform/releases.toml`` lists what stands below the hub; the hub's own chart is
``helm/hub``.  An environment of ``hub.toml`` is in the cloud and takes all of it;
`DEVELOPMENT` is a cluster of one's own and takes the hub alone.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..settings import Hub, SettingsError
from ..tables import Environment

DEVELOPMENT = "development"
HUB = "hub"
DASK_NAMESPACE = "hub-dask"
# What `home.nfsServer` is while nothing serves homes yet: a plan needs some word.
UNKNOWN = "0.0.0.0"


@dataclass(frozen=True)
class Release:
    """One release of Helm's.

    Parameters
    ----------
    name, namespace : str
        Helm's.
    chart : str
        A chart's reference, or the path of ours.
    version, repository : str
        Empty for ours.
    values : tuple of Path
        Files, the later ones over the earlier.
    sets : dict
        Helm keys and values that come from elsewhere.
    optional : bool
        Installed only when asked for.
    hits : str
        What a change of it does to people, in words.
    """

    name: str
    namespace: str
    chart: str
    version: str = ""
    repository: str = ""
    values: tuple[Path, ...] = ()
    sets: dict[str, str] = field(default_factory=dict)
    optional: bool = False
    hits: str = ""

    @property
    def words(self) -> list[str]:
        """What every command of Helm's needs to make this release's objects."""
        words = [self.name, self.chart, f"--namespace={self.namespace}"]
        words += [f"--version={self.version}"] if self.version else []
        words += [f"--repo={self.repository}"] if self.repository else []
        words += [f"--values={file}" for file in self.values]
        return words + [f"--set-string={key}={self.sets[key]}" for key in self.sets]


@dataclass(frozen=True)
class Target:
    """Where one deploys to.

    Parameters
    ----------
    name : str
        Of the environment.
    root : Path
        The checkout.
    place : Environment, optional
        What ``hub.toml`` says of it; None for `DEVELOPMENT`.
    """

    name: str
    root: Path
    place: Environment | None = None

    @property
    def terraform(self) -> Path:
        """Where Terraform's configuration of this environment is."""
        return self.root / "terraform" / "live" / self.name

    @property
    def tag(self) -> str:
        """What everything of this environment in AWS is tagged with."""
        return f"archive-hub-{self.name}"

    @property
    def url(self) -> str:
        """Where people find the hub; empty for a cluster of one's own."""
        return f"https://{self.place.host}" if self.place else ""


def target(hub: Hub, name: str, root: Path) -> Target:
    """Return an environment by name.

    Raises
    ------
    SettingsError
        There is none.
    """
    if name == DEVELOPMENT and name not in hub.environments:
        return Target(name, root)
    if name not in hub.environments:
        there = ", ".join([*hub.environments, DEVELOPMENT])
        raise SettingsError(
            f"environments: no environment {name!r}; there are {there}; "
            f"`archive-hub init {name}` adds one"
        )
    return Target(name, root, hub.environments[name])


def releases(
    to: Target, hub: Hub, outputs: dict[str, Any], nfs: str
) -> tuple[Release, ...]:
    """Return the releases of an environment, in order.

    Parameters
    ----------
    to : Target
        The environment.
    hub : Hub
        The settings.
    outputs : dict
        Terraform's output ``deployment``; empty for a cluster of one's own.
    nfs : str
        Address of the service that serves the homes; empty if there is none.

    Raises
    ------
    SettingsError
        The list names an output or a setting that there is not.
    """
    below = _platform(to, hub, outputs) if to.place else []
    first = [one for one in below if not one.optional]
    last = [one for one in below if one.optional]
    return (*first, _hub(to, outputs, nfs), *last)


def _platform(to: Target, hub: Hub, outputs: dict[str, Any]) -> list[Release]:
    folder = to.root / "helm" / "platform"
    listed = tomllib.loads((folder / "releases.toml").read_text("utf-8"))["release"]
    return [
        Release(
            name=one["name"],
            namespace=one["namespace"],
            **_source(one),
            values=(folder / "values" / f"{one['name']}.yaml",),
            sets={
                **{k: _output(outputs, v) for k, v in one.get("outputs", {}).items()},
                **{k: _setting(hub, v) for k, v in one.get("settings", {}).items()},
            },
            optional=one.get("optional", False),
            hits=one.get("hits", ""),
        )
        for one in listed
    ]


def _source(one: dict[str, str]) -> dict[str, str]:
    repository, chart = one["repository"], one["chart"]
    if repository.startswith("oci://"):
        return {"chart": f"{repository}/{chart}", "version": one["version"]}
    return {"chart": chart, "repository": repository, "version": one["version"]}


# What Terraform knows of the hub's own chart.
HUB_OUTPUTS = {
    "karpenter.cluster": "discovery_tag",
    "karpenter.instanceProfile": "node_instance_profile",
    "karpenter.zones[0]": "zone",
    "externalSecrets.prefix": "parameter_prefix",
}


def _hub(to: Target, outputs: dict[str, Any], nfs: str) -> Release:
    chart = to.root / "helm" / "hub"
    names = ("values.generated", f"{to.name}.generated", to.name)
    files = [path for name in names if (path := chart / f"{name}.yaml").is_file()]
    sets = {}
    if to.place:
        sets = {key: _output(outputs, name) for key, name in HUB_OUTPUTS.items()}
        sets["home.nfsServer"] = nfs or UNKNOWN
    return Release(HUB, HUB, str(chart), values=tuple(files), sets=sets)


def _output(outputs: dict[str, Any], name: str) -> str:
    if not outputs.get(name):
        raise SettingsError(
            f"terraform: the output deployment.{name} is empty: an apply did not "
            "finish; run `terraform apply` again, it goes on where it was"
        )
    return str(outputs[name])


def _setting(hub: Hub, path: str) -> str:
    value: Any = hub
    for key in path.split("."):
        value = getattr(value, key)
    return f"{value:g}" if isinstance(value, float) else str(value)
