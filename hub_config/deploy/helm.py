"""Helm, as far as a deployment needs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .programs import ProgramFailed, ask, run
from .releases import Release

TIMEOUT = "10m"
NOTHING = "not found"
# Helm's words for a revision that came up.
GOOD = ("deployed", "superseded")

# Kubernetes objects, as YAML has them.
Manifest = list[dict[str, Any]]


@dataclass(frozen=True)
class State:
    """What Helm remembers of a release.

    Parameters
    ----------
    status : str
        Helm's word, for example ``deployed`` or ``pending-upgrade``; empty if there is
        no such release.
    revision : int
        The newest.
    since : str
        When that was begun.
    """

    status: str = ""
    revision: int = 0
    since: str = ""

    @property
    def is_half_done(self) -> bool:
        """Whether a command of Helm's was cut off, or still runs."""
        return self.status.startswith(("pending", "uninstalling"))


def state(release: Release) -> State:
    """Return what there is of a release.

    Raises
    ------
    DeployError
        The cluster does not answer, or Helm is not installed.
    """
    where = f"--namespace={release.namespace}"
    try:
        found = ask(["helm", "status", release.name, where, "--output=json"])
    except ProgramFailed as error:
        if NOTHING in error.said:
            return State()
        raise
    info = found["info"]
    return State(info["status"], found["version"], str(info.get("last_deployed", "")))


def history(release: Release) -> list[dict[str, Any]]:
    """Return the revisions of a release, the oldest first."""
    where = f"--namespace={release.namespace}"
    found: list[dict[str, Any]] = ask(
        ["helm", "history", release.name, where, "--output=json"]
    )
    return found


def running(release: Release, state: State) -> Manifest:
    """Return the objects of a release as they last came up; none if they never did."""
    revision = state.revision if state.status == "deployed" else last_good(release)
    if not revision:
        return []
    where = f"--namespace={release.namespace}"
    words = ["helm", "get", "manifest", release.name, where, f"--revision={revision}"]
    return objects(run(words))


def wanted(release: Release, kubernetes: str, exists: bool) -> Manifest:
    """Return the objects that a release would have now.

    The cluster is asked where the chart looks something up, as the keys that the hub's
    chart makes once; nothing is changed.

    Parameters
    ----------
    release : Release
        What to make.
    kubernetes : str
        The cluster's version.
    exists : bool
        Whether it would be an upgrade.
    """
    words = ["helm", "template", *release.words, "--dry-run=server", "--no-hooks"]
    # Asked of the cluster, what a chart may use; before its own kinds are there, it
    # could not be.
    words += (
        ["--validate", "--is-upgrade"] if exists else [f"--kube-version={kubernetes}"]
    )
    return objects(run(words))


def objects(text: str) -> Manifest:
    """Return the objects of a manifest."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [one for one in yaml.load_all(text, loader) if one]


def upgrade(release: Release) -> None:
    """Install or upgrade a release; put it back if it does not come up.

    Raises
    ------
    DeployError
        It did not come up; the cluster is as it was.
    """
    run(
        [
            "helm",
            "upgrade",
            "--install",
            *release.words,
            "--create-namespace",
            _back_on_failure(),
            "--wait",
            f"--timeout={TIMEOUT}",
            "--history-max=10",
        ]
    )


def _back_on_failure() -> str:
    # Helm 4 gave the option a better name.
    major = run(["helm", "version", "--template={{.Version}}"]).lstrip("v")[:1]
    return "--atomic" if major == "3" else "--rollback-on-failure"


def rollback(release: Release, revision: int) -> None:
    """Put a release back to an earlier revision, and wait for it.

    Raises
    ------
    DeployError
        It did not come up.
    """
    where = f"--namespace={release.namespace}"
    words = ["helm", "rollback", release.name, str(revision), where]
    run([*words, "--wait", f"--timeout={TIMEOUT}"])


def uninstall(release: Release) -> None:
    """Take a release away, and wait until its objects are gone; none is no fault.

    Raises
    ------
    DeployError
        Something of it stays.
    """
    where = f"--namespace={release.namespace}"
    words = ["helm", "uninstall", release.name, where, "--ignore-not-found"]
    run([*words, "--wait", f"--timeout={TIMEOUT}"])


def last_good(release: Release) -> int:
    """Return the newest revision that once was in force; 0 if none was."""
    good = [one["revision"] for one in history(release) if one["status"] in GOOD]
    return max(good, default=0)


def fetch_dependencies(chart: Path) -> bool:
    """Fetch the charts that ours is made of, unless they are there; tell whether.

    Raises
    ------
    DeployError
        They cannot be fetched.
    """
    about = yaml.safe_load((chart / "Chart.yaml").read_text("utf-8"))
    if all(_is_there(chart, one) for one in about.get("dependencies", [])):
        return False
    run(["helm", "dependency", "update", str(chart)])
    return True


def _is_there(chart: Path, one: dict[str, str]) -> bool:
    packed = chart / "charts" / f"{one['name']}-{one['version']}.tgz"
    unpacked = chart / "charts" / one["name"] / "Chart.yaml"
    if unpacked.is_file():
        found = yaml.safe_load(unpacked.read_text("utf-8"))
        return str(found.get("version")) == one["version"]
    return packed.is_file()


def as_json(one: object) -> str:
    """Return an object in a form that can be compared."""
    return json.dumps(one, sort_keys=True, default=str)
