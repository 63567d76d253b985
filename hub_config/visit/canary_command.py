"""``archive-hub canary``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ..gate import user_name
from ..settings import load
from .browser import CouldNotAsk, Visitor
from .command import HubAddress, ends_tidily, say_step
from .health import exit_code
from .robot import Robot, RobotAccount
from .secret import reveal

TOKEN = "env:JUPYTERHUB_API_TOKEN"


def canary(
    url: HubAddress,
    look: Annotated[bool, typer.Option("--look", help="Start no server.")] = False,
    token: Annotated[
        str,
        typer.Option(
            metavar="REFERENCE",
            help="Where the token of the hub's service `canary` lies.",
        ),
    ] = TOKEN,
    github: Annotated[
        str, typer.Option(help="Host name of GitHub.", hidden=True)
    ] = "github.com",
) -> None:
    """Make the canary's round, which the chart's jobs do; exit codes as of `health`.

    Looks at the sign-in and the API, uses a server, and tells the hub how it went.
    """
    try:
        revealed = reveal(token)
    except CouldNotAsk as error:
        raise typer.BadParameter(str(error), param_hint="--token") from None
    account = RobotAccount(
        github=github,
        name=user_name(load().canary.number),
        client_id=os.environ.get("GITHUB_CLIENT_ID", ""),
    )
    with Visitor(url, token=revealed) as visitor, ends_tidily():
        round_ = Robot(visitor, account, say_step, whole=not look)
        round_.run()
        if untold := round_.report():
            typer.echo(untold, err=True)
    raise typer.Exit(exit_code(round_.steps))
