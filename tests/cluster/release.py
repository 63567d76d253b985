"""The chart, installed as an operator would: our folder and the two it depends on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .kube import run

NAMESPACE, DASK = "hub", "hub-dask"
UPSTREAM = ("jupyterhub", "dask-gateway")
# Of a machine that can pull nothing: the proxies' images, built there.
LOCAL = "localhost/proxy:1"


@dataclass
class Release:
    """One release of the chart on the cluster."""

    chart: Path
    values: list[Path]
    name: str = "hub"

    def install(self, *more: str) -> None:
        """Install, or upgrade with the same values and `more`."""
        # One sample dandiset is enough, and sooner made.
        more = ("--set", "standins.dandisets={000054}", *more)
        files = [f"--values={file}" for file in self.values]
        where = ["--namespace", NAMESPACE, "--create-namespace"]
        words = ["helm", "upgrade", "--install", self.name, str(self.chart), *where]
        run(*words, *files, *more, "--wait", "--timeout", "8m", timeout_s=500)

    def test(self) -> str:
        where = ("--namespace", NAMESPACE)
        said = run("helm", "test", self.name, *where, "--logs", timeout_s=120)
        # Helm keeps a test's pod, for its log, even after the release is gone.
        run("kubectl", "delete", "pod", "archive-hub-policies", *where)
        return said

    def uninstall(self) -> None:
        words = ("helm", "uninstall", self.name, "--namespace", NAMESPACE, "--wait")
        run(*words, "--ignore-not-found", timeout_s=180)


def chart_with_dependencies(ours: Path, upstream: Path, place: Path) -> Path:
    """Copy our chart and the two upstream ones: what `helm dependency build` does."""
    shutil.copytree(ours, place)
    for name in UPSTREAM:
        shutil.copytree(upstream / name, place / "charts" / name)
    return place
