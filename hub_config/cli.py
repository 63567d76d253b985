"""``archive-hub``: one command, a subcommand for each concern."""

from __future__ import annotations

import sys

import typer

from . import notice_command, suspend_command, usage_command
from . import render as derived
from .check.command import check
from .deploy import commands as releases
from .deploy.init_command import init
from .images import commands as images
from .keep import commands as keep
from .keep import home_commands
from .local import commands as local
from .operate import commands as operate
from .operate.due_command import due
from .rehearsal import command as rehearsal
from .settings import SettingsError, load
from .visit.canary_command import canary
from .visit.command import health
from .who import who

ROOT = derived.ROOT

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(local.app, name="local")
app.add_typer(images.app, name="images")
app.add_typer(notice_command.app, name="notice")
app.command()(suspend_command.suspend)
app.command()(usage_command.usage)
app.command()(who)
app.command()(check)
app.command()(operate.cost)
app.command()(operate.quota)
app.command()(rehearsal.rehearse)
app.command()(due)
for command in (*keep.COMMANDS, *home_commands.COMMANDS):
    app.command()(command)
# In the cloud these are a release's: `archive-hub upgrade ENV`.
local.app.command()(keep.upgrade)
local.app.command()(keep.rollback)
app.command()(health)
app.command()(canary)
app.command()(init)
app.command()(releases.deploy)
app.command()(releases.upgrade)
app.command()(releases.rollback)
app.command()(releases.destroy)


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


FAILURES = (
    SettingsError,
    *images.FAILURES,
    *keep.FAILURES,
    *local.FAILURES,
    *operate.FAILURES,
    *releases.FAILURES,
    *notice_command.FAILURES,
    *suspend_command.FAILURES,
    *usage_command.FAILURES,
    *rehearsal.FAILURES,
)


def main() -> None:
    """Run the command line; an expected failure is one line, not a traceback."""
    try:
        app()
    except FAILURES as error:
        sys.exit(str(error))
