"""What a deployment needs of those who keep: a copy before something is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

Say = Callable[[str], None]


class Keeper(Protocol):
    """Copies what must not be lost out of a hub in the cluster that kubectl speaks to.

    Each returns where the copy is, and raises an error of one line if it is not whole.
    """

    def databases(self, namespace: str, folder: Path, say: Say) -> Path:
        """Copy the hub's database and its memory of people."""

    def everything(self, namespace: str, folder: Path, say: Say) -> Path:
        """Copy those and every home."""
