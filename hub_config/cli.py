"""``archive-hub``: one command, a subcommand for each concern."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer

from .failure import Failure

#: Where each command is.  Only the one that is asked for is imported: all of them
#: together take a second.
PLACES = {
    "local": "local.commands:app",
    "images": "images.commands:app",
    "notice": "notice_command:app",
    "suspend": "suspend_command:suspend",
    "usage": "usage_command:usage",
    "who": "who:who",
    "check": "check.command:check",
    "cost": "operate.commands:cost",
    "quota": "operate.commands:quota",
    "rehearse": "rehearsal.command:rehearse",
    "due": "operate.due_command:due",
    "backup": "keep.commands:backup",
    "restore": "keep.commands:restore",
    "export": "keep.commands:export",
    "homes": "keep.home_commands:homes",
    "retention": "keep.home_commands:retention",
    "unbind": "keep.home_commands:unbind",
    "health": "visit.command:health",
    "canary": "visit.canary_command:canary",
    "init": "deploy.init_command:init",
    "deploy": "deploy.commands:deploy",
    "upgrade": "deploy.commands:upgrade",
    "rollback": "deploy.commands:rollback",
    "destroy": "deploy.commands:destroy",
    "render": "render_command:render",
}
#: Commands of `local`: in the cloud these are a release's, `archive-hub upgrade ENV`.
LOCAL = {"upgrade": "keep.commands:upgrade", "rollback": "keep.commands:rollback"}


def application(*names: str) -> typer.Typer:
    """Return the command line.

    Parameters
    ----------
    *names : str
        Commands that it is to have; all of them if none is named.
    """
    app = typer.Typer(no_args_is_help=True, add_completion=False)
    app.callback(help=__doc__)(lambda: None)
    for name in names or PLACES:
        found = _found(PLACES[name])
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
        if name == "local":
            for word, place in LOCAL.items():
                found.command(word)(_found(place))
    return app


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"hub_config.{module}"), name)


def main() -> None:
    """Run the command line; an expected failure is one line, not a traceback."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    app = application(name) if name in PLACES else application()
    try:
        app()
    except Failure as error:
        sys.exit(str(error))
