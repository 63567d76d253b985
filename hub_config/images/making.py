"""From recipes to images: Debian from its packages, the others from their folders.

A build sees only files that git tracks, copied to a folder of its own: no environment,
no state, no secret of the working tree can get into a layer.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .builders import Builder, run
from .recipes import ImagesError, Recipe, order, tag

SUITE = "trixie"
CONTEXT = ("images", "hub_config", "notebooks", "pyproject.toml", "README.md")
# Without the first line the builder's own resolver and host name stay in the image.
DEBIAN_OPTIONS = (
    '--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    # Their licences oblige us to keep these.
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
)


def revision(root: Path) -> str:
    """Return the commit that is built, with ``-dirty`` where files differ from it."""
    line = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(line, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


@contextmanager
def context(root: Path) -> Iterator[Path]:
    """Give a folder with the tracked files that recipes use.

    Raises
    ------
    ImagesError
        `root` is no git checkout.
    """
    line = ["git", "-C", str(root), "ls-files", "-z", "--", *CONTEXT]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        raise ImagesError(f"{root}: {done.stderr.strip()}; build from a git checkout")
    with tempfile.TemporaryDirectory(prefix="context-") as folder:
        # The recipes copy it, also where there are no tutorials yet.
        (Path(folder) / "notebooks").mkdir()
        for name in filter(None, done.stdout.split("\0")):
            if (root / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, Path(folder) / name)
        yield Path(folder)


def build(
    name: str,
    root: Path,
    version: str,
    builder: Builder,
    say: Callable[[str], None],
    more: Mapping[str, str] | None = None,
) -> None:
    """Build an image and what it needs; Debian and nothing else is taken as it is.

    Parameters
    ----------
    name
        Recipe.
    root
        The repository.
    version
        Tag of the images.
    builder
        What builds.
    say
        Told each image before it is built.
    more
        Build arguments of this image, beside those that every one gets.

    Raises
    ------
    ImagesError
        A build failed.
    """
    with context(root) as folder:
        for recipe in order(name):
            image = tag(recipe.name, version)
            say(image)
            if recipe.name == "debian":
                if not builder.exists(image):
                    _debian(image, builder)
                continue
            arguments = {what: tag(below, version) for what, below in recipe.needs}
            arguments |= {"VERSION": version, "REVISION": revision(root)}
            if recipe.name == name:
                arguments |= more or {}
            dockerfile = folder / "images" / recipe.name / "Dockerfile"
            builder.build(dockerfile, folder, image, arguments)


def _debian(name: str, builder: Builder) -> None:
    with tempfile.TemporaryDirectory(prefix="debian-") as folder:
        archive = Path(folder) / "root.tar"
        line = ["mmdebstrap", "--quiet", "--variant=minbase", "--skip=output/dev"]
        run([*line, *DEBIAN_OPTIONS, SUITE, str(archive)], name)
        builder.import_root(archive, name)


def over_budget(recipe: Recipe, size_bytes: int) -> str | None:
    """Return what is wrong with an image's weight; None for nothing."""
    if recipe.budget_bytes is None or size_bytes <= recipe.budget_bytes:
        return None
    return (
        f"{recipe.name}: {size_bytes / 1e6:.0f} MB compressed, "
        f"the budget is {recipe.budget_bytes / 1e6:.0f}"
    )
