"""``archive-hub``: one command, a subcommand for each concern."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from . import render as derived
from .local import commands as local
from .settings import SettingsError, load

ROOT = Path(__file__).resolve().parents[1]

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(local.app, name="local")


@app.command()
def render(
    check: bool = typer.Option(False, "--check", help="Only say which are stale."),
) -> None:
    """Write the derived files: for Helm, Terraform and the docs."""
    if check:
        stale = derived.stale(load(), ROOT)
        for name in stale:
            typer.echo(f"{name}: stale; run `archive-hub render`")
        raise typer.Exit(bool(stale))
    for name in derived.write(load(), ROOT):
        typer.echo(f"wrote {name}")


def main() -> None:
    """Run the command line; an expected failure is one line, not a traceback."""
    try:
        app()
    except (SettingsError, *local.FAILURES) as error:
        sys.exit(str(error))
