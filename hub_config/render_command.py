"""``archive-hub render``: writes the derived files."""

from __future__ import annotations

from typing import Annotated

import typer

from . import render as derived
from .settings import load

ROOT = derived.ROOT


def render(
    check: Annotated[
        bool, typer.Option("--check", help="Only say which are stale.")
    ] = False,
) -> None:
    """Write the derived files: for Helm, Terraform and the docs."""
    if check:
        stale = derived.stale(load(), ROOT)
        for name in stale:
            typer.echo(f"{name}: stale; run `archive-hub render`")
        raise typer.Exit(bool(stale))
    for name in derived.write(load(), ROOT):
        typer.echo(f"wrote {name}")
