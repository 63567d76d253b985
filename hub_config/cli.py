"""``archive-hub``: one command, a subcommand for each concern."""

from __future__ import annotations

import sys

import typer

from .settings import SettingsError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def main() -> None:
    """Run the command line; a wrong setting is one line on stderr, not a traceback."""
    try:
        app()
    except SettingsError as error:
        sys.exit(str(error))
