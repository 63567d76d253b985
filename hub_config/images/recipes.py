"""Which images there are, what each is built on, and what it may weigh.

The recipes are the folders of ``images/``; this module only says in which order they
are built and by which name each finds the one below it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..failure import Failure

MB = 10**6


class ImagesError(Failure):
    """An image cannot be built, verified or weighed."""


@dataclass(frozen=True)
class Recipe:
    """One image.

    Parameters
    ----------
    name
        Folder in ``images/``, and name of the image.
    needs
        Build argument -> image that must be there first.
    budget_bytes
        What it may weigh, compressed with zstd, all layers; None where nobody pulls it.
    """

    name: str
    needs: tuple[tuple[str, str], ...] = ()
    budget_bytes: int | None = None


_ON_SYSTEM = (("SYSTEM", "system"), ("TOOLS", "tools"))
_ON_BASE = (("BASE", "base"), ("TOOLS", "tools"))

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("debian"),
        Recipe("system", (("DEBIAN", "debian"),)),
        Recipe("tools", (("SYSTEM", "system"),)),
        # The issue of record: 0.75 GB, with the second kernel 1.05.
        Recipe("base", _ON_SYSTEM, 1050 * MB),
        Recipe("gpu", _ON_BASE),
        Recipe("matlab", (*_ON_BASE, ("MATLAB", "system")), 1150 * MB),
        Recipe("hub", _ON_SYSTEM, 250 * MB),
        Recipe("gateway", _ON_SYSTEM, 200 * MB),
    )
}


def find(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises
    ------
    ImagesError
        There is none.
    """
    if name not in RECIPES:
        raise ImagesError(f"images: no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def order(name: str) -> list[Recipe]:
    """Return `name`'s recipe after all that it needs, each once.

    Raises
    ------
    ImagesError
        There is no such recipe.
    """
    found: list[Recipe] = []
    recipe = find(name)
    for _, below in recipe.needs:
        found += [other for other in order(below) if other not in found]
    return [*found, recipe]


def tag(name: str, version: str) -> str:
    """Return the name under which an image is kept on this machine."""
    return f"localhost/archive-hub/{name}:{version}"
