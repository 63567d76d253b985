"""The page ``docs/reference/images.md``, derived from recipes and locks.

`pages` gives it in the shape of the other derived files: path to the function that
makes the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .recipes import RECIPES

NOTE = "<!-- Derived by `archive-hub render` from images/. Do not edit. -->\n"
PAGE = "docs/reference/images.md"
# What people look for; a lock has ten times as many.
SHOWN = (
    "pynwb",
    "hdmf-zarr",
    "zarr",
    "numcodecs",
    "h5py",
    "dandi",
    "neuroconv",
    "spikeinterface",
    "pynapple",
    "nwbwidgets",
    "datajoint",
    "dask",
    "distributed",
    "dask-gateway",
    "jupyterlab",
    "jupyterhub",
    "suite2p",
    "cellpose",
    "torch",
    "deeplabcut",
    "matlab-proxy",
    "jupyter-matlab-proxy",
    "dask-gateway-server",
)


def pages(root: Path) -> dict[str, Callable[[], str]]:
    """Return the derived file by path, with the function that makes its text."""
    return {PAGE: partial(images_page, root)}


def pins(lock: Path) -> dict[str, str]:
    """Return name -> version of what a lock holds."""
    found = re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE)
    return dict(found)


def first_words(dockerfile: Path) -> str:
    """Return the recipe's own description: the comment that it begins with."""
    words = []
    for line in dockerfile.read_text().splitlines():
        if not line.startswith("#"):
            break
        words.append(line.lstrip("# "))
    return " ".join(words)


def images_page(root: Path) -> str:
    """Return the page.

    Parameters
    ----------
    root
        The repository.
    """
    images = root / "images"
    lines = [NOTE + "# Images\n"]
    for recipe in RECIPES.values():
        if recipe.name in {"debian", "system", "tools"}:
            continue
        lines += [
            f"## {recipe.name}\n",
            first_words(images / recipe.name / "Dockerfile"),
        ]
        if recipe.budget_bytes:
            lines.append(f"\nBudget: {recipe.budget_bytes / 1e6:.0f} MB compressed.")
        lines += ["", *_locks(images / recipe.name), ""]
    return "\n".join(lines).rstrip() + "\n"


def _locks(folder: Path) -> list[str]:
    rows = ["| Lock | Packages | Among them |", "| --- | --- | --- |"]
    for lock in sorted(folder.glob("*.lock")):
        held = pins(lock)
        shown = ", ".join(f"{name} {held[name]}" for name in SHOWN if name in held)
        rows.append(f"| `{lock.name}` | {len(held)} | {shown} |")
    return rows
