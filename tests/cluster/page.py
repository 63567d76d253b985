"""What the lane measured, and the page that says so."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .kube import items, kubectl

HEAD = """\
# The cluster lane's last run

Written by `make test-cluster` itself; [how to run it](../howto/test-on-a-cluster.md).

"""


@dataclass
class Figures:
    """Rows of the page, in the order of measuring."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether a release went all the way from install to uninstall."""
        return any(what.startswith("helm uninstall") for what, _, _ in self.rows)

    def note(self, what: str, seconds: float, budget: str = "") -> None:
        self.say(what, f"{seconds:.1f} s", budget)

    def say(self, what: str, value: str, budget: str = "") -> None:
        self.rows.append((what, value, budget))
        print(f"figure: {what}: {value}{f' (budget {budget})' if budget else ''}")


def written(figures: Figures) -> str:
    """Return the page."""
    server = json.loads(kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    node = items("nodes")[0]["status"]
    cores, kernel = node["capacity"]["cpu"], node["nodeInfo"]["kernelVersion"]
    engine = node["nodeInfo"]["containerRuntimeVersion"]
    line = ["git", "describe", "--always", "--abbrev=12"]
    commit = subprocess.run(line, capture_output=True, text=True).stdout.strip()
    about = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}. Kubernetes "
        f"{server}, {engine}, Linux {kernel}, one node of {cores} cores; z2jh 4.4.0, "
        "dask-gateway 2026.3.0.\n\n"
    )
    rows = [
        f"| {what} | {value} | {budget} |\n" for what, value, budget in figures.rows
    ]
    table = "| what | measured | budget |\n| --- | --- | --- |\n" + "".join(rows)
    return HEAD + about + table
