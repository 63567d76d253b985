"""The stand-ins as services of the hub: which processes, where, with which secrets."""

from __future__ import annotations

import sys
from typing import Any

from ..process import LEASH
from ..state import Run

GITHUB = "/services/github"
ARCHIVE = "/services/archive"
STORAGE = "/services/s3"


def github_url(run: Run) -> str:
    """Return where the hub itself finds the stand-in of GitHub."""
    return f"{run.inner('standins')}{GITHUB}"


def archive_url(run: Run) -> str:
    """Return where the hub and user servers find the stand-in of the archive."""
    return f"{run.inner('standins')}{ARCHIVE}"


def storage_url(run: Run) -> str:
    """Return where user servers find the stand-in of S3."""
    return f"{run.inner('storage')}{STORAGE}"


def services(run: Run) -> list[dict[str, Any]]:
    """Return the stand-ins for ``c.JupyterHub.services``; none with the real GitHub.

    They have no command: the launcher starts them beside the hub, not after it.
    """
    if run.github:
        return []
    return [
        {"name": "github", "url": run.inner("standins")},
        {"name": "archive", "url": run.inner("standins")},
        {"name": "s3", "display": False, "url": run.inner("storage")},
    ]


def commands(run: Run) -> list[list[str]]:
    """Return a command for each process of stand-ins."""
    if run.github:
        return []
    command = [*LEASH, sys.executable, "-m", "hub_config.local.standins"]
    # GitHub and the archive are about the same people, so they share a process.
    return [[*command, "people"], [*command, "storage"]]
