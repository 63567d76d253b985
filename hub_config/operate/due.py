"""What is old, risky or about to expire; the dates are read, and nothing is asked.

What has to be asked over a network is in `expiry`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from ..machines import table
from ..settings import Hub
from .cost import STALE_AFTER_DAYS

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = Path(__file__).with_name("support.toml")
REVIEW_AFTER_DAYS = 90
IMAGE_AFTER_DAYS = 120
SUPPORT_NOTICE_DAYS = 60
BACKUP_AFTER_DAYS = 2
_CALVER = re.compile(r":(\d{4})\.(\d{1,2})\.\d+$")
_KUBERNETES = re.compile(
    r'^\s*kubernetes_version\s*=\s*"([\d.]+)"'
    r'|variable "kubernetes_version" \{[^}]*?default\s*=\s*"([\d.]+)"',
    re.M | re.S,
)


@dataclass(frozen=True)
class Due:
    """One thing that somebody must look at some day.

    Attributes
    ----------
    what : str
        What it is, with its version or place.
    state : str
        ``due``: now; ``fine``; ``unknown``: nobody could be asked, or no date is known.
    on : date, optional
        When it becomes, or became, due.
    advice : str
        What to do then.
    """

    what: str
    state: Literal["due", "fine", "unknown"]
    on: date | None
    advice: str

    @classmethod
    def by(cls, what: str, on: date, today: date, advice: str) -> Due:
        """Return something that is due from a day on."""
        return cls(what, "due" if today >= on else "fine", on, advice)


def written(hub: Hub, today: date, root: Path = ROOT) -> list[Due]:
    """Return what the files of this repository say.

    Parameters
    ----------
    hub : Hub
        The settings.
    today : date
        The day on which somebody looks.
    root : Path
        The repository.
    """
    return [
        *_images(hub, today),
        *_pins(today, root),
        *_kubernetes(hub, today, root),
        Due.by(
            f"prices of {table().date} (hub_config/instances.toml)",
            table().date + timedelta(days=STALE_AFTER_DAYS + 1),
            today,
            "compare them with AWS's price list and set the date",
        ),
        *_notebooks(today, root),
    ]


def backups(folder: Path, newest: date | None, today: date) -> Due:
    """Return whether the last backup is recent; None says that there is none."""
    advice = f"run `archive-hub backup {folder}`, and see why the timer did not"
    if newest is None:
        return Due(f"no backup in {folder}", "due", None, advice)
    on = newest + timedelta(days=BACKUP_AFTER_DAYS)
    return Due.by(f"last backup, of {newest}", on, today, advice)


def _images(hub: Hub, today: date) -> list[Due]:
    found = []
    for tag in sorted({image.rsplit(":", 1)[1] for image in hub.images.values()}):
        made = _CALVER.search(f":{tag}")
        what = f"images {tag}"
        advice = "`make lock`, build and deploy: packages get security fixes"
        if made is None:
            found.append(Due(what, "unknown", None, "no date in the version"))
            continue
        on = date(int(made[1]), int(made[2]), 1) + timedelta(days=IMAGE_AFTER_DAYS)
        found.append(Due.by(what, on, today, advice))
    return found


def _pins(today: date, root: Path) -> list[Due]:
    support = _support()
    on = support["pins_reviewed"] + timedelta(days=REVIEW_AFTER_DAYS)
    releases = tomllib.loads((root / "helm/platform/releases.toml").read_text())
    count = len(releases["release"])
    return [
        Due.by(
            f"pins reviewed on {support['pins_reviewed']} (the hub's charts and "
            f"{count} releases)",
            on,
            today,
            "compare them with upstream and its advisories, then set pins_reviewed in "
            "hub_config/operate/support.toml",
        )
    ]


def _kubernetes(hub: Hub, today: date, root: Path) -> list[Due]:
    ends = _support()["eks"]
    found = []
    for name in hub.environments:
        version = kubernetes_version(root / "terraform/live" / name)
        what = f"Kubernetes {version} of {name}"
        if version not in ends:
            advice = "add its end to [eks] in hub_config/operate/support.toml"
            found.append(Due(what, "unknown", None, advice))
            continue
        on = ends[version] - timedelta(days=SUPPORT_NOTICE_DAYS)
        advice = (
            f"standard support ends on {ends[version]}: see "
            "docs/howto/upgrade-kubernetes.md"
        )
        found.append(Due.by(what, on, today, advice))
    return found


def kubernetes_version(live: Path) -> str:
    """Return the version that an environment's Terraform names, or ``unknown``."""
    for name in ("terraform.tfvars", "variables.tf"):
        file = live / name
        found = _KUBERNETES.search(file.read_text()) if file.exists() else None
        if found:
            return found[1] or found[2]
    return "unknown"


def _notebooks(today: date, root: Path) -> list[Due]:
    entries = tomllib.loads((root / "tests/notebooks/not_run.toml").read_text())
    return [
        Due.by(
            f"notebook {name} is not run in the tests: {entry['reason']}",
            entry["expires"],
            today,
            "run it again, or say anew why not in tests/notebooks/not_run.toml",
        )
        for name, entry in entries.items()
    ]


def _support() -> dict[str, Any]:
    return tomllib.loads(SUPPORT.read_text())
