"""The checkout that one stands in: what it says is what is deployed."""

from __future__ import annotations

from pathlib import Path

from .programs import DeployError


def here() -> Path:
    """Return the root of the checkout.

    Raises
    ------
    DeployError
        One stands somewhere else.
    """
    root = Path.cwd()
    if not (root / "helm" / "hub" / "Chart.yaml").is_file():
        raise DeployError(
            f"{root}: is no checkout of the hub: there is no helm/hub; cd to it"
        )
    return root
