"""``archive-hub images …``: build, verify, sizes."""

from __future__ import annotations

from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from . import making
from .builders import find_builder
from .recipes import RECIPES, ImagesError, find, tag

ROOT = Path(__file__).resolve().parents[2]
app = typer.Typer(no_args_is_help=True, help="Container images: build, verify, weigh.")


def _version() -> str:
    return installed_version("archive-hub")


@app.command()
def build(
    names: list[str],
    argument: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE for the recipe, such as MATLAB=image."),
    ] = None,
) -> None:
    """Build images, and first what they need."""
    builder = find_builder()
    more = dict(_pair(text) for text in argument or [])
    for name in names:
        making.build(name, ROOT, _version(), builder, typer.echo, more)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ImagesError(f"--argument: {text!r} is not NAME=VALUE")
    return name, value


@app.command()
def verify(names: list[str]) -> None:
    """Run each image's own `verify` inside it, without network."""
    builder = find_builder()
    for name in names:
        folder, image = ROOT / "images" / find(name).name, tag(name, _version())
        if not builder.exists(image):
            raise ImagesError(f"{image}: not built; `archive-hub images build {name}`")
        typer.echo(builder.verify(image, folder))


@app.command()
def sizes() -> None:
    """Print what the built images weigh, compressed; fail over a budget."""
    builder = find_builder()
    complaints = []
    for recipe in RECIPES.values():
        name = tag(recipe.name, _version())
        if not builder.exists(name):
            typer.echo(f"{recipe.name:10} not built")
            continue
        layers = builder.compressed_bytes(name)
        shown = " + ".join(f"{size / 1e6:.0f}" for size in layers if size > 5e5)
        typer.echo(f"{recipe.name:10} {sum(layers) / 1e6:.0f} MB = {shown}")
        complaints.append(making.over_budget(recipe, sum(layers)))
    told = [complaint for complaint in complaints if complaint]
    if told:
        raise ImagesError("; ".join(told))
